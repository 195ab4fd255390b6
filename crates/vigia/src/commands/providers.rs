//! `vigia providers`: who is read from, how each is, what it has left, and why one is not used.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use vigia_core::{Clock, SystemClock, day_forecast, day_of};
use vigia_store::{ProviderRow, ProviderStore, ProviderUsage, SqlStore};
use vigia_sui::Spent;

use super::{open_existing_store, providers_of, time_text};
use crate::cli::Common;
use crate::config::{Overrides, ProviderBudget, Settings};
use crate::exit::Exit;
use crate::pipeline::provider_row;

const MIB: u64 = 1024 * 1024;
/// What a process said longer ago than this is not shown: it is gone.
const SAID_WITHIN_MS: u64 = 60_000;

/// Flags of `vigia providers`.
#[derive(Debug, Args)]
pub struct ProvidersArgs {
    /// Ask the providers of the configuration now, from here, instead of what running processes say
    #[arg(long)]
    probe: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command. Fails where none can be used.
pub async fn run(common: &Common, args: ProvidersArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let found = match args.probe {
        true => probed(&settings).await?,
        false => {
            let store = open_existing_store(&settings).await?;
            let found = Found::read(&settings, &store).await;
            store.close().await;
            found?
        }
    };
    match args.json {
        true => println!("{}", found.to_json()),
        false => print!("{}", found.to_text()),
    }
    match found.rows.is_empty() || found.rows.iter().any(|row| row.is_usable) {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::from(crate::exit::UNAVAILABLE)),
    }
}

async fn probed(settings: &Settings) -> anyhow::Result<Found> {
    let Some(providers) = providers_of(settings, |_| {})? else {
        let problem = "no provider is set: set provider.url in the configuration";
        return Err(Exit::bad_input(problem).into());
    };
    providers.probe(true).await;
    let now_ms = SystemClock.now_ms();
    let rows = (0..).zip(providers.states());
    let rows = rows.map(|(position, state)| provider_row("this command", position, &state, now_ms));
    Ok(Found {
        rows: rows.collect(),
        usage: Vec::new(),
        budgets: settings.provider_budgets(),
        now_ms,
    })
}

/// What is known of the providers.
pub(super) struct Found {
    rows: Vec<ProviderRow>,
    /// Of today.
    usage: Vec<ProviderUsage>,
    budgets: Vec<ProviderBudget>,
    now_ms: u64,
}

impl Found {
    /// What running processes say.
    pub(super) async fn read(settings: &Settings, store: &SqlStore) -> anyhow::Result<Self> {
        let now_ms = SystemClock.now_ms();
        let mut rows = store.provider_list().await?;
        rows.retain(|row| row.at_ms + SAID_WITHIN_MS >= now_ms);
        Ok(Self {
            rows,
            usage: store.provider_usage(day_of(now_ms)).await?,
            budgets: settings.provider_budgets(),
            now_ms,
        })
    }

    pub(super) fn to_text(&self) -> String {
        if self.rows.is_empty() && self.usage.is_empty() {
            return "no process reads from a provider now\n".to_owned();
        }
        let states = self.rows.iter().map(state_line);
        let usage = self.usage.iter().map(|used| self.usage_line(used));
        states.chain(usage).collect()
    }

    fn usage_line(&self, used: &ProviderUsage) -> String {
        let budget = self.budgets.iter().find(|b| b.name == used.provider);
        let allowed = budget.map(|b| b.of_day).unwrap_or_default();
        let requests = self.share(used.requests, allowed.requests, "requests", 1);
        let bytes = self.share(used.bytes, allowed.bytes, "MiB", MIB);
        format!("{:<18} today {requests}, {bytes}\n", used.provider)
    }

