//! Alerts for those who run no Prometheus: what is wrong with the whole system is told to a webhook, to Slack or to Telegram, once when
//! it begins and once when it is over; and somebody else is told at every look that vigia is alive.

mod conditions;
mod tell;

use std::sync::Arc;

use vigia_core::Clock;
use vigia_store::{AlertRow, SourceStore, Store};

pub use self::conditions::{Condition, Facts, Limits, conditions};
pub use self::tell::{Channel, Heartbeat};
use crate::pipeline::Trouble;
use crate::processes::GONE_AFTER_MS;

/// Looks for what is wrong and tells it.
pub struct Alarm<S> {
    store: Arc<S>,
    clock: Arc<dyn Clock>,
    channels: Vec<Channel>,
    heartbeat: Option<Heartbeat>,
    limits: Limits,
    /// After how long operators are told again of what is not over; never where it is 0.
    again_after_ms: u64,
    source: String,
    trouble: Trouble,
}

/// What a look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Alerts that are not over.
    pub open: usize,
    /// Messages that were sent.
    pub told: usize,
}

impl<S: Store + SourceStore> Alarm<S> {
    /// Tells over `channels`; the accounts' source that is looked at is called `source`.
    pub fn new(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        (channels, heartbeat): (Vec<Channel>, Option<Heartbeat>),
        limits: Limits,
        again_after_ms: u64,
        source: String,
    ) -> Self {
        Self {
            store,
            clock,
            channels,
            heartbeat,
            limits,
            again_after_ms,
            source,
            trouble: Trouble::new("cannot tell operators what is wrong"),
        }
    }

    /// Looks once. What could not be told over any channel is told at the next look.
    pub async fn look(&self) -> anyhow::Result<Looked> {
        let now_ms = self.clock.now_ms();
        let facts = facts(&*self.store, &self.source, now_ms).await?;
        let conditions = conditions(&facts, &self.limits);
        if let Some(heartbeat) = &self.heartbeat {
            let is_well = !conditions.iter().any(Condition::is_standstill);
            self.say(heartbeat.beat(is_well).await);
        }
        let known = self.store.alert_list().await?;
        let mut told = 0;
        for condition in &conditions {
            let before = known.iter().find(|row| row.name == condition.name);
            let is_due = before.is_none_or(|row| {
                let age_ms = now_ms.saturating_sub(row.told_at_ms);
                self.again_after_ms > 0 && age_ms >= self.again_after_ms
            });
            if !is_due
                || !self
                    .tell(condition.name, true, &condition.words, now_ms)
                    .await
            {
                continue;
            }
            let row = AlertRow {
                name: condition.name.to_owned(),
                words: condition.words.clone(),
                since_ms: before.map_or(now_ms, |row| row.since_ms),
                told_at_ms: now_ms,
            };
            self.store.alert_record(&row).await?;
            told += 1;
        }
        for row in &known {
            let is_over = !conditions.iter().any(|found| found.name == row.name);
            if is_over && self.tell(&row.name, false, &row.words, now_ms).await {
                self.store.alert_end(&row.name).await?;
                told += 1;
            }
        }
        Ok(Looked {
            open: conditions.len(),
            told,
        })
    }

    /// Whether anybody was told.
    async fn tell(&self, name: &str, is_firing: bool, words: &str, now_ms: u64) -> bool {
        let mut is_told = false;
        for channel in &self.channels {
            let sent = channel.send(name, is_firing, words, now_ms).await;
            is_told |= sent.is_ok();
            self.say(sent);
        }
        is_told
    }

    fn say(&self, sent: Result<(), String>) {
        match sent {
            Ok(()) => self.trouble.well(),
            Err(problem) => self.trouble.failing_as(problem),
        }
    }
}

/// What is known of the whole system; the accounts' source is called `source`.
pub async fn facts<S: Store + SourceStore>(
    store: &S,
    source: &str,
    now_ms: u64,
) -> anyhow::Result<Facts> {
    let status = store.status().await?;
    let source = store.source_report(source).await?;
    let gone_ms = now_ms.saturating_sub(GONE_AFTER_MS);
    Ok(Facts {
        watermark_at_ms: status.watermark.map(|mark| mark.timestamp_ms),
        failed: status.failed,
        differing: store.balance_counts().await?.differs,
        backlog: store.outbox_backlog().await?,
        providers: store.provider_list().await?,
        processes: store.process_list(gone_ms).await?,
        source_failing: source.and_then(|report| report.failing),
        now_ms,
    })
}
