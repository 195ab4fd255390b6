//! Interpretation alone, on one core: all that is done with a relevant transaction between its match and
//! its commit, and the folds of business objects inside the commit. No database, no decoding of frames.
//!
//! The chain is the simulated one, of transactions of the wallet's users alone, made before anything is
//! timed. Rates are per second of CPU time, so that a busy machine does not show.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

// One form of report and one way to count CPU time for the benches of all crates.
#[allow(dead_code, reason = "every bench uses a part of it")]
#[path = "../../vigia/benches/support/report.rs"]
mod report;
#[allow(dead_code, reason = "every bench uses a part of it")]
#[path = "../../vigia/benches/support/usage.rs"]
mod usage;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use vigia_contracts::{CONFIO, ContractFile, Interpreter, PackageIds, Registry};
use vigia_core::{
    AccountId, AddressBook, BusinessEvent, BusinessFolder, BusinessKey, ExecutedTransaction,
    Holding, Place,
};
use vigia_devnet::{Chain, ChainConfig, Packages, executed, generate};

use report::Report;

fn main() {
    usage::watch_processes();
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let (transactions, lasting) = match is_quick {
        true => (5_000, Duration::from_secs(2)),
        false => (20_000, Duration::from_secs(10)),
    };
    let config = ChainConfig {
        users: 500,
        tps: 200,
        relevant_per_mille: 1_000,
        transactions: Some(transactions),
        ..ChainConfig::default()
    };
    let book = book(&config);
    let interpreter = interpreter();
    let chain: Vec<ExecutedTransaction> = relevant(&config, &interpreter, &book);
    report(&chain, &interpreter, &book, lasting);
}

fn report(
    chain: &[ExecutedTransaction],
    interpreter: &Interpreter,
    book: &AddressBook,
    lasting: Duration,
) {
    let (objects, activities, effects) = meaning(chain, interpreter, book);
    let parties = rate(chain, lasting, |transaction| {
        black_box(interpreter.parties(transaction));
        black_box(interpreter.observed_targets(transaction));
    });
    let activities_alone = rate(chain, lasting, |transaction| {
        black_box(interpreter.interpret(transaction, book)).expect("the events fit");
    });
    let balances = rate(chain, lasting, |transaction| {
        black_box(interpreter.balance_effects(transaction, book));
    });
    let all = rate(chain, lasting, |transaction| {
        black_box(interpreter.parties(transaction));
        black_box(interpreter.observed_targets(transaction));
        black_box(interpreter.interpret(transaction, book)).expect("the events fit");
        black_box(interpreter.balance_effects(transaction, book));
    });
    let objects: Vec<_> = objects.into_iter().collect();
    let folds = rate(&objects, lasting, |(key, events)| {
        black_box(interpreter.fold(key, events, book));
    });
    let per_transaction = |count: usize| count as f64 / chain.len() as f64;
    let mut report = Report::new("interpret");
    report.figure("tx_per_s_per_core", all);
    report.figure("parties_tx_per_s_per_core", parties);
    report.figure("meaning_tx_per_s_per_core", activities_alone);
    report.figure("balance_effects_tx_per_s_per_core", balances);
    report.figure("folds_per_s_per_core", folds);
    report.figure("activities_per_tx", per_transaction(activities));
    report.figure("balance_effects_per_tx", per_transaction(effects));
    report.setting("relevant_transactions", chain.len());
    report.setting("business_objects", objects.len());
    report.setting("cpu_seconds_each", lasting.as_secs());
    report.finish();
}

/// What the chain is made of: business objects with their events, how many activities, how many effects.
fn meaning(
    chain: &[ExecutedTransaction],
    interpreter: &Interpreter,
    book: &AddressBook,
) -> (BTreeMap<BusinessKey, Vec<BusinessEvent>>, usize, usize) {
    let mut objects = BTreeMap::<BusinessKey, Vec<BusinessEvent>>::new();
    let (mut activities, mut effects) = (0, 0);
    for transaction in chain {
        let meant = interpreter.interpret(transaction, book).expect("it fits");
        activities += meant.activities.len();
        effects += interpreter.balance_effects(transaction, book).len();
        for event in meant.business_events {
            objects.entry(event.key.clone()).or_default().push(event);
        }
    }
    for (key, events) in &objects {
        activities += interpreter.fold(key, events, book).activities.len();
    }
    (objects, activities, effects)
}

/// Runs over all items, again and again, until so much CPU time is spent; items a second of it.
fn rate<T>(items: &[T], lasting: Duration, mut each: impl FnMut(&T)) -> f64 {
    // Once without counting, for caches and the allocator.
    items.iter().for_each(&mut each);
    let start = usage::cpu_time();
    let mut done = 0;
    loop {
        items.iter().for_each(&mut each);
        done += items.len();
        let spent = usage::cpu_time() - start;
        if spent >= lasting {
            return done as f64 / spent.as_secs_f64();
        }
    }
}

fn book(config: &ChainConfig) -> AddressBook {
    let mut book = AddressBook::default();
    for (account, user) in (1..).zip(Chain::new(config.clone()).users()) {
        let holding = Holding {
            account: AccountId(account),
            from_inclusive: 0,
            to_exclusive: None,
        };
        book.insert(user.address, holding);
    }
    book
}

fn interpreter() -> Interpreter {
    let packages = Packages::declared();
    let ids: PackageIds = [
        ("cusd", vec![packages.cusd]),
        ("confio", vec![packages.confio]),
        ("pay", vec![packages.pay, packages.pay_upgraded]),
        ("p2p_trade", vec![packages.p2p_trade]),
        ("invite_send", vec![packages.invite_send]),
    ]
    .into_iter()
    .map(|(name, ids)| (name.to_owned(), ids))
    .collect();
    let file = ContractFile::parse("confio.toml", CONFIO).expect("it parses");
    let registry = Registry::new(&[("confio.toml".to_owned(), file)], &ids);
    Interpreter::new(Arc::new(registry.expect("it holds together")))
}

/// The chain's transactions that concern somebody in the book.
fn relevant(
    config: &ChainConfig,
    interpreter: &Interpreter,
    book: &AddressBook,
) -> Vec<ExecutedTransaction> {
    let transactions = generate(config.clone()).flat_map(|data| {
        let checkpoint = data.checkpoint_summary.checkpoint.sequence_number;
        (0u32..)
            .zip(data.transactions)
            .map(move |(index, transaction)| executed(Place { checkpoint, index }, transaction))
            .collect::<Vec<_>>()
    });
    let concerns = |transaction: &ExecutedTransaction| {
        let parties = interpreter.parties(transaction);
        parties
            .iter()
            .any(|party| book.account_at(party, 0).is_some())
    };
    // The first checkpoint hands coins out to everybody at once.
    transactions
        .filter(|transaction| transaction.place.checkpoint > 0 && concerns(transaction))
        .collect()
}
