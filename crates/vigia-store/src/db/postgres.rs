//! Postgres: a pool of connections to a server that other processes share.
//!
//! All tables live in the schema `vigia`. What a statement needs from its session is asked for when the connection is
//! opened, and costs nothing from then on. A pooler that hands out a connection per transaction keeps no such thing: behind
//! one, each transaction sets it with `SET LOCAL` in the same message that begins it, and each statement is in a transaction.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::kept::Kept;
use super::migrate::{self, MIGRATIONS};
use super::query::{Query, counted, execute_script, postgres_bound, query};
use super::session::Session;
use super::{Lock, PoolSize, Row, Tx};
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
/// What a pooler answers to settings in the first message of a connection, which it knows nothing of.
const PROTOCOL_VIOLATION: &str = "08P01";
/// Where all tables live.
const SCHEMA: &str = "vigia";
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

    /// What statements need from their session.
    fn session(&self, lock_timeout: Duration) -> [(&'static str, String); 5] {
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        [
            ("search_path", SCHEMA.to_owned()),
            // Statements that read a few rows of many are taken for long ones where their limit is a parameter, and compiling
            // them takes a hundred times what they do.
            ("jit", "off".to_owned()),
            ("lock_timeout", milliseconds(lock_timeout)),
            ("statement_timeout", milliseconds(self.statement_timeout)),
            (
                "idle_in_transaction_session_timeout",
                milliseconds(self.idle_timeout),
            ),
        ]
    }

    /// What begins a transaction of this kind, on a connection that has its settings already or not.
    fn begin(&self, how: &str) -> String {
        match self.pooled {
            true => self.begin_setting(how, self.lock_timeout),
            false => format!("BEGIN {how}"),
        }
    }

    fn begin_setting(&self, how: &str, lock_timeout: Duration) -> String {
        let settings = self.session(lock_timeout);
        let settings = settings.map(|(name, value)| format!("; SET LOCAL {name} = {value}"));
        format!("BEGIN {how}{}", settings.concat())
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
    kept: Arc<Kept>,
    options: PostgresOptions,
    session: Session,
    begin_write: String,
    begin_read: String,
}

impl PostgresDatabase {
    /// Connects and brings the schema up to date. Processes that start at once take turns at a lock,
    /// and the first of them migrates.
    pub(super) async fn open(options: PostgresOptions) -> Result<Self> {
        let mut options = options;
        if !options.pooled {
            let session = options.session(options.lock_timeout);
            options.connect = options.connect.options(session);
        }
        // Asked without the pool, which goes on trying a server that refuses connections.
        let connecting = try_out(&options);
        match tokio::time::timeout(ACQUIRE_TIMEOUT, connecting).await {
            Ok(tried) => tried?,
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
            begin_write: options.begin(WRITE),
            begin_read: options.begin(READ),
            kept: Arc::new(Kept::new(options.connections)),
            pool,
            options,
            session,
        };
        database.migrate().await?;
        Ok(database)
    }

    pub(super) fn pool(&self) -> PoolSize {
        let mut size = PoolSize::of("all", &self.pool);
        let kept = u32::try_from(self.kept.idle()).unwrap_or(0);
        size.idle = size.idle.saturating_add(kept).min(size.open);
        size
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
        let patience = self.options.statement_timeout;
        let begin = self.options.begin_setting(WRITE, patience);
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
            execute_script(&mut tx, format!("CREATE SCHEMA {SCHEMA}")).await?;
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
        let kept = Arc::clone(&self.kept);
        let begun = tokio::spawn(async move {
            let begin = || {
                let begun = pool.begin_with(AssertSqlSafe(statement.clone()));
                session.answer(kept.wait_for_pool(&pool, begun))
            };
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

    /// All rows of a statement that reads, in a transaction that begins and ends with it.
    pub(super) async fn fetch(&self, query: Query) -> Result<Vec<Row>> {
        if self.options.pooled {
            return query.fetch_all(&mut self.read().await?).await;
        }
        let ask = async |query: Query| {
            let (kept, renewal) = (&self.kept, &self.session.renewal);
            let _place = kept.place(self.session.patience).await?;
            let taking = kept.take(&self.pool, renewal, ASKED_AFTER);
            let mut reading = self.session.answer(taking).await?;
            counted();
            let query = postgres_bound(sqlx::query(query.sql.postgres), query.values);
            let rows = query.fetch_all(&mut *reading.connection);
            // Given up, or answered by an error, it goes back to the pool, which finds out whether it is of use.
            let rows = self.session.answer(rows).await?;
            kept.keep(reading);
            Ok(rows)
        };
        let rows = match ask(query.clone()).await {
            Err(StoreError::Unavailable(error)) if is_broken(&error) => {
                self.session.give_up_connections();
                ask(query).await
            }
            asked => asked,
        };
        match rows {
            Err(StoreError::Unavailable(error)) => Err(self.cause(error).await),
            rows => Ok(rows?.into_iter().map(Row::Postgres).collect()),
        }
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
        self.kept.close();
        self.pool.close().await;
    }

    pub(super) fn listener(&self) -> Listener {
        let options = self.options.direct.as_ref();
        Listener {
            options: options.unwrap_or(&self.options.connect).clone(),
        }
    }
}

/// Connects once, and sees whether the connection is as it was asked for.
async fn try_out(options: &PostgresOptions) -> Result<()> {
    let mut connection = match options.connect.connect().await {
        Err(error) if is_startup_refused(&error) => return Err(StoreError::Pooled(error)),
        connected => connected?,
    };
    if !options.pooled {
        let path = sqlx::query_scalar("SELECT current_setting('search_path')");
        let path: String = path.persistent(false).fetch_one(&mut connection).await?;
        if path != SCHEMA {
            let problem = format!("search_path is {path:?}, which was asked to be {SCHEMA:?}");
            return Err(StoreError::Pooled(sqlx::Error::Protocol(problem)));
        }
    }
    Ok(connection.close().await?)
}

/// Whether it is refused because it asks for settings, as poolers do.
fn is_startup_refused(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some(PROTOCOL_VIOLATION) && error.message().contains("startup")
    })
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
