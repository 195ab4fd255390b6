//! From gRPC frame to committed rows: relevant transactions a second, CPU time, memory. On SQLite, or
//! with `--postgres` on the cluster that `cargo xtask bench pipeline-postgres` starts.
//!
//! The simulated node is a process of its own that serves checkpoints made and encoded before; its
//! CPU time is told apart. The database is on disk, a commit survives power loss.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::node::{NodeConfig, NodeProcess};
use support::report::Report;
use support::usage;
use tokio_util::sync::CancellationToken;
use vigia::config::LiveStart;
use vigia::pipeline::{
    OutstandingMemory, Poller, PollerStatus, Rewind, WatchSync, Worker, WorkerLimits,
};
use vigia_contracts::{CONFIO, ContractFile, Interpreter, Registry};
use vigia_core::{AccountKind, Address, SystemClock, WatchTarget};
use vigia_devnet::Packages;
use vigia_store::{
    AccountSpec, IngestStore, PostgresOptions, ReadStore, SqlStore, SqliteOptions, StatusReport,
    Store, StoreOptions, WatchEntry, WatchStore,
};
use vigia_sui::{ProviderConfig, Providers};
use vigia_transport::{Limits, channel};

/// Entries added to the watch list at once.
const WATCH_BATCH: usize = 5_000;

fn main() {
    if support::node::served() {
        return;
    }
    let (node_config, watched) = support::pipeline_size();
    let node = NodeProcess::start(&node_config);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let database = match std::env::args().any(|argument| argument == "--postgres") {
        true => Database::postgres(),
        false => Database::sqlite(folder.path()),
    };
    let run = runtime.block_on(run(&node, &database, watched));
    let bytes = node.ready.bcs_bytes_per_checkpoint;
    let node_cpu_ms = node.stop();
    report(&node_config, &database, watched, bytes, &run, node_cpu_ms);
}

/// Where the rows go.
struct Database {
    bench: &'static str,
    description: &'static str,
    options: StoreOptions,
    /// The file, where it is one.
    path: Option<PathBuf>,
    /// The server's process, where there is one: its CPU time counts.
    server: Option<u32>,
}

impl Database {
    fn sqlite(folder: &Path) -> Self {
        let path = folder.join("vigia.db");
        Self {
            bench: "pipeline",
            description: "SQLite, WAL, synchronous FULL",
            options: SqliteOptions::new(&path).into(),
            path: Some(path),
            server: None,
        }
    }

    fn postgres() -> Self {
        let url = support::told("VIGIA_BENCH_POSTGRES_URL");
        let server = support::told("VIGIA_BENCH_POSTGRES_PID");
        Self {
            bench: "pipeline-postgres",
            description: "Postgres on the same cores, fsync and synchronous_commit on",
            options: PostgresOptions::new(&url).expect("an address").into(),
            path: None,
            server: Some(server.parse().expect("a process id")),
        }
    }

    /// CPU time of vigia and of the server.
    fn cpu_time(&self) -> (Duration, Duration) {
        let server = self.server.map(usage::family_cpu_time);
        (usage::cpu_time(), server.unwrap_or_default())
    }
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
    let store = SqlStore::open(database.options.clone(), Arc::new(SystemClock)).await;
    let store: Arc<SqlStore> = Arc::new(store.expect("a database"));
    let registry = registry();
    watch(&store, &node.ready.users, &registry, watched).await;

    let watch = WatchSync::load(Arc::clone(&store) as Arc<dyn Store>)
        .await
        .expect("a watch list");
    let (frames, receiver) = channel(Limits::default());
    let rewind = Arc::new(Rewind::default());
    let limits = WorkerLimits {
        transactions_max: 1_000,
        frames_max: 1_000,
        idle_interval: Duration::from_secs(1),
    };
    let worker = Worker::new(
        Arc::clone(&store) as Arc<dyn Store>,
        Arc::new(Interpreter::new(registry)),
        limits,
        Arc::clone(&rewind),
    );
    let provider = ProviderConfig::new(node.ready.url.clone());
    let poller = Poller {
        source: Providers::one(&provider, Arc::new(SystemClock), |_| {}).expect("a provider"),
        store: Arc::clone(&store) as Arc<dyn Store>,
        watch,
        frames: Arc::new(frames),
        rewind,
        status: Arc::new(PollerStatus::default()),
        clock: Arc::new(SystemClock),
        live_start: LiveStart::Checkpoint(0),
        tip_interval: Duration::from_secs(2),
        resend_after: None,
        outstanding: OutstandingMemory::default(),
        shards: None,
    };

