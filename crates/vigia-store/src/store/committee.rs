//! `CommitteeStore`: one row an epoch, written once.

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use crate::committee::COMMITTEES_MAX;
use crate::db::{Row, Tx, get, get_opt, query};
use crate::sql::sql;
use crate::{CommitteeRow, CommitteeStore, Result, StoreError};

#[async_trait]
impl CommitteeStore for SqlStore {
    async fn committee_add(&self, rows: &[CommitteeRow]) -> Result<()> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        for row in rows {
            add(&mut tx, row, now_ms).await?;
        }
        tx.commit().await
    }

    async fn committee_list(&self, from: u64, limit: u32) -> Result<Vec<CommitteeRow>> {
        // Beyond what the database can hold there is nothing.
        let Ok(from) = i64::try_from(from) else {
            return Ok(Vec::new());
        };
        let mut tx = self.database.read().await?;
        let rows = query(sql!("committee_list"))
            .bind(from)
            .bind(limit.min(COMMITTEES_MAX))
            .fetch_all(&mut tx)
            .await?;
        rows.iter().map(from_row).collect()
    }

    async fn committee_root(&self, epoch: u64) -> Result<Option<CommitteeRow>> {
        let epoch = i64::try_from(epoch).unwrap_or(i64::MAX);
        let mut tx = self.database.read().await?;
        let row = query(sql!("committee_root"))
            .bind(epoch)
            .fetch_optional(&mut tx)
            .await?;
        row.as_ref().map(from_row).transpose()
    }
}

async fn add(tx: &mut Tx, row: &CommitteeRow, now_ms: i64) -> Result<()> {
    let epoch = int("epoch", row.epoch)?;
    query(sql!("committee_add"))
        .bind(epoch)
        .bind(row.committee_bcs.clone())
        .bind(row.summary_bcs.clone())
        .bind(row.source.clone())
        .bind(now_ms)
        .execute(tx)
        .await?;
    let there = query(sql!("committee_find")).bind(epoch);
    let there = there.fetch_one(tx).await?;
    let known: Vec<u8> = get(&there, "committee_bcs")?;
    if known != row.committee_bcs {
        return Err(StoreError::TwoCommittees { epoch: row.epoch });
    }
    Ok(())
}

fn from_row(row: &Row) -> Result<CommitteeRow> {
    Ok(CommitteeRow {
        epoch: get(row, "epoch")?,
        committee_bcs: get(row, "committee_bcs")?,
        summary_bcs: get_opt(row, "summary_bcs")?,
        source: get(row, "source")?,
    })
}
