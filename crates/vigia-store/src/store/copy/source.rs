//! The database a copy is made of: one moment of it, in which nobody changes what it says about the
//! chain and the watch list.
//!
//! On SQLite the file's write lock is held, so nothing is written at all. On Postgres commits and
//! changes of the watch list wait, and everything is read from one snapshot.

use vigia_core::Hasher;

use super::super::tables::{NOT_COPIED, tables};
use super::check;
use super::statements::{self, Statements};
use crate::db::{Database, Lock, Tx, get, query};
use crate::sql::sql;
use crate::{CopyLimits, Result, StoreError};

/// Tables that any process changes that does anything: with the numbers of rows they tell whether a
/// source is still what it was.
const TELLING: [&str; 4] = ["chain", "ingest_range", "counter", "provider_report"];

/// A source that is held still.
pub(super) struct Source {
    tx: Tx,
    /// The transaction that keeps others from committing; on SQLite the one above does.
    lock: Option<Tx>,
}

impl Source {
    /// Waits for the lock and holds it until the value is gone.
    pub(super) async fn hold(database: &Database) -> Result<Self> {
        let held = Self::try_hold(database).await;
        held.map_err(|error| match error {
            StoreError::Unavailable(error) => StoreError::CopySourceBusy(error),
            other => other,
        })
    }

    async fn try_hold(database: &Database) -> Result<Self> {
        let mut lock = database.write().await?;
        if matches!(lock, Tx::Sqlite(_)) {
            let tx = lock;
            return Ok(Self { tx, lock: None });
        }
        // First the lock, then the snapshot: it then holds whatever was committed before.
        Lock::WatchList.take(&mut lock).await?;
        let tx = database.read().await?;
        let lock = Some(lock);
        Ok(Self { tx, lock })
    }

    /// Where to read. Also keeps the server from ending the transactions as idle.
    pub(super) async fn tx(&mut self) -> Result<&mut Tx> {
        if let Some(lock) = &mut self.lock {
            Lock::WatchList.take(lock).await?;
        }
        Ok(&mut self.tx)
    }

    /// Rows of each table, in the order of `statements::all`.
    pub(super) async fn counts(&mut self) -> Result<Vec<u64>> {
        let mut counts = Vec::new();
        for statements in statements::all() {
            let row = query(statements.count())
                .fetch_one(self.tx().await?)
                .await?;
            counts.push(get(&row, "total")?);
        }
        Ok(counts)
    }

    /// What tells this source, as it is now, from others.
    pub(super) async fn fingerprint(&mut self, counts: &[u64]) -> Result<String> {
        let mut text = format!("{counts:?}");
        for statements in statements::all() {
            if TELLING.contains(&statements.table.name) {
                let sum = check::sum(self.tx().await?, statements, CopyLimits::default()).await?;
                text += &format!(" {:x}", sum.checksum);
            }
        }
        Ok(hex::encode(Hasher::digest(text).into_inner()))
    }

    /// The highest id that a table has given, where it numbers its rows.
    pub(super) async fn identity_high(
        &mut self,
        statements: &'static Statements,
    ) -> Result<Option<i64>> {
        let (Some(column), Some(highest)) = (statements.table.identity, statements.highest())
        else {
            return Ok(None);
        };
        let given = query(sql!(dialects "identity_high"))
            .bind(statements.table.name)
            .bind(column);
        let given: i64 = get(&given.fetch_one(self.tx().await?).await?, "high")?;
        let there: i64 = get(&query(highest).fetch_one(&mut self.tx).await?, "high")?;
        Ok(Some(given.max(there)).filter(|high| *high > 0))
    }
}

/// Compares the tables of a database with those that a copy knows.
pub(super) async fn tables_known(tx: &mut Tx, side: &'static str) -> Result<()> {
    let mut found: Vec<(String, String)> = Vec::new();
    let rows = query(sql!(dialects "schema_columns")).fetch_all(tx).await?;
    for row in &rows {
        let table: String = get(row, "table_name")?;
        if !NOT_COPIED.contains(&&*table) {
            found.push((table, get(row, "column_name")?));
        }
    }
    let known: Vec<(&str, &str)> = tables()
        .flat_map(|table| {
            table
                .columns
                .iter()
                .map(|(column, _)| (table.name, *column))
        })
        .collect();
    let unknown = found
        .iter()
        .find(|(table, column)| !known.contains(&(table, column)));
    let missing = known.iter().find(|(table, column)| {
        !found
            .iter()
            .any(|(found_table, found_column)| found_table == table && found_column == column)
    });
    let problem = match (unknown, missing) {
        (Some((table, column)), _) => {
            format!("the {side} has column {column} of table {table}, which this vigia cannot copy")
        }
        (None, Some((table, column))) => {
            format!("the {side} lacks column {column} of table {table}")
        }
        (None, None) => return Ok(()),
    };
    Err(StoreError::CopyRefused {
        problem: format!("{problem}; use the newest vigia that has been run on either database"),
    })
}
