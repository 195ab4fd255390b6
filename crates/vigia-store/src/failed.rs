//! Transactions that could not be interpreted: seen, tried again, or let go (I-8).

use async_trait::async_trait;
use vigia_core::{BusinessFolder, Commit, Digest, Place, RawTransaction};

use crate::Result;

/// What failed, for operators.
#[async_trait]
pub trait FailedStore: Send + Sync {
    /// Transactions that could not be interpreted and that nobody discarded, in the order of the chain
    /// from behind `after` on.
    async fn failed_list(&self, after: Option<Place>, limit: u32) -> Result<Vec<FailedRow>>;

    /// One of them, discarded or not, with its evidence; none where the digest is unknown or its
    /// transaction is interpreted.
    async fn failed_find(&self, digest: &Digest) -> Result<Option<FailedTransaction>>;

    /// Writes what trying again made of the one raw transaction in `commit`, in one database
    /// transaction. Where it has a `processing_error` now, that replaces the one before and nothing
    /// else is written; where not, the commit is applied as `IngestStore::commit_apply` does, and the
    /// transaction counts as failed no longer.
    async fn failed_retry(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<FailedRetry>;

    /// Notes that a failed transaction needs nothing any more: it stays, and counts as failed no
    /// longer. False where there is none, or it was discarded before.
    async fn failed_discard(&self, digest: &Digest) -> Result<bool>;
}

/// A failed transaction in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// Where it stands.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// Time of its checkpoint, in milliseconds since 1970.
    pub timestamp_ms: u64,
    /// Why it could not be interpreted.
    pub error: String,
}

/// A failed transaction with its evidence.
#[derive(Clone, Debug)]
pub struct FailedTransaction {
    /// The transaction, its `processing_error` set.
    pub raw: RawTransaction,
    /// When somebody discarded it.
    pub discarded_at_ms: Option<u64>,
}

/// What trying again wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedRetry {
    /// It is interpreted now.
    Resolved {
        /// Activities that are new.
        activities_new: u64,
        /// Notifications that are new.
        notifications_new: u64,
    },
    /// It still cannot be, for the reason that is kept now.
    StillFailed,
    /// It was not failed any more; nothing was written.
    NotFailed,
}
