//! Pollers that come and go in any order end up with equal shares, and then leave each other alone.
//!
//! The simulated pollers act one after another in any order, some of them on what they saw at the
//! start of the round. Leases refuse what another was quicker at, as the database does; those of a
//! killed poller run out some rounds later.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vigia_core::{Rebalance, fair_share, rebalance};

/// Rounds until the leases of a killed poller run out.
const LEASE_ROUNDS: u32 = 3;
/// Rounds after the last change, and after leases have run out, in which all is settled.
const SETTLED_ROUNDS: u32 = 4;

#[derive(Clone, Debug)]
enum Event {
    Join(u8),
    Leave(u8),
    Kill(u8),
}

#[derive(Clone, Debug, Default)]
struct Cluster {
    shards: u32,
    holders: BTreeMap<u32, String>,
    pollers: BTreeSet<String>,
    /// Killed pollers and the rounds their leases still hold.
    dying: BTreeMap<String, u32>,
    moves: usize,
}

impl Cluster {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Join(number) => {
                let name = format!("poller-{number}");
                // A name comes back only once its old leases are gone, as with random suffixes.
                if !self.dying.contains_key(&name) {
                    self.pollers.insert(name);
                }
            }
            Event::Leave(number) => {
                if let Some(name) = self.pick(*number) {
                    self.holders.retain(|_, holder| *holder != name);
                    self.pollers.remove(&name);
                }
            }
            Event::Kill(number) => {
                if let Some(name) = self.pick(*number) {
                    self.pollers.remove(&name);
                    self.dying.insert(name, LEASE_ROUNDS);
                }
            }
        }
    }

    /// Somebody, as long as one is left afterwards.
    fn pick(&self, number: u8) -> Option<String> {
        let index = usize::from(number) % self.pollers.len().max(1);
        let picked = self.pollers.iter().nth(index).cloned();
        picked.filter(|_| self.pollers.len() > 1)
    }

    /// Everybody acts once, in an order and with a view that `seed` decides.
    fn round(&mut self, seed: u64) {
        self.dying.retain(|_, rounds| {
            *rounds -= 1;
            *rounds > 0
        });
        let (dying, pollers) = (self.dying.clone(), self.pollers.clone());
        self.holders
            .retain(|_, who| pollers.contains(who) || dying.contains_key(who));
        let at_start = self.holders.clone();
        let mut order: Vec<String> = self.pollers.iter().cloned().collect();
        let length = order.len();
        order.rotate_left(usize::try_from(seed % 97).expect("it is small") % length);
        if seed & 1 == 1 {
            order.reverse();
        }
        for (turn, name) in order.iter().enumerate() {
            let is_late = (seed >> (turn % 60)) & 2 == 2;
            let seen = if is_late { &at_start } else { &self.holders };
            let plan = rebalance(self.shards, seen, &self.pollers, name);
            self.carry_out(name, &plan);
        }
    }

    fn carry_out(&mut self, name: &str, plan: &Rebalance) {
        for shard in &plan.give_up {
            assert_eq!(self.holders.remove(shard).as_deref(), Some(name));
            self.moves += 1;
        }
        for shard in &plan.claim {
            // The lease decides who was first.
            let holder = self.holders.entry(*shard);
            holder.or_insert_with(|| name.to_owned());
        }
    }

    fn assert_settled(&self) {
        let small = |count: usize| u32::try_from(count).expect("it is small");
        let (least, most) = fair_share(self.shards, small(self.pollers.len()));
        assert!(most - least <= 1);
        for name in &self.pollers {
            let held = self.holders.values().filter(|who| *who == name);
            let held = small(held.count());
            assert!((least..=most).contains(&held), "{name}: {held} of {self:?}");
        }
        assert_eq!(self.holders.len(), self.shards as usize, "{self:?}");
        for name in &self.pollers {
            let plan = rebalance(self.shards, &self.holders, &self.pollers, name);
            assert!(plan.give_up.is_empty() && plan.claim.is_empty(), "{plan:?}");
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0u8..8).prop_map(Event::Join),
        1 => any::<u8>().prop_map(Event::Leave),
        2 => any::<u8>().prop_map(Event::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn shares_even_out_whoever_comes_and_goes(
        shards in 1u32..20,
        events in prop::collection::vec((event(), any::<u64>()), 0..30),
        seeds in prop::collection::vec(any::<u64>(), 7),
    ) {
        let mut cluster = Cluster { shards, ..Cluster::default() };
        cluster.apply(&Event::Join(200));
        for (event, seed) in events {
            cluster.apply(&event);
            cluster.round(seed);
        }
        let rounds = usize::try_from(LEASE_ROUNDS + SETTLED_ROUNDS).unwrap();
        for seed in &seeds[..rounds] {
            cluster.round(*seed);
        }
        cluster.assert_settled();
        let moves = cluster.moves;
        for seed in seeds {
            cluster.round(seed);
        }
        prop_assert_eq!(cluster.moves, moves, "settled pollers swap shards");
    }

    /// A newcomer costs no more moves than the shards it gets.
    #[test]
    fn joining_moves_no_more_than_the_newcomers_share(
        shards in 1u32..40,
        pollers in 1u8..8,
        seeds in prop::collection::vec(any::<u64>(), 8),
    ) {
        let mut cluster = Cluster { shards, ..Cluster::default() };
        (0..pollers).for_each(|number| cluster.apply(&Event::Join(number)));
        seeds[..4].iter().for_each(|seed| cluster.round(*seed));
        cluster.assert_settled();
        cluster.moves = 0;
        cluster.apply(&Event::Join(100));
        seeds[4..].iter().for_each(|seed| cluster.round(*seed));
        cluster.assert_settled();
        let newcomer = "poller-100".to_owned();
        let got = cluster.holders.values().filter(|who| **who == newcomer).count();
        prop_assert_eq!(cluster.moves, got);
    }
}
