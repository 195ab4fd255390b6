//! Several statements in one trip to the database and back.
//!
//! A trip to SQLite is one to the connection's thread, a trip to Postgres one to the server; a live commit
//! is mostly such trips. Here rows of several tables, and changes of which only the number matters, go
//! together: on SQLite as one text of several statements, on Postgres as one statement of several
//! `WITH` parts. The parts of a trip therefore touch different tables, and none sees what another wrote.

use futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Either, Executor, Row as _, Sqlite, Transaction};

use super::insert::{Columns, POSTGRES_ROWS, padded, padded_to, unnest};
use super::query::{PostgresQuery, Query, SqliteQuery, postgres_bound, query, sqlite_bound};
use super::value::Value;
use super::{Lock, Tx, insert};
use crate::Result;
use crate::sql::Sql;

/// Rows of one part that go with others on SQLite. More of them are a statement of their own, so that few
/// texts are compiled and none is large.
const SQLITE_ROWS_TOGETHER: usize = 64;

/// What goes together.
#[derive(Default)]
pub(crate) struct Trip {
    parts: Vec<Part>,
}

enum Part {
    Rows {
        sql: Sql,
        rows: Vec<Vec<Value>>,
    },
    Statement(Query),
    /// Rows that were too many to go with others, of which so many were touched.
    Done(u64),
}

impl Trip {
    /// With rows to be inserted by a one-row INSERT; at once, where they are too many to go with others.
    pub(crate) async fn rows<R>(
        mut self,
        tx: &mut Tx,
        sql: Sql,
        rows: &[R],
        values: impl Fn(&R) -> Result<Vec<Value>>,
    ) -> Result<Self> {
        let rows_max = match tx {
            Tx::Sqlite(_) => SQLITE_ROWS_TOGETHER,
            Tx::Postgres { .. } => POSTGRES_ROWS,
        };
        self.parts.push(match rows.len() {
            0 => Part::Done(0),
            count if count > rows_max => Part::Done(insert(tx, sql, rows, values).await?),
            _ => Part::Rows {
                sql,
                rows: rows.iter().map(values).collect::<Result<_>>()?,
            },
        });
        Ok(self)
    }

    /// With a statement that changes rows, or on Postgres one that selects what it is run for.
    pub(crate) fn statement(mut self, query: Query) -> Self {
        self.parts.push(Part::Statement(query));
        self
    }

    /// With waiting for a lock, which what the other parts read may not depend on.
    pub(crate) fn lock(self, lock: Lock, tx: &Tx) -> Self {
        match tx {
            Tx::Sqlite(_) => self,
            Tx::Postgres { .. } => self.statement(query(lock.sql())),
        }
    }

    /// Runs it; returns how many rows each part touched.
    pub(crate) async fn run(self, tx: &mut Tx) -> Result<Vec<u64>> {
        let mut touched = vec![0; self.parts.len()];
        let (mut indexes, mut parts) = (Vec::new(), Vec::new());
        for (index, part) in self.parts.into_iter().enumerate() {
            match part {
                Part::Done(count) => touched[index] = count,
                part => {
                    indexes.push(index);
                    parts.push(part);
                }
            }
        }
        if parts.is_empty() {
            return Ok(touched);
        }
        let counts = match tx {
            Tx::Sqlite(tx) => sqlite_counts(sqlite_query(parts), tx).await?,
            Tx::Postgres { tx, session } => {
                let query = postgres_query(parts).persistent(session.persistent);
                let row = session.answer(query.fetch_one(&mut **tx)).await?;
                postgres_counts(&row)?
            }
        };
        for (index, count) in indexes.into_iter().zip(counts) {
            touched[index] = count;
        }
        Ok(touched)
    }
}

