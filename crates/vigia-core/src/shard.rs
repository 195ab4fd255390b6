//! Shards: which checkpoints belong to whom, when several pollers share a chain.
//!
//! Checkpoints are dealt out in strides of `STRIDE` in turn, so that one list request of a full node
//! serves a stride, and so that every shard is always near the tip. This is arithmetic only: which
//! poller holds which shard is a matter of leases (`lease`) and of `rebalance`.

use std::ops::RangeInclusive;

/// Checkpoints that follow each other and belong to one shard. A page of `ListCheckpoints` holds 100
/// at most.
pub const STRIDE: u64 = 64;

/// The most shards a chain can be divided into. More would not help: pollers follow all summaries.
pub const SHARDS_MAX: u32 = 256;

/// A number of shards that makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shards} shards are not possible; expected 1 to {SHARDS_MAX}")]
pub struct InvalidShardCount {
    shards: u32,
}

/// How a chain is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShardPlan {
    shards: u32,
}

impl ShardPlan {
    /// Divides a chain into `shards`.
    pub fn new(shards: u32) -> Result<Self, InvalidShardCount> {
        if (1..=SHARDS_MAX).contains(&shards) {
            Ok(Self { shards })
        } else {
            Err(InvalidShardCount { shards })
        }
    }

    /// How many shards there are; they are numbered from 0.
    pub fn shards(&self) -> u32 {
        self.shards
    }

    /// The shard that a checkpoint belongs to.
    pub fn shard_of(&self, checkpoint: u64) -> u32 {
        let shard = checkpoint / STRIDE % u64::from(self.shards);
        u32::try_from(shard).expect("it is below the number of shards")
    }

    /// The first checkpoint of `shard` from `from` on; none above the highest number there is.
    pub fn next_own(&self, shard: u32, from: u64) -> Option<u64> {
        let shards = u64::from(self.shards);
        let ahead = (u64::from(shard) + shards - u64::from(self.shard_of(from))) % shards;
        if ahead == 0 {
            return Some(from);
        }
        (from / STRIDE).checked_add(ahead)?.checked_mul(STRIDE)
    }

    /// The checkpoints of `shard` from `from` on, ascending.
    pub fn own(&self, shard: u32, from: u64) -> impl Iterator<Item = u64> + use<> {
        let plan = *self;
        std::iter::successors(plan.next_own(shard, from), move |last| {
            plan.next_own(shard, last.checked_add(1)?)
        })
    }

    /// The first run of the shard's checkpoints in `from..=to` that follow each other: a stride, or
    /// as much of one as lies inside.
    pub fn next_run(&self, shard: u32, from: u64, to: u64) -> Option<RangeInclusive<u64>> {
        let first = self.next_own(shard, from).filter(|first| *first <= to)?;
        Some(first..=to.min(*stride_range(first).end()))
    }

    /// The first checkpoint of `shard`, from `first` on, that is in none of the `completed` ranges.
    /// These are inclusive, ascending and disjoint; what they hold of other shards does not matter.
    pub fn next_missing(&self, shard: u32, first: u64, completed: &[(u64, u64)]) -> Option<u64> {
        let mut missing = self.next_own(shard, first)?;
        loop {
            let after = completed.partition_point(|(from, _)| *from <= missing);
            match completed[..after].last() {
                Some((_, to)) if *to >= missing => {
                    missing = self.next_own(shard, to.checked_add(1)?)?;
                }
                _ => return Some(missing),
            }
        }
    }
}

/// The stride around a checkpoint: first and last.
pub fn stride_range(checkpoint: u64) -> RangeInclusive<u64> {
    let first = checkpoint - checkpoint % STRIDE;
    // The highest stride ends with the highest number, since 64 divides 2^64.
    first..=first + (STRIDE - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(shards: u32) -> ShardPlan {
        ShardPlan::new(shards).expect("a sensible number")
    }

    #[test]
    fn shard_counts_have_a_range() {
        assert!(ShardPlan::new(1).is_ok() && ShardPlan::new(SHARDS_MAX).is_ok());
        let message = ShardPlan::new(0).unwrap_err().to_string();
        assert_eq!(message, "0 shards are not possible; expected 1 to 256");
        assert!(ShardPlan::new(SHARDS_MAX + 1).is_err());
    }

    #[test]
    fn strides_are_dealt_out_in_turn() {
        let plan = plan(3);
        let shards = [0, 63, 64, 127, 128, 191, 192].map(|n| plan.shard_of(n));
        assert_eq!(shards, [0, 0, 1, 1, 2, 2, 0]);
        assert_eq!(plan.next_own(1, 0), Some(64));
        assert_eq!(plan.next_own(1, 100), Some(100));
        assert_eq!(plan.next_own(1, 128), Some(256));
        assert_eq!(plan.next_run(1, 100, 500), Some(100..=127));
        assert_eq!(plan.next_run(1, 128, 300), Some(256..=300));
        assert_eq!(plan.next_run(1, 128, 255), None);
        assert_eq!(stride_range(100), 64..=127);
    }

    #[test]
    fn the_highest_checkpoint_is_the_end() {
        assert_eq!(*stride_range(u64::MAX).end(), u64::MAX);
        let plan = plan(2);
        assert_eq!(plan.shard_of(u64::MAX), 1);
        assert_eq!(plan.next_own(1, u64::MAX), Some(u64::MAX));
        assert_eq!(plan.next_own(0, u64::MAX), None);
        assert_eq!(plan.own(1, u64::MAX - 1).count(), 2);
        assert_eq!(plan.next_missing(1, 0, &[(0, u64::MAX)]), None);
    }

    proptest! {
        #[test]
        fn every_checkpoint_is_one_shards_own(shards in 1u32..9, from in 0u64..2000) {
            let plan = plan(shards);
            let to = from + 700;
            let mut seen: Vec<u64> = vec![];
            for shard in 0..shards {
                let own: Vec<u64> = plan.own(shard, from).take_while(|n| *n <= to).collect();
                let naive: Vec<u64> = (from..=to).filter(|n| plan.shard_of(*n) == shard).collect();
                prop_assert_eq!(&own, &naive);
                let mut runs = vec![];
                let mut next = from;
                while let Some(run) = plan.next_run(shard, next, to) {
                    prop_assert!(run.clone().count() as u64 <= STRIDE);
                    next = run.end() + 1;
                    runs.extend(run);
                }
                prop_assert_eq!(&own, &runs);
                seen.extend(own);
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (from..=to).collect::<Vec<_>>());
        }

        #[test]
        fn the_missing_one_is_found(
            shards in 1u32..6,
            pick in 0u32..6,
            first in 0u64..900,
            // Lengths of holes and ranges in turn; a hole of 0 makes ranges that touch.
            lengths in prop::collection::vec((0u64..90, 1u64..200), 0..12),
        ) {
            let (plan, shard) = (plan(shards), pick % shards);
            let mut completed = vec![];
            let mut at = 0;
            for (hole, length) in lengths {
                completed.push((at + hole, at + hole + length - 1));
                at += hole + length;
            }
            let is_done = |n: &u64| completed.iter().any(|(from, to)| (from..=to).contains(&n));
            let naive = (first..).find(|n| plan.shard_of(*n) == shard && !is_done(n));
            prop_assert_eq!(plan.next_missing(shard, first, &completed), naive);
        }
    }
}
