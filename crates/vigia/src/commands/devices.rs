//! `vigia devices`: where pushes go.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use vigia_store::{DeviceRow, PushStore, ReadStore, SqlStore};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Devices that are read at once.
const PAGE: u32 = 200;

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// List devices, in the order in which they were registered first; tokens are not shown
    List {
        /// Only those of this user
        #[arg(long)]
        user: Option<String>,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Push nothing more to a device; its application may register it again
    Remove {
        /// Its key, from the list
        id: i64,
    },
}

/// Runs the command.
pub async fn run(common: &Common, command: DevicesCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        DevicesCommand::List { user, json } => list(&store, user.as_deref(), json).await,
        DevicesCommand::Remove { id } => remove(&store, id).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &SqlStore, user: Option<&str>, json: bool) -> anyhow::Result<()> {
    let user = match user {
        None => None,
        Some(name) => {
            let found = store.user_find(name).await?;
            let unknown = || Exit::bad_input(format!("there is no user {name:?}"));
            Some(found.ok_or_else(unknown)?.id)
        }
    };
    let mut after = 0;
    loop {
        let page = store.device_list(user, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for row in &page {
            match json {
                true => println!("{}", to_json(row)),
                false => println!("{}", to_text(row)),
            }
        }
    }
    if after == 0 && !json {
        println!("no device is registered: applications do that over GraphQL, see docs/push.md");
    }
    Ok(())
}

async fn remove(store: &SqlStore, id: i64) -> anyhow::Result<()> {
    if !store
        .device_remove(None, id, "an operator removed it")
        .await?
    {
        return Err(Exit::bad_input(format!(
            "there is no active device {id}: see vigia devices list"
        ))
        .into());
    }
    println!("device {id} is told nothing more");
    Ok(())
}

fn to_json(row: &DeviceRow) -> Value {
    json!({
        "id": row.id,
        "userId": row.user.0,
        "platform": row.spec.platform.as_str(),
        "locale": row.spec.locale.map(vigia_core::Locale::as_str),
        "appVersion": row.spec.app_version,
        "active": row.is_active,
        "reason": row.reason,
        "failures": row.failures,
        "registeredAtMs": row.registered_at_ms,
        "deliveredAtMs": row.delivered_at_ms,
    })
}

fn to_text(row: &DeviceRow) -> String {
    let state = match (&row.reason, row.is_active) {
        (_, true) => "active".to_owned(),
        (Some(reason), false) => format!("inactive: {reason}"),
        (None, false) => "inactive".to_owned(),
    };
    let delivered = row.delivered_at_ms.map_or("never".to_owned(), time_text);
    format!(
        "{}  {:<4}  registered {}  pushed to {delivered}  {state}",
        row.id,
        row.spec.platform.as_str(),
        time_text(row.registered_at_ms),
    )
}
