//! `FailedStore`: the write of a retry is that of a commit, with the mark of failure taken off.

use async_trait::async_trait;
use vigia_core::{BusinessFolder, Commit, Digest, Place, RawTransaction};

use super::codec::{self, int};
use super::commit::counter_subtract;
use super::read::row;
use super::{SqlStore, commit};
use crate::db::{Lock, Row, Tx, get, get_opt, query};
use crate::sql::sql;
use crate::{FailedRetry, FailedRow, FailedStore, FailedTransaction, Result};

#[async_trait]
impl FailedStore for SqlStore {
    async fn failed_list(&self, after: Option<Place>, limit: u32) -> Result<Vec<FailedRow>> {
        let (checkpoint, index): (i64, i64) = match after {
            None => (-1, -1),
            Some(place) => (int("checkpoint", place.checkpoint)?, place.index.into()),
        };
        let rows = query(sql!("failed_list"))
            .bind(checkpoint)
            .bind(index)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(from_row).collect()
    }

    async fn failed_find(&self, digest: &Digest) -> Result<Option<FailedTransaction>> {
        let row = query(sql!("failed_find"))
            .bind(digest.inner().to_vec())
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map(|row| {
            Ok(FailedTransaction {
                raw: row::raw_transaction(&row)?,
                discarded_at_ms: get_opt(&row, "discarded_at_ms")?,
            })
        })
        .transpose()
    }

    async fn failed_retry(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<FailedRetry> {
        match &commit.raw_transactions[..] {
            [raw] => self.trying(|| self.retry_once(raw, commit, folder)).await,
            _ => Ok(FailedRetry::NotFailed),
        }
    }

    async fn failed_discard(&self, digest: &Digest) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let discarded = query(sql!("failed_discard"))
            .bind(digest.inner().to_vec())
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        counter_subtract(&mut tx, "failed", discarded).await?;
        tx.commit().await?;
        Ok(discarded > 0)
    }
}

impl SqlStore {
    async fn retry_once(
        &self,
        raw: &RawTransaction,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<FailedRetry> {
        let mut tx = self.database.write().await?;
        Lock::WatchListShared.take(&mut tx).await?;
        let Some(was_discarded) = mark(&mut tx, raw).await? else {
            return Ok(FailedRetry::NotFailed);
        };
        if raw.processing_error.is_some() {
            tx.commit().await?;
            return Ok(FailedRetry::StillFailed);
        }
        let bounds = commit::Bounds::read(&mut tx, &[]).await?;
        let now_ms = self.clock.now_ms();
        let written = commit::write(&mut tx, commit, &bounds, folder, now_ms).await?;
        if !was_discarded {
            counter_subtract(&mut tx, "failed", 1).await?;
        }
        tx.commit().await?;
        self.signals.activity.raise(written.last_activity_id);
        if written.notifications > 0 {
            self.signals.notification.look();
        }
        Ok(FailedRetry::Resolved {
            activities_new: written.activities,
            notifications_new: written.notifications,
        })
    }
}

/// Sets or takes off the mark of failure; says whether it was discarded, or none where the transaction
/// is not failed.
async fn mark(tx: &mut Tx, raw: &RawTransaction) -> Result<Option<bool>> {
    let row = query(sql!("failed_mark"))
        .bind(int("checkpoint", raw.place.checkpoint)?)
        .bind(raw.place.index)
        .bind(raw.processing_error.clone())
        .fetch_optional(tx)
        .await?;
    row.map(|row| Ok(get_opt::<u64>(&row, "discarded_at_ms")?.is_some()))
        .transpose()
}

fn from_row(row: &Row) -> Result<FailedRow> {
    Ok(FailedRow {
        place: codec::place(row)?,
        digest: get(row, "digest")?,
        timestamp_ms: get(row, "timestamp_ms")?,
        error: get(row, "processing_error")?,
    })
}
