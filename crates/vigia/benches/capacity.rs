//! What each phase of growth takes at the rate of mainnet, and what breaks first beyond it: the real binary in as many
//! processes as the phase has, with Postgres and Redis where it has them, following a simulated node that makes five
//! checkpoints a second of 30 transactions with as many bytes as mainnet's, of which the wallet's share grows with its
//! users. Every activity is told to a webhook. All of it is on the same cores, the node's own work told apart.

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

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};
use support::node::{NodeConfig, NodeProcess};
use support::program::{Process, Program, packages};
use support::receiver::Receiver;
use support::redis::Redis;
use support::report::Report;
use support::usage;
use vigia_core::{Address, SystemClock};
use vigia_store::{
    IngestStore, PostgresOptions, ProviderStore, ReadStore, SqlStore, SqliteOptions, StoreOptions,
};

/// Checkpoints a second, as mainnet has them.
const CHECKPOINTS_PER_S: u64 = 5;
/// Transactions of each, as mainnet has them: 150 a second.
const PER_CHECKPOINT: u32 = 30;
/// Bytes of a transaction, its effects and events as BCS on mainnet: real checkpoints, on average.
const BYTES_PER_TRANSACTION: u64 = 2_500;
/// Bytes that the simulated node's transactions have of these.
const BYTES_PER_SIMULATED: u64 = 1_100;
/// From where on the chain is no longer followed as it happens.
const BEHIND_MAX_S: f64 = 5.0;
/// Share of what it should make that the node has to make, for its rate to count.
const MADE_AT_LEAST: f64 = 0.9;
/// How long the processes may take to follow.
const BEGIN_WITHIN: Duration = Duration::from_secs(120);

/// A phase of growth.
struct Phase {
    name: &'static str,
    users: u64,
    /// Transactions of a thousand that concern the wallet: 1.3 a day for each user.
    relevant_per_mille: u32,
    setup: Setup,
    /// How much faster than mainnet it is tried, until it falls behind.
    tried_at: &'static [u32],
}

/// Which processes there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setup {
    /// `up` on SQLite.
    One,
    /// So many `poll`, one `work`, one `web`, Postgres and Redis.
    Separate { pollers: usize },
}

const PHASES: &[Phase] = &[
    Phase {
        name: "one_10k",
        users: 10_000,
        relevant_per_mille: 1,
        setup: Setup::One,
        tried_at: &[],
    },
    Phase {
        name: "separate_10k",
        users: 10_000,
        relevant_per_mille: 1,
        setup: Setup::Separate { pollers: 1 },
        tried_at: &[],
    },
    Phase {
        name: "separate_100k",
        users: 100_000,
        relevant_per_mille: 10,
        setup: Setup::Separate { pollers: 1 },
        tried_at: &[],
    },
    Phase {
        name: "sharded_1m",
        users: 1_000_000,
        relevant_per_mille: 100,
        setup: Setup::Separate { pollers: 2 },
        tried_at: &[10, 20, 40, 80],
    },
];

/// How long each is looked at.
struct Lasting {
    settle: Duration,
    measured: Duration,
}

