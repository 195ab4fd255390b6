//! Providers, and the chain that they follow.

use std::collections::BTreeSet;

use vigia_core::{ChainId, Clock as _, SystemClock};
use vigia_store::ProviderStore as _;
use vigia_sui::NodeInfo;

use super::Findings;
use super::database::Stored;
use crate::commands::providers_of;
use crate::config::Settings;

/// A node's newest checkpoint older than this means a stuck node or a wrong clock.
const CLOCK_DIFFERENCE_MAX_MS: u64 = 30_000;
/// How old a process's word about its providers may be.
const REPORTED_WITHIN_MS: u64 = 60_000;

pub(super) async fn check(
    findings: &mut Findings,
    settings: &Settings,
    stored: Option<&Stored>,
) -> anyhow::Result<()> {
    let Some(providers) = providers_of(settings, |_| {})? else {
        match used_by_processes(stored).await {
            Some(names) => findings.note(
                "provider",
                format!("none is set here; processes that run read from {names}"),
            ),
            None => findings.problem(
                "provider",
                "none is set",
                "set provider.url, or pass --provider URL",
            ),
        }
        return Ok(());
    };
    let probes = providers.probe(true).await;
    for (probe, state) in probes.into_iter().zip(providers.states()) {
        match probe.info {
            Err(error) => findings.problem(
                "provider",
                format!("{}: {error}", state.name),
                "check the address, its port, the token and that this machine may connect out",
            ),
            Ok(info) => {
                let name = info.chain.name().unwrap_or("a chain of its own");
                let serves = state.capabilities.unwrap_or_default();
                let found = format!(
                    "{} ({}) follows {name}, at {}, serves {serves}",
                    state.name, state.url, info.tip
                );
                findings.good("provider", found);
                check_chain(findings, stored.and_then(|stored| stored.chain), &info);
                check_clock(findings, &info);
                check_history(findings, stored, &state.name, &info);
            }
        }
    }
    Ok(())
}

fn check_chain(findings: &mut Findings, database: Option<ChainId>, info: &NodeInfo) {
    match database {
        Some(database) if database != info.chain => findings.problem(
            "chain",
            format!(
                "the database holds {database}, the provider follows {}",
                info.chain
            ),
            "use another data directory or another provider",
        ),
        Some(database) => findings.good("chain", database),
        None => findings.note("chain", "the database belongs to none yet"),
    }
}

fn check_clock(findings: &mut Findings, info: &NodeInfo) {
    let Some(node_ms) = info.timestamp_ms else {
        return;
    };
    let difference_ms = SystemClock.now_ms().abs_diff(node_ms);
    if difference_ms > CLOCK_DIFFERENCE_MAX_MS {
        findings.problem(
            "clock",
            format!(
                "the node's newest checkpoint is {} s from this machine's clock",
                difference_ms / 1000
            ),
            "set the clock by NTP; if it is right, the node is stuck: use another provider",
        );
    } else {
        findings.good(
            "clock",
            format!("{difference_ms} ms from the node's newest checkpoint"),
        );
    }
}

/// Whether a provider still has what comes next.
fn check_history(findings: &mut Findings, stored: Option<&Stored>, name: &str, info: &NodeInfo) {
    let Some(mark) = stored.and_then(|stored| stored.status.watermark.as_ref()) else {
        return;
    };
    let next = mark.checkpoint.saturating_add(1);
    if info.lowest_available > next {
        findings.problem(
            "history",
            format!(
                "{name} begins at checkpoint {}, and {next} is what comes next here",
                info.lowest_available
            ),
            "add a provider that goes further back, or set [history] so that the gap is read from a bucket of checkpoints",
        );
    }
}

/// From where processes that run read, which may be told by their flags.
async fn used_by_processes(stored: Option<&Stored>) -> Option<String> {
    let rows = stored?.store.provider_list().await.ok()?;
    let now_ms = SystemClock.now_ms();
    let is_new = |at_ms: u64| now_ms.saturating_sub(at_ms) < REPORTED_WITHIN_MS;
    let rows = rows.iter().filter(|row| row.is_usable && is_new(row.at_ms));
    let urls: BTreeSet<&str> = rows.map(|row| row.url.as_str()).collect();
    let urls: Vec<&str> = urls.into_iter().collect();
    (!urls.is_empty()).then(|| urls.join(", "))
}
