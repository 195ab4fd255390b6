//! Transactions that the application has submitted and the chain has not shown yet.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vigia_core::{
    ANNOUNCEMENT_WAIT_MS, Announcement as Announced, Digest, parse_address, submitted,
};
use vigia_store::{ANNOUNCEMENTS_MAX, AnnounceOutcome, AnnouncementRow, ApplicationScope};

use super::activity::Direction;
use super::error::{bad_input, internal};
use super::failed::digest_of;
use super::query::{web, writes};
use super::scalar::UInt53;

/// What became of a transaction that was announced.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::AnnouncementState")]
enum AnnouncementState {
    /// It has not been seen.
    Pending,
    /// It was executed, and did what it was to: see its activity.
    Completed,
    /// It was executed, and failed: see its activity.
    Failed,
    /// It has not been seen for as long as it was to be waited for. It may still land.
    Late,
    /// It can no longer be executed: all of the last epoch in which it could is committed.
    Expired,
}

/// What the application said of a transaction that it has submitted.
pub(super) struct Announcement {
    pub(super) row: AnnouncementRow,
    pub(super) now_ms: u64,
}

/// What the application said of a transaction that it has submitted. It moves no balance and tells nobody.
#[Object]
impl Announcement {
    /// Its key; rises in the order in which they were made.
    async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Digest of the transaction.
    async fn digest(&self) -> String {
        self.row.announcement.digest.to_string()
    }

    /// The application's key of the account it is shown to.
    async fn account(&self) -> &str {
        &self.row.account.0
    }

    /// What it is to be called, as kinds of activities are.
    async fn kind(&self) -> &str {
        &self.row.announcement.kind
    }

    /// Which way money is to go.
    async fn direction(&self) -> Direction {
        self.row.announcement.direction.into()
    }

    /// The coin's type in canonical form.
    async fn coin_type(&self) -> Option<&String> {
        self.row.announcement.coin_type.as_ref()
    }

    /// How much, in minor units, as a decimal text.
    async fn amount(&self) -> Option<String> {
        let amount = self.row.announcement.amount;
        amount.map(|amount| amount.to_string())
    }

    /// Address of the other party.
    async fn counterparty(&self) -> Option<String> {
        let counterparty = self.row.announcement.counterparty;
        counterparty.map(|address| address.to_string())
    }

    /// The application's note. Once the transaction has landed, its activities have it too.
    async fn note(&self) -> &str {
        &self.row.announcement.note
    }

    /// The last epoch in which it may be executed, where it says one.
    async fn last_epoch(&self) -> Option<UInt53> {
        self.row.announcement.last_epoch.map(UInt53)
    }

    /// When it was announced, in milliseconds since 1970.
    async fn announced_at_ms(&self) -> UInt53 {
        UInt53(self.row.announced_at_ms)
    }

    /// What became of it.
    async fn state(&self) -> AnnouncementState {
        self.row.state(self.now_ms).into()
    }
}

/// A transaction that was submitted.
#[derive(InputObject)]
struct AnnouncementInput {
    /// The application's key of the account to show it to.
    account: String,
    /// Digest in base58; needless with `transaction`.
    digest: Option<String>,
    /// The BCS of the transaction in base64: says the digest, and how long it may be executed.
    transaction: Option<String>,
    /// What to call it, as kinds of activities are.
    #[graphql(default = "transfer")]
    kind: String,
    /// Which way money is to go.
    direction: Direction,
    /// Code or type of the coin.
    coin: Option<String>,
    /// How much, in minor units, as a decimal text; above nothing.
    amount: Option<String>,
    /// Address of the other party.
    counterparty: Option<String>,
    /// A note of the application's, for this account alone; it stays with the activity.
    #[graphql(default)]
    note: String,
    /// The last epoch in which it may be executed; `transaction` says it too.
    last_epoch: Option<UInt53>,
    /// How long to wait before it is shown as late, in milliseconds: 1 second to 7 days, 10 minutes unless given.
    wait_ms: Option<UInt53>,
}