/// What a run took, a second.
struct Measured {
    vigia_cpu: f64,
    database_cpu: f64,
    redis_cpu: f64,
    node_cpu: f64,
    vigia_mb: f64,
    database_mb: f64,
    redis_mb: f64,
    provider_bytes: f64,
    relevant: f64,
    told: f64,
    growth_bytes_per_relevant: f64,
    behind_s: f64,
}

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    let (phases, lasting) = match support::is_quick() {
        true => (&PHASES[..2], [2, 6]),
        false => (PHASES, [15, 60]),
    };
    let [settle, measured] = lasting.map(Duration::from_secs);
    let lasting = Lasting { settle, measured };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut report = Report::new("capacity");
    for phase in phases {
        let bed = Bed::prepare(phase, &runtime);
        report.figure(&format!("{}_import_s", phase.name), bed.import_s);
        let measured = bed.run_copy(phase, 1, &lasting, &runtime);
        tell(&mut report, phase.name, &measured);
        let mut held = 1;
        for times in phase.tried_at {
            let measured = bed.run_copy(phase, *times, &lasting, &runtime);
            tell(&mut report, &format!("{}_x{times}", phase.name), &measured);
            // What the node could not make was not held either.
            let due = u64::from(PER_CHECKPOINT * times * phase.relevant_per_mille / 1_000);
            let is_made = measured.relevant >= (due * CHECKPOINTS_PER_S) as f64 * MADE_AT_LEAST;
            if measured.behind_s > BEHIND_MAX_S || !is_made {
                break;
            }
            held = *times;
        }
        if !phase.tried_at.is_empty() {
            let name = format!("{}_times_mainnet_held", phase.name);
            report.figure(&name, f64::from(held));
        }
    }
    report.setting("checkpoints_per_s", CHECKPOINTS_PER_S);
    report.setting("transactions_per_checkpoint", PER_CHECKPOINT);
    report.setting("bcs_bytes_per_transaction", BYTES_PER_TRANSACTION);
    report.setting("measured_s", lasting.measured.as_secs());
    report.setting(
        "processes",
        "all on the same cores: the node, the receiver, vigia, Redis, Postgres (fsync on)",
    );
    report.finish();
}

fn tell(report: &mut Report, name: &str, measured: &Measured) {
    for (figure, value) in [
        ("vigia_cpu_percent", measured.vigia_cpu * 100.0),
        ("database_cpu_percent", measured.database_cpu * 100.0),
        ("redis_cpu_percent", measured.redis_cpu * 100.0),
        ("node_cpu_percent", measured.node_cpu * 100.0),
        ("vigia_mb", measured.vigia_mb),
        ("database_mb", measured.database_mb),
        ("redis_mb", measured.redis_mb),
        ("provider_kb_per_s", measured.provider_bytes / 1_000.0),
        ("relevant_per_s", measured.relevant),
        ("webhooks_per_s", measured.told),
        (
            "database_bytes_per_relevant",
            measured.growth_bytes_per_relevant,
        ),
        ("behind_s", measured.behind_s),
    ] {
        report.figure(&format!("{name}_{figure}"), value);
    }
}

/// A database with the phase's users, and what runs beside it.
struct Bed {
    program: Program,
    redis: Option<Redis>,
    receiver: Receiver,
    database: Database,
    setup: Setup,
    import_s: f64,
}

/// Where rows go.
enum Database {
    File(PathBuf),
    /// Its address, and the name that is its last part.
    Server {
        url: String,
        name: String,
    },
}

impl Bed {
    /// Imports the users.
    fn prepare(phase: &Phase, runtime: &tokio::runtime::Runtime) -> Self {
        let name = format!("capacity_{}", phase.name);
        if phase.setup != Setup::One {
            let create = format!("CREATE DATABASE {name}");
            runtime.block_on(as_owner(&create));
        }
        let mut bed = Self::on(phase.setup, &name);
        // The same seed makes the same users, whatever they do.
        let node = NodeProcess::start(&NodeConfig {
            relevant_per_mille: 0,
            ..NodeConfig::with_transactions(1)
        });
        let users = people(phase.users, &node.ready.users);
        node.stop();
        std::fs::write(bed.program.path("users.csv"), users).expect("a file");
        let begun = Instant::now();
        bed.program.run(&["watch", "import", "users.csv"]);
        bed.import_s = begun.elapsed().as_secs_f64();
        bed
    }

    /// Runs with the same users and nothing that happened before: on a copy, where that can be made.
    fn run_copy(
        &self,
        phase: &Phase,
        times: u32,
        lasting: &Lasting,
        runtime: &tokio::runtime::Runtime,
    ) -> Measured {
        let Database::Server { name, .. } = &self.database else {
            return self.run(phase, times, lasting, runtime);
        };
        let copy = format!("{name}_x{times}");
        let create = format!("CREATE DATABASE {copy} TEMPLATE {name}");
        runtime.block_on(as_owner(&create));
        let measured = Self::on(self.setup, &copy).run(phase, times, lasting, runtime);
        runtime.block_on(as_owner(&format!("DROP DATABASE {copy}")));
        measured
    }

