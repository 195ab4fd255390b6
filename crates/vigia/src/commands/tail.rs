//! `vigia tail`: activities in the terminal as they happen.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use vigia_core::{Direction, Scope, Status, Suppressed, format_minor_units};
use vigia_store::{ActivityFilter, ActivityRow, ReadStore};

use super::open_existing_store;
use super::stop::StopSignal;
use crate::cli::Common;
use crate::config::Overrides;

/// Activities read at once.
const PAGE: u32 = 100;

/// Flags of `vigia tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Print so many of the latest activities first
    #[arg(long, short = 'n', default_value_t = 10, value_name = "COUNT")]
    lines: u32,
    /// Stop after the latest ones instead of waiting for more
    #[arg(long)]
    no_follow: bool,
}

/// Runs the command.
pub async fn run(common: &Common, args: TailArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let mut seen = store.activity_last_id().await?;
    let filter = ActivityFilter::default();
    let latest = store
        .activity_page(&Scope::All, &filter, None, args.lines)
        .await?;
    for row in latest.iter().rev() {
        print_row(row, args.json);
    }
    if !args.no_follow {
        let mut stop = StopSignal::listen()?;
        tokio::select! {
            () = stop.received() => {}
            followed = follow(&*store, &mut seen, args.json) => followed?,
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn follow(store: &dyn ReadStore, seen: &mut i64, json: bool) -> anyhow::Result<()> {
    loop {
        store.activity_wait(*seen).await?;
        for row in store.activity_since(&Scope::All, *seen, PAGE).await? {
            *seen = row.id;
            print_row(&row, json);
        }
    }
}

fn print_row(row: &ActivityRow, json: bool) {
    if json {
        println!("{}", to_json(row))
    } else {
        println!("{}", to_text(row))
    }
}

fn to_json(row: &ActivityRow) -> serde_json::Value {
    let activity = &row.activity;
    json!({
        "id": row.id,
        "digest": row.digest.to_string(),
        "checkpoint": activity.place.checkpoint,
        "timestampMs": row.timestamp_ms,
        "account": row.account.external_id,
        "kind": activity.kind,
        "direction": activity.direction,
        "status": activity.status,
        "coinType": activity.coin_type,
        "amount": activity.amount.map(|amount| amount.to_string()),
        "decimals": row.coin.as_ref().and_then(|coin| coin.decimals),
        "counterparty": activity.counterparty.map(|address| address.to_string()),
        "counterpartyName": row.counterparty_name(),
        "contract": activity.contract,
        "businessId": activity.business_id,
        "details": activity.details,
        "suppressed": activity.suppressed.map(Suppressed::as_str),
    })
}

fn to_text(row: &ActivityRow) -> String {
    let activity = &row.activity;
    let time = i64::try_from(row.timestamp_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || "?".to_owned(),
            |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        );
    let sign = match activity.direction {
        Direction::In => "+",
        Direction::Out => "-",
        Direction::Neutral => " ",
    };
    let money = match (activity.amount, &row.coin, &activity.coin_type) {
        (Some(amount), Some(coin), _) if coin.decimals.is_some() => {
            let amount = format_minor_units(amount, coin.decimals.unwrap_or_default());
            format!("{sign}{amount} {}", coin.symbol)
        }
        (Some(amount), _, Some(coin_type)) => {
            let name = coin_type.rsplit("::").next().unwrap_or_default();
            format!("{sign}{amount} units of {name}")
        }
        _ => String::new(),
    };
    let other = match (row.counterparty_name(), activity.counterparty) {
        (Some(name), _) => format!("  {name}"),
        (None, Some(address)) => format!("  {}…", &address.to_string()[..10]),
        _ => String::new(),
    };
    let failed = if activity.status == Status::Failed {
        "  failed"
    } else {
        ""
    };
    format!(
        "{time}  {:<20.20}  {:<18}  {money:>24}{other}{failed}  {}",
        row.account.display_name, activity.kind, row.digest
    )
}
