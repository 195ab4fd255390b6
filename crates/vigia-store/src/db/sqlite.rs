//! SQLite: one file, one writer connection, a pool of readers.
//!
//! The file is in WAL mode, so readers never wait for the writer; every write is one `BEGIN
//! IMMEDIATE` transaction, so two writers queue for the lock instead of failing half-way. Several
//! processes may open the same file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, Transaction};
use tokio::task::AbortHandle;

use super::migrate::{self, MIGRATIONS};
use super::query::execute_script;
use super::{PoolSize, Tx};
use crate::{Result, StoreError};

/// Connections that read at the same time, unless told otherwise.
const READERS_DEFAULT: u32 = 4;
/// How long a write waits for another process's write, unless told otherwise.
const BUSY_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// How long a call waits for a connection of this process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Page cache of the writer in KiB: registering a million addresses touches random index pages.
const WRITER_CACHE_KIB: u32 = 16 * 1024;
/// Page cache of each reader in KiB.
const READER_CACHE_KIB: u32 = 8 * 1024;
/// Pages of 4 KiB after which a commit folds the log into the file itself, which takes hundreds of
/// milliseconds: a catch-up that leaves nobody else the time gets there.
const WAL_CHECKPOINT_PAGES: u32 = 64_000;
/// How often the log is folded into the file beside the commits, where any were made.
const FOLD_INTERVAL: Duration = Duration::from_secs(1);
/// Size to which an emptied log is cut.
const WAL_BYTES_KEPT: u32 = 64 * 1024 * 1024;
/// Compiled statements kept per connection: about as many as there are SQL files, and inserts of several sizes.
const STATEMENTS_CACHED: usize = 256;
/// Rows a connection's thread runs ahead of who reads them: a page, or one insert's new rows.
const ROWS_BUFFERED: usize = 256;

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: the log reaches the disk before a commit returns. One `fsync` per commit, and
    /// commits are batches.
    #[default]
    PowerLoss,
    /// The end of the process, however it ends. Power loss may take the last commits back, always
    /// whole: the watermark goes back with its data, and the chain is read again from there.
    ProcessExit,
}

/// How to open a SQLite database.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file; it and its directory are created when missing.
    pub path: PathBuf,
    /// Connections that read at the same time, at least 1.
    pub readers: u32,
    /// How long a write waits for another process's write before it is refused as unavailable.
    pub busy_timeout: Duration,
    /// What a commit survives.
    pub durability: Durability,
}

impl SqliteOptions {
    /// The defaults for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: READERS_DEFAULT,
            busy_timeout: BUSY_TIMEOUT_DEFAULT,
            durability: Durability::default(),
        }
    }

    fn shared(&self, cache_kib: u32) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(self.busy_timeout)
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENTS_CACHED)
            .row_buffer_size(ROWS_BUFFERED)
            // Many-row inserts keep a statement journal, by default in a file.
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", format!("-{cache_kib}"))
    }

    fn writer(&self) -> SqliteConnectOptions {
        self.shared(WRITER_CACHE_KIB)
            .create_if_missing(true)
            // What is deleted is gone from the file too: people ask to be forgotten.
            .pragma("secure_delete", "ON")
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match self.durability {
                Durability::PowerLoss => SqliteSynchronous::Full,
                Durability::ProcessExit => SqliteSynchronous::Normal,
            })
            .pragma("wal_autocheckpoint", WAL_CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", WAL_BYTES_KEPT.to_string())
    }

    fn folder(&self) -> SqliteConnectOptions {
        self.shared(READER_CACHE_KIB)
    }

    fn reader(&self) -> SqliteConnectOptions {
        self.shared(READER_CACHE_KIB).read_only(true)
    }
}

/// Turning a new file to WAL mode does not wait for the busy timeout, so two processes that create
/// it at the same moment can meet here: worth another try at once, but not once the timeout itself
/// has been waited out.
const OPEN_TRY_FOR: Duration = Duration::from_secs(1);
const OPEN_RETRY: Duration = Duration::from_millis(50);

/// An open file.
pub(crate) struct SqliteDatabase {
    /// Exactly one connection: writes of this process queue here, not at the file's lock.
    writer: SqlitePool,
    readers: SqlitePool,
    folder: SqlitePool,
    /// Whether the log has something new.
    written: Arc<AtomicBool>,
    folding: AbortHandle,
}

impl Drop for SqliteDatabase {
    fn drop(&mut self) {
        self.folding.abort();
    }
}

