//! `WatchStore`: the watch list and its change log.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use vigia_core::{Scope, WatchChange, WatchOp, WatchTarget};

use super::codec::{self, int};
use super::{SqlStore, backfill, commit, notify, register};
use crate::db::{Lock, Row, Tx, Value, get, get_opt, insert, query};
use crate::sql::sql;
use crate::{
    Refused, Result, TargetVisitor, WatchEntry, WatchFilter, WatchReceipt, WatchReconciliation,
    WatchRow, WatchStore,
};

/// How often the database is asked for changes of other processes; a waiter learns of one within
/// twice that, which keeps the promised second.
const WATCH_POLL: Duration = Duration::from_millis(400);

#[async_trait]
impl WatchStore for SqlStore {
    async fn watch_add(&self, entries: &[WatchEntry]) -> Result<WatchReceipt> {
        // Where somebody changes the list in between the lock is taken first, and nobody can.
        let mut locked = false;
        loop {
            if let Some(receipt) = self.trying(|| self.add_once(entries, locked)).await? {
                return Ok(receipt);
            }
            locked = true;
        }
    }

    async fn watch_remove(&self, targets: &[WatchTarget]) -> Result<WatchReceipt> {
        self.trying(|| self.remove_once(targets)).await
    }

    async fn watch_version(&self) -> Result<u64> {
        let row = query(sql!("watch_version"))
            .fetch_one(&mut self.database.read().await?)
            .await?;
        get(&row, "version")
    }

    async fn watch_visit(&self, visitor: &mut dyn TargetVisitor) -> Result<()> {
        let mut tx = self.database.read().await?;
        let row = query(sql!("watch_head")).fetch_one(&mut tx).await?;
        visitor.begin(get(&row, "version")?, get(&row, "addresses")?);
        let contracts = query(sql!("watch_contracts")).fetch_all(&mut tx).await?;
        for row in &contracts {
            visitor.visit(codec::watch_target(row)?);
        }
        let addresses = query(sql!("watch_addresses"));
        addresses
            .fetch_while(&mut tx, |row| {
                visitor.visit(WatchTarget::Address(get(&row, "target")?));
                Ok(true)
            })
            .await
    }

    async fn watch_page(&self, after_id: i64, limit: u32) -> Result<Vec<WatchRow>> {
        let rows = query(sql!("watch_page"))
            .bind(after_id)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(watch_from_row).collect()
    }

    async fn watch_filtered(&self, filter: &WatchFilter, limit: u32) -> Result<Vec<WatchRow>> {
        let page = match filter {
            WatchFilter::Account {
                external_id,
                after_id,
            } => query(sql!("watch_filtered_account"))
                .bind(external_id.clone())
                .bind(*after_id),
            WatchFilter::Addresses { from, to_inclusive } => {
                query(sql!("watch_filtered_addresses"))
                    .bind(from.as_bytes().to_vec())
                    .bind(to_inclusive.as_bytes().to_vec())
            }
        };
        let rows = page
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(watch_from_row).collect()
    }

    async fn address_page(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<WatchRow>> {
        let page = match scope {
            Scope::All => query(sql!("watch_page_addresses")),
            Scope::MemberOf(_) => query(sql!("watch_page_member")),
        };
        let mut page = page.bind(after_id).bind(limit);
        if let Scope::MemberOf(user) = scope {
            page = page.bind(user.0);
        }
        let rows = page.fetch_all(&mut self.database.read().await?).await?;
        rows.iter().map(watch_from_row).collect()
    }

    async fn watch_changes(&self, since: u64) -> Result<Vec<WatchChange>> {
        let rows = query(sql!("watch_changes"))
            .bind(int("version", since)?)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(change_from_row).collect()
    }

    async fn watch_reconciled(&self, found: &WatchReconciliation) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("watch_reconciled"))
            .bind(&*found.holder)
            .bind(int("time", self.clock.now_ms())?)
            .bind(int("entries", found.entries)?)
            .bind(int("missing entries", found.missing)?)
            .bind(int("extra entries", found.extra)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn watch_reconciliations(
        &self,
        age_ms_max: u64,
    ) -> Result<Vec<(WatchReconciliation, u64)>> {
        let now_ms = self.clock.now_ms();
        let rows = query(sql!("watch_reconciliations"))
            .bind(int("time", now_ms.saturating_sub(age_ms_max))?)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter()
            .map(|row| {
                let found = WatchReconciliation {
                    holder: get(row, "holder")?,
                    entries: get(row, "entries")?,
                    missing: get(row, "missing")?,
                    extra: get(row, "extra")?,
                };
                Ok((found, now_ms.saturating_sub(get(row, "at_ms")?)))
            })
            .collect()
    }

    async fn watch_reconciliation_prune(&self, before_ms: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("watch_reconciliation_prune"))
            .bind(int("time", before_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }

    async fn watch_wait(&self, seen: u64) -> Result<u64> {
        let ask = || async { int("version", self.watch_version().await?) };
        let version = self
            .signals
            .watch
            .wait(int("version", seen)?, WATCH_POLL, ask)
            .await?;
        Ok(version.cast_unsigned())
    }
}

impl SqlStore {
    /// None where the list has changed between two looks so that other entries are refused.
    ///
    /// Accounts, which are most of the work, are made before the lock: requests that add run beside one
    /// another, and commits wait for less. With `locked` the lock comes first.
    async fn add_once(&self, entries: &[WatchEntry], locked: bool) -> Result<Option<WatchReceipt>> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        if locked {
            Lock::WatchList.take(&mut tx).await?;
        }
        let before = Next::read(&mut tx).await?;
        let mut plan = register::plan(&mut tx, entries).await?;
        let accounts = register::accounts(&mut tx, &plan, entries, now_ms).await?;
        Lock::WatchList.take(&mut tx).await?;
        let next = Next::read(&mut tx).await?;
        if next.version != before.version {
            let refused = std::mem::take(&mut plan.refused);
            plan = register::plan(&mut tx, entries).await?;
            if plan.refused != refused {
                return Ok(None);
            }
        }
        let added: Vec<_> = plan.new.iter().map(|index| &entries[*index]).collect();
        next.insert(&mut tx, &added, &accounts).await?;
        let addresses = added
            .iter()
            .filter(|entry| is_address(&entry.target))
            .count();
        commit::counter_add(&mut tx, "watched_addresses", count(addresses)?).await?;
        let added = count(added.len())?;
        let done = next.receipt(&mut tx, added, plan.unchanged, plan.refused, now_ms);
        let receipt = done.await?;
        self.changed(tx, &receipt).await?;
        Ok(Some(receipt))
    }

    async fn remove_once(&self, targets: &[WatchTarget]) -> Result<WatchReceipt> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        Lock::WatchList.take(&mut tx).await?;
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
        query(sql!("counter_add"))
            .bind("watched_addresses")
            .bind(-addresses)
            .execute(&mut tx)
            .await?;
        let receipt = next.receipt(&mut tx, changed, 0, refused, now_ms).await?;
        self.changed(tx, &receipt).await?;
        Ok(receipt)
    }