    fn on(setup: Setup, name: &str) -> Self {
        let receiver = Receiver::start();
        let redis = (setup != Setup::One).then(Redis::start);
        let (head, _) = server_url();
        let url = format!("{head}/{name}");
        let mut config = String::new();
        if let Some(redis) = &redis {
            let port = redis.port;
            let _ = write!(
                config,
                "[store]\nurl = \"{url}\"\n[transport]\nkind = \"redis\"\nredis_url = \"redis://127.0.0.1:{port}\"\n"
            );
        }
        if let Setup::Separate { pollers } = setup {
            let shards = if pollers > 1 { 8 } else { 1 };
            let _ = writeln!(config, "[poll]\nshards = {shards}");
        }
        let _ = write!(
            config,
            "[web]\nlisten = \"127.0.0.1:0\"\n{}[[webhooks]]\nname = \"bench\"\nurl = \"http://{}/\"\nkey_files = [\"key\"]\n",
            packages(),
            receiver.address
        );
        let program = Program::new(&config);
        program.run(&["webhooks", "key", "key"]);
        let database = match setup {
            Setup::One => Database::File(program.path("vigia-data/vigia.db")),
            Setup::Separate { .. } => Database::Server {
                url,
                name: name.to_owned(),
            },
        };
        Self {
            program,
            redis,
            receiver,
            database,
            setup,
            import_s: 0.0,
        }
    }

    async fn store(&self) -> SqlStore {
        let options: StoreOptions = match &self.database {
            Database::File(path) => SqliteOptions::new(path).into(),
            Database::Server { url, .. } => PostgresOptions::new(url).expect("an address").into(),
        };
        let store = SqlStore::open(options, Arc::new(SystemClock)).await;
        store.expect("a database")
    }

    async fn bytes(&self) -> u64 {
        match &self.database {
            Database::File(path) => std::fs::metadata(path).expect("a file").len(),
            Database::Server { url, .. } => {
                let mut connection = sqlx::PgConnection::connect(url).await.expect("a server");
                let size =
                    sqlx::query_scalar::<_, i64>("SELECT pg_database_size(current_database())");
                let size = size.fetch_one(&mut connection).await.expect("a size");
                u64::try_from(size).expect("a size")
            }
        }
    }

    /// Starts the phase's processes.
    fn start(&self, node: &str) -> Vec<Process> {
        match self.setup {
            Setup::One => vec![self.program.start(&["up", "--provider", node])],
            Setup::Separate { pollers } => {
                let poll = || self.program.start(&["poll", "--provider", node]);
                let others = [["work"], ["web"]].map(|role| self.program.start(&role));
                let pollers = (0..pollers).map(|_| poll());
                others.into_iter().chain(pollers).collect()
            }
        }
    }

