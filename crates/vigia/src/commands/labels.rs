//! `vigia labels`: public names of addresses that are nobody's account.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigia_core::{Address, Label, LabelKind, parse_address};
use vigia_store::{LABELS_MAX, LabelRow, LabelStore, SqlStore};

use super::{open_existing_store, open_store};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// What to do with labels.
#[derive(Debug, Subcommand)]
pub enum LabelsCommand {
    /// List the labels of the configuration and of the database, one an address
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Give an address a label, in place of the one it has in the database
    Set(SetArgs),
    /// Remove the label that an address has in the database
    Remove {
        /// The address
        address: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Flags of `vigia labels set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The address
    address: String,
    /// What everybody sees it called
    name: String,
    /// What it is
    #[arg(
        long,
        default_value = "other",
        help = "What it is: exchange, fee_collector, escrow or other"
    )]
    kind: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, command: LabelsCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    // Wrong input is refused before anything is opened.
    match command {
        LabelsCommand::List { json } => {
            let store = open_existing_store(&settings).await?;
            let done = list(&store, json).await;
            store.close().await;
            done?;
        }
        LabelsCommand::Set(args) => {
            let label = label_of(&args)?;
            let store = open_store(&settings).await?;
            let done = set(&store, &label, args.json).await;
            store.close().await;
            done?;
        }
        LabelsCommand::Remove { address, json } => {
            let address = parse_address(&address).map_err(Exit::bad_input)?;
            let store = open_existing_store(&settings).await?;
            let done = remove(&store, &address, json).await;
            store.close().await;
            done?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn label_of(args: &SetArgs) -> Result<Label, Exit> {
    let address = parse_address(&args.address).map_err(Exit::bad_input)?;
    let kind: LabelKind = args.kind.parse().map_err(Exit::bad_input)?;
    Label::new(address, &args.name, kind).map_err(Exit::bad_input)
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<()> {
    let mut after: Option<Address> = None;
    loop {
        let rows = store.label_list(after, LABELS_MAX).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.label.address);
        for row in &rows {
            match json {
                true => println!("{}", to_json(row)),
                false => println!("{}", to_text(row)),
            }
        }
    }
    if after.is_none() && !json {
        println!("no address has a label: vigia labels set 0x... \"Name\" --kind exchange");
    }
    Ok(())
}

async fn set(store: &SqlStore, label: &Label, json: bool) -> anyhow::Result<()> {
    if let Some(declared) = store.label_set(label).await? {
        return Err(Exit::bad_input(format!(
            "{} is called {:?} by [[labels]] of the configuration, which wins; change it there",
            label.address, declared.name
        ))
        .into());
    }
    show(store, &label.address, json).await
}

async fn remove(store: &SqlStore, address: &Address, json: bool) -> anyhow::Result<()> {
    if !store.label_remove(address).await? {
        let declared = store.label_find(address).await?;
        return Err(Exit::bad_input(match declared {
            Some(row) => format!(
                "{address} is called {:?} by [[labels]] of the configuration; remove it there",
                row.label.name
            ),
            None => format!("{address} has no label: see vigia labels list"),
        })
        .into());
    }
    show(store, address, json).await
}

/// The label that the address has now.
async fn show(store: &SqlStore, address: &Address, json: bool) -> anyhow::Result<()> {
    match (store.label_find(address).await?, json) {
        (Some(row), true) => println!("{}", to_json(&row)),
        (Some(row), false) => println!("{}", to_text(&row)),
        (None, true) => println!(
            "{}",
            json!({ "address": address.to_string(), "name": null })
        ),
        (None, false) => println!("{address} has no label any more"),
    }
    Ok(())
}

fn to_json(row: &LabelRow) -> Value {
    json!({
        "address": row.label.address.to_string(),
        "name": row.label.name,
        "kind": row.label.kind.as_str(),
        "origin": row.origin.as_str(),
    })
}

fn to_text(LabelRow { label, origin }: &LabelRow) -> String {
    format!(
        "{}  {:<13}  {:<13}  {}",
        label.address,
        label.kind.as_str(),
        origin.as_str(),
        label.name
    )
}
