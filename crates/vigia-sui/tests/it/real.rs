//! Checkpoints of real networks. They are not part of the project: they are read from
//! `VIGIA_CHAIN_DATA`, or from where they usually are beside it.

use std::path::{Path, PathBuf};

use vigia_core::TransactionEffects;

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
