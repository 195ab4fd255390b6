//! The state of the system.

use std::time::Duration;

use async_graphql::SimpleObject;
use tokio::sync::Mutex;
use tokio::time::Instant;
use vigia_core::EpochInfo;
use vigia_store::{BackfillState, ProviderRow, ShardRow, StatusReport, Store, StoreError};

use super::address::HistoryCount;
use super::scalar::UInt53;

/// The state of the system. Counts, the provider and shards are for the operator; others get null.
#[derive(SimpleObject)]
pub(super) struct Status {
    /// The chain, as the base58 digest of its genesis checkpoint; null until a provider was heard.
    chain_id: Option<String>,
    /// Public name of the chain, where it has one: mainnet, testnet.
    chain_name: Option<&'static str>,
    /// First checkpoint that is followed live.
    first_checkpoint: Option<UInt53>,
    /// Highest checkpoint such that it and all before it are committed; null is not checkpoint 0.
    watermark: Option<UInt53>,
    /// Time of that checkpoint, in milliseconds since 1970.
    watermark_timestamp_ms: Option<UInt53>,
    /// Newest checkpoint known of; never below the watermark.
    tip: Option<UInt53>,
    /// Checkpoints between the watermark and the tip.
    lag_checkpoints: Option<UInt53>,
    /// The newest epoch of the chain that was heard of; asked for every half hour.
    epoch: Option<Epoch>,
    /// How the poller is doing.
    provider: Option<Provider>,
    /// The providers of all processes, as each finds them, most preferred first.
    providers: Option<Vec<ProviderState>>,
    /// The parts into which pollers of a shared database divide the chain; none where one poller has
    /// it all by itself.
    shards: Option<Vec<Shard>>,
    /// How many addresses have their history in each state that any is in.
    histories: Option<Vec<HistoryCount>>,
    /// Relevant transactions kept.
    raw_transactions: Option<UInt53>,
    /// Activities written.
    activities: Option<UInt53>,
    /// Notifications written.
    notifications: Option<UInt53>,
    /// Relevant transactions that could not be interpreted.
    failed: Option<UInt53>,
    /// Addresses watched.
    watched_addresses: Option<UInt53>,
    /// Contracts and coins watched.
    watched_contracts: Option<UInt53>,
    /// Version of the watch list.
    watch_version: Option<UInt53>,
    /// Version of vigia.
    version: &'static str,
}

/// How the poller is doing.
#[derive(SimpleObject)]
struct Provider {
    /// Where it reads, without secrets.
    url: String,
    /// What is wrong, while something is.
    error: Option<String>,
    /// When it said so, in milliseconds since 1970.
    reported_at_ms: UInt53,
}

/// How one process finds one provider.
#[derive(SimpleObject)]
struct ProviderState {
    /// The process.
    process: String,
    /// What the provider is called.
    provider: String,
    /// Its address, without secrets.
    url: String,
    /// Whether the process reads from it.
    is_current: bool,
    /// Whether it could.
    is_usable: bool,
    /// Why it is used or not.
    standing: String,
    /// Its newest checkpoint, as last heard.
    tip: Option<UInt53>,
    /// Its oldest checkpoint, as last heard.
    lowest: Option<UInt53>,
    /// How long it takes to answer, in milliseconds.
    latency_ms: Option<UInt53>,
    /// What it serves.
    serves: Option<String>,
    /// When this was so, in milliseconds since 1970.
    reported_at_ms: UInt53,
}

impl From<ProviderRow> for ProviderState {
    fn from(row: ProviderRow) -> Self {
        Self {
            process: row.holder,
            provider: row.provider,
            url: row.url,
            is_current: row.is_current,
            is_usable: row.is_usable,
            standing: row.standing,
            tip: row.tip.map(UInt53),
            lowest: row.lowest.map(UInt53),
            latency_ms: row.latency_ms.map(UInt53),
            serves: row.serves,
            reported_at_ms: UInt53(row.at_ms),
        }
    }
}

/// The state of the system as it was a moment ago: however many follow it, it is read once.
#[derive(Default)]
pub(super) struct KeptStatus(Mutex<Option<(Instant, StatusReport)>>);

impl KeptStatus {
    /// Not older than `age_max`.
    pub(super) async fn get(
        &self,
        store: &dyn Store,
        age_max: Duration,
    ) -> Result<StatusReport, StoreError> {
        let mut kept = self.0.lock().await;
        if let Some((_, report)) = kept.as_ref().filter(|(at, _)| at.elapsed() < age_max) {
            return Ok(report.clone());
        }
        let report = store.status().await?;
        *kept = Some((Instant::now(), report.clone()));
        Ok(report)
    }
}

