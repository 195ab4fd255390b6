//! `vigia user`: who signs in, by which password, as what.

use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;
use vigia_core::{Locale, UserRole};
use vigia_store::{
    ApplicationChange, ApplicationStore as _, DirectoryStore as _, Login, SignInStore, SqlStore,
    UserSpec,
};
use vigia_web::password_hash;

use super::actions::record;
use super::{open_existing_store, open_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Rows read at once.
const PAGE: u32 = 500;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Let a user sign in: asks for a password, or reads it from standard input. Who exists already
    /// gets the role and the password, and keeps their accounts
    Create(CreateArgs),
    /// Give a user another password, which ends their sessions
    Password {
        /// External id of the user
        user: String,
    },
    /// List who signs in, and as what
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show where a user is signed in
    Sessions {
        /// External id of the user
        user: String,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// End all sessions of a user
    SignOut {
        /// External id of the user
        user: String,
    },
    /// Print all that is kept of a user, a row a line as JSON: what is theirs, and what is of accounts of which they are the only
    /// member
    Export {
        /// External id of the user
        user: String,
    },
    /// Erase a user, with the accounts of which they are the only member: nothing is left but what the chain says
    Erase {
        /// External id of the user
        user: String,
        /// Do not ask again
        #[arg(long)]
        yes: bool,
    },
}

/// Flags of `vigia user create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// External id of the user: the name to sign in with, and the application's own key of them
    user: String,
    /// See every account and run operator commands
    #[arg(long, conflicts_with = "admin")]
    operator: bool,
    /// The same, and say who is what
    #[arg(long)]
    admin: bool,
    /// Name shown to others [default: the external id]
    #[arg(long)]
    name: Option<String>,
    /// es, en or pt
    #[arg(long, default_value = "es")]
    locale: Locale,
    /// No password: signs in by tokens alone
    #[arg(long)]
    no_password: bool,
}

/// Runs the command.
pub async fn run(common: &Common, command: UserCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    // The first user may come before anything else.
    let store = match &command {
        UserCommand::Create(_) => open_store(&settings).await?,
        _ => open_existing_store(&settings).await?,
    };
    let done = match command {
        UserCommand::Create(args) => create(&store, args).await,
        UserCommand::Password { user } => password(&store, &user).await,
        UserCommand::List { json } => list(&store, json).await,
        UserCommand::Sessions { user, json } => sessions(&store, &user, json).await,
        UserCommand::SignOut { user } => sign_out(&store, &user).await,
        UserCommand::Export { user } => export(&store, &user).await,
        UserCommand::Erase { user, yes } => erase(&store, user, yes).await,
    };
    store.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn create(store: &SqlStore, args: CreateArgs) -> anyhow::Result<()> {
    let role = match (args.admin, args.operator) {
        (true, _) => UserRole::Admin,
        (false, true) => UserRole::Operator,
        (false, false) => UserRole::User,
    };
    let hash = match args.no_password {
        true => None,
        false => Some(new_password(&args.user)?),
    };
    let spec = UserSpec {
        display_name: args.name.unwrap_or_else(|| args.user.clone()),
        external_id: args.user,
        locale: args.locale,
    };
    store
        .login_set(&spec, role, hash.as_deref())
        .await
        .map_err(bad_name)?;
    let subject = json!({ "user": spec.external_id, "role": role.as_str() });
    record(store, "user create", subject).await?;
    println!("{} signs in as {}", spec.external_id, role.as_str());
    Ok(())
}

async fn password(store: &SqlStore, user: &str) -> anyhow::Result<()> {
    let login = find(store, user).await?;
    let hash = new_password(user)?;
    let spec = UserSpec {
        external_id: login.user.external_id,
        display_name: login.user.display_name,
        locale: login.user.locale,
    };
    store.login_set(&spec, login.role, Some(&hash)).await?;
    record(store, "user password", json!({ "user": user })).await?;
    println!("{user} has a new password; their sessions have ended");
    Ok(())
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = store.login_list(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.user.external_id);
        for login in &page {
            let Login { user, role, .. } = login;
            let (role, has_password) = (role.as_str(), login.password_hash.is_some());
            match json {
                true => println!(
                    "{}",
                    json!({
                        "user": user.external_id,
                        "name": user.display_name,
                        "role": role,
                        "password": has_password,
                    })
                ),
                false => println!(
                    "{}  {role}{}",
                    user.external_id,
                    if has_password { "" } else { "  (no password)" }
                ),
            }
        }
    }
    if after.is_empty() && !json {
        println!("nobody signs in yet: vigia user create NAME --admin");
    }
    Ok(())
}

