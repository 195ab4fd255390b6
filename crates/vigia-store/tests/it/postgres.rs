//! The Postgres backend: the suite, and what only a server has.
//!
//! `cargo xtask test` starts a cluster of its own and names it in `VIGIA_TEST_POSTGRES_URL`; every test
//! gets a role without rights beyond its own database there. Without the variable these tests say
//! that they are skipped, or fail where `VIGIA_REQUIRE_POSTGRES=1`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use vigia_core::ManualClock;
use vigia_store::{AlertStore, IngestStore, PostgresOptions, SqlStore, StoreError};

use crate::copy::Tampered;
use crate::suite::{Fixture, NOW_MS, store_conformance_suite};

/// The server to test on; its user may create roles and databases.
fn server() -> Option<String> {
    let url = std::env::var("VIGIA_TEST_POSTGRES_URL").ok();
    let required = std::env::var("VIGIA_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(
        url.is_some() || !required,
        "VIGIA_TEST_POSTGRES_URL is required and missing"
    );
    if url.is_none() {
        eprintln!("skipped: VIGIA_TEST_POSTGRES_URL names no server (cargo xtask test starts one)");
    }
    url
}

pub(crate) async fn admin(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}

pub(crate) async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// A database and a role of its own, both gone with the value.
pub(crate) struct PostgresFixture {
    server: String,
    name: String,
}

impl PostgresFixture {
    pub(crate) fn url(&self) -> String {
        let (_, host) = self.server.rsplit_once('@').unwrap();
        let (host, _) = host.rsplit_once('/').unwrap();
        format!("postgres://{0}:secret@{host}/{0}", self.name)
    }

    /// The same database as who may do everything.
    pub(crate) fn superuser_url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    fn options(&self) -> PostgresOptions {
        let mut options = PostgresOptions::new(&self.url()).unwrap();
        options.connections = 4;
        options
    }
}

impl Fixture for PostgresFixture {
    const HAS_PARTS: bool = true;

    fn is_at_hand() -> bool {
        server().is_some()
    }

    async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = server().expect("asked before");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vigia_test_{}_{number}", std::process::id());
        let mut admin = admin(&server).await;
        let role = format!("CREATE ROLE {name} LOGIN PASSWORD 'secret' NOSUPERUSER NOCREATEDB");
        run(&mut admin, role).await;
        run(&mut admin, format!("CREATE DATABASE {name} OWNER {name}")).await;
        admin.close().await.unwrap();
        Self { server, name }
    }

    async fn open(&self, clock: Arc<ManualClock>) -> SqlStore {
        SqlStore::open(self.options(), clock).await.unwrap()
    }
}

impl Drop for PostgresFixture {
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

impl Tampered for PostgresFixture {
    async fn execute(&self, statement: &str) {
        let mut owner = admin(&self.url()).await;
        run(&mut owner, statement.replace("{}", "vigia.")).await;
    }

    async fn open_copy_target(&self) -> SqlStore {
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let opened = SqlStore::open_copy_target(self.options(), clock).await;
        opened.unwrap()
    }

    async fn try_open(&self, clock: Arc<ManualClock>) -> vigia_store::Result<SqlStore> {
        SqlStore::open(self.options(), clock).await
    }
}

store_conformance_suite!(PostgresFixture);

/// What ten processes that start at once do: the first migrates, the others find it done. Files have
/// no counterpart with so many openers (`created_by_many_at_once` is theirs).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_processes_migrate_once() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let fixture = PostgresFixture::create().await;
    let opened = (0..10).map(|_| {
        let mut options = fixture.options();
        options.connections = 2;
        tokio::spawn(SqlStore::open(options, Arc::new(ManualClock::new(1))))
    });
    for store in opened.collect::<Vec<_>>() {
        let store = store.await.unwrap().unwrap();
        assert_eq!(store.live_begin(3).await.unwrap(), 3);
        store.close().await;
    }
    let mut admin = admin(&fixture.url()).await;
    let counters: (i64,) = sqlx::query_as("SELECT count(*) FROM vigia.counter")
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert_eq!(counters.0, 7, "what a migration inserts is there once");
}

/// Everything is in a schema of its own, beside tables of an application with the same names.
#[tokio::test]
async fn an_applications_tables_are_left_alone() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let fixture = PostgresFixture::create().await;
    let mut application = admin(&fixture.url()).await;
    run(
        &mut application,
        "CREATE TABLE account (mine TEXT); INSERT INTO account VALUES ('kept')".to_owned(),
    )
    .await;
    let store = fixture.open(Arc::new(ManualClock::new(1))).await;
    store.close().await;
    let kept: (String,) = sqlx::query_as("SELECT mine FROM public.account")
        .fetch_one(&mut application)
        .await
        .unwrap();
    assert_eq!(kept.0, "kept");
    let elsewhere: (i64,) = sqlx::query_as(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'public' AND c.relkind = 'r'",
    )
    .fetch_one(&mut application)
    .await
    .unwrap();
    assert_eq!(elsewhere.0, 1);
}

