//! What an application says of its users and accounts: by its own keys, in batches, once more as good as once.

use async_trait::async_trait;
use vigia_core::{AccountKind, Address, Permissions, Platform, Preferences};

use crate::{DeviceSpec, Result, UserSpec};

/// Changes of one batch (I-13).
pub const APPLICATION_CHANGES_MAX: usize = 1_000;

/// One thing an application says. Users and accounts go by its own keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationChange {
    /// There is such a user, of this name and language.
    User(UserSpec),
    /// A user may sign in and is told, or not: then sessions end, devices are told nothing, and what is theirs stays.
    UserEnabled {
        /// Who.
        user: String,
        /// Whether they may.
        enabled: bool,
    },
    /// A user is gone, with devices, preferences, sessions, tokens, memberships and what was said to them alone. What happened to
    /// accounts stays.
    UserErased {
        /// Who.
        user: String,
    },
    /// There is such an account.
    Account {
        /// The application's key.
        account: String,
        /// Personal or business.
        kind: AccountKind,
        /// Name shown to others.
        display_name: String,
    },
    /// An account ends: nothing of it is watched any more, nobody is a member, its endpoints are told nothing. What happened
    /// stays.
    AccountEnded {
        /// Which.
        account: String,
    },
    /// A user is a member of an account and may do this.
    Member {
        /// The account.
        account: String,
        /// The user.
        user: String,
        /// What they may do: all of it.
        permissions: Permissions,
    },
    /// A user is no member of an account.
    MemberEnded {
        /// The account.
        account: String,
        /// The user.
        user: String,
    },
    /// An account holds an address. That the application says so is proof enough (I-7: it never moves one by this).
    Address {
        /// The account.
        account: String,
        /// The address.
        address: Address,
    },
    /// An account holds an address no more.
    AddressEnded {
        /// The account.
        account: String,
        /// The address.
        address: Address,
    },
    /// A user has a device; the application vouches for it, so that nobody is told that it is new.
    Device {
        /// The user.
        user: String,
        /// The device.
        spec: DeviceSpec,
    },
    /// A user has a device no more.
    DeviceEnded {
        /// The user.
        user: String,
        /// Who brings pushes to it.
        platform: Platform,
        /// What the platform knows it by.
        token: String,
    },
    /// How a user wants to be told.
    Preferences {
        /// The user.
        user: String,
        /// How.
        preferences: Preferences,
    },
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationOutcome {
    /// It is so now.
    Done,
    /// The address is watched, from this checkpoint on.
    Live {
        /// The first checkpoint.
        from: u64,
    },
    /// It is not, for this reason; the others of its batch are.
    Refused(String),
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationReceipt {
    /// Version of the watch list that has the changes.
    pub watch_version: u64,
    /// First checkpoint for which changes of addresses hold.
    pub effective_from: u64,
    /// What became of each, in the order in which they came.
    pub outcomes: Vec<ApplicationOutcome>,
}

/// Takes in what applications say.
#[async_trait]
pub trait ApplicationStore: Send + Sync {
    /// Makes a batch of at most [`APPLICATION_CHANGES_MAX`] so, in one transaction. Their order does not matter: what there is comes
    /// before what belongs to it, and what ends comes last. What is said twice of one thing is refused the second time.
    async fn application_apply(&self, changes: &[ApplicationChange]) -> Result<ApplicationReceipt>;
}
