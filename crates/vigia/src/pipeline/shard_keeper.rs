//! Holds a fair share of a chain's shards by leases.
//!
//! Each poller announces itself by a lease of its own and looks at those of the others. A poller that
//! dies lets its leases run out, and the others share its shards; one that joins is given its part by
//! those who hold more. Two pollers that hold one shard for a moment send its checkpoints twice, which
//! a commit recognises (I-3): a lease here spares work and is no lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use vigia_core::{Fence, LEASE_CLAIM_INTERVAL_MS, LEASE_TTL_MS, ShardPlan, error_chain, rebalance};
use vigia_store::{LeaseRow, LeaseStore, Result, poller_leases, shard_lease, shard_leases};

use super::Trouble;

/// Keeps leases on shards for one poller.
pub struct ShardKeeper {
    store: Arc<dyn LeaseStore>,
    plan: ShardPlan,
    me: String,
    owned: watch::Sender<BTreeSet<u32>>,
}

/// What a keeper holds.
#[derive(Default)]
struct Held {
    me: Option<Fence>,
    shards: BTreeMap<u32, Fence>,
}

impl ShardKeeper {
    /// A keeper for the poller `me`, and the shards it holds as they change.
    pub fn new(
        store: Arc<dyn LeaseStore>,
        plan: ShardPlan,
        me: String,
    ) -> (Self, watch::Receiver<BTreeSet<u32>>) {
        let (owned, changes) = watch::channel(BTreeSet::new());
        let keeper = Self {
            store,
            plan,
            me,
            owned,
        };
        (keeper, changes)
    }

    /// Keeps a fair share until told to stop, then lets go of it for others to take at once.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut interval = tokio::time::interval(Duration::from_millis(LEASE_CLAIM_INTERVAL_MS));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held = Held::default();
        let mut renewed_at = Instant::now();
        let trouble = Trouble::new("cannot keep the leases of shards");
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = interval.tick() => {}
            }
            match self.keep(&mut held).await {
                Ok(()) => {
                    renewed_at = Instant::now();
                    trouble.well();
                }
                Err(error) => {
                    trouble.failing(&error);
                    // By now others may have taken them.
                    if renewed_at.elapsed() >= Duration::from_millis(LEASE_TTL_MS) {
                        held = Held::default();
                    }
                }
            }
            self.tell(&held);
        }
        if let Err(error) = self.let_go(&held).await {
            tracing::debug!(error = %error_chain(&error), "leases of shards run out by themselves");
        }
    }

    /// Renews what is held and moves towards the fair share, once.
    async fn keep(&self, held: &mut Held) -> Result<()> {
        self.renew(held).await?;
        let pollers = self.store.lease_list(&poller_leases(self.plan)).await?;
        let held_now = |row: &LeaseRow| row.remaining_ms > 0;
        let pollers = pollers.into_iter().filter(held_now);
        let pollers: BTreeSet<String> = pollers.filter_map(|row| row.holder).collect();
        let prefix = shard_leases(self.plan);
        let rows = self.store.lease_list(&prefix).await?;
        let holders: BTreeMap<u32, String> = rows
            .into_iter()
            .filter(held_now)
            .filter_map(|row| {
                let shard = row.name.strip_prefix(&prefix)?.parse().ok()?;
                Some((shard, row.holder?))
            })
            .collect();
        let change = rebalance(self.plan.shards(), &holders, &pollers, &self.me);
        for shard in change.give_up {
            if let Some(fence) = held.shards.remove(&shard) {
                tracing::info!(shard, "giving a shard to another poller");
                // Told first: what is read twice is recognised, what nobody reads is late.
                self.tell(held);
                let name = shard_lease(self.plan, shard);
                self.store.lease_release(&name, fence).await?;
            }
        }
        for shard in change.claim {
            let name = shard_lease(self.plan, shard);
            let claimed = self.store.lease_claim(&name, &self.me, LEASE_TTL_MS);
            if let Some(fence) = claimed.await? {
                tracing::info!(shard, "polling a shard");
                held.shards.insert(shard, fence);
            }
        }
        Ok(())
    }

    async fn renew(&self, held: &mut Held) -> Result<()> {
        let me = format!("{}{}", poller_leases(self.plan), self.me);
        let alive = match held.me {
            Some(fence) => self.store.lease_renew(&me, fence, LEASE_TTL_MS).await?,
            None => false,
        };
        if !alive {
            held.me = self.store.lease_claim(&me, &self.me, LEASE_TTL_MS).await?;
        }
        let mut lost = Vec::new();
        for (shard, fence) in &held.shards {
            let name = shard_lease(self.plan, *shard);
            if !self.store.lease_renew(&name, *fence, LEASE_TTL_MS).await? {
                lost.push(*shard);
            }
        }
        for shard in lost {
            tracing::warn!(shard, "another poller has taken a shard over");
            held.shards.remove(&shard);
        }
        Ok(())
    }

    async fn let_go(&self, held: &Held) -> Result<()> {
        for (shard, fence) in &held.shards {
            let name = shard_lease(self.plan, *shard);
            self.store.lease_release(&name, *fence).await?;
        }
        if let Some(fence) = held.me {
            let me = format!("{}{}", poller_leases(self.plan), self.me);
            self.store.lease_release(&me, fence).await?;
        }
        Ok(())
    }

    fn tell(&self, held: &Held) {
        let shards: BTreeSet<u32> = held.shards.keys().copied().collect();
        self.owned.send_if_modified(|owned| {
            let changed = *owned != shards;
            *owned = shards;
            changed
        });
    }
}
