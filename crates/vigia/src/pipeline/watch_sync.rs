//! Keeps the watch list in memory equal to the one in the database.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_core::{WatchTarget, error_chain};
use vigia_store::{Result, Store, TargetVisitor, WatchReconciliation};
use vigia_watch::{SharedWatchList, WatchList};

use super::{Backoff, Trouble};

/// Targets that are compared while nobody may change the list.
const COMPARED_AT_ONCE: usize = 1_024;
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
        let mut loading = Loading::default();
        store.watch_visit(&mut loading).await?;
        let sync = Self {
            store,
            list: Arc::new(SharedWatchList::new(loading.0)),
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
        let mut comparing = Comparing::with(&self.list);
        self.store.watch_visit(&mut comparing).await?;
        let Some(difference) = comparing.difference() else {
            return Ok(None);
        };
        if difference.missing + difference.extra > 0 {
            let mut loading = Loading::default();
            self.store.watch_visit(&mut loading).await?;
            self.list.replace(loading.0);
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

/// Makes a list of what the table has.
#[derive(Default)]
struct Loading(WatchList);

impl TargetVisitor for Loading {
    fn begin(&mut self, version: u64, addresses: u64) {
        self.0 = WatchList::new(version);
        self.0
            .reserve_addresses(usize::try_from(addresses).unwrap_or_default());
    }

    fn visit(&mut self, target: WatchTarget) {
        self.0.insert(target);
    }
}

/// Compares the table with a list that goes on being read, some targets at a time.
struct Comparing {
    list: Arc<SharedWatchList>,
    version: u64,
    is_changed: bool,
    waiting: Vec<WatchTarget>,
    entries: u64,
    missing: u64,
}

impl Comparing {
    fn with(list: &Arc<SharedWatchList>) -> Self {
        Self {
            list: Arc::clone(list),
            version: 0,
            is_changed: false,
            waiting: Vec::with_capacity(COMPARED_AT_ONCE),
            entries: 0,
            missing: 0,
        }
    }

    fn compare(&mut self) {
        let list = self.list.read();
        self.is_changed |= list.version() != self.version;
        self.entries += count(self.waiting.len());
        let missing = self
            .waiting
            .drain(..)
            .filter(|target| !list.contains(target));
        self.missing += count(missing.count());
    }

    /// None where the list has changed meanwhile.
    fn difference(mut self) -> Option<WatchDifference> {
        self.compare();
        let known = self.entries - self.missing;
        let extra = count(self.list.read().len()).saturating_sub(known);
        (!self.is_changed).then_some(WatchDifference {
            entries: self.entries,
            missing: self.missing,
            extra,
        })
    }
}

impl TargetVisitor for Comparing {
    fn begin(&mut self, version: u64, _: u64) {
        self.version = version;
    }

    fn visit(&mut self, target: WatchTarget) {
        self.waiting.push(target);
        if self.waiting.len() >= COMPARED_AT_ONCE {
            self.compare();
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
