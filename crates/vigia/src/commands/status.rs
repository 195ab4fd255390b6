//! `vigia status`: the whole system at a glance.

mod carried;
mod running;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use vigia_core::EpochInfo;
use vigia_store::{ReadStore, ShardRow, SourceStore, SqlStore, StatusReport};

use super::providers::Found;
use super::reconciled::Reconciled;
use super::source::{report_json, report_lines};
use super::stop::StopSignal;
use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::{Overrides, Settings};
use carried::Carried;
use running::Processes;

/// Flags of `vigia status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Show it anew every so many seconds, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    watch: Option<u64>,
}

/// Runs the command.
pub async fn run(common: &Common, args: StatusArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let Some(seconds) = args.watch else {
        print!("{}", shown(&settings, &store, args.json).await?);
        store.close().await;
        return Ok(ExitCode::SUCCESS);
    };
    let mut stop = StopSignal::listen()?;
    loop {
        let text = match shown(&settings, &store, args.json).await {
            Ok(text) => text,
            // The database may be back soon: who watches wants to see that.
            Err(error) => format!("{}\n", vigia_core::error_chain(error.as_ref())),
        };
        // For scripts an object a line; for people the screen is cleared (ECMA-48: ED, CUP).
        let clear = std::io::stdout().is_terminal() && !args.json;
        print!("{}{text}", if clear { "\u{1b}[2J\u{1b}[H" } else { "" });
        std::io::stdout().flush()?;
        tokio::select! {
            () = stop.received() => break,
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// All there is to say, in lines or as an object.
async fn shown(settings: &Settings, store: &Arc<SqlStore>, json: bool) -> anyhow::Result<String> {
    let status = store.status().await?;
    let pollers = Pollers::read(store).await?;
    let providers = Found::read(settings, store).await?;
    let carried = Carried::read(settings, store).await?;
    let processes = Processes::read(store).await?;
    let source = store.source_report(&settings.source.name).await?;
    if json {
        let mut object = to_json(&status, &pollers);
        object["providers"] = providers.to_json();
        object["transport"] = carried.to_json();
        object["processes"] = processes.to_json();
        object["disagreements"] = processes.disagreements().into();
        object["source"] = source.as_ref().map_or(json!(null), report_json);
        return Ok(format!("{object}\n"));
    }
    let mut text = to_text(&status) + &pollers.to_text(status.tip());
    text += &providers.to_text();
    text += &carried.to_text();
    text += &processes.to_text();
    let name = &settings.source.name;
    for line in source.iter().flat_map(|report| report_lines(name, report)) {
        text += &line;
        text.push('\n');
    }
    Ok(text)
}

/// What the pollers of a shared database do.
struct Pollers {
    shards: Vec<ShardRow>,
    reconciled: Reconciled,
}

impl Pollers {
    async fn read(store: &SqlStore) -> anyhow::Result<Self> {
        Ok(Self {
            shards: store.shard_list().await?,
            reconciled: Reconciled::read(store).await?,
        })
    }

    fn shards_to_json(&self, tip: Option<u64>) -> serde_json::Value {
        let shards = self.shards.iter().map(|row| {
            json!({
                "shard": row.shard,
                "shards": row.shards,
                "holder": row.holder,
                "watermark": row.watermark,
                "lagCheckpoints": row.lag_checkpoints(tip),
            })
        });
        shards.collect()
    }

    fn to_text(&self, tip: Option<u64>) -> String {
        let mut text = String::new();
        for row in &self.shards {
            let name = format!("shard {} of {}", row.shard, row.shards);
            let holder = row.holder.as_deref().unwrap_or("nobody");
            let lag = row.lag_checkpoints(tip);
            let lag = lag.map_or(String::new(), |lag| format!(", {lag} behind the tip"));
            let watermark = row.watermark.map_or("none yet".to_owned(), |watermark| {
                format!("committed up to {watermark}{lag}")
            });
            text += &format!("{name:<18} {watermark}, polled by {holder}\n");
        }
        text + &self.reconciled.to_text()
    }
}

fn to_json(status: &StatusReport, pollers: &Pollers) -> serde_json::Value {
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
        "unread": status.unread,
        "watchedAddresses": status.watched_addresses,
        "watchedContracts": status.watched_contracts,
        "watchVersion": status.watch_version,
        "epoch": status.epoch.as_ref().map(epoch_to_json),
        "shards": pollers.shards_to_json(status.tip()),
        "watchReconciled": pollers.reconciled.to_json(),
    })
}

fn epoch_to_json(epoch: &EpochInfo) -> serde_json::Value {
    json!({
        "epoch": epoch.epoch,
        "startMs": epoch.start_ms,
        "endMs": epoch.end_ms,
        "firstCheckpoint": epoch.first_checkpoint,
        "lastCheckpoint": epoch.last_checkpoint,
        "referenceGasPrice": epoch.reference_gas_price,
        "protocolVersion": epoch.protocol_version,
        "committeeMembers": epoch.committee_members,
    })
}

fn epoch_to_text(epoch: &EpochInfo) -> String {
    let begun = epoch
        .start_ms
        .map(|start_ms| format!(" since {}", time_text(start_ms)));
    let price = epoch.reference_gas_price;
    let price = price.map(|price| format!(", gas at {price} MIST"));
    format!(
        "{}{}{}",
        epoch.epoch,
        begun.unwrap_or_default(),
        price.unwrap_or_default()
    )
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
    if let Some(epoch) = &status.epoch {
        lines.push(("epoch", epoch_to_text(epoch)));
    }
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
