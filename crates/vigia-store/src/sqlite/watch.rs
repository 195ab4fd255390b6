//! `WatchStore`: the watch list and its change log.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use vigia_core::{WatchChange, WatchOp, WatchTarget};

use super::codec::{self, get, get_opt, int};
use super::{SqliteStore, commit, register, rows, sql};
use crate::{Refused, Result, WatchEntry, WatchReceipt, WatchRow, WatchStore};

/// How often the database is asked for changes of other processes; a waiter learns of one within
/// twice that, which keeps the promised second.
const WATCH_POLL: Duration = Duration::from_millis(400);

#[async_trait]
impl WatchStore for SqliteStore {
    async fn watch_add(&self, entries: &[WatchEntry]) -> Result<WatchReceipt> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.write().await?;
        let next = Next::read(&mut tx).await?;
        let plan = register::plan(&mut tx, entries).await?;
        let accounts = register::accounts(&mut tx, &plan, entries, now_ms).await?;
        let added: Vec<_> = plan.new.iter().map(|index| &entries[*index]).collect();
        rows::insert(&mut tx, sql!("watch_insert"), &added, |query, entry| {
            let account = entry
                .account
                .as_ref()
                .map(|spec| accounts[&*spec.external_id]);
            Ok(query
                .bind(entry.target.kind())
                .bind(entry.target.to_key())
                .bind(account)
                .bind(next.effective_from)
                .bind(next.version + 1))
        })
        .await?;
        let addresses = added
            .iter()
            .filter(|entry| is_address(&entry.target))
            .count();
        commit::counter_add(&mut tx, "watched_addresses", count(addresses)?).await?;
        let receipt = next
            .receipt(
                &mut tx,
                count(added.len())?,
                plan.unchanged,
                plan.refused,
                now_ms,
            )
            .await?;
        tx.commit().await?;
        self.watch_signal.raise(int("version", receipt.version)?);
        Ok(receipt)
    }

    async fn watch_remove(&self, targets: &[WatchTarget]) -> Result<WatchReceipt> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.write().await?;
        let next = Next::read(&mut tx).await?;
        let (mut changed, mut addresses, mut refused) = (0, 0i64, Vec::new());
        for (index, target) in targets.iter().enumerate() {
            if next.end(&mut tx, target).await? {
                changed += 1;
                addresses += i64::from(is_address(target));
            } else {
                let reason = format!("{target} is not watched as {}", target.kind());
                refused.push(Refused { index, reason });
            }
        }
        sqlx::query(sql!("counter_add"))
            .bind("watched_addresses")
            .bind(-addresses)
            .execute(&mut *tx)
            .await?;
        let receipt = next.receipt(&mut tx, changed, 0, refused, now_ms).await?;
        tx.commit().await?;
        self.watch_signal.raise(int("version", receipt.version)?);
        Ok(receipt)
    }

    async fn watch_version(&self) -> Result<u64> {
        let row = sqlx::query(sql!("watch_version"))
            .fetch_one(&self.readers)
            .await?;
        get(&row, "version")
    }

    async fn watch_page(&self, after_id: i64, limit: u32) -> Result<Vec<WatchRow>> {
        let rows = sqlx::query(sql!("watch_page"))
            .bind(after_id)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(watch_from_row).collect()
    }

    async fn watch_changes(&self, since: u64) -> Result<Vec<WatchChange>> {
        let rows = sqlx::query(sql!("watch_changes"))
            .bind(int("version", since)?)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(change_from_row).collect()
    }

    async fn watch_wait(&self, seen: u64) -> Result<u64> {
        let ask = || async { int("version", self.watch_version().await?) };
        let version = self
            .watch_signal
            .wait(int("version", seen)?, WATCH_POLL, ask)
            .await?;
        Ok(version.cast_unsigned())
    }
}

/// What a change of the list made in this transaction is.
struct Next {
    /// Version in force before it.
    version: i64,
    /// First checkpoint for which it holds.
    effective_from: i64,
}

impl Next {
    async fn read(conn: &mut SqliteConnection) -> Result<Self> {
        let row = sqlx::query(sql!("watch_next")).fetch_one(conn).await?;
        Ok(Self {
            version: get(&row, "version")?,
            effective_from: get(&row, "effective_from")?,
        })
    }

    /// Ends the watch of a target; false where it is not watched.
    async fn end(&self, conn: &mut SqliteConnection, target: &WatchTarget) -> Result<bool> {
        let sql = match target {
            WatchTarget::Address(_) => sql!("watch_end_address"),
            _ => sql!("watch_end_contract"),
        };
        let done = sqlx::query(sql)
            .bind(target.to_key())
            .bind(self.effective_from)
            .bind(self.version + 1)
            .bind(target.kind())
            .execute(conn)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Logs a new version, if anything changed, and says what was done.
    async fn receipt(
        self,
        conn: &mut SqliteConnection,
        changed: u64,
        unchanged: u64,
        refused: Vec<Refused>,
        now_ms: i64,
    ) -> Result<WatchReceipt> {
        let version = self.version + i64::from(changed > 0);
        if changed > 0 {
            sqlx::query(sql!("watch_log_insert"))
                .bind(version)
                .bind(self.effective_from)
                .bind(now_ms)
                .execute(conn)
                .await?;
        }
        Ok(WatchReceipt {
            version: version.cast_unsigned(),
            effective_from: self.effective_from.cast_unsigned(),
            changed,
            unchanged,
            refused,
        })
    }
}

fn is_address(target: &WatchTarget) -> bool {
    matches!(target, WatchTarget::Address(_))
}

fn count(length: usize) -> Result<u64> {
    u64::try_from(length).map_err(|_| crate::StoreError::OutOfRange {
        what: "number of entries",
        value: length.to_string(),
    })
}

fn watch_from_row(row: &SqliteRow) -> Result<WatchRow> {
    let external_id: Option<String> = get_opt(row, "external_id")?;
    let account = match external_id {
        Some(external_id) => Some((external_id, get(row, "display_name")?)),
        None => None,
    };
    Ok(WatchRow {
        id: get(row, "id")?,
        target: codec::watch_target(row)?,
        account,
        live_from: get(row, "live_from")?,
    })
}

fn change_from_row(row: &SqliteRow) -> Result<WatchChange> {
    Ok(WatchChange {
        version: get(row, "version")?,
        op: match get(row, "added")? {
            true => WatchOp::Add,
            false => WatchOp::Remove,
        },
        target: codec::watch_target(row)?,
        account: get_opt(row, "account_id")?,
        effective_from: get(row, "effective_from")?,
    })
}
