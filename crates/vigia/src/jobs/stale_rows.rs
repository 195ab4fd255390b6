//! Removes what processes leave behind that are gone: their announcements and what they found.
//!
//! Leases of shards and jobs stay, since their fences are spent for ever (I-9); so does the change log
//! of the watch list, by which commits of any age are checked (I-7).

use std::sync::Arc;

use async_trait::async_trait;
use vigia_core::{Clock, day_of};
use vigia_store::{LeaseStore, POLLER_LEASES, ProviderStore, WatchStore};

use super::{Job, JobDone};

/// How long they are kept: a day, for a person to see what was there.
const KEPT_MS: u64 = 86_400_000;
/// For how many days it is known what was asked of providers.
const USAGE_DAYS: u64 = 100;

/// The job `stale_rows`.
pub struct StaleRows {
    watch: Arc<dyn WatchStore>,
    leases: Arc<dyn LeaseStore>,
    providers: Arc<dyn ProviderStore>,
    clock: Arc<dyn Clock>,
}

impl StaleRows {
    /// Cleans up `store`.
    pub fn new<S>(store: Arc<S>, clock: Arc<dyn Clock>) -> Self
    where
        S: WatchStore + LeaseStore + ProviderStore + 'static,
    {
        Self {
            watch: store.clone(),
            leases: store.clone(),
            providers: store,
            clock,
        }
    }
}

#[async_trait]
impl Job for StaleRows {
    fn name(&self) -> &'static str {
        "stale_rows"
    }

    fn pattern(&self) -> &str {
        "15 * * * *"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let announcements = self.leases.lease_prune(POLLER_LEASES, KEPT_MS).await?;
        let before_ms = self.clock.now_ms().saturating_sub(KEPT_MS);
        let before_day = day_of(before_ms).saturating_sub(USAGE_DAYS);
        let reports = self.watch.watch_reconciliation_prune(before_ms).await?
            + self.providers.provider_prune(before_ms, before_day).await?;
        Ok(JobDone {
            words: format!(
                "removed {announcements} announcements and {reports} reports of pollers that are gone"
            ),
            changed: announcements + reports > 0,
        })
    }
}
