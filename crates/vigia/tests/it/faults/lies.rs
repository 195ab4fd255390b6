//! Providers that lie, where everything has to be proven: beside an honest one the rows are those of a
//! clean run, and of a liar alone nothing false is stored, and it is said why.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use serde_json::Value;
use vigia_devnet::{Devnet, Faults};
use vigia_sui::{CommitteePin, committee_digest};

use super::{AT_ONCE, PATIENCE, faults, grow, node};
use crate::app::{App, Log};
use crate::kills::assert_same;
use crate::node::{contracts, finished_rows, watch_users};

/// Lies that break what the signatures bind, however they are read.
const REFUSED: &[&str] = &[
    "omit-tx,every=6",
    "misplace-tx,swapped,every=6",
    "misplace-tx,extra,every=6",
    "forge-signature,other,every=1",
    "forge-signature,bitmap,every=1",
    "forge-signature,minority,every=1",
    "forge-signature,flip,every=1",
    "flip,summary,every=6",
    "flip,contents,every=6",
    "flip,signature,every=1",
    "flip,transaction,every=6",
    "flip,effects,every=6",
    "flip,events,every=3",
    "wrong-chain,keep-id,from=50",
    "missing-fields,sequence_number,every=6",
    "missing-fields,summary,every=6",
    "missing-fields,summary.bcs,every=6",
    "missing-fields,signature,every=1",
    "missing-fields,contents,every=6",
    "missing-fields,contents.bcs,every=6",
    "missing-fields,transactions.transaction,every=6",
    "missing-fields,transactions.transaction.bcs,every=6",
    "missing-fields,transactions.effects,every=6",
    "missing-fields,transactions.effects.bcs,every=6",
    "missing-fields,transactions.events,every=3",
];

/// Lies in fields that are not even asked for, and what is got over by reading again.
const HARMLESS: &[&str] = &[
    "forge-amount,balance,every=2",
    "hide-match,every=2",
    "reorder,every=3",
    "duplicate,every=3",
];

/// Lies about amounts alone: what cannot be proven is stored without them, and says why.
const UNPROVEN: &[&str] = &["forge-amount,both,every=2"];

/// How often a liar has to be refused before what it left is looked at.
const REFUSALS: usize = 3;

fn app(node: &Devnet, url: &str, backup: Option<&str>) -> App {
    let committee = node.genesis_committee().expect("a made-up chain");
    let pin = CommitteePin {
        epoch: 0,
        digest: committee_digest(&committee),
    };
    let backup = backup.map(|url| format!("[providers.backup]\nurl = \"{url}\"\npreference = 1\n"));
    let app = App::with_config(&format!(
        "[provider]\nurl = \"{url}\"\n{}[poll]\nprobe_interval_ms = 500\nreturn_after_ms = 1000\n\
         [proof]\ntrust = \"quorum\"\ncommittee = \"{pin}\"\n{}",
        backup.unwrap_or_default(),
        contracts()
    ));
    watch_users(&app, node, |index| index % 4 != 0);
    app
}

/// Rows without which epoch's committee proves them: one of a run of linked checkpoints is proven by
/// whichever signature ends the run.
fn comparable(rows: Vec<String>) -> Vec<String> {
    let without_epoch = |row: String| match row.split_once("epoch:") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}epoch:*{rest}")
        }
        None => row,
    };
    rows.into_iter().map(without_epoch).collect()
}

async fn rows_of(node: &Devnet, app: &App) -> Vec<String> {
    let store = app.store().await;
    let rows = finished_rows(node, &store, PATIENCE).await;
    store.close().await;
    comparable(rows)
}

/// Why it was refused, as it is logged.
fn refusals(log: &Log) -> Vec<String> {
    let lines = log.lines();
    let errors = lines.iter().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let fields = &line["fields"];
        let is_refusal = fields["message"] == "the stream broke, reconnecting";
        let error = fields["error"].as_str().filter(|_| is_refusal)?;
        Some(error.to_owned())
    });
    errors.collect()
}

/// The rows that are there once and for all, whatever comes after them.
fn lasting(rows: &[String]) -> Vec<&String> {
    let kinds = ["raw ", "balance ", "activity ", "event ", "notification "];
    let lasts = |row: &&String| kinds.iter().any(|kind| row.starts_with(kind));
    rows.iter().filter(lasts).collect()
}

