//! `vigia webhooks`: who is told, how it goes, and keys.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use vigia_notify::SigningKey;
use vigia_store::{DeliveryState, DeliveryStore, EndpointRow, SqlStore};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// What to do with endpoints.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List the endpoints, and how many deliveries of each are how far
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Tell an endpoint again that was disabled, with what happened meanwhile
    Enable {
        /// Its name
        name: String,
    },
    /// Tell an endpoint nothing for the time being; what happens is kept for it
    Disable {
        /// Its name
        name: String,
    },
    /// Make a signing key in a new file, and print what receivers verify with
    Key {
        /// The file; it must not be there
        file: PathBuf,
        /// A shared secret (HMAC-SHA256) instead of an ed25519 key: it is in the file alone, for the receiver too
        #[arg(long)]
        hmac: bool,
    },
}

/// Runs the command.
pub async fn run(common: &Common, command: WebhooksCommand) -> anyhow::Result<ExitCode> {
    if let WebhooksCommand::Key { file, hmac } = &command {
        return key(file, *hmac);
    }
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match &command {
        WebhooksCommand::List { json } => list(&store, *json).await,
        WebhooksCommand::Enable { name } => enable(&store, name, true).await,
        WebhooksCommand::Disable { name } => enable(&store, name, false).await,
        WebhooksCommand::Key { .. } => Ok(()),
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

fn key(file: &PathBuf, hmac: bool) -> anyhow::Result<ExitCode> {
    let key = match hmac {
        true => SigningKey::generate_hmac(),
        false => SigningKey::generate_ed25519(),
    }?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(file)
        .and_then(|mut file| writeln!(file, "{}", key.secret_text().as_str()));
    written.map_err(|error| {
        let file = file.display();
        Exit::bad_input(format!("{file}: {error}; name a file that is not there"))
    })?;
    match key.public_text() {
        Some(public) => println!("{public}"),
        None => println!(
            "the secret is in {}, for vigia and the receiver alone",
            file.display()
        ),
    }
    Ok(ExitCode::SUCCESS)
}

async fn enable(store: &SqlStore, name: &str, enabled: bool) -> anyhow::Result<()> {
    if !store.endpoint_enable(name, enabled).await? {
        let known = store.endpoint_list().await?;
        let names: Vec<&str> = known.iter().map(|row| &*row.spec.name).collect();
        return Err(Exit::bad_input(format!(
            "there is no endpoint {name:?}; there are: {}",
            names.join(", ")
        ))
        .into());
    }
    let word = if enabled { "enabled" } else { "disabled" };
    println!("{name} is {word}");
    Ok(())
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<()> {
    let counts = store.delivery_counts().await?;
    let endpoints = store.endpoint_list().await?;
    for row in &endpoints {
        let count = |state| {
            let mut of_endpoint = counts.iter();
            let found = of_endpoint.find(|(id, found, _)| *id == row.id && *found == state);
            found.map_or(0, |(_, _, count)| *count)
        };
        match json {
            true => println!("{}", to_json(row, count)),
            false => println!("{}", to_text(row, count)),
        }
    }
    if endpoints.is_empty() && !json {
        println!("nobody is told: see [[webhooks]] in docs/webhooks.md");
    }
    Ok(())
}

fn to_json(row: &EndpointRow, count: impl Fn(DeliveryState) -> u64) -> serde_json::Value {
    json!({
        "name": row.spec.name,
        "url": row.spec.url,
        "filter": row.spec.filter,
        "state": row.state.as_str(),
        "reason": row.reason,
        "sequence": row.sequence,
        "failingSinceMs": row.failing_since_ms,
        "pending": count(DeliveryState::Pending),
        "delivered": count(DeliveryState::Delivered),
        "dead": count(DeliveryState::Dead),
        "cancelled": count(DeliveryState::Cancelled),
    })
}

fn to_text(row: &EndpointRow, count: impl Fn(DeliveryState) -> u64) -> String {
    let mut text = format!(
        "{}  {}  {}\n    {} delivered, {} pending, {} dead",
        row.spec.name,
        row.state.as_str(),
        row.spec.url,
        count(DeliveryState::Delivered),
        count(DeliveryState::Pending),
        count(DeliveryState::Dead),
    );
    if let Some(reason) = &row.reason {
        text += &format!("; {reason}");
    }
    if let Some(since) = row.failing_since_ms {
        text += &format!("; failing since {}", time_text(since));
    }
    text
}
