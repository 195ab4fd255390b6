//! From a live frame to its commit, at 200 transactions a second, half of them relevant: on SQLite, or with
//! `--postgres` on the cluster that `cargo xtask bench latency-postgres` starts.
//!
//! What counts begins when the last bytes of a frame have come to the gRPC client, before anything of it is
//! decoded, and ends when whoever waits for activities hears of the commit. Told besides: how long it is
//! since the node began to make the checkpoint, which includes making, encoding and serving it, and since
//! the frame was matched and handed to the worker. On SQLite the same is run again with all of it proven, for
//! the CPU time that takes.

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
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use support::deployment::{Database, Deployment};
use support::node::{NodeConfig, NodeProcess};
use support::proven::ProvenFigures;
use support::report::Report;
use support::usage;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use vigia_core::Frame;
use vigia_store::{IngestStore, ReadStore, SqlStore};
use vigia_transport::{FrameSender, TransportError, TransportStats};

/// Transactions a second, in checkpoints four times a second.
const PER_CHECKPOINT: u32 = 50;
/// Writes that are timed for comparison.
const FSYNCS: u32 = 100;

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    // As the binary does.
    vigia::memory::share_arenas(vigia::memory::FOLLOWING);
    let seconds = if support::is_quick() { 10 } else { 60 };
    let config = NodeConfig {
        per_checkpoint: PER_CHECKPOINT,
        live: true,
        proven: support::proven::is_told(),
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
    let arrivals = Arc::<Arrivals>::default();
    let received = Targets::new()
        .with_target("vigia_sui::grpc::meter", tracing::Level::TRACE)
        .with_target("vigia_sui::grpc::subscription", tracing::Level::TRACE);
    let layer = ArrivalLayer(Arc::clone(&arrivals)).with_filter(received);
    tracing_subscriber::registry().with(layer).init();
    let lasting = Duration::from_secs(seconds);
    let measured = runtime.block_on(run(&node, &database, &arrivals, lasting));
    let node_cpu_ms = node.stop();
    if config.proven {
        return support::proven::tell(&proven_figures(&measured));
    }
    let proven = (!is_postgres).then(support::proven::run);
    let fsyncs = fsyncs(folder.path());
    report(&database, &measured, proven.as_ref(), &fsyncs, node_cpu_ms);
}

/// When frames came, by what the gRPC client traces: bytes, then the checkpoint that they make up.
#[derive(Default)]
struct Arrivals {
    bytes_at: Mutex<Option<Instant>>,
    frames: Mutex<BTreeMap<u64, Instant>>,
}

/// A layer that hands traces to arrivals.
struct ArrivalLayer(Arc<Arrivals>);

impl<S: tracing::Subscriber> Layer<S> for ArrivalLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut checkpoint = Checkpoint(None);
        event.record(&mut checkpoint);
        let mut bytes_at = self.0.bytes_at.lock().expect("nobody panics with it");
        match checkpoint.0 {
            None => *bytes_at = Some(Instant::now()),
            Some(sequence) => {
                let at = bytes_at.expect("a frame is made of bytes");
                let mut frames = self.0.frames.lock().expect("nobody panics with it");
                frames.insert(sequence, at);
            }
        }
    }
}

/// The checkpoint that an event names.
struct Checkpoint(Option<u64>);

