//! Holds a lease by renewing it, and says when it is lost (I-9).
//!
//! Whoever works under the lease stops when `lost` is cancelled. That is a courtesy to the one who took
//! over: what protects the data is the fence, which every write shows that has to be the holder's.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_core::{Fence, LEASE_HEARTBEAT_MS, LEASE_TTL_MS};
use vigia_store::{LeaseStore, Result};

/// How long a lease holds, and how often it is renewed.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTimes {
    /// How long a claim or a renewal holds.
    pub ttl: Duration,
    /// How often it is renewed.
    pub heartbeat: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self {
            ttl: Duration::from_millis(LEASE_TTL_MS),
            heartbeat: Duration::from_millis(LEASE_HEARTBEAT_MS),
        }
    }
}

impl LeaseTimes {
    fn ttl_ms(&self) -> u64 {
        u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A lease that is held. Dropped without `release`, it runs out.
pub struct LeaseKeeper {
    store: Arc<dyn LeaseStore>,
    name: String,
    fence: Fence,
    lost: CancellationToken,
    heartbeat: JoinHandle<()>,
}

impl LeaseKeeper {
    /// Claims `name` and keeps it; none where another holds it. `holder` has to be one that nobody
    /// else claims with, not even this process, or it takes the lease from itself.
    pub async fn claim(
        store: Arc<dyn LeaseStore>,
        name: &str,
        holder: &str,
        times: LeaseTimes,
    ) -> Result<Option<Self>> {
        // Before the claim, so that the end known here is never later than the database's.
        let asked = Instant::now();
        let Some(fence) = store.lease_claim(name, holder, times.ttl_ms()).await? else {
            return Ok(None);
        };
        let lost = CancellationToken::new();
        let renewal = Renewal {
            store: Arc::clone(&store),
            name: name.to_owned(),
            fence,
            times,
        };
        let losing = lost.clone();
        let heartbeat = tokio::spawn(async move {
            renewal.until_lost(asked + times.ttl).await;
            losing.cancel();
        });
        Ok(Some(Self {
            store,
            name: name.to_owned(),
            fence,
            lost,
            heartbeat,
        }))
    }

    /// The fence of the claim, to be shown with what is written under it.
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// Cancelled when the lease is not held any more.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Gives the lease back, so that nobody has to wait for its end; false where it was lost.
    pub async fn release(self) -> Result<bool> {
        self.heartbeat.abort();
        self.store.lease_release(&self.name, self.fence).await
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.heartbeat.abort();
        self.lost.cancel();
    }
}

struct Renewal {
    store: Arc<dyn LeaseStore>,
    name: String,
    fence: Fence,
    times: LeaseTimes,
}

impl Renewal {
    /// Renews until another has claimed, or until the lease's end passed without an answer from the
    /// database: then somebody may have.
    async fn until_lost(&self, mut end: Instant) {
        let ttl_ms = self.times.ttl_ms();
        loop {
            tokio::time::sleep_until(end.min(Instant::now() + self.times.heartbeat)).await;
            let asked = Instant::now();
            let renewal = self.store.lease_renew(&self.name, self.fence, ttl_ms);
            match tokio::time::timeout_at(end, renewal).await {
                Ok(Ok(true)) => end = asked + self.times.ttl,
                Ok(Ok(false)) => {
                    tracing::warn!(lease = self.name, "lost a lease to another process");
                    return;
                }
                Ok(Err(error)) if Instant::now() < end => {
                    tracing::warn!(lease = self.name, error = %error, "cannot renew a lease yet");
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        lease = self.name,
                        "a lease ran out before it could be renewed"
                    );
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use vigia_core::LeaseState;
    use vigia_store::{LeaseRow, StoreError};

    use super::*;

    /// One lease on tokio's clock, which the tests stop, in a database that may be out of reach.
    struct Leases {
        state: Mutex<LeaseState>,
        begun: Instant,
        is_down: AtomicBool,
        hangs: AtomicBool,
    }

    impl Leases {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                state: Mutex::default(),
                begun: Instant::now(),
                is_down: AtomicBool::new(false),
                hangs: AtomicBool::new(false),
            })
        }

        fn now_ms(&self) -> u64 {
            u64::try_from(self.begun.elapsed().as_millis()).unwrap()
        }

        async fn reach(&self) -> Result<()> {
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            match self.is_down.load(Ordering::SeqCst) {
                true => Err(StoreError::Address {
                    problem: "down".to_owned(),
                }),
                false => Ok(()),
            }
        }
    }

    #[async_trait]
    impl LeaseStore for Leases {
        async fn lease_claim(&self, _: &str, holder: &str, ttl_ms: u64) -> Result<Option<Fence>> {
            self.reach().await?;
            let mut state = self.state.lock().unwrap();
            let Some((next, fence)) = state.claim(self.now_ms(), holder, ttl_ms) else {
                return Ok(None);
            };
            *state = next;
            Ok(Some(fence))
        }

        async fn lease_renew(&self, _: &str, fence: Fence, ttl_ms: u64) -> Result<bool> {
            self.reach().await?;
            let mut state = self.state.lock().unwrap();
            let next = state.renew(self.now_ms(), fence, ttl_ms);
            Ok(next.map(|next| *state = next).is_some())
        }

        async fn lease_release(&self, _: &str, fence: Fence) -> Result<bool> {
            self.reach().await?;
            let mut state = self.state.lock().unwrap();
            let next = state.release(fence);
            Ok(next.map(|next| *state = next).is_some())
        }

        async fn lease_list(&self, _: &str) -> Result<Vec<LeaseRow>> {
            unreachable!("nobody lists here")
        }

        async fn lease_prune(&self, _: &str, _: u64) -> Result<u64> {
            unreachable!("nobody prunes here")
        }
    }

    async fn claim(leases: &Arc<Leases>, holder: &str) -> Option<LeaseKeeper> {
        let store: Arc<dyn LeaseStore> = leases.clone();
        let keeper = LeaseKeeper::claim(store, "l", holder, LeaseTimes::default()).await;
        keeper.unwrap()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_is_kept_for_as_long_as_it_is_held() {
        let leases = Leases::new();
        let keeper = claim(&leases, "a").await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(SECOND).await;
            assert!(claim(&leases, "b").await.is_none());
        }
        assert!(!keeper.lost().is_cancelled());
        assert_eq!(keeper.fence(), Fence(1));
        assert!(keeper.release().await.unwrap());
        let next = claim(&leases, "b").await.expect("given back at once");
        assert_eq!(next.fence(), Fence(2));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_gone_is_followed_after_the_time_to_live() {
        let leases = Leases::new();
        let gone = claim(&leases, "a").await.unwrap();
        let lost = gone.lost();
        drop(gone);
        assert!(lost.is_cancelled());
        tokio::time::sleep(Duration::from_millis(LEASE_TTL_MS - 1)).await;
        assert!(claim(&leases, "b").await.is_none());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(claim(&leases, "b").await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_by_another_is_noticed_within_a_heartbeat() {
        let leases = Leases::new();
        let keeper = claim(&leases, "a").await.unwrap();
        tokio::time::sleep(SECOND).await;
        // As if this process had slept through its lease.
        let taken = leases.state.lock().unwrap().claim(u64::MAX >> 1, "b", 1);
        *leases.state.lock().unwrap() = taken.unwrap().0;
        tokio::time::sleep(Duration::from_millis(LEASE_HEARTBEAT_MS - 1_001)).await;
        assert!(!keeper.lost().is_cancelled());
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(keeper.lost().is_cancelled());
        assert!(!keeper.release().await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_outage_loses_nothing() {
        let leases = Leases::new();
        let keeper = claim(&leases, "a").await.unwrap();
        leases.is_down.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2 * LEASE_HEARTBEAT_MS + 500)).await;
        leases.is_down.store(false, Ordering::SeqCst);
        tokio::time::sleep(10 * SECOND).await;
        assert!(!keeper.lost().is_cancelled());
        assert!(claim(&leases, "b").await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_outage_loses_it_even_where_the_database_never_answers() {
        for hangs in [false, true] {
            let leases = Leases::new();
            let keeper = claim(&leases, "a").await.unwrap();
            leases.is_down.store(true, Ordering::SeqCst);
            leases.hangs.store(hangs, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(LEASE_TTL_MS - 1)).await;
            assert!(!keeper.lost().is_cancelled());
            tokio::time::sleep(Duration::from_millis(2)).await;
            assert!(keeper.lost().is_cancelled(), "hangs: {hangs}");
        }
    }
}
