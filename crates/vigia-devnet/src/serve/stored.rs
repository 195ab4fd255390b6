//! One checkpoint as the node keeps it: decoded, with the digests that are looked up.

use std::sync::OnceLock;

use bytes::Bytes;
use sui_sdk_types::{CheckpointData, CheckpointTransaction, Digest, Object};

use super::encoded::EncodedMask;

/// A checkpoint and its digest. Messages are rendered from it on demand: fully rendered ones take
/// several times the memory, and most requests want a small part.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) data: CheckpointData,
    pub(crate) digest: Digest,
    /// The message for the node's one mask that is encoded ahead, if there is one.
    encoded: OnceLock<Bytes>,
}

impl Stored {
    pub(crate) fn new(data: CheckpointData) -> Self {
        let digest = data.checkpoint_summary.checkpoint.digest();
        Self {
            data,
            digest,
            encoded: OnceLock::new(),
        }
    }

    pub(crate) fn sequence_number(&self) -> u64 {
        self.data.checkpoint_summary.checkpoint.sequence_number
    }

    pub(crate) fn timestamp_ms(&self) -> u64 {
        self.data.checkpoint_summary.checkpoint.timestamp_ms
    }

    /// The message for a mask. A node uses one such mask, so the first answer is kept.
    pub(crate) fn encoded(&self, mask: &EncodedMask) -> Bytes {
        self.encoded.get_or_init(|| mask.encode(self)).clone()
    }

    /// Objects before and after each transaction.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        let transactions = self.data.transactions.iter();
        transactions.flat_map(|t| t.input_objects.iter().chain(&t.output_objects))
    }

    /// Where a transaction is in it.
    pub(crate) fn position(&self, digest: &Digest) -> Option<usize> {
        let mut transactions = self.data.transactions.iter();
        transactions.position(|executed| executed.effects.transaction_digest() == digest)
    }

    pub(crate) fn transactions(&self) -> &[CheckpointTransaction] {
        &self.data.transactions
    }
}
