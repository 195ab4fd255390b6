//! Parts of the table of raw transactions on Postgres, by checkpoint.
//!
//! A part is made before the first commit that needs it, in a transaction of its own: attaching one
//! stops neither readers nor writers. SQLite keeps one table.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use vigia_core::RawTransaction;

use super::codec::int;
use super::{SqlStore, retention};
use crate::Result;
use crate::db::{Lock, Tx, execute_script, query};
use crate::sql::sql;

/// Checkpoints in a part. A part's name holds its number, so this never changes.
pub(super) const PARTITION_CHECKPOINTS: u64 = 1_000_000;

const NAME_PREFIX: &str = "raw_transaction_p";

/// Numbers of the parts that are known to be there.
#[derive(Default)]
pub(super) struct Partitions(Mutex<BTreeSet<u64>>);

impl Partitions {
    /// Numbers of the parts that `raws` may need. The clean-up of another process may have dropped one
    /// that was there, but then only what could not be interpreted is still stored in it.
    fn missing(&self, raws: &[RawTransaction]) -> BTreeSet<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        raws.iter()
            .map(|raw| (number_of(raw), raw.processing_error.is_some()))
            .filter(|(number, failed)| *failed || !known.contains(number))
            .map(|(number, _)| number)
            .collect()
    }

    fn is_known(&self, number: u64) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&number)
    }

    /// Forgets a part that was dropped.
    pub(super) fn dropped(&self, number: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&number);
    }

    fn created(&self, number: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(number);
    }
}

fn number_of(raw: &RawTransaction) -> u64 {
    raw.place.checkpoint / PARTITION_CHECKPOINTS
}

/// The name of a part's table.
pub(super) fn part_name(number: u64) -> String {
    format!("{NAME_PREFIX}{number}")
}

/// The number in a name of `part_name`.
pub(super) fn part_number(name: &str) -> Option<u64> {
    name.strip_prefix(NAME_PREFIX)?.parse().ok()
}

impl SqlStore {
    /// Makes the parts in which `raws` will be. What lies below the retention horizon is not stored,
    /// so that an import of history makes none again that the clean-up dropped.
    pub(super) async fn partitions_create(&self, raws: &[RawTransaction]) -> Result<()> {
        let missing = self.partitions.missing(raws);
        if missing.is_empty() {
            return Ok(());
        }
        let horizon = retention::horizon(&mut self.database.read().await?).await?;
        let stored: BTreeSet<u64> = raws
            .iter()
            .filter(|raw| raw.place.checkpoint >= horizon || raw.processing_error.is_some())
            .map(number_of)
            .collect();
        for number in missing.intersection(&stored).copied() {
            self.partition_ensure(number).await?;
        }
        Ok(())
    }

    /// Makes the parts in which these checkpoints will be, whatever the retention: rows of another
    /// database are copied as they are.
    pub(super) async fn partitions_create_at(
        &self,
        checkpoints: impl Iterator<Item = u64>,
    ) -> Result<()> {
        let numbers: BTreeSet<u64> = checkpoints
            .map(|checkpoint| checkpoint / PARTITION_CHECKPOINTS)
            .collect();
        for number in numbers {
            if !self.partitions.is_known(number) {
                self.partition_ensure(number).await?;
            }
        }
        Ok(())
    }

    async fn partition_ensure(&self, number: u64) -> Result<()> {
        // Beyond what can be stored: the commit says so.
        if int("checkpoint", number.saturating_mul(PARTITION_CHECKPOINTS)).is_ok() {
            self.trying(|| self.partition_create(number)).await?;
        }
        self.partitions.created(number);
        Ok(())
    }

    async fn partition_create(&self, number: u64) -> Result<()> {
        let mut tx = self.database.write().await?;
        if matches!(tx, Tx::Sqlite(_)) {
            return Ok(());
        }
        Lock::Partitions.take(&mut tx).await?;
        let name = part_name(number);
        let there = query(sql!("postgres/partition_there"))
            .bind(&*name)
            .fetch_optional(&mut tx)
            .await?;
        if there.is_none() {
            let from = int("checkpoint", number * PARTITION_CHECKPOINTS)?;
            let to = int(
                "checkpoint",
                number * PARTITION_CHECKPOINTS + PARTITION_CHECKPOINTS,
            );
            let to = to.map_or("MAXVALUE".to_owned(), |to| to.to_string());
            let script = format!(
                "CREATE TABLE {name} (LIKE raw_transaction INCLUDING DEFAULTS); \
                 ALTER TABLE raw_transaction ATTACH PARTITION {name} \
                 FOR VALUES FROM ({from}) TO ({to})"
            );
            execute_script(&mut tx, script).await?;
        }
        tx.commit().await
    }
}
