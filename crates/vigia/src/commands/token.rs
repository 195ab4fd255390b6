//! `vigia token`: how programs sign in.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use vigia_core::{Clock, SystemClock};
use vigia_store::{CREDENTIALS_MAX, SignInStore, SqlStore, TokenScope, TokenSpec};
use vigia_web::{Secret, TOKEN_PREFIX};

use super::actions::record;
use super::{open_existing_store, time_text, user};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Longest name of a token, in bytes (I-13).
const NAME_BYTES_MAX: usize = 200;
/// Longest a token may last, in days.
const DAYS_MAX: u64 = 3_650;
const DAY_MS: u64 = 86_400_000;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make one and print it, this one time; programs send it as `Authorization: Bearer TOKEN`
    Create(CreateArgs),
    /// List those that last, without what makes them valid
    List {
        /// External id of a user [default: all users]
        #[arg(long)]
        user: Option<String>,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Take one back; it is valid no more from now on
    Revoke {
        /// Its id, as listed
        id: i64,
    },
}

/// Flags of `vigia token create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// External id of the user whom it acts for
    #[arg(long)]
    user: String,
    /// What it is for
    #[arg(long)]
    name: String,
    /// read: the accounts that the user is a member of; full: all that the user may do; of an application's server one or
    /// several of accounts, devices, invoices, announce, apart by commas (docs/applications.md)
    #[arg(long, default_value = "read")]
    scope: TokenScope,
    /// Days that it lasts [default: until it is taken back]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=DAYS_MAX))]
    days: Option<u64>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, command: TokenCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        TokenCommand::Create(args) => create(&store, args).await,
        TokenCommand::List { user, json } => list(&store, user.as_deref(), json).await,
        TokenCommand::Revoke { id } => revoke(&store, id).await,
    };
    store.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn create(store: &SqlStore, args: CreateArgs) -> anyhow::Result<()> {
    if args.name.is_empty() || args.name.len() > NAME_BYTES_MAX || args.name.contains('\0') {
        let problem = format!("a token's name has 1 to {NAME_BYTES_MAX} bytes, none of them zero");
        return Err(Exit::bad_input(problem).into());
    }
    let login = user::find(store, &args.user).await?;
    let secret = Secret::generate(TOKEN_PREFIX)?;
    let lasts_ms = args.days.map(|days| days * DAY_MS);
    let spec = TokenSpec {
        secret_hash: secret.hash(),
        user: login.user.id,
        name: args.name,
        scope: args.scope,
        expires_at_ms: lasts_ms.map(|lasts_ms| SystemClock.now_ms() + lasts_ms),
    };
    let scope = spec.scope.to_string();
    let Some(id) = store.token_create(&spec).await? else {
        let problem = format!(
            "{} has {CREDENTIALS_MAX} tokens already; take one back first",
            args.user
        );
        return Err(Exit::bad_input(problem).into());
    };
    let subject = json!({ "id": id, "user": args.user, "scope": scope });
    record(store, "token create", subject).await?;
    match args.json {
        true => println!("{}", json!({ "id": id, "token": secret.expose() })),
        false => {
            eprintln!("Token {id}. It is shown this once:");
            println!("{}", secret.expose());
        }
    }
    Ok(())
}

async fn list(store: &SqlStore, user: Option<&str>, json: bool) -> anyhow::Result<()> {
    let user = match user {
        Some(user) => Some(user::find(store, user).await?.user.id),
        None => None,
    };
    let rows = store.token_list(user).await?;
    if rows.is_empty() && !json {
        println!("no tokens");
    }
    for row in rows {
        match json {
            true => println!(
                "{}",
                json!({
                    "id": row.id,
                    "user": row.user,
                    "name": row.name,
                    "scope": row.scope.to_string(),
                    "createdAtMs": row.created_at_ms,
                    "usedAtMs": row.used_at_ms,
                    "expiresAtMs": row.expires_at_ms,
                })
            ),
            false => println!(
                "{}  {}  {}  {:?}  used {}, until {}",
                row.id,
                row.user,
                row.scope,
                row.name,
                row.used_at_ms.map_or_else(|| "never".to_owned(), time_text),
                row.expires_at_ms
                    .map_or_else(|| "taken back".to_owned(), time_text),
            ),
        }
    }
    Ok(())
}

async fn revoke(store: &SqlStore, id: i64) -> anyhow::Result<()> {
    if !store.token_revoke(id).await? {
        let problem = format!("there is no token {id}; see vigia token list");
        return Err(Exit::bad_input(problem).into());
    }
    record(store, "token revoke", json!({ "id": id })).await?;
    println!("token {id} is valid no more");
    Ok(())
}