    /// Commits a change, with the work that it causes, and tells of it.
    pub(super) async fn changed(&self, mut tx: Tx, receipt: &WatchReceipt) -> Result<()> {
        let version = int("version", receipt.version)?;
        if receipt.changed > 0 {
            if self.fetches_history() {
                backfill::register(&mut tx, version, int("time", self.clock.now_ms())?).await?;
            }
            backfill::end(&mut tx, version).await?;
            notify(&mut tx, "watch", version).await?;
        }
        tx.commit().await?;
        self.signals.watch.raise(version);
        Ok(())
    }
}

/// What a change of the list made in this transaction is.
pub(super) struct Next {
    /// Version in force before it.
    pub(super) version: i64,
    /// First checkpoint for which it holds.
    pub(super) effective_from: i64,
}

impl Next {
    pub(super) async fn read(tx: &mut Tx) -> Result<Self> {
        let row = query(sql!("watch_next")).fetch_one(tx).await?;
        Ok(Self {
            version: get(&row, "version")?,
            effective_from: get(&row, "effective_from")?,
        })
    }

    /// Begins to watch entries, each for its account.
    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        entries: &[&WatchEntry],
        accounts: &HashMap<String, i64>,
    ) -> Result<()> {
        insert(tx, sql!("watch_insert"), entries, |entry| {
            let account = entry.account.as_ref();
            let account = account.map(|spec| accounts[&*spec.external_id]);
            Ok(vec![
                entry.target.kind().into(),
                entry.target.to_key().into(),
                account.into(),
                self.effective_from.into(),
                (self.version + 1).into(),
                Value::Text(None),
            ])
        })
        .await?;
        Ok(())
    }

    /// Ends the watch of a target; false where it is not watched.
    async fn end(&self, tx: &mut Tx, target: &WatchTarget) -> Result<bool> {
        let (sql, is_address) = match target {
            WatchTarget::Address(_) => (sql!("watch_end_address"), true),
            _ => (sql!("watch_end_contract"), false),
        };
        let mut query = query(sql)
            .bind(target.to_key())
            .bind(self.effective_from)
            .bind(self.version + 1);
        if !is_address {
            query = query.bind(target.kind());
        }
        Ok(query.execute(tx).await? > 0)
    }

    /// Logs a new version, if anything changed, and says what was done.
    pub(super) async fn receipt(
        self,
        tx: &mut Tx,
        changed: u64,
        unchanged: u64,
        refused: Vec<Refused>,
        now_ms: i64,
    ) -> Result<WatchReceipt> {
        let version = self.version + i64::from(changed > 0);
        if changed > 0 {
            query(sql!("watch_log_insert"))
                .bind(version)
                .bind(self.effective_from)
                .bind(now_ms)
                .execute(tx)
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

pub(super) fn watch_from_row(row: &Row) -> Result<WatchRow> {
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
        added_at_ms: get_opt(row, "added_at_ms")?,
        source: get_opt(row, "source")?,
        history: backfill::history(row)?,
    })
}

fn change_from_row(row: &Row) -> Result<WatchChange> {
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
