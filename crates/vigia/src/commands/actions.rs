//! `vigia actions`: what operators and applications did.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use vigia_store::{ACTIONS_MAX, Action, ActionRow, ActionStore, ActionWay, SqlStore};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;

/// Flags of `vigia actions`.
#[derive(Debug, Args)]
pub struct ActionsArgs {
    /// External id of who did it [default: all]
    #[arg(long)]
    actor: Option<String>,
    /// How many, the newest
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(ACTIONS_MAX)))]
    limit: u32,
    /// Those before the one with this id
    #[arg(long)]
    before: Option<i64>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, args: ActionsArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let actor = args.actor.as_deref();
    let rows = store.action_page(actor, args.before, args.limit).await;
    store.close().await;
    let rows = rows?;
    for row in &rows {
        match args.json {
            true => println!("{}", to_json(row)),
            false => println!("{}", to_text(row)),
        }
    }
    if rows.is_empty() && !args.json {
        println!("nothing was done by operators or applications");
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes down what was done by a command.
pub(super) async fn record(store: &SqlStore, action: &str, subject: Value) -> anyhow::Result<()> {
    let action = Action {
        actor: String::new(),
        way: ActionWay::Command,
        action: action.to_owned(),
        subject,
        problem: None,
    };
    Ok(store.action_record(&action).await?)
}

fn to_json(row: &ActionRow) -> Value {
    let action = &row.action;
    json!({
        "id": row.id,
        "atMs": row.at_ms,
        "actor": Some(&action.actor).filter(|actor| !actor.is_empty()),
        "way": action.way.as_str(),
        "action": action.action,
        "subject": action.subject,
        "problem": action.problem,
    })
}

fn to_text(row: &ActionRow) -> String {
    let action = &row.action;
    let actor = match &*action.actor {
        "" => "whoever is at the machine",
        actor => actor,
    };
    let mut text = format!(
        "{}  {}  {actor} ({})  {}  {}",
        row.id,
        time_text(row.at_ms),
        action.way.as_str(),
        action.action,
        action.subject
    );
    if let Some(problem) = &action.problem {
        text += &format!("\n    not done: {problem}");
    }
    text
}