    /// So much of a budget, and what it will be by the end of the day.
    fn share(&self, used: u64, budget: Option<u64>, what: &str, unit: u64) -> String {
        let forecast = day_forecast(used, self.now_ms);
        let forecast_text = forecast.map(|n| format!(", {} by midnight UTC", n / unit));
        let forecast_text = forecast_text.unwrap_or_default();
        match budget {
            None => format!("{} {what}{forecast_text}", used / unit),
            Some(budget) => {
                let over = forecast.is_some_and(|forecast| forecast > budget);
                let warning = match (used >= budget, over) {
                    (true, _) => ": SPENT",
                    (false, true) => ": MORE THAN ALLOWED",
                    (false, false) => "",
                };
                let allowed = budget / unit;
                format!(
                    "{} of {allowed} {what}{forecast_text}{warning}",
                    used / unit
                )
            }
        }
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        let states = self.rows.iter().map(|row| {
            json!({
                "process": row.holder,
                "provider": row.provider,
                "url": row.url,
                "current": row.is_current,
                "usable": row.is_usable,
                "standing": row.standing,
                "tip": row.tip,
                "lowest": row.lowest,
                "latencyMs": row.latency_ms,
                "serves": row.serves,
                "atMs": row.at_ms,
            })
        });
        let usage = self.usage.iter().map(|used| {
            let budget = self.budgets.iter().find(|b| b.name == used.provider);
            json!({
                "provider": used.provider,
                "requests": used.requests,
                "requestsForecast": day_forecast(used.requests, self.now_ms),
                "requestsAllowed": budget.and_then(|budget| budget.of_day.requests),
                "bytes": used.bytes,
                "bytesForecast": day_forecast(used.bytes, self.now_ms),
                "bytesAllowed": budget.and_then(|budget| budget.of_day.bytes),
                "spent": budget.is_some_and(|budget| budget.of_day.is_spent(Spent {
                    requests: used.requests,
                    bytes: used.bytes,
                })),
            })
        });
        json!({
            "states": states.collect::<Vec<_>>(),
            "today": usage.collect::<Vec<_>>(),
        })
    }
}

fn state_line(row: &ProviderRow) -> String {
    let used = match (row.is_current, row.is_usable) {
        (true, _) => "in use",
        (false, true) => "stands by",
        (false, false) => "not used",
    };
    let latency = row.latency_ms.map(|ms| format!(", answers in {ms} ms"));
    let range = row.lowest.zip(row.tip);
    let range = range.map(|(lowest, tip)| format!(", has {lowest} to {tip}"));
    let serves = row
        .serves
        .as_ref()
        .map(|serves| format!(", serves {serves}"));
    format!(
        "{:<18} {used} by {}: {}{}{}{} ({}, {})\n",
        row.provider,
        row.holder,
        row.standing,
        latency.unwrap_or_default(),
        range.unwrap_or_default(),
        serves.unwrap_or_default(),
        row.url,
        time_text(row.at_ms)
    )
}

#[cfg(test)]
mod tests {
    use vigia_sui::DayBudget;

    use super::*;

    const NOON_MS: u64 = 20_000 * 86_400_000 + 43_200_000;

    fn found(requests: Option<u64>) -> Found {
        let budget = ProviderBudget {
            name: "first".to_owned(),
            of_day: DayBudget {
                requests,
                bytes: Some(10 * MIB),
                is_hard: false,
            },
        };
        let used = ProviderUsage {
            day: 20_000,
            provider: "first".to_owned(),
            requests: 600,
            bytes: 3 * MIB,
        };
        Found {
            rows: vec![],
            usage: vec![used],
            budgets: vec![budget],
            now_ms: NOON_MS,
        }
    }

    #[test]
    fn budgets_are_shown_with_a_forecast() {
        assert_eq!(
            found(Some(1_000)).to_text(),
            "first              today 600 of 1000 requests, 1200 by midnight UTC: MORE THAN ALLOWED, \
             3 of 10 MiB, 6 by midnight UTC\n"
        );
        assert_eq!(
            found(None).to_text(),
            "first              today 600 requests, 1200 by midnight UTC, 3 of 10 MiB, 6 by midnight \
             UTC\n"
        );
        let spent = found(Some(600)).to_text();
        assert!(spent.contains("today 600 of 600 requests, 1200 by midnight UTC: SPENT, 3 of"));
        assert_eq!(found(Some(600)).to_json()["today"][0]["spent"], true);
        assert_eq!(found(Some(601)).to_json()["today"][0]["spent"], false);
        let json = found(Some(1_200)).to_json();
        assert_eq!(json["today"][0]["requestsForecast"], 1_200);
        assert_eq!(json["today"][0]["bytesAllowed"], 10 * MIB);
    }

    #[test]
    fn a_provider_that_is_not_used_says_why() {
        let row = ProviderRow {
            holder: "host-7".to_owned(),
            provider: "first".to_owned(),
            position: 0,
            url: "https://a:9000".to_owned(),
            is_current: false,
            is_usable: false,
            standing: "60 checkpoints behind the best".to_owned(),
            tip: Some(40),
            lowest: Some(3),
            latency_ms: Some(11),
            serves: Some("without ListCheckpoints".to_owned()),
            at_ms: 0,
        };
        assert_eq!(
            state_line(&row),
            "first              not used by host-7: 60 checkpoints behind the best, answers in 11 ms, \
             has 3 to 40, serves without ListCheckpoints (https://a:9000, 1970-01-01T00:00:00Z)\n"
        );
    }
}
