//! `RetentionStore`: raw transactions go when they are old, in steps that hold no lock for long.
//!
//! On Postgres a part of the table that is old as a whole is dropped, which leaves nothing behind to
//! be swept up; what has to stay makes the rest of its part go row by row.

use std::time::Duration;

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use super::commit::counter_subtract;
use super::partitions::{PARTITION_CHECKPOINTS, part_name, part_number};
use crate::db::{Lock, Tx, execute_script, get, query};
use crate::sql::sql;
use crate::{Result, RetentionStore, Swept};

/// How long dropping a part waits for others: while it waits, commits wait behind it.
const DROP_LOCK_TIMEOUT: Duration = Duration::from_millis(500);
/// Checkpoints whose rows one statement counts.
const COUNTED_CHECKPOINTS: u64 = PARTITION_CHECKPOINTS / 20;

#[async_trait]
impl RetentionStore for SqlStore {
    async fn retention_raise(&self, before_ms: u64) -> Result<u64> {
        let mut look = self.database.read().await?;
        let found = horizon_find(&mut look, before_ms).await?;
        drop(look);
        let mut tx = self.database.write().await?;
        let row = query(sql!("retention_raise"))
            .bind(int("checkpoint", found)?)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        get(&row, "retention_horizon")
    }

    async fn retention_sweep(&self, limit: u32) -> Result<Swept> {
        let horizon = horizon(&mut self.database.read().await?).await?;
        for number in self.parts_below(horizon).await? {
            if let Some(transactions) = self.part_drop(number).await? {
                return Ok(Swept {
                    transactions,
                    parts: 1,
                    is_done: false,
                });
            }
        }
        let mut tx = self.database.write().await?;
        let transactions = query(sql!("retention_sweep"))
            .bind(int("checkpoint", horizon)?)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        counter_subtract(&mut tx, "raw_transactions", transactions).await?;
        tx.commit().await?;
        Ok(Swept {
            transactions,
            parts: 0,
            is_done: transactions < u64::from(limit),
        })
    }
}

/// The retention horizon; 0 before the first clean-up.
pub(super) async fn horizon(tx: &mut Tx) -> Result<u64> {
    let row = query(sql!("retention_horizon")).fetch_optional(tx).await?;
    row.map_or(Ok(0), |row| get(&row, "retention_horizon"))
}

/// Checkpoint times rise with their numbers, so the place where old ends is found by halving.
async fn horizon_find(tx: &mut Tx, before_ms: u64) -> Result<u64> {
    let mut low = horizon(tx).await?;
    let last = query(sql!("retention_last")).fetch_optional(tx).await?;
    let Some(last) = last else { return Ok(low) };
    let mut high = get::<u64>(&last, "checkpoint")?.saturating_add(1);
    while low < high {
        let middle = low + (high - low) / 2;
        let probe = query(sql!("retention_probe"))
            .bind(int("checkpoint", middle)?)
            .fetch_optional(tx)
            .await?;
        let Some(probe) = probe else {
            high = middle;
            continue;
        };
        match get::<u64>(&probe, "timestamp_ms")? < before_ms {
            true => low = get::<u64>(&probe, "checkpoint")?.saturating_add(1),
            false => high = middle,
        }
    }
    Ok(low)
}

impl SqlStore {
    /// Parts that lie wholly below `horizon`; none on SQLite.
    async fn parts_below(&self, horizon: u64) -> Result<Vec<u64>> {
        let mut tx = self.database.read().await?;
        if matches!(tx, Tx::Sqlite(_)) {
            return Ok(Vec::new());
        }
        let rows = query(sql!("postgres/retention_parts"))
            .fetch_all(&mut tx)
            .await?;
        let mut numbers = Vec::new();
        for row in &rows {
            numbers.extend(part_number(&get::<String>(row, "name")?));
        }
        numbers.retain(|number| (number + 1).saturating_mul(PARTITION_CHECKPOINTS) <= horizon);
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Drops a part and returns how many rows it had; none where something in it has to stay.
    async fn part_drop(&self, number: u64) -> Result<Option<u64>> {
        let mut tx = self.database.write().await?;
        Lock::Partitions.take(&mut tx).await?;
        let name = part_name(number);
        let timeout_ms = DROP_LOCK_TIMEOUT.as_millis();
        // Readers go on while the rows are counted, and nobody writes into a part this old.
        let lock =
            format!("SET LOCAL lock_timeout = {timeout_ms}; LOCK TABLE ONLY {name} IN SHARE MODE");
        execute_script(&mut tx, lock).await?;
        let from = number * PARTITION_CHECKPOINTS;
        let failed = query(sql!("postgres/retention_part_failed"))
            .bind(int("checkpoint", from)?)
            .bind(int("checkpoint", from + PARTITION_CHECKPOINTS)?)
            .fetch_optional(&mut tx)
            .await?;
        if failed.is_some() {
            return Ok(None);
        }
        let mut transactions: u64 = 0;
        for step in 0..PARTITION_CHECKPOINTS / COUNTED_CHECKPOINTS {
            let from = from + step * COUNTED_CHECKPOINTS;
            let row = query(sql!("postgres/retention_part_count"))
                .bind(int("checkpoint", from)?)
                .bind(int("checkpoint", from + COUNTED_CHECKPOINTS)?)
                .fetch_one(&mut tx)
                .await?;
            transactions += get::<u64>(&row, "count")?;
        }
        let drop =
            format!("ALTER TABLE raw_transaction DETACH PARTITION {name}; DROP TABLE {name}");
        execute_script(&mut tx, drop).await?;
        counter_subtract(&mut tx, "raw_transactions", transactions).await?;
        tx.commit().await?;
        self.partitions.dropped(number);
        Ok(Some(transactions))
    }
}