impl SqliteDatabase {
    /// Opens the file, creating it or bringing its schema up to date as needed.
    pub(super) async fn open(options: SqliteOptions) -> Result<Self> {
        create_parent(&options)?;
        let begun = Instant::now();
        let writer = loop {
            match connect(&options).await {
                Err(error) if error.is_transient() && begun.elapsed() < OPEN_TRY_FOR => {
                    tokio::time::sleep(OPEN_RETRY).await;
                }
                done => break done?,
            }
        };
        let readers = pool(options.readers.max(1)).connect_lazy_with(options.reader());
        let written = Arc::<AtomicBool>::default();
        let folder = pool(1).connect_lazy_with(options.folder());
        let folding = tokio::spawn(fold_for_ever(folder.clone(), Arc::clone(&written)));
        Ok(Self {
            writer,
            readers,
            folder,
            written,
            folding: folding.abort_handle(),
        })
    }

    pub(super) fn pools(&self) -> [PoolSize; 2] {
        [
            PoolSize::of("write", &self.writer),
            PoolSize::of("read", &self.readers),
        ]
    }

    /// Closes all connections, folding the log into the file where no other process needs it.
    pub(super) async fn close(&self) {
        self.folding.abort();
        self.folder.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        self.written.store(true, Ordering::Relaxed);
        Ok(tx)
    }

    /// Takes what was deleted out of the log too. What another process reads just now keeps it there until the log is begun
    /// anew.
    pub(super) async fn empty_log(&self) -> Result<()> {
        let fold = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        fold.execute(&self.folder).await?;
        Ok(())
    }

    /// Copies all of it, as of one moment, into a file that is not there yet; others go on writing meanwhile.
    pub(crate) async fn copy_into(&self, file: &str) -> Result<()> {
        // Of the connections, one that may write files: readers may not.
        let copy = sqlx::query("VACUUM INTO $1").bind(file);
        copy.execute(&self.folder).await?;
        Ok(())
    }

    /// For a statement without a transaction around it.
    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(super) async fn read(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.readers.begin().await?)
    }
}

/// Folds the log into the file while others read and write, so that no commit has to do it for many at
/// once. What it cannot do now, for a reader in its way or for trouble that commits tell of, is left for the
/// next time.
async fn fold_for_ever(folder: SqlitePool, written: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(FOLD_INTERVAL).await;
        if written.swap(false, Ordering::Relaxed) {
            let fold = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
            if let Err(error) = fold.execute(&folder).await {
                tracing::debug!(error = %error, "the log is not folded into the file");
            }
        }
    }
}

/// Connects the writer and migrates through it.
async fn connect(options: &SqliteOptions) -> Result<SqlitePool> {
    let writer = pool(1)
        .idle_timeout(None)
        .connect_with(options.writer())
        .await?;
    // Looking takes no lock: a process that only reads never waits for one that writes.
    let mut look = Tx::Sqlite(writer.begin().await?);
    let done = migrate::sqlite_done(&mut look).await?;
    drop(look);
    // Not at one go: a crash between two migrations goes on with the second.
    for _ in done..MIGRATIONS.len() {
        migrate_one(&writer).await?;
    }
    Ok(writer)
}

/// Runs the next migration, unless another process has been faster.
async fn migrate_one(writer: &SqlitePool) -> Result<()> {
    let mut tx = Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?);
    let next = migrate::sqlite_done(&mut tx).await?;
    let Some(migration) = MIGRATIONS.get(next) else {
        return Ok(());
    };
    execute_script(&mut tx, migration.sqlite.to_owned()).await?;
    // A pragma takes no parameters; the number is our own.
    execute_script(&mut tx, format!("PRAGMA user_version = {}", next + 1)).await?;
    migrate::record(&mut tx, next + 1).await?;
    tx.commit().await?;
    tracing::info!(schema.version = next + 1, "database schema migrated");
    Ok(())
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(None)
        // A connection is a thread of this process and an open file: asking whether it is there is a trip.
        .test_before_acquire(false)
        // SQLite ends a transaction by itself where the disk is full or fails. sqlx then cannot roll it
        // back, believes it open for ever, and would refuse every transaction on that connection.
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
}

fn create_parent(options: &SqliteOptions) -> Result<()> {
    match options.path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent)
            .map_err(|error| StoreError::Unavailable(sqlx::Error::Io(error))),
        _ => Ok(()),
    }
}
