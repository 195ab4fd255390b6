//! Postgres: a pool of connections to a server that other processes share.
//!
//! All tables live in the schema `vigia`. Whatever a transaction needs from its session is set with
//! `SET LOCAL` in the same message that begins it, so a pooler that hands out a connection per
//! transaction does as well as the server itself; only hearing notifications needs a direct one.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::migrate::{self, MIGRATIONS};
use super::query::{execute_script, query};
use super::session::Session;
use super::{Lock, Tx};
use crate::sql::sql;
use crate::{Result, StoreError};

/// Connections of a process, unless told otherwise.
const CONNECTIONS_DEFAULT: u32 = 8;
/// How long a call waits for a connection of this process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long may be looked for the reason why no connection was had.
const CAUSE_WITHIN: Duration = Duration::from_secs(2);
/// After how long without use a connection is asked whether it is there still.
const ASKED_AFTER: Duration = Duration::from_secs(2);
/// Prepared statements kept per connection: about as many as there are SQL files.
const STATEMENTS_CACHED: usize = 256;
/// How a transaction that writes begins. Whatever the role's default is, what a commit reads after it has
/// got a lock has to be what is committed by then. Whether it may write is not said: an administrator
/// who makes the database read-only means vigia too.
const WRITE: &str = "ISOLATION LEVEL READ COMMITTED";
/// How one that reads begins.
const READ: &str = "ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Channel on which commits tell what they wrote.
pub(crate) const CHANNEL: &str = "vigia";

/// How to reach a Postgres database.
#[derive(Clone)]
pub struct PostgresOptions {
    connect: PgConnectOptions,
    direct: Option<PgConnectOptions>,
    /// Connections at most.
    pub connections: u32,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a statement waits for somebody else's lock.
    pub lock_timeout: Duration,
    /// After how long the server ends a transaction whose process says nothing: one that was stopped
    /// in the middle of a commit must not hold up the others.
    pub idle_timeout: Duration,
    /// Whether the address is that of a pooler that hands out connections per transaction; prepared
    /// statements are not kept then.
    pub pooled: bool,
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without user and password.
        f.debug_struct("PostgresOptions")
            .field("address", &self.address())
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// The defaults for the database at `url`: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            connect: parse(url)?,
            direct: None,
            connections: CONNECTIONS_DEFAULT,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(10),
            pooled: false,
        })
    }

    /// With an address that leads past the pooler, for hearing notifications.
    pub fn with_direct_url(mut self, url: &str) -> Result<Self> {
        self.direct = Some(parse(url)?);
        self.pooled = true;
        Ok(self)
    }

    /// Host, port and database, to show.
    pub fn address(&self) -> String {
        let options = &self.connect;
        format!(
            "postgres://{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        )
    }

    /// What begins a transaction of this kind.
    fn begin(&self, how: &str, lock_timeout: Duration) -> String {
        format!(
            "BEGIN {how}; SET LOCAL search_path = vigia; SET LOCAL lock_timeout = {}; \
             SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = {}",
            lock_timeout.as_millis(),
            self.statement_timeout.as_millis(),
            self.idle_timeout.as_millis()
        )
    }
}

fn parse(url: &str) -> Result<PgConnectOptions> {
    let options = match url.starts_with("postgres://") || url.starts_with("postgresql://") {
        true => PgConnectOptions::from_str(url).map_err(|error| error.to_string()),
        false => Err("it does not start with postgres://".to_owned()),
    };
    // The address may hold a password: it is not repeated.
    let options = options.map_err(|problem| StoreError::Address { problem })?;
    Ok(options
        .application_name("vigia")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging())
}

/// An open database.
pub(crate) struct PostgresDatabase {
    pool: PgPool,
    options: PostgresOptions,
    session: Session,
    begin_write: String,
    begin_read: String,
}

