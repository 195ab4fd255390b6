//! `AuditStore`: reads alone.

use async_trait::async_trait;
use vigia_core::RawTransaction;

use super::codec::{self, int};
use super::read::row;
use super::{SqlStore, retention};
use crate::db::{Row, get, get_opt, query};
use crate::sql::sql;
use crate::{AuditStore, CompletedRange, Result, WatchSpan};

#[async_trait]
impl AuditStore for SqlStore {
    async fn audit_ranges(&self, from: u64, to_inclusive: u64) -> Result<Vec<CompletedRange>> {
        let rows = query(sql!("audit_ranges"))
            .bind(int("checkpoint", from)?)
            .bind(int("checkpoint", to_inclusive)?)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let range = |row: &Row| {
            Ok(CompletedRange {
                from: get(row, "lo")?,
                to_inclusive: get(row, "hi")?,
                digest: get(row, "hi_digest")?,
            })
        };
        rows.iter().map(range).collect()
    }

    async fn audit_watches(&self, after_id: i64, limit: u32) -> Result<Vec<WatchSpan>> {
        let rows = query(sql!("audit_watches"))
            .bind(after_id)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let span = |row: &Row| {
            Ok(WatchSpan {
                id: get(row, "id")?,
                target: codec::watch_target(row)?,
                from: get(row, "from_checkpoint")?,
                to_exclusive: get_opt(row, "live_to")?,
            })
        };
        rows.iter().map(span).collect()
    }

    async fn audit_transactions(
        &self,
        from: u64,
        to_inclusive: u64,
    ) -> Result<Vec<RawTransaction>> {
        let rows = query(sql!("audit_transactions"))
            .bind(int("checkpoint", from)?)
            .bind(int("checkpoint", to_inclusive)?)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(row::raw_transaction).collect()
    }

    async fn audit_horizon(&self) -> Result<u64> {
        retention::horizon(&mut self.database.read().await?).await
    }
}
