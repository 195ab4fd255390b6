//! Epochs of the chain.

/// An epoch, as a full node tells of it: nothing that is committed rests on it. What the node does not say
/// is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochInfo {
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
