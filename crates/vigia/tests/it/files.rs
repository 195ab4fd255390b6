//! `vigia ingest --files` over real checkpoints, against an independent walk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sui_sdk_types::{Address, Digest, TransactionEvents};
use vigia_core::Scope;
use vigia_store::ReadStore;

use crate::app::{App, chain_data, text};
use crate::walk::{Walked, walk_folder};

/// What a test watches, drawn from what is there.
#[derive(Default)]
struct Drawn {
    addresses: BTreeSet<Address>,
    contracts: BTreeSet<String>,
    event_types: BTreeSet<String>,
    coin_types: BTreeSet<String>,
}

impl Drawn {
    /// Some of each, in a fixed order; what is in many transactions would make all of them relevant
    /// and is left out.
    fn from(walked: &[Walked]) -> Self {
        Self {
            addresses: draw(walked, 7, |walked| &walked.addresses),
            contracts: draw(walked, 5, |walked| &walked.contracts),
            event_types: draw(walked, 3, |walked| &walked.event_types),
            coin_types: draw(walked, 4, |walked| &walked.coin_types),
        }
    }

    fn touches(&self, walked: &Walked) -> bool {
        !self.addresses.is_disjoint(&walked.addresses)
            || !self.contracts.is_disjoint(&walked.contracts)
            || !self.event_types.is_disjoint(&walked.event_types)
            || !self.coin_types.is_disjoint(&walked.coin_types)
    }

    fn watch(&self, app: &App) {
        let lines: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        std::fs::write(
            app.path("list.csv"),
            format!("address\n{}\n", lines.join("\n")),
        )
        .unwrap();
        let list = app.path("list.csv");
        app.ok(&["watch", "import", list.to_str().unwrap()]);
        let mut arguments = vec!["watch", "add"];
        for contract in self.contracts.iter().chain(&self.event_types) {
            arguments.extend(["--contract", contract]);
        }
        for coin_type in &self.coin_types {
            arguments.extend(["--coin", coin_type]);
        }
        if arguments.len() > 2 {
            app.ok(&arguments);
        }
    }
}

/// Every nth of the targets that are in at most a tenth of the transactions.
fn draw<T: Ord + Clone>(
    walked: &[Walked],
    nth: usize,
    part: fn(&Walked) -> &BTreeSet<T>,
) -> BTreeSet<T> {
    let mut counts = BTreeMap::<&T, usize>::new();
    for target in walked.iter().flat_map(part) {
        *counts.entry(target).or_default() += 1;
    }
    let rare = counts
        .into_iter()
        .filter(|(_, count)| count * 10 <= walked.len());
    rare.map(|(target, _)| target.clone())
        .step_by(nth)
        .collect()
}

