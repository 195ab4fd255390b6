//! The watch list in the database, and its change log.

use async_trait::async_trait;
use vigia_core::{AccountKind, Address, Locale, Scope, WatchChange, WatchTarget};

use crate::{AddressHistory, Result};

/// An account to create or find by the application's own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    /// The application's key.
    pub external_id: String,
    /// Personal or business.
    pub kind: AccountKind,
    /// Name shown to others.
    pub display_name: String,
    /// Who belongs to it.
    pub members: Vec<UserSpec>,
}

impl AccountSpec {
    /// The account of an address for which none was named: its key is the address.
    pub fn of_address(address: &Address, kind: AccountKind) -> Self {
        let text = address.to_string();
        let display_name = format!("{}…{}", &text[..6], &text[text.len() - 4..]);
        Self {
            external_id: text,
            kind,
            display_name,
            members: Vec::new(),
        }
    }
}

/// A user to create or find by the application's own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSpec {
    /// The application's key.
    pub external_id: String,
    /// Name shown to others.
    pub display_name: String,
    /// Language of texts for the user.
    pub locale: Locale,
}

/// A target to watch, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchEntry {
    /// What to observe.
    pub target: WatchTarget,
    /// The account it belongs to; an address always has one.
    pub account: Option<AccountSpec>,
}

/// An entry that was refused; the others of its request were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its position in the request.
    pub index: usize,
    /// Why, and how to mend it.
    pub reason: String,
}

/// What a change of the watch list did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchReceipt {
    /// Version of the list that has the changes.
    pub version: u64,
    /// First checkpoint for which they hold.
    pub effective_from: u64,
    /// Entries that changed the list.
    pub changed: u64,
    /// Entries that were so already.
    pub unchanged: u64,
    /// Entries that were refused, in order.
    pub refused: Vec<Refused>,
}

/// A live entry of the watch list as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchRow {
    /// Key, ascending; pass the last one to read on.
    pub id: i64,
    /// What is observed.
    pub target: WatchTarget,
    /// External id and name of the account it belongs to.
    pub account: Option<(String, String)>,
    /// First checkpoint for which it is watched.
    pub live_from: u64,
    /// When it was added, in milliseconds since 1970.
    pub added_at_ms: Option<u64>,
    /// The source that says so; none where the operator did.
    pub source: Option<String>,
    /// Of an address: what is below that; none where it is not fetched.
    pub history: Option<AddressHistory>,
}

/// Which entries of the watch list to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchFilter {
    /// Those of the account with this external id, with an id above `after_id`, in order of id.
    Account {
        /// The application's key of the account.
        external_id: String,
        /// The last entry of the page before; 0 at the beginning.
        after_id: i64,
    },
    /// Addresses from one to another, both included, in their order.
    Addresses {
        /// The first.
        from: Address,
        /// The last.
        to_inclusive: Address,
    },
}

/// Everything that is watched, at one version of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchTargets {
    /// The version.
    pub version: u64,
    /// The targets, each once.
    pub targets: Vec<WatchTarget>,
}

/// Takes all that is watched, one by one: a million addresses need no second copy.
pub trait TargetVisitor: Send {
    /// Before the first: the version of the list, and about how many addresses there are.
    fn begin(&mut self, version: u64, addresses: u64);

    /// A target; each comes once.
    fn visit(&mut self, target: WatchTarget);
}

impl TargetVisitor for WatchTargets {
    fn begin(&mut self, version: u64, _: u64) {
        self.version = version;
    }

    fn visit(&mut self, target: WatchTarget) {
        self.targets.push(target);
    }
}

/// Reports of pollers that are older than this are of processes that are gone.
pub const RECONCILED_WITHIN_MS: u64 = 10 * 60 * 1000;

/// What comparing a poller's watch list with the table has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchReconciliation {
    /// The poller.
    pub holder: String,
    /// Targets in the table.
    pub entries: u64,
    /// Of those, not in its memory.
    pub missing: u64,
    /// In its memory and not in the table.
    pub extra: u64,
}

/// The watch list.
#[async_trait]
pub trait WatchStore: Send + Sync {
    /// Adds entries, with their accounts and users, in one database transaction.
    ///
    /// The receipt names the checkpoint from which they are live: one above everything the live
    /// lane has committed. An address held by another account is refused, never moved (I-7).
    async fn watch_add(&self, entries: &[WatchEntry]) -> Result<WatchReceipt>;

    /// Ends the watch of targets; a target that is not watched is refused.
    async fn watch_remove(&self, targets: &[WatchTarget]) -> Result<WatchReceipt>;

    /// Version of the list; 0 while nothing was ever watched.
    async fn watch_version(&self) -> Result<u64>;

    /// Hands all targets of one version to `visitor`, for a poller to hold in memory; apply
    /// `watch_changes` since that version to stay up to date. Where it fails half-way, what was handed over is of no use.
    async fn watch_visit(&self, visitor: &mut dyn TargetVisitor) -> Result<()>;

    /// All targets and the version they are of.
    async fn watch_targets(&self) -> Result<WatchTargets> {
        let mut targets = WatchTargets::default();
        self.watch_visit(&mut targets).await?;
        Ok(targets)
    }

    /// Live entries with an id above `after_id`, in order of id, at most `limit`.
    async fn watch_page(&self, after_id: i64, limit: u32) -> Result<Vec<WatchRow>>;

    /// Live entries that `filter` names, at most `limit`.
    async fn watch_filtered(&self, filter: &WatchFilter, limit: u32) -> Result<Vec<WatchRow>>;

    /// Watched addresses of accounts in `scope` with an id above `after_id`, in order of id, at most
    /// `limit`.
    async fn address_page(&self, scope: &Scope, after_id: i64, limit: u32)
    -> Result<Vec<WatchRow>>;

    /// All changes with a version above `since`, in order of version.
    async fn watch_changes(&self, since: u64) -> Result<Vec<WatchChange>>;

    /// Records what a poller found; its last word replaces the one before.
    async fn watch_reconciled(&self, found: &WatchReconciliation) -> Result<()>;

    /// What pollers found within `age_ms_max`, each with its age in milliseconds.
    async fn watch_reconciliations(
        &self,
        age_ms_max: u64,
    ) -> Result<Vec<(WatchReconciliation, u64)>>;

    /// Removes what pollers found before `before_ms`: they are gone. Returns how many there were.
    async fn watch_reconciliation_prune(&self, before_ms: u64) -> Result<u64>;

    /// Returns as soon as the list's version is above `seen`; wakes at once for changes made in
    /// this process and within 1 s for those of others.
    async fn watch_wait(&self, seen: u64) -> Result<u64>;
}
