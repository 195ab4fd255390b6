//! A Postgres database of its own for one test, on the server that `cargo xtask test` starts or
//! `VIGIA_TEST_POSTGRES_URL` names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use vigia_core::SystemClock;
use vigia_store::{PostgresOptions, SqlStore};

/// A database and a role without rights beyond it, both gone with the value.
pub(crate) struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    /// None where there is no server; says so, or fails where `VIGIA_REQUIRE_POSTGRES=1`.
    pub(crate) async fn create() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("VIGIA_TEST_POSTGRES_URL") else {
            let required = std::env::var("VIGIA_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(!required, "VIGIA_TEST_POSTGRES_URL is required and missing");
            eprintln!("skipped: VIGIA_TEST_POSTGRES_URL names no server");
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vigia_app_{}_{number}", std::process::id());
        let mut admin = admin(&server).await;
        let role = format!("CREATE ROLE {name} LOGIN PASSWORD 'hush-hush' NOSUPERUSER NOCREATEDB");
        run(&mut admin, role).await;
        run(&mut admin, format!("CREATE DATABASE {name} OWNER {name}")).await;
        Some(Self { server, name })
    }

    pub(crate) fn url(&self) -> String {
        let (_, host) = self.server.rsplit_once('@').unwrap();
        let (host, _) = host.rsplit_once('/').unwrap();
        format!("postgres://{0}:hush-hush@{host}/{0}", self.name)
    }

    /// Opens the database as a process does.
    pub(crate) async fn open(&self) -> vigia_store::Result<SqlStore> {
        let mut options = PostgresOptions::new(&self.url())?;
        options.connections = 2;
        SqlStore::open(options, Arc::new(SystemClock)).await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Dropping is not asynchronous, and the test's own runtime may be gone.
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let mut admin = admin(&server).await;
                run(&mut admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
                run(&mut admin, format!("DROP ROLE {name}")).await;
            });
        });
        if cleaning.join().is_err() && !std::thread::panicking() {
            panic!("the database of a test could not be dropped");
        }
    }
}

async fn admin(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}
