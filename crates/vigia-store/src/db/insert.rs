//! Inserting many rows with few statements.
//!
//! A statement costs a trip to the database and back, which at thousands of rows a batch is most of
//! the time. The SQL file holds the one-row form, `VALUES ($1, $2)`; SQLite gets its tuple many
//! times, Postgres gets a column of values for each parameter and unnests them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use sqlx::AssertSqlSafe;

use super::money::Money;
use super::query::{PostgresQuery, SqliteQuery, counted, sqlite_bound};
use super::value::Value;
use super::{Row, Tx};
use crate::Result;
use crate::sql::Sql;

/// Rows per statement on SQLite while there are as many. Times the widest table (18 columns) this is far below
/// SQLite's 32,766 parameters.
const SQLITE_ROWS: usize = 128;
/// Rows of the statement for the rest, smallest first: few, so that few texts are compiled. It takes the first
/// that is large enough and fills it up with rows that are none.
const SQLITE_PADDED: [usize; 6] = [1, 4, 16, 32, 64, SQLITE_ROWS];
/// Rows per statement on Postgres: bounds the message, not the number of parameters.
pub(super) const POSTGRES_ROWS: usize = 2_000;

/// Inserts `rows`, each given by its parameters; returns how many were new.
pub(crate) async fn insert<R>(
    tx: &mut Tx,
    sql: Sql,
    rows: &[R],
    values: impl Fn(&R) -> Result<Vec<Value>>,
) -> Result<u64> {
    let mut inserted = 0;
    match tx {
        Tx::Sqlite(tx) => {
            let mut chunks = sqlite_chunks(rows);
            let mut put_together = || {
                let chunk = chunks.next();
                chunk
                    .map(|chunk| sqlite_query(sql, chunk, &values))
                    .transpose()
            };
            let mut next = put_together()?;
            while let Some(query) = next {
                counted();
                // While the connection's thread runs one, the next is put together.
                let (done, query) =
                    futures::join!(query.execute(&mut **tx), async { put_together() });
                inserted += done?.rows_affected();
                next = query?;
            }
        }
        Tx::Postgres { tx, session } => {
            for chunk in rows.chunks(POSTGRES_ROWS) {
                let query = postgres_query(sql, chunk, &values)?.persistent(session.persistent);
                counted();
                let done = session.answer(query.execute(&mut **tx)).await?;
                inserted += done.rows_affected();
            }
        }
    }
    Ok(inserted)
}

/// Inserts `rows`; returns what the statement's RETURNING says of those that were new.
pub(crate) async fn insert_returning<R>(
    tx: &mut Tx,
    sql: Sql,
    rows: &[R],
    values: impl Fn(&R) -> Result<Vec<Value>>,
) -> Result<Vec<Row>> {
    let mut returned = Vec::new();
    match tx {
        Tx::Sqlite(tx) => {
            for chunk in sqlite_chunks(rows) {
                let rows = sqlite_query(sql, chunk, &values)?;
                counted();
                let rows = rows.fetch_all(&mut **tx).await?;
                returned.extend(rows.into_iter().map(Row::Sqlite));
            }
        }
        Tx::Postgres { tx, session } => {
            for chunk in rows.chunks(POSTGRES_ROWS) {
                let query = postgres_query(sql, chunk, &values)?.persistent(session.persistent);
                counted();
                let rows = session.answer(query.fetch_all(&mut **tx)).await?;
                returned.extend(rows.into_iter().map(Row::Postgres));
            }
        }
    }
    Ok(returned)
}

fn sqlite_query<R>(
    sql: Sql,
    rows: &[R],
    values: &impl Fn(&R) -> Result<Vec<Value>>,
) -> Result<SqliteQuery> {
    let query = match rows.len() {
        1 => sqlx::query(sql.sqlite),
        SQLITE_ROWS => sqlx::query(AssertSqlSafe(repeated(sql.sqlite, SQLITE_ROWS))),
        count => sqlx::query(AssertSqlSafe(padded(sql.sqlite, padded_to(count)))),
    };
    let mut columns = 0;
    let query = rows.iter().try_fold(query, |query, row| {
        let values = values(row)?;
        columns = values.len();
        Ok::<_, crate::StoreError>(sqlite_bound(query, values))
    })?;
    let missing = padded_to(rows.len()) - rows.len();
    Ok(sqlite_bound(
        query,
        vec![Value::Int(None); missing * columns],
    ))
}

fn sqlite_chunks<R>(rows: &[R]) -> impl Iterator<Item = &[R]> {
    rows.chunks(SQLITE_ROWS)
}

/// Rows of the statement for so many.
pub(super) fn padded_to(count: usize) -> usize {
    let fits = SQLITE_PADDED.into_iter().find(|size| *size >= count);
    fits.unwrap_or(SQLITE_ROWS)
}

fn postgres_query<R>(
    sql: Sql,
    rows: &[R],
    values: &impl Fn(&R) -> Result<Vec<Value>>,
) -> Result<PostgresQuery> {
    let mut columns = Columns::default();
    for row in rows {
        columns.push(values(row)?, rows.len());
    }
    let query = sqlx::query(AssertSqlSafe(unnested(sql.postgres)));
    Ok(columns.bind(query))
}

