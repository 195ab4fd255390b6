//! What a bench of the pipeline runs: a store, a poller and a worker in this process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vigia::config::{LiveStart, RootSetting};
use vigia::metrics::IngestMetrics;
use vigia::pipeline::{
    OutstandingMemory, Poller, PollerStatus, Rewind, WatchSync, Worker, WorkerLimits,
};
use vigia::traces::Traces;
use vigia::trust::Quorum;
use vigia_contracts::{CONFIO, ContractFile, Interpreter, Registry};
use vigia_core::{AccountKind, Address, SystemClock, WatchTarget};
use vigia_devnet::Packages;
use vigia_store::{
    AccountSpec, PostgresOptions, SqlStore, SqliteOptions, Store, StoreOptions, WatchEntry,
    WatchStore,
};
use vigia_sui::{ProviderConfig, Providers};
use vigia_transport::{FrameReceiver, FrameSender, Limits, channel};

use super::node::NodeProcess;
use super::usage;

/// Entries added to the watch list at once.
const WATCH_BATCH: usize = 5_000;

/// Where the rows go.
pub(crate) struct Database {
    pub(crate) bench: &'static str,
    pub(crate) description: &'static str,
    options: StoreOptions,
    /// The file, where it is one.
    pub(crate) path: Option<PathBuf>,
    /// The server's process, where there is one: its CPU time counts.
    pub(crate) server: Option<u32>,
}

impl Database {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        let path = folder.join("vigia.db");
        Self {
            bench: "pipeline",
            description: "SQLite, WAL, synchronous FULL",
            options: SqliteOptions::new(&path).into(),
            path: Some(path),
            server: None,
        }
    }

    pub(crate) fn postgres() -> Self {
        let url = super::told("VIGIA_BENCH_POSTGRES_URL");
        let server = super::told("VIGIA_BENCH_POSTGRES_PID");
        Self {
            bench: "pipeline-postgres",
            description: "Postgres on the same cores, fsync and synchronous_commit on",
            options: PostgresOptions::new(&url).expect("an address").into(),
            path: None,
            server: Some(server.parse().expect("a process id")),
        }
    }

    /// How it is opened.
    pub(crate) fn options(&self) -> StoreOptions {
        self.options.clone()
    }

    /// CPU time of vigia and of the server.
    pub(crate) fn cpu_time(&self) -> (Duration, Duration) {
        let server = self.server.map(usage::family_cpu_time);
        (usage::cpu_time(), server.unwrap_or_default())
    }
}

/// A poller and a worker on a database, ready to run.
pub(crate) struct Deployment {
    pub(crate) store: Arc<SqlStore>,
    poller: Poller,
    worker: Worker,
    receiver: Box<dyn FrameReceiver>,
}

impl Deployment {
    /// Watches so many addresses, and sends frames through what `sender` makes of the channel. What comes
    /// from a node that is to be proven is proven.
    pub(crate) async fn start(
        node: &NodeProcess,
        database: &Database,
        watched: u64,
        sender: impl FnOnce(Arc<dyn FrameSender>) -> Arc<dyn FrameSender>,
    ) -> Self {
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
            bytes_max: 16 << 20,
            idle_interval: Duration::from_secs(1),
        };
        let worker = Worker::new(
            Arc::clone(&store) as Arc<dyn Store>,
            Arc::new(Interpreter::new(registry)),
            limits,
            Arc::clone(&rewind),
        );
        let provider = ProviderConfig::new(node.ready.url.clone());
        let source = Providers::one(&provider, Arc::new(SystemClock), |_| {}).expect("a provider");
        let quorum = node.is_proven.then(|| {
            let pin = node.ready.committee.parse().expect("a pin");
            Arc::new(Quorum::new(RootSetting::Pin(pin), &store, &source))
        });
        let poller = Poller {
            source,
            archived: None,
            store: Arc::clone(&store) as Arc<dyn Store>,
            watch,
            frames: sender(Arc::new(frames)),
            rewind,
            status: Arc::new(PollerStatus::default()),
            clock: Arc::new(SystemClock),
            live_start: LiveStart::Checkpoint(0),
            tip_interval: Duration::from_secs(2),
            resend_after: None,
            outstanding: OutstandingMemory::default(),
            shards: None,
            filter_literals_max: 0,
            quorum,
            scans: true,
            filters_broke: Mutex::default(),
            metrics: IngestMetrics::default(),
            traces: Traces::default(),
        };
        Self {
            store,
            poller,
            worker,
            receiver: Box::new(receiver),
        }
    }

    /// Sets it going.
    pub(crate) fn run(self) -> RunningDeployment {
        let Self {
            poller,
            worker,
            receiver,
            ..
        } = self;
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let polling = tokio::spawn(async move {
            let polled = poller.run(stop).await;
            polled.expect("without an error");
        });
        let stop = shutdown.clone();
        let working = tokio::spawn(async move { worker.run(receiver, stop).await });
        RunningDeployment {
            shutdown,
            tasks: [polling, working],
        }
    }
}

/// A poller and a worker under way.
pub(crate) struct RunningDeployment {
    shutdown: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

impl RunningDeployment {
    /// Ends them.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            task.await.expect("it ends");
        }
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
    let addresses = (0..watched).map(|n| super::watched_address(n, users));
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
