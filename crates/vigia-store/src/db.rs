//! The databases behind the store: connections, transactions, statements and rows, alike for both.
//!
//! What is stored and when is decided in `store`; this module knows how a database is reached. A
//! write on SQLite has the file's one write lock from its first moment; a write on Postgres runs
//! beside others, and takes the locks it needs by name.

mod insert;
mod kept;
mod lock;
mod migrate;
mod money;
mod postgres;
mod query;
mod row;
mod session;
mod sqlite;
mod trip;
mod value;

pub(crate) use insert::{insert, insert_returning};
pub(crate) use lock::Lock;
pub(crate) use money::Money;
pub(crate) use postgres::Listener;
pub use postgres::PostgresOptions;
pub use query::statements;
pub(crate) use query::{Query, execute_script, query};
pub(crate) use row::{Row, Stored, get, get_opt, parsed};
pub use sqlite::{Durability, SqliteOptions};
pub(crate) use trip::Trip;
pub(crate) use value::{Value, byte_strings, texts};

use sqlx::{Postgres, Sqlite, Transaction};

use crate::Result;

/// Which database to open, and how.
#[derive(Clone, Debug)]
pub enum StoreOptions {
    /// A file on this machine.
    Sqlite(SqliteOptions),
    /// A server, shared by processes of several machines.
    Postgres(Box<PostgresOptions>),
}

impl From<SqliteOptions> for StoreOptions {
    fn from(options: SqliteOptions) -> Self {
        Self::Sqlite(options)
    }
}

impl From<PostgresOptions> for StoreOptions {
    fn from(options: PostgresOptions) -> Self {
        Self::Postgres(Box::new(options))
    }
}

/// An open database.
pub(crate) enum Database {
    Sqlite(sqlite::SqliteDatabase),
    Postgres(Box<postgres::PostgresDatabase>),
}

/// Connections of one kind, at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// `all` on Postgres; `write` and `read` on SQLite.
    pub name: &'static str,
    /// Open.
    pub open: u32,
    /// Open, and used by nobody.
    pub idle: u32,
    /// How many there may be.
    pub max: u32,
}

impl PoolSize {
    fn of<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> Self {
        let open = pool.size();
        // Two looks at what goes on changing.
        let idle = u32::try_from(pool.num_idle()).unwrap_or(open).min(open);
        Self {
            name,
            open,
            idle,
            max: pool.options().get_max_connections(),
        }
    }
}

/// A transaction. Dropped without `commit`, it leaves nothing behind.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres {
        tx: Transaction<'static, Postgres>,
        session: session::Session,
    },
}

impl Database {
    /// Connects, creating what is missing and bringing the schema up to date.
    pub(crate) async fn open(options: StoreOptions) -> Result<Self> {
        Ok(match options {
            StoreOptions::Sqlite(options) => {
                Self::Sqlite(sqlite::SqliteDatabase::open(options).await?)
            }
            StoreOptions::Postgres(options) => {
                Self::Postgres(Box::new(postgres::PostgresDatabase::open(*options).await?))
            }
        })
    }

    /// Begins a write.
    pub(crate) async fn write(&self) -> Result<Tx> {
        match self {
            Self::Sqlite(database) => Ok(Tx::Sqlite(database.write().await?)),
            Self::Postgres(database) => database.write().await,
        }
    }

    /// Begins a read of one moment.
    pub(crate) async fn read(&self) -> Result<Tx> {
        match self {
            Self::Sqlite(database) => Ok(Tx::Sqlite(database.read().await?)),
            Self::Postgres(database) => database.read().await,
        }
    }

    /// Leaves nothing of what was deleted, as far as that is the process's to do: Postgres' own vacuum does so there.
    pub(crate) async fn forget_deleted(&self) {
        if let Self::Sqlite(database) = self
            && let Err(error) = database.empty_log().await
        {
            tracing::warn!(%error, "what was erased may be in the database's log until it is begun anew");
        }
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }

    /// How many connections there are.
    pub(crate) fn pools(&self) -> Vec<PoolSize> {
        match self {
            Self::Sqlite(database) => database.pools().into(),
            Self::Postgres(database) => vec![database.pool()],
        }
    }

    /// A connection that hears what other processes change; none on SQLite, which is asked instead.
    pub(crate) fn listener(&self) -> Option<Listener> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(database) => Some(database.listener()),
        }
    }
}

impl Tx {
    /// Makes everything written in it visible, at once.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres { tx, session } => session.answer(tx.commit()).await?,
        }
        Ok(())
    }
}
