//! Leases with rising fences (I-9): who may work on something, and who may still finish it.
//!
//! A lease says that one holder works on a thing until a moment. Its fence is a number that rises
//! with every claim. What a holder did takes effect only in a database transaction that finds the
//! fence of its own claim still current, so a worker that slept through its lease and wakes up
//! changes nothing, however convinced it is.
//!
//! This is the specification: pure transitions from one state to the next. The stores' SQL is tested
//! against it with random sequences of operations, and `tests/it/lease_model.rs` explores every
//! interleaving of a few workers. Nothing here reads a clock; `now_ms` of all processes has to come
//! from one place, the database.

/// How long a claim or a renewal holds.
pub const LEASE_TTL_MS: u64 = 10_000;

/// How often a holder renews. Two heartbeats may get lost before the lease does.
pub const LEASE_HEARTBEAT_MS: u64 = 3_000;

/// How often a process looks for leases that ran out.
pub const LEASE_CLAIM_INTERVAL_MS: u64 = 2_000;

/// Within this time the work of a killed process is taken over.
pub const LEASE_RESCUE_MS_MAX: u64 = 15_000;

/// The highest fence; databases keep it in a signed 64-bit column.
pub const FENCE_MAX: u64 = i64::MAX as u64;

const _: () = assert!(LEASE_TTL_MS + LEASE_CLAIM_INTERVAL_MS < LEASE_RESCUE_MS_MAX);
const _: () = assert!(3 * LEASE_HEARTBEAT_MS < LEASE_TTL_MS);

/// What a claim gave to its holder; whoever wants to renew, complete or release shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// A lease as it is stored. The default was never claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeaseState {
    /// Number of the last claim; 0 before the first. It outlives its holder and never falls.
    pub fence: u64,
    /// Who holds it.
    pub holder: Option<String>,
    /// From this moment on others may claim it, in milliseconds since 1970.
    pub expires_at_ms: u64,
}

impl LeaseState {
    /// Whether anybody may claim it: nobody holds it, or its time is over.
    pub fn is_free(&self, now_ms: u64) -> bool {
        self.holder.is_none() || now_ms >= self.expires_at_ms
    }

    /// Claims it for `who`, where it is free or `who` holds it already.
    ///
    /// A claim by the holder is a new claim with a higher fence, never a renewal: a process that
    /// restarted under the same name, or a second one by mistake, must not share the fence of the
    /// first, which may be alive and half-way.
    pub fn claim(&self, now_ms: u64, who: &str, ttl_ms: u64) -> Option<(Self, Fence)> {
        let is_own = self.holder.as_deref() == Some(who);
        if self.fence >= FENCE_MAX || !(self.is_free(now_ms) || is_own) {
            return None;
        }
        let fence = self.fence + 1;
        let claimed = Self {
            fence,
            holder: Some(who.to_owned()),
            expires_at_ms: now_ms.saturating_add(ttl_ms),
        };
        Some((claimed, Fence(fence)))
    }

    /// Prolongs it. One that has run out and that nobody claimed since is prolonged too.
    ///
    /// The new end counts from `now_ms` even if that is sooner than the old one: a clock that was
    /// ahead for a moment leaves no lease behind that nobody can take over.
    pub fn renew(&self, now_ms: u64, fence: Fence, ttl_ms: u64) -> Option<Self> {
        self.is_current(fence).then(|| Self {
            expires_at_ms: now_ms.saturating_add(ttl_ms),
            ..self.clone()
        })
    }

    /// Gives it back. The fence stays, so that it is spent for ever.
    pub fn release(&self, fence: Fence) -> Option<Self> {
        self.is_current(fence).then_some(Self {
            fence: self.fence,
            holder: None,
            expires_at_ms: 0,
        })
    }

    /// Whether work done under `fence` may take effect: it is the last claim's, and that was not
    /// given back. Time does not matter, only whether somebody else claimed.
    pub fn is_current(&self, fence: Fence) -> bool {
        self.holder.is_some() && self.fence == fence.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claimed(who: &str) -> (LeaseState, Fence) {
        let claim = LeaseState::default().claim(0, who, 10);
        claim.expect("nobody claimed it before")
    }

    #[test]
    fn a_lease_ends_at_its_very_millisecond() {
        let (lease, _) = claimed("a");
        assert_eq!(lease.claim(9, "b", 10), None);
        let (taken, fence) = lease.claim(10, "b", 10).unwrap();
        assert_eq!((taken.fence, fence), (2, Fence(2)));
        assert_eq!(taken.holder.as_deref(), Some("b"));
    }

    #[test]
    fn a_claim_by_the_holder_spends_its_old_fence() {
        let (lease, first) = claimed("a");
        let (lease, second) = lease.claim(1, "a", 10).unwrap();
        assert!(second > first);
        assert!(!lease.is_current(first));
        assert_eq!(lease.renew(2, first, 10), None);
        assert_eq!(lease.release(first), None);
    }

    #[test]
    fn what_ran_out_unclaimed_can_be_renewed_and_finished() {
        let (lease, fence) = claimed("a");
        assert!(lease.is_free(50) && lease.is_current(fence));
        let lease = lease.renew(50, fence, 10).unwrap();
        assert_eq!(lease.expires_at_ms, 60);
        assert_eq!(lease.claim(59, "b", 10), None);
    }

    #[test]
    fn what_was_given_back_is_spent() {
        let (lease, fence) = claimed("a");
        let lease = lease.release(fence).unwrap();
        assert!(lease.is_free(0) && !lease.is_current(fence));
        assert_eq!(lease.renew(1, fence, 10), None);
        let (_, next) = lease.claim(1, "a", 10).unwrap();
        assert_eq!(next, Fence(2));
    }

    #[test]
    fn a_clock_set_back_shortens_a_lease() {
        let (lease, fence) = LeaseState::default().claim(1_000_000, "a", 10).unwrap();
        assert_eq!(lease.renew(5, fence, 10).unwrap().expires_at_ms, 15);
    }

    #[test]
    fn no_fence_is_above_the_highest() {
        let lease = LeaseState {
            fence: FENCE_MAX - 1,
            ..LeaseState::default()
        };
        let (lease, fence) = lease.claim(0, "a", 10).unwrap();
        assert_eq!(fence, Fence(FENCE_MAX));
        assert_eq!(lease.claim(u64::MAX, "b", 10), None);
        assert!(lease.renew(u64::MAX, fence, 10).is_some());
    }

    proptest! {
        /// Whatever is done in whatever order, at most the newest fence is current and none comes
        /// twice.
        #[test]
        fn fences_rise(steps in prop::collection::vec((0u8..4, 0u64..40, 0usize..4), 1..60)) {
            let mut lease = LeaseState::default();
            let mut given: Vec<Fence> = vec![];
            for (action, now_ms, pick) in steps {
                let shown = given.get(pick % given.len().max(1)).copied().unwrap_or(Fence(0));
                let before = lease.clone();
                match action {
                    0 | 1 => if let Some((next, fence)) = lease.claim(now_ms, ["a", "b", "c", "a"][pick], 8) {
                        prop_assert!(given.iter().all(|old| *old < fence));
                        given.push(fence);
                        lease = next;
                    },
                    2 => lease = lease.renew(now_ms, shown, 8).unwrap_or(lease),
                    _ => lease = lease.release(shown).unwrap_or(lease),
                }
                prop_assert!(lease.fence >= before.fence);
                let current: Vec<&Fence> = given.iter().filter(|f| lease.is_current(**f)).collect();
                prop_assert!(current.is_empty() || current == [given.last().expect("one is current")]);
            }
        }
    }
}
