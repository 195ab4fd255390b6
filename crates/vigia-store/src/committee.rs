//! Committees that were verified, so that the way from the trust root is gone once.

use async_trait::async_trait;

use crate::Result;

/// Most committees that are read at once: each holds some 25 kB.
pub const COMMITTEES_MAX: u32 = 200;

/// The committee of an epoch, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitteeRow {
    /// Its epoch.
    pub epoch: u64,
    /// BCS of the `ValidatorCommittee`.
    pub committee_bcs: Vec<u8>,
    /// BCS of the `SignedCheckpointSummary` that ended the epoch before and announced it; none for a
    /// root, which is believed.
    pub summary_bcs: Option<Vec<u8>>,
    /// What the root rests on, or that the committee before announced it, in words.
    pub source: String,
}

/// The committees by which checkpoints are proven.
#[async_trait]
pub trait CommitteeStore: Send + Sync {
    /// Adds committees. One that is there already stays as it was added first; where another one is
    /// there for its epoch, all of it is refused.
    async fn committee_add(&self, rows: &[CommitteeRow]) -> Result<()>;

    /// Committees of the epochs from `from` on, ascending, [`COMMITTEES_MAX`] at most.
    async fn committee_list(&self, from: u64, limit: u32) -> Result<Vec<CommitteeRow>>;

    /// The newest root that is at or before an epoch; none where there is none.
    async fn committee_root(&self, epoch: u64) -> Result<Option<CommitteeRow>>;
}
