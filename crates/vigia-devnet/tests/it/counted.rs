//! The corpus of which instructions are counted is of this chain.

use std::path::Path;

use vigia_core::Place;
use vigia_counted::{Corpus, Recorded};
use vigia_devnet::{ChainConfig, Packages, executed, generate};

/// Transactions of the corpus, of which half concern the wallet.
const TRANSACTIONS: usize = 120;

fn corpus() -> Corpus {
    let config = ChainConfig {
        users: 40,
        tps: 40,
        relevant_per_mille: 500,
        transactions: Some(TRANSACTIONS as u64 + 40),
        ..ChainConfig::default()
    };
    // The first checkpoint hands coins out to everybody at once.
    let data = generate(config).skip(1).flat_map(|data| data.transactions);
    let transactions = (0..).zip(data).map(|(index, data)| {
        let place = Place {
            checkpoint: 1,
            index,
        };
        let transaction = bcs::to_bytes(&data.transaction.transaction).expect("BCS");
        let effects = bcs::to_bytes(&data.effects).expect("BCS");
        let events = data.events.as_ref();
        let events = events.map(|events| bcs::to_bytes(events).expect("BCS"));
        let found = executed(place, data);
        let changes = found.balance_changes.iter();
        let changes = changes
            .map(|change| (change.address, change.coin_type.to_string(), change.amount))
            .collect();
        Recorded {
            transaction,
            effects,
            events,
            balance_changes: changes,
        }
    });
    let packages = Packages::declared();
    let packages = [
        ("cusd", vec![packages.cusd]),
        ("confio", vec![packages.confio]),
        ("pay", vec![packages.pay, packages.pay_upgraded]),
        ("p2p_trade", vec![packages.p2p_trade]),
        ("invite_send", vec![packages.invite_send]),
    ];
    Corpus {
        packages: packages.map(|(name, ids)| (name.to_owned(), ids)).into(),
        transactions: transactions.take(TRANSACTIONS).collect(),
    }
}

/// `UPDATE_CORPUS=1` writes it; the budgets have to be counted anew then.
#[test]
fn the_corpus_is_of_this_chain() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vigia-counted/corpus.bcs");
    let made = bcs::to_bytes(&corpus()).expect("BCS");
    if std::env::var_os("UPDATE_CORPUS").is_some() {
        std::fs::write(&path, &made).expect("the corpus is written");
    }
    let kept = std::fs::read(&path).expect("the corpus");
    assert!(kept == made, "UPDATE_CORPUS=1 writes it anew");
}
