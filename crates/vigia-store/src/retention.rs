//! Cleaning up evidence that is older than its retention. What it meant stays.

use async_trait::async_trait;

use crate::Result;

/// Removes raw transactions in steps, each a short database transaction of its own.
///
/// Activities, balance effects and business objects stay. Transactions that could not be interpreted
/// stay too, whatever their age, until they are; so do those that somebody discarded.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Raises the retention horizon to the checkpoint above the last one with a stored transaction
    /// older than `before_ms`; it never falls. Returns it. From then on processed transactions below
    /// it are not stored again (I-2), though what they mean still can be.
    async fn retention_raise(&self, before_ms: u64) -> Result<u64>;

    /// Removes up to `limit` processed transactions below the horizon, or a whole part of the table.
    async fn retention_sweep(&self, limit: u32) -> Result<Swept>;
}

/// What one step of the clean-up removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Raw transactions.
    pub transactions: u64,
    /// Whole parts of the table; 0 on SQLite, which has none.
    pub parts: u64,
    /// Whether nothing is left to remove.
    pub is_done: bool,
}