/// A newer schema is refused only where it says that this binary cannot use it.
#[tokio::test]
async fn newer_schema_is_refused_where_it_says_so() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let fixture = PostgresFixture::create().await;
    let clock = Arc::new(ManualClock::new(1));
    fixture.open(clock.clone()).await.close().await;
    let mut newer = admin(&fixture.url()).await;
    let set = |compatible_from: i64| {
        format!("UPDATE vigia.schema_info SET version = 99, compatible_from = {compatible_from}")
    };
    run(&mut newer, set(2)).await;
    fixture.open(clock.clone()).await.close().await;
    run(&mut newer, set(99)).await;
    let refused = SqlStore::open(fixture.options(), clock)
        .await
        .err()
        .unwrap();
    assert!(
        matches!(refused, StoreError::SchemaTooNew { found: 99, .. }),
        "{refused}"
    );
}

/// Runs a future until it has been polled so often, then gives it up.
async fn polled<T>(future: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if polls == 0 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Calls that are given up at any moment leave no transaction open behind them. A file's connections
/// live on threads of this process, which `dropped_commit_is_whole_or_absent` is about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_given_up_leave_no_transaction_open() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let fixture = PostgresFixture::create().await;
    let store = fixture.open(Arc::new(ManualClock::new(1))).await;
    let mut given_up = 0;
    for step in 0..400usize {
        let call = async {
            match step % 2 {
                0 => store.watermark().await.map(|_| ()),
                _ => store.live_begin(7).await.map(|_| ()),
            }
        };
        match polled(call, step % 12).await {
            Some(done) => done.unwrap(),
            None => given_up += 1,
        }
    }
    assert!(given_up > 50, "{given_up} calls were given up");
    let mut admin = admin(&fixture.url()).await;
    let begun = std::time::Instant::now();
    loop {
        let open: (i64,) = sqlx::query_as(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
        )
        .fetch_one(&mut admin)
        .await
        .unwrap();
        if open.0 == 0 {
            break;
        }
        // Shorter than the server's own patience with them.
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{open:?} left open"
        );
    }
    assert_eq!(store.live_begin(9).await.unwrap(), 7);
}

/// What `doctor` asks. A file has no notifications.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_knows_whether_it_hears() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let (fixture, other) = (
        PostgresFixture::create().await,
        PostgresFixture::create().await,
    );
    let clock = Arc::new(ManualClock::new(1));
    let store = fixture.open(clock.clone()).await;
    let patience = Duration::from_secs(10);
    assert!(store.notifications_arrive(patience).await.unwrap());
    // As behind a pooler, what is told here is not heard there: notifications stay in their database.
    let deaf = fixture.options().with_direct_url(&other.url()).unwrap();
    let deaf = SqlStore::open(deaf, clock).await.unwrap();
    let patience = Duration::from_millis(800);
    assert!(!deaf.notifications_arrive(patience).await.unwrap());
}

#[tokio::test]
async fn addresses_are_checked_and_not_repeated() {
    for url in ["mysql://u:hush@h/d", "postgres://u:hush@h:notaport/d"] {
        let error = PostgresOptions::new(url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
    let options = PostgresOptions::new("postgres://u:hush@127.0.0.1:1/d").unwrap();
    assert!(!format!("{options:?}").contains("hush"), "{options:?}");
    // Nobody listens there.
    let refused = SqlStore::open(options, Arc::new(ManualClock::new(1))).await;
    let refused = refused.err().unwrap();
    assert!(refused.is_transient(), "{refused:?}");
    assert!(!format!("{refused:?}").contains("hush"), "{refused:?}");
}

/// Reads of one statement keep their connections, and whoever else wants one gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_keep_connections_that_others_can_have() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let fixture = PostgresFixture::create().await;
    let patience = Duration::from_secs(10);
    for connections in [1, 2, 4] {
        let mut options = fixture.options();
        options.connections = connections;
        let store = SqlStore::open(options, Arc::new(ManualClock::new(1))).await;
        let store = Arc::new(store.unwrap());
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        // More of them than connections, one after the other without a pause.
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut times = 0_u32;
                    while !stop.load(Ordering::Relaxed) {
                        store.alert_list().await.unwrap();
                        times += 1;
                    }
                    times
                })
            })
            .collect();
        // Transactions get one beside them.
        for _ in 0..50 {
            let writing = store.alert_end("nothing of the kind");
            let written = tokio::time::timeout(patience, writing).await;
            written.expect("it gets a connection").unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.await.unwrap() > 0);
        }
        let [pool] = store.pools()[..] else {
            panic!("one pool")
        };
        assert!(pool.open <= connections && pool.idle > 0, "{pool:?}");
        // Those that the server has ended are not handed out again.
        let mut admin = admin(&fixture.superuser_url()).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name = 'vigia'";
        run(&mut admin, end.to_owned()).await;
        admin.close().await.unwrap();
        for _ in 0..8 {
            store.alert_list().await.unwrap();
        }
        let closing = tokio::time::timeout(patience, store.close()).await;
        closing.expect("nobody holds a connection");
        assert!(store.alert_list().await.is_err(), "it is closed");
    }
}
