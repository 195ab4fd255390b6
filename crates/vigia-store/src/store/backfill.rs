//! `BackfillStore`: rows that say what history is still to be fetched.

use async_trait::async_trait;
use vigia_core::{Digest, day_of};

use super::codec::int;
use super::{SqlStore, lease, ranges};
use crate::db::{Query, Row, Tx, get, get_opt, parsed, query};
use crate::sql::{Sql, sql};
use crate::{
    AddressHistory, BackfillBatch, BackfillGuard, BackfillOutcome, BackfillRow, BackfillSpan,
    BackfillState, BackfillStore, BackfillTask, RangeProgress, Result,
};

#[async_trait]
impl BackfillStore for SqlStore {
    async fn backfill_next(&self, limit: u32) -> Result<Option<BackfillBatch>> {
        let mut tx = self.database.read().await?;
        let live_first = ranges::live_first(&mut tx).await?.unwrap_or(0);
        let running = query(sql!("backfill_running"))
            .bind(int("time", self.clock.now_ms())?)
            .fetch_all(&mut tx)
            .await?;
        if let Some(first) = running.first() {
            return Ok(Some(BackfillBatch {
                id: get(first, "batch")?,
                tasks: running
                    .iter()
                    .map(|row| task(row, live_first))
                    .collect::<Result<_>>()?,
                span: Some(BackfillSpan {
                    from: get(first, "from_checkpoint")?,
                    position: get(first, "position")?,
                    to_exclusive: get(first, "to_exclusive")?,
                }),
            }));
        }
        let Some(watermark) = ranges::watermark(&mut tx).await? else {
            return Ok(None);
        };
        let waiting = query(sql!("backfill_waiting"))
            .bind(int("checkpoint", watermark.checkpoint + 1)?)
            .bind(limit)
            .fetch_all(&mut tx)
            .await?;
        let tasks: Vec<BackfillTask> = waiting
            .iter()
            .map(|row| task(row, live_first))
            .collect::<Result<_>>()?;
        Ok(tasks
            .first()
            .map(|first| first.watch_id)
            .map(|id| BackfillBatch {
                id,
                tasks,
                span: None,
            }))
    }

    async fn backfill_settle(&self, guard: &BackfillGuard, limit: u32) -> Result<u64> {
        let Some(mut tx) = self.backfill_held(guard).await? else {
            return Ok(0);
        };
        let settled = query(sql!("backfill_settle"))
            .bind(int("time", self.clock.now_ms())?)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(settled)
    }

