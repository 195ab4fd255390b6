//! `vigia backfill`: what it brings is what a live run over the same chain brings, whatever the source,
//! however it is disturbed, and it tells nobody.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use vigia_devnet::{Devnet, DevnetFace, FaultKind, Faults, FileFormat, Pace, write_checkpoint};

use crate::app::{App, PATIENCE, text};
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn node(transactions: u64) -> Devnet {
    start(busy_chain(transactions), Pace::Complete, 1).await
}

/// What history and live data have in common.
fn lasting(rows: Vec<String>) -> Vec<String> {
    let kinds = ["raw ", "balance ", "activity ", "event ", "object "];
    let lasts = |row: &String| kinds.iter().any(|kind| row.starts_with(kind));
    rows.into_iter().filter(lasts).collect()
}

/// The rows of a live run over the whole chain.
async fn live_rows(node: &Devnet) -> Vec<String> {
    let app = app_watching(node, |index| index % 3 == 0);
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]);
    app.wait_for("a database", |status| !status["watermark"].is_null());
    let store = app.store().await;
    let rows = finished_rows(node, &store, PATIENCE).await;
    store.close().await;
    poller.stop();
    assert!(rows.iter().any(|row| row.starts_with("notification ")));
    lasting(rows)
}

/// What an import has brought so far; nobody was told.
async fn imported_rows(app: &App) -> Vec<String> {
    let store = app.store().await;
    let rows = store.dump_rows().await.unwrap();
    store.close().await;
    assert!(!rows.iter().any(|row| row.starts_with("notification ")));
    lasting(rows)
}

fn faults(specs: &str) -> Faults {
    Faults::parse(5, specs.split_whitespace()).expect("faults")
}

/// An app with these settings of history.
fn app_with(node: &Devnet, history: &str) -> App {
    let app = App::with_config(&format!("{}{history}", contracts_with_history()));
    watch_users(&app, node, |index| index % 3 == 0);
    app
}

/// The contracts, with an open section of history at the end.
fn contracts_with_history() -> String {
    contracts() + "[history]\n"
}

