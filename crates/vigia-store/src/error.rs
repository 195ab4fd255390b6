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
    /// A name that no user or account can have.
    #[error("{problem}")]
    BadName {
        /// Which, why, and what fits.
        problem: String,
    },
    /// Another committee for an epoch than the one that is stored.
    #[error(
        "the database has another committee for epoch {epoch}: the trust root or the provider is of \
         another chain than the database, or validators have signed two; nothing is proven until \
         somebody has looked into it"
    )]
    TwoCommittees {
        /// The epoch.
        epoch: u64,
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
    /// Somebody has made the database read-only, or it is a standby: worth another try.
    #[error("the database is read-only")]
    ReadOnly(#[source] sqlx::Error),
    /// There is no room for what was to be written: worth another try.
    #[error("the disk of the database is full")]
    Full(#[source] sqlx::Error),
    /// Prepared statements are not where they were left: a pooler is in between.
    #[error(
        "the database is behind a pooler that shares its connections, such as PgBouncer: set \
         store.direct_url to an address that leads past it"
    )]
    Pooled(#[source] sqlx::Error),
    /// Anything else the database says.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Contended(_) | Self::ReadOnly(_) | Self::Full(_)
        )
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
                Judgement::ReadOnly => Self::ReadOnly(error),
                Judgement::Full => Self::Full(error),
                Judgement::Pooled => Self::Pooled(error),
                Judgement::Failed => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

#[derive(Clone, Copy)]
enum Judgement {
    Contended,
    Unavailable,
    ReadOnly,
    Full,
    Pooled,
    Failed,
}

/// SQLite's primary result codes; extended codes hold the primary one in their low byte.
const SQLITE: [(i32, Judgement); 5] = [
    // Busy, locked.
    (5, Judgement::Unavailable),
    (6, Judgement::Unavailable),
    (8, Judgement::ReadOnly),
    // The disk failed.
    (10, Judgement::Unavailable),
    (13, Judgement::Full),
];
/// Postgres' codes or the classes that they begin with; the first that fits counts. Its codes have five
/// characters, SQLite's at most four.
const POSTGRES: [(&str, Judgement); 11] = [
    ("25006", Judgement::ReadOnly),
    ("53100", Judgement::Full),
    // Connections; other resources; the operator: shutting down, starting up, cancelled.
    ("08", Judgement::Unavailable),
    ("53", Judgement::Unavailable),
    ("57", Judgement::Unavailable),
    // A lock is not available; silent for too long within a transaction.
    ("55P03", Judgement::Unavailable),
    ("25P03", Judgement::Unavailable),
    // Serialization failure, deadlock.
    ("40001", Judgement::Contended),
    ("40P01", Judgement::Contended),
    // A prepared statement is there already, or is not.
    ("42P05", Judgement::Pooled),
    ("26000", Judgement::Pooled),
];

fn judge(code: Option<&str>) -> Judgement {
    let code = code.unwrap_or_default();
    let known = match code.len() {
        5 => POSTGRES
            .iter()
            .find(|(class, _)| code.starts_with(class))
            .map(|(_, judgement)| *judgement),
        _ => code.parse::<i32>().ok().and_then(|code| {
            let primary = SQLITE.iter().find(|(primary, _)| code & 0xff == *primary);
            primary.map(|(_, judgement)| *judgement)
        }),
    };
    known.unwrap_or(Judgement::Failed)
}
