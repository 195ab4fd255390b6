//! The state of the system.

use async_graphql::SimpleObject;
use vigia_store::StatusReport;

use super::scalar::UInt53;

/// The state of the system. Counts and the provider are for the operator; others get null.
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
    /// How the poller is doing.
    provider: Option<Provider>,
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

impl Status {
    pub(super) fn new(report: StatusReport, is_operator: bool, version: &'static str) -> Self {
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
