//! Inserting many rows with few statements.
//!
//! A statement costs a trip to the connection's thread and back, which at thousands of rows a batch
//! is most of the time. The SQL file holds the one-row form; its VALUES tuple is repeated here.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Sqlite};

use crate::Result;

/// A statement with its parameters so far.
pub(super) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// Rows per statement, largest first. Few sizes, so that few texts are compiled; the largest times
/// the widest table (17 columns) is far below SQLite's 32,766 parameters.
const ROWS_PER_STATEMENT: [usize; 3] = [128, 16, 1];

/// Inserts `rows`; returns how many were new.
pub(super) async fn insert<R>(
    conn: &mut SqliteConnection,
    sql: &'static str,
    rows: &[R],
    bind: impl Fn(Query, &R) -> Result<Query>,
) -> Result<u64> {
    let mut inserted = 0;
    for chunk in chunks(rows) {
        let query = bound(sql, chunk, &bind)?;
        inserted += query.execute(&mut *conn).await?.rows_affected();
    }
    Ok(inserted)
}

/// Inserts `rows`; returns what the statement's RETURNING says of those that were new.
pub(super) async fn insert_returning<R>(
    conn: &mut SqliteConnection,
    sql: &'static str,
    rows: &[R],
    bind: impl Fn(Query, &R) -> Result<Query>,
) -> Result<Vec<SqliteRow>> {
    let mut returned = Vec::new();
    for chunk in chunks(rows) {
        let query = bound(sql, chunk, &bind)?;
        returned.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(returned)
}

fn bound<R>(
    sql: &'static str,
    rows: &[R],
    bind: impl Fn(Query, &R) -> Result<Query>,
) -> Result<Query> {
    let query = match rows.len() {
        1 => sqlx::query(sql),
        count => sqlx::query(AssertSqlSafe(repeated(sql, count))),
    };
    rows.iter().try_fold(query, bind)
}

fn chunks<R>(mut rows: &[R]) -> impl Iterator<Item = &[R]> {
    std::iter::from_fn(move || {
        let size = *ROWS_PER_STATEMENT
            .iter()
            .find(|size| **size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

/// The statement with its tuple `count` times. Its parameters stand in order, so the repeated ones
/// go without numbers: SQLite looks a numbered one up in a list, which makes binding n of them take
/// n x n steps.
fn repeated(sql: &str, count: usize) -> String {
    const VALUES: &str = "VALUES ";
    let start = sql.find(VALUES).expect("an insert has VALUES") + VALUES.len();
    let end = start + sql[start..].find(')').expect("VALUES has a tuple") + 1;
    let tuple = without_numbers(&sql[start..end]);
    let tuples = vec![tuple; count].join(", ");
    format!("{}{tuples}{}", &sql[..start], &sql[end..])
}

/// `($1, 0, $2)` as `(?, 0, ?)`.
fn without_numbers(tuple: &str) -> String {
    let mut parts = tuple.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.enumerate().fold(first, |text, (before, part)| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &part[..part.len() - rest.len()];
        debug_assert_eq!(
            number,
            (before + 1).to_string(),
            "parameters stand in order"
        );
        text + "?" + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_repeat_with_parameters_in_order() {
        assert_eq!(
            repeated(
                "INSERT INTO t (a, b, c) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
                3
            ),
            "INSERT INTO t (a, b, c) VALUES (?, 0, ?), (?, 0, ?), (?, 0, ?) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn chunks_cover_every_row_once() {
        for count in [0usize, 1, 15, 16, 17, 127, 128, 300] {
            let rows: Vec<usize> = (0..count).collect();
            assert_eq!(chunks(&rows).flatten().count(), count);
            assert!(chunks(&rows).flatten().is_sorted());
        }
    }
}
