//! `vigia migrate-store`: moves everything from one database into another, usually from a file to a
//! server, and goes on where it was interrupted.

mod progress;

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Args;
use vigia_core::SystemClock;
use vigia_store::{
    CopyLimits, CopyOutcome, CopyProgress, CopyReport, SqlStore, StoreOptions, TableSum,
};
use vigia_sui::Secret;

use super::stop::StopSignal;
use crate::cli::Common;
use crate::config::{Overrides, Settings};
use crate::exit::{self, Exit};
use progress::Progress;

/// Flags of `vigia migrate-store`.
#[derive(Debug, Args)]
pub struct MigrateStoreArgs {
    /// The database to copy: sqlite:PATH, or postgres://USER:PASSWORD@HOST:PORT/DATABASE
    #[arg(long, value_name = "DATABASE", value_parser = address)]
    from: Secret,
    /// The database to fill, in the same form [default: the setting store.url, which other users of
    /// this machine do not see]
    #[arg(long, value_name = "DATABASE", value_parser = address)]
    to: Option<Secret>,
    /// Rows that one transaction copies at most
    #[arg(long, value_name = "COUNT", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    chunk_rows: u32,
}

/// Any text: what is wrong with it is said later, without repeating it.
fn address(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// Runs the command.
pub async fn run(common: &Common, args: MigrateStoreArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let (from, to) = ends(&settings, &args)?;
    let (from_place, to_place) = (place(&from), place(&to));
    let mut stop = StopSignal::listen().context("cannot listen for Ctrl-C")?;
    let clock = Arc::new(SystemClock);
    let source = SqlStore::open(from, clock.clone());
    let source = source
        .await
        .with_context(|| format!("cannot open the source {from_place}"))?;
    let target = SqlStore::open_copy_target(to, clock);
    let target = target
        .await
        .with_context(|| format!("cannot open the target {to_place}"))?;
    eprintln!(
        "copying {from_place} to {to_place}; nothing can be written to the source until the end"
    );

    let stopping = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stopping);
    let hearing = tokio::spawn(async move {
        stop.received().await;
        heard.store(true, Ordering::Relaxed);
    });
    let limits = CopyLimits {
        rows: args.chunk_rows as usize,
        ..CopyLimits::default()
    };
    let mut progress = Progress::new();
    let mut observer = |now: CopyProgress| {
        progress.show(now);
        match stopping.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let outcome = source.copy_to(&target, limits, &mut observer).await;
    progress.finish();
    hearing.abort();
    target.close().await;
    source.close().await;
    match outcome.with_context(|| format!("cannot copy {from_place} to {to_place}"))? {
        CopyOutcome::Stopped => {
            eprintln!("stopped; run the same command again to go on");
            Ok(ExitCode::from(exit::FAILED))
        }
        CopyOutcome::Finished(report) => Ok(tell(&report, &to_place)),
    }
}

/// Both databases; the source has to be there.
fn ends(
    settings: &Settings,
    args: &MigrateStoreArgs,
) -> anyhow::Result<(StoreOptions, StoreOptions)> {
    let from = settings.store_options_at("--from", args.from.expose())?;
    let to = match &args.to {
        Some(to) => settings.store_options_at("--to", to.expose())?,
        None => match settings.store_options()? {
            postgres @ StoreOptions::Postgres(_) => postgres,
            StoreOptions::Sqlite(_) => {
                return Err(Exit::bad_input(
                    "no target: give --to, or set store.url (VIGIA__STORE__URL) or store.url_file",
                )
                .into());
            }
        },
    };
    if let StoreOptions::Sqlite(from) = &from {
        let file = from.path.canonicalize().ok().filter(|path| path.is_file());
        let Some(file) = file else {
            let problem = format!("--from: there is no database at {}", from.path.display());
            return Err(Exit::bad_input(problem).into());
        };
        if let StoreOptions::Sqlite(to) = &to
            && to.path.canonicalize().is_ok_and(|to| to == file)
        {
            return Err(Exit::bad_input("--from and --to are the same file").into());
        }
    }
    Ok((from, to))
}

fn place(options: &StoreOptions) -> String {
    match options {
        StoreOptions::Sqlite(options) => options.path.display().to_string(),
        StoreOptions::Postgres(options) => options.address(),
    }
}

/// Prints what both databases hold, table by table.
fn tell(report: &CopyReport, to: &str) -> ExitCode {
    println!("{:<20} {:>12} {:<32}  equal", "table", "rows", "checksum");
    for check in &report.tables {
        let line = |sum: &TableSum, equal: &str| {
            println!(
                "{:<20} {:>12} {:032x}  {equal}",
                check.table, sum.rows, sum.checksum
            );
        };
        match check.is_equal() {
            true => line(&check.source, "yes"),
            false => {
                line(&check.source, "NO (source)");
                line(&check.target, "NO (target)");
            }
        }
    }
    let rows: u64 = report.tables.iter().map(|check| check.source.rows).sum();
    if !report.is_equal() {
        eprintln!(
            "error: the databases differ, and {to} stays closed; empty it (Postgres: DROP SCHEMA vigia \
             CASCADE) and run this again"
        );
        return ExitCode::from(exit::FAILED);
    }
    let earlier = match report.resumed {
        true => format!(", {} of them by this run", report.rows_copied),
        false => String::new(),
    };
    println!(
        "{rows} rows copied{earlier}, all equal; point vigia at {to} (store.url) and start it: it goes on \
         from the same watermark"
    );
    ExitCode::SUCCESS
}
