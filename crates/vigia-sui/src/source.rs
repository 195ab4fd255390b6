//! The seam between what brings checkpoints and what reads them.

use futures::stream::BoxStream;
use vigia_core::{Checkpoint, CheckpointHeader};

use crate::SourceError;

/// Where a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the newest checkpoint. Having no watermark means this or an explicit choice, never
    /// checkpoint 0 (I-4).
    Tip,
    /// At this checkpoint, included.
    Checkpoint(u64),
}

/// Checkpoints in ascending order.
pub type CheckpointStream = BoxStream<'static, Result<Checkpoint, SourceError>>;

/// Headers in ascending order.
pub type HeaderStream = BoxStream<'static, Result<CheckpointHeader, SourceError>>;

/// Brings checkpoints.
///
/// A live source yields every checkpoint from its start on without a gap, repairs and reconnects
/// by itself, and never ends: an error is a report, after which the stream goes on. A finite source
/// ends, and an error is the end of it.
pub trait CheckpointSource: Send + Sync {
    /// Opens a stream.
    fn stream(&self, start: Start) -> CheckpointStream;
}
