//! A running poller: watches that reach it, providers that are not there, chains that are not its
//! own, and stopping.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_core::{Address, Scope};
use vigia_devnet::{Devnet, DevnetConfig, Pace};
use vigia_store::{ActivityFilter, ReadStore};

use crate::app::{App, PATIENCE, text};
use crate::node::{app_watching, busy_chain, contracts, start, walk_address};

/// The checkpoint that a receipt names.
fn live_from(printed: &str) -> u64 {
    let number = printed
        .split("from checkpoint ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    number
        .unwrap_or_else(|| panic!("no checkpoint in {printed:?}"))
        .parse()
        .expect("a number")
}

/// I-7: whatever moment an address is added at, nothing from the checkpoint on that its receipt
/// names is missing, even when the poller stood still with matched frames in hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_added_under_way_leave_no_hole() {
    add_under_way(&contracts(), "following the chain").await;
}

/// With one address the provider filters; with a dozen whole checkpoints are read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_outgrows_the_filter_leaves_no_hole() {
    add_under_way("", "the provider filters").await;
}

/// Adds a dozen addresses to a running poller, once it has said that, and looks for all of theirs.
async fn add_under_way(config: &str, heard: &str) {
    let node = start(busy_chain(12_000), Pace::Live, 1).await;
    let app = app_watching(&node, |index| index == 0);
    app.configure(&(config.to_owned() + "[store]\nbusy_timeout_ms = 500\n"));
    let url = node.url();
    let arguments = ["poll", "--provider", &url, "--from", "0", "--log", "info"];
    let (poller, log) = app.start_logged(&arguments);
    app.wait_for("the first checkpoints", |status| {
        status["watermark"].as_u64() > Some(3)
    });
    log.wait_for(heard);

    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut receipts = Vec::new();
    for user in node.users().into_iter().skip(1).take(12) {
        let mut stopped = random.random_bool(0.5);
        if stopped {
            poller.signal(libc::SIGSTOP);
        }
        let address = user.address.to_string();
        let add = ["watch", "add", &address, "--account", &user.name];
        let mut output = app.run(&add);
        if stopped && output.status.code() == Some(4) {
            // It was stopped in the middle of a commit, which locks the database: the add was
            // refused whole, after the busy timeout, and is asked again.
            poller.signal(libc::SIGCONT);
            stopped = false;
            output = app.run(&add);
        }
        assert!(output.status.success(), "{}", text(&output.stderr));
        receipts.push((user.address, live_from(&text(&output.stdout))));
        if stopped {
            // The chain goes on while the poller stands still.
            let tip = node.tip().expect("a chain");
            node.wait_for_checkpoint(tip + random.random_range(1..6))
                .await;
            poller.signal(libc::SIGCONT);
        }
        let tip = node.tip().expect("a chain");
        node.wait_for_checkpoint(tip + random.random_range(0..4))
            .await;
    }
    let goal = node.tip().expect("a chain") + 40;
    node.wait_for_checkpoint(goal).await;
    app.wait_for("the goal", |status| {
        status["watermark"].as_u64() >= Some(goal)
    });
    poller.stop();

    let mut checked = 0;
    let committed = app.status()["watermark"].as_u64().expect("a watermark");
    assert!(committed >= goal);
    for (address, from) in &receipts {
        assert!(*from > 0 && *from <= goal, "live from {from}");
        checked += assert_complete(&node, &app, address, *from, committed).await;
    }
    println!(
        "{} addresses added under way, {checked} of their transactions found",
        receipts.len()
    );
    assert!(
        checked > receipts.len() * 5,
        "enough was at stake: {checked}"
    );
    node.shutdown().await.expect("the node stops");
}

