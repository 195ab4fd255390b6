//! Parts of the table of raw transactions on Postgres, by checkpoint.
//!
//! A part is made before the first commit that needs it, in a transaction of its own: attaching one
//! stops neither readers nor writers. SQLite keeps one table.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use vigia_core::RawTransaction;

use super::SqlStore;
use super::codec::int;
use crate::Result;
use crate::db::{Lock, Tx, execute_script, query};
use crate::sql::sql;

/// Checkpoints in a part. A part's name holds its number, so this never changes.
pub(super) const PARTITION_CHECKPOINTS: u64 = 1_000_000;

/// Numbers of the parts that are known to be there.
#[derive(Default)]
pub(super) struct Partitions(Mutex<BTreeSet<u64>>);

impl Partitions {
    fn missing(&self, checkpoints: impl Iterator<Item = u64>) -> BTreeSet<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checkpoints
            .map(|checkpoint| checkpoint / PARTITION_CHECKPOINTS)
            .filter(|number| !known.contains(number))
            .collect()
    }

    fn created(&self, number: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(number);
    }
}

impl SqlStore {
    /// Makes the parts in which `raws` will be.
    pub(super) async fn partitions_create(&self, raws: &[RawTransaction]) -> Result<()> {
        let checkpoints = raws.iter().map(|raw| raw.place.checkpoint);
        self.partitions_create_at(checkpoints).await
    }

    /// Makes the parts in which these checkpoints will be.
    pub(super) async fn partitions_create_at(
        &self,
        checkpoints: impl Iterator<Item = u64>,
    ) -> Result<()> {
        let missing = self.partitions.missing(checkpoints);
        for number in missing {
            // Beyond what can be stored: the commit says so.
            if int("checkpoint", number.saturating_mul(PARTITION_CHECKPOINTS)).is_ok() {
                self.trying(|| self.partition_create(number)).await?;
            }
            self.partitions.created(number);
        }
        Ok(())
    }

    async fn partition_create(&self, number: u64) -> Result<()> {
        let mut tx = self.database.write().await?;
        if matches!(tx, Tx::Sqlite(_)) {
            return Ok(());
        }
        Lock::Partitions.take(&mut tx).await?;
        let name = format!("raw_transaction_p{number}");
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
