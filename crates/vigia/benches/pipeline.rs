//! From gRPC frame to committed rows: relevant transactions a second, CPU time, memory. On SQLite, or
//! with `--postgres` on the cluster that `cargo xtask bench pipeline-postgres` starts. `--catch-up` reads a
//! chain of which one transaction in a hundred is relevant, and then the same with all of it proven; `--huge` one with checkpoints of 30 MB, by
//! lists or with `--no-list` by calls, for the memory that takes.
//!
//! The simulated node is a process of its own that serves checkpoints made and encoded before; its
//! CPU time is told apart. The database is on disk, a commit survives power loss.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use support::bare::{self, Bare};
use support::deployment::{Database, Deployment};
use support::loopback;
use support::node::{NodeConfig, NodeProcess};
use support::proven::ProvenFigures;
use support::report::Report;
use support::usage;
use vigia_store::{IngestStore, ReadStore, StatusReport};

/// As large as the protocol lets a checkpoint be.
const HUGE_BYTES: u64 = 30_000_000;

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    // As the binary does.
    vigia::memory::share_arenas(vigia::memory::FOLLOWING);
    let (mut node_config, watched) = support::pipeline_size();
    let is_told = |flag: &str| std::env::args().any(|argument| argument == flag);
    if is_told("--catch-up") {
        node_config.relevant_per_mille = 10;
        node_config.proven = support::proven::is_told();
    }
    if is_told("--huge") {
        // A few hundred transactions of padding make a checkpoint; these come besides.
        node_config.transactions = if support::is_quick() { 1_000 } else { 4_000 };
        node_config.huge_bytes = Some(HUGE_BYTES);
        node_config.lists = !is_told("--no-list");
    }
    let node = NodeProcess::start(&node_config);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut database = match is_told("--postgres") {
        true => Database::postgres(),
        false => Database::sqlite(folder.path()),
    };
    if is_told("--catch-up") {
        database.bench = "catch-up";
    }
    if is_told("--huge") {
        database.bench = match node_config.lists {
            true => "huge-lists",
            false => "huge-calls",
        };
    }
    let run = runtime.block_on(run(&node, &database, watched));
    let peak_rss_kib = usage::peak_rss_kib();
    let bytes = node.ready.bcs_bytes_per_checkpoint;
    let bare = runtime.block_on(bare(&node, &node_config, &database));
    let is_compared = database.bench == "catch-up" && !node_config.proven;
    let loopback = is_compared.then(|| {
        let (begun, tip) = (Instant::now(), node.ready.tip);
        runtime.block_on(loopback::read(&node.ready.url, tip));
        tip as f64 / begun.elapsed().as_secs_f64()
    });
    let node_cpu_ms = node.stop();
    if node_config.proven {
        return support::proven::tell(&proven_figures(&node_config, &run));
    }
    // A process of its own, so that neither finds the other's memory and caches warm.
    let proven = is_told("--catch-up").then(support::proven::run);
    report(&Measured {
        config: &node_config,
        database: &database,
        watched,
        bytes,
        run,
        peak_rss_kib,
        node_cpu_ms,
        proven,
        bare,
        loopback,
    });
}

/// The same rows inserted and nothing else; none where few of what was read is written.
async fn bare(node: &NodeProcess, config: &NodeConfig, database: &Database) -> Option<Bare> {
    if !["pipeline", "pipeline-postgres"].contains(&database.bench) {
        return None;
    }
    // As many checkpoints as a full commit has.
    let relevant = u64::from(config.per_checkpoint * config.relevant_per_mille / 1_000);
    let (tip, per_commit) = (node.ready.tip, 1_000 / relevant.max(1));
    Some(match (&database.path, database.server) {
        (Some(path), _) => bare::sqlite(path, tip, per_commit).await,
        (None, Some(server)) => {
            let url = support::told("VIGIA_BENCH_POSTGRES_URL");
            bare::postgres(&url, server, tip, per_commit).await
        }
        (None, None) => return None,
    })
}

/// What one run took.
struct Run {
    wall: Duration,
    cpu: Duration,
    server_cpu: Duration,
    status: StatusReport,
    database_bytes: Option<u64>,
}

async fn run(node: &NodeProcess, database: &Database, watched: u64) -> Run {
    let deployment = Deployment::start(node, database, watched, |sender| sender).await;
    let store = Arc::clone(&deployment.store);
    let (cpu, server_cpu) = database.cpu_time();
    let begun = Instant::now();
    let running = deployment.run();
    while store
        .watermark()
        .await
        .expect("a watermark")
        .map(|mark| mark.checkpoint)
        != Some(node.ready.tip)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let wall = begun.elapsed();
    let (cpu_after, server_cpu_after) = database.cpu_time();
    running.stop().await;
    let status = store.status().await.expect("a status");
    store.close().await;
    let file = database.path.as_ref();
    let database_bytes = file.map(|path| std::fs::metadata(path).expect("a file").len());
    Run {
        wall,
        cpu: cpu_after - cpu,
        server_cpu: server_cpu_after - server_cpu,
        status,
        database_bytes,
    }
}

