//! What can go wrong in a store, by what the caller can do about it.

use vigia_core::{ChainId, Place};

/// An error of a store method; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database holds another chain.
    #[error(
        "the database belongs to chain {database} but the provider serves chain {provider}; \
         use another data directory or another provider"
    )]
    ChainMismatch {
        /// Chain the database was filled from.
        database: ChainId,
        /// Chain that was offered.
        provider: ChainId,
    },
    /// The schema is newer than this binary understands.
    #[error(
        "the database schema is version {found}, this vigia knows up to {known}; upgrade vigia"
    )]
    SchemaTooNew {
        /// Version in the database.
        found: i64,
        /// Newest version in this binary.
        known: i64,
    },
    /// A number that the database cannot hold; nothing like it exists on a real chain.
    #[error("{what} {value} is beyond what the database can hold")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// Stored data that cannot be read back.
    #[error("stored {what} is damaged: {problem}")]
    Damaged {
        /// Which.
        what: &'static str,
        /// How.
        problem: String,
    },
    /// Something is said about a transaction that is neither stored nor part of the commit.
    #[error("the commit says something about {place}, where no raw transaction is stored")]
    NoTransaction {
        /// Where it would stand.
        place: Place,
    },
    /// The database refused, is busy or out of reach: worth another try.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// Anything else the database says.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// SQLite's primary result codes for "somebody else has the file".
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(refusal) if is_busy(refusal.code().as_deref()) => {
                Self::Unavailable(error)
            }
            _ => Self::Database(error),
        }
    }
}

/// Extended codes hold the primary one in their low byte.
fn is_busy(code: Option<&str>) -> bool {
    let primary = code
        .and_then(|code| code.parse::<i32>().ok())
        .map(|code| code & 0xff);
    matches!(primary, Some(SQLITE_BUSY | SQLITE_LOCKED))
}
