//! A million users: importing them from CSV, following them in an application's database, and how soon
//! a poller that has them matches. The real binary throughout, on the Postgres cluster that
//! `cargo xtask bench registration` starts.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use support::node::{NodeConfig, NodeProcess};
use support::program::{Program, Used};
use support::report::Report;
use support::usage;
use vigia_core::{Address, SystemClock};
use vigia_store::{PostgresOptions, ReadStore, SqlStore};

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    let addresses = match support::is_quick() {
        true => 50_000,
        false => 1_000_000,
    };
    let node = NodeProcess::start(&NodeConfig::with_transactions(20_000));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");

    let mut report = Report::new("registration");
    let imported = Deployment::create(&runtime, "vigia_import", "");
    let used = import(&imported, addresses, &node.ready.users);
    let seconds = used.wall.as_secs_f64();
    report.figure("csv_import_s", seconds);
    report.figure("csv_addresses_per_s", addresses as f64 / seconds);
    report.figure("csv_cpu_s", used.cpu.as_secs_f64());
    report.figure("csv_peak_rss_mb", used.peak_rss_kib as f64 / 1024.0);
    let (matched, peak_rss_kib) = first_match(&runtime, &imported, &node);
    report.figure("poller_start_to_first_commit_s", matched.as_secs_f64());
    report.figure("poller_peak_rss_mb", peak_rss_kib as f64 / 1024.0);

    let query = "SELECT address, account_id, account_name, user_id, user_name FROM users";
    let settings = format!("query = \"{query}\"");
    let followed = Deployment::create(&runtime, "vigia_source", &settings);
    runtime.block_on(followed.fill(addresses));
    let first = followed.program.run(&["source", "refresh"]);
    report_refresh(&mut report, "source_first", &first);
    let same = followed.program.run(&["source", "refresh"]);
    report_refresh(&mut report, "source_unchanged", &same);
    runtime.block_on(followed.sql("UPDATE users SET user_name = 'Otra' WHERE n < 10"));
    let changed = followed.program.run(&["source", "refresh"]);
    report_refresh(&mut report, "source_ten_changed", &changed);

    report.setting("addresses", addresses);
    report.setting("database", "Postgres on the same cores, fsync on");
    report.finish();
    node.stop();
}

/// A database on the bench's cluster, and the binary set up for it.
struct Deployment {
    url: String,
    program: Program,
}

impl Deployment {
    fn create(runtime: &tokio::runtime::Runtime, name: &str, source: &str) -> Self {
        let server = support::told("VIGIA_BENCH_POSTGRES_URL");
        runtime.block_on(sql_on(&server, &format!("CREATE DATABASE {name}")));
        let (host, _) = server.rsplit_once('/').expect("an address with a database");
        let url = format!("{host}/{name}");
        let config = format!(
            "[store]\nurl = \"{url}\"\n[source]\nurl = \"{url}\"\n{source}\n\
             statement_timeout_ms = 120000\n[contracts]\nbuilt_in = []\n"
        );
        let config = match source.is_empty() {
            true => format!("[store]\nurl = \"{url}\"\n[contracts]\nbuilt_in = []\n"),
            false => config,
        };
        let program = Program::new(&config);
        program.run(&["migrate"]);
        Self { url, program }
    }

    async fn sql(&self, statement: &str) {
        sql_on(&self.url, statement).await;
    }

    /// An application's table of users, each with an account and an address.
    async fn fill(&self, addresses: u64) {
        let statement = format!(
            "CREATE TABLE users AS SELECT n, '0x' || encode(sha256(n::text::bytea), 'hex') AS address,
                 n AS account_id, 'Cuenta ' || n AS account_name, 'uid-' || n AS user_id,
                 'Persona ' || n AS user_name
             FROM generate_series(1, {addresses}) AS n"
        );
        self.sql(&statement).await;
    }

    async fn store(&self) -> SqlStore {
        let options = PostgresOptions::new(&self.url).expect("an address");
        let store = SqlStore::open(options, Arc::new(SystemClock)).await;
        store.expect("a database")
    }
}

async fn sql_on(url: &str, statement: &str) {
    let options: PgConnectOptions = url.parse().expect("an address");
    let connection = options.disable_statement_logging().connect().await;
    let mut connection: PgConnection = connection.expect("the cluster answers");
    let statement = AssertSqlSafe(statement.to_owned());
    connection
        .execute(statement)
        .await
        .expect("a good statement");
    connection.close().await.expect("it closes");
}

/// Imports so many addresses from a CSV file, the wallet's users among them, in the order that a
/// database without one would give: by no order at all.
fn import(deployment: &Deployment, addresses: u64, users: &[Address]) -> Used {
    let mut lines = String::from("address,account,kind,name,user,locale\n");
    for n in 0..addresses {
        let address = support::watched_address(n, users);
        let _ = writeln!(lines, "{address},cuenta-{n},personal,Cuenta {n},uid-{n},es");
    }
    let file = deployment.program.path("users.csv");
    std::fs::write(&file, lines).expect("a file");
    deployment.program.run(&["watch", "import", "users.csv"])
}

/// How long after its start a poller that has them all has committed something relevant.
fn first_match(
    runtime: &tokio::runtime::Runtime,
    deployment: &Deployment,
    node: &NodeProcess,
) -> (Duration, u64) {
    let store = runtime.block_on(deployment.store());
    let begun = Instant::now();
    let arguments = ["poll", "--provider", &node.ready.url, "--from", "0"];
    let poller = deployment.program.start(&arguments);
    loop {
        let status = runtime.block_on(store.status()).expect("a status");
        if status.raw_transactions > 0 {
            let peak = usage::peak_rss_kib_of(poller.id()).expect("it runs");
            runtime.block_on(store.close());
            return (begun.elapsed(), peak);
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing matches");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn report_refresh(report: &mut Report, name: &str, used: &Used) {
    report.figure(&format!("{name}_s"), used.wall.as_secs_f64());
    report.figure(&format!("{name}_cpu_s"), used.cpu.as_secs_f64());
    let megabytes = used.peak_rss_kib as f64 / 1024.0;
    report.figure(&format!("{name}_peak_rss_mb"), megabytes);
}
