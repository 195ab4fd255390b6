//! Keeps the watch list in memory equal to the one in the database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_core::WatchTarget;
use vigia_store::{Result, Store, WatchReconciliation};
use vigia_watch::{SharedWatchList, WatchList};

use super::{Backoff, error_chain};

/// Rows read at once while the list is loaded.
const LOAD_ROWS: u32 = 10_000;
/// Times that reconciling is tried at each interval.
const RECONCILE_TRIES: u32 = 3;

/// How a watch list in memory differed from the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchDifference {
    /// Targets in the table.
    pub entries: u64,
    /// Of those, not in memory.
    pub missing: u64,
    /// In memory and not in the table.
    pub extra: u64,
}

/// A watch list in memory and the database it follows.
#[derive(Clone)]
pub struct WatchSync {
    store: Arc<dyn Store>,
    list: Arc<SharedWatchList>,
}

impl WatchSync {
    /// Loads the whole list.
    pub async fn load(store: Arc<dyn Store>) -> Result<Self> {
        let list = read_all(&*store).await?;
        let sync = Self {
            store,
            list: Arc::new(SharedWatchList::new(list)),
        };
        sync.refresh().await?;
        Ok(sync)
    }

    /// The list.
    pub fn list(&self) -> Arc<SharedWatchList> {
        Arc::clone(&self.list)
    }

    /// Applies what changed since.
    pub async fn refresh(&self) -> Result<()> {
        let seen = self.list.read().version();
        let changes = self.store.watch_changes(seen).await?;
        if !changes.is_empty() {
            self.list.apply(&changes);
            tracing::info!(
                watch.version = self.list.read().version(),
                watch.changes = changes.len(),
                "watch list changed"
            );
        }
        Ok(())
    }

    /// Compares the list in memory with the table, row by row, and takes the table's where they differ.
    /// None where the list changed meanwhile, so that nothing can be said.
    pub async fn reconcile(&self) -> Result<Option<WatchDifference>> {
        self.refresh().await?;
        let version = self.list.read().version();
        let mut difference = WatchDifference::default();
        // A contract or coin has a row for each account that observes it.
        let mut shared = HashSet::new();
        let mut after_id = 0;
        loop {
            let rows = self.store.watch_page(after_id, LOAD_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after_id = last.id;
            let list = self.list.read();
            for row in &rows {
                let is_address = matches!(row.target, WatchTarget::Address(_));
                if is_address || shared.insert(row.target.clone()) {
                    difference.entries += 1;
                    difference.missing += u64::from(!list.contains(&row.target));
                }
            }
        }
        if self.store.watch_version().await? != version || self.list.read().version() != version {
            return Ok(None);
        }
        let known = difference.entries - difference.missing;
        let in_memory = u64::try_from(self.list.read().len()).unwrap_or(u64::MAX);
        difference.extra = in_memory.saturating_sub(known);
        if difference.missing + difference.extra > 0 {
            let list = read_all(&*self.store).await?;
            self.list.replace(list);
        }
        Ok(Some(difference))
    }

    /// Reconciles at an interval until told to stop; what is found is logged and recorded.
    pub async fn reconcile_for_ever(
        &self,
        interval: Duration,
        holder: String,
        shutdown: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
            let mut backoff = Backoff::default();
            for _ in 0..RECONCILE_TRIES {
                match self.reconcile_once(&holder).await {
                    Ok(true) => break,
                    // It changed meanwhile: at the next interval.
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(error = %error_chain(&error), "cannot reconcile the watch list");
                    }
                }
                backoff.wait().await;
            }
        }
    }

    async fn reconcile_once(&self, holder: &str) -> Result<bool> {
        let Some(difference) = self.reconcile().await? else {
            return Ok(false);
        };
        let WatchDifference {
            entries,
            missing,
            extra,
        } = difference;
        if missing + extra > 0 {
            tracing::error!(
                watch.entries = entries,
                watch.missing = missing,
                watch.extra = extra,
                "the watch list in memory differed from the database's and was repaired"
            );
        }
        self.store
            .watch_reconciled(&WatchReconciliation {
                holder: holder.to_owned(),
                entries,
                missing,
                extra,
            })
            .await?;
        Ok(true)
    }

    /// Follows the database until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            let seen = self.list.read().version();
            let waited = tokio::select! {
                () = shutdown.cancelled() => return,
                waited = self.store.watch_wait(seen) => waited,
            };
            let refreshed = match waited {
                Ok(_) => self.refresh().await,
                Err(error) => Err(error),
            };
            match refreshed {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "cannot follow the watch list");
                    backoff.wait().await;
                }
            }
        }
    }
}

async fn read_all(store: &dyn Store) -> Result<WatchList> {
    // The version is read first: a change during the load is applied again afterwards, and applying a
    // change twice is harmless.
    let mut list = WatchList::new(store.watch_version().await?);
    let mut after_id = 0;
    loop {
        let rows = store.watch_page(after_id, LOAD_ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok(list);
        };
        after_id = last.id;
        rows.into_iter().for_each(|row| list.insert(row.target));
    }
}
