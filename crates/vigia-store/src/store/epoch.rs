//! `EpochStore`: one row an epoch, a few hundred a year.

use async_trait::async_trait;
use vigia_core::EpochInfo;

use super::SqlStore;
use super::codec::int;
use crate::db::{Row, Tx, get, get_opt, query};
use crate::epoch::EPOCHS_MAX;
use crate::sql::sql;
use crate::{EpochStore, Result};

#[async_trait]
impl EpochStore for SqlStore {
    async fn epoch_record(&self, epochs: &[EpochInfo]) -> Result<()> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        for row in epochs {
            query(sql!("epoch_record"))
                .bind(int("epoch", row.epoch)?)
                .bind(int_opt("start of the epoch", row.start_ms)?)
                .bind(int_opt("end of the epoch", row.end_ms)?)
                .bind(int_opt("first checkpoint", row.first_checkpoint)?)
                .bind(int_opt("last checkpoint", row.last_checkpoint)?)
                .bind(int_opt("gas price", row.reference_gas_price)?)
                .bind(int_opt("protocol version", row.protocol_version)?)
                .bind(int_opt("committee", row.committee_members)?)
                .bind(now_ms)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await
    }

    async fn epoch_list(&self, limit: u32) -> Result<Vec<EpochInfo>> {
        list(&mut self.database.read().await?, limit).await
    }
}

/// The newest epochs, newest first.
pub(super) async fn list(tx: &mut Tx, limit: u32) -> Result<Vec<EpochInfo>> {
    let rows = query(sql!("epoch_list"))
        .bind(limit.min(EPOCHS_MAX))
        .fetch_all(tx)
        .await?;
    rows.iter().map(from_row).collect()
}

pub(super) fn int_opt(what: &'static str, value: Option<u64>) -> Result<Option<i64>> {
    value.map(|value| int(what, value)).transpose()
}

fn from_row(row: &Row) -> Result<EpochInfo> {
    Ok(EpochInfo {
        epoch: get(row, "epoch")?,
        start_ms: get_opt(row, "start_ms")?,
        end_ms: get_opt(row, "end_ms")?,
        first_checkpoint: get_opt(row, "first_checkpoint")?,
        last_checkpoint: get_opt(row, "last_checkpoint")?,
        reference_gas_price: get_opt(row, "reference_gas_price")?,
        protocol_version: get_opt(row, "protocol_version")?,
        committee_members: get_opt(row, "committee_members")?,
    })
}
