//! `vigia pushes`: what devices were told, and what is to be told again or not at all.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigia_core::DeliveryId;
use vigia_store::{AttemptRow, DeliveryState, PushRow, PushStore, SqlStore};

use super::deliveries::{attempt_json, attempt_text};
use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Pushes that are read at once.
const PAGE: u32 = 200;

/// What to do with pushes.
#[derive(Debug, Subcommand)]
pub enum PushesCommand {
    /// List pushes, the newest first
    List(ListArgs),
    /// Show a push with its attempts
    Show {
        /// Its id
        id: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Send pushes again at once, under the same ids, whatever became of them
    Retry(ChooseArgs),
    /// Say that pending pushes are not to be sent
    Cancel(ChooseArgs),
}

/// Flags of `vigia pushes list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those in this state: pending, delivered, dead or cancelled
    #[arg(long)]
    state: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Flags of `vigia pushes retry` and `cancel`.
#[derive(Debug, Args)]
pub struct ChooseArgs {
    /// Their ids
    ids: Vec<String>,
    /// All dead ones (retry) or all pending ones (cancel)
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

/// Runs the command.
pub async fn run(common: &Common, command: PushesCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        PushesCommand::List(args) => list(&store, &args).await,
        PushesCommand::Show { id, json } => show(&store, &id, json).await,
        PushesCommand::Retry(args) => change(&store, &args, true).await,
        PushesCommand::Cancel(args) => change(&store, &args, false).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &SqlStore, args: &ListArgs) -> anyhow::Result<()> {
    let state: Option<DeliveryState> = match &args.state {
        Some(state) => Some(state.parse().map_err(Exit::bad_input)?),
        None => None,
    };
    let (mut before, mut left) = (None, args.limit);
    while left > 0 {
        let page = store.push_page(state, before, left.min(PAGE)).await?;
        let Some(last) = page.last() else { break };
        before = Some((last.created_at_ms, last.id));
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        for row in &page {
            match args.json {
                true => println!("{}", to_json(row)),
                false => println!("{}", to_text(row)),
            }
        }
    }
    if before.is_none() && !args.json {
        println!("there are no such pushes");
    }
    Ok(())
}

async fn show(store: &SqlStore, id: &str, json: bool) -> anyhow::Result<()> {
    let (row, attempts) = find(store, id).await?;
    if json {
        let mut shown = to_json(&row);
        shown["log"] = attempts.iter().map(attempt_json).collect();
        println!("{shown}");
        return Ok(());
    }
    println!("{}", to_text(&row));
    for attempt in &attempts {
        println!("{}", attempt_text(attempt));
    }
    Ok(())
}

async fn change(store: &SqlStore, args: &ChooseArgs, retries: bool) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    for id in &args.ids {
        ids.push(find(store, id).await?.0.id);
    }
    if args.all {
        let state = match retries {
            true => DeliveryState::Dead,
            false => DeliveryState::Pending,
        };
        let mut before = None;
        loop {
            let page = store.push_page(Some(state), before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = Some((last.created_at_ms, last.id));
            ids.extend(page.iter().map(|row| row.id));
        }
    } else if ids.is_empty() {
        return Err(Exit::bad_input("name pushes, or --all of them").into());
    }
    let mut changed = 0;
    for id in &ids {
        let done = match retries {
            true => store.push_retry(id).await?,
            false => store.push_cancel(id).await?,
        };
        changed += u64::from(done);
    }
    match retries {
        true => println!("{changed} are sent again"),
        false => println!("{changed} are not sent"),
    }
    Ok(())
}

async fn find(store: &SqlStore, id: &str) -> anyhow::Result<(PushRow, Vec<AttemptRow>)> {
    let parsed: DeliveryId = id.parse().map_err(Exit::bad_input)?;
    let found = store.push_find(&parsed).await?;
    Ok(found
        .ok_or_else(|| Exit::bad_input(format!("there is no push {id}: see vigia pushes list")))?)
}

fn to_json(row: &PushRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "user": row.user,
        "device": row.device,
        "platform": row.platform.as_str(),
        "bundle": row.bundle.to_string(),
        "state": row.state.as_str(),
        "attempts": row.attempts,
        "dueAtMs": row.due_at_ms,
        "createdAtMs": row.created_at_ms,
        "finishedAtMs": row.finished_at_ms,
    })
}

fn to_text(row: &PushRow) -> String {
    let mut text = format!(
        "{}  {:<9}  {} to {} (device {})  {} attempts",
        row.id,
        row.state.as_str(),
        row.platform.as_str(),
        row.user,
        row.device,
        row.attempts
    );
    if row.state == DeliveryState::Pending {
        text += &format!("  due at {}", time_text(row.due_at_ms));
    }
    text
}
