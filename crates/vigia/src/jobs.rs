//! What is done on a schedule, by any process that works, once per tick however many run.
//!
//! A job is one file here and one line in [`all`]. When it is due is kept in the database and claimed
//! there by compare-and-set; it runs under a lease, so that a long one does not run twice and one whose
//! process was killed is taken over (I-9). A job may therefore be run again for the same tick: it has
//! to be one that can be.

mod address_reconcile;
mod alerts;
mod balances;
mod epoch_tracking;
mod lease_keeper;
mod message_blob_cleanup;
mod raw_cleanup;
mod runner;
mod source_refresh;
mod stale_rows;
mod stale_sign_ins;

pub use address_reconcile::AddressReconcile;
pub use alerts::Alerts;
pub use balances::{BalanceBaseline, BalanceFold, BalanceReconciliation, StaleBalances};
pub use epoch_tracking::EpochTracking;
pub use lease_keeper::{LeaseKeeper, LeaseTimes};
pub use message_blob_cleanup::MessageBlobCleanup;
pub use raw_cleanup::RawCleanup;
pub use runner::{JobRunner, RanNow};
pub use source_refresh::SourceRefresh;
pub use stale_rows::{Kept, StaleRows};
pub use stale_sign_ins::StaleSignIns;

use std::sync::Arc;

use async_trait::async_trait;
use vigia_contracts::Interpreter;
use vigia_core::{Clock, MissedPolicy};
use vigia_store::SqlStore;
use vigia_sui::Providers;

use crate::alerts::Alarm;
use crate::balances::BalanceKeeper;
use crate::config::Settings;
use crate::source::SourceFollower;

/// Something done on a schedule.
#[async_trait]
pub trait Job: Send + Sync {
    /// Its name, also that of its schedule and lease.
    fn name(&self) -> &'static str;

    /// When it is due, as `vigia_core::Schedule` reads it.
    fn pattern(&self) -> &str;

    /// On the clocks of which zone.
    fn time_zone(&self) -> &str {
        "UTC"
    }

    /// What to do about ticks that no process was there for.
    fn missed(&self) -> MissedPolicy {
        MissedPolicy::Once
    }

    /// How far back a new schedule begins, in milliseconds: a tick within is made up for at once,
    /// where the policy makes up for any.
    fn begins_ago_ms(&self) -> u64 {
        0
    }

    /// Does it; returns what was done. Dropped half-way where the lease is lost or the process stops, so
    /// what it writes has to be whole at every await.
    async fn run(&self) -> anyhow::Result<JobDone>;
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDone {
    /// In words.
    pub words: String,
    /// Whether anything is other than before.
    pub changed: bool,
}

impl JobDone {
    /// It had something to do.
    pub fn changed(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            changed: true,
        }
    }

    /// It looked, and all was as it should be.
    pub fn unchanged(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            changed: false,
        }
    }
}

/// All jobs that the settings ask for. Those that ask a full node are left to other processes where
/// this one has none.
pub fn all(
    settings: &Settings,
    store: &Arc<SqlStore>,
    clock: &Arc<dyn Clock>,
    provider: Option<&Providers>,
    interpreter: &Arc<Interpreter>,
) -> anyhow::Result<Vec<Arc<dyn Job>>> {
    let mut jobs: Vec<Arc<dyn Job>> = vec![
        Arc::new(RawCleanup::new(
            &settings.work,
            store.clone(),
            clock.clone(),
        )),
        Arc::new(MessageBlobCleanup::new(store.clone(), clock.clone())),
        Arc::new(AddressReconcile::new(&settings.poll, store.clone())),
        Arc::new(StaleRows::new(
            store.clone(),
            clock.clone(),
            Kept {
                inbox_ms: settings.inbox.keep_ms(),
                actions_ms: settings.web.actions_keep_ms(),
            },
        )),
        Arc::new(StaleSignIns::new(store.clone(), clock.clone())),
        Arc::new(BalanceFold(store.clone())),
    ];
    let told = (settings.alerts.channels()?, settings.alerts.heartbeat()?);
    if !told.0.is_empty() || told.1.is_some() {
        jobs.push(Arc::new(Alerts(Alarm::new(
            store.clone(),
            clock.clone(),
            told,
            settings.alerts.limits(),
            settings.alerts.again_after_ms,
            settings.source.name.clone(),
        ))));
    }
    if let Some(provider) = provider {
        let source = provider.clone();
        jobs.push(Arc::new(EpochTracking::new(store.clone(), source)));
        let keeper = BalanceKeeper::new(settings, store, provider, clock, interpreter);
        if keeper.requests_per_day > 0 {
            let (keeper, sample) = (Arc::new(keeper), settings.balances.sample);
            jobs.push(Arc::new(BalanceBaseline(keeper.clone())));
            jobs.push(Arc::new(StaleBalances(keeper.clone())));
            jobs.push(Arc::new(BalanceReconciliation { keeper, sample }));
        }
    }
    if let Some(follower) = SourceFollower::new(settings, store)? {
        jobs.push(Arc::new(SourceRefresh::new(&settings.source, follower)));
    }
    Ok(jobs)
}