fn proven_figures(config: &NodeConfig, run: &Run) -> ProvenFigures {
    let checkpoints = run.status.watermark.map_or(0, |mark| mark.checkpoint + 1);
    let cpu_us = (run.cpu + run.server_cpu).as_secs_f64() * 1e6;
    let figures = [
        (
            "checkpoints_per_s",
            checkpoints as f64 / run.wall.as_secs_f64(),
        ),
        ("cpu_us_per_tx_read", cpu_us / config.transactions as f64),
        ("peak_rss_mb", usage::peak_rss_kib() as f64 / 1024.0),
    ];
    figures.map(|(name, value)| (name.to_owned(), value)).into()
}

/// What there is to tell.
struct Measured<'a> {
    config: &'a NodeConfig,
    database: &'a Database,
    watched: u64,
    /// BCS bytes of a checkpoint.
    bytes: usize,
    run: Run,
    peak_rss_kib: u64,
    node_cpu_ms: u64,
    /// Figures of the same chain with all of it proven.
    proven: Option<ProvenFigures>,
    /// What the database alone takes for the rows.
    bare: Option<Bare>,
    /// Checkpoints a second that are received and thrown away.
    loopback: Option<f64>,
}

fn report(measured: &Measured<'_>) {
    let Measured {
        config, database, ..
    } = measured;
    let Run {
        wall,
        cpu,
        server_cpu,
        status,
        database_bytes,
    } = &measured.run;
    let relevant = status.raw_transactions as f64;
    let checkpoints = status.watermark.map_or(0, |mark| mark.checkpoint + 1);
    let all = config.transactions as f64;
    let all_cpu = (*cpu + *server_cpu).as_secs_f64();
    let mut report = Report::new(database.bench);
    report.figure("relevant_tx_per_s", relevant / wall.as_secs_f64());
    report.figure("tx_per_s", all / wall.as_secs_f64());
    report.figure("checkpoints_per_s", checkpoints as f64 / wall.as_secs_f64());
    report.figure("cpu_us_per_tx_read", all_cpu * 1e6 / all);
    report.figure("cpu_ms_per_tx", all_cpu * 1000.0 / relevant);
    report.figure("cpu_s", all_cpu);
    report.figure("database_cpu_s", server_cpu.as_secs_f64());
    report.figure("wall_s", wall.as_secs_f64());
    report.figure("peak_rss_mb", measured.peak_rss_kib as f64 / 1024.0);
    report.figure("node_cpu_s", measured.node_cpu_ms as f64 / 1000.0);
    if let Some(database_bytes) = database_bytes {
        report.figure("database_bytes_per_tx", *database_bytes as f64 / relevant);
    }
    report.figure("activities_per_tx", status.activities as f64 / relevant);
    if let Some(proven) = &measured.proven {
        for (name, value) in proven {
            report.figure(&format!("quorum_{name}"), *value);
        }
        let proven_cpu_us = proven["cpu_us_per_tx_read"];
        report.figure("quorum_cpu_ratio", proven_cpu_us / (all_cpu * 1e6 / all));
        let rate = checkpoints as f64 / wall.as_secs_f64();
        report.figure("quorum_rate_ratio", proven["checkpoints_per_s"] / rate);
    }
    if let Some(loopback) = measured.loopback {
        report.figure("loopback_checkpoints_per_s", loopback);
    }
    if let Some(bare) = &measured.bare {
        let (bare_wall, bare_cpu) = (bare.wall.as_secs_f64(), bare.cpu.as_secs_f64());
        report.figure("bare_insert_tx_per_s", relevant / bare_wall);
        report.figure("bare_insert_cpu_ms_per_tx", bare_cpu * 1000.0 / relevant);
        report.figure("rate_to_bare_insert", bare_wall / wall.as_secs_f64());
        report.figure("cpu_to_bare_insert", all_cpu / bare_cpu);
    }
    report.setting(
        "relevant_share_percent",
        (relevant / all * 1000.0).round() / 10.0,
    );
    report.setting("transactions", config.transactions);
    report.setting("transactions_per_checkpoint", config.per_checkpoint);
    report.setting("bcs_bytes_per_checkpoint", measured.bytes);
    report.setting("watched_addresses", measured.watched);
    report.setting("database", database.description);
    report.setting("trust", "provider");
    report.finish();
}
