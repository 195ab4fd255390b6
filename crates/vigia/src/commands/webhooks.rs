//! `vigia webhooks`: who is told, how it goes, and keys.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use vigia_core::{Clock as _, SystemClock};
use vigia_notify::{SecretBox, SigningKey};
use vigia_store::{
    DeliveryState, DeliveryStats, DeliveryStore, EndpointRow, STATS_WINDOW_MS, SqlStore,
};

use super::actions::record;
use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::{Overrides, Settings, shown_url};
use crate::exit::Exit;

/// Deliveries that are replayed in one transaction.
const REPLAY_PART: u32 = 10_000;

/// What to do with endpoints.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List the endpoints, how many deliveries of each are how far, and how the last day's attempts went
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
    /// Send an endpoint a test event
    Test {
        /// Its name
        name: String,
    },
    /// Send deliveries of an endpoint again that have ended, behind what happens meanwhile, under the same ids
    Replay {
        /// Its name
        name: String,
        /// The first number
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// The last number
        #[arg(long, default_value_t = u64::MAX)]
        to: u64,
        /// All of them, rather than the dead alone
        #[arg(long)]
        all: bool,
    },
    /// Make a key that seals the keys of accounts' endpoints, in a new file
    SecretKey {
        /// The file; it must not be there
        file: PathBuf,
    },
    /// Seal the keys of accounts' endpoints again with the first of `delivery.secret_key_files`
    Reseal,
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
    if let WebhooksCommand::SecretKey { file } = &command {
        write_new(file, &SecretBox::generate_key()?)?;
        println!("the key is in {}: keep a copy elsewhere", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match &command {
        WebhooksCommand::List { json } => list(&store, *json).await,
        WebhooksCommand::Enable { name } => enable(&store, name, true).await,
        WebhooksCommand::Disable { name } => enable(&store, name, false).await,
        WebhooksCommand::Test { name } => test(&store, name).await,
        WebhooksCommand::Replay {
            name,
            from,
            to,
            all,
        } => replay(&store, name, (*from, *to), *all).await,
        WebhooksCommand::Reseal => reseal(&settings, &store).await,
        WebhooksCommand::Key { .. } | WebhooksCommand::SecretKey { .. } => Ok(()),
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

fn key(file: &Path, hmac: bool) -> anyhow::Result<ExitCode> {
    let key = match hmac {
        true => SigningKey::generate_hmac(),
        false => SigningKey::generate_ed25519(),
    }?;
    write_new(file, &key.secret_text())?;
    match key.public_text() {
        Some(public) => println!("{public}"),
        None => println!(
            "the secret is in {}, for vigia and the receiver alone",
            file.display()
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a secret into a new file that nobody else may read.
fn write_new(file: &Path, secret: &str) -> Result<(), Exit> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(file)
        .and_then(|mut file| writeln!(file, "{secret}"));
    written.map_err(|error| {
        let file = file.display();
        Exit::bad_input(format!("{file}: {error}; name a file that is not there"))
    })
}

async fn test(store: &SqlStore, name: &str) -> anyhow::Result<()> {
    match store.endpoint_test(name).await? {
        Some(id) => println!("a test is on its way: see vigia deliveries show {id}"),
        None => {
            let why = format!("there is no enabled endpoint {name:?}: see vigia webhooks list");
            return Err(Exit::bad_input(why).into());
        }
    }
    Ok(())
}

async fn replay(
    store: &SqlStore,
    name: &str,
    (from, to): (u64, u64),
    all: bool,
) -> anyhow::Result<()> {
    let endpoints = store.endpoint_list().await?;
    let found = endpoints.iter().find(|row| row.spec.name == name);
    let endpoint = found.ok_or_else(|| {
        Exit::bad_input(format!(
            "there is no endpoint {name:?}: see vigia webhooks list"
        ))
    })?;
    let mut replayed = 0;
    loop {
        let part = store
            .delivery_replay(endpoint.id, from, to, !all, REPLAY_PART)
            .await?;
        replayed += part;
        if part < u64::from(REPLAY_PART) {
            break;
        }
    }
    let subject = json!({ "name": name, "from": from, "to": to, "all": all });
    record(store, "webhooks replay", subject).await?;
    println!("{replayed} are sent again");
    Ok(())
}

async fn reseal(settings: &Settings, store: &SqlStore) -> anyhow::Result<()> {
    let secrets = settings.delivery.secrets()?;
    let secrets = secrets
        .ok_or_else(|| Exit::bad_input("delivery.secret_key_files names no key to seal with"))?;
    let (mut sealed, mut failed) = (0, 0);
    for row in store.endpoint_list().await? {
        let name = &row.spec.name;
        let Some(before) = row.secrets.filter(|before| !secrets.is_current(before)) else {
            continue;
        };
        let again = secrets.open(name, &before);
        match again.and_then(|text| secrets.seal(name, &text)) {
            Ok(after) if store.endpoint_secrets(name, &before, &after).await? => sealed += 1,
            Ok(_) => {} // it was rotated in this moment, with the new key
            Err(error) => {
                failed += 1;
                eprintln!("{name}: {error}");
            }
        }
    }
    record(store, "webhooks reseal", json!({ "endpoints": sealed })).await?;
    println!("{sealed} endpoints are sealed again");
    match failed {
        0 => Ok(()),
        _ => Err(Exit::bad_input(format!("{failed} could not be opened")).into()),
    }
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
    let subject = json!({ "name": name, "enabled": enabled });
    record(store, "webhooks enable", subject).await?;
    println!("{name} is {word}");
    Ok(())
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<()> {
    let counts = store.delivery_counts().await?;
    let endpoints = store.endpoint_list().await?;
    let since_ms = SystemClock.now_ms().saturating_sub(STATS_WINDOW_MS);
    let stats: HashMap<_, _> = store.delivery_stats(since_ms).await?.into_iter().collect();
    for row in &endpoints {
        let stats = stats.get(&row.id);
        let count = |state| {
            let mut of_endpoint = counts.iter();
            let found = of_endpoint.find(|(id, found, _)| *id == row.id && *found == state);
            found.map_or(0, |(_, _, count)| *count)
        };
        match json {
            true => println!("{}", to_json(row, count, stats)),
            false => println!("{}", to_text(row, count, stats)),
        }
    }
    if endpoints.is_empty() && !json {
        println!("nobody is told: see [[webhooks]] in docs/webhooks.md");
    }
    Ok(())
}

fn to_json(
    row: &EndpointRow,
    count: impl Fn(DeliveryState) -> u64,
    stats: Option<&DeliveryStats>,
) -> serde_json::Value {
    json!({
        "name": row.spec.name,
        "url": shown_url(&row.spec.url),
        "filter": row.spec.filter,
        "state": row.state.as_str(),
        "reason": row.reason,
        "sequence": row.sequence,
        "failingSinceMs": row.failing_since_ms,
        "account": row.account.as_ref().map(|(_, name)| name),
        "label": row.label,
        "perSecond": row.spec.per_second,
        "pending": count(DeliveryState::Pending),
        "delivered": count(DeliveryState::Delivered),
        "dead": count(DeliveryState::Dead),
        "cancelled": count(DeliveryState::Cancelled),
        "lately": stats.map(|stats| json!({
            "attempts": stats.attempts,
            "successPermille": stats.success_permille(),
            "attemptP50Ms": stats.attempt.p50_ms,
            "attemptP99Ms": stats.attempt.p99_ms,
            "receivedP50Ms": stats.received.map(|received| received.p50_ms),
            "receivedP99Ms": stats.received.map(|received| received.p99_ms),
        })),
    })
}

fn to_text(
    row: &EndpointRow,
    count: impl Fn(DeliveryState) -> u64,
    stats: Option<&DeliveryStats>,
) -> String {
    let mut text = format!(
        "{}  {}  {}\n    {} delivered, {} pending, {} dead",
        row.spec.name,
        row.state.as_str(),
        shown_url(&row.spec.url),
        count(DeliveryState::Delivered),
        count(DeliveryState::Pending),
        count(DeliveryState::Dead),
    );
    if let Some(stats) = stats {
        let (permille, attempt) = (stats.success_permille(), stats.attempt);
        text += &format!(
            "\n    last 24 hours: {}.{} % of {} attempts arrived, p50 {} ms, p99 {} ms",
            permille / 10,
            permille % 10,
            stats.attempts,
            attempt.p50_ms,
            attempt.p99_ms,
        );
    }
    if let Some(reason) = &row.reason {
        text += &format!("; {reason}");
    }
    if let Some(since) = row.failing_since_ms {
        text += &format!("; failing since {}", time_text(since));
    }
    text
}
