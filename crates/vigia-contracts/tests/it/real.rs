//! Real checkpoints: coins are conserved, and events whose layouts are public decode.
//!
//! Data is outside the repository (CONTRIBUTING.md); without it the tests say that they are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sui_sdk_types::{CheckpointData, Command, TransactionKind};
use vigia_contracts::{ContractFile, PackageIds, Registry};
use vigia_core::{ExecutedTransaction, Place, StructTag, TypeTag};
use vigia_devnet::executed;

use crate::support::STORY;

/// The transactions of all real checkpoints; none where they are not at hand.
fn real_transactions() -> Option<Vec<ExecutedTransaction>> {
    let root = std::env::var_os("VIGIA_CHAIN_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/chain-data"),
        PathBuf::from,
    );
    let folder = root.join("checkpoints");
    if !folder.is_dir() {
        let is_required = std::env::var("VIGIA_REQUIRE_CHAIN_DATA").is_ok_and(|v| v == "1");
        assert!(!is_required, "no chain data at {}", folder.display());
        println!("skipped: no chain data at {}", folder.display());
        return None;
    }
    let mut transactions = Vec::new();
    for network in ["mainnet", "testnet"] {
        let files = std::fs::read_dir(folder.join(network)).expect("a folder of checkpoints");
        for file in files {
            let bytes = std::fs::read(file.expect("a file").path()).expect("it can be read");
            let data: CheckpointData = bcs::from_bytes(&bytes[1..]).expect("a checkpoint");
            let checkpoint = data.checkpoint_summary.checkpoint.sequence_number;
            let place = |index| Place { checkpoint, index };
            let indexed = (0u32..).zip(data.transactions);
            transactions.extend(indexed.map(|(index, one)| executed(place(index), one)));
        }
    }
    Some(transactions)
}

fn is_of_built_in_commands(transaction: &ExecutedTransaction) -> bool {
    let TransactionKind::ProgrammableTransaction(program) = &transaction.transaction.kind else {
        return false;
    };
    program.commands.iter().all(|command| {
        matches!(
            command,
            Command::TransferObjects(_)
                | Command::SplitCoins(_)
                | Command::MergeCoins(_)
                | Command::MakeMoveVector(_)
        )
    })
}

#[test]
fn built_in_commands_make_and_lose_no_coins() {
    let Some(transactions) = real_transactions() else {
        return;
    };
    conserve_coins(&transactions, 1);
}

/// The same over a generated chain, where most transactions are such.
#[test]
fn generated_ones_conserve_coins_too() {
    conserve_coins(&STORY.transactions, 300);
}

fn conserve_coins(transactions: &[ExecutedTransaction], checked_min: usize) {
    let mut checked = 0;
    for transaction in transactions
        .iter()
        .filter(|one| is_of_built_in_commands(one))
    {
        let mut sums = BTreeMap::<String, i128>::new();
        for change in &transaction.balance_changes {
            *sums.entry(change.coin_type.to_string()).or_default() += change.amount;
        }
        // Gas and storage are what the transaction cost, and all that left its balances.
        let sui = TypeTag::Struct(Box::new(StructTag::sui())).to_string();
        *sums.entry(sui).or_default() += transaction.gas_cost();
        sums.retain(|_, sum| *sum != 0);
        assert!(sums.is_empty(), "{}: {sums:?}", transaction.digest);
        checked += 1;
    }
    println!("{checked} of {} transactions", transactions.len());
    assert!(
        checked >= checked_min,
        "only {checked} of built-in commands"
    );
}

/// Every event of the contracts in `public_layouts.toml` has the fields that its authors say.
#[test]
fn events_with_public_layouts_decode() {
    let Some(transactions) = real_transactions() else {
        return;
    };
    let text = include_str!("public_layouts.toml");
    let file = ContractFile::parse("public.toml", text).expect("it parses");
    let files = [("public.toml".to_owned(), file)];
    let registry = Registry::new(&files, &PackageIds::new()).expect("it holds together");
    assert!(registry.missing().is_empty());
    let (mut decoded, mut kinds) = (0, BTreeSet::new());
    let events: Vec<_> = transactions.iter().flat_map(|one| &one.events).collect();
    for event in &events {
        if registry.contract_of(&event.type_).is_none() {
            continue;
        }
        let fields = registry.decode_event(&event.type_, &event.contents);
        assert!(fields.is_ok(), "{}: {fields:?}", event.type_);
        decoded += 1;
        kinds.insert(event.type_.name().to_string());
    }
    println!(
        "{decoded} of {} events, {} kinds",
        events.len(),
        kinds.len()
    );
    assert!(decoded > 70 && kinds.len() >= 12, "{decoded} {kinds:?}");
}
