//! Following another application's list of accounts.

use async_trait::async_trait;
use vigia_core::{
    Digest, Fence, SourceChange, SourceLimits, SourcePlan, SourceRefusal, SourceShrunk,
    SourceSnapshot,
};

use crate::{Result, WatchReceipt};

/// Under which lease a source is followed, so that an older answer never undoes a newer one (I-9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGuard {
    /// Name of the source.
    pub source: String,
    /// Name of the lease.
    pub lease: String,
    /// The claim's fence.
    pub fence: Fence,
}

/// What became of a part of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceApplied {
    /// It is written.
    Done {
        /// What it did to the watch list.
        receipt: WatchReceipt,
        /// Addresses that somebody else holds because the operator said so.
        refused: Vec<SourceRefusal>,
    },
    /// Another process follows the source now; nothing was written.
    LeaseLost,
}

/// What following a source came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOutcome {
    /// Digest of what the source said.
    pub fingerprint: Digest,
    /// Version of the watch list that has it.
    pub watch_version: u64,
    /// Rows the query returned.
    pub rows: u64,
    /// Addresses among them.
    pub addresses: u64,
    /// Memberships among them.
    pub members: u64,
    /// What could not be followed.
    pub refused: Vec<SourceRefusal>,
}

/// How following a source goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    /// When it last went well; never yet where none.
    pub refreshed_at_ms: Option<u64>,
    /// Version of the watch list and digest of what the source said then.
    pub followed: Option<(u64, Digest)>,
    /// Rows the query returned then.
    pub rows: u64,
    /// Addresses among them.
    pub addresses: u64,
    /// Memberships among them.
    pub members: u64,
    /// How much could not be followed.
    pub refused: u64,
    /// Since when it does not go well, and why.
    pub failing: Option<(u64, String)>,
}

/// What is kept because a source says so.
#[async_trait]
pub trait SourceStore: Send + Sync {
    /// Compares what a source says with what is there, in one snapshot of the database. Without
    /// `limits` any number may go.
    async fn source_compare<'s>(
        &self,
        snapshot: &'s SourceSnapshot,
        limits: Option<&SourceLimits>,
    ) -> Result<std::result::Result<SourcePlan<'s>, SourceShrunk>>;

    /// Applies a part of a plan in one transaction. An address moves from one account to another at
    /// one checkpoint; what it did before stays with whom it was. What the operator gave to somebody
    /// is refused, never moved.
    async fn source_apply(&self, guard: &SourceGuard, part: &SourceChange)
    -> Result<SourceApplied>;

    /// Records that a source was followed; false where the lease is lost.
    async fn source_finish(&self, guard: &SourceGuard, outcome: &SourceOutcome) -> Result<bool>;

    /// Records that it could not be.
    async fn source_failed(&self, source: &str, error: &str) -> Result<()>;

    /// How following it goes; none where it was never tried.
    async fn source_report(&self, source: &str) -> Result<Option<SourceReport>>;

    /// What could not be followed, the first thousand.
    async fn source_refusals(&self, source: &str) -> Result<Vec<SourceRefusal>>;
}
