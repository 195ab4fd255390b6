//! `vigia migrate-store` with the real binary: from a file that a poller filled to Postgres, where the
//! next poller goes on; killed on the way, and run again.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_devnet::{Devnet, Pace};
use vigia_store::{IngestStore, SqlStore, StoreError};

use crate::app::{App, PATIENCE, Running, text};
use crate::node::{app_watching, busy_chain, start};
use crate::servers::PostgresDatabase;

/// A command on the app's folder that finds its database on Postgres.
fn on_postgres(app: &App, postgres: &PostgresDatabase, arguments: &[&str]) -> Command {
    let mut command = app.command(arguments);
    command.env("VIGIA__STORE__URL", postgres.url());
    command
}

fn migrate(app: &App, postgres: &PostgresDatabase, more: &[&str]) -> Command {
    let from = format!("sqlite:{}", app.data_dir().join("vigia.db").display());
    let arguments = [&["migrate-store", "--from", &from], more].concat();
    on_postgres(app, postgres, &arguments)
}

fn printed(output: &Output) -> String {
    let all = text(&output.stdout) + &text(&output.stderr);
    assert!(!all.contains("hush"), "a secret is shown: {all}");
    all
}

/// Polls until the store that `app` writes to has everything up to the node's tip.
async fn poll_to_tip(node: &Devnet, store: &SqlStore, mut poll: Command) {
    let child = poll.stdout(Stdio::null()).spawn().unwrap();
    let running = Running { child };
    let begun = Instant::now();
    while store.watermark().await.unwrap().map(|mark| mark.checkpoint) != node.tip() {
        let ranges = store.range_list().await;
        assert!(
            begun.elapsed() < PATIENCE,
            "the poller stands at {ranges:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.stop();
}

/// An app whose poller has followed the chain to its tip, in SQLite.
async fn polled(node: &Devnet) -> App {
    let app = app_watching(node, |index| index % 4 != 0);
    let store = app.store().await;
    poll_to_tip(node, &store, app.command(&poll_arguments(&node.url()))).await;
    store.close().await;
    app
}

fn poll_arguments(url: &str) -> [&str; 7] {
    ["poll", "--provider", url, "--from", "0", "--log", "warn"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pollers_go_on_where_the_file_ended() {
    let Some(postgres) = PostgresDatabase::create().await else {
        return;
    };
    let node = start(busy_chain(3_000), Pace::Manual, 30).await;
    let app = polled(&node).await;
    let mut in_file = app.status();
    assert!(in_file["rawTransactions"].as_u64() > Some(100), "{in_file}");

    let output = migrate(&app, &postgres, &[]).output().unwrap();
    let said = printed(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("all equal"), "{said}");
    for word in ["copied", "compared"] {
        let line = said.lines().find(|line| line.starts_with(word));
        let line = line.unwrap_or_else(|| panic!("no progress is told: {said}"));
        assert!(line.contains(" rows, ") && line.contains("left"), "{line}");
    }
    let count = in_file["activities"].as_u64().unwrap();
    let activities = format!("{:<20} {count:>12} ", "activity");
    assert!(said.contains(&activities), "{activities} in {said}");
    let status = on_postgres(&app, &postgres, &["status", "--json"]).output();
    let mut status: serde_json::Value = serde_json::from_slice(&status.unwrap().stdout).unwrap();
    // A forecast changes with the time of day.
    for used in [&mut in_file, &mut status] {
        for used in used["providers"]["today"].as_array_mut().unwrap() {
            used["requestsForecast"] = serde_json::Value::Null;
            used["bytesForecast"] = serde_json::Value::Null;
        }
    }
    // What a poller of the file reported says nothing about the other database.
    in_file["watchReconciled"] = serde_json::json!([]);
    assert_eq!(status, in_file, "the same watermark and everything else");

    // The chain goes on, and so does a poller, on Postgres now.
    node.advance(30);
    let moved = postgres.open().await.unwrap();
    let poll = on_postgres(&app, &postgres, &poll_arguments(&node.url()));
    poll_to_tip(&node, &moved, poll).await;
    let undisturbed = polled(&node).await;
    let expected = undisturbed.store().await.dump_rows().await.unwrap();
    let found = moved.dump_rows().await.unwrap();
    let grown = undisturbed.status()["rawTransactions"].as_u64();
    assert!(grown > in_file["rawTransactions"].as_u64(), "it went on");
    assert_same(&expected, &found);

    // Again: the target is in use, and stays as it is.
    let output = migrate(&app, &postgres, &[]).output().unwrap();
    let said = printed(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("finished"), "{said}");
    assert_same(&expected, &moved.dump_rows().await.unwrap());
    moved.close().await;
    node.shutdown().await.unwrap();
}

fn assert_same(expected: &[String], found: &[String]) {
    let different = expected.iter().zip(found).find(|(one, other)| one != other);
    assert!(
        expected.len() == found.len() && different.is_none(),
        "{} rows expected, {} found; first difference {different:?}",
        expected.len(),
        found.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_copies_go_on() {
    let Some(postgres) = PostgresDatabase::create().await else {
        return;
    };
    let seed: u64 = std::env::var("VIGIA_SEED").map_or(5, |text| text.parse().expect("a seed"));
    let node = start(busy_chain(2_000), Pace::Complete, 1).await;
    let app = polled(&node).await;
    let expected = app.store().await.dump_rows().await.unwrap();

    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut kills = 0;
    while kills < 5 {
        let running = begun(&app, &postgres).await;
        let lives_ms = random.random_range(0..150);
        kill(running, Duration::from_millis(lives_ms)).await;
        kills += 1;
        refused_meanwhile(&app, &postgres);
    }
    // Asked to end, it says how to go on.
    let mut asked = begun(&app, &postgres).await;
    asked.signal(libc::SIGTERM);
    assert_eq!(asked.wait(PATIENCE).code(), Some(1));
    refused_meanwhile(&app, &postgres);

    let output = migrate(&app, &postgres, &[]).output().unwrap();
    let said = printed(&output);
    assert!(output.status.success(), "{said}");
    let by_this_run = said
        .split(" of them by this run")
        .next()
        .and_then(|before| before.rsplit(' ').next())
        .unwrap();
    let moved = postgres.open().await.unwrap();
    println!(
        "seed {seed}: {kills} kills, {by_this_run} of {} rows were left to the last run",
        expected.len()
    );
    assert!(by_this_run.parse::<usize>().unwrap() > 0, "{said}");
    assert_same(&expected, &moved.dump_rows().await.unwrap());
    moved.close().await;
    node.shutdown().await.unwrap();
}

/// A copy in small steps that is under way.
async fn begun(app: &App, postgres: &PostgresDatabase) -> Running {
    let mut copy = migrate(app, postgres, &["--chunk-rows", "10"]);
    let copy = copy.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = copy.spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (says, said) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut says = Some(says);
        for line in stderr.lines().map_while(Result::ok) {
            if line.starts_with("copying ") {
                says.take().map(|says| says.send(()));
            }
            eprintln!("  {line}");
        }
    });
    let mut running = Running { child };
    // An earlier copy has left the database unfinished: that this one hears signals, it says itself.
    let heard = tokio::time::timeout(PATIENCE, said).await;
    heard
        .expect("in time")
        .expect("it goes on after it said so");
    wait_until_begun(postgres, &mut running).await;
    running
}

async fn kill(mut running: Running, after: Duration) {
    tokio::time::sleep(after).await;
    let ended = running.child.try_wait().unwrap();
    assert!(ended.is_none(), "it ended before it could be killed");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
}

/// Nobody takes what is half there for a database.
fn refused_meanwhile(app: &App, postgres: &PostgresDatabase) {
    let output = on_postgres(app, postgres, &["status"]).output().unwrap();
    let said = printed(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("run it again"), "{said}");
}

/// Until the target says that it is being filled.
async fn wait_until_begun(postgres: &PostgresDatabase, running: &mut Running) {
    let begun = Instant::now();
    loop {
        match postgres.open().await {
            Err(StoreError::CopyUnfinished) => return,
            Err(error) => assert!(error.is_transient(), "{error:?}"),
            Ok(store) => store.close().await,
        }
        let ended = running.child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended early: {ended:?}");
        assert!(begun.elapsed() < PATIENCE, "it does not begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn wrong_databases_are_said_and_no_secret_is_repeated() {
    let app = App::new();
    app.ok(&["migrate"]);
    let file = format!("sqlite:{}", app.data_dir().join("vigia.db").display());
    let nowhere = "postgres://u:hush@127.0.0.1:1/d";
    for (from, to, code, words) in [
        (&*file, None, 2, "store.url"),
        (
            "sqlite:nothing.db",
            Some(nowhere),
            2,
            "no database at nothing.db",
        ),
        (
            "mysql://u:hush@h/d",
            Some(nowhere),
            2,
            "--from: a database is written",
        ),
        (&file, Some("vigia:hush"), 2, "--to: a database is written"),
        (
            &file,
            Some("postgres://u:hush@h:port/d"),
            2,
            "--to: the address",
        ),
        (&file, Some(&*file), 2, "same file"),
        (&file, Some(nowhere), 4, "postgres://127.0.0.1:1/d"),
    ] {
        let mut arguments = vec!["migrate-store", "--from", from];
        arguments.extend(to.iter().flat_map(|to| ["--to", to]));
        let output = app.run(&arguments);
        let said = printed(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert!(
        !app.path("nothing.db").exists(),
        "no file is made on the way"
    );
}
