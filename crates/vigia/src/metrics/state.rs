//! What the database knows of the whole system: the same from each process that tells it.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use vigia_store::{BalanceState, RECONCILED_WITHIN_MS, Result, Store};

use super::seconds;

/// How old figures may be that are told again: whoever asks without end must not cost the database anything.
const KEPT_MS: u64 = 1_000;
/// How old a process's word about its providers may be.
const PROVIDERS_WITHIN_MS: u64 = 60_000;

type Seconds = Gauge<f64, AtomicU64>;

/// Figures of the whole system.
#[derive(Debug, Default)]
pub(super) struct StateMetrics {
    watermark: Gauge,
    tip: Gauge,
    lag: Gauge,
    lag_seconds: Seconds,
    gaps: Gauge,
    failed: Gauge,
    unread: Gauge,
    watched: Family<KindLabel, Gauge>,
    balances: Family<StateLabel, Gauge>,
    watch: [Family<PollerLabel, Gauge>; 3],
    watch_age: Family<PollerLabel, Seconds>,
    outbox: Family<OutboxLabel, Gauge>,
    outbox_age: Family<ChannelLabel, Seconds>,
    usable: Family<ProviderLabel, Gauge>,
    provider_tip: Family<ProviderLabel, Gauge>,
    provider_latency: Family<ProviderLabel, Seconds>,
    schedules: Family<ScheduleLabel, Gauge>,
    schedule_ended: Family<ScheduleLabel, Seconds>,
    read_at_ms: Mutex<Option<u64>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PollerLabel {
    poller: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ChannelLabel {
    channel: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutboxLabel {
    channel: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabel {
    process: String,
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ScheduleLabel {
    schedule: String,
}

impl StateMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for (name, help, gauge) in [
            (
                "vigia_watermark_checkpoint",
                "Checkpoint up to which everything is committed",
                &metrics.watermark,
            ),
            (
                "vigia_tip_checkpoint",
                "Newest checkpoint that is known of",
                &metrics.tip,
            ),
            (
                "vigia_lag_checkpoints",
                "Checkpoints between the watermark and the tip",
                &metrics.lag,
            ),
            (
                "vigia_gap_checkpoints",
                "Checkpoints that are missing below the newest committed one, of the first gaps",
                &metrics.gaps,
            ),
            (
                "vigia_failed_transactions",
                "Transactions that could not be interpreted",
                &metrics.failed,
            ),
            (
                "vigia_unread_amounts",
                "Activities with an amount that could not be told",
                &metrics.unread,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "vigia_lag_seconds",
            "How long ago the checkpoint of the watermark was made, by its own time",
            metrics.lag_seconds.clone(),
        );
        registry.register(
            "vigia_watched",
            "Targets of the watch list, by kind: address, or contract (coins count among them)",
            metrics.watched.clone(),
        );
        registry.register(
            "vigia_balances",
            "Addresses whose balances are kept, by state: waiting, known or differs",
            metrics.balances.clone(),
        );
        let [entries, missing, extra] = &metrics.watch;
        for (name, help, family) in [
            (
                "vigia_watch_entries",
                "Targets in the database's watch list when the poller last compared",
                entries,
            ),
            (
                "vigia_watch_missing",
                "Targets that the poller did not have in memory then; they were repaired",
                missing,
            ),
            (
                "vigia_watch_extra",
                "Targets that the poller had in memory and the database did not; they were repaired",
                extra,
            ),
        ] {
            registry.register(name, help, family.clone());
        }
        registry.register(
            "vigia_watch_compared_age_seconds",
            "How long ago the poller last compared",
            metrics.watch_age.clone(),
        );
        registry.register(
            "vigia_outbox",
            "Deliveries by channel (webhook, fcm, apns, web) and state: pending, or dead",
            metrics.outbox.clone(),
        );
        registry.register(
            "vigia_outbox_oldest_seconds",
            "How long ago the oldest pending delivery of a channel was due",
            metrics.outbox_age.clone(),
        );
        registry.register(
            "vigia_provider_usable",
            "Whether the process could read from the provider: 1 or 0",
            metrics.usable.clone(),
        );
        registry.register(
            "vigia_provider_tip_checkpoint",
            "Newest checkpoint of the provider, as the process last heard",
            metrics.provider_tip.clone(),
        );
        registry.register(
            "vigia_provider_latency_seconds",
            "How long the provider takes to answer the process",
            metrics.provider_latency.clone(),
        );
        registry.register(
            "vigia_schedule_failing",
            "Whether the job failed when it was last done: 1 or 0",
            metrics.schedules.clone(),
        );
        registry.register(
            "vigia_schedule_ended_age_seconds",
            "How long ago the job last ended",
            metrics.schedule_ended.clone(),
        );
        metrics
    }

    /// Reads what there is now, unless that was done just before.
    pub(super) async fn refresh(&self, store: &dyn Store, now_ms: u64) -> Result<()> {
        let mut read_at_ms = self.read_at_ms.lock().await;
        if read_at_ms.is_some_and(|at_ms| now_ms.abs_diff(at_ms) < KEPT_MS) {
            return Ok(());
        }
        self.chain(store, now_ms).await?;
        self.watched(store).await?;
        self.told(store, now_ms).await?;
        self.around(store, now_ms).await?;
        *read_at_ms = Some(now_ms);
        Ok(())
    }

    async fn chain(&self, store: &dyn Store, now_ms: u64) -> Result<()> {
        let status = store.status().await?;
        let watermark = status.watermark;
        set(&self.watermark, watermark.map_or(0, |mark| mark.checkpoint));
        set(&self.tip, status.tip().unwrap_or(0));
        set(&self.lag, status.lag_checkpoints().unwrap_or(0));
        let age_ms = watermark.map(|mark| now_ms.saturating_sub(mark.timestamp_ms));
        self.lag_seconds.set(seconds(age_ms.unwrap_or(0)));
        let gaps = store.gap_list(GAPS_MAX).await?;
        let missing = gaps.iter().map(|(from, to)| to - from + 1).sum();
        set(&self.gaps, missing);
        set(&self.failed, status.failed);
        set(&self.unread, status.unread);
        for (kind, number) in [
            ("address", status.watched_addresses),
            ("contract", status.watched_contracts),
        ] {
            set(&self.watched.get_or_create(&KindLabel { kind }), number);
        }
        Ok(())
    }

    async fn watched(&self, store: &dyn Store) -> Result<()> {
        let counts = store.balance_counts().await?;
        for (state, number) in [
            (BalanceState::Waiting, counts.waiting),
            (BalanceState::Known, counts.known),
            (BalanceState::Differs, counts.differs),
        ] {
            let state = state.as_str();
            set(&self.balances.get_or_create(&StateLabel { state }), number);
        }
        // A poller that is gone is told no more.
        self.watch.iter().for_each(Family::clear);
        self.watch_age.clear();
        for (found, age_ms) in store.watch_reconciliations(RECONCILED_WITHIN_MS).await? {
            let label = PollerLabel {
                poller: found.holder.clone(),
            };
            let numbers = [found.entries, found.missing, found.extra];
            for (family, number) in self.watch.iter().zip(numbers) {
                set(&family.get_or_create(&label), number);
            }
            self.watch_age.get_or_create(&label).set(seconds(age_ms));
        }
        Ok(())
    }

    async fn told(&self, store: &dyn Store, now_ms: u64) -> Result<()> {
        self.outbox.clear();
        self.outbox_age.clear();
        for row in store.outbox_backlog().await? {
            let age_ms = row
                .oldest_due_ms
                .map(|due_ms| now_ms.saturating_sub(due_ms));
            let channel = row.channel;
            for (state, number) in [("pending", row.pending), ("dead", row.dead)] {
                let label = OutboxLabel {
                    channel: channel.clone(),
                    state,
                };
                set(&self.outbox.get_or_create(&label), number);
            }
            let label = ChannelLabel { channel };
            let gauge = self.outbox_age.get_or_create(&label);
            gauge.set(seconds(age_ms.unwrap_or(0)));
        }
        Ok(())
    }

    async fn around(&self, store: &dyn Store, now_ms: u64) -> Result<()> {
        self.usable.clear();
        self.provider_tip.clear();
        self.provider_latency.clear();
        for row in store.provider_list().await? {
            if now_ms.saturating_sub(row.at_ms) > PROVIDERS_WITHIN_MS {
                continue;
            }
            let label = ProviderLabel {
                process: row.holder,
                provider: row.provider,
            };
            let usable = self.usable.get_or_create(&label);
            set(&usable, u64::from(row.is_usable));
            drop(usable);
            if let Some(tip) = row.tip {
                set(&self.provider_tip.get_or_create(&label), tip);
            }
            if let Some(latency_ms) = row.latency_ms {
                let gauge = self.provider_latency.get_or_create(&label);
                gauge.set(seconds(latency_ms));
            }
        }
        self.schedules.clear();
        self.schedule_ended.clear();
        for row in store.schedule_list().await? {
            let label = ScheduleLabel { schedule: row.name };
            let failing = u64::from(row.last_error.is_some());
            set(&self.schedules.get_or_create(&label), failing);
            if let Some(at_ms) = row.last_finished_at_ms {
                let gauge = self.schedule_ended.get_or_create(&label);
                gauge.set(seconds(now_ms.saturating_sub(at_ms)));
            }
        }
        Ok(())
    }
}

/// Gaps that are looked at.
const GAPS_MAX: u32 = 100;

fn set(gauge: &Gauge, number: u64) {
    gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
}

#[cfg(test)]
impl StateMetrics {
    /// Has something in each family, as a system that runs has.
    pub(super) fn touch(&self) {
        let text = String::new;
        let poller = PollerLabel { poller: text() };
        let _ = self.watched.get_or_create(&KindLabel { kind: "address" });
        let _ = self.balances.get_or_create(&StateLabel { state: "known" });
        self.watch
            .iter()
            .for_each(|family| drop(family.get_or_create(&poller)));
        let _ = self.watch_age.get_or_create(&poller);
        let (channel, state) = (text(), "dead");
        let _ = self.outbox.get_or_create(&OutboxLabel { channel, state });
        let _ = self
            .outbox_age
            .get_or_create(&ChannelLabel { channel: text() });
        let (process, provider) = (text(), text());
        let provider = ProviderLabel { process, provider };
        let _ = self.usable.get_or_create(&provider);
        let _ = self.provider_tip.get_or_create(&provider);
        let _ = self.provider_latency.get_or_create(&provider);
        let schedule = ScheduleLabel { schedule: text() };
        let _ = self.schedules.get_or_create(&schedule);
        let _ = self.schedule_ended.get_or_create(&schedule);
    }
}
