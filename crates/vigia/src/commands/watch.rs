//! `vigia watch`: whom and what to watch.

mod import;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use vigia_core::{
    AccountKind, Locale, WatchTarget, parse_address, parse_coin_type, parse_watch_target,
};
use vigia_store::{AccountSpec, AddressHistory, UserSpec, WatchEntry, WatchReceipt, WatchStore};

use super::{open_existing_store, open_store};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::{self, Exit};

/// Rows read at once while listing.
const PAGE: u32 = 1_000;

/// How a contract is named, for help.
const CONTRACT: &str = "0xPACKAGE, 0xPACKAGE::module or 0xPACKAGE::module::Event";

/// What to do with the watch list.
#[derive(Debug, Subcommand)]
pub enum WatchCommand {
    /// Watch addresses, a contract or a coin
    Add(AddArgs),
    /// Watch no longer
    Remove {
        /// Addresses, contracts or coin types
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<String>,
        /// Whether the targets are contracts
        #[arg(long, conflicts_with = "coin", help = format!("The targets are contracts: {CONTRACT}"))]
        contract: bool,
        /// The targets are coin types
        #[arg(long)]
        coin: bool,
    },
    /// List what is watched
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Count what is watched, and say whether pollers have it all
    Stats {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Watch the addresses of a CSV file with columns address, account, kind, name, user, locale
    Import {
        /// The file; only the column address is required
        file: PathBuf,
    },
}

/// Flags of `vigia watch add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Addresses to watch
    #[arg(value_name = "ADDRESS", required_unless_present_any = ["contract", "coin"])]
    addresses: Vec<String>,
    #[arg(long, value_name = "TARGET", help = format!("Watch a contract: {CONTRACT}"))]
    contract: Vec<String>,
    #[arg(
        long,
        value_name = "TYPE",
        help = "Watch a coin: 0xPACKAGE::module::NAME"
    )]
    coin: Vec<String>,
    /// Your key of the account they belong to [default: the address itself]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Name of the account
    #[arg(long, requires = "account")]
    name: Option<String>,
    /// personal or business
    #[arg(long, default_value = "personal")]
    kind: AccountKind,
    /// Your key of the user who belongs to the account
    #[arg(long, value_name = "ID", requires = "account")]
    user: Option<String>,
    /// Language of texts for the user: es, en or pt
    #[arg(long, default_value = "es", requires = "user")]
    locale: Locale,
}

