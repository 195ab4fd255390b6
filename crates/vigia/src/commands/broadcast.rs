//! `vigia broadcast`: what operators have to say to many.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigia_core::Locale;
use vigia_store::{
    BroadcastRow, BroadcastSegment, BroadcastSpec, BroadcastStore, BroadcastText, BroadcastTexts,
    SqlStore,
};

use super::actions::record;
use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Broadcasts that are listed.
const LISTED_MAX: u32 = 50;

/// What to do with broadcasts.
#[derive(Debug, Subcommand)]
pub enum BroadcastCommand {
    /// Begin to tell users something, each once; `up` and `work` do it
    Start(StartArgs),
    /// List the newest broadcasts with how far they are
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Stop one: whoever was told stays told, what was not sent is not
    Stop {
        /// Its key, from the list
        id: i64,
    },
}

/// Flags of `vigia broadcast start`.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// What is said in a language, once for each: `es=TITLE|TEXT`
    #[arg(long = "text", value_name = "LOCALE=TITLE|TEXT", required = true)]
    texts: Vec<String>,
    /// Only users who read this language
    #[arg(long = "locale")]
    locales: Vec<Locale>,
    /// Only members of accounts of this kind: personal or business
    #[arg(long)]
    account_kind: Option<String>,
    /// Only this user
    #[arg(long = "user")]
    users: Vec<String>,
    /// To so many users in a second
    #[arg(long, default_value_t = 100)]
    per_second: u32,
}

/// Runs the command.
pub async fn run(common: &Common, command: BroadcastCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        BroadcastCommand::Start(args) => start(&store, args).await,
        BroadcastCommand::List { json } => list(&store, json).await,
        BroadcastCommand::Stop { id } => stop(&store, id).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn start(store: &SqlStore, args: StartArgs) -> anyhow::Result<()> {
    let texts = args.texts.iter().map(|text| said(text));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    let spec = BroadcastSpec {
        texts: BroadcastTexts::new(texts).map_err(Exit::bad_input)?,
        segment: BroadcastSegment {
            locales: args.locales,
            account_kind: args.account_kind,
            users: args.users,
        },
        rate_per_s: args.per_second,
    };
    spec.check().map_err(Exit::bad_input)?;
    let id = store.broadcast_begin(&spec).await?;
    record(store, "broadcast start", json!({ "id": id })).await?;
    println!("broadcast {id} has begun: see vigia broadcast list, or vigia broadcast stop {id}");
    Ok(())
}

fn said(text: &str) -> Result<(Locale, BroadcastText), Exit> {
    let wrong = || {
        Exit::bad_input(format!(
            "--text {text:?}: expected a language, a title and a text, like \"es=Novedades|Hola\""
        ))
    };
    let (locale, said) = text.split_once('=').ok_or_else(wrong)?;
    let (title, body) = said.split_once('|').ok_or_else(wrong)?;
    let locale = locale.parse().map_err(Exit::bad_input)?;
    let text = BroadcastText {
        title: title.trim().to_owned(),
        body: body.trim().to_owned(),
    };
    Ok((locale, text))
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<()> {
    let rows = store.broadcast_list(LISTED_MAX).await?;
    for row in &rows {
        match json {
            true => println!("{}", to_json(row)),
            false => println!("{}", to_text(row)),
        }
    }
    if rows.is_empty() && !json {
        println!("nothing was broadcast: see vigia broadcast start --help");
    }
    Ok(())
}

async fn stop(store: &SqlStore, id: i64) -> anyhow::Result<()> {
    if !store.broadcast_stop(id).await? {
        let why = format!("no broadcast {id} is running: see vigia broadcast list");
        return Err(Exit::bad_input(why).into());
    }
    record(store, "broadcast stop", json!({ "id": id })).await?;
    println!("broadcast {id} is stopped");
    Ok(())
}

fn to_json(row: &BroadcastRow) -> Value {
    json!({
        "id": row.id,
        "state": row.state.as_str(),
        "texts": row.spec.texts,
        "segment": row.spec.segment,
        "perSecond": row.spec.rate_per_s,
        "told": row.told,
        "users": row.total,
        "createdAtMs": row.created_at_ms,
        "finishedAtMs": row.finished_at_ms,
    })
}

fn to_text(row: &BroadcastRow) -> String {
    let title = row.spec.texts.text(Locale::Es).map(|text| &*text.title);
    format!(
        "{}  {:<7}  {} told, of {} users  since {}  {:?}",
        row.id,
        row.state.as_str(),
        row.told,
        row.total,
        time_text(row.created_at_ms),
        title.unwrap_or_default(),
    )
}