async fn sessions(store: &SqlStore, user: &str, json: bool) -> anyhow::Result<()> {
    let login = find(store, user).await?;
    let rows = store.session_list(Some(login.user.id)).await?;
    if rows.is_empty() && !json {
        println!("{user} is not signed in anywhere");
    }
    for row in rows {
        match json {
            true => println!(
                "{}",
                json!({
                    "id": row.id,
                    "client": row.client,
                    "createdAtMs": row.created_at_ms,
                    "usedAtMs": row.used_at_ms,
                    "expiresAtMs": row.expires_at_ms,
                })
            ),
            false => println!(
                "since {}, used {}, until {}: {}",
                time_text(row.created_at_ms),
                time_text(row.used_at_ms),
                time_text(row.expires_at_ms),
                row.client
            ),
        }
    }
    Ok(())
}

async fn sign_out(store: &SqlStore, user: &str) -> anyhow::Result<()> {
    let login = find(store, user).await?;
    let ended = store.session_end_all(login.user.id).await?;
    record(store, "user sign-out", json!({ "user": user })).await?;
    println!("{ended} sessions of {user} have ended");
    Ok(())
}

async fn export(store: &SqlStore, user: &str) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut failed = None;
    let mut take = |table: &'static str, row: serde_json::Value| {
        let line = json!({ "table": table, "row": row });
        match writeln!(out, "{line}") {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let found = store.user_export(user, &mut take).await?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    if !found {
        return Err(no_user(user));
    }
    record(store, "user export", json!({ "user": user })).await
}

async fn erase(store: &SqlStore, user: String, yes: bool) -> anyhow::Result<()> {
    if store.user_row(&user).await?.is_none() {
        return Err(no_user(&user));
    }
    if !yes {
        let problem = format!(
            "{user:?} would be erased for good: say --yes, after an export where one is wanted"
        );
        return Err(Exit::bad_input(problem).into());
    }
    let erased = ApplicationChange::UserErased { user: user.clone() };
    store.application_apply(&[erased]).await?;
    // Not whom: their name is gone.
    record(store, "user erase", json!({})).await?;
    println!("{user} is erased");
    Ok(())
}

fn no_user(user: &str) -> anyhow::Error {
    Exit::bad_input(format!("there is no user {user:?}")).into()
}

/// A user by external id, or an error that says so.
pub(super) async fn find(store: &SqlStore, user: &str) -> anyhow::Result<Login> {
    let found = store.login_find(user).await?;
    found.ok_or_else(|| {
        let problem = format!("there is no user {user:?}; see vigia user list");
        Exit::bad_input(problem).into()
    })
}

fn bad_name(error: vigia_store::StoreError) -> anyhow::Error {
    match error {
        error @ vigia_store::StoreError::BadName { .. } => Exit::bad_input(error).into(),
        error => error.into(),
    }
}

/// The hash of a password that is asked for twice on a terminal, and is a line of standard input
/// otherwise.
fn new_password(user: &str) -> anyhow::Result<String> {
    let password = if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password for {user}: "))?;
        let again = rpassword::prompt_password("The same again: ")?;
        if first != again {
            return Err(Exit::bad_input("the two passwords differ").into());
        }
        first
    } else {
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    password_hash(&password).map_err(|error| Exit::bad_input(error).into())
}
