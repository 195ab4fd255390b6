//! `vigia deliveries`: what endpoints were told, and what is to be told again or not at all.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigia_core::DeliveryId;
use vigia_store::{AttemptRow, DeliveryRow, DeliveryState, DeliveryStore, EndpointRow, SqlStore};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Deliveries that are read at once.
const PAGE: u32 = 200;

/// What to do with deliveries.
#[derive(Debug, Subcommand)]
pub enum DeliveriesCommand {
    /// List deliveries, the newest first
    List(ListArgs),
    /// Show a delivery with its attempts
    Show {
        /// Its id
        id: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Send deliveries again at once, under the same ids, whatever became of them
    Retry(ChooseArgs),
    /// Say that pending deliveries are not to be sent
    Cancel(ChooseArgs),
}

/// Flags of `vigia deliveries list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those of the endpoint of this name
    #[arg(long)]
    endpoint: Option<String>,
    /// Only those in this state
    #[arg(
        long,
        help = "Only those in this state: pending, delivered, dead or cancelled"
    )]
    state: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Flags of `vigia deliveries retry` and `cancel`.
#[derive(Debug, Args)]
pub struct ChooseArgs {
    /// Their ids
    ids: Vec<String>,
    /// All dead ones (retry) or all pending ones (cancel) of this endpoint
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    all_of: Option<String>,
}

/// Runs the command.
pub async fn run(common: &Common, command: DeliveriesCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        DeliveriesCommand::List(args) => list(&store, &args).await,
        DeliveriesCommand::Show { id, json } => show(&store, &id, json).await,
        DeliveriesCommand::Retry(args) => change(&store, &args, true).await,
        DeliveriesCommand::Cancel(args) => change(&store, &args, false).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &SqlStore, args: &ListArgs) -> anyhow::Result<()> {
    let endpoints = store.endpoint_list().await?;
    let endpoint = match &args.endpoint {
        Some(name) => Some(named(&endpoints, name)?.id),
        None => None,
    };
    let state: Option<DeliveryState> = match &args.state {
        Some(state) => Some(state.parse().map_err(Exit::bad_input)?),
        None => None,
    };
    let (mut before, mut left) = (None, args.limit);
    while left > 0 {
        let page = store
            .delivery_page(endpoint, state, before, left.min(PAGE))
            .await?;
        let Some(last) = page.last() else { break };
        before = Some((last.created_at_ms, last.id));
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        for row in &page {
            match args.json {
                true => println!("{}", to_json(row, &endpoints)),
                false => println!("{}", to_text(row, &endpoints)),
            }
        }
    }
    if before.is_none() && !args.json {
        println!("there are no such deliveries");
    }
    Ok(())
}

async fn show(store: &SqlStore, id: &str, json: bool) -> anyhow::Result<()> {
    let endpoints = store.endpoint_list().await?;
    let (row, attempts) = find(store, id).await?;
    if json {
        let mut shown = to_json(&row, &endpoints);
        shown["log"] = attempts.iter().map(attempt_json).collect();
        println!("{shown}");
        return Ok(());
    }
    println!("{}", to_text(&row, &endpoints));
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
    if let Some(name) = &args.all_of {
        let endpoint = named(&store.endpoint_list().await?, name)?.id;
        let state = match retries {
            true => DeliveryState::Dead,
            false => DeliveryState::Pending,
        };
        let mut before = None;
        loop {
            let page = store
                .delivery_page(Some(endpoint), Some(state), before, PAGE)
                .await?;
            let Some(last) = page.last() else { break };
            before = Some((last.created_at_ms, last.id));
            ids.extend(page.iter().map(|row| row.id));
        }
    } else if ids.is_empty() {
        return Err(Exit::bad_input("name deliveries, or --all-of an endpoint").into());
    }
    let mut changed = 0;
    for id in &ids {
        let done = match retries {
            true => store.delivery_retry(id).await?,
            false => store.delivery_cancel(id).await?,
        };
        changed += u64::from(done);
    }
    match retries {
        true => println!("{changed} are sent again"),
        false => println!("{changed} are not sent"),
    }
    Ok(())
}

async fn find(store: &SqlStore, id: &str) -> anyhow::Result<(DeliveryRow, Vec<AttemptRow>)> {
    let parsed: DeliveryId = id.parse().map_err(Exit::bad_input)?;
    let found = store.delivery_find(&parsed).await?;
    Ok(found.ok_or_else(|| {
        Exit::bad_input(format!(
            "there is no delivery {id}: see vigia deliveries list"
        ))
    })?)
}

fn named<'e>(endpoints: &'e [EndpointRow], name: &str) -> Result<&'e EndpointRow, Exit> {
    let found = endpoints.iter().find(|row| row.spec.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = endpoints.iter().map(|row| &*row.spec.name).collect();
        Exit::bad_input(format!(
            "there is no endpoint {name:?}; there are: {}",
            names.join(", ")
        ))
    })
}

fn name_of(row: &DeliveryRow, endpoints: &[EndpointRow]) -> String {
    let found = endpoints
        .iter()
        .find(|endpoint| endpoint.id == row.endpoint);
    found.map_or_else(
        || row.endpoint.to_string(),
        |endpoint| endpoint.spec.name.clone(),
    )
}

fn to_json(row: &DeliveryRow, endpoints: &[EndpointRow]) -> Value {
    json!({
        "id": row.id.to_string(),
        "endpoint": name_of(row, endpoints),
        "sequence": row.sequence,
        "activity": row.activity.to_string(),
        "state": row.state.as_str(),
        "attempts": row.attempts,
        "dueAtMs": row.due_at_ms,
        "createdAtMs": row.created_at_ms,
        "finishedAtMs": row.finished_at_ms,
    })
}

/// An attempt as a line.
pub(super) fn attempt_text(attempt: &AttemptRow) -> String {
    let status = attempt.status;
    format!(
        "    {}  {}  {} ms  {}  {}",
        time_text(attempt.started_at_ms),
        status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
        attempt.duration_ms,
        attempt.error.as_deref().unwrap_or("ok"),
        attempt.response_head
    )
}

/// An attempt for scripts.
pub(super) fn attempt_json(attempt: &AttemptRow) -> Value {
    json!({
        "startedAtMs": attempt.started_at_ms,
        "durationMs": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
        "responseHead": attempt.response_head,
    })
}

fn to_text(row: &DeliveryRow, endpoints: &[EndpointRow]) -> String {
    let mut text = format!(
        "{}  {:<9}  {} #{}  {} attempts",
        row.id,
        row.state.as_str(),
        name_of(row, endpoints),
        row.sequence,
        row.attempts
    );
    if row.state == DeliveryState::Pending && row.attempts > 0 {
        text += &format!("  again at {}", time_text(row.due_at_ms));
    }
    text
}