    /// Runs at so many times mainnet's rate.
    fn run(
        &self,
        phase: &Phase,
        times: u32,
        lasting: &Lasting,
        runtime: &tokio::runtime::Runtime,
    ) -> Measured {
        let per_checkpoint = PER_CHECKPOINT * times;
        let until_measured = BEGIN_WITHIN + lasting.settle + lasting.measured;
        let transactions = u64::from(per_checkpoint) * CHECKPOINTS_PER_S * until_measured.as_secs();
        let node = NodeProcess::start(&NodeConfig {
            per_checkpoint,
            relevant_per_mille: phase.relevant_per_mille,
            live: true,
            interval_ms: 1_000 / CHECKPOINTS_PER_S,
            huge_bytes: Some(
                u64::from(per_checkpoint) * (BYTES_PER_TRANSACTION - BYTES_PER_SIMULATED),
            ),
            ..NodeConfig::with_transactions(transactions)
        });
        let store = runtime.block_on(self.store());
        let processes = self.start(&node.ready.url);
        let watermark = || {
            let watermark = runtime.block_on(store.watermark()).expect("a watermark");
            watermark.map(|mark| (mark.checkpoint, mark.timestamp_ms))
        };
        let begun = Instant::now();
        while watermark().is_none() {
            assert!(begun.elapsed() < BEGIN_WITHIN, "nothing is committed");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(lasting.settle);
        let before = self.look(&processes, &node, &store, runtime);
        self.receiver.take();
        let begun = Instant::now();
        std::thread::sleep(lasting.measured);
        let seconds = begun.elapsed().as_secs_f64();
        let after = self.look(&processes, &node, &store, runtime);
        let told = self.receiver.take().len() as f64;
        let (_, made_ms) = watermark().expect("it was there");
        let behind_ms = now_ms().saturating_sub(made_ms);
        let relevant = (after.relevant - before.relevant) as f64;
        let growth = after.bytes.saturating_sub(before.bytes) as f64;
        let cpu = |of: fn(&Look) -> Duration| (of(&after) - of(&before)).as_secs_f64() / seconds;
        let measured = Measured {
            vigia_cpu: cpu(|look| look.vigia_cpu),
            database_cpu: cpu(|look| look.database_cpu),
            redis_cpu: cpu(|look| look.redis_cpu),
            node_cpu: cpu(|look| look.node_cpu),
            vigia_mb: megabytes(after.vigia_kib),
            database_mb: megabytes(after.database_kib),
            redis_mb: megabytes(after.redis_kib),
            provider_bytes: (after.provider_bytes - before.provider_bytes) as f64 / seconds,
            relevant: relevant / seconds,
            told: told / seconds,
            growth_bytes_per_relevant: growth / relevant.max(1.0),
            behind_s: behind_ms as f64 / 1_000.0,
        };
        drop(processes);
        runtime.block_on(store.close());
        node.stop();
        measured
    }

    fn look(
        &self,
        processes: &[Process],
        node: &NodeProcess,
        store: &SqlStore,
        runtime: &tokio::runtime::Runtime,
    ) -> Look {
        let cpu = |process: u32| usage::cpu_time_of(process).expect("it runs");
        let pss = |process: u32| usage::pss_kib_of(process).expect("it runs");
        let server = match self.setup {
            Setup::One => None,
            Setup::Separate { .. } => Some(server_url().1),
        };
        let redis = self.redis.as_ref().map(Redis::id);
        let (status, bytes, usages) = runtime.block_on(async {
            let status = store.status().await.expect("a status");
            let usages = store.provider_usage(0).await.expect("usage");
            (status, self.bytes().await, usages)
        });
        Look {
            vigia_cpu: processes.iter().map(|process| cpu(process.id())).sum(),
            database_cpu: server.map_or(Duration::ZERO, usage::family_cpu_time),
            redis_cpu: redis.map_or(Duration::ZERO, cpu),
            node_cpu: cpu(node.id()),
            vigia_kib: processes.iter().map(|process| pss(process.id())).sum(),
            database_kib: server.map_or(0, usage::family_pss_kib),
            redis_kib: redis.map_or(0, pss),
            provider_bytes: usages.iter().map(|usage| usage.bytes).sum(),
            relevant: status.raw_transactions,
            bytes,
        }
    }
}

/// What there is at one moment.
struct Look {
    vigia_cpu: Duration,
    database_cpu: Duration,
    redis_cpu: Duration,
    node_cpu: Duration,
    vigia_kib: u64,
    database_kib: u64,
    redis_kib: u64,
    provider_bytes: u64,
    relevant: u64,
    bytes: u64,
}

fn megabytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn now_ms() -> u64 {
    use vigia_core::Clock as _;
    SystemClock.now_ms()
}

/// Where the server is, without a database, and its process.
fn server_url() -> (String, u32) {
    let url = support::told("VIGIA_BENCH_POSTGRES_URL");
    let process = support::told("VIGIA_BENCH_POSTGRES_PID");
    let (head, _) = url.rsplit_once('/').expect("an address with a database");
    (head.to_owned(), process.parse().expect("a process id"))
}

async fn as_owner(statement: &str) {
    let url = support::told("VIGIA_BENCH_POSTGRES_URL");
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("a server");
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    connection.execute(statement).await.expect("it may");
    connection.close().await.expect("it is open");
}

/// The wallet's users with an account each: those of the node come first, then strangers.
fn people(count: u64, users: &[Address]) -> String {
    let mut lines = String::from("address,account,name,user\n");
    for n in 0..count {
        let address = support::watched_address(n, users);
        let _ = writeln!(lines, "{address},user-{n},User {n},user-{n}");
    }
    lines
}