fn counts(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

async fn bucket(node: &mut Devnet, specs: &str) -> DevnetFace {
    node.also_bucket(HERE, faults(specs))
        .await
        .expect("a bucket")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_source_brings_what_a_live_run_does() {
    let mut node = node(3_000).await;
    let tip = node.tip().unwrap();
    let expected = live_rows(&node).await;
    let (from, to) = ("0".to_owned(), tip.to_string());
    let provider = node.url();
    let face = bucket(&mut node, "").await;
    for format in [FileFormat::Chk, FileFormat::BinpbZst] {
        let app = app_with(&node, "");
        let folder = app.path("files");
        std::fs::create_dir(&folder).unwrap();
        for sequence in 0..=tip {
            let data = node.checkpoint(sequence).unwrap();
            write_checkpoint(&folder, data, format).unwrap();
        }
        let folder = folder.to_str().unwrap();
        let files = [
            "backfill", "--from", &from, "--to", &to, "--source", "files", folder,
        ];
        let printed = app.ok(&[&files[..], &["--json", "--provider", &provider]].concat());
        let counts = counts(&printed);
        assert_eq!(counts["checkpoints"], tip + 1);
        assert_eq!(counts["relevant"], counts["rawTransactionsNew"]);
        assert_same(&expected, &imported_rows(&app).await);

        // The same folder as a bucket, over HTTP.
        let served = vigia_devnet::Bucket::serve(folder.into(), HERE, Faults::none()).await;
        let served = served.unwrap();
        let app = app_with(&node, &format!("bucket_url = \"{}\"\n", served.url()));
        app.ok(&["backfill", "--from", &from, "--to", &to]);
        assert_same(&expected, &imported_rows(&app).await);
        served.shutdown().await.unwrap();
    }
    let app = app_with(&node, &format!("bucket_url = \"{}\"\n", face.url()));
    let grpc = ["backfill", "--from", &from, "--to", &to, "--source", "grpc"];
    let grpc = [&grpc[..], &["--provider", &provider, "--json"]].concat();
    app.ok(&grpc);
    assert_same(&expected, &imported_rows(&app).await);
    // Once more: all is there.
    let again = counts(&app.ok(&grpc));
    assert_eq!(again["rawTransactionsNew"], 0);
    assert_eq!(again["alreadyThere"], again["relevant"]);
    assert_eq!(again["activitiesNew"], 0);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_got_over() {
    let mut node = node(2_000).await;
    let tip = node.tip().unwrap().to_string();
    let expected = live_rows(&node).await;
    for specs in ["unavailable:500ms truncate,every=9", "rate-limit:10/1s"] {
        let face = bucket(&mut node, specs).await;
        let app = app_with(&node, &format!("bucket_url = \"{}\"\n", face.url()));
        app.ok(&["backfill", "--from", "0", "--to", &tip]);
        assert_same(&expected, &imported_rows(&app).await);
        assert!(!face.struck().is_empty(), "{specs} never struck");
    }
    // Away for as long as it takes to be missed.
    let face = bucket(&mut node, "gone:60s").await;
    let app = app_with(&node, &format!("bucket_url = \"{}\"\n", face.url()));
    let mut running = app.start(&["backfill", "--from", "0", "--to", &tip]);
    face.wait_until_struck(FaultKind::Gone, 1).await;
    face.heal();
    assert!(running.wait(PATIENCE).success());
    assert_same(&expected, &imported_rows(&app).await);
    for specs in [
        "no-list",
        "cut:300ms truncate,every=9",
        "no-list rate-limit:10/1s",
    ] {
        let face = node.also_listen(HERE, faults(specs)).await.unwrap();
        let app = app_with(&node, "");
        let url = face.url();
        app.ok(&["backfill", "--from", "0", "--to", &tip, "--provider", &url]);
        assert_same(&expected, &imported_rows(&app).await);
        assert!(!face.struck().is_empty(), "{specs} never struck");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_or_stopped_goes_on_where_it_was() {
    let mut node = node(4_000).await;
    let tip = node.tip().unwrap();
    let expected = live_rows(&node).await;
    // Slow enough to be met in the middle.
    let face = bucket(&mut node, "rate-limit:60/500ms").await;
    let app = app_with(&node, &format!("bucket_url = \"{}\"\n", face.url()));
    let to = tip.to_string();
    let arguments = ["backfill", "--from", "0", "--to", &to, "--json"];
    for signal in [libc::SIGKILL, libc::SIGKILL, libc::SIGINT] {
        let mut running = app.start(&arguments);
        let before = position(&app, tip).await;
        while position(&app, tip).await <= before {
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(
                running.child.try_wait().unwrap().is_none(),
                "it ended too early"
            );
        }
        running.signal(signal);
        let status = running.wait(PATIENCE);
        if signal == libc::SIGINT {
            assert_eq!(status.code(), Some(1), "stopped, and not done");
        }
    }
    let stopped_at = position(&app, tip).await;
    assert!(stopped_at > Some(0));
    let counts = counts(&app.ok(&arguments));
    assert_eq!(counts["resumedAt"].as_u64(), stopped_at);
    assert_eq!(
        counts["checkpoints"].as_u64(),
        Some(tip + 1 - stopped_at.unwrap())
    );
    assert_same(&expected, &imported_rows(&app).await);
    assert_eq!(position(&app, tip).await, None, "it has come to its end");
    node.shutdown().await.unwrap();
}

/// How far an import of everything is.
async fn position(app: &App, to: u64) -> Option<u64> {
    use vigia_store::BackfillStore;
    if !app.data_dir().join("vigia.db").exists() {
        return None;
    }
    let store = app.store().await;
    let found = store.backfill_range_find(0, to).await.unwrap();
    store.close().await;
    found.map(|found| found.position)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_imported_is_said() {
    let mut node = node(600).await;
    let tip = node.tip().unwrap();
    let to = tip.to_string();
    let whole = ["backfill", "--from", "0", "--to", &to];
    let refused = |app: &App, arguments: &[&str], code: i32, word: &str| {
        let output = app.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(word), "{word:?} is not in {said}");
    };
    let app = app_with(&node, "");
    refused(&app, &["backfill", "--from", "9", "--to", "8"], 2, "above");
    refused(&app, &whole, 2, "history.bucket_url");
    let bucket_only = [&whole[..], &["--source", "bucket"]].concat();
    refused(&app, &bucket_only, 2, "history.bucket_url");
    let beyond = (tip + 1).to_string();
    let url = node.url();
    let above_tip = [
        "backfill",
        "--from",
        "0",
        "--to",
        &beyond,
        "--provider",
        &url,
    ];
    refused(&app, &above_tip, 2, "newest");

    // A folder with a hole, a bucket of another chain, one with a flipped bit, one that is not there.
    let folder = app.path("files");
    std::fs::create_dir(&folder).unwrap();
    for sequence in (0..=tip).filter(|sequence| *sequence != 5) {
        let data = node.checkpoint(sequence).unwrap();
        write_checkpoint(&folder, data, FileFormat::Chk).unwrap();
    }
    let files = [&whole[..], &["--source", "files", folder.to_str().unwrap()]].concat();
    refused(&app, &files, 1, "expected checkpoint 5");
    for (specs, word) in [
        ("wrong-chain:keep-id", "fetched with digest"),
        ("flip:transaction,from=6", "digest"),
    ] {
        let face = bucket(&mut node, specs).await;
        let app = app_with(&node, &format!("bucket_url = \"{}\"\n", face.url()));
        let compared = [&whole[..], &["--provider", &url]].concat();
        refused(&app, &compared, 1, word);
    }
    let app = app_with(&node, "bucket_url = \"http://127.0.0.1:1/\"\n");
    refused(&app, &whole, 4, "bucket http://127.0.0.1:1");
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_what_comes_live_are_left_to_the_live_lane() {
    let node = start(busy_chain(1_600), Pace::Manual, 20).await;
    let url = node.url();
    let poll = ["poll", "--provider", &url, "--from", "0", "--log", "warn"];
    let app = app_watching(&node, |index| index % 3 == 0);
    let poller = app.start(&poll);
    app.wait_for("the history", |status| {
        status["watermark"].as_u64() >= Some(19)
    });
    poller.stop();
    while !node.is_finished() {
        node.advance(1);
    }
    let tip = node.final_tip().unwrap();
    let folder = app.path("files");
    std::fs::create_dir(&folder).unwrap();
    for sequence in 0..=tip {
        let data = node.checkpoint(sequence).unwrap();
        write_checkpoint(&folder, data, FileFormat::Chk).unwrap();
    }
    let output = app.run(&["ingest", "--files", folder.to_str().unwrap(), "--json"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("files, from checkpoint 20 on"), "{said}");
    let counts = counts(&text(&output.stdout));
    assert_eq!(counts["checkpoints"], 20);
    assert_eq!(counts["leftOut"], tip - 19);
    assert_eq!(counts["rawTransactionsNew"], 0);

    // Who would have been told is told.
    let poller = app.start(&poll);
    let store = app.store().await;
    let rows = finished_rows(&node, &store, PATIENCE).await;
    store.close().await;
    poller.stop();
    let told = |rows: &[String]| -> Vec<String> {
        let told = rows.iter().filter(|row| row.starts_with("notification "));
        told.cloned().collect()
    };
    let undisturbed = app_watching(&node, |index| index % 3 == 0);
    let poller = undisturbed.start(&poll);
    let store = undisturbed.store().await;
    let expected = finished_rows(&node, &store, PATIENCE).await;
    store.close().await;
    poller.stop();
    assert!(told(&expected).len() > 20);
    assert_same(&told(&expected), &told(&rows));
    assert_same(&lasting(expected), &lasting(rows));
    node.shutdown().await.unwrap();
}