    let shutdown = CancellationToken::new();
    let ((cpu, server_cpu), begun) = (database.cpu_time(), Instant::now());
    let stop = shutdown.clone();
    let polling = tokio::spawn(async move { poller.run(stop).await });
    let stop = shutdown.clone();
    let working = tokio::spawn(async move { worker.run(Box::new(receiver), stop).await });
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
    shutdown.cancel();
    polling
        .await
        .expect("the poller ends")
        .expect("without an error");
    working.await.expect("the worker ends");
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

fn registry() -> Arc<Registry> {
    let packages = Packages::declared();
    let ids = [
        ("cusd", vec![packages.cusd]),
        ("confio", vec![packages.confio]),
        ("pay", vec![packages.pay, packages.pay_upgraded]),
        ("p2p_trade", vec![packages.p2p_trade]),
        ("invite_send", vec![packages.invite_send]),
    ]
    .map(|(name, ids)| (name.to_owned(), ids))
    .into();
    let file = ContractFile::parse("confio.toml", CONFIO).expect("the shipped contracts");
    let registry = Registry::new(&[("confio.toml".to_owned(), file)], &ids);
    Arc::new(registry.expect("the shipped contracts"))
}

/// Watches the wallet's users and contracts, and strangers up to the number wanted.
async fn watch(store: &SqlStore, users: &[Address], registry: &Registry, watched: u64) {
    let addresses = (0..watched).map(|n| support::watched_address(n, users));
    let addresses: Vec<Address> = addresses.collect();
    for part in addresses.chunks(WATCH_BATCH) {
        let entries: Vec<WatchEntry> = part.iter().map(|address| entry(*address)).collect();
        store.watch_add(&entries).await.expect("a watch list");
    }
    let contracts = registry.watch_targets().into_iter();
    let entries: Vec<_> = contracts
        .map(|target| WatchEntry {
            target,
            account: None,
        })
        .collect();
    store.watch_add(&entries).await.expect("a watch list");
}

fn entry(address: Address) -> WatchEntry {
    let external_id = address.to_string();
    let account = AccountSpec {
        display_name: external_id[..10].to_owned(),
        external_id,
        kind: AccountKind::Personal,
        members: Vec::new(),
    };
    WatchEntry {
        target: WatchTarget::Address(address),
        account: Some(account),
    }
}

fn report(
    config: &NodeConfig,
    database: &Database,
    watched: u64,
    bytes: usize,
    run: &Run,
    node_cpu_ms: u64,
) {
    let Run {
        wall,
        cpu,
        server_cpu,
        status,
        database_bytes,
    } = run;
    let relevant = status.raw_transactions as f64;
    let all = config.transactions as f64;
    let all_cpu = (*cpu + *server_cpu).as_secs_f64();
    let mut report = Report::new(database.bench);
    report.figure("relevant_tx_per_s", relevant / wall.as_secs_f64());
    report.figure("tx_per_s", all / wall.as_secs_f64());
    report.figure("cpu_ms_per_tx", all_cpu * 1000.0 / relevant);
    report.figure("cpu_s", all_cpu);
    report.figure("database_cpu_s", server_cpu.as_secs_f64());
    report.figure("wall_s", wall.as_secs_f64());
    report.figure("peak_rss_mb", usage::peak_rss_kib() as f64 / 1024.0);
    report.figure("node_cpu_s", node_cpu_ms as f64 / 1000.0);
    if let Some(database_bytes) = database_bytes {
        report.figure("database_bytes_per_tx", *database_bytes as f64 / relevant);
    }
    report.figure("activities_per_tx", status.activities as f64 / relevant);
    report.setting(
        "relevant_share_percent",
        (relevant / all * 1000.0).round() / 10.0,
    );
    report.setting("transactions", config.transactions);
    report.setting("transactions_per_checkpoint", config.per_checkpoint);
    report.setting("bcs_bytes_per_checkpoint", bytes);
    report.setting("watched_addresses", watched);
    report.setting("database", database.description);
    report.setting("trust", "provider");
    report.finish();
}
