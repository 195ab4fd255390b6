//! Reading another application's list of accounts out of its Postgres database.
//!
//! The query runs in a transaction that may only read, on a connection of its own that is closed
//! afterwards: the application's database is the application's.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::time::Duration;

use futures::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use vigia_core::{SourceBuilder, SourceRowError, SourceSnapshot};

use crate::StoreError;

/// How long making the connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceReadError {
    /// The database is out of reach.
    #[error("the source's database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// Making the connection took too long.
    #[error("the source's database did not answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Silent,
    /// The database refuses the query.
    #[error("the source's query failed")]
    Query(#[source] sqlx::Error),
    /// The query returns something else than rows of a source.
    #[error(transparent)]
    Row(#[from] SourceRowError),
    /// More rows than allowed.
    #[error("the source has more than {rows_max} rows; raise source.rows_max if that is right")]
    TooMany {
        /// The limit.
        rows_max: u64,
    },
}

impl SourceReadError {
    /// Whether it may go better soon without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Silent => true,
            Self::Query(error) => match error.as_database_error() {
                // Of a query, only resources, operators and conflicts pass by themselves.
                Some(refusal) => refusal
                    .code()
                    .is_some_and(|code| ["40", "53", "57"].iter().any(|c| code.starts_with(c))),
                None => true,
            },
            Self::Row(_) | Self::TooMany { .. } => false,
        }
    }
}

/// A query on a Postgres database that returns a source's rows.
#[derive(Clone)]
pub struct SourceReader {
    connect: PgConnectOptions,
    query: String,
    /// How long the query may take.
    pub statement_timeout: Duration,
    /// Most rows that are taken (I-13).
    pub rows_max: u64,
}

impl std::fmt::Debug for SourceReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("SourceReader").finish_non_exhaustive()
    }
}

impl SourceReader {
    /// A reader of what `query` returns at `url`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub fn new(url: &str, query: &str) -> Result<Self, StoreError> {
        let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let options = match is_postgres {
            true => PgConnectOptions::from_str(url).map_err(|error| error.to_string()),
            false => Err("it does not start with postgres://".to_owned()),
        };
        let options = options.map_err(|problem| StoreError::Address { problem })?;
        Ok(Self {
            connect: options
                .application_name("vigia source")
                .disable_statement_logging(),
            query: query.trim().trim_end_matches(';').trim_end().to_owned(),
            statement_timeout: Duration::from_secs(30),
            rows_max: u64::MAX,
        })
    }

    /// Reads all rows, in one snapshot of the application's database.
    pub async fn read(&self) -> Result<SourceSnapshot, SourceReadError> {
        let mut builder = SourceBuilder::default();
        let mut wrong = None;
        let mut take = |row: &str| match builder.push(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                wrong = Some(error);
                ControlFlow::Break(())
            }
        };
        self.take_rows(&mut take).await?;
        match wrong {
            Some(error) => Err(error.into()),
            None => Ok(builder.finish()),
        }
    }

    /// Hands over all rows as JSON objects, in one snapshot of the application's database.
    pub async fn read_rows(
        &self,
        take: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), SourceReadError> {
        self.take_rows(&mut |row| {
            take(row);
            ControlFlow::Continue(())
        })
        .await
    }

    /// Hands over rows until `take` has enough.
    async fn take_rows(
        &self,
        take: &mut (dyn FnMut(&str) -> ControlFlow<()> + Send),
    ) -> Result<(), SourceReadError> {
        let connecting = self.connect.connect();
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        let mut connection = connected
            .map_err(|_| SourceReadError::Silent)?
            .map_err(SourceReadError::Unreachable)?;
        let read = self.take_from(&mut connection, take).await;
        // What was read is read, however the connection ends.
        let _ = connection.close().await;
        read
    }

    async fn take_from(
        &self,
        connection: &mut PgConnection,
        take: &mut (dyn FnMut(&str) -> ControlFlow<()> + Send),
    ) -> Result<(), SourceReadError> {
        let begin = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {}",
            self.statement_timeout.as_millis()
        );
        let begin = sqlx::raw_sql(AssertSqlSafe(begin));
        connection
            .execute(begin)
            .await
            .map_err(SourceReadError::Query)?;
        // As JSON, every type a column may have becomes text or number, and an absent column is one
        // that is not there. The line break ends a comment that the query may end in.
        let wrapped = format!(
            "SELECT row_to_json(source)::text AS row FROM (\n{}\n) AS source",
            self.query
        );
        // Not kept prepared: a pooler may hand the connection to somebody else.
        let query = sqlx::query(AssertSqlSafe(wrapped)).persistent(false);
        let mut count = 0;
        let mut rows = query.fetch(connection);
        while let Some(row) = rows.try_next().await.map_err(SourceReadError::Query)? {
            if count == self.rows_max {
                let rows_max = self.rows_max;
                return Err(SourceReadError::TooMany { rows_max });
            }
            count += 1;
            let json: &str = row.try_get(0).map_err(SourceReadError::Query)?;
            if take(json).is_break() {
                break;
            }
        }
        Ok(())
    }
}
