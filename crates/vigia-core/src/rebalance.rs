//! Who should hold how many shards: each poller decides for itself, from what all of them see.
//!
//! The rule is a pure function of the leases and the living pollers. Pollers that see the same
//! decide alike, and their decisions fit together; pollers that see something older decide something
//! that a lease refuses or that the next round mends. Shares differ by one at most, whoever holds
//! most keeps the larger share, so nobody gives up a shard for nothing. It deliberately does not
//! know why a poller is gone or when its leases run out: until then its shards are not free.

use std::collections::{BTreeMap, BTreeSet};

/// What a poller should do about its shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebalance {
    /// How many shards it should hold.
    pub share: u32,
    /// Shards it holds and should give up, once what it has in hand is committed.
    pub give_up: Vec<u32>,
    /// Free shards it should claim.
    pub claim: Vec<u32>,
}

/// The smallest and the largest number of shards that a poller should hold.
pub fn fair_share(shards: u32, pollers: u32) -> (u32, u32) {
    let pollers = pollers.max(1);
    (shards / pollers, shards.div_ceil(pollers))
}

/// What `me` should do. `holders` are the leases that have not run out, by shard; a shard that is
/// not among them is free. `pollers` are the living; `me` counts as one.
pub fn rebalance(
    shards: u32,
    holders: &BTreeMap<u32, String>,
    pollers: &BTreeSet<String>,
    me: &str,
) -> Rebalance {
    let mut held: BTreeMap<&str, Vec<u32>> = pollers
        .iter()
        .map(String::as_str)
        .chain([me])
        .map(|poller| (poller, Vec::new()))
        .collect();
    for (shard, holder) in holders.range(..shards) {
        if let Some(own) = held.get_mut(holder.as_str()) {
            own.push(*shard);
        }
    }
    let mut free = (0..shards).filter(|shard| !holders.contains_key(shard));
    // Largest holdings first: who holds more keeps the larger share.
    let mut order: Vec<(&str, Vec<u32>)> = held.into_iter().collect();
    order.sort_by_key(|(_, own)| std::cmp::Reverse(own.len()));
    let (least, most) = fair_share(shards, count(order.len()));
    let larger = shards - least * count(order.len());
    for (rank, (poller, own)) in (0..).zip(order) {
        let share = if rank < larger { most } else { least };
        let wanted = share.saturating_sub(count(own.len()));
        // Each takes its own part of what is free, so that they do not race for the same.
        let claim: Vec<u32> = free.by_ref().take(index(wanted)).collect();
        if poller == me {
            return Rebalance {
                share,
                give_up: own.into_iter().skip(index(share)).collect(),
                claim,
            };
        }
    }
    Rebalance::default()
}

fn count(pollers_or_shards: usize) -> u32 {
    u32::try_from(pollers_or_shards).unwrap_or(u32::MAX)
}

fn index(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn holders(held: &[(u32, &str)]) -> BTreeMap<u32, String> {
        let held = held.iter();
        held.map(|(shard, who)| (*shard, (*who).to_owned()))
            .collect()
    }

    #[test]
    fn shares_differ_by_one_at_most() {
        assert_eq!(fair_share(8, 3), (2, 3));
        assert_eq!(fair_share(8, 4), (2, 2));
        assert_eq!(fair_share(2, 3), (0, 1));
        assert_eq!(fair_share(5, 0), (5, 5));
    }

    #[test]
    fn the_first_poller_takes_all() {
        let alone = rebalance(3, &holders(&[]), &names(&[]), "a");
        let all = Rebalance {
            share: 3,
            give_up: vec![],
            claim: vec![0, 1, 2],
        };
        assert_eq!(alone, all);
    }

    #[test]
    fn a_newcomer_is_made_room_for() {
        let held = holders(&[(0, "b"), (1, "b"), (2, "b"), (3, "b")]);
        let pollers = names(&["a", "b"]);
        let old = rebalance(4, &held, &pollers, "b");
        assert_eq!((old.share, old.give_up), (2, vec![2, 3]));
        let new = rebalance(4, &held, &pollers, "a");
        assert_eq!((new.share, new.claim), (2, vec![]));
        let held = holders(&[(0, "b"), (1, "b")]);
        assert_eq!(rebalance(4, &held, &pollers, "a").claim, vec![2, 3]);
    }

    #[test]
    fn who_holds_more_keeps_the_larger_share() {
        let held = holders(&[(0, "b"), (1, "b"), (2, "a")]);
        for me in ["a", "b"] {
            let me = rebalance(3, &held, &names(&["a", "b"]), me);
            assert_eq!((me.give_up, me.claim), (vec![], vec![]));
        }
    }

    #[test]
    fn shards_of_the_dead_are_not_free_before_their_leases_end() {
        let held = holders(&[(0, "a"), (1, "dead"), (2, "dead")]);
        let me = rebalance(3, &held, &names(&["a"]), "a");
        assert_eq!((me.share, me.claim), (3, vec![]));
    }

    #[test]
    fn leases_of_shards_that_are_no_more_do_not_count() {
        let held = holders(&[(0, "a"), (7, "a")]);
        let me = rebalance(2, &held, &names(&["a"]), "a");
        assert_eq!((me.share, me.give_up, me.claim), (2, vec![], vec![1]));
    }
}
