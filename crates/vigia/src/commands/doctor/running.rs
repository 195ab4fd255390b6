//! What runs, and how it goes: what operators are alarmed of too.

use vigia_core::{Clock as _, SystemClock};
use vigia_store::{
    DeliveryStore as _, EndpointState, ProcessStore as _, ScheduleStore as _, SourceStore as _,
};

use super::Findings;
use super::database::Stored;
use crate::alerts;
use crate::config::Settings;
use crate::processes::GONE_AFTER_MS;

pub(super) async fn check(findings: &mut Findings, settings: &Settings, stored: &Stored) {
    let looked = async {
        check_processes(findings, stored).await?;
        check_alerts(findings, settings, stored).await?;
        check_endpoints(findings, stored).await?;
        check_jobs(findings, stored).await?;
        check_source(findings, settings, stored).await
    };
    if let Err(error) = looked.await {
        let cure = "the database answered before: try again, and see its own log";
        findings.problem("database", format!("{error:#}"), cure);
    }
}

async fn check_processes(findings: &mut Findings, stored: &Stored) -> anyhow::Result<()> {
    let since_ms = SystemClock.now_ms().saturating_sub(GONE_AFTER_MS);
    let rows = stored.store.process_list(since_ms).await?;
    let has = |role: &str| rows.iter().any(|row| row.role.contains(role));
    if rows.is_empty() {
        findings.note(
            "processes",
            "none runs: start `vigia up`, or `vigia poll`, `vigia work` and `vigia web`",
        );
    } else if !has("up") && has("poll") != has("work") {
        let (there, missing) = if has("poll") {
            ("poll", "work")
        } else {
            ("work", "poll")
        };
        findings.problem(
            "processes",
            format!("`{there}` runs, but no `{missing}`: nothing is committed"),
            &format!("start `vigia {missing}` with the same settings"),
        );
    } else {
        findings.good("processes", format!("{} run", rows.len()));
    }
    Ok(())
}

/// What operators are alarmed of.
async fn check_alerts(
    findings: &mut Findings,
    settings: &Settings,
    stored: &Stored,
) -> anyhow::Result<()> {
    let now_ms = SystemClock.now_ms();
    let facts = alerts::facts(&*stored.store, &settings.source.name, now_ms).await?;
    let found = alerts::conditions(&facts, &settings.alerts.limits());
    for condition in &found {
        let cure = "docs/operations/runbooks.md has a page for it";
        findings.problem(condition.name, &condition.words, cure);
    }
    if found.is_empty() {
        findings.good("alerts", "nothing that operators would be alarmed of");
    }
    Ok(())
}

async fn check_endpoints(findings: &mut Findings, stored: &Stored) -> anyhow::Result<()> {
    let rows = stored.store.endpoint_list().await?;
    let disabled = rows
        .iter()
        .filter(|row| row.state == EndpointState::Disabled);
    let disabled: Vec<&str> = disabled.map(|row| row.spec.name.as_str()).collect();
    match disabled.is_empty() {
        true => findings.good("endpoints", format!("{} are told, none is disabled", rows.len())),
        false => findings.problem(
            "endpoints",
            format!("{} are told nothing: {}", disabled.len(), shortened(&disabled)),
            "mend the receiver, then `vigia webhooks enable NAME`; `vigia webhooks list` says why each is",
        ),
    }
    Ok(())
}

async fn check_jobs(findings: &mut Findings, stored: &Stored) -> anyhow::Result<()> {
    let rows = stored.store.schedule_list().await?;
    let failing = rows.iter().filter_map(|row| {
        let error = row.last_error.as_ref()?;
        Some(format!("{}: {error}", row.name))
    });
    let failing: Vec<String> = failing.collect();
    match failing.is_empty() {
        true => findings.good(
            "upkeep",
            format!("{} jobs, none of which failed", rows.len()),
        ),
        false => findings.problem(
            "upkeep",
            format!("jobs failed when they ran last: {}", failing.join("; ")),
            "`vigia schedules list` shows all; what one needs is in its error",
        ),
    }
    Ok(())
}

/// What the accounts' source names and cannot be.
async fn check_source(
    findings: &mut Findings,
    settings: &Settings,
    stored: &Stored,
) -> anyhow::Result<()> {
    let Some(report) = stored.store.source_report(&settings.source.name).await? else {
        return Ok(());
    };
    match report.refused {
        0 => findings.good("source", "all that it names is followed"),
        refused => findings.problem(
            "source",
            format!("{refused} rows of it are refused"),
            "`vigia source check` says which and why; mend them in the application's database",
        ),
    }
    Ok(())
}

/// The first few of many.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = names
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() > SHOWN {
        true => format!("{shown} and {} more", names.len() - SHOWN),
        false => shown,
    }
}
