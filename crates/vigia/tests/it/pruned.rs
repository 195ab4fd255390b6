//! A poller whose next checkpoint every provider has pruned: what a bucket holds it reads from there,
//! and without one it says which choices remain.

use std::net::SocketAddr;
use std::time::Duration;

use vigia_devnet::{Devnet, Faults, Pace};

use crate::app::App;
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::PostgresDatabase;

const PATIENCE: Duration = Duration::from_secs(60);
const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn prune() -> Faults {
    Faults::parse(1, ["prune:10"]).expect("a fault")
}

/// A node with 30 checkpoints of about 60.
async fn node() -> Devnet {
    start(busy_chain(2_400), Pace::Manual, 30).await
}

/// The rows of a run that nothing disturbed.
async fn undisturbed(node: &Devnet) -> Vec<String> {
    let app = app_watching(node, |index| index % 4 != 0);
    let running = app.start(&["poll", "--provider", &node.url(), "--from", "0"]);
    let store = app.store().await;
    let rows = finished_rows(node, &store, PATIENCE).await;
    store.close().await;
    running.stop();
    rows
}

fn finish(node: &Devnet) {
    while !node.is_finished() {
        node.advance(1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poller_that_was_away_too_long_goes_on_from_the_bucket() {
    let mut node = node().await;
    let face = node.also_listen(ANY_PORT, Faults::none()).await.unwrap();
    let bucket = node.also_bucket(ANY_PORT, Faults::none()).await.unwrap();
    let app = app_watching(&node, |index| index % 4 != 0);
    let poll = ["poll", "--provider", &face.url(), "--from", "0"];
    let running = app.start(&poll);
    app.wait_for("the beginning", |status| {
        status["watermark"].as_u64() >= Some(29)
    });
    running.stop();
    finish(&node);
    face.set_faults(prune());

    // Without a bucket it says what can be done.
    let running = app.start(&poll);
    let status = app.wait_for("the choices", |status| {
        let error = status["providerError"].as_str();
        error.is_some_and(|error| error.contains("is pruned"))
    });
    let error = status["providerError"].as_str().unwrap();
    for choice in ["history.bucket_url", "\"archive\"", "--from "] {
        assert!(error.contains(choice), "{error}");
    }
    running.stop();

    let bucket_url = format!("[history]\nbucket_url = \"{}\"\n", bucket.url());
    app.configure(&format!("{bucket_url}{}", contracts()));
    let (running, log) = app.start_logged(&poll);
    let store = app.store().await;
    let rows = finished_rows(&node, &store, PATIENCE).await;
    store.close().await;
    running.stop();
    log.wait_for("reading it from the bucket");
    assert_same(&undisturbed(&node).await, &rows);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pollers_that_share_a_chain_read_their_parts_from_the_bucket() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let mut node = node().await;
    let face = node.also_listen(ANY_PORT, prune()).await.unwrap();
    let bucket = node.also_bucket(ANY_PORT, Faults::none()).await.unwrap();
    finish(&node);
    let app = App::with_config(&format!(
        "[store]\nurl = \"{}\"\n[poll]\nshards = 2\n[history]\nbucket_url = \"{}\"\n{}",
        database.url(),
        bucket.url(),
        contracts()
    ));
    watch_users(&app, &node, |index| index % 4 != 0);
    let poll = ["poll", "--provider", &face.url(), "--from", "0"];
    let first = app.start(&poll);
    let second = app.start(&poll);
    let store = database.store().await;
    // Only the bucket has what comes before the last ten checkpoints.
    let rows = finished_rows(&node, &store, PATIENCE).await;
    assert_same(&undisturbed(&node).await, &rows);
    store.close().await;
    first.stop();
    second.stop();
    node.shutdown().await.unwrap();
}
