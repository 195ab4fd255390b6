//! `ScheduleStore`: ticks by compare-and-set, outcomes under a fence.

use async_trait::async_trait;
use vigia_core::{Fence, MissedPolicy};

use super::SqlStore;
use super::codec::int;
use super::lease;
use crate::db::{Row, get, get_opt, parsed, query};
use crate::schedule::schedule_lease;
use crate::sql::sql;
use crate::{Result, ScheduleRow, ScheduleRun, ScheduleSpec, ScheduleStore};

#[async_trait]
impl ScheduleStore for SqlStore {
    async fn schedule_declare(&self, spec: &ScheduleSpec) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("schedule_declare"))
            .bind(&*spec.name)
            .bind(&*spec.pattern)
            .bind(&*spec.time_zone)
            .bind(missed_word(spec.missed))
            .bind(time_opt(spec.next_at_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn schedule_list(&self) -> Result<Vec<ScheduleRow>> {
        let rows = query(sql!("schedule_list"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(from_row).collect()
    }

    async fn schedule_fire(
        &self,
        name: &str,
        expected_ms: u64,
        next_ms: Option<u64>,
        tick_ms: Option<u64>,
    ) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let fired = query(sql!("schedule_fire"))
            .bind(name)
            .bind(int("time", expected_ms)?)
            .bind(time_opt(next_ms)?)
            .bind(time_opt(tick_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(fired > 0)
    }

    async fn schedule_finish(&self, name: &str, fence: Fence, run: &ScheduleRun) -> Result<bool> {
        let mut tx = self.database.write().await?;
        if !lease::hold(&mut tx, &schedule_lease(name), fence).await? {
            return Ok(false);
        }
        let finished = query(sql!("schedule_finish"))
            .bind(name)
            .bind(time_opt(run.tick_ms)?)
            .bind(int("time", self.clock.now_ms())?)
            .bind(int("fence", fence.0)?)
            .bind(run.outcome.as_ref().ok().cloned())
            .bind(run.outcome.as_ref().err().cloned())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(finished > 0)
    }

    async fn schedule_pause(&self, name: &str, paused: bool) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let changed = query(sql!("schedule_pause"))
            .bind(name)
            .bind(paused)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(changed > 0)
    }
}

fn time_opt(time_ms: Option<u64>) -> Result<Option<i64>> {
    time_ms.map(|time_ms| int("time", time_ms)).transpose()
}

fn from_row(row: &Row) -> Result<ScheduleRow> {
    Ok(ScheduleRow {
        name: get(row, "name")?,
        pattern: get(row, "pattern")?,
        time_zone: get(row, "time_zone")?,
        missed: parsed("missed", missed_policy(&get::<String>(row, "missed")?))?,
        paused: get(row, "paused")?,
        next_at_ms: get_opt(row, "next_at_ms")?,
        last_at_ms: get_opt(row, "last_at_ms")?,
        unfinished: get(row, "unfinished")?,
        last_finished_at_ms: get_opt(row, "last_finished_at_ms")?,
        last_result: get_opt(row, "last_result")?,
        last_error: get_opt(row, "last_error")?,
    })
}

fn missed_word(missed: MissedPolicy) -> &'static str {
    match missed {
        MissedPolicy::Skip => "skip",
        MissedPolicy::Once => "once",
        MissedPolicy::All => "all",
    }
}

fn missed_policy(word: &str) -> std::result::Result<MissedPolicy, String> {
    match word {
        "skip" => Ok(MissedPolicy::Skip),
        "once" => Ok(MissedPolicy::Once),
        "all" => Ok(MissedPolicy::All),
        other => Err(format!("{other:?} is no policy")),
    }
}
