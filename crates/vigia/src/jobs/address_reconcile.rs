//! Raises pollers that do not compare their watch list with the database's any more.
//!
//! Comparing is each poller's own, since only it has its list (`pipeline::WatchSync`). What it cannot
//! do is to say that it stopped doing so; this job, run by any process, does. Reading changes nothing,
//! so a second run is harmless.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use async_trait::async_trait;
use vigia_store::{LeaseStore, POLLER_LEASES, WatchStore};

use super::{Job, JobDone};
use crate::config::PollSettings;

/// Intervals that a poller may let pass: comparing a long list takes its time, and a busy one changes
/// meanwhile, so that nothing can be said.
const INTERVALS_MAX: u64 = 5;
/// Shortest time after which a poller counts as silent.
const SILENT_MS_MIN: u64 = 180_000;

/// The job `address_reconcile`.
pub struct AddressReconcile {
    watch: Arc<dyn WatchStore>,
    leases: Arc<dyn LeaseStore>,
    silent_ms: u64,
}

impl AddressReconcile {
    /// Looks after the pollers of `store`.
    pub fn new<S: WatchStore + LeaseStore + 'static>(
        settings: &PollSettings,
        store: Arc<S>,
    ) -> Self {
        let intervals_ms = settings.reconcile_interval_ms.saturating_mul(INTERVALS_MAX);
        Self {
            watch: store.clone(),
            leases: store,
            silent_ms: intervals_ms.max(SILENT_MS_MIN),
        }
    }
}

#[async_trait]
impl Job for AddressReconcile {
    fn name(&self) -> &'static str {
        "address_reconcile"
    }

    fn pattern(&self) -> &str {
        "every 60s"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let reports = self.watch.watch_reconciliations(self.silent_ms).await?;
        let heard: BTreeSet<&str> = reports.iter().map(|(found, _)| &*found.holder).collect();
        let leases = self.leases.lease_list(POLLER_LEASES).await?;
        let polling = leases.iter().filter(|lease| lease.remaining_ms > 0);
        let silent: BTreeSet<&str> = polling
            .filter_map(|lease| lease.holder.as_deref())
            .filter(|holder| !heard.contains(holder))
            .collect();
        ensure!(
            silent.is_empty(),
            "pollers that have not compared their watch list with the database's for {} s: {}; \
             see their logs, or restart them",
            self.silent_ms / 1_000,
            silent.into_iter().collect::<Vec<_>>().join(", ")
        );
        let differences: u64 = reports
            .iter()
            .map(|(found, _)| found.missing + found.extra)
            .sum();
        let entries = reports.iter().map(|(found, _)| found.entries).max();
        // What they repaired, they did, and said so.
        Ok(JobDone::unchanged(format!(
            "{} pollers compared {} entries and repaired {differences}",
            reports.len(),
            entries.unwrap_or(0)
        )))
    }
}
