//! The SQLite backend: the suite, and what only a file has.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use vigia_core::ManualClock;
use vigia_store::{IngestStore, ReadStore, SqlStore, SqliteOptions, StoreError};

use crate::copy::Tampered;
use crate::suite::{Fixture, NOW_MS, store_conformance_suite};

pub(crate) struct SqliteFixture {
    directory: TempDir,
}

impl SqliteFixture {
    fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.directory.path().join("new directory/vigia.db"))
    }
}

impl Fixture for SqliteFixture {
    const HAS_PARTS: bool = false;

    fn is_at_hand() -> bool {
        true
    }

    async fn create() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    async fn open(&self, clock: Arc<ManualClock>) -> SqlStore {
        SqlStore::open(self.options(), clock).await.unwrap()
    }
}

impl Tampered for SqliteFixture {
    async fn execute(&self, statement: &str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.options().path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let statement = sqlx::AssertSqlSafe(statement.replace("{}", ""));
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
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

store_conformance_suite!(SqliteFixture);

#[tokio::test]
async fn reopened_file_has_everything() {
    let fixture = SqliteFixture::create().await;
    let clock = Arc::new(ManualClock::new(1));
    let store = fixture.open(clock.clone()).await;
    store.live_begin(7).await.unwrap();
    let before = store.dump_rows().await.unwrap();
    store.close().await;
    let again = fixture.open(clock).await;
    assert_eq!(again.dump_rows().await.unwrap(), before);
    assert_eq!(again.live_begin(9).await.unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn created_by_many_at_once() {
    let fixture = SqliteFixture::create().await;
    let opened = (0..6).map(|_| {
        let options = fixture.options();
        tokio::spawn(SqlStore::open(options, Arc::new(ManualClock::new(1))))
    });
    for store in opened.collect::<Vec<_>>() {
        let store = store.await.unwrap().unwrap();
        assert_eq!(store.live_begin(3).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn newer_schema_is_refused_where_it_says_so() {
    let fixture = SqliteFixture::create().await;
    let clock = Arc::new(ManualClock::new(1));
    fixture.open(clock.clone()).await.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fixture.options().path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for statement in [
        "PRAGMA user_version = 99",
        "UPDATE schema_info SET version = 99, compatible_from = 2",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    fixture.open(clock.clone()).await.close().await;
    sqlx::query("UPDATE schema_info SET compatible_from = 99")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;

    let error = SqlStore::open(fixture.options(), clock)
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, StoreError::SchemaTooNew { found: 99, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn unusable_path_is_an_error() {
    let fixture = SqliteFixture::create().await;
    let options = SqliteOptions::new(fixture.directory.path());
    let opened = SqlStore::open(options, Arc::new(ManualClock::new(1))).await;
    assert!(opened.is_err(), "a directory is no database");
}

#[tokio::test]
async fn reading_does_not_wait_for_a_writer_and_writing_says_that_it_waited() {
    let fixture = SqliteFixture::create().await;
    let clock = Arc::new(ManualClock::new(1));
    fixture.open(clock.clone()).await.close().await;
    // A process that was stopped in the middle of a commit.
    let connect = sqlx::sqlite::SqliteConnectOptions::new().filename(fixture.options().path);
    let stopped = sqlx::SqlitePool::connect_with(connect).await.unwrap();
    let held = stopped.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(20),
        ..fixture.options()
    };
    let store = SqlStore::open(options, clock).await.unwrap();
    assert_eq!(store.status().await.unwrap().raw_transactions, 0);
    let refused = store.live_begin(3).await.unwrap_err();
    assert!(refused.is_transient(), "{refused}");
    drop(held);
    stopped.close().await;
    assert_eq!(
        store.live_begin(4).await.unwrap(),
        4,
        "nothing was half-written"
    );
}
