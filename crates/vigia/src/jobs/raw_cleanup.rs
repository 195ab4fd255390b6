//! Removes raw transactions that are older than their retention. What they meant stays.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vigia_core::Clock;
use vigia_store::{RetentionStore, StoreError, Swept};

use super::{Job, JobDone};
use crate::config::WorkSettings;

const DAY_MS: u64 = 86_400_000;
/// Pause between two steps, in which commits get their turn at the database.
const STEP_PAUSE: Duration = Duration::from_millis(20);
/// Times a step is tried that finds the database busy.
const STEP_TRIES_MAX: u32 = 5;
/// How long a busy database is left alone.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// The job `raw_cleanup`.
pub struct RawCleanup {
    store: Arc<dyn RetentionStore>,
    clock: Arc<dyn Clock>,
    retention_days: u64,
    step_transactions_max: u32,
    pattern: String,
    time_zone: String,
}

impl RawCleanup {
    /// Cleans up `store` as `[work]` says.
    pub fn new(
        settings: &WorkSettings,
        store: Arc<dyn RetentionStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            clock,
            retention_days: settings.retention_days,
            step_transactions_max: settings.cleanup_transactions_max,
            pattern: settings.cleanup_schedule.clone(),
            time_zone: settings.cleanup_time_zone.clone(),
        }
    }

    async fn sweep(&self) -> Result<Swept, StoreError> {
        let mut tries = 1;
        loop {
            match self.store.retention_sweep(self.step_transactions_max).await {
                Err(error) if error.is_transient() && tries < STEP_TRIES_MAX => {
                    tries += 1;
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                swept => return swept,
            }
        }
    }
}

#[async_trait]
impl Job for RawCleanup {
    fn name(&self) -> &'static str {
        "raw_cleanup"
    }

    fn pattern(&self) -> &str {
        &self.pattern
    }

    fn time_zone(&self) -> &str {
        &self.time_zone
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        if self.retention_days == 0 {
            return Ok(JobDone::unchanged("raw transactions are kept for ever"));
        }
        let kept_ms = self.retention_days.saturating_mul(DAY_MS);
        let before_ms = self.clock.now_ms().saturating_sub(kept_ms);
        let horizon = self.store.retention_raise(before_ms).await?;
        let (mut transactions, mut parts) = (0, 0);
        loop {
            let swept = self.sweep().await?;
            transactions += swept.transactions;
            parts += swept.parts;
            if swept.is_done {
                break;
            }
            tokio::time::sleep(STEP_PAUSE).await;
        }
        let whole = match parts {
            0 => String::new(),
            parts => format!(", {parts} parts of the table as a whole"),
        };
        Ok(JobDone {
            words: format!(
                "removed {transactions} raw transactions below checkpoint {horizon}{whole}"
            ),
            changed: transactions > 0 || parts > 0,
        })
    }
}
