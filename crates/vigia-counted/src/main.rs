//! `vigia-counted NAME`: runs one hot function over the corpus. `cargo xtask count` counts the instructions that it takes, under
//! callgrind, which a busy machine does not change, and compares them with `budgets.toml`.
//!
//! What is counted are the functions here named `counted_...`; what they are given is made before.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use vigia_contracts::{CONFIO, ContractFile, Interpreter, PackageIds, Registry};
use vigia_core::{
    AccountId, Address, AddressBook, BalanceChange, BusinessEvent, BusinessFolder as _,
    BusinessKey, Digest, Evidence, ExecutedTransaction, Holding, Place, Proof, Transaction,
    TransactionEffects, WatchTarget,
};
use vigia_counted::{Corpus, Recorded};
use vigia_watch::WatchList;

const CORPUS: &[u8] = include_bytes!("../corpus.bcs");
/// Strangers on the watch list: more than a cache holds.
const STRANGERS: u64 = 100_000;

fn main() -> ExitCode {
    let corpus: Corpus = bcs::from_bytes(CORPUS).expect("the corpus is BCS");
    let name = std::env::args().nth(1).unwrap_or_default();
    let decoded = counted_decode(&corpus.transactions);
    let list = list(&decoded);
    match name.as_str() {
        "decode" => {}
        "scan" => counted_scan(&list, &corpus.transactions),
        "match" => counted_match(&list, &decoded),
        "interpret" | "fold" => {
            let (interpreter, book) = (interpreter(&corpus), book(&decoded));
            let events = counted_interpret(&interpreter, &book, &decoded);
            counted_fold(&interpreter, &book, &events);
        }
        _ => {
            eprintln!("usage: vigia-counted decode|scan|match|interpret|fold");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Passes over what concerns nobody.
#[inline(never)]
fn counted_scan(list: &WatchList, transactions: &[Recorded]) {
    for one in transactions {
        let events = one.events.as_deref();
        black_box(list.scan(&one.transaction, &one.effects, events)).ok();
    }
}

/// What a scan spares.
#[inline(never)]
fn counted_decode(transactions: &[Recorded]) -> Vec<ExecutedTransaction> {
    transactions.iter().map(decode).collect()
}

/// Why transactions concern somebody.
#[inline(never)]
fn counted_match(list: &WatchList, transactions: &[ExecutedTransaction]) {
    for transaction in transactions {
        black_box(list.match_transaction(transaction));
    }
}

/// What transactions mean.
#[inline(never)]
fn counted_interpret(
    interpreter: &Interpreter,
    book: &AddressBook,
    transactions: &[ExecutedTransaction],
) -> BTreeMap<BusinessKey, Vec<BusinessEvent>> {
    let mut events = BTreeMap::<BusinessKey, Vec<BusinessEvent>>::new();
    for transaction in transactions {
        black_box(interpreter.parties(transaction));
        black_box(interpreter.balance_effects(transaction, book));
        let meant = interpreter.interpret(transaction, book).expect("it fits");
        for event in meant.business_events {
            events.entry(event.key.clone()).or_default().push(event);
        }
    }
    events
}

/// What became of deals.
#[inline(never)]
fn counted_fold(
    interpreter: &Interpreter,
    book: &AddressBook,
    events: &BTreeMap<BusinessKey, Vec<BusinessEvent>>,
) {
    for (key, events) in events {
        black_box(interpreter.fold(key, events, book));
    }
}

fn decode(one: &Recorded) -> ExecutedTransaction {
    let transaction: Transaction = bcs::from_bytes(&one.transaction).expect("BCS");
    let effects: TransactionEffects = bcs::from_bytes(&one.effects).expect("BCS");
    let events = one.events.as_ref();
    let events = events.map(|events| bcs::from_bytes(events).expect("BCS"));
    let changes = one.balance_changes.iter();
    let changes = changes.map(|(address, coin_type, amount)| BalanceChange {
        address: *address,
        coin_type: coin_type.parse().expect("a type"),
        amount: *amount,
    });
    ExecutedTransaction {
        place: Place {
            checkpoint: 1,
            index: 0,
        },
        digest: *effects.transaction_digest(),
        timestamp_ms: 1_700_000_000_000,
        transaction,
        effects,
        events: events.unwrap_or_default(),
        balance_changes: changes.collect(),
        proof: Proof::unasked(),
        owners_before: Vec::new(),
        evidence: Evidence {
            transaction: Bytes::copy_from_slice(&one.transaction),
            effects: Bytes::copy_from_slice(&one.effects),
            events: one.events.as_deref().map(Bytes::copy_from_slice),
        },
    }
}

fn senders(transactions: &[ExecutedTransaction]) -> BTreeSet<Address> {
    let senders = transactions.iter();
    senders.map(|found| found.transaction.sender).collect()
}

/// Strangers, and every twentieth sender.
fn list(transactions: &[ExecutedTransaction]) -> WatchList {
    let mut list = WatchList::new(1);
    for n in 0..STRANGERS {
        let mut bytes = *Digest::ZERO.inner();
        bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        list.insert(WatchTarget::Address(Address::new(bytes)));
    }
    for sender in senders(transactions).into_iter().step_by(20) {
        list.insert(WatchTarget::Address(sender));
    }
    list
}

fn book(transactions: &[ExecutedTransaction]) -> AddressBook {
    let mut book = AddressBook::default();
    for (account, sender) in (1..).zip(senders(transactions)) {
        let holding = Holding {
            account: AccountId(account),
            from_inclusive: 0,
            to_exclusive: None,
        };
        book.insert(sender, holding);
    }
    book
}

fn interpreter(corpus: &Corpus) -> Interpreter {
    let ids: PackageIds = corpus.packages.iter().cloned().collect();
    let file = ContractFile::parse("confio.toml", CONFIO).expect("it parses");
    let registry = Registry::new(&[("confio.toml".to_owned(), file)], &ids);
    Interpreter::new(Arc::new(registry.expect("it holds together")))
}
