//! Checkpoints of real networks. They are not part of the project: they are read from
//! `VIGIA_CHAIN_DATA`, or from where they usually are beside it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use sui_rpc::field::{FieldMask, FieldMaskUtil as _};
use vigia_core::{Checkpoint, TransactionEffects, WatchTarget};
use vigia_devnet::{checkpoint_message, read_chk_directory};
use vigia_sui::{LIVE_MASK, Scanner, decode_message};
use vigia_watch::{SharedWatchList, WatchList};

use crate::support::read_folder;

/// A part of the chain data, or none where it may be absent, which is said.
pub(crate) fn chain_data(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VIGIA_CHAIN_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/chain-data"),
        PathBuf::from,
    );
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var("VIGIA_REQUIRE_CHAIN_DATA").is_ok_and(|value| value == "1");
    assert!(!required, "{} is required and missing", path.display());
    eprintln!("skipped: there is no chain data at {}", path.display());
    None
}

#[tokio::test]
async fn real_checkpoints_read_without_error() {
    let Some(folder) = chain_data("checkpoints") else {
        return;
    };
    let (checkpoints, errors) = read_folder(&folder).await;
    assert!(errors.is_empty(), "{errors:#?}");
    let numbers: Vec<u64> = checkpoints.iter().map(|c| c.header.sequence).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    for expected in [1137, 20_958_462, 100_000_017, 248_050_771] {
        assert!(numbers.contains(&expected), "{numbers:?}");
    }
    let transactions = checkpoints.iter().flat_map(|c| &c.transactions);
    let (mut v1, mut with_changes) = (0, 0);
    for transaction in transactions {
        v1 += usize::from(matches!(transaction.effects, TransactionEffects::V1(_)));
        let sum: i128 = transaction
            .balance_changes
            .iter()
            .filter(|change| change.address == transaction.gas_payer())
            .map(|change| change.amount)
            .sum();
        with_changes += usize::from(sum != 0);
    }
    println!(
        "{v1} transactions with version 1 effects, {with_changes} with changes of their payer"
    );
    assert!(with_changes > 0);
}

/// Whom a real transaction concerns is found by scanning it as by decoding it, for every address and package that takes part;
/// and what concerns nobody is decoded almost nowhere.
#[test]
fn real_transactions_are_scanned_as_they_are_decoded() {
    let Some(folder) = chain_data("checkpoints") else {
        return;
    };
    let mut read = Vec::new();
    for network in ["mainnet", "testnet"] {
        for data in read_chk_directory(&folder.join(network)).expect("checkpoints") {
            let mask = FieldMask::from_paths(LIVE_MASK);
            let message = Bytes::from(checkpoint_message(data, mask).encode_to_vec());
            // Effects of version 1 need objects.
            if let Ok(checkpoint) = decode_message(message.clone()) {
                read.push((message, checkpoint));
            }
        }
    }
    let scan = |list: WatchList, message: &Bytes| {
        let scanner = Scanner::new(Arc::new(SharedWatchList::new(list)));
        scanner
            .scan_message(message.clone())
            .expect("it was decoded")
    };
    let (mut all, mut needless, mut watched) = (0, 0, 0);
    for (message, decoded) in &read {
        all += decoded.count();
        needless += scan(WatchList::new(1), message).transactions.len();
        let mut targets = BTreeSet::new();
        for transaction in &decoded.transactions {
            targets.insert(transaction.transaction.sender);
            targets.insert(transaction.gas_payer());
            targets.extend(
                transaction
                    .balance_changes
                    .iter()
                    .map(|change| change.address),
            );
            for event in &transaction.events {
                targets.extend([event.package_id, *event.type_.address()]);
            }
        }
        for target in targets {
            let mut list = WatchList::new(1);
            list.insert(WatchTarget::Address(target));
            list.insert(WatchTarget::Package(target));
            let matched = |checkpoint: &Checkpoint| -> Vec<_> {
                let found = checkpoint.transactions.iter();
                let found = found.map(|found| (found.place, list.match_transaction(found)));
                found.filter(|(_, reasons)| !reasons.is_empty()).collect()
            };
            let expected = matched(decoded);
            assert!(!expected.is_empty(), "{target}");
            assert_eq!(matched(&scan(list.clone(), message)), expected, "{target}");
            watched += 1;
        }
    }
    println!("{all} transactions, {needless} decoded for nobody, {watched} targets");
    assert!(
        all > 80 && watched > 100 && needless * 20 < all,
        "{needless} of {all}, {watched}"
    );
}
