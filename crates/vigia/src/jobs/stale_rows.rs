//! Removes what processes leave behind that are gone: their announcements and what they found.
//!
//! Leases of shards and jobs stay, since their fences are spent for ever (I-9); so does the change log
//! of the watch list, by which commits of any age are checked (I-7).

use std::sync::Arc;

use async_trait::async_trait;
use vigia_core::{Clock, day_of};
use vigia_store::{
    ActionStore, AnnouncementStore, DeliveryStore, InboxStore, LeaseStore, POLLER_LEASES,
    ProcessStore, ProviderStore, PushStore, WatchStore,
};

use super::{Job, JobDone};

/// How long they are kept: a day, for a person to see what was there.
const KEPT_MS: u64 = 86_400_000;
/// For how long a transaction that was announced and never seen is shown: a month.
const UNSEEN_MS: u64 = 30 * KEPT_MS;
/// For how long deliveries that have ended are kept, to be read and sent again: a month.
const DELIVERED_MS: u64 = 30 * KEPT_MS;
/// Rows that are removed in one transaction.
const PART_MAX: u32 = 1_000;
/// For how many days it is known what was asked of providers.
const USAGE_DAYS: u64 = 100;

/// For how long what people and operators look up is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Notifications, in milliseconds.
    pub inbox_ms: u64,
    /// The log of actions, in milliseconds.
    pub actions_ms: u64,
}

/// The job `stale_rows`.
pub struct StaleRows {
    watch: Arc<dyn WatchStore>,
    leases: Arc<dyn LeaseStore>,
    providers: Arc<dyn ProviderStore>,
    announcements: Arc<dyn AnnouncementStore>,
    deliveries: Arc<dyn DeliveryStore>,
    pushes: Arc<dyn PushStore>,
    inbox: Arc<dyn InboxStore>,
    actions: Arc<dyn ActionStore>,
    processes: Arc<dyn ProcessStore>,
    kept: Kept,
    clock: Arc<dyn Clock>,
}

impl StaleRows {
    /// Cleans up `store`; what people and operators look up stays for so long.
    pub fn new<S>(store: Arc<S>, clock: Arc<dyn Clock>, kept: Kept) -> Self
    where
        S: WatchStore
            + LeaseStore
            + ProviderStore
            + AnnouncementStore
            + DeliveryStore
            + PushStore
            + InboxStore
            + ActionStore
            + ProcessStore
            + 'static,
    {
        Self {
            watch: store.clone(),
            leases: store.clone(),
            announcements: store.clone(),
            deliveries: store.clone(),
            pushes: store.clone(),
            inbox: store.clone(),
            actions: store.clone(),
            processes: store.clone(),
            kept,
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
        let gone = self.leases.lease_prune(POLLER_LEASES, KEPT_MS).await?;
        let now_ms = self.clock.now_ms();
        let unseen_ms = now_ms.saturating_sub(UNSEEN_MS);
        let unseen = self.announcements.announcement_prune(unseen_ms).await?;
        let ended_ms = now_ms.saturating_sub(DELIVERED_MS);
        let deliveries = &self.deliveries;
        let mut ended = in_parts(|| deliveries.delivery_prune(ended_ms, PART_MAX)).await?;
        let pushes = &self.pushes;
        ended += in_parts(|| pushes.push_prune(ended_ms, PART_MAX)).await?;
        let expired_ms = now_ms.saturating_sub(self.kept.inbox_ms);
        let inbox = &self.inbox;
        let expired = in_parts(|| inbox.notification_prune(expired_ms, PART_MAX)).await?;
        let done_ms = now_ms.saturating_sub(self.kept.actions_ms);
        let actions = &self.actions;
        let done = in_parts(|| actions.action_prune(done_ms, PART_MAX)).await?;
        let before_ms = now_ms.saturating_sub(KEPT_MS);
        let before_day = day_of(before_ms).saturating_sub(USAGE_DAYS);
        let reports = self.watch.watch_reconciliation_prune(before_ms).await?
            + self.providers.provider_prune(before_ms, before_day).await?
            + self.processes.process_prune(before_ms).await?;
        Ok(JobDone {
            words: format!(
                "removed {gone} leases and {reports} reports of processes that are gone, and {unseen} \
                 announced transactions that were never seen, {ended} old deliveries, {expired} \
                 notifications and {done} actions"
            ),
            changed: gone + reports + unseen + ended + expired + done > 0,
        })
    }
}

/// Removes part after part, until one is not full; returns how many rows.
async fn in_parts<F>(remove: impl Fn() -> F) -> vigia_store::Result<u64>
where
    F: Future<Output = vigia_store::Result<u64>>,
{
    let mut all = 0;
    loop {
        let removed = remove().await?;
        all += removed;
        if removed < u64::from(PART_MAX) {
            return Ok(all);
        }
    }
}
