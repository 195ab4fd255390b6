//! The database a copy is made into: whose it is, how far it is, and when it is done.

use std::collections::HashMap;

use super::super::SqlStore;
use super::super::codec::int;
use super::page::{self, Page, Values};
use super::statements::{self, Statements};
use crate::db::{Tx, get, insert, query};
use crate::sql::sql;
use crate::{Result, StoreError};

/// How far a table is.
#[derive(Clone, Default)]
pub(super) struct Position {
    /// Key of the last row copied.
    pub(super) after: Option<Values>,
    /// Rows copied.
    pub(super) copied: u64,
    /// Whether that is all.
    pub(super) is_done: bool,
}

/// Says so where a copy into this database has begun and not ended.
pub(in super::super) async fn check_finished(tx: &mut Tx) -> Result<()> {
    match state(tx).await? {
        Some((_, state)) if state == "running" => Err(StoreError::CopyUnfinished),
        _ => Ok(()),
    }
}

/// The fingerprint of the source, and the state.
async fn state(tx: &mut Tx) -> Result<Option<(String, String)>> {
    let row = query(sql!("store_copy")).fetch_optional(tx).await?;
    row.map(|row| Ok((get(&row, "source")?, get(&row, "state")?)))
        .transpose()
}

/// Makes the target that of this copy; true where an earlier run had begun it.
pub(super) async fn claim(target: &SqlStore, source: &str) -> Result<bool> {
    let mut tx = target.database.write().await?;
    match state(&mut tx).await? {
        Some((known, state)) if state == "running" => {
            return match known == source {
                true => Ok(true),
                false => Err(refused(
                    "a copy into the target was begun and not finished, and it was of another source \
                     or the source has changed since; empty the target (Postgres: DROP SCHEMA vigia \
                     CASCADE) and begin again",
                )),
            };
        }
        Some(_) => {
            return Err(refused(
                "the target was filled by a copy that is finished; point vigia at it, or name an \
                 empty database",
            ));
        }
        None => {}
    }
    for statements in statements::all() {
        if statements.table.seeded {
            query(statements.clear()).execute(&mut tx).await?;
            continue;
        }
        let row = query(statements.any()).fetch_optional(&mut tx).await?;
        if row.is_some() {
            return Err(refused(&format!(
                "the target is in use: its table {} has rows that no copy put there; name an empty \
                 database",
                statements.table.name
            )));
        }
    }
    let begun = query(sql!("store_copy_begin"))
        .bind(source)
        .bind(int("time", target.clock.now_ms())?);
    if begun.execute(&mut tx).await? == 0 {
        return Err(another());
    }
    tx.commit().await?;
    Ok(false)
}

/// How far earlier runs got, by table.
pub(super) async fn positions(target: &SqlStore) -> Result<HashMap<String, Position>> {
    let mut tx = target.database.read().await?;
    let rows = query(sql!("store_copy_positions"))
        .fetch_all(&mut tx)
        .await?;
    let mut positions = HashMap::new();
    for row in &rows {
        let (name, last_key): (String, String) = (get(row, "name")?, get(row, "last_key")?);
        let known = statements::all().iter().find(|s| s.table.name == name);
        let known = known.ok_or_else(|| StoreError::Damaged {
            what: "position of a copy",
            problem: format!("there is no table {name}"),
        })?;
        let after = match last_key.is_empty() {
            true => None,
            false => Some(page::key_parsed(known.table, &last_key)?),
        };
        let position = Position {
            after,
            copied: get(row, "copied")?,
            is_done: get(row, "done")?,
        };
        positions.insert(name, position);
    }
    Ok(positions)
}

/// Writes a page and where it ends, in one transaction; returns the new position.
pub(super) async fn write(
    target: &SqlStore,
    statements: &'static Statements,
    page: &Page,
    from: &Position,
) -> Result<Position> {
    if statements.table.name == "raw_transaction" {
        target.partitions_create_at(checkpoints(page)).await?;
    }
    let position = Position {
        after: page.last_key.clone().or_else(|| from.after.clone()),
        copied: from.copied + page.rows.len() as u64,
        is_done: page.is_last,
    };
    target
        .trying(|| write_once(target, statements, page, from, &position))
        .await?;
    Ok(position)
}

async fn write_once(
    target: &SqlStore,
    statements: &'static Statements,
    page: &Page,
    from: &Position,
    to: &Position,
) -> Result<()> {
    let mut tx = target.database.write().await?;
    insert(&mut tx, statements.insert(), &page.rows, |row: &Values| {
        Ok(row.clone())
    })
    .await?;
    let last_key = to.after.as_ref().map(page::key_text).unwrap_or_default();
    let moved = query(sql!("store_copy_move"))
        .bind(statements.table.name)
        .bind(last_key)
        .bind(int("rows", to.copied)?)
        .bind(to.is_done)
        .bind(int("rows", from.copied)?);
    if moved.execute(&mut tx).await? == 0 {
        return Err(another());
    }
    tx.commit().await
}

/// The first column of raw transactions.
fn checkpoints(page: &Page) -> impl Iterator<Item = u64> {
    page.rows.iter().filter_map(|row| match row.first() {
        Some(crate::db::Value::Int(Some(checkpoint))) => u64::try_from(*checkpoint).ok(),
        _ => None,
    })
}

/// Goes on numbering behind the ids that were copied.
pub(super) async fn identity_raise(
    target: &SqlStore,
    statements: &'static Statements,
    high: i64,
) -> Result<()> {
    let mut tx = target.database.write().await?;
    query(sql!(dialects "identity_raise"))
        .bind(statements.table.name)
        .bind(statements.table.identity.unwrap_or_default())
        .bind(high)
        .fetch_all(&mut tx)
        .await?;
    tx.commit().await
}

/// Opens the target for use.
pub(super) async fn finish(target: &SqlStore) -> Result<()> {
    let mut tx = target.database.write().await?;
    query(sql!("store_copy_finish"))
        .bind(int("time", target.clock.now_ms())?)
        .execute(&mut tx)
        .await?;
    tx.commit().await
}

fn refused(problem: &str) -> StoreError {
    StoreError::CopyRefused {
        problem: problem.to_owned(),
    }
}

fn another() -> StoreError {
    refused("another copy into the target is running; wait for it, or end it and run this again")
}
