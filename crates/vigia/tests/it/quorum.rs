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
    balances_begin_unproven(&believing, &proving, &node);
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

    let found = text(&proving.run(&["doctor", "--provider", &node.url()]).stdout);
    assert!(found.contains("proof: from pin 0:"), "{found}");
    assert!(
        found.contains("committees are proven up to epoch"),
        "{found}"
    );

    // Any of them can be pinned elsewhere.
    let shown = proving.ok(&["committees"]);
    assert!(
        shown.starts_with("0:") && shown.lines().count() > 3,
        "{shown}"
    );
    assert!(
        shown.contains("announced by the committee before"),
        "{shown}"
    );

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

/// What an audit says, and whether it is content.
/// A balance begins with a node's word, which no validator signs: where all is to be proven it says so.
fn balances_begin_unproven(believing: &App, proving: &App, node: &Devnet) {
    for (app, config, unproven) in [
        (believing, contracts(), false),
        (proving, contracts() + &quorum(node), true),
    ] {
        app.configure(&format!("[provider]\nurl = \"{}\"\n{config}", node.url()));
        app.ok(&["schedules", "run", "balance_baseline"]);
        let rows = app.ok(&["balances", "list", "--json"]);
        let rows: Vec<serde_json::Value> = rows
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(rows.len(), 12);
        for row in &rows {
            assert_eq!(row["state"], "known", "{row}");
            assert_eq!(row["unproven"], unproven, "{row}");
        }
    }
    let said = proving.ok(&["balances", "list"]);
    assert_eq!(said.matches("known, unproven").count(), 12, "{said}");
}

pub(crate) fn audit(app: &App, node: &Devnet, to: u64) -> (serde_json::Value, bool) {
    let (url, to) = (node.url(), to.to_string());
    let arguments = [
        "audit",
        "--from",
        "0",
        "--to",
        &to,
        "--provider",
        &url,
        "--json",
    ];
    let output = app.run(&arguments);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (report, output.status.success())
}

