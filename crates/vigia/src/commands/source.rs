//! `vigia source`: the accounts that another application's database names.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;
use vigia_core::{SourcePlan, SourceRefusal, SourceShrunk, SourceSnapshot};
use vigia_store::{SourceReport, SourceStore, SqlStore};

use super::{open_existing_store, open_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::{self, Exit};
use crate::source::{Followed, SourceDone, SourceFollower};

/// Refusals printed for people; `--json` prints all.
const REFUSED_SHOWN: usize = 20;

/// What to do with the source.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Run the query and say what a refresh would change; nothing is written
    Check {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make everything as the source says, now
    Refresh {
        /// Even if far fewer addresses or memberships are left than before
        #[arg(long)]
        accept_fewer: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// How the last refresh went, and what it could not follow
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub async fn run(common: &Common, command: SourceCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = match command {
        SourceCommand::Status { .. } => open_existing_store(&settings).await?,
        _ => open_store(&settings).await?,
    };
    let follower = SourceFollower::new(&settings, &store)?;
    let follower = follower.ok_or_else(|| {
        Exit::bad_input("no source is set: set source.url and source.query (docs/source.md)")
    })?;
    let done = match command {
        SourceCommand::Check { json } => check(&follower, json).await,
        SourceCommand::Refresh { accept_fewer, json } => {
            refresh(&follower, accept_fewer, json).await
        }
        SourceCommand::Status { json } => status(&store, follower.name(), json).await,
    };
    store.close().await;
    done
}

async fn check(follower: &SourceFollower, json: bool) -> anyhow::Result<ExitCode> {
    let snapshot = follower.snapshot().await?;
    let plan = follower.plan(&snapshot).await?;
    match json {
        true => println!("{}", check_json(&snapshot, &plan)),
        false => check_text(&snapshot, &plan),
    }
    let is_well = plan.is_ok() && snapshot.refused().is_empty();
    Ok(code(is_well))
}

fn check_json(
    snapshot: &SourceSnapshot,
    plan: &std::result::Result<SourcePlan<'_>, SourceShrunk>,
) -> serde_json::Value {
    let changes = plan.as_ref().ok().map(|plan| {
        json!({
            "accounts": plan.accounts(),
            "users": plan.users(),
            "addressesBegun": plan.addresses_begun(),
            "addressesEnded": plan.addresses_ended(),
            "membersSet": plan.members_set(),
            "membersGone": plan.members_gone(),
        })
    });
    json!({
        "rows": snapshot.rows,
        "addresses": snapshot.addresses(),
        "members": snapshot.members(),
        "changes": changes,
        "problem": plan.as_ref().err().map(ToString::to_string),
        "refused": refused_json(snapshot.refused()),
    })
}

fn check_text(snapshot: &SourceSnapshot, plan: &std::result::Result<SourcePlan<'_>, SourceShrunk>) {
    println!(
        "{} rows, {} addresses, {} memberships",
        snapshot.rows,
        snapshot.addresses(),
        snapshot.members()
    );
    match plan {
        Err(problem) => println!("{problem}"),
        Ok(plan) if plan.is_empty() => println!("nothing would change"),
        Ok(plan) => println!(
            "would begin or move {} addresses and end {}, set {} memberships and end {}, and write {} \
             accounts and {} users",
            plan.addresses_begun(),
            plan.addresses_ended(),
            plan.members_set(),
            plan.members_gone(),
            plan.accounts(),
            plan.users()
        ),
    }
    print_refused(snapshot.refused());
}

async fn refresh(
    follower: &SourceFollower,
    accept_fewer: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    match follower.refresh(accept_fewer).await? {
        Followed::Elsewhere => {
            println!("another process follows the source right now");
            Ok(ExitCode::from(exit::FAILED))
        }
        Followed::Done(done) => {
            match json {
                true => println!("{}", done_json(&done)),
                false => done_text(&done),
            }
            Ok(code(done.refused.is_empty()))
        }
    }
}

fn done_json(done: &SourceDone) -> serde_json::Value {
    json!({
        "rows": done.rows,
        "addresses": done.addresses,
        "members": done.members,
        "addressesChanged": done.addresses_changed,
        "membersSet": done.members_set,
        "membersGone": done.members_gone,
        "effectiveFrom": done.effective_from,
        "refused": refused_json(&done.refused),
    })
}

fn done_text(done: &SourceDone) {
    println!("{done}");
    if let Some(from) = done.effective_from {
        println!("from checkpoint {from} on");
    }
    print_refused(&done.refused);
}

async fn status(store: &Arc<SqlStore>, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let report = store.source_report(name).await?;
    let refused = store.source_refusals(name).await?;
    let is_well = report
        .as_ref()
        .is_some_and(|report| report.failing.is_none());
    match (json, report) {
        (true, report) => {
            let report = report.as_ref().map(report_json);
            println!(
                "{}",
                json!({"source": report, "refused": refused_json(&refused)})
            );
        }
        (false, None) => println!("never refreshed yet"),
        (false, Some(report)) => {
            for line in report_lines(name, &report) {
                println!("{line}");
            }
            print_refused(&refused);
        }
    }
    Ok(code(is_well))
}

/// A source as `status` shows it.
pub(super) fn report_json(report: &SourceReport) -> serde_json::Value {
    json!({
        "refreshedAtMs": report.refreshed_at_ms,
        "rows": report.rows,
        "addresses": report.addresses,
        "members": report.members,
        "refused": report.refused,
        "failingSinceMs": report.failing.as_ref().map(|(since, _)| since),
        "error": report.failing.as_ref().map(|(_, error)| error),
    })
}

/// A source as `status` shows it to people.
pub(super) fn report_lines(name: &str, report: &SourceReport) -> Vec<String> {
    let refreshed = report.refreshed_at_ms.map_or_else(
        || "never followed yet".to_owned(),
        |at_ms| {
            format!(
                "{} addresses, {} memberships, {} refused at {}",
                report.addresses,
                report.members,
                report.refused,
                time_text(at_ms)
            )
        },
    );
    let mut lines = vec![format!("{:<18} {refreshed}", format!("source {name}"))];
    if let Some((since, error)) = &report.failing {
        let since = time_text(*since);
        lines.push(format!("{:<18} FAILING since {since}: {error}", ""));
    }
    lines
}

fn refused_json(refused: &[SourceRefusal]) -> serde_json::Value {
    refused
        .iter()
        .map(|refusal| json!({"subject": refusal.subject, "reason": refusal.reason}))
        .collect()
}

fn print_refused(refused: &[SourceRefusal]) {
    for refusal in refused.iter().take(REFUSED_SHOWN) {
        eprintln!("refused {}: {}", refusal.subject, refusal.reason);
    }
    if let Some(more) = refused.len().checked_sub(REFUSED_SHOWN).filter(|n| *n > 0) {
        eprintln!("refused {more} more; --json lists them");
    }
}

fn code(is_well: bool) -> ExitCode {
    ExitCode::from(if is_well { exit::OK } else { exit::FAILED })
}
