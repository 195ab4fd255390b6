//! Keeps the watch list in memory equal to the one in the database.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use vigia_store::{Result, Store};
use vigia_watch::{SharedWatchList, WatchList};

use super::{Backoff, error_chain};

/// Rows read at once while the list is loaded.
const LOAD_ROWS: u32 = 10_000;

/// A watch list in memory and the database it follows.
#[derive(Clone)]
pub struct WatchSync {
    store: Arc<dyn Store>,
    list: Arc<SharedWatchList>,
}

impl WatchSync {
    /// Loads the whole list.
    pub async fn load(store: Arc<dyn Store>) -> Result<Self> {
        // The version is read first: a change during the load is applied again afterwards, and
        // applying a change twice is harmless.
        let mut list = WatchList::new(store.watch_version().await?);
        let mut after_id = 0;
        loop {
            let rows = store.watch_page(after_id, LOAD_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after_id = last.id;
            rows.into_iter().for_each(|row| list.insert(row.target));
        }
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
