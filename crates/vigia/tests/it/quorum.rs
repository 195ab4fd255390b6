//! `trust = "quorum"` from the chain to the rows.

use std::time::Duration;

use vigia_devnet::{Devnet, Pace};
use vigia_sui::{CommitteePin, committee_digest};

use crate::app::{App, text};
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};

/// The settings with which all of a node's chain has to be proven.
pub(crate) fn quorum(node: &Devnet) -> String {
    let committee = node.genesis_committee().expect("a chain of its own");
    let pin = CommitteePin {
        epoch: 0,
        digest: committee_digest(&committee),
    };
    format!("[proof]\ntrust = \"quorum\"\ncommittee = \"{pin}\"\n")
}

/// Rows without what they say of proof, and what that is.
pub(crate) fn proofs(rows: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut proofs = Vec::new();
    let apart = |row: String| {
        if !row.starts_with("raw ") {
            return row;
        }
        let (rest, proof) = row.rsplit_once(' ').expect("a raw transaction has columns");
        proofs.push(proof.to_owned());
        rest.to_owned()
    };
    let rows = rows.into_iter().map(apart).collect();
    (rows, proofs)
}

async fn rows_of(app: &App, node: &Devnet) -> Vec<String> {
    let poller = app.start(&["poll", "--provider", &node.url(), "--from", "0"]);
    let store = app.store().await;
    let rows = finished_rows(node, &store, Duration::from_secs(120)).await;
    store.close().await;
    poller.stop();
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quorum_writes_the_same_rows_and_says_that_they_are_proven() {
    let node = start(busy_chain(6_000), Pace::Live, 30).await;
    let believing = app_watching(&node, |index| index < 12);
    let proving = App::with_config(&(contracts() + &quorum(&node)));
    watch_users(&proving, &node, |index| index < 12);
    let (rows, claimed) = proofs(rows_of(&believing, &node).await);
    let (proven_rows, proven) = proofs(rows_of(&proving, &node).await);
    assert!(
        claimed.iter().all(|proof| proof == "-"),
        "{:?}",
        claimed.first()
    );
    assert!(claimed.len() > 1_000, "{}", claimed.len());
    for (proven, row) in proven_rows.iter().zip(&rows) {
        assert_eq!(proven, row);
    }
    assert_eq!(proven_rows.len(), rows.len());
    for proof in &proven {
        let epoch = proof.trim_matches('"').strip_prefix("epoch:");
        let epoch: u64 = epoch
            .and_then(|e| e.parse().ok())
            .unwrap_or_else(|| panic!("{proof}"));
        assert!(epoch < 20);
    }

    // Committees are kept: who starts again need not go the way again, and who pins another one stops.
    let wrong = contracts() + &quorum(&node).replace("\"0:", "\"1:");
    proving.configure(&wrong);
    let output = proving.run(&[
        "backfill",
        "--provider",
        &node.url(),
        "--from",
        "0",
        "--to",
        "5",
    ]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains("the committee of epoch 1 has digest"),
        "{said}"
    );
    node.shutdown().await.expect("the node stops");
}
