//! One checkpoint as the node keeps it: decoded, with the digests that are looked up.

use sui_sdk_types::{CheckpointData, CheckpointTransaction, Digest};

/// A checkpoint and its digest. Messages are rendered from it on demand: fully rendered ones take
/// several times the memory, and most requests want a small part.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) data: CheckpointData,
    pub(crate) digest: Digest,
}

impl Stored {
    pub(crate) fn new(data: CheckpointData) -> Self {
        let digest = data.checkpoint_summary.checkpoint.digest();
        Self { data, digest }
    }

    pub(crate) fn sequence_number(&self) -> u64 {
        self.data.checkpoint_summary.checkpoint.sequence_number
    }

    pub(crate) fn timestamp_ms(&self) -> u64 {
        self.data.checkpoint_summary.checkpoint.timestamp_ms
    }

    pub(crate) fn transactions(&self) -> &[CheckpointTransaction] {
        &self.data.transactions
    }
}