/// Every transaction of these checkpoints that touches `address` is stored; says how many.
async fn assert_complete(node: &Devnet, app: &App, address: &Address, from: u64, to: u64) -> usize {
    let store = app.store().await;
    let mut checked = 0;
    for walked in walk_address(node, address) {
        if !(from..=to).contains(&walked.checkpoint) {
            continue;
        }
        let digest = walked.digest.parse().expect("a digest");
        let found = store
            .raw_transaction(&Scope::All, &digest)
            .await
            .expect("a database");
        assert!(
            found.is_some(),
            "{address} is live from {from}; {}/{} is missing",
            walked.checkpoint,
            walked.index
        );
        checked += 1;
    }
    store.close().await;
    checked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_watches_stop_mattering() {
    let node = start(busy_chain(8_000), Pace::Live, 1).await;
    let app = app_watching(&node, |index| index == 0);
    // Contracts off: every transaction is there for an address.
    app.configure("");
    let user = &node.users()[0];
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]);
    app.wait_for("an activity", |status| {
        status["activities"].as_u64() > Some(0)
    });
    let printed = app.ok(&["watch", "remove", &user.address.to_string()]);
    let from = live_from(&printed);
    let goal = from + 40;
    node.wait_for_checkpoint(goal).await;
    app.wait_for("the goal", |status| {
        status["watermark"].as_u64() >= Some(goal)
    });
    poller.stop();
    let store = app.store().await;
    let page = store
        .activity_page(&Scope::All, &ActivityFilter::default(), None, 100)
        .await
        .expect("activities");
    let late: BTreeSet<u64> = page
        .iter()
        .map(|row| row.activity.place.checkpoint)
        .filter(|checkpoint| *checkpoint >= from)
        .collect();
    assert!(
        late.is_empty(),
        "removed from {from} on, but there are activities at {late:?}"
    );
    let output = app.run(&["watch", "remove", &user.address.to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("refused"),
        "{}",
        text(&output.stderr)
    );
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_provider_is_waited_for_and_said() {
    // A port that was free a moment ago, for a node that comes later.
    let listen = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its address");
    let app = App::with_config(&contracts());
    let url = format!("http://{listen}");
    let up = [
        "up",
        "--provider",
        &url,
        "--from",
        "0",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "warn",
    ];
    let running = app.start(&up);
    let status = app.wait_for("the problem", |status| !status["providerError"].is_null());
    assert_eq!(status["provider"], url);
    assert!(
        status["watermark"].is_null(),
        "no watermark is not checkpoint 0"
    );

    let config = DevnetConfig {
        chain: busy_chain(1_000),
        pace: Pace::Live,
        listen,
        ..DevnetConfig::default()
    };
    let node = Devnet::start(config).await.expect("the node starts");
    app.wait_for("the chain", |status| {
        status["watermark"].as_u64() > Some(3) && status["providerError"].is_null()
    });
    running.stop();
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_chain_is_refused() {
    let app = App::with_config("");
    let one = start(busy_chain(200), Pace::Complete, 1).await;
    let url = one.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]);
    app.wait_for("a watermark", |status| status["watermark"].is_number());
    poller.stop();
    one.shutdown().await.expect("the node stops");

    let other = vigia_devnet::ChainConfig {
        seed: 2,
        ..busy_chain(200)
    };
    let other = start(other, Pace::Complete, 1).await;
    let url = other.url();
    let before = app.store().await.dump_rows().await.expect("rows");
    let output = app.run(&["poll", "--provider", &url, "--log", "warn"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let message = text(&output.stderr);
    assert!(
        message.contains("belongs to chain") && message.contains("data directory"),
        "{message}"
    );
    assert_eq!(
        app.store().await.dump_rows().await.expect("rows"),
        before,
        "nothing was written"
    );
    other.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_finishes_the_batch_and_stops() {
    let node = start(busy_chain(40_000), Pace::Live, 1).await;
    let app = app_watching(&node, |_| true);
    let url = node.url();
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let up = [
            "up",
            "--provider",
            &url,
            "--from",
            "0",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "warn",
        ];
        let mut running = app.start(&up);
        let before = app.status()["rawTransactions"].as_u64();
        app.wait_for("progress", |status| {
            status["rawTransactions"].as_u64() > before
        });
        running.signal(signal);
        let ended = running.wait(Duration::from_secs(10));
        assert!(ended.success(), "ended with {ended}");
    }
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_shows_an_activity_within_ten_seconds() {
    let app = App::new();
    let mut running = app.start(&["up", "--devnet", "--listen", "127.0.0.1:0", "--log", "warn"]);
    let begun = std::time::Instant::now();
    let page = running.line_with("http://");
    let url = page
        .split_whitespace()
        .last()
        .expect("an address")
        .to_owned();
    loop {
        let body = crate::app::http()
            .get(&url)
            .send()
            .await
            .expect("a page")
            .text()
            .await
            .expect("its text");
        if body.contains("data-activity=") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "no activity");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = begun.elapsed();
    println!("first activity in the page after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(10), "took {took:?}");
    running.stop();
    // A second start begins a new simulated chain, on the same folder.
    let mut again = app.start(&["up", "--devnet", "--listen", "127.0.0.1:0", "--log", "warn"]);
    again.line_with("http://");
    app.wait_for("an activity", |status| {
        status["activities"].as_u64() > Some(0)
    });
    again.stop();
}

/// Polls up to what is there, ends by itself, and leaves nothing behind the node's newest checkpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_once_ends_at_the_newest_checkpoint() {
    let node = start(busy_chain(2_000), Pace::Manual, 30).await;
    let app = app_watching(&node, |index| index < 5);
    let url = node.url();
    let tip = node.tip().expect("a chain");
    let printed = app.ok(&["poll", "--once", "--provider", &url, "--from", "0"]);
    assert!(printed.contains(&format!("checkpoint {tip}")), "{printed}");
    assert_eq!(app.status()["watermark"].as_u64(), Some(tip));
    // Once more, with nothing new.
    app.ok(&["poll", "--once", "--provider", &url]);
    let stats: serde_json::Value =
        serde_json::from_str(&app.ok(&["watch", "stats", "--json"])).expect("JSON");
    assert_eq!(stats["entries"]["address"], 5);
    assert_eq!(stats["accounts"], 5);
    assert!(stats["entries"]["package"].as_u64() > Some(0), "{stats}");
    node.shutdown().await.expect("the node stops");
}

/// A poller compares its list with the table, and status shows what it found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_lists_are_reconciled() {
    let node = start(busy_chain(8_000), Pace::Live, 1).await;
    let app = app_watching(&node, |index| index < 3);
    app.configure(&(contracts() + "[poll]\nreconcile_interval_ms = 2000\n"));
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]);
    let status = app.wait_for("a reconciliation", |status| {
        status["watchReconciled"][0]["entries"].as_u64() > Some(3)
    });
    let found = &status["watchReconciled"][0];
    assert_eq!((&found["missing"], &found["extra"]), (&0.into(), &0.into()));
    // Behind the log's back: nothing tells the poller, so only comparing finds it.
    let path = app.data_dir().join("vigia.db");
    // Its history still refers to it.
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false);
    let pool = sqlx::SqlitePool::connect_with(options)
        .await
        .expect("a file");
    let gone = "DELETE FROM watch WHERE kind = 'address' AND id IN \
                (SELECT min(id) FROM watch WHERE kind = 'address')";
    sqlx::query(gone).execute(&pool).await.expect("it is there");
    app.wait_for("the difference", |status| {
        status["watchReconciled"][0]["extra"].as_u64() == Some(1)
    });
    app.wait_for("its repair", |status| {
        status["watchReconciled"][0]["extra"].as_u64() == Some(0)
    });
    pool.close().await;
    poller.stop();
    node.shutdown().await.expect("the node stops");
}