/// What costs a read of its own; none where it was not asked for.
#[derive(Default)]
pub(super) struct Extra {
    pub(super) shards: Option<Vec<ShardRow>>,
    pub(super) providers: Option<Vec<ProviderRow>>,
    pub(super) histories: Option<Vec<(BackfillState, u64)>>,
}

/// An epoch of the chain, as the full node tells of it.
#[derive(SimpleObject)]
struct Epoch {
    /// Its number.
    epoch: UInt53,
    /// When it began, in milliseconds since 1970.
    start_ms: Option<UInt53>,
    /// When it ended, where that is known already.
    end_ms: Option<UInt53>,
    /// Its first checkpoint.
    first_checkpoint: Option<UInt53>,
    /// Its last checkpoint, where that is known already.
    last_checkpoint: Option<UInt53>,
    /// Price of a unit of gas, in MIST.
    reference_gas_price: Option<UInt53>,
    /// Version of the protocol.
    protocol_version: Option<UInt53>,
    /// Validators of its committee.
    committee_members: Option<UInt53>,
}

impl From<EpochInfo> for Epoch {
    fn from(row: EpochInfo) -> Self {
        Self {
            epoch: UInt53(row.epoch),
            start_ms: row.start_ms.map(UInt53),
            end_ms: row.end_ms.map(UInt53),
            first_checkpoint: row.first_checkpoint.map(UInt53),
            last_checkpoint: row.last_checkpoint.map(UInt53),
            reference_gas_price: row.reference_gas_price.map(UInt53),
            protocol_version: row.protocol_version.map(UInt53),
            committee_members: row.committee_members.map(UInt53),
        }
    }
}

/// A part of the chain, polled by one process at a time.
#[derive(SimpleObject)]
struct Shard {
    /// Its number, from 0.
    shard: u32,
    /// Of how many.
    shards: u32,
    /// The process that polls it; null while none does.
    holder: Option<String>,
    /// Checkpoint such that those of the shard up to it are committed; null is not checkpoint 0.
    watermark: Option<UInt53>,
    /// Checkpoints between that and the tip.
    lag_checkpoints: Option<UInt53>,
}

impl Shard {
    fn new(row: ShardRow, tip: Option<u64>) -> Self {
        Self {
            lag_checkpoints: row.lag_checkpoints(tip).map(UInt53),
            shard: row.shard,
            shards: row.shards,
            holder: row.holder,
            watermark: row.watermark.map(UInt53),
        }
    }
}

impl Status {
    pub(super) fn new(
        report: StatusReport,
        extra: Extra,
        is_operator: bool,
        version: &'static str,
    ) -> Self {
        let (tip, lag) = (report.tip(), report.lag_checkpoints());
        let watermark = report.watermark.map(|watermark| watermark.checkpoint);
        let count = |count: u64| is_operator.then_some(UInt53(count));
        Self {
            chain_id: report.chain.map(|chain| chain.to_string()),
            chain_name: report.chain.and_then(|chain| chain.name()),
            first_checkpoint: report.first_checkpoint.map(UInt53),
            watermark: watermark.map(UInt53),
            watermark_timestamp_ms: report.watermark.map(|mark| UInt53(mark.timestamp_ms)),
            tip: tip.map(UInt53),
            lag_checkpoints: lag.map(UInt53),
            epoch: report.epoch.map(Epoch::from),
            providers: extra
                .providers
                .filter(|_| is_operator)
                .map(|rows| rows.into_iter().map(ProviderState::from).collect()),
            shards: extra
                .shards
                .filter(|_| is_operator)
                .map(|shards| shards.into_iter().map(|row| Shard::new(row, tip)).collect()),
            histories: extra
                .histories
                .filter(|_| is_operator)
                .map(|counts| counts.into_iter().map(HistoryCount::from).collect()),
            raw_transactions: count(report.raw_transactions),
            activities: count(report.activities),
            notifications: count(report.notifications),
            failed: count(report.failed),
            watched_addresses: count(report.watched_addresses),
            watched_contracts: count(report.watched_contracts),
            watch_version: count(report.watch_version),
            provider: report
                .provider
                .filter(|_| is_operator)
                .map(|provider| Provider {
                    url: provider.url,
                    error: provider.error,
                    reported_at_ms: UInt53(provider.at_ms),
                }),
            version,
        }
    }
}
