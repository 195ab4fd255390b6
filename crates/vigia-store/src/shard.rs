//! Shards as they stand: who polls which part of the chain, and how far it is committed.

use vigia_core::ShardPlan;

/// What the names of all leases on shards begin with.
const LEASES: &str = "shard:";

/// A shard of a chain that pollers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRow {
    /// Its number, from 0.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
    /// Who polls it now; none while nobody does.
    pub holder: Option<String>,
    /// Checkpoint such that those of the shard up to it are committed; none until the first is.
    pub watermark: Option<u64>,
}

impl ShardRow {
    /// Checkpoints, of all shards, between its position and the tip.
    pub fn lag_checkpoints(&self, tip: Option<u64>) -> Option<u64> {
        // It is known to be complete up to the next of its own, which may lie above the tip.
        Some(tip?.saturating_sub(self.watermark?))
    }
}

/// What the names of leases on the shards of `plan` begin with; the shard's number follows.
///
/// Pollers that divide the chain otherwise have leases of their own: while they are replaced, the same
/// checkpoints are read by both.
pub fn shard_leases(plan: ShardPlan) -> String {
    format!("{LEASES}{}/", plan.shards())
}

/// What the names of leases begin with by which pollers announce themselves; nothing is written by
/// them.
pub const POLLER_LEASES: &str = "poller:";

/// What those begin with of pollers that divide the chain as `plan` says; the poller's name follows.
pub fn poller_leases(plan: ShardPlan) -> String {
    format!("{POLLER_LEASES}{}/", plan.shards())
}

/// Name of the lease of a shard.
pub fn shard_lease(plan: ShardPlan, shard: u32) -> String {
    format!("{}{shard}", shard_leases(plan))
}

/// The prefix of all leases on shards.
pub(crate) fn leases() -> &'static str {
    LEASES
}

/// What a lease of this name is on.
pub(crate) fn parse_lease(name: &str) -> Option<(ShardPlan, u32)> {
    let (shards, shard) = name.strip_prefix(LEASES)?.split_once('/')?;
    let plan = ShardPlan::new(shards.parse().ok()?).ok()?;
    let shard = shard.parse().ok()?;
    (shard < plan.shards()).then_some((plan, shard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_name_their_shard() {
        let plan = ShardPlan::new(4).unwrap();
        assert_eq!(parse_lease(&shard_lease(plan, 3)), Some((plan, 3)));
        for other in [
            "shard:4/4",
            "shard:0/0",
            "shard:257/1",
            "shard:4",
            "job:x",
            "shard:a/b",
        ] {
            assert_eq!(parse_lease(other), None, "{other}");
        }
    }

    #[test]
    fn a_shard_ahead_of_the_tip_does_not_lag() {
        let shard = |watermark| ShardRow {
            shard: 0,
            shards: 2,
            holder: None,
            watermark,
        };
        assert_eq!(shard(Some(63)).lag_checkpoints(Some(60)), Some(0));
        assert_eq!(shard(Some(63)).lag_checkpoints(Some(70)), Some(7));
        assert_eq!(shard(None).lag_checkpoints(Some(70)), None);
        assert_eq!(shard(Some(63)).lag_checkpoints(None), None);
    }
}