impl PostgresDatabase {
    /// Connects and brings the schema up to date. Processes that start at once take turns at a lock,
    /// and the first of them migrates.
    pub(super) async fn open(options: PostgresOptions) -> Result<Self> {
        // Asked without the pool, which goes on trying a server that refuses connections.
        let connecting = options.connect.connect();
        match tokio::time::timeout(ACQUIRE_TIMEOUT, connecting).await {
            Ok(connected) => connected?.close().await?,
            Err(_) => return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
        }
        let session = Session::new(options.statement_timeout, !options.pooled);
        let (before, after) = (session.renewal.clone(), session.renewal.clone());
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(1))
            .acquire_timeout(ACQUIRE_TIMEOUT.min(options.statement_timeout))
            // Asking a connection whether it is there is a trip: those in use are not asked, and a transaction
            // that cannot begin on one tries another.
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let is_current = before.is_current(meta.age);
                Box::pin(async move {
                    if is_current && meta.idle_for >= ASKED_AFTER {
                        connection.ping().await?;
                    }
                    Ok(is_current)
                })
            })
            .after_release(move |_, meta| {
                let is_current = after.is_current(meta.age);
                Box::pin(async move { Ok(is_current) })
            })
            .connect_lazy_with(options.connect.clone());
        let database = Self {
            begin_write: options.begin(WRITE, options.lock_timeout),
            begin_read: options.begin(READ, options.lock_timeout),
            pool,
            options,
            session,
        };
        database.migrate().await?;
        Ok(database)
    }

    async fn migrate(&self) -> Result<()> {
        // Looking takes no lock.
        let mut look = self.read().await?;
        if done(&mut look).await? == MIGRATIONS.len() {
            return Ok(());
        }
        drop(look);
        while self.migrate_one().await? {}
        Ok(())
    }

    /// Runs the next migration; false when there is none left.
    async fn migrate_one(&self) -> Result<bool> {
        let begin = self.options.begin(WRITE, self.options.statement_timeout);
        let mut tx = self.begin(begin).await?;
        Lock::Migration.take(&mut tx).await?;
        let next = done(&mut tx).await?;
        let Some(migration) = MIGRATIONS.get(next) else {
            return Ok(false);
        };
        let there = query(sql!("postgres/schema_there"))
            .fetch_optional(&mut tx)
            .await?;
        if there.is_none() {
            execute_script(&mut tx, "CREATE SCHEMA vigia".to_owned()).await?;
        }
        execute_script(&mut tx, migration.postgres.to_owned()).await?;
        migrate::record(&mut tx, next + 1).await?;
        tx.commit().await?;
        tracing::info!(schema.version = next + 1, "database schema migrated");
        Ok(true)
    }

    pub(super) async fn write(&self) -> Result<Tx> {
        self.begin(self.begin_write.clone()).await
    }

    pub(super) async fn read(&self) -> Result<Tx> {
        self.begin(self.begin_read.clone()).await
    }

    async fn begin(&self, statement: String) -> Result<Tx> {
        // In a task of its own: sqlx 0.9 forgets a transaction whose beginning is given up half-way, and
        // would hand its connection to the next caller with the transaction open.
        let (pool, session) = (self.pool.clone(), self.session.clone());
        let begun = tokio::spawn(async move {
            let begin = || session.answer(pool.begin_with(AssertSqlSafe(statement.clone())));
            match begin().await {
                Err(StoreError::Unavailable(error)) if is_broken(&error) => {
                    session.give_up_connections();
                    begin().await
                }
                begun => begun,
            }
        });
        let tx = match begun.await.map_err(|_| sqlx::Error::WorkerCrashed)? {
            Err(StoreError::Unavailable(error)) => return Err(self.cause(error).await),
            begun => begun?,
        };
        Ok(Tx::Postgres {
            tx,
            session: self.session.clone(),
        })
    }

    /// Why no transaction could begin: a pool that waits for a server which refuses connections only says
    /// that it has waited.
    async fn cause(&self, error: sqlx::Error) -> StoreError {
        if !matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) {
            return error.into();
        }
        let connecting = self.options.connect.connect();
        match tokio::time::timeout(CAUSE_WITHIN, connecting).await {
            Ok(Err(cause)) => cause.into(),
            Ok(Ok(_)) | Err(_) => StoreError::Unavailable(error),
        }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) fn listener(&self) -> Listener {
        let options = self.options.direct.as_ref();
        Listener {
            options: options.unwrap_or(&self.options.connect).clone(),
        }
    }
}

/// Whether a connection, rather than the server, may be at fault: it was closed while nobody used it.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        sqlx::Error::PoolTimedOut => false,
        _ => true,
    }
}

/// How many migrations the database has.
async fn done(tx: &mut Tx) -> Result<usize> {
    match migrate::recorded(tx).await? {
        Some((found, compatible_from)) => migrate::done(found, Some(compatible_from)),
        None => Ok(0),
    }
}

/// Hears what commits of other processes tell.
pub(crate) struct Listener {
    options: PgConnectOptions,
}

impl Listener {
    /// Hands each message to `heard` until the connection breaks.
    pub(crate) async fn run(&self, mut heard: impl FnMut(&str)) -> Result<()> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        // None: the connection was lost, and with it what was told meanwhile.
        while let Some(message) = listener.try_recv().await? {
            heard(message.payload());
        }
        Ok(())
    }
}
