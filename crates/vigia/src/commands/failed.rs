//! `vigia failed`: transactions that could not be interpreted (I-8).

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;
use vigia_contracts::{Interpreter, PackageIds};
use vigia_core::{Digest, Place, Scope, parse_digest};
use vigia_store::{FailedRow, FailedStore, FailedTransaction, ReadStore, SqlStore, StoreError};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::{Overrides, Settings};
use crate::contracts::Declared;
use crate::exit::{self, Exit};
use crate::pipeline::{Reinterpreted, Reinterpreter};

/// Rows read at once.
const PAGE: u32 = 500;

/// What to do with failed transactions.
#[derive(Debug, Subcommand)]
pub enum FailedCommand {
    /// List those that nobody discarded, in the order of the chain
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one with its evidence
    Show {
        /// Its digest
        digest: String,
    },
    /// Interpret again what is stored, with the contracts as they are declared now
    Retry(RetryArgs),
    /// Keep one, but count it as failed no longer
    Discard {
        /// Its digest
        digest: String,
    },
}

/// Flags of `vigia failed retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Digest of the transaction
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    digest: Option<String>,
    /// All that `vigia failed list` lists
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub async fn run(common: &Common, command: FailedCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    // Wrong digests are refused before anything is opened.
    let digest = match &command {
        FailedCommand::Show { digest } | FailedCommand::Discard { digest } => Some(digest),
        FailedCommand::Retry(args) => args.digest.as_ref(),
        FailedCommand::List { .. } => None,
    };
    let digest = digest.map(|text| parse_digest(text)).transpose()?;
    let store = open_existing_store(&settings).await?;
    let done = match (command, digest) {
        (FailedCommand::List { json }, _) => list(&store, json).await,
        (FailedCommand::Show { .. }, Some(digest)) => show(&store, &digest).await,
        (FailedCommand::Discard { .. }, Some(digest)) => discard(&store, &digest).await,
        (FailedCommand::Retry(_), Some(digest)) => {
            let reinterpreter = reinterpreter(&settings, &store).await?;
            let outcome = reinterpreter.retry(&digest).await?;
            report(&store, &digest, outcome).await
        }
        (_, None) => retry_all(&settings, &store).await,
    };
    store.close().await;
    done
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<ExitCode> {
    let mut after = None;
    while let Some(rows) = page(store, &mut after).await? {
        for row in rows {
            match json {
                true => println!("{}", to_json(&row)),
                false => println!(
                    "{} {} {}",
                    row.digest,
                    time_text(row.timestamp_ms),
                    row.error
                ),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The page behind `after`, which moves on; none at the end.
async fn page(
    store: &SqlStore,
    after: &mut Option<Place>,
) -> anyhow::Result<Option<Vec<FailedRow>>> {
    let rows = store.failed_list(*after, PAGE).await?;
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    *after = Some(last.place);
    Ok(Some(rows))
}

fn to_json(row: &FailedRow) -> serde_json::Value {
    json!({
        "digest": row.digest.to_string(),
        "checkpoint": row.place.checkpoint,
        "index": row.place.index,
        "timestampMs": row.timestamp_ms,
        "error": row.error,
    })
}

async fn show(store: &SqlStore, digest: &Digest) -> anyhow::Result<ExitCode> {
    let Some(FailedTransaction {
        raw,
        discarded_at_ms,
    }) = store.failed_find(digest).await?
    else {
        return Err(not_failed(store, digest).await);
    };
    let call = [
        raw.package.map(|package| package.to_string()),
        raw.module.clone(),
        raw.function.clone(),
    ];
    let call: Vec<String> = call.into_iter().flatten().collect();
    let reasons: Vec<serde_json::Value> = raw
        .reasons
        .iter()
        .map(|reason| json!({ "kind": reason.kind, "target": reason.target }))
        .collect();
    let shown = json!({
        "digest": raw.digest.to_string(),
        "checkpoint": raw.place.checkpoint,
        "index": raw.place.index,
        "timestampMs": raw.timestamp_ms,
        "time": time_text(raw.timestamp_ms),
        "error": raw.processing_error,
        "discardedAtMs": discarded_at_ms,
        "sender": raw.sender.to_string(),
        "call": call.join("::"),
        "executionFailure": raw.failure,
        "reasons": reasons,
        "transactionBytes": raw.transaction_bcs.len(),
        "effectsBytes": raw.effects_bcs.len(),
        "eventsBytes": raw.events_bcs.as_ref().map(|bytes| bytes.len()),
    });
    println!("{shown:#}");
    Ok(ExitCode::SUCCESS)
}

async fn discard(store: &SqlStore, digest: &Digest) -> anyhow::Result<ExitCode> {
    if !store.failed_discard(digest).await? {
        return match store.failed_find(digest).await? {
            Some(_) => {
                println!("{digest} was discarded before");
                Ok(ExitCode::SUCCESS)
            }
            None => Err(not_failed(store, digest).await),
        };
    }
    println!("{digest} is discarded");
    Ok(ExitCode::SUCCESS)
}

async fn reinterpreter(
    settings: &Settings,
    store: &Arc<SqlStore>,
) -> anyhow::Result<Reinterpreter<SqlStore>> {
    let declared = Declared::new(settings, &PackageIds::new())?;
    let interpreter = Interpreter::following(declared.open(store, None).await?);
    Ok(Reinterpreter::new(Arc::clone(store), interpreter))
}

async fn retry_all(settings: &Settings, store: &Arc<SqlStore>) -> anyhow::Result<ExitCode> {
    let reinterpreter = reinterpreter(settings, store).await?;
    let (mut resolved, mut still_failed) = (0, 0);
    let mut after = None;
    while let Some(rows) = page(store, &mut after).await? {
        for row in rows {
            match reinterpreter.retry(&row.digest).await? {
                Reinterpreted::Resolved { .. } => resolved += 1,
                Reinterpreted::StillFailed(problem) => {
                    still_failed += 1;
                    println!("{} still fails: {problem}", row.digest);
                }
                // Somebody else was faster.
                Reinterpreted::NotFailed => {}
            }
        }
    }
    println!("{resolved} are interpreted now, {still_failed} still fail");
    Ok(ExitCode::from(match still_failed {
        0 => exit::OK,
        _ => exit::FAILED,
    }))
}

async fn report(
    store: &SqlStore,
    digest: &Digest,
    outcome: Reinterpreted,
) -> anyhow::Result<ExitCode> {
    match outcome {
        Reinterpreted::Resolved {
            activities_new,
            notifications_new,
        } => {
            println!(
                "{digest} is interpreted now: {activities_new} activities and \
                 {notifications_new} notifications are new"
            );
            Ok(ExitCode::SUCCESS)
        }
        Reinterpreted::StillFailed(problem) => {
            println!("{digest} still fails: {problem}");
            Ok(ExitCode::from(exit::FAILED))
        }
        Reinterpreted::NotFailed => Err(not_failed(store, digest).await),
    }
}

/// Why a digest is none of a failed transaction.
async fn not_failed(store: &SqlStore, digest: &Digest) -> anyhow::Error {
    let known = async {
        if store.raw_transaction(&Scope::All, digest).await?.is_some() {
            return Ok("is interpreted");
        }
        let remains = store.transaction_remains(&Scope::All, digest).await?;
        Ok(match remains {
            Some(_) => {
                "is interpreted; its evidence was older than work.retention_days and is not kept any \
                 more, what it meant is"
            }
            None => "is not kept",
        })
    };
    match known.await {
        Ok(known) => Exit::bad_input(format!(
            "there is no failed transaction {digest}: it {known}; `vigia failed list` lists those \
             there are"
        ))
        .into(),
        Err(error) => StoreError::into(error),
    }
}
