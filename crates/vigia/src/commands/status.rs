//! `vigia status`: the whole system at a glance.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use vigia_store::{ReadStore, StatusReport};

use super::open_existing_store;
use crate::cli::Common;
use crate::config::Overrides;

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
    if args.json {
        println!("{}", to_json(&status));
    } else {
        print!("{}", to_text(&status));
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn to_json(status: &StatusReport) -> serde_json::Value {
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
