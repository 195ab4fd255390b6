//! Keeps the watch list in memory equal to the one in the database.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_core::error_chain;
use vigia_store::{Result, Store, WatchReconciliation, WatchTargets};
use vigia_watch::{SharedWatchList, WatchList};

use super::{Backoff, Trouble};

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
        let list = list_of(store.watch_targets().await?);
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
        let table = self.store.watch_targets().await?;
        let mut difference = WatchDifference::default();
        {
            let list = self.list.read();
            if list.version() != table.version {
                return Ok(None);
            }
            difference.entries = count(table.targets.len());
            let missing = table.targets.iter().filter(|target| !list.contains(target));
            difference.missing = count(missing.count());
            let known = difference.entries - difference.missing;
            difference.extra = count(list.len()).saturating_sub(known);
        }
        if difference.missing + difference.extra > 0 {
            self.list.replace(list_of(table));
        }
        Ok(Some(difference))
    }

    /// Records that the list was just loaded, and so is the table's: from now on this poller is
    /// expected to say what reconciling has shown.
    pub async fn report_loaded(&self, holder: &str) -> Result<()> {
        let found = WatchReconciliation {
            holder: holder.to_owned(),
            entries: count(self.list.read().len()),
            missing: 0,
            extra: 0,
        };
        self.store.watch_reconciled(&found).await
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
        let trouble = Trouble::new("cannot follow the watch list");
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
                Ok(()) => {
                    backoff.reset();
                    trouble.well();
                }
                Err(error) => {
                    trouble.failing(&error);
                    backoff.wait().await;
                }
            }
        }
    }
}

fn list_of(table: WatchTargets) -> WatchList {
    let mut list = WatchList::new(table.version);
    list.reserve_addresses(table.targets.len());
    for target in table.targets {
        list.insert(target);
    }
    list
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