/// Counts of what an audit found: gaps, missing, differing, unproven.
pub(crate) fn found(report: &serde_json::Value) -> [u64; 4] {
    let gaps = report["gaps"].as_array().expect("a list").len() as u64;
    let count = |kind: &str| report[kind]["count"].as_u64().expect("a number");
    [
        gaps,
        count("missing"),
        count("differing"),
        count("unproven"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_names_what_was_tampered_with() {
    let node = start(busy_chain(3_000), Pace::Live, 30).await;
    let app = App::with_config(&(contracts() + &quorum(&node)));
    watch_users(&app, &node, |index| index < 8);
    let rows = rows_of(&app, &node).await;
    let raws = rows.iter().filter(|row| row.starts_with("raw ")).count() as u64;
    let tip = node.final_tip().expect("it is finished");

    let (report, is_clean) = audit(&app, &node, tip);
    assert!(is_clean, "{report}");
    assert_eq!(found(&report), [0; 4]);
    assert_eq!(report["checkpoints"], tip + 1);
    assert_eq!(
        (report["relevant"].as_u64(), report["stored"].as_u64()),
        (Some(raws), Some(raws))
    );
    let printed = app.ok(&[
        "audit",
        "--from",
        "3",
        "--to",
        "9",
        "--provider",
        &node.url(),
    ]);
    assert!(
        printed.ends_with("gaps 0, missing 0, differing 0, unproven 0\n"),
        "{printed}"
    );

    let path = app.data_dir().join("vigia.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options)
        .await
        .expect("it opens");
    // One is gone, one has other bytes, one other amounts, one is invented, and a range was never there.
    for tampering in [
        "DELETE FROM raw_transaction WHERE checkpoint = 4 AND tx_index =
            (SELECT min(tx_index) FROM raw_transaction WHERE checkpoint = 4)",
        "UPDATE raw_transaction SET effects_bcs = x'00' WHERE checkpoint = 5 AND tx_index =
            (SELECT min(tx_index) FROM raw_transaction WHERE checkpoint = 5)",
        "UPDATE raw_transaction SET balance_changes = x'00' WHERE checkpoint = 6 AND tx_index =
            (SELECT max(tx_index) FROM raw_transaction WHERE checkpoint = 6)",
        "UPDATE raw_transaction SET tx_index = 9999 WHERE checkpoint = 7 AND tx_index =
            (SELECT min(tx_index) FROM raw_transaction WHERE checkpoint = 7)",
        "UPDATE ingest_range SET lo = 3 WHERE lo = 0",
    ] {
        let done = sqlx::query(tampering)
            .execute(&pool)
            .await
            .expect("it is there");
        assert_eq!(done.rows_affected(), 1, "{tampering}");
    }
    pool.close().await;
    let (report, is_clean) = audit(&app, &node, tip);
    assert!(!is_clean);
    assert_eq!(found(&report), [1, 2, 3, 0], "{report}");
    assert_eq!(report["gaps"][0], serde_json::json!({"from": 0, "to": 2}));
    let named = |kind: &str| {
        let named = report[kind]["named"].as_array().expect("a list").iter();
        named
            .map(|one| one["checkpoint"].as_u64().expect("a number"))
            .collect::<Vec<_>>()
    };
    assert_eq!(named("missing"), [4, 7]);
    let mut differing = named("differing");
    differing.sort_unstable();
    assert_eq!(differing, [5, 6, 7]);

    // Who believes providers proves nothing, and is told so.
    app.configure(&contracts());
    let output = app.run(&[
        "audit",
        "--from",
        "8",
        "--to",
        "9",
        "--provider",
        &node.url(),
    ]);
    assert!(
        text(&output.stderr).contains("nothing is proven"),
        "{}",
        text(&output.stderr)
    );
    assert!(
        text(&output.stdout).contains("trust = \"provider\""),
        "{}",
        text(&output.stdout)
    );
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coins_are_seen_with_the_amounts_of_everything() {
    let node = start(busy_chain(3_000), Pace::Live, 30).await;
    let coin = format!("{}::cusd::CUSD", vigia_devnet::Packages::declared().cusd);
    let mut counts = Vec::new();
    for proof in [String::new(), quorum(&node)] {
        let app = App::with_config(&proof);
        watch_users(&app, &node, |index| index == 0);
        app.ok(&["watch", "add", "--coin", &coin]);
        let (rows, _) = proofs(rows_of(&app, &node).await);
        counts.push(rows);
    }
    assert_eq!(counts[0].len(), counts[1].len());
    let raws = counts[0].iter().filter(|row| row.starts_with("raw "));
    assert!(raws.filter(|row| row.contains("coin_type")).count() > 100);
    for (proven, row) in counts[1].iter().zip(&counts[0]) {
        assert_eq!(proven, row);
    }
    node.shutdown().await.expect("the node stops");
}

/// A list is a hint: what it names is taken from checkpoints that are proven, and the history stays
/// unproven as a whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_are_proven_one_by_one() {
    let node = start(busy_chain(3_000), Pace::Live, 30).await;
    let config = contracts() + &quorum(&node) + "[history]\nrequests_per_second = 1000\n";
    let app = App::with_config(&config);
    watch_users(&app, &node, |index| index < 4);
    rows_of(&app, &node).await;
    let late = node.users()[20].address.to_string();
    app.ok(&["watch", "add", &late, "--account", "late"]);
    let worker = app.start(&["work", "--provider", &node.url()]);
    let store = app.store().await;
    let digest_count = || async {
        let rows = store.dump_rows().await.expect("rows");
        rows.into_iter()
            .filter(|row| row.starts_with("raw "))
            .collect::<Vec<_>>()
    };
    app.wait_for("its history", |_| {
        let listed = app.ok(&["watch", "list", "--json"]);
        listed.contains("\"unproven\"")
    });
    let wanted = crate::node::walk_address(&node, &node.users()[20].address);
    let stored = digest_count().await;
    let mut incomplete = 0;
    for walked in &wanted {
        let place = format!("raw {} {} ", walked.checkpoint, walked.index);
        let row = stored.iter().find(|row| row.starts_with(&place));
        let row = row.unwrap_or_else(|| panic!("{place} is missing"));
        let (_, proof) = row.rsplit_once(" \"epoch:").expect("it is proven");
        assert!(!proof.contains("amounts"), "{proof}");
        incomplete +=
            usize::from(proof.contains("completeness:its history is as a provider lists it"));
    }
    assert!(incomplete > 3, "{incomplete} of {}", wanted.len());
    store.close().await;
    worker.stop();
    node.shutdown().await.expect("the node stops");
}

#[test]
fn roots_that_cannot_be_are_named() {
    let blob = "genesis_file = \"blob\"\n";
    for (settings, said) in [
        ("", "one of proof.genesis_file and proof.committee"),
        ("committee = \"800\"\n", "EPOCH:DIGEST"),
        (blob, "blob"),
        (
            "committee = \"0:11111111111111111111111111111111\"\ngenesis_file = \"blob\"\n",
            "only one of proof.genesis_file and proof.committee",
        ),
    ] {
        let app = App::with_config(&format!("[proof]\ntrust = \"quorum\"\n{settings}"));
        std::fs::write(app.path("blob"), b"no genesis").expect("a file");
        let output = app.run(&["poll", "--provider", "http://127.0.0.1:1"]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
    let app = App::with_config("[proof]\ntrust = \"everybody\"\n");
    let output = app.run(&["poll", "--provider", "http://127.0.0.1:1"]);
    let error = text(&output.stderr);
    assert!(
        error.contains("everybody") && error.contains("quorum"),
        "{error}"
    );
}
