//! `vigia schedules`: what is done on a schedule, and when.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use vigia_contracts::{Interpreter, PackageIds};
use vigia_core::{Clock, MissedPolicy, SystemClock};
use vigia_store::{ScheduleRow, ScheduleStore, SqlStore};

use super::stop::StopSignal;
use super::{open_existing_store, providers_of, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::contracts::Declared;
use crate::exit::{self, Exit};
use crate::jobs::{self, JobRunner, LeaseTimes, RanNow};

/// What to do with the schedules.
#[derive(Debug, Subcommand)]
pub enum SchedulesCommand {
    /// List all, with their next tick and how the last run went
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Run one now, in this process, whatever its schedule says
    Run {
        /// Name of the schedule
        name: String,
    },
    /// Fire it no more, until it is resumed
    Pause {
        /// Name of the schedule
        name: String,
    },
    /// Fire it again; ticks that passed meanwhile count as missed
    Resume {
        /// Name of the schedule
        name: String,
    },
}

/// Runs the command.
pub async fn run(common: &Common, command: SchedulesCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        SchedulesCommand::List { json } => list(&store, json).await,
        SchedulesCommand::Run { name } => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            // Without a provider there are the jobs that need none.
            let source = providers_of(&settings, |_| {})?;
            let declared = Declared::new(&settings, &PackageIds::new())?;
            let registry = declared.open(&store, None).await?;
            let interpreter = Arc::new(Interpreter::following(registry));
            let jobs = jobs::all(&settings, &store, &clock, source.as_ref(), &interpreter)?;
            let times = LeaseTimes::default();
            run_now(
                &JobRunner::new(jobs, Arc::clone(&store), clock, times),
                &name,
            )
            .await
        }
        SchedulesCommand::Pause { name } => pause(&store, &name, true).await,
        SchedulesCommand::Resume { name } => pause(&store, &name, false).await,
    };
    store.close().await;
    done
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<ExitCode> {
    let rows = store.schedule_list().await?;
    if rows.is_empty() && !json {
        println!("no schedules yet: they are there once `vigia up` or `vigia work` has run");
    }
    for row in &rows {
        match json {
            true => println!("{}", to_json(row)),
            false => print!("{}", to_text(row)),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_now(runner: &JobRunner, name: &str) -> anyhow::Result<ExitCode> {
    let mut stop = StopSignal::listen()?;
    let shutdown = CancellationToken::new();
    let mut running = std::pin::pin!(runner.run_now(name, &shutdown));
    let ran = tokio::select! {
        ran = &mut running => ran?,
        () = stop.received() => {
            shutdown.cancel();
            running.await?
        }
    };
    match ran {
        None => {
            let names = runner.names().join(", ");
            let problem = format!("there is no schedule {name:?}; there are {names}");
            Err(Exit::bad_input(problem).into())
        }
        Some(RanNow::Here(Ok(done))) => {
            println!("{done}");
            Ok(ExitCode::SUCCESS)
        }
        Some(RanNow::Here(Err(error))) => Err(anyhow::anyhow!("{name} failed: {error}")),
        Some(RanNow::Elsewhere) => {
            println!("{name} is running already");
            Ok(ExitCode::from(exit::FAILED))
        }
        Some(RanNow::Lost) => Err(anyhow::anyhow!(
            "{name} was stopped half-way; what it did so far stays, and it can be run again"
        )),
    }
}

async fn pause(store: &SqlStore, name: &str, paused: bool) -> anyhow::Result<ExitCode> {
    if !store.schedule_pause(name, paused).await? {
        let rows = store.schedule_list().await?;
        let names: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
        let problem = match names.is_empty() {
            true => format!(
                "there is no schedule {name:?}: they are there once `vigia up` or `vigia work` has run"
            ),
            false => format!(
                "there is no schedule {name:?}; there are {}",
                names.join(", ")
            ),
        };
        return Err(Exit::bad_input(problem).into());
    }
    println!("{name} is {}", if paused { "paused" } else { "on" });
    Ok(ExitCode::SUCCESS)
}

/// How it is, in a word.
fn state(row: &ScheduleRow) -> &'static str {
    match row {
        ScheduleRow { paused: true, .. } => "paused",
        ScheduleRow {
            unfinished: true, ..
        } => "running",
        ScheduleRow {
            last_error: Some(_),
            ..
        } => "failed",
        ScheduleRow {
            last_finished_at_ms: Some(_),
            ..
        } => "well",
        _ => "not run yet",
    }
}

fn to_json(row: &ScheduleRow) -> serde_json::Value {
    json!({
        "name": row.name,
        "pattern": row.pattern,
        "timeZone": row.time_zone,
        "missed": match row.missed {
            MissedPolicy::Skip => "skip",
            MissedPolicy::Once => "once",
            MissedPolicy::All => "all",
        },
        "state": state(row),
        "paused": row.paused,
        "unfinished": row.unfinished,
        "nextAtMs": row.next_at_ms,
        "lastAtMs": row.last_at_ms,
        "lastFinishedAtMs": row.last_finished_at_ms,
        "lastResult": row.last_result,
        "lastError": row.last_error,
    })
}

fn to_text(row: &ScheduleRow) -> String {
    let time = |time_ms: Option<u64>| time_ms.map_or_else(|| "never".to_owned(), time_text);
    let mut lines = vec![
        ("when", format!("{} ({})", row.pattern, row.time_zone)),
        ("state", state(row).to_owned()),
        ("next", time(row.next_at_ms)),
        ("last", time(row.last_finished_at_ms)),
    ];
    lines.extend(row.last_result.clone().map(|result| ("result", result)));
    lines.extend(row.last_error.clone().map(|error| ("error", error)));
    let lines: String = lines
        .iter()
        .map(|(word, value)| format!("  {word:<8} {value}\n"))
        .collect();
    format!("{}\n{lines}", row.name)
}