/// Runs the command.
pub async fn run(common: &Common, command: WatchCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    match command {
        WatchCommand::Add(args) => {
            let entries = args.entries()?;
            let store = open_store(&settings).await?;
            let receipt = store.watch_add(&entries).await?;
            store.close().await;
            Ok(report("watched", &entries, &receipt))
        }
        WatchCommand::Remove {
            targets,
            contract,
            coin,
        } => {
            let targets = targets
                .iter()
                .map(|text| parse_target(text, contract, coin))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let store = open_existing_store(&settings).await?;
            let receipt = store.watch_remove(&targets).await?;
            store.close().await;
            let entries: Vec<_> = targets
                .into_iter()
                .map(|target| WatchEntry {
                    target,
                    account: None,
                })
                .collect();
            Ok(report("removed", &entries, &receipt))
        }
        WatchCommand::List { json } => {
            let store = open_existing_store(&settings).await?;
            list(&*store, json).await?;
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        WatchCommand::Stats { json } => {
            let store = open_existing_store(&settings).await?;
            let stats = stats::Stats::read(&*store).await?;
            println!(
                "{}",
                if json {
                    stats.to_json()
                } else {
                    stats.to_text()
                }
            );
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        WatchCommand::Import { file } => {
            // Read before the database is touched: a wrong file leaves no empty database behind.
            let import = import::Import::open(&file)?;
            let store = open_store(&settings).await?;
            let done = import.run(&*store).await?;
            store.close().await;
            Ok(done)
        }
    }
}

impl AddArgs {
    fn entries(&self) -> anyhow::Result<Vec<WatchEntry>> {
        let account = self.account.as_ref().map(|external_id| AccountSpec {
            external_id: external_id.clone(),
            kind: self.kind,
            display_name: self.name.clone().unwrap_or_else(|| external_id.clone()),
            members: self.user.iter().map(|user| self.member(user)).collect(),
        });
        let mut entries = Vec::new();
        for text in &self.addresses {
            let address = parse_address(text)?;
            let account = account
                .clone()
                .unwrap_or_else(|| AccountSpec::of_address(&address, self.kind));
            entries.push(WatchEntry {
                target: WatchTarget::Address(address),
                account: Some(account),
            });
        }
        for text in &self.contract {
            entries.push(WatchEntry {
                target: parse_watch_target(text)?,
                account: account.clone(),
            });
        }
        for text in &self.coin {
            let target = WatchTarget::CoinType(parse_coin_type(text)?);
            entries.push(WatchEntry {
                target,
                account: account.clone(),
            });
        }
        Ok(entries)
    }

    fn member(&self, user: &str) -> UserSpec {
        UserSpec {
            external_id: user.to_owned(),
            display_name: self.name.clone().unwrap_or_else(|| user.to_owned()),
            locale: self.locale,
        }
    }
}

fn parse_target(text: &str, contract: bool, coin: bool) -> anyhow::Result<WatchTarget> {
    Ok(match (contract, coin) {
        (true, _) => parse_watch_target(text)?,
        (_, true) => WatchTarget::CoinType(parse_coin_type(text)?),
        _ => WatchTarget::Address(parse_address(text)?),
    })
}

fn report(done: &str, entries: &[WatchEntry], receipt: &WatchReceipt) -> ExitCode {
    if receipt.changed > 0 {
        println!("{}", applied(done, receipt));
    }
    if receipt.unchanged > 0 {
        println!("{} were so already", receipt.unchanged);
    }
    for refused in &receipt.refused {
        let target = entries
            .get(refused.index)
            .map(|entry| entry.target.to_string());
        eprintln!("refused {}: {}", target.unwrap_or_default(), refused.reason);
    }
    ExitCode::from(if receipt.refused.is_empty() {
        exit::OK
    } else {
        exit::BAD_INPUT
    })
}

fn applied(done: &str, receipt: &WatchReceipt) -> String {
    match receipt.effective_from {
        0 => format!("{} {done}, from the first checkpoint on", receipt.changed),
        from => format!("{} {done}, from checkpoint {from} on", receipt.changed),
    }
}

async fn list(store: &dyn WatchStore, json: bool) -> anyhow::Result<()> {
    let mut after_id = 0;
    loop {
        let rows = store.watch_page(after_id, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after_id = last.id;
        for row in &rows {
            if json {
                let (account, name) = row.account.clone().unzip();
                println!(
                    "{}",
                    serde_json::json!({
                        "kind": row.target.kind(),
                        "target": row.target.to_string(),
                        "account": account,
                        "accountName": name,
                        "liveFrom": row.live_from,
                        "source": row.source,
                        "history": row.history.as_ref().map(history_json),
                    })
                );
            } else {
                let name = row.account.as_ref().map_or("", |(_, name)| name);
                let history = match &row.history {
                    Some(history) => format!("  history: {history}"),
                    None => String::new(),
                };
                println!(
                    "{:<10} {}  from {:<10} {name}{history}",
                    row.target.kind(),
                    row.target,
                    row.live_from
                );
            }
        }
    }
}

fn history_json(history: &AddressHistory) -> serde_json::Value {
    let (position, to) = history.position.unzip();
    serde_json::json!({
        "state": history.state.as_str(),
        "completeFrom": history.complete_from,
        "position": position,
        "to": to,
        "reason": history.reason,
        "requests": history.requests,
    })
}

impl From<csv::Error> for Exit {
    fn from(error: csv::Error) -> Self {
        Self::bad_input(error)
    }
}
