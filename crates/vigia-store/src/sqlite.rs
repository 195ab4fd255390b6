//! The SQLite backend: one file, one writer connection, a pool of readers.
//!
//! The file is in WAL mode, so readers never wait for the writer; every write is one `BEGIN
//! IMMEDIATE` transaction, so two writers queue for the lock instead of failing half-way. Several
//! processes may open the same file. What this module does not do: decide anything. The SQL beside
//! it says what is read and written, named after the method.

mod activities;
mod book;
mod business;
mod codec;
mod commit;
mod dump;
mod ingest;
mod migrate;
mod ranges;
mod read;
mod register;
mod rows;
mod signal;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use vigia_core::Clock;

use crate::{Result, StoreError};
use signal::Signal;

/// The text of the SQL file with this name.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/sqlite/sql/",
            $name,
            ".sql"
        ))
    };
}
use sql;

/// Connections that read at the same time, unless told otherwise.
const READERS_DEFAULT: u32 = 4;
/// How long a write waits for another process's write, unless told otherwise.
const BUSY_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// How long a call waits for a connection of this process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Page cache of the writer in KiB: registering a million addresses touches random index pages.
const WRITER_CACHE_KIB: u32 = 64 * 1024;
/// Page cache of each reader in KiB.
const READER_CACHE_KIB: u32 = 8 * 1024;
/// Pages of 4 KiB after which the log is folded into the file: longer than SQLite's 1,000, so that a
/// catch-up rewrites hot index pages less often.
const WAL_CHECKPOINT_PAGES: u32 = 16_000;
/// Size to which an emptied log is cut.
const WAL_BYTES_KEPT: u32 = 64 * 1024 * 1024;
/// Compiled statements kept per connection: about as many as there are SQL files.
const STATEMENTS_CACHED: usize = 128;
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
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match self.durability {
                Durability::PowerLoss => SqliteSynchronous::Full,
                Durability::ProcessExit => SqliteSynchronous::Normal,
            })
            .pragma("wal_autocheckpoint", WAL_CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", WAL_BYTES_KEPT.to_string())
    }

    fn reader(&self) -> SqliteConnectOptions {
        self.shared(READER_CACHE_KIB).read_only(true)
    }
}

/// A store in one SQLite file.
pub struct SqliteStore {
    /// Exactly one connection: writes of this process queue here, not at the file's lock.
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    /// Id of the newest activity.
    activity_signal: Signal,
    /// Version of the watch list.
    watch_signal: Signal,
}

impl SqliteStore {
    /// Opens the database, creating it or bringing its schema up to date as needed.
    pub async fn open(options: SqliteOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        create_parent(&options)?;
        let writer = migrate::connect(pool(1).idle_timeout(None), &options.writer()).await?;
        let readers = pool(options.readers.max(1)).connect_lazy_with(options.reader());
        Ok(Self {
            writer,
            readers,
            clock,
            activity_signal: Signal::new(),
            watch_signal: Signal::new(),
        })
    }

    /// Closes all connections, folding the log into the file where no other process needs it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begins a write. Dropped without `commit`, it leaves nothing behind.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Begins a read of one moment.
    async fn read(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.readers.begin().await?)
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(None)
}

fn create_parent(options: &SqliteOptions) -> Result<()> {
    match options.path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent)
            .map_err(|error| StoreError::Unavailable(sqlx::Error::Io(error))),
        _ => Ok(()),
    }
}
