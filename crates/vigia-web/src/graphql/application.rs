//! What an application says of its users and accounts, in batches.

use async_graphql::{Context, Enum, InputObject, Object, OneofObject, Result, SimpleObject};
use vigia_core::{Permissions, Preferences, parse_address};
use vigia_store::{
    APPLICATION_CHANGES_MAX, ApplicationChange, ApplicationOutcome, ApplicationReceipt,
    ApplicationScope, UserSpec,
};

use super::device::{DeviceInput, Platform, checked};
use super::error::{bad_input, internal};
use super::inbox::{NotificationPreferencesInput, apply};
use super::notification::Locale;
use super::query::{check_application, web};
use super::scalar::UInt53;

/// What kind of account it is.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::AccountKind")]
enum AccountKind {
    /// Of a person.
    Personal,
    /// Of a business.
    Business,
}

/// A user.
#[derive(InputObject)]
struct ApplicationUser {
    /// The application's key: what its tokens have as `sub`.
    id: String,
    /// Name shown to others.
    #[graphql(default)]
    name: String,
    /// Language of texts.
    locale: Option<Locale>,
}

/// An account.
#[derive(InputObject)]
struct ApplicationAccount {
    /// The application's key.
    id: String,
    /// What kind it is.
    kind: AccountKind,
    /// Name shown to others.
    #[graphql(default)]
    name: String,
}

/// A membership.
#[derive(InputObject)]
struct ApplicationMember {
    /// The account's key.
    account: String,
    /// The user's key.
    user: String,
    /// What the member may do: `read`, `notify`, `invoice`, `webhook`, and words of the application's own; the four unless given.
    permissions: Option<Vec<String>>,
}

/// A user and an account.
#[derive(InputObject)]
struct ApplicationMemberKey {
    /// The account's key.
    account: String,
    /// The user's key.
    user: String,
}

/// An address of an account.
#[derive(InputObject)]
struct ApplicationAddress {
    /// The account's key.
    account: String,
    /// `0x` and 1 to 64 hexadecimal digits.
    address: String,
}

/// A device of a user.
#[derive(InputObject)]
struct ApplicationDevice {
    /// The user's key.
    user: String,
    /// The device.
    device: DeviceInput,
}

/// Which device of a user.
#[derive(InputObject)]
struct ApplicationDeviceKey {
    /// The user's key.
    user: String,
    /// Who brings pushes to it.
    platform: Platform,
    /// What the platform knows it by.
    token: String,
}

/// How a user wants to be told.
#[derive(InputObject)]
struct ApplicationPreferences {
    /// The user's key.
    user: String,
    /// How; what is not given is as for a new user.
    preferences: NotificationPreferencesInput,
}

/// One thing that an application says. Users and accounts go by its own keys; what is said twice is as good as once.
#[derive(OneofObject)]
enum ApplicationChangeInput {
    /// There is such a user, of this name and language.
    User(ApplicationUser),
    /// This user may sign in and is told again. Devices come back as they are registered again.
    EnableUser(String),
    /// This user may not sign in: sessions end, devices are told nothing. All that is theirs stays.
    DisableUser(String),
    /// This user is gone, with devices, preferences, sessions, tokens, memberships and what was said to them alone. What happened
    /// to accounts stays.
    EraseUser(String),
    /// There is such an account.
    Account(ApplicationAccount),
    /// This account ends: nothing of it is watched any more, nobody is a member, its endpoints are told nothing. What happened
    /// stays.
    EndAccount(String),
    /// A user is a member of an account and may do this.
    Member(ApplicationMember),
    /// A user is no member of an account.
    EndMember(ApplicationMemberKey),
    /// An account holds an address: the application's word is proof. One that another account holds is refused.
    Address(ApplicationAddress),
    /// An account holds an address no more.
    EndAddress(ApplicationAddress),
    /// A user has a device. Nobody is told that it is new.
    Device(ApplicationDevice),
    /// A user has a device no more.
    EndDevice(ApplicationDeviceKey),
    /// How a user wants to be told.
    Preferences(ApplicationPreferences),
}

/// What became of one change.
#[derive(SimpleObject)]
struct ApplicationChangeResult {
    /// Its position in the batch, from 0.
    index: u32,
    /// Whether it is so now.
    is_done: bool,
    /// Why it is not, and how to mend it.
    reason: Option<String>,
    /// Of an address: the first checkpoint from which it is live. What was before is fetched where `[history]` says so.
    live_from: Option<UInt53>,
}

/// What became of a batch.
#[derive(SimpleObject)]
struct ApplicationBatch {
    /// Version of the watch list that has the changes.
    watch_version: UInt53,
    /// How many changes are so now.
    done: u32,
    /// How many were refused.
    refused: u32,
    /// What became of each, in the order in which they came.
    results: Vec<ApplicationChangeResult>,
}

/// Mutations for applications.
#[derive(Default)]
pub(crate) struct ApplicationMutation;

