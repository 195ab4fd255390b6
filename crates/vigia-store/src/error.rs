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
    /// An address of a database that cannot be used.
    #[error(
        "the address of the database cannot be used: {problem}; it is written \
         postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Address {
        /// Why.
        problem: String,
    },
    /// A copy of another store into this one has begun and not ended; nothing else may use it.
    #[error(
        "the database is being filled by vigia migrate-store, which has not finished; run it again to \
         the end"
    )]
    CopyUnfinished,
    /// A copy cannot be made.
    #[error("the copy is refused: {problem}")]
    CopyRefused {
        /// Why, and what to do.
        problem: String,
    },
    /// The source of a copy cannot be held still.
    #[error(
        "the source is being written to and cannot be held still; stop the vigia processes that use it \
         (up, poll, work, ingest, watch) and run this again"
    )]
    CopySourceBusy(#[source] sqlx::Error),
    /// Another transaction was in the way and this one was taken back: worth another try at once.
    #[error("the database took the transaction back in favour of another")]
    Contended(#[source] sqlx::Error),
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
        matches!(self, Self::Unavailable(_) | Self::Contended(_))
    }

    /// Whether the same call may succeed at once.
    pub(crate) fn is_contention(&self) -> bool {
        matches!(self, Self::Contended(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::BeginFailed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(refusal) => match judge(refusal.code().as_deref()) {
                Judgement::Contended => Self::Contended(error),
                Judgement::Unavailable => Self::Unavailable(error),
                Judgement::Failed => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

enum Judgement {
    Contended,
    Unavailable,
    Failed,
}

/// SQLite's primary result codes for "somebody else has the file", "read only", "the disk failed" and
/// "the disk is full"; extended codes hold the primary one in their low byte.
const SQLITE_UNAVAILABLE: [i32; 5] = [5, 6, 8, 10, 13];
/// Postgres' classes of "connection", "resources" (full disks, too many connections) and "operator"
/// (shutting down, starting up, cancelled), and "lock not available", "read only", "idle in
/// transaction". Its codes have five characters, SQLite's at most four.
const POSTGRES_UNAVAILABLE: [&str; 6] = ["08", "53", "57", "55P03", "25006", "25P03"];
/// "Serialization failure" and "deadlock detected".
const POSTGRES_CONTENDED: [&str; 2] = ["40001", "40P01"];

fn judge(code: Option<&str>) -> Judgement {
    let code = code.unwrap_or_default();
    if code.len() == 5 {
        if POSTGRES_CONTENDED.contains(&code) {
            return Judgement::Contended;
        }
        let unavailable = POSTGRES_UNAVAILABLE
            .iter()
            .any(|class| code.starts_with(class));
        return match unavailable {
            true => Judgement::Unavailable,
            false => Judgement::Failed,
        };
    }
    match code.parse::<i32>() {
        Ok(code) if SQLITE_UNAVAILABLE.contains(&(code & 0xff)) => Judgement::Unavailable,
        _ => Judgement::Failed,
    }
}