/// One text of several statements. What is inserted has parameters without numbers, which SQLite's driver
/// deals out over all statements in order; the numbers of the others count from the first of all.
fn sqlite_query(parts: Vec<Part>) -> SqliteQuery {
    let unnumbered = |part: &Part| match part {
        Part::Rows { rows, .. } => padded_to(rows.len()) * rows.first().map_or(0, Vec::len),
        Part::Statement(_) | Part::Done(_) => 0,
    };
    let mut base = parts.iter().map(unnumbered).sum();
    let mut text = String::new();
    let (mut first, mut then) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Rows { sql, rows } => {
                let size = padded_to(rows.len());
                text.push_str(&padded(sql.sqlite, size));
                let missing = (size - rows.len()) * rows.first().map_or(0, Vec::len);
                first.extend(rows.into_iter().flatten());
                first.extend(std::iter::repeat_n(Value::Int(None), missing));
            }
            Part::Statement(query) => {
                text.push_str(&renumbered(query.sql.sqlite, base));
                base += query.values.len();
                then.extend(query.values);
            }
            Part::Done(_) => continue,
        }
        text.push_str(";\n");
    }
    first.extend(then);
    sqlite_bound(sqlx::query(AssertSqlSafe(text)), first)
}

async fn sqlite_counts(
    query: SqliteQuery,
    tx: &mut Transaction<'static, Sqlite>,
) -> Result<Vec<u64>> {
    let mut counts = Vec::new();
    let mut answers = (&mut **tx).fetch_many(query);
    while let Some(answer) = answers.try_next().await? {
        if let Either::Left(done) = answer {
            counts.push(done.rows_affected());
        }
    }
    Ok(counts)
}

/// One statement, whose parts all begin with what was there before it.
fn postgres_query(parts: Vec<Part>) -> PostgresQuery {
    let (mut with, mut select) = (Vec::new(), Vec::new());
    let (mut base, mut bound) = (0, Vec::new());
    for (number, part) in parts.into_iter().enumerate() {
        let (text, values) = match part {
            Part::Rows { sql, rows } => {
                let text = unnest(sql.postgres, base);
                let mut columns = Columns::default();
                let count = rows.len();
                for row in rows {
                    columns.push(row, count);
                }
                base += columns.len();
                (text, Bound::Columns(columns))
            }
            Part::Statement(query) => {
                let text = renumbered(query.sql.postgres, base);
                base += query.values.len();
                (text, Bound::Values(query.values))
            }
            Part::Done(_) => continue,
        };
        let returning = match selects(&text) {
            true => "",
            false => " RETURNING 1",
        };
        with.push(format!("part{number} AS ({text}{returning})"));
        select.push(format!("(SELECT count(*) FROM part{number})"));
        bound.push(values);
    }
    let text = format!("WITH {} SELECT {}", with.join(",\n"), select.join(", "));
    let query = sqlx::query(AssertSqlSafe(text));
    bound.into_iter().fold(query, |query, bound| match bound {
        Bound::Columns(columns) => columns.bind(query),
        Bound::Values(values) => postgres_bound(query, values),
    })
}

enum Bound {
    Columns(Columns),
    Values(Vec<Value>),
}

fn postgres_counts(row: &PgRow) -> Result<Vec<u64>> {
    (0..row.len())
        .map(|position| Ok(u64::try_from(row.try_get::<i64, _>(position)?).unwrap_or(0)))
        .collect()
}

/// Whether a statement, after the comments at its head, selects.
fn selects(text: &str) -> bool {
    let lines = text.lines().map(str::trim_start);
    let mut code = lines.filter(|line| !line.is_empty() && !line.starts_with("--"));
    code.next().is_some_and(|line| line.starts_with("SELECT"))
}

/// The statement with each parameter's number `base` higher.
fn renumbered(sql: &str, base: usize) -> String {
    let mut parts = sql.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &part[..part.len() - rest.len()];
        match number.parse::<usize>() {
            Ok(number) => text.push_str(&format!("${}{rest}", number + base)),
            Err(_) => text.push_str(&format!("${part}")),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_parameters_go_on_after_others() {
        let sql = "UPDATE t SET a = $1 WHERE b = $2 - 1 AND c = $10";
        let expected = "UPDATE t SET a = $8 WHERE b = $9 - 1 AND c = $17";
        assert_eq!(renumbered(sql, 7), expected);
        assert_eq!(renumbered(sql, 0), sql);
    }

    #[test]
    fn what_selects_is_told_from_what_changes() {
        assert!(selects("-- Why.\nSELECT 1"));
        assert!(!selects("-- SELECT\n\nUPDATE t SET a = (SELECT 1)"));
    }
}
