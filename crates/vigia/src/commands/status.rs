//! `vigia status`: the whole system at a glance.

mod carried;

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use vigia_core::ShardPlan;
use vigia_store::{
    IngestStore, LeaseStore, ReadStore, SourceStore, SqlStore, StatusReport, WatchReconciliation,
    WatchStore,
};

use super::open_existing_store;
use super::source::{report_json, report_lines};
use crate::cli::Common;
use crate::config::Overrides;
use carried::Carried;

/// Flags of `vigia status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, args: StatusArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let status = store.status().await?;
    let pollers = Pollers::read(&store, &status).await?;
    let carried = Carried::read(&settings, &store).await?;
    let source = store.source_report(&settings.source.name).await?;
    if args.json {
        let mut status = to_json(&status, &pollers);
        status["transport"] = carried.to_json();
        status["source"] = source.as_ref().map_or(json!(null), report_json);
        println!("{status}");
    } else {
        print!("{}{}", to_text(&status), pollers.to_text());
        print!("{}", carried.to_text());
        let name = &settings.source.name;
        for line in source.iter().flat_map(|report| report_lines(name, report)) {
            println!("{line}");
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Reports of pollers that are older than this are of processes that are gone.
const RECONCILED_WITHIN_MS: u64 = 10 * 60 * 1000;

/// What the pollers of a shared database do.
struct Pollers {
    shards: Vec<Shard>,
    reconciled: Vec<(WatchReconciliation, u64)>,
}

/// A shard, and who polls it.
struct Shard {
    shard: u32,
    shards: u32,
    holder: Option<String>,
    /// Up to where all of the shard is committed.
    watermark: Option<u64>,
}

impl Pollers {
    async fn read(store: &SqlStore, status: &StatusReport) -> anyhow::Result<Self> {
        let completed = store.range_list().await?;
        let mut shards = Vec::new();
        for lease in store.lease_list("shard:").await? {
            let numbers = lease.name.strip_prefix("shard:");
            let Some((count, shard)) = numbers.and_then(|numbers| numbers.split_once('/')) else {
                continue;
            };
            let (Ok(count), Ok(shard)) = (count.parse(), shard.parse()) else {
                continue;
            };
            let holder = lease.holder.filter(|_| lease.remaining_ms > 0);
            // Leases of another division of the chain stay behind when it is changed.
            let (Ok(plan), true) = (ShardPlan::new(count), holder.is_some()) else {
                continue;
            };
            let first = status.first_checkpoint.unwrap_or(0);
            let missing = plan.next_missing(shard, first, &completed);
            shards.push(Shard {
                shard,
                shards: count,
                holder,
                watermark: missing.filter(|next| *next > first).map(|next| next - 1),
            });
        }
        shards.sort_unstable_by_key(|shard| (shard.shards, shard.shard));
        let reconciled = store.watch_reconciliations(RECONCILED_WITHIN_MS).await?;
        Ok(Self { shards, reconciled })
    }

    fn to_json(&self) -> (serde_json::Value, serde_json::Value) {
        let shards = self.shards.iter().map(|shard| {
            json!({
                "shard": shard.shard,
                "shards": shard.shards,
                "holder": shard.holder,
                "watermark": shard.watermark,
            })
        });
        let reconciled = self.reconciled.iter().map(|(found, age_ms)| {
            json!({
                "poller": found.holder,
                "entries": found.entries,
                "missing": found.missing,
                "extra": found.extra,
                "ageMs": age_ms,
            })
        });
        (shards.collect(), reconciled.collect())
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for shard in &self.shards {
            let name = format!("shard {} of {}", shard.shard, shard.shards);
            let holder = shard.holder.as_deref().unwrap_or("nobody");
            let watermark = shard.watermark.map_or("none yet".to_owned(), |watermark| {
                format!("committed up to {watermark}")
            });
            text += &format!("{name:<18} {watermark}, polled by {holder}\n");
        }
        for (found, age_ms) in &self.reconciled {
            let differences = found.missing + found.extra;
            text += &format!(
                "{:<18} {} entries, {differences} differences {} s ago in {}\n",
                "watch list",
                found.entries,
                age_ms / 1000,
                found.holder
            );
        }
        text
    }
}

fn to_json(status: &StatusReport, pollers: &Pollers) -> serde_json::Value {
    let (shards, reconciled) = pollers.to_json();
    json!({
        "chainId": status.chain.map(|chain| chain.to_string()),
        "chainName": status.chain.and_then(|chain| chain.name()),
        "firstCheckpoint": status.first_checkpoint,
        "watermark": status.watermark.map(|watermark| watermark.checkpoint),
        "watermarkTimestampMs": status.watermark.map(|watermark| watermark.timestamp_ms),
        "tip": status.tip(),
        "lagCheckpoints": status.lag_checkpoints(),
        "provider": status.provider.as_ref().map(|provider| &provider.url),
        "providerError": status.provider.as_ref().and_then(|provider| provider.error.as_ref()),
        "rawTransactions": status.raw_transactions,
        "activities": status.activities,
        "notifications": status.notifications,
        "failed": status.failed,
        "watchedAddresses": status.watched_addresses,
        "watchedContracts": status.watched_contracts,
        "watchVersion": status.watch_version,
        "shards": shards,
        "watchReconciled": reconciled,
    })
}

fn to_text(status: &StatusReport) -> String {
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none yet".to_owned());
    let chain = status.chain.map(|chain| match chain.name() {
        Some(name) => format!("{name} ({chain})"),
        None => chain.to_string(),
    });
    let mut lines = vec![
        ("chain", or_none(chain)),
        (
            "watermark",
            or_none(status.watermark.map(|mark| mark.checkpoint.to_string())),
        ),
        ("tip", or_none(status.tip().map(|tip| tip.to_string()))),
        (
            "lag",
            or_none(
                status
                    .lag_checkpoints()
                    .map(|lag| format!("{lag} checkpoints")),
            ),
        ),
        ("raw transactions", status.raw_transactions.to_string()),
        ("activities", status.activities.to_string()),
        ("notifications", status.notifications.to_string()),
        ("failed", status.failed.to_string()),
        ("watched addresses", status.watched_addresses.to_string()),
        ("watched contracts", status.watched_contracts.to_string()),
    ];
    if let Some(provider) = &status.provider {
        lines.push(("provider", provider.url.clone()));
        lines.push((
            "provider state",
            provider.error.clone().unwrap_or_else(|| "well".to_owned()),
        ));
    }
    lines
        .iter()
        .map(|(name, value)| format!("{name:<18} {value}\n"))
        .collect()
}
