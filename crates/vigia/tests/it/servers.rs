//! Servers that tests of several processes need: a database of its own on the Postgres cluster that
//! `cargo xtask test` starts, or a whole cluster, a Redis, or an imitation of Amazon SQS of its own.

mod cluster;
mod hook;
mod pooler;
mod redis;
mod repeats;
mod sqs;
mod tmpfs;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use vigia_core::SystemClock;
use vigia_store::{PostgresOptions, SqlStore};

pub(crate) use cluster::{Cluster, Shutdown, own, owned_folder};
pub(crate) use hook::Hook;
pub(crate) use pooler::Pooler;
pub(crate) use redis::Redis;
pub(crate) use repeats::Repeats;
pub(crate) use sqs::Sqs;
pub(crate) use tmpfs::Tmpfs;

/// A port that nobody listens at. Not one that the system hands out by itself: between now and when it is used any connection could
/// get that. Tests run as processes beside one another, so each begins to look elsewhere.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 18_000;
    const COUNT: u32 = 14_000;
    static ASKED: AtomicU32 = AtomicU32::new(0);
    loop {
        let asked = ASKED.fetch_add(1, Ordering::Relaxed);
        let at = std::process::id().wrapping_mul(97).wrapping_add(asked) % COUNT;
        let port = u16::try_from(FIRST + at).expect("it is a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn required(what: &str) -> bool {
    std::env::var(what).is_ok_and(|value| value == "1")
}

/// A database and a role of its own, both gone with the value.
pub(crate) struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    /// None where there is no cluster to test on, which it says.
    pub(crate) async fn create() -> Option<Self> {
        let Ok(server) = std::env::var("VIGIA_TEST_POSTGRES_URL") else {
            assert!(
                !required("VIGIA_REQUIRE_POSTGRES"),
                "VIGIA_TEST_POSTGRES_URL is required and missing"
            );
            eprintln!("skipped: VIGIA_TEST_POSTGRES_URL names no server");
            return None;
        };
        Some(Self::create_on(&server).await)
    }

    /// On the cluster at this address, for a user who may create roles and databases.
    pub(crate) async fn create_on(server: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vigia_app_{}_{number}", std::process::id());
        let database = Self {
            server: server.to_owned(),
            name,
        };
        let name = &database.name;
        let role = format!("CREATE ROLE {name} LOGIN PASSWORD 'hush-hush' NOSUPERUSER NOCREATEDB");
        database.run(&role).await;
        let create = format!("CREATE DATABASE {name} OWNER {name}");
        database.run(&create).await;
        database
    }

    pub(crate) fn url(&self) -> String {
        let (_, host) = self
            .server
            .rsplit_once('@')
            .expect("an address with a user");
        let (host, _) = host.rsplit_once('/').expect("an address with a database");
        format!("postgres://{0}:hush-hush@{host}/{0}", self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn store(&self) -> SqlStore {
        self.open().await.expect("the database opens")
    }

    /// Opens the database as a process does.
    pub(crate) async fn open(&self) -> vigia_store::Result<SqlStore> {
        let mut options = PostgresOptions::new(&self.url())?;
        options.connections = 2;
        // Reading all rows of a large run takes longer than a process may be silent.
        options.idle_timeout = Duration::from_secs(600);
        SqlStore::open(options, Arc::new(SystemClock)).await
    }

    /// Ends every connection to the database, as a restart of the server does.
    pub(crate) async fn disconnect_all(&self) {
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        );
        self.run(&end).await;
    }

    /// Runs statements as the database's owner, as another application would.
    pub(crate) async fn run_as_owner(&self, statements: &str) {
        run_on(&self.url(), statements).await;
    }

    /// Runs a statement as an administrator would.
    pub(crate) async fn run(&self, statement: &str) {
        run_on(&self.server, statement).await;
    }
}

async fn run_on(server: &str, statement: &str) {
    let options: PgConnectOptions = server.parse().expect("an address");
    let mut admin: PgConnection = options
        .disable_statement_logging()
        .connect()
        .await
        .expect("the cluster answers");
    let statement = AssertSqlSafe(statement.to_owned());
    admin
        .execute(statement)
        .await
        .expect("an administrator may");
    admin.close().await.expect("it closes");
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                run_on(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
                run_on(&server, &format!("DROP ROLE {name}")).await;
            });
        });
        let cleaned = cleaning.join();
        assert!(
            cleaned.is_ok() || std::thread::panicking(),
            "the database of a test could not be dropped"
        );
    }
}
