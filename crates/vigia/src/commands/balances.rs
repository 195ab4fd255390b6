//! `vigia balances`: what addresses have, and whether nodes say the same.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigia_contracts::{Interpreter, PackageIds};
use vigia_core::{
    Address, Clock, CoinInfo, Scope, SystemClock, format_minor_units, parse_address,
    parse_coin_type, type_text,
};
use vigia_store::{
    Adjustment, BALANCES_MAX, BalanceAmount, BalanceRow, BalanceStore, ReadStore, SqlStore,
};

use super::{open_existing_store, process_name, providers_of};
use crate::balances::BalanceKeeper;
use crate::cli::Common;
use crate::config::{Overrides, Settings};
use crate::contracts::Declared;
use crate::exit::{self, Exit};

/// What to do with balances.
#[derive(Debug, Subcommand)]
pub enum BalancesCommand {
    /// List the balances of watched addresses
    List {
        /// Print one JSON object an address
        #[arg(long)]
        json: bool,
    },
    /// Ask a node about addresses now, and say what differs; ends with 1 where anything does
    Reconcile {
        /// The addresses
        #[arg(required = true)]
        addresses: Vec<String>,
    },
    /// Add to a balance by hand, so that it agrees with the node's; kept as a row of its own
    Adjust(AdjustArgs),
}

/// Flags of `vigia balances adjust`.
#[derive(Debug, Args)]
pub struct AdjustArgs {
    /// The address
    address: String,
    /// Type of the coin, as `vigia balances list --json` names it
    coin_type: String,
    /// What to add, in minor units; less than 0 takes away
    #[arg(allow_hyphen_values = true)]
    amount: i128,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Runs the command.
pub async fn run(common: &Common, command: BalancesCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let addresses = match &command {
        BalancesCommand::Reconcile { addresses } => addresses.as_slice(),
        BalancesCommand::Adjust(args) => std::slice::from_ref(&args.address),
        BalancesCommand::List { .. } => &[],
    };
    let parsed: Result<Vec<Address>, _> =
        addresses.iter().map(|text| parse_address(text)).collect();
    let addresses = parsed.map_err(Exit::bad_input)?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        BalancesCommand::List { json } => list(&store, json).await,
        BalancesCommand::Reconcile { .. } => reconcile(&settings, &store, &addresses).await,
        BalancesCommand::Adjust(args) => adjust(&store, addresses[0], args).await,
    };
    store.close().await;
    done
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<ExitCode> {
    let coins = store.coin_list().await?;
    let mut after = 0;
    loop {
        let rows = store.balance_page(&Scope::All, after, BALANCES_MAX).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in &rows {
            match json {
                true => println!("{}", to_json(row)),
                false => print!("{}", to_text(row, &coins)),
            }
        }
    }
    if after == 0 && !json {
        println!("no address is watched: vigia watch add 0x...");
    }
    Ok(ExitCode::SUCCESS)
}

async fn reconcile(
    settings: &Settings,
    store: &Arc<SqlStore>,
    addresses: &[Address],
) -> anyhow::Result<ExitCode> {
    let providers = providers_of(settings, |_| {})?
        .ok_or_else(|| Exit::bad_input("no provider is set: set provider.url"))?;
    for address in addresses {
        if store.balance_find(address).await?.is_none() {
            return Err(Exit::bad_input(format!("{address} is not watched")).into());
        }
    }
    let declared = Declared::new(settings, &PackageIds::new())?;
    let interpreter = Arc::new(Interpreter::following(declared.open(store, None).await?));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keeper = BalanceKeeper {
        requests_per_day: u64::MAX,
        // Whoever asks decides.
        adjusts: false,
        ..BalanceKeeper::new(settings, store, &providers, &clock, &interpreter)
    };
    let tally = keeper.compare(addresses).await?;
    println!(
        "{} agree, {} have a baseline now, {} differ, {} to ask about again",
        tally.equal,
        tally.baselines,
        tally.differing.len(),
        tally.again
    );
    if tally.refetched > 0 {
        println!(
            "{} transactions were missing and are there now: ask again",
            tally.refetched
        );
    }
    for (address, coins) in &tally.differing {
        for (coin_type, difference) in coins {
            println!("{address} {coin_type}: the node has {difference} more");
        }
    }
    let is_well = tally.differing.is_empty() && tally.again == 0;
    Ok(ExitCode::from(if is_well {
        exit::OK
    } else {
        exit::FAILED
    }))
}

async fn adjust(store: &SqlStore, address: Address, args: AdjustArgs) -> anyhow::Result<ExitCode> {
    let coin_type = parse_coin_type(&args.coin_type).map_err(Exit::bad_input)?;
    let adjustment = Adjustment {
        address,
        coin_type: type_text(&coin_type),
        amount: args.amount,
        author: process_name(),
        reason: args.reason,
    };
    if !store.balance_adjust(&adjustment).await? {
        let problem = format!("{address} has no balance to adjust: see vigia balances list");
        return Err(Exit::bad_input(problem).into());
    }
    println!(
        "{address} has {} more of {}",
        args.amount, adjustment.coin_type
    );
    Ok(ExitCode::SUCCESS)
}

fn to_json(row: &BalanceRow) -> Value {
    let amount = |amount: &BalanceAmount| {
        json!({
            "coinType": amount.coin_type,
            "amount": amount.amount.to_string(),
            "pending": amount.pending.to_string(),
            "incoming": amount.incoming.to_string(),
            "difference": amount.difference.map(|difference| difference.to_string()),
        })
    };
    json!({
        "address": row.address.to_string(),
        "account": row.account.0,
        "state": row.state.as_str(),
        "baseline": row.baseline,
        "agreed": row.agreed,
        "unproven": row.unproven,
        "comparedAtMs": row.compared_at_ms,
        "amounts": row.amounts.iter().map(amount).collect::<Vec<_>>(),
    })
}

fn to_text(row: &BalanceRow, coins: &[CoinInfo]) -> String {
    let unproven = if row.unproven { ", unproven" } else { "" };
    let mut text = format!(
        "{}  {}  {}{unproven}\n",
        row.address,
        row.account.0,
        row.state.as_str()
    );
    for amount in &row.amounts {
        let coin = coins.iter().find(|coin| coin.coin_type == amount.coin_type);
        let shown = |minor| {
            let known = coin.and_then(|coin| {
                let shown = format_minor_units(minor, coin.decimals?);
                Some(format!("{shown} {}", coin.symbol))
            });
            known.unwrap_or_else(|| format!("{minor} of {}", amount.coin_type))
        };
        let difference = amount.difference.map_or_else(String::new, |difference| {
            format!("  (the node has {difference} minor units more)")
        });
        text += &format!("    {}", shown(amount.amount));
        for (held, what) in [
            (amount.pending, "held in escrow"),
            (amount.incoming, "on its way"),
        ] {
            if held != 0 {
                text += &format!("  + {} {what}", shown(held));
            }
        }
        text += &format!("{difference}\n");
    }
    text
}
