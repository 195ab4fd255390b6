//! History that is fetched afterwards: that of addresses which were added, and ranges that somebody
//! asked to import. What is still to do is a row, written with what caused it.

use std::fmt;

use async_trait::async_trait;
use vigia_core::{Address, Digest, Fence};

use crate::Result;

/// How far the history of an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BackfillState {
    /// Nobody has begun.
    Waiting,
    /// Some of it is there.
    Running,
    /// All of it is there, from a checkpoint on.
    Complete,
    /// What nobody keeps any more is missing; the rest is there.
    Pruned,
    /// A provider says that it is all, and nothing proves it.
    Unproven,
    /// It cannot be fetched as things are; tried again when a process starts.
    Failed,
}

impl BackfillState {
    /// All of them, in the order of a backfill's life.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Complete,
        Self::Pruned,
        Self::Unproven,
        Self::Failed,
    ];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Pruned => "pruned",
            Self::Unproven => "unproven",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for BackfillState {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no state of a backfill"))
    }
}

/// The history of an address below the checkpoint from which it is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressHistory {
    /// How far it is.
    pub state: BackfillState,
    /// First checkpoint from which on nothing is missing; while it runs, none.
    pub complete_from: Option<u64>,
    /// While it runs: what is below is there, and where it ends.
    pub position: Option<(u64, u64)>,
    /// Why it is not further.
    pub reason: Option<String>,
    /// Requests that its batch has taken.
    pub requests: u64,
}

impl fmt::Display for AddressHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.complete_from.unwrap_or(0);
        match (self.state, self.position) {
            (BackfillState::Waiting, _) => f.write_str("waiting")?,
            (BackfillState::Running, Some((position, end))) => {
                write!(f, "running, at checkpoint {position} of {end}")?;
            }
            (BackfillState::Running, None) => f.write_str("running")?,
            (BackfillState::Complete, _) => write!(f, "complete from checkpoint {from}")?,
            (BackfillState::Pruned, _) => write!(f, "pruned before checkpoint {from}")?,
            (BackfillState::Unproven, _) => {
                write!(f, "from checkpoint {from}, completeness unproven")?;
            }
            (BackfillState::Failed, _) => f.write_str("failed")?,
        }
        match &self.reason {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

/// An address of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillTask {
    /// Its watch.
    pub watch_id: i64,
    /// The address.
    pub address: Address,
    /// First checkpoint that the live lane brings it.
    pub live_from: u64,
}

/// Checkpoints of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillSpan {
    /// The first.
    pub from: u64,
    /// The first that is not done.
    pub position: u64,
    /// The end.
    pub to_exclusive: u64,
}

/// Addresses whose history is read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillBatch {
    /// Its name: the smallest watch in it when it began.
    pub id: i64,
    /// The addresses.
    pub tasks: Vec<BackfillTask>,
    /// How far it is; none where it has not begun.
    pub span: Option<BackfillSpan>,
}

/// Under which lease something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillGuard {
    /// The lease.
    pub lease: String,
    /// Its claim.
    pub fence: Fence,
}

/// How a batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillOutcome {
    /// In which state.
    pub state: BackfillState,
    /// First checkpoint from which on nothing is missing.
    pub complete_from: Option<u64>,
    /// Why, where that is no matter of course.
    pub reason: Option<String>,
}

/// How far an import of a range is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeProgress {
    /// The first checkpoint that is not done.
    pub position: u64,
    /// Digest of the one before it.
    pub last_digest: Option<Digest>,
    /// Version of the watch list with which the import began.
    pub watch_version: u64,
}

/// A history that is being fetched, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillRow {
    /// How many addresses it is of; none where somebody asked for a range.
    pub addresses: Option<u64>,
    /// The first checkpoint.
    pub from: u64,
    /// The first that is not done.
    pub position: u64,
    /// The end.
    pub to_exclusive: u64,
    /// Why it is not further.
    pub reason: Option<String>,
}

/// What is to be fetched, and how far that is.
///
/// Who works on batches holds a lease; a method that takes a guard changes nothing and returns false
/// where that is held by another (I-9).
#[async_trait]
pub trait BackfillStore: Send + Sync {
    /// The batch to work on: one under way, else at most `limit` addresses that wait and whose
    /// history the live lane does not bring.
    async fn backfill_next(&self, limit: u32) -> Result<Option<BackfillBatch>>;

    /// Ends those that have no history, since the live lane has brought them all there is, among the first
    /// `limit` that wait; returns how many there were.
    async fn backfill_settle(&self, guard: &BackfillGuard, limit: u32) -> Result<u64>;

    /// Begins a batch.
    async fn backfill_begin(
        &self,
        guard: &BackfillGuard,
        batch: &BackfillBatch,
        from: u64,
        to_exclusive: u64,
    ) -> Result<bool>;

    /// What is below `position` is written, and so many more requests were made.
    async fn backfill_progress(
        &self,
        guard: &BackfillGuard,
        batch: i64,
        position: u64,
        requests: u64,
    ) -> Result<bool>;

    /// A batch cannot go on before `retry_at_ms`, and why.
    async fn backfill_postpone(
        &self,
        guard: &BackfillGuard,
        batch: i64,
        reason: &str,
        retry_at_ms: u64,
        requests: u64,
    ) -> Result<bool>;

    /// Ends a batch.
    async fn backfill_finish(
        &self,
        guard: &BackfillGuard,
        batch: i64,
        outcome: &BackfillOutcome,
    ) -> Result<bool>;

    /// Lets what has failed wait again; returns how many there were.
    async fn backfill_reopen(&self) -> Result<u64>;

    /// Requests made on a day, counted from 1970 in UTC.
    async fn backfill_requests(&self, day: u64) -> Result<u64>;

    /// How many addresses are in each state that any is in.
    async fn backfill_counts(&self) -> Result<Vec<(BackfillState, u64)>>;

    /// Batches of addresses that are under way, and imports of ranges that were begun; at most `limit` of each.
    async fn backfill_list(&self, limit: u32) -> Result<Vec<BackfillRow>>;

    /// How far an import of these checkpoints is; none where it has not begun or has ended.
    async fn backfill_range_find(
        &self,
        from: u64,
        to_inclusive: u64,
    ) -> Result<Option<RangeProgress>>;

    /// Records how far an import is.
    async fn backfill_range_record(
        &self,
        from: u64,
        to_inclusive: u64,
        progress: &RangeProgress,
    ) -> Result<()>;

    /// An import has ended.
    async fn backfill_range_finish(&self, from: u64, to_inclusive: u64) -> Result<()>;
}
