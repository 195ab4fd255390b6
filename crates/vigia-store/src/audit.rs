//! What is stored of a part of the chain, for comparing it with the chain.

use async_trait::async_trait;
use vigia_core::{Digest, RawTransaction, WatchTarget};

use crate::Result;

/// Checkpoints that a lane has completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedRange {
    /// The first.
    pub from: u64,
    /// The last.
    pub to_inclusive: u64,
    /// Digest of the last.
    pub digest: Digest,
}

/// For which checkpoints what concerns a target has to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSpan {
    /// Row of the watch.
    pub id: i64,
    /// Who or what.
    pub target: WatchTarget,
    /// The first checkpoint from which it is live, or from which its history is complete.
    pub from: u64,
    /// The first for which it is watched no more; none where it is watched still.
    pub to_exclusive: Option<u64>,
}

/// What an audit reads.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Completed ranges of both lanes that touch `from` to `to_inclusive`, by where they begin.
    async fn audit_ranges(&self, from: u64, to_inclusive: u64) -> Result<Vec<CompletedRange>>;

    /// Spans of watches, those that ended too, with an id above `after_id`, in order of id, at most
    /// `limit`.
    async fn audit_watches(&self, after_id: i64, limit: u32) -> Result<Vec<WatchSpan>>;

    /// What is stored of the checkpoints from `from` to `to_inclusive`, in the order of the chain.
    async fn audit_transactions(&self, from: u64, to_inclusive: u64)
    -> Result<Vec<RawTransaction>>;

    /// Below this checkpoint evidence is older than it is kept for.
    async fn audit_horizon(&self) -> Result<u64>;
}