async fn compare(network: &str) {
    let Some(folder) = chain_data(&format!("checkpoints/{network}")) else {
        return;
    };
    let walked = walk_folder(&folder);
    let drawn = Drawn::from(&walked);
    let expected: Vec<&Walked> = walked
        .iter()
        .filter(|walked| drawn.touches(walked))
        .collect();
    println!(
        "{network}: {} of {} transactions are relevant",
        expected.len(),
        walked.len()
    );
    assert!(
        (10..walked.len() * 9 / 10).contains(&expected.len()),
        "the list should be neither everything nor nothing"
    );

    let app = App::new();
    drawn.watch(&app);
    let printed = app.ok(&["ingest", "--files", folder.to_str().unwrap(), "--json"]);
    let counts: serde_json::Value = serde_json::from_str(&printed).unwrap();
    println!(
        "{network}: {} of {} transactions are relevant; {counts}",
        expected.len(),
        walked.len()
    );
    assert_eq!(
        counts["rawTransactionsNew"],
        expected.len(),
        "none missing, none extra"
    );
    assert_eq!(app.status()["failed"], 0);

    let store = app.store().await;
    for walked in &expected {
        let digest = Digest::from_base58(&walked.digest).unwrap();
        let found = store.raw_transaction(&Scope::All, &digest).await.unwrap();
        let found = found.unwrap_or_else(|| panic!("{} is missing", walked.digest));
        let raw = &found.raw;
        assert_eq!(
            (raw.place.checkpoint, raw.place.index),
            (walked.checkpoint, walked.index)
        );
        assert_eq!(raw.timestamp_ms, walked.timestamp_ms);
        assert_eq!(raw.sender, walked.sender);
        assert_eq!(raw.failure.is_none(), walked.succeeded);
        let events: Vec<_> = raw.events_bcs.as_ref().map_or_else(Vec::new, |events| {
            bcs::from_bytes::<TransactionEvents>(events).unwrap().0
        });
        assert_eq!(events, walked.events);
        let deltas: BTreeMap<(Address, String), i128> = raw
            .balance_changes
            .iter()
            .map(|change| {
                (
                    (change.address, change.coin_type.to_string()),
                    change.amount,
                )
            })
            .collect();
        assert_eq!(deltas, walked.deltas, "coin movements of {}", walked.digest);
        let effects: BTreeMap<(Address, String), i128> = found
            .balance_effects
            .iter()
            .map(|effect| ((effect.address, effect.coin_type.clone()), effect.amount))
            .collect();
        let watched: BTreeMap<_, _> = walked
            .deltas
            .iter()
            .filter(|((address, _), _)| drawn.addresses.contains(address))
            .map(|(key, delta)| (key.clone(), *delta))
            .collect();
        assert_eq!(
            effects, watched,
            "effects on watched balances of {}",
            walked.digest
        );
    }
    let rows = store.dump_rows().await.unwrap();
    store.close().await;

    let printed = app.ok(&["ingest", "--files", folder.to_str().unwrap(), "--json"]);
    let counts: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&counts["rawTransactionsNew"], &counts["activitiesNew"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        app.store().await.dump_rows().await.unwrap(),
        rows,
        "a second run changes nothing"
    );
}

#[tokio::test]
async fn mainnet_files_equal_an_independent_walk() {
    compare("mainnet").await;
}

#[tokio::test]
async fn testnet_files_equal_an_independent_walk() {
    compare("testnet").await;
}

/// The smallest real checkpoint, as bytes of a `.chk` file.
fn real_checkpoint(folder: &Path) -> (String, Vec<u8>) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.metadata().unwrap().len(), path))
        .collect();
    files.sort();
    let path = &files[0].1;
    (
        path.file_stem().unwrap().to_str().unwrap().to_owned(),
        std::fs::read(path).unwrap(),
    )
}

#[tokio::test]
async fn corrupt_files_are_named_and_leave_nothing() {
    let Some(folder) = chain_data("checkpoints/testnet") else {
        return;
    };
    let walked = walk_folder(&folder);
    let (sequence, bytes) = real_checkpoint(&folder);
    let app = App::new();
    let senders: BTreeSet<String> = walked
        .iter()
        .filter(|walked| walked.checkpoint.to_string() == sequence)
        .map(|walked| walked.sender.to_string())
        .filter(|sender| !sender.ends_with("000000"))
        .collect();
    for sender in &senders {
        app.ok(&["watch", "add", sender]);
    }
    let files = app.path("files");
    std::fs::create_dir(&files).unwrap();
    let name = format!("{sequence}.chk");

    // Any byte may be wrong: the digests tell. Bytes of signatures are not bound by a digest in a
    // file, so the places are those of a transaction, found by its sender.
    let sender = senders.first().expect("a user's transaction");
    let needle = &Address::from_hex(sender).unwrap().into_inner();
    let at = bytes
        .windows(32)
        .position(|window| window == needle)
        .unwrap();
    for broken in [
        {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            bytes
        },
        bytes[..bytes.len() - 1].to_vec(),
        [&bytes[..], &[0]].concat(),
        bytes[1..].to_vec(),
        Vec::new(),
    ] {
        std::fs::write(files.join(&name), &broken).unwrap();
        let output = app.run(&["ingest", "--files", files.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains(&name),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(
            app.status()["rawTransactions"],
            0,
            "nothing of a corrupt file is stored"
        );
    }
    std::fs::write(files.join(&name), &bytes).unwrap();
    app.ok(&["ingest", "--files", files.to_str().unwrap()]);
    assert!(
        app.status()["rawTransactions"].as_u64() > Some(0),
        "the whole file is"
    );
}