/// The parameters of an INSERT over many rows, an array each.
#[derive(Default)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Adds the values of a row; there will be about so many.
    pub(super) fn push(&mut self, values: Vec<Value>, rows: usize) {
        if self.0.is_empty() {
            let columns = values.iter().map(|value| Column::like(value, rows));
            self.0.extend(columns);
        }
        for (column, value) in self.0.iter_mut().zip(values) {
            column.push(value);
        }
    }

    /// How many parameters they are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn bind(self, query: PostgresQuery) -> PostgresQuery {
        self.0.into_iter().fold(query, Column::bind)
    }
}

/// The values of one parameter over many rows.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Money(Vec<Option<Money>>),
}

impl Column {
    fn like(value: &Value, rows: usize) -> Self {
        match value {
            Value::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Value::Text(_) => Self::Text(Vec::with_capacity(rows)),
            Value::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
            Value::Money(_) => Self::Money(Vec::with_capacity(rows)),
            Value::Texts(_) | Value::ByteStrings(_) => unreachable!("no column holds a list"),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Int(column), Value::Int(value)) => column.push(value),
            (Self::Text(column), Value::Text(value)) => column.push(value),
            (Self::Bytes(column), Value::Bytes(value)) => column.push(value),
            (Self::Money(column), Value::Money(value)) => column.push(value),
            _ => unreachable!("a parameter is of one kind in every row"),
        }
    }

    fn bind(query: PostgresQuery, column: Self) -> PostgresQuery {
        match column {
            Self::Int(column) => query.bind(column),
            Self::Text(column) => query.bind(column),
            Self::Bytes(column) => query.bind(column),
            Self::Money(column) => query.bind(column),
        }
    }
}

/// The statement around its VALUES tuple: before it, the tuple's inside, after it.
fn parts(sql: &str) -> (&str, &str, &str) {
    const VALUES: &str = "VALUES (";
    let start = sql.find(VALUES).expect("an insert has VALUES");
    let inside = &sql[start + VALUES.len()..];
    let end = inside.find(')').expect("VALUES has a tuple");
    (&sql[..start], &inside[..end], &inside[end + 1..])
}

/// The statement with its tuple `count` times. Its parameters stand in order, so the repeated ones
/// go without numbers: SQLite looks a numbered one up in a list, which makes binding n of them take
/// n x n steps.
fn repeated(sql: &str, count: usize) -> String {
    let (before, inside, after) = parts(sql);
    let tuple = format!("({})", with_parameters(inside, |_| "?".to_owned()));
    let tuples = vec![tuple; count].join(", ");
    format!("{before}VALUES {tuples}{after}")
}

/// The statement with room for `count` rows, of which those without a first value are none: no key that is
/// inserted is null. Without numbers for the same reason.
pub(super) fn padded(sql: &str, count: usize) -> String {
    let (before, inside, after) = parts(sql);
    let tuple = format!("({})", with_parameters(inside, |_| "?".to_owned()));
    let tuples = vec![tuple; count].join(", ");
    format!("{before}SELECT * FROM (VALUES {tuples}) WHERE column1 IS NOT NULL{after}")
}

/// The statement with its tuple as a selection from unnested arrays, one a parameter. Kept, since
/// there are few texts and each is asked for with every batch.
fn unnested(sql: &'static str) -> String {
    static KEPT: LazyLock<Mutex<HashMap<&'static str, String>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.entry(sql).or_insert_with(|| unnest(sql, 0)).clone()
}

/// The same with the arrays' parameters after `base` others.
pub(super) fn unnest(sql: &str, base: usize) -> String {
    let (before, inside, after) = parts(sql);
    let mut count = 0;
    let selected = with_parameters(inside, |number| {
        count = number;
        format!("row.c{number}")
    });
    let list = |name: &str, base: usize| {
        let names: Vec<String> = (1..=count)
            .map(|number| format!("{name}{}", base + number))
            .collect();
        names.join(", ")
    };
    let (arrays, columns) = (list("$", base), list("c", 0));
    format!("{before}SELECT {selected} FROM unnest({arrays}) AS row ({columns}){after}")
}

/// `$1, 0, $2` with each parameter written anew.
fn with_parameters(inside: &str, mut written: impl FnMut(usize) -> String) -> String {
    let mut parts = inside.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.enumerate().fold(first, |text, (before, part)| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &part[..part.len() - rest.len()];
        debug_assert_eq!(
            number,
            (before + 1).to_string(),
            "parameters stand in order"
        );
        text + &written(before + 1) + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSERT: &str = "INSERT INTO t (a, b, c) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING";

    #[test]
    fn tuples_repeat_with_parameters_in_order() {
        assert_eq!(
            repeated(INSERT, 3),
            "INSERT INTO t (a, b, c) VALUES (?, 0, ?), (?, 0, ?), (?, 0, ?) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn tuples_become_a_selection_from_arrays() {
        assert_eq!(
            unnest(INSERT, 0),
            "INSERT INTO t (a, b, c) SELECT row.c1, 0, row.c2 FROM unnest($1, $2) AS row (c1, c2) \
             ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn what_is_missing_of_a_size_is_no_row() {
        assert_eq!(
            padded(INSERT, 2),
            "INSERT INTO t (a, b, c) SELECT * FROM (VALUES (?, 0, ?), (?, 0, ?)) \
             WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING"
        );
        for (count, size) in [(1, 1), (2, 4), (16, 16), (17, 32), (65, 128), (128, 128)] {
            assert_eq!(padded_to(count), size);
        }
    }
}
