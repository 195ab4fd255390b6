//! Epochs of the chain, as a full node told of them.

use async_trait::async_trait;

use crate::Result;

/// Most epochs that are read at once.
pub(crate) const EPOCHS_MAX: u32 = 1_000;

/// An epoch. It is a node's word: nothing that is committed rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochRow {
    /// Its number.
    pub epoch: u64,
    /// When it began, in milliseconds since 1970.
    pub start_ms: Option<u64>,
    /// When it ended; none while it goes on.
    pub end_ms: Option<u64>,
    /// Its first checkpoint.
    pub first_checkpoint: Option<u64>,
    /// Its last checkpoint; none while it goes on.
    pub last_checkpoint: Option<u64>,
    /// Price of a unit of gas, in MIST.
    pub reference_gas_price: Option<u64>,
    /// Version of the protocol.
    pub protocol_version: Option<u64>,
    /// Validators of its committee.
    pub committee_members: Option<u64>,
}

/// The epochs of the chain.
#[async_trait]
pub trait EpochStore: Send + Sync {
    /// Adds epochs, or what was not known of them; what is said anew replaces what was said before.
    async fn epoch_record(&self, epochs: &[EpochRow]) -> Result<()>;

    /// The newest `limit` epochs, newest first.
    async fn epoch_list(&self, limit: u32) -> Result<Vec<EpochRow>>;
}