/// What applications can say.
#[Object]
impl ApplicationMutation {
    /// Says who an application's users are, their accounts, addresses, memberships, devices and preferences, by its own keys: at
    /// most 1,000 changes at once, in one transaction, each refused by itself where it is wrong. Their order does not matter:
    /// what there is comes before what belongs to it, and what ends comes last. Sent once more it changes nothing more. Takes an
    /// application's token with the scope `accounts`, for devices and preferences `devices`, or an operator.
    async fn apply_application_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is so.")] changes: Vec<ApplicationChangeInput>,
    ) -> Result<ApplicationBatch> {
        if changes.len() > APPLICATION_CHANGES_MAX {
            let problem = format!("these are {} changes", changes.len());
            let expected = format!("at most {APPLICATION_CHANGES_MAX} at once");
            return Err(bad_input("changes", problem, &expected));
        }
        let mut results: Vec<ApplicationChangeResult> = Vec::with_capacity(changes.len());
        let (mut taken, mut places) = (Vec::new(), Vec::new());
        for (index, change) in (0..).zip(changes) {
            check_application(ctx, scope(&change))?;
            let mut result = ApplicationChangeResult {
                index,
                is_done: false,
                reason: None,
                live_from: None,
            };
            match change_of(change) {
                Ok(change) => {
                    taken.push(change);
                    places.push(results.len());
                }
                Err(reason) => result.reason = Some(reason),
            }
            results.push(result);
        }
        let applied = web(ctx).store.application_apply(&taken).await;
        let ApplicationReceipt {
            watch_version,
            outcomes,
            ..
        } = applied.map_err(internal)?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            let result = &mut results[place];
            match outcome {
                ApplicationOutcome::Done => result.is_done = true,
                ApplicationOutcome::Live { from } => {
                    result.is_done = true;
                    result.live_from = Some(UInt53(from));
                }
                ApplicationOutcome::Refused(reason) => result.reason = Some(reason),
            }
        }
        let count = |is_done| {
            let of_kind = results.iter().filter(|result| result.is_done == is_done);
            u32::try_from(of_kind.count()).unwrap_or(u32::MAX)
        };
        Ok(ApplicationBatch {
            watch_version: UInt53(watch_version),
            done: count(true),
            refused: count(false),
            results,
        })
    }
}

fn scope(change: &ApplicationChangeInput) -> ApplicationScope {
    match change {
        ApplicationChangeInput::Device(_)
        | ApplicationChangeInput::EndDevice(_)
        | ApplicationChangeInput::Preferences(_) => ApplicationScope::Devices,
        _ => ApplicationScope::Accounts,
    }
}

/// The error says why it is refused.
fn change_of(change: ApplicationChangeInput) -> std::result::Result<ApplicationChange, String> {
    type Input = ApplicationChangeInput;
    Ok(match change {
        Input::User(user) => ApplicationChange::User(UserSpec {
            external_id: user.id,
            display_name: user.name,
            locale: user.locale.map_or_else(Default::default, Into::into),
        }),
        Input::EnableUser(user) => ApplicationChange::UserEnabled {
            user,
            enabled: true,
        },
        Input::DisableUser(user) => ApplicationChange::UserEnabled {
            user,
            enabled: false,
        },
        Input::EraseUser(user) => ApplicationChange::UserErased { user },
        Input::Account(account) => ApplicationChange::Account {
            account: account.id,
            kind: account.kind.into(),
            display_name: account.name,
        },
        Input::EndAccount(account) => ApplicationChange::AccountEnded { account },
        Input::Member(member) => ApplicationChange::Member {
            account: member.account,
            user: member.user,
            permissions: match &member.permissions {
                None => Permissions::all(),
                Some(words) => Permissions::new(words.iter().map(String::as_str))?,
            },
        },
        Input::EndMember(key) => ApplicationChange::MemberEnded {
            account: key.account,
            user: key.user,
        },
        Input::Address(held) => ApplicationChange::Address {
            address: address_of(&held)?,
            account: held.account,
        },
        Input::EndAddress(held) => ApplicationChange::AddressEnded {
            address: address_of(&held)?,
            account: held.account,
        },
        Input::Device(of_user) => ApplicationChange::Device {
            user: of_user.user,
            spec: checked(of_user.device).map_err(message)?,
        },
        Input::EndDevice(key) => ApplicationChange::DeviceEnded {
            user: key.user,
            platform: key.platform.into(),
            token: key.token,
        },
        Input::Preferences(of_user) => {
            let mut preferences = Preferences::default();
            apply(&mut preferences, of_user.preferences).map_err(message)?;
            ApplicationChange::Preferences {
                user: of_user.user,
                preferences,
            }
        }
    })
}

fn address_of(held: &ApplicationAddress) -> std::result::Result<vigia_core::Address, String> {
    let parsed = parse_address(&held.address);
    parsed.map_err(|error| format!("{error}: an address is 0x and 1 to 64 hexadecimal digits"))
}

fn message(error: async_graphql::Error) -> String {
    error.message
}
