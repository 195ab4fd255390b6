//! What brokers hold, as `vigia status` tells it, and messages in them that nobody can read.

use std::sync::Arc;

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row};
use vigia_devnet::Pace;
use vigia_store::IngestStore;

use crate::app::{App, PATIENCE, text};
use crate::node::{busy_chain, contracts, start, watch_users};
use crate::servers::{PostgresDatabase, Redis, Repeats, Sqs};

/// What no poller ever sent.
const NONSENSE: &str = "bm8gZnJhbWVz";

/// Waits until the status says this of the transport.
async fn transport_is(app: &App, expected: Value) {
    let begun = std::time::Instant::now();
    loop {
        let transport = app.status()["transport"].clone();
        if transport == expected {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{transport} is not {expected}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn state(kind: &str, waiting: u64, set_aside: u64) -> Value {
    json!({ "kind": kind, "waiting": waiting, "held": 0, "setAside": set_aside, "error": null })
}

/// A message of nonsense is in the broker: it is counted, set aside with its bytes, and stops nobody.
async fn nonsense_is_set_aside(app: &App, kind: &str, database: &PostgresDatabase, bytes: &[u8]) {
    transport_is(app, state(kind, 1, 0)).await;
    let worker = app.start(&["work", "--log", "warn"]);
    transport_is(app, state(kind, 0, 1)).await;
    let text = app.ok(&["status"]);
    let line = format!("{kind}: 0 messages wait, 0 are in hand");
    assert!(text.contains(&line), "{text}");
    assert!(text.contains("1 messages could not be read"), "{text}");
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let kept = sqlx::query("SELECT transport, bytes FROM vigia.message_set_aside");
    let kept = kept.fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept.get::<String, _>("transport"), kind);
    assert_eq!(kept.get::<Vec<u8>, _>("bytes"), bytes);

    let node = start(busy_chain(800), Pace::Complete, 1).await;
    watch_users(app, &node, |index| index % 4 != 0);
    let url = node.url();
    app.ok(&["poll", "--provider", &url, "--from", "0", "--once"]);
    let store = database.store().await;
    let reached = store.watermark().await.unwrap().map(|mark| mark.checkpoint);
    assert_eq!(reached, node.final_tip());
    transport_is(app, state(kind, 0, 1)).await;
    store.close().await;
    worker.stop();
    node.shutdown().await.unwrap();
}

fn config(database: &PostgresDatabase, transport: &str) -> String {
    format!(
        "[store]\nurl = \"{}\"\n[transport]\n{transport}{}",
        database.url(),
        contracts()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_says_what_it_has_and_nonsense_is_set_aside() {
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    let url = redis.url();
    let transport = format!("kind = \"redis\"\nredis_url = \"{url}\"\n");
    let app = App::with_config(&config(&database, &transport));
    app.ok(&["migrate"]);
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut add = redis::cmd("XADD");
    add.arg(&["vigia:vigia:frames", "*", "m", NONSENSE]);
    add.query_async::<String>(&mut connection).await.unwrap();
    nonsense_is_set_aside(&app, "redis", &database, NONSENSE.as_bytes()).await;

    // A broker that is away is part of the answer.
    drop(redis);
    let status = app.status();
    let error = &status["transport"]["error"];
    assert!(error.as_str().unwrap().contains("redis"), "{status}");
    assert!(status["watermark"].is_u64(), "the rest is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_says_what_it_has_and_nonsense_is_set_aside() {
    let sqs = Sqs::start(1, Arc::new(Repeats::default())).await;
    let (Some(database), Some(sqs)) = (PostgresDatabase::create().await, sqs) else {
        return;
    };
    if !cfg!(feature = "sqs") {
        eprintln!("skipped: built without the feature sqs");
        return;
    }
    let app = App::with_config(&config(&database, &sqs.config()));
    let app = app.in_environment(&Sqs::environment());
    app.ok(&["migrate"]);
    sqs.send(NONSENSE).await;
    // Its body is base64 of words that are no frames.
    nonsense_is_set_aside(&app, "sqs", &database, b"no frames").await;
}

/// One that is cut off takes connections (its kernel does) and says nothing.
#[test]
fn a_redis_that_is_silent_is_not_waited_for() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let app = App::with_config(&format!(
        "[transport]\nkind = \"redis\"\nredis_url = \"redis://{address}\"\n"
    ));
    app.ok(&["migrate"]);
    let begun = std::time::Instant::now();
    let error = app.status()["transport"]["error"].clone();
    assert_eq!(error, "redis did not answer within 1.5s");
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(4), "{took:?}");
}

#[test]
fn a_binary_says_which_transports_it_has() {
    let has = match cfg!(feature = "sqs") {
        true => "memory, redis, sqs",
        false => "memory, redis",
    };
    let app = App::new();
    let version = app.ok(&["--version"]);
    let (is, commit) = (vigia::VERSION, vigia::COMMIT);
    let expected = format!("vigia {is}\ncommit: {commit}\ntransports: {has}\n");
    assert_eq!(version, expected);
    let found = app.run(&["doctor"]);
    let found = text(&found.stdout);
    let line = format!("ok       transport: memory; this vigia was built with {has}\n");
    assert!(found.contains(&line), "{found}");
}

#[cfg(not(feature = "sqs"))]
#[test]
fn without_sqs_the_build_that_has_it_is_named() {
    let app = App::with_config("[transport]\nkind = \"sqs\"\n");
    app.ok(&["migrate"]);
    let refused = app.run(&["poll", "--provider", "http://127.0.0.1:1", "--once"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("`cargo xtask dist`"), "{said}");
    let found = app.run(&["doctor"]);
    let found = text(&found.stdout);
    assert!(found.contains("PROBLEM  transport: sqs"), "{found}");
}

#[test]
fn within_a_process_there_is_no_broker() {
    let app = App::new();
    app.ok(&["migrate"]);
    let none =
        json!({ "kind": "memory", "waiting": null, "held": null, "setAside": 0, "error": null });
    assert_eq!(app.status()["transport"], none);
    assert!(
        app.ok(&["status"])
            .contains("within the process that polls")
    );
}