impl Visit for Checkpoint {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "checkpoint" {
            self.0 = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// When frames were handed to the transport: decoded and matched; and when they were made.
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
#[derive(Default)]
struct Measured {
    since_received: Vec<f64>,
    since_matched: Vec<f64>,
    since_made: Vec<f64>,
    cpu_ms_per_checkpoint: f64,
}

async fn run(
    node: &NodeProcess,
    database: &Database,
    arrivals: &Arrivals,
    lasting: Duration,
) -> Measured {
    let sent = Arc::default();
    let recorded = Arc::clone(&sent);
    let recording = |inner| Arc::new(Recording { inner, sent }) as Arc<dyn FrameSender>;
    let deployment = Deployment::start(node, database, 1_000, recording).await;
    let store = Arc::clone(&deployment.store);
    let running = deployment.run();
    let mut measured = Measured::default();
    let (begun, cpu_before) = (Instant::now(), database.cpu_time());
    let (mut seen, mut done) = (0, None);
    while begun.elapsed() < lasting {
        let waiting = tokio::time::timeout(Duration::from_secs(2), store.activity_wait(seen));
        let Ok(newest) = waiting.await else { break };
        seen = newest.expect("an activity");
        let (at, at_ms) = (Instant::now(), now_ms());
        let watermark = watermark(&store).await;
        if done == Some(watermark) {
            // A commit may be heard of twice.
            continue;
        }
        let sent = recorded.lock().expect("nobody panics with it");
        let received = arrivals.frames.lock().expect("nobody panics with it");
        let committed = sent.range(done.map_or(0, |done: u64| done + 1)..=watermark);
        for (sequence, (matched, made_ms)) in committed {
            // What was there at the start is fetched and not live.
            let Some(received) = received.get(sequence) else {
                continue;
            };
            let since = |instant: Instant| (at - instant).as_secs_f64() * 1_000.0;
            measured.since_received.push(since(*received));
            measured.since_matched.push(since(*matched));
            measured.since_made.push(at_ms - *made_ms as f64);
        }
        done = Some(watermark);
    }
    let cpu_after = database.cpu_time();
    let cpu = (cpu_after.0 - cpu_before.0) + (cpu_after.1 - cpu_before.1);
    let checkpoints = measured.since_made.len() as f64;
    measured.cpu_ms_per_checkpoint = cpu.as_secs_f64() * 1_000.0 / checkpoints;
    running.stop().await;
    store.close().await;
    let all = [
        &mut measured.since_received,
        &mut measured.since_matched,
        &mut measured.since_made,
    ];
    for times in all {
        // The first statements are compiled, and the first pages read.
        times.drain(..times.len().min(8));
        times.sort_by(f64::total_cmp);
    }
    measured
}

/// What a commit cannot do without: a page written and on disk, as often and with as much between, in milliseconds.
fn fsyncs(folder: &Path) -> Vec<f64> {
    let mut file = File::create(folder.join("fsync")).expect("a file");
    let mut times: Vec<f64> = (0..FSYNCS)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(250) / 4);
            let begun = Instant::now();
            file.write_all(&[7; 4_096]).expect("room");
            file.sync_data().expect("a disk");
            begun.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
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

fn proven_figures(measured: &Measured) -> ProvenFigures {
    let committed = &measured.since_received;
    let figures = [
        ("cpu_ms_per_checkpoint", measured.cpu_ms_per_checkpoint),
        ("committed_p50_ms", percentile(committed, 50)),
        ("committed_p99_ms", percentile(committed, 99)),
    ];
    figures.map(|(name, value)| (name.to_owned(), value)).into()
}

fn report(
    database: &Database,
    measured: &Measured,
    proven: Option<&ProvenFigures>,
    fsyncs: &[f64],
    node_cpu_ms: u64,
) {
    let mut report = Report::new(database.bench);
    let stages = [
        ("committed", &measured.since_received),
        ("matched_to_committed", &measured.since_matched),
        ("made_to_committed", &measured.since_made),
    ];
    for (stage, times) in stages {
        for percent in [50, 99] {
            let name = format!("{stage}_p{percent}_ms");
            report.figure(&name, percentile(times, percent));
        }
    }
    for percent in [50, 99] {
        report.figure(&format!("fsync_p{percent}_ms"), percentile(fsyncs, percent));
    }
    report.figure("checkpoints", measured.since_made.len() as f64);
    report.figure("cpu_ms_per_checkpoint", measured.cpu_ms_per_checkpoint);
    if let Some(proven) = proven {
        for (name, value) in proven {
            report.figure(&format!("quorum_{name}"), *value);
        }
        let ratio = proven["cpu_ms_per_checkpoint"] / measured.cpu_ms_per_checkpoint;
        report.figure("quorum_cpu_ratio", ratio);
    }
    report.figure("peak_rss_mb", usage::peak_rss_kib() as f64 / 1024.0);
    report.figure("node_cpu_s", node_cpu_ms as f64 / 1000.0);
    report.setting("transactions_per_s", PER_CHECKPOINT * 4);
    report.setting("database", database.description);
    report.finish();
}
