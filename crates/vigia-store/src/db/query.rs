//! Running a statement in a transaction of either database.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Postgres, Sqlite};

use super::value::{Value, byte_strings_json, texts_json};
use super::{Database, Row, Tx};
use crate::sql::Sql;
use crate::{Result, StoreError};

/// Statements that were sent to databases.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// How many statements this process has sent to databases, whatever store they were of; what begins and ends transactions is
/// not counted.
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// That one is sent.
pub(super) fn counted() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
}

/// A statement with its parameters so far.
#[derive(Clone)]
pub(crate) struct Query {
    pub(super) sql: Sql,
    pub(super) values: Vec<Value>,
}

/// A statement to be run.
pub(crate) fn query(sql: Sql) -> Query {
    Query {
        sql,
        values: Vec::new(),
    }
}

impl Query {
    /// With the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// All rows.
    pub(crate) async fn fetch_all(self, tx: &mut Tx) -> Result<Vec<Row>> {
        counted();
        Ok(match tx {
            Tx::Sqlite(tx) => {
                let query = sqlite_bound(sqlx::query(self.sql.sqlite), self.values);
                let rows = query.fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Tx::Postgres { tx, session } => {
                let query = sqlx::query(self.sql.postgres).persistent(session.persistent);
                let query = postgres_bound(query, self.values);
                let rows = session.answer(query.fetch_all(&mut **tx)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// All rows of a statement that is alone in its transaction.
    pub(crate) async fn fetch_alone(self, database: &Database) -> Result<Vec<Row>> {
        match database {
            // A transaction of its own begins and ends with it.
            Database::Sqlite(database) => {
                counted();
                let query = sqlite_bound(sqlx::query(self.sql.sqlite), self.values);
                let rows = query.fetch_all(database.readers()).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Database::Postgres(database) => database.fetch(self).await,
        }
    }

    /// Hands over row by row, until `take` says that it has enough.
    pub(crate) async fn fetch_while(
        self,
        tx: &mut Tx,
        mut take: impl FnMut(Row) -> Result<bool> + Send,
    ) -> Result<()> {
        counted();
        match tx {
            Tx::Sqlite(tx) => {
                let query = sqlite_bound(sqlx::query(self.sql.sqlite), self.values);
                let mut rows = query.fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    if !take(Row::Sqlite(row))? {
                        break;
                    }
                }
            }
            Tx::Postgres { tx, session } => {
                let query = sqlx::query(self.sql.postgres).persistent(session.persistent);
                let mut rows = postgres_bound(query, self.values).fetch(&mut **tx);
                while let Some(row) = session.answer(rows.try_next()).await? {
                    if !take(Row::Postgres(row))? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The first row, where there is one.
    pub(crate) async fn fetch_optional(self, tx: &mut Tx) -> Result<Option<Row>> {
        Ok(self.fetch_all(tx).await?.into_iter().next())
    }

    /// The row of a statement that always has one.
    pub(crate) async fn fetch_one(self, tx: &mut Tx) -> Result<Row> {
        let row = self.fetch_optional(tx).await?;
        row.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// Runs it; returns how many rows it touched.
    pub(crate) async fn execute(self, tx: &mut Tx) -> Result<u64> {
        counted();
        Ok(match tx {
            Tx::Sqlite(tx) => {
                let query = sqlite_bound(sqlx::query(self.sql.sqlite), self.values);
                query.execute(&mut **tx).await?.rows_affected()
            }
            Tx::Postgres { tx, session } => {
                let query = sqlx::query(self.sql.postgres).persistent(session.persistent);
                let query = postgres_bound(query, self.values);
                let done = session.answer(query.execute(&mut **tx)).await?;
                done.rows_affected()
            }
        })
    }
}

/// Runs text of several statements without parameters: migrations.
pub(crate) async fn execute_script(tx: &mut Tx, text: String) -> Result<()> {
    let script = sqlx::raw_sql(AssertSqlSafe(text));
    match tx {
        Tx::Sqlite(tx) => script.execute(&mut **tx).await.map(|_| ())?,
        Tx::Postgres { tx, .. } => script.execute(&mut **tx).await.map(|_| ())?,
    }
    Ok(())
}

pub(super) type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
pub(super) type PostgresQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

pub(super) fn sqlite_bound(query: SqliteQuery, values: Vec<Value>) -> SqliteQuery {
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Money(value) => query.bind(value),
        Value::Texts(values) => query.bind(texts_json(values)),
        Value::ByteStrings(values) => query.bind(byte_strings_json(&values)),
    })
}

pub(super) fn postgres_bound(query: PostgresQuery, values: Vec<Value>) -> PostgresQuery {
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Money(value) => query.bind(value),
        Value::Texts(values) => query.bind(values),
        Value::ByteStrings(values) => query.bind(values),
    })
}