/// Mutations of announcements.
#[derive(Default)]
pub(crate) struct AnnouncementMutation;

/// What can be changed of announcements.
#[Object]
impl AnnouncementMutation {
    /// Shows a transaction that was just submitted to an account until it lands. Once more, whatever is said of it
    /// then, what is there is returned. Takes a member of the account, an application with the scope
    /// `announce`, or an operator.
    async fn announce(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was submitted.")] input: AnnouncementInput,
    ) -> Result<Announcement> {
        let scope = writes(ctx, ApplicationScope::Announce)?;
        let web = web(ctx);
        let account = input.account.clone();
        let registry = web.registry.get();
        let announcement = announced(input, |coin| registry.coin_type(coin))?;
        let outcome = web.store.announce(&scope, &account, &announcement).await;
        match outcome.map_err(internal)? {
            AnnounceOutcome::There(row) => Ok(Announcement {
                row: *row,
                now_ms: web.clock.now_ms(),
            }),
            AnnounceOutcome::NoAccount => Err(bad_input(
                "account",
                format!("there is no account {account:?}"),
                "the application's key of one of the reader's accounts",
            )),
            AnnounceOutcome::TooMany => Err(bad_input(
                "account",
                format!("account {account:?} waits for {ANNOUNCEMENTS_MAX} transactions already"),
                "an account that waits for fewer",
            )),
        }
    }
}

fn announced(
    input: AnnouncementInput,
    coin_type: impl Fn(&str) -> Option<String>,
) -> Result<Announced> {
    let (digest, last_epoch) = identified(&input)?;
    let coin_type = match &input.coin {
        None => None,
        Some(coin) => Some(coin_type(coin).ok_or_else(|| {
            let problem = format!("{coin:?} is no code of a declared coin and no coin type");
            bad_input("coin", problem, "a code, or 0xPACKAGE::module::NAME")
        })?),
    };
    let amount = input.amount.as_deref().map(str::parse::<i128>);
    let counterparty = input.counterparty.as_deref().map(parse_address);
    let announcement = Announced {
        digest,
        kind: input.kind,
        direction: input.direction.into(),
        coin_type,
        amount: amount.transpose().map_err(|_| {
            let problem = "this is not a number of minor units";
            bad_input("amount", problem, "decimal digits")
        })?,
        counterparty: counterparty.transpose().map_err(|error| {
            bad_input("counterparty", error, "0x and 1 to 64 hexadecimal digits")
        })?,
        note: input.note,
        last_epoch,
        wait_ms: input.wait_ms.map_or(ANNOUNCEMENT_WAIT_MS, |wait| wait.0),
    };
    match announcement.problem() {
        Some(problem) => Err(bad_input("input", problem, "see the description")),
        None => Ok(announcement),
    }
}

/// Which transaction it is, and the last epoch in which it may be executed.
fn identified(input: &AnnouncementInput) -> Result<(Digest, Option<u64>)> {
    let told = input.digest.as_deref().map(digest_of).transpose()?;
    let said = input.last_epoch.map(|epoch| epoch.0);
    let Some(text) = &input.transaction else {
        let expected = "the digest, or the transaction";
        let digest = told.ok_or_else(|| bad_input("digest", "it is missing", expected))?;
        return Ok((digest, said));
    };
    let expected = "BCS of a sui.rpc.v2 transaction in base64";
    let wrong = |problem: &dyn std::fmt::Display| bad_input("transaction", problem, expected);
    let bytes = STANDARD.decode(text).map_err(|error| wrong(&error))?;
    let (digest, last_epoch) = submitted(&bytes).map_err(|error| wrong(&error))?;
    match told.is_none_or(|told| told == digest) {
        true => Ok((digest, last_epoch.or(said))),
        false => Err(bad_input(
            "digest",
            format!("the transaction's is {digest}"),
            "the digest of the transaction, or none",
        )),
    }
}