    async fn backfill_begin(
        &self,
        guard: &BackfillGuard,
        batch: &BackfillBatch,
        from: u64,
        to_exclusive: u64,
    ) -> Result<bool> {
        let Some(mut tx) = self.backfill_held(guard).await? else {
            return Ok(false);
        };
        for task in &batch.tasks {
            query(sql!("backfill_begin"))
                .bind(task.watch_id)
                .bind(batch.id)
                .bind(int("checkpoint", from)?)
                .bind(int("checkpoint", to_exclusive)?)
                .bind(int("time", self.clock.now_ms())?)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn backfill_progress(
        &self,
        guard: &BackfillGuard,
        batch: i64,
        position: u64,
        requests: u64,
    ) -> Result<bool> {
        let change = batch_change(sql!("backfill_progress"), batch)
            .bind(int("checkpoint", position)?)
            .bind(int("requests", requests)?);
        self.backfill_change(guard, change, requests).await
    }

    async fn backfill_postpone(
        &self,
        guard: &BackfillGuard,
        batch: i64,
        reason: &str,
        retry_at_ms: u64,
        requests: u64,
    ) -> Result<bool> {
        let change = batch_change(sql!("backfill_postpone"), batch)
            .bind(reason)
            .bind(int("time", retry_at_ms)?)
            .bind(int("requests", requests)?);
        self.backfill_change(guard, change, requests).await
    }

    async fn backfill_finish(
        &self,
        guard: &BackfillGuard,
        batch: i64,
        outcome: &BackfillOutcome,
    ) -> Result<bool> {
        let from = outcome.complete_from;
        let change = batch_change(sql!("backfill_finish"), batch)
            .bind(outcome.state.as_str())
            .bind(from.map(|from| int("checkpoint", from)).transpose()?)
            .bind(outcome.reason.clone());
        self.backfill_change(guard, change, 0).await
    }

    async fn backfill_reopen(&self) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let reopened = query(sql!("backfill_reopen"))
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(reopened)
    }

    async fn backfill_requests(&self, day: u64) -> Result<u64> {
        let row = query(sql!("backfill_requests"))
            .bind(int("day", day)?)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map_or(Ok(0), |row| get(&row, "requests"))
    }

    async fn backfill_counts(&self) -> Result<Vec<(BackfillState, u64)>> {
        let rows = query(sql!("backfill_counts"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let count = |row: &Row| Ok((state(row)?, get(row, "addresses")?));
        let mut counts: Vec<_> = rows.iter().map(count).collect::<Result<_>>()?;
        counts.sort_unstable();
        Ok(counts)
    }

    async fn backfill_list(&self, limit: u32) -> Result<Vec<BackfillRow>> {
        let mut tx = self.database.read().await?;
        let batches = query(sql!("backfill_batches"))
            .bind(limit)
            .fetch_all(&mut tx)
            .await?;
        let ranges = query(sql!("backfill_ranges"))
            .bind(limit)
            .fetch_all(&mut tx)
            .await?;
        let batches = batches.iter().map(|row| {
            Ok(BackfillRow {
                addresses: Some(get(row, "addresses")?),
                from: get(row, "from_checkpoint")?,
                position: get(row, "position")?,
                to_exclusive: get(row, "to_exclusive")?,
                reason: get_opt(row, "reason")?,
            })
        });
        let ranges = ranges.iter().map(|row| {
            let to_inclusive: u64 = get(row, "to_checkpoint")?;
            Ok(BackfillRow {
                addresses: None,
                from: get(row, "from_checkpoint")?,
                position: get(row, "position")?,
                to_exclusive: to_inclusive.saturating_add(1),
                reason: None,
            })
        });
        batches.chain(ranges).collect()
    }

    async fn backfill_range_find(
        &self,
        from: u64,
        to_inclusive: u64,
    ) -> Result<Option<RangeProgress>> {
        let row = query(sql!("backfill_range_find"))
            .bind(int("checkpoint", from)?)
            .bind(int("checkpoint", to_inclusive)?)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map(|row| {
            Ok(RangeProgress {
                position: get(&row, "position")?,
                last_digest: get_opt::<Digest>(&row, "last_digest")?,
                watch_version: get(&row, "watch_version")?,
            })
        })
        .transpose()
    }

    async fn backfill_range_record(
        &self,
        from: u64,
        to_inclusive: u64,
        progress: &RangeProgress,
    ) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("backfill_range_record"))
            .bind(int("checkpoint", from)?)
            .bind(int("checkpoint", to_inclusive)?)
            .bind(int("checkpoint", progress.position)?)
            .bind(progress.last_digest.map(|digest| digest.inner().to_vec()))
            .bind(int("watch-list version", progress.watch_version)?)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn backfill_range_finish(&self, from: u64, to_inclusive: u64) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("backfill_range_finish"))
            .bind(int("checkpoint", from)?)
            .bind(int("checkpoint", to_inclusive)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}

impl SqlStore {
    /// A transaction in which the lease stays held; none where it is another's.
    async fn backfill_held(&self, guard: &BackfillGuard) -> Result<Option<Tx>> {
        let mut tx = self.database.write().await?;
        let held = lease::hold(&mut tx, &guard.lease, guard.fence).await?;
        Ok(held.then_some(tx))
    }

    /// Runs a change of a batch, whose last parameter is the time.
    async fn backfill_change(
        &self,
        guard: &BackfillGuard,
        change: Query,
        requests: u64,
    ) -> Result<bool> {
        let Some(mut tx) = self.backfill_held(guard).await? else {
            return Ok(false);
        };
        let now_ms = self.clock.now_ms();
        change.bind(int("time", now_ms)?).execute(&mut tx).await?;
        if requests > 0 {
            query(sql!("backfill_usage_add"))
                .bind(int("day", day_of(now_ms))?)
                .bind(int("requests", requests)?)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// The addresses that a version of the list added wait for their history.
pub(super) async fn register(tx: &mut Tx, version: i64, now_ms: i64) -> Result<()> {
    query(sql!("backfill_register"))
        .bind(version)
        .bind(now_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Those that a version ended do not any more.
pub(super) async fn end(tx: &mut Tx, version: i64) -> Result<()> {
    query(sql!("backfill_end"))
        .bind(version)
        .execute(tx)
        .await?;
    Ok(())
}

/// The history that a row of a watch has beside it.
pub(super) fn history(row: &Row) -> Result<Option<AddressHistory>> {
    let there: Option<String> = get_opt(row, "state")?;
    if there.is_none() {
        return Ok(None);
    }
    let position: Option<u64> = get_opt(row, "position")?;
    Ok(Some(AddressHistory {
        state: state(row)?,
        complete_from: get_opt(row, "complete_from")?,
        position: position.zip(get_opt(row, "to_exclusive")?),
        reason: get_opt(row, "reason")?,
        requests: get(row, "requests")?,
    }))
}

fn batch_change(sql: Sql, batch: i64) -> Query {
    query(sql).bind(batch)
}

fn state(row: &Row) -> Result<BackfillState> {
    let word: String = get(row, "state")?;
    parsed("state of a backfill", word.parse())
}

/// One that was added before there was a live lane is live from its beginning on.
fn task(row: &Row, live_first: u64) -> Result<BackfillTask> {
    let live_from: u64 = get(row, "live_from")?;
    Ok(BackfillTask {
        watch_id: get(row, "watch_id")?,
        address: get(row, "target")?,
        live_from: live_from.max(live_first),
    })
}
