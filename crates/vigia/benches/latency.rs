//! From a live frame to its commit, at 200 transactions a second, half of them relevant: on SQLite, or with
//! `--postgres` on the cluster that `cargo xtask bench latency-postgres` starts.
//!
//! A checkpoint's time is that at which the node began to make it, so what is measured begins before the
//! frame is received: making it, serving it, decoding, matching, interpreting, committing, and hearing of
//! the commit.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use support::deployment::{Database, Deployment};
use support::node::{NodeConfig, NodeProcess};
use support::report::Report;
use support::usage;
use vigia_core::Frame;
use vigia_store::{IngestStore, ReadStore, SqlStore};
use vigia_transport::{FrameSender, TransportError, TransportStats};

/// Transactions a second, in checkpoints four times a second.
const PER_CHECKPOINT: u32 = 50;

fn main() {
    if support::node::served() {
        return;
    }
    let seconds = if support::is_quick() { 10 } else { 60 };
    let config = NodeConfig {
        per_checkpoint: PER_CHECKPOINT,
        live: true,
        ..NodeConfig::with_transactions(u64::from(PER_CHECKPOINT) * 4 * seconds)
    };
    let node = NodeProcess::start(&config);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let is_postgres = std::env::args().any(|argument| argument == "--postgres");
    let (mut database, name) = match is_postgres {
        true => (Database::postgres(), "latency-postgres"),
        false => (Database::sqlite(folder.path()), "latency"),
    };
    database.bench = name;
    let measured = runtime.block_on(run(&node, &database, Duration::from_secs(seconds)));
    let node_cpu_ms = node.stop();
    report(&database, &measured, node_cpu_ms);
}

/// When frames were handed to the transport: decoded and matched.
#[derive(Clone)]
struct Recording {
    inner: Arc<dyn FrameSender>,
    sent: Arc<Mutex<BTreeMap<u64, (Instant, u64)>>>,
}

#[async_trait]
impl FrameSender for Recording {
    async fn send(&self, frames: Vec<Frame>) -> Result<(), TransportError> {
        let now = Instant::now();
        let times = frames
            .iter()
            .map(|frame| (frame.header.sequence, (now, frame.header.timestamp_ms)));
        self.sent
            .lock()
            .expect("nobody panics with it")
            .extend(times);
        self.inner.send(frames).await
    }

    fn stats(&self) -> Arc<TransportStats> {
        self.inner.stats()
    }
}

/// How long each checkpoint took, in milliseconds, ascending.
struct Measured {
    since_made: Vec<f64>,
    since_matched: Vec<f64>,
}

async fn run(node: &NodeProcess, database: &Database, lasting: Duration) -> Measured {
    let sent = Arc::default();
    let recorded = Arc::clone(&sent);
    let recording = |inner| Arc::new(Recording { inner, sent }) as Arc<dyn FrameSender>;
    let deployment = Deployment::start(node, database, 1_000, recording).await;
    let store = Arc::clone(&deployment.store);
    let running = deployment.run();
    let mut measured = Measured {
        since_made: vec![],
        since_matched: vec![],
    };
    let begun = Instant::now();
    let (mut seen, mut done) = (0, None);
    while begun.elapsed() < lasting {
        let waiting = tokio::time::timeout(Duration::from_secs(2), store.activity_wait(seen));
        let Ok(newest) = waiting.await else { break };
        seen = newest.expect("an activity");
        let (at, at_ms) = (Instant::now(), now_ms());
        let watermark = watermark(&store).await;
        let sent = recorded.lock().expect("nobody panics with it");
        let committed = sent.range(done.map_or(0, |done: u64| done + 1)..=watermark);
        for (_, (matched, made_ms)) in committed {
            measured
                .since_matched
                .push((at - *matched).as_secs_f64() * 1_000.0);
            measured.since_made.push(at_ms - *made_ms as f64);
        }
        done = Some(watermark);
    }
    running.stop().await;
    store.close().await;
    // What was there at the start is caught up with, not live.
    for times in [&mut measured.since_made, &mut measured.since_matched] {
        times.drain(..times.len().min(8));
        times.sort_by(f64::total_cmp);
    }
    measured
}

async fn watermark(store: &SqlStore) -> u64 {
    let watermark = store.watermark().await.expect("a watermark");
    watermark.expect("something is committed").checkpoint
}

fn now_ms() -> f64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.expect("the clock is past 1970").as_secs_f64() * 1_000.0
}

/// The value below which so many of a hundred are.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let index = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

fn report(database: &Database, measured: &Measured, node_cpu_ms: u64) {
    let mut report = Report::new(database.bench);
    report.figure("committed_p50_ms", percentile(&measured.since_made, 50));
    report.figure("committed_p99_ms", percentile(&measured.since_made, 99));
    report.figure(
        "matched_to_committed_p50_ms",
        percentile(&measured.since_matched, 50),
    );
    report.figure(
        "matched_to_committed_p99_ms",
        percentile(&measured.since_matched, 99),
    );
    report.figure("checkpoints", measured.since_made.len() as f64);
    report.figure("peak_rss_mb", usage::peak_rss_kib() as f64 / 1024.0);
    report.figure("node_cpu_s", node_cpu_ms as f64 / 1000.0);
    report.setting("transactions_per_s", PER_CHECKPOINT * 4);
    report.setting("database", database.description);
    report.finish();
}
