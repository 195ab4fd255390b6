//! The history of addresses that are added to a running system: complete, once, and told to nobody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use vigia_core::{Address, Scope};
use vigia_devnet::{Devnet, DevnetConfig, Faults, Pace};
use vigia_store::{
    AddressHistory, BackfillGuard, BackfillSpan, BackfillState, BackfillStore, LeaseStore,
    SqlStore, WatchStore,
};

use crate::app::{App, PATIENCE};
use crate::kills::assert_same;
use crate::node::{busy_chain, contracts, start, watch_users};
use crate::walk::{Walked, walk_checkpoint};

/// Settings that lose no time.
fn settings(history: &str) -> String {
    format!(
        "{}[history]\nrequests_per_second = 1000\n{history}",
        contracts()
    )
}

async fn histories(store: &SqlStore) -> Vec<(Address, AddressHistory)> {
    let rows = store.address_page(&Scope::All, 0, 1_000).await.unwrap();
    let known = rows.into_iter().filter_map(|row| {
        let vigia_core::WatchTarget::Address(address) = row.target else {
            return None;
        };
        Some((address, row.history?))
    });
    known.collect()
}

/// Waits until `count` histories are in a state that lasts.
async fn ended(store: &SqlStore, count: usize) -> Vec<(Address, AddressHistory)> {
    let begun = Instant::now();
    loop {
        let found = histories(store).await;
        let is_open = |state| matches!(state, BackfillState::Waiting | BackfillState::Running);
        let open = found.iter().filter(|(_, history)| is_open(history.state));
        if found.len() == count && open.count() == 0 {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything on the chain from `from` to `to` that touches the address is there, once: says how much.
async fn assert_whole(
    walked: &[Walked],
    store: &SqlStore,
    address: &Address,
    from: u64,
    to: u64,
) -> usize {
    use vigia_store::ReadStore;
    let mut found = 0;
    let touching = |walked: &&Walked| {
        (from..=to).contains(&walked.checkpoint) && walked.addresses.contains(address)
    };
    for walked in walked.iter().filter(touching) {
        let digest = walked.digest.parse().unwrap();
        let stored = store.raw_transaction(&Scope::All, &digest).await.unwrap();
        let stored = stored.unwrap_or_else(|| {
            panic!(
                "{address}: {}/{} is missing",
                walked.checkpoint, walked.index
            )
        });
        let moved: BTreeSet<(String, i128)> = stored
            .balance_effects
            .iter()
            .filter(|effect| effect.address == *address)
            .map(|effect| (effect.coin_type.clone(), effect.amount))
            .collect();
        let expected = walked.deltas.iter().filter(|((of, _), _)| of == address);
        let expected: BTreeSet<(String, i128)> = expected
            .map(|((_, coin), amount)| (coin.clone(), *amount))
            .collect();
        assert_eq!(moved, expected, "{address} at {}", walked.checkpoint);
        found += 1;
    }
    found
}

fn walk_all(node: &Devnet) -> Vec<Walked> {
    let tip = node.tip().expect("a chain");
    let all = (0..=tip).filter_map(|sequence| node.checkpoint(sequence));
    all.flat_map(|data| walk_checkpoint(&data)).collect()
}

fn add(app: &App, address: &Address) {
    let key = address.to_string();
    app.ok(&["watch", "add", &key, "--account", &key, "--user", &key]);
}

/// Below these checkpoints nobody was told anything, not even earlier steps of a trade or invitation that
/// went on live.
async fn assert_only_live_is_told(store: &SqlStore, live: &[(Address, u64)]) -> usize {
    let rows = store.dump_rows().await.unwrap();
    let told = rows
        .iter()
        .filter_map(|row| row.strip_prefix("notification "));
    let mut count = 0;
    for row in told {
        let mut words = row.split_whitespace();
        let number = |text: Option<&str>| {
            let text = text.expect("a row has fields");
            let digits = text.rsplit('=').next().unwrap_or(text);
            digits
                .parse::<u64>()
                .unwrap_or_else(|_| panic!("no number in {row}"))
        };
        let checkpoint = number(words.next());
        for (address, from) in live {
            if row.contains(&address.to_string()) {
                assert!(checkpoint >= *from, "{address} is live from {from}: {row}");
                count += 1;
            }
        }
    }
    count
}

async fn live_from(store: &SqlStore) -> Vec<(Address, u64)> {
    let rows = store.address_page(&Scope::All, 0, 1_000).await.unwrap();
    let live = rows.into_iter().filter_map(|row| match row.target {
        vigia_core::WatchTarget::Address(address) => Some((address, row.live_from)),
        _ => None,
    });
    live.collect()
}

/// Follows a growing chain with two processes that fetch histories, kills the one that does in the
/// middle, and adds addresses meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_added_under_way_get_their_history_once() {
    let node = start(busy_chain(12_000), Pace::Live, 60).await;
    // Slow, so that it can be met in the middle.
    let app = App::with_config(&settings("").replace("= 1000\n", "= 20\n"));
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--log", "warn"]);
    app.wait_for("a watermark", |status| !status["watermark"].is_null());
    let first = app.start(&["work", "--provider", &url, "--log", "info"]);
    let store = app.store().await;
    let users: Vec<Address> = node
        .users()
        .iter()
        .map(|user| user.address)
        .take(24)
        .collect();
    for address in &users[..14] {
        add(&app, address);
    }
    let begun = Instant::now();
    while !histories(&store)
        .await
        .iter()
        .any(|(_, h)| h.state == BackfillState::Running)
    {
        assert!(begun.elapsed() < PATIENCE, "nobody begins");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    first.signal(libc::SIGKILL);
    let second = app.start(&["work", "--provider", &url, "--log", "info"]);
    for address in &users[14..] {
        add(&app, address);
    }
    let found = ended(&store, users.len()).await;
    let begun = Instant::now();
    while !node.is_finished() {
        assert!(begun.elapsed() < PATIENCE, "the chain does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let goal = node.final_tip().unwrap();
    app.wait_for("the goal", |status| {
        status["watermark"].as_u64() >= Some(goal)
    });
    poller.stop();
    second.stop();
    assert_all_complete(&found);
    let walked = walk_all(&node);
    let mut transactions = 0;
    for address in &users {
        transactions += assert_whole(&walked, &store, address, 0, goal).await;
    }
    let told = assert_only_live_is_told(&store, &live_from(&store).await).await;
    println!(
        "{} addresses, {transactions} transactions, {told} notifications",
        users.len()
    );
    assert!(transactions > 500 && told > 50);
    store.close().await;
    let listed = app.ok(&["watch", "list"]);
    assert!(
        listed.contains("history: complete from checkpoint 0"),
        "{listed}"
    );
    node.shutdown().await.unwrap();
}

async fn face(faults: &str) -> (Devnet, String) {
    let config = DevnetConfig {
        chain: busy_chain(16_000),
        pace: Pace::Live,
        history: 150,
        faults: Faults::parse(3, faults.split_whitespace()).unwrap(),
        ..DevnetConfig::default()
    };
    let node = Devnet::start(config).await.unwrap();
    let url = node.url();
    (node, url)
}

/// Every history is there from the chain's beginning on.
fn assert_all_complete(found: &[(Address, AddressHistory)]) {
    for (address, history) in found {
        assert_eq!(
            history.state,
            BackfillState::Complete,
            "{address}: {history}"
        );
        assert_eq!(history.complete_from, Some(0));
    }
}

/// Runs `up` against the node, adds some of its users, and returns their histories.
async fn run_up(node: &Devnet, url: &str, history: &str) -> (App, Vec<(Address, AddressHistory)>) {
    let app = App::with_config(&settings(history));
    let up = [
        "up",
        "--provider",
        url,
        "--listen",
        "127.0.0.1:0",
        "--log",
        "warn",
    ];
    let up = app.start(&up);
    app.wait_for("a watermark", |status| !status["watermark"].is_null());
    for user in node.users().iter().take(3) {
        add(&app, &user.address);
    }
    let store = app.store().await;
    let found = ended(&store, 3).await;
    up.stop();
    let told = assert_only_live_is_told(&store, &live_from(&store).await).await;
    println!("{history:?}: {told} notifications");
    let walked = walk_all(node);
    for (address, history) in &found {
        let Some(from) = history.complete_from else {
            continue;
        };
        let live = live_from(&store).await;
        let live = live.iter().find(|(of, _)| of == address).unwrap().1;
        assert_whole(&walked, &store, address, from, live - 1).await;
    }
    store.close().await;
    (app, found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruned_history_says_so() {
    let (node, url) = face("prune:100").await;
    let (app, found) = run_up(&node, &url, "").await;
    for (address, history) in &found {
        assert_eq!(history.state, BackfillState::Pruned, "{address}: {history}");
        assert!(history.complete_from > Some(20), "{history}");
    }
    let listed = app.ok(&["watch", "list"]);
    assert!(
        listed.contains("history: pruned before checkpoint"),
        "{listed}"
    );
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_lists_whole_checkpoints_are_read() {
    let (mut node, url) = face("no-list").await;
    let (_, found) = run_up(&node, &url, "").await;
    assert_all_complete(&found);
    let (_, found) = run_up(&node, &url, "fetch_checkpoints_max = 10\n").await;
    for (address, history) in &found {
        assert_eq!(history.state, BackfillState::Failed, "{address}: {history}");
        let reason = history.reason.as_deref().unwrap();
        assert!(reason.contains("history.bucket_url"), "{reason}");
    }
    let here = "127.0.0.1:0".parse().unwrap();
    let bucket = node.also_bucket(here, Faults::none()).await.unwrap();
    let with_bucket = format!(
        "fetch_checkpoints_max = 10\nbucket_url = \"{}\"\n",
        bucket.url()
    );
    let (_, found) = run_up(&node, &url, &with_bucket).await;
    for (address, history) in &found {
        assert_eq!(
            history.state,
            BackfillState::Complete,
            "{address}: {history}"
        );
        assert_eq!(history.requests, 0, "a bucket is nobody's budget");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold() {
    let (node, url) = face("").await;
    let (_, found) = run_up(&node, &url, "max_checkpoints = 20\n").await;
    for (address, history) in &found {
        assert_eq!(
            history.state,
            BackfillState::Complete,
            "{address}: {history}"
        );
        assert!(history.complete_from > Some(20), "{history}");
    }
    // Two requests a day: the first asks what the node keeps, the second lists; a third waits.
    let app = App::with_config(&settings("requests_per_day = 2\n"));
    let up = [
        "up",
        "--provider",
        &url,
        "--listen",
        "127.0.0.1:0",
        "--log",
        "warn",
    ];
    let up = app.start(&up);
    app.wait_for("a watermark", |status| !status["watermark"].is_null());
    let users = node.users();
    let store = app.store().await;
    add(&app, &users[0].address);
    ended(&store, 1).await;
    add(&app, &users[1].address);
    let begun = Instant::now();
    loop {
        let found = histories(&store).await;
        let reasons = found
            .iter()
            .filter_map(|(_, history)| history.reason.as_deref());
        if reasons
            .into_iter()
            .any(|reason| reason.contains("of the day are spent"))
        {
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "the budget does not end: {found:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    up.stop();
    store.close().await;

    let app = App::with_config(&settings("on_registration = false\n"));
    add(&app, &users[0].address);
    let store = app.store().await;
    assert_eq!(histories(&store).await, []);
    store.close().await;
    node.shutdown().await.unwrap();
}

/// Killed after its data was written and before its progress was: the worst that may be lost is that all
/// of it is fetched again, and then nothing is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_before_a_kill_and_not_recorded_is_there_once() {
    let node = start(busy_chain(12_000), Pace::Complete, 1).await;
    let tip = node.tip().unwrap();
    let rows_of = async |app: &App, url: &str| {
        let up = app.start(&[
            "up",
            "--provider",
            url,
            "--listen",
            "127.0.0.1:0",
            "--log",
            "warn",
        ]);
        app.wait_for("a watermark", |status| !status["watermark"].is_null());
        let store = app.store().await;
        ended(&store, 9).await;
        up.stop();
        let rows = store.dump_rows().await.unwrap();
        store.close().await;
        // What nodes know of coins is asked for beside the history, now or a moment later.
        let lasting = |row: &String| !row.starts_with("range ") && !row.starts_with("coin ");
        rows.into_iter().filter(lasting).collect::<Vec<_>>()
    };
    let url = node.url();
    let watching = |history: &str| {
        let app = App::with_config(&settings(history));
        watch_users(&app, &node, |index| index < 9);
        app
    };
    let expected = rows_of(&watching(""), &url).await;

    // Slow, so that it can be met in the middle.
    let app = watching("");
    app.configure(&settings("").replace("= 1000\n", "= 3\n"));
    let up = app.start(&[
        "up",
        "--provider",
        &url,
        "--listen",
        "127.0.0.1:0",
        "--log",
        "warn",
    ]);
    app.wait_for("a watermark", |status| !status["watermark"].is_null());
    let store = app.store().await;
    let begun = Instant::now();
    let batch = loop {
        let batch = store.backfill_next(10).await.unwrap();
        let is_within = |span: &BackfillSpan| span.position > 0 && span.position < tip;
        match batch {
            Some(batch) if batch.span.as_ref().is_some_and(is_within) => break batch,
            batch => assert!(begun.elapsed() < PATIENCE, "no progress: {batch:?}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    up.signal(libc::SIGKILL);
    drop(up);
    let span = batch.span.unwrap();
    let guard = loop {
        // Until the dead process's lease has run out.
        let claimed = store.lease_claim("backfill", "test", 60_000).await.unwrap();
        if let Some(fence) = claimed {
            break BackfillGuard {
                lease: "backfill".to_owned(),
                fence,
            };
        }
        assert!(begun.elapsed() < PATIENCE, "the lease does not run out");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let unrecorded = store.backfill_begin(&guard, &batch, 0, span.to_exclusive);
    assert!(unrecorded.await.unwrap());
    let released = store
        .lease_release(&guard.lease, guard.fence)
        .await
        .unwrap();
    assert!(released);
    store.close().await;
    app.configure(&settings(""));
    assert_same(&expected, &rows_of(&app, &url).await);
    assert!(
        expected
            .iter()
            .filter(|row| row.starts_with("raw "))
            .count()
            > 500
    );
    node.shutdown().await.unwrap();
}