/// One lie of one provider, with an honest one beside it or without.
async fn run(lie: &'static str, has_backup: bool, expected: Arc<Vec<String>>) {
    let mut node = node().await;
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let liar = node.also_listen(any_port, Faults::none()).await;
    let liar = liar.expect("a face");
    let honest = has_backup.then(|| node.url());
    let app = app(&node, &liar.url(), honest.as_deref());
    let begun = Instant::now();
    liar.set_faults(faults(lie));
    let (running, log) = app.start_logged(&["poll", "--from", "0", "--log", "warn"]);
    if lie.contains("from=") {
        // It lies to whoever follows: one that begins only then is refused another way.
        app.wait_for("it follows", |status| !status["watermark"].is_null());
    }
    grow(&node).await;
    let is_harmless = HARMLESS.contains(&lie);
    let with = if has_backup {
        "with an honest one"
    } else {
        "alone"
    };
    if UNPROVEN.contains(&lie) && !has_backup {
        let rows = rows_of(&node, &app).await;
        running.stop();
        let why = rows.iter().filter(|row| row.contains(";amounts:")).count();
        let true_rows: HashSet<&String> = expected.iter().collect();
        let balances = rows.iter().filter(|row| row.starts_with("balance "));
        let false_row = balances.clone().find(|row| !true_rows.contains(row));
        assert_eq!(false_row, None, "{lie}, {with}: a false amount");
        println!(
            "{lie}, {with}: {} true balance effects, {why} transactions unproven in their amounts, {:?}",
            balances.count(),
            liar.struck()
        );
        assert!(why > 0, "{lie}, {with}: nothing is unproven");
    } else if has_backup || is_harmless {
        assert_same(&expected, &rows_of(&node, &app).await);
        let reason = refusals(&log).into_iter().next();
        println!(
            "{lie}, {with}: rows equal after {:.1} s, {:?}, {}",
            begun.elapsed().as_secs_f32(),
            liar.struck(),
            reason.as_deref().unwrap_or("nothing was refused")
        );
        let may_miss = lie.starts_with("forge-amount,balance") || lie.starts_with("hide-match");
        let has_struck = !liar.struck().is_empty();
        assert!(has_struck || may_miss, "{lie}, {with}: never struck");
        running.stop();
    } else {
        while refusals(&log).len() < REFUSALS {
            assert!(begun.elapsed() < PATIENCE, "{lie}, {with}: is not refused");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // And nothing else: where it stands, it says why.
        let status = app.wait_for("the reason", |status| status["providerError"].is_string());
        running.stop();
        let store = app.store().await;
        let rows = comparable(store.dump_rows().await.expect("rows"));
        store.close().await;
        let expected: HashSet<&String> = expected.iter().collect();
        let found = lasting(&rows);
        let mut false_rows = found.iter().filter(|row| !expected.contains(**row));
        assert_eq!(false_rows.next(), None, "{lie}, {with}: false rows");
        println!(
            "{lie}, {with}: refused after {:.1} s, {} true rows, {}",
            begun.elapsed().as_secs_f32(),
            found.len(),
            status["providerError"]
        );
    }
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lies_are_refused_with_the_reason() {
    let full = std::env::var("VIGIA_FULL").as_deref() == Ok("faults");
    let honest = node().await;
    let clean = app(&honest, &honest.url(), None);
    let running = clean.start(&["poll", "--from", "0", "--log", "warn"]);
    grow(&honest).await;
    let expected = Arc::new(rows_of(&honest, &clean).await);
    running.stop();
    honest.shutdown().await.expect("the node stops");
    let proven = expected.iter().filter(|row| row.contains("epoch:*"));
    assert!(proven.count() > 300, "enough was at stake, and proven");
    // Short, one of each kind.
    let mut kinds = HashSet::new();
    let lies = REFUSED.iter().chain(HARMLESS).chain(UNPROVEN).copied();
    let lies: Vec<&str> = lies
        .filter(|lie| full || kinds.insert(lie.split(',').next()))
        .collect();
    let cases = lies.iter().flat_map(|lie| [(*lie, true), (*lie, false)]);
    let cases: Vec<(&str, bool)> = cases.collect();
    let total = cases.len();
    futures::stream::iter(cases)
        .map(|(lie, has_backup)| run(lie, has_backup, Arc::clone(&expected)))
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
    println!(
        "{total} cases of {} lies: nothing false was stored in any",
        lies.len()
    );
}
