//! Which provider is used: a pure rule over what was heard of each, and when.
//!
//! The first provider of the configuration that can serve is used. One that fails rests, longer each
//! time; one that falls behind the best is set aside until it has caught up; and the way back to a
//! preferred one is open only after it has been well for a while, so that two that come and go do not
//! make the stream go back and forth. Nothing here waits or asks: a clock's reading is handed in.

use std::fmt;

use vigia_core::ChainId;

use crate::grpc::ProviderRoles;

/// Limits of the rule. Times are in milliseconds, distances in checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RosterPolicy {
    /// One that is further than this behind the best is set aside; it is taken back at half of it.
    pub lag_max: u64,
    /// How long a preferred provider has to be well before the stream goes back to it.
    pub return_after_ms: u64,
    /// How long one rests after its first failure; twice as long after each more in a row.
    pub rest_first_ms: u64,
    /// The longest rest.
    pub rest_max_ms: u64,
}

impl Default for RosterPolicy {
    fn default() -> Self {
        Self {
            lag_max: 50,
            return_after_ms: 60_000,
            rest_first_ms: 250,
            rest_max_ms: 15_000,
        }
    }
}

/// What somebody wants a provider for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// To follow the chain from a checkpoint on, or from the newest.
    Live(Option<u64>),
    /// To get a checkpoint, or something else that is kept.
    History(Option<u64>),
}

impl Need {
    fn checkpoint(self) -> Option<u64> {
        match self {
            Self::Live(checkpoint) | Self::History(checkpoint) => checkpoint,
        }
    }
}

/// Whom to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This one.
    Use(usize),
    /// Nobody yet; look again after so many milliseconds.
    Wait(u64),
    /// Nobody has that checkpoint any more; the lowest that anybody is known to have.
    Pruned(u64),
}

/// How a provider stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was heard of it yet.
    Unknown,
    /// It can be used.
    Well,
    /// It works again, and is used once it has for long enough.
    Returning {
        /// Milliseconds until then.
        in_ms: u64,
    },
    /// It failed and is not tried for a while.
    Resting {
        /// What failed.
        problem: String,
        /// Failures in a row.
        failures: u32,
    },
    /// It is too far behind the best.
    Behind {
        /// By so many checkpoints.
        by: u64,
    },
    /// It follows another chain.
    WrongChain {
        /// The chain it follows.
        found: ChainId,
    },
}

impl Standing {
    /// Whether it may be read from.
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Unknown | Self::Well | Self::Returning { .. })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("not asked yet"),
            Self::Well => f.write_str("well"),
            Self::Returning { in_ms } => {
                let seconds = in_ms.div_ceil(1_000);
                write!(f, "works again, preferred again in {seconds} s")
            }
            Self::Resting {
                problem,
                failures: 1,
            } => f.write_str(problem),
            Self::Resting { problem, failures } => {
                write!(f, "{problem} ({failures} failures in a row)")
            }
            Self::Behind { by } => write!(f, "{by} checkpoints behind the best"),
            Self::WrongChain { found } => match found.name() {
                Some(name) => write!(f, "follows another chain, {name}"),
                None => write!(f, "follows another chain, {}", found.short()),
            },
        }
    }
}

/// The providers, most preferred first, and what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    policy: RosterPolicy,
    chain: Option<ChainId>,
    members: Vec<Member>,
}

#[derive(Clone, Debug, Default)]
struct Member {
    roles: ProviderRoles,
    chain: Option<ChainId>,
    tip: Option<u64>,
    lowest: Option<u64>,
    latency_ms: Option<u64>,
    problem: Option<String>,
    failures: u32,
    rests_until_ms: u64,
    /// Since when nothing failed; none while it is failing or unknown.
    well_since_ms: Option<u64>,
    behind: bool,
}

impl Roster {
    /// Providers with these roles, most preferred first.
    pub(super) fn new(roles: Vec<ProviderRoles>, policy: RosterPolicy) -> Self {
        let member = |roles| Member {
            roles,
            ..Member::default()
        };
        Self {
            policy,
            chain: None,
            members: roles.into_iter().map(member).collect(),
        }
    }

    /// The chain that all have to follow.
    pub(super) fn bind(&mut self, chain: ChainId) {
        self.chain = Some(chain);
    }

    /// The chain that all have to follow, once that is known.
    pub(super) fn chain(&self) -> Option<ChainId> {
        self.chain
    }

    /// A provider answered: what it follows, its newest and oldest checkpoint, and how long it took.
    pub(super) fn answered(
        &mut self,
        index: usize,
        now_ms: u64,
        chain: ChainId,
        (lowest, tip): (u64, u64),
        latency_ms: u64,
    ) {
        let member = &mut self.members[index];
        member.chain = Some(chain);
        member.lowest = Some(lowest);
        member.latency_ms = Some(match member.latency_ms {
            // A moving mean, by a quarter at a time.
            Some(before) => (3 * before + latency_ms) / 4,
            None => latency_ms,
        });
        // It may have been set back to an older state.
        member.tip = Some(tip);
        self.worked(index, now_ms);
        self.compare();
    }

    /// A provider brought a checkpoint of its stream.
    pub(super) fn brought(&mut self, index: usize, now_ms: u64, checkpoint: u64) {
        let member = &mut self.members[index];
        member.tip = member.tip.max(Some(checkpoint));
        // What it streams is what counts: failures in a row end here.
        member.failures = 0;
        self.worked(index, now_ms);
        self.compare();
    }

    /// Something that was asked of a provider failed. What fails while it rests was asked before, or by
    /// somebody who asks regardless: the same trouble, which makes the rest no longer.
    pub(super) fn failed(&mut self, index: usize, now_ms: u64, problem: String) {
        let policy = self.policy;
        let rests = self.rests(&self.members[index], now_ms);
        let member = &mut self.members[index];
        member.problem = Some(problem);
        if rests {
            return;
        }
        let rest = policy
            .rest_first_ms
            .saturating_mul(2u64.saturating_pow(member.failures))
            .min(policy.rest_max_ms);
        member.failures = member.failures.saturating_add(1);
        member.rests_until_ms = now_ms.saturating_add(rest);
        member.well_since_ms = None;
    }

    fn worked(&mut self, index: usize, now_ms: u64) {
        let rests = self.rests(&self.members[index], now_ms);
        let member = &mut self.members[index];
        if !rests {
            member.problem = None;
            member.well_since_ms.get_or_insert(now_ms);
        }
    }

    /// Sets aside who is too far behind, and takes back who is not any more. What was heard of the
    /// best may be older than what was heard of the others: then they are nearer than they seem.
    fn compare(&mut self) {
        let best = self.tip().unwrap_or(0);
        let lag_max = self.policy.lag_max;
        for member in &mut self.members {
            let Some(tip) = member.tip else { continue };
            let lag = best.saturating_sub(tip);
            if lag > lag_max {
                member.behind = true;
            } else if lag <= lag_max / 2 {
                member.behind = false;
            }
        }
    }

    /// The newest checkpoint that anybody on the chain has told of.
    pub(super) fn tip(&self) -> Option<u64> {
        let on_chain = |member: &&Member| !self.is_elsewhere(member);
        self.members
            .iter()
            .filter(on_chain)
            .filter_map(|m| m.tip)
            .max()
    }

    fn is_elsewhere(&self, member: &Member) -> bool {
        matches!((self.chain, member.chain), (Some(wanted), Some(found)) if wanted != found)
    }

    /// Whom to use for `need`, where `current` is used now.
    pub(super) fn choose(&self, now_ms: u64, need: Need, current: Option<usize>) -> Choice {
        if let Some(lowest) = self.pruned(need) {
            return Choice::Pruned(lowest);
        }
        let usable = |index: &usize| self.is_usable(*index, now_ms, need);
        let mut candidates = self.by_preference(need).filter(usable);
        let Some(first) = candidates.next() else {
            return Choice::Wait(self.shortest_rest(now_ms));
        };
        match current.filter(usable) {
            Some(current) if !self.may_return(first, now_ms) => Choice::Use(current),
            _ => Choice::Use(first),
        }
    }

    /// Who may serve that, most preferred first, whether usable at the moment or not.
    pub(super) fn serving(&self, need: Need) -> Vec<usize> {
        let here = |index: &usize| !self.is_elsewhere(&self.members[*index]);
        self.by_preference(need).filter(here).collect()
    }

    /// Archives come last: they are for what the others have no more.
    fn by_preference(&self, need: Need) -> impl Iterator<Item = usize> + '_ {
        let of = move |archive: bool| {
            let serves = move |(index, member): (usize, &Member)| {
                let roles = member.roles;
                let serves = match (need, archive) {
                    (Need::Live(_), false) => roles.live,
                    (Need::Live(_), true) => false,
                    (Need::History(_), false) => roles.history,
                    (Need::History(_), true) => roles.archive && !roles.history,
                };
                serves.then_some(index)
            };
            self.members.iter().enumerate().filter_map(serves)
        };
        of(false).chain(of(true))
    }

    fn is_usable(&self, index: usize, now_ms: u64, need: Need) -> bool {
        let member = &self.members[index];
        let has = |checkpoint| member.lowest.is_none_or(|lowest| lowest <= checkpoint);
        if self.rests(member, now_ms) || self.is_elsewhere(member) {
            return false;
        }
        if member.behind && matches!(need, Need::Live(_)) {
            return false;
        }
        need.checkpoint().is_none_or(has)
    }

    /// A rest longer than the longest is a clock that was set back.
    fn rests(&self, member: &Member, now_ms: u64) -> bool {
        let rest_ms = member.rests_until_ms.saturating_sub(now_ms);
        (1..=self.policy.rest_max_ms).contains(&rest_ms)
    }

    fn may_return(&self, index: usize, now_ms: u64) -> bool {
        self.returns_in(index, now_ms) == Some(0)
    }

    /// Milliseconds until a provider has been well for long enough; none while it is not well.
    fn returns_in(&self, index: usize, now_ms: u64) -> Option<u64> {
        let well_since_ms = self.members[index].well_since_ms?;
        let well_for_ms = now_ms.saturating_sub(well_since_ms);
        Some(self.policy.return_after_ms.saturating_sub(well_for_ms))
    }

    /// The lowest checkpoint that can be had, where that is above what is needed. Only when all who
    /// may serve have told.
    fn pruned(&self, need: Need) -> Option<u64> {
        let checkpoint = need.checkpoint()?;
        let mut lowest = None::<u64>;
        for index in self.by_preference(need) {
            let member = &self.members[index];
            if self.is_elsewhere(member) {
                continue;
            }
            let has_from = member.lowest?;
            lowest = Some(lowest.map_or(has_from, |lowest| lowest.min(has_from)));
        }
        lowest.filter(|lowest| *lowest > checkpoint)
    }

    fn shortest_rest(&self, now_ms: u64) -> u64 {
        let rests = self
            .members
            .iter()
            .filter(|member| self.rests(member, now_ms))
            .map(|member| member.rests_until_ms.saturating_sub(now_ms));
        rests.min().unwrap_or(self.policy.rest_first_ms)
    }

    /// How a provider stands.
    pub(super) fn standing(&self, index: usize, now_ms: u64) -> Standing {
        let member = &self.members[index];
        if let (true, Some(found)) = (self.is_elsewhere(member), member.chain) {
            return Standing::WrongChain { found };
        }
        if let Some(problem) = &member.problem {
            let (problem, failures) = (problem.clone(), member.failures);
            return Standing::Resting { problem, failures };
        }
        if member.behind {
            let by = self.tip().zip(member.tip);
            let by = by.map_or(0, |(best, tip)| best.saturating_sub(tip));
            return Standing::Behind { by };
        }
        match self.returns_in(index, now_ms) {
            None => Standing::Unknown,
            Some(in_ms) if in_ms > 0 && member.failures > 0 => Standing::Returning { in_ms },
            Some(_) => Standing::Well,
        }
    }

    /// Newest checkpoint, oldest checkpoint and answering time of a provider, as last heard.
    pub(super) fn heard(&self, index: usize) -> (Option<u64>, Option<u64>, Option<u64>) {
        let member = &self.members[index];
        (member.tip, member.lowest, member.latency_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vigia_core::Digest;

    use super::*;

    const LIVE: ProviderRoles = ProviderRoles {
        live: true,
        history: true,
        archive: false,
    };
    const ARCHIVE: ProviderRoles = ProviderRoles {
        live: false,
        history: false,
        archive: true,
    };
    const POLICY: RosterPolicy = RosterPolicy {
        lag_max: 10,
        return_after_ms: 1_000,
        rest_first_ms: 100,
        rest_max_ms: 800,
    };

    fn chain(byte: u8) -> ChainId {
        ChainId(Digest::new([byte; 32]))
    }

    fn roster(roles: &[ProviderRoles]) -> Roster {
        let mut roster = Roster::new(roles.to_vec(), POLICY);
        roster.bind(chain(1));
        roster
    }

    fn answers(roster: &mut Roster, index: usize, now_ms: u64, range: (u64, u64)) {
        roster.answered(index, now_ms, chain(1), range, 20);
    }

    fn live(roster: &Roster, now_ms: u64, current: Option<usize>) -> Choice {
        roster.choose(now_ms, Need::Live(Some(100)), current)
    }

    #[test]
    fn the_first_is_used_until_it_fails_and_again_when_it_was_well_for_a_while() {
        let mut roster = roster(&[LIVE, LIVE]);
        assert_eq!(live(&roster, 0, None), Choice::Use(0));
        answers(&mut roster, 0, 0, (0, 100));
        answers(&mut roster, 1, 0, (0, 100));
        roster.failed(0, 50, "reset".to_owned());
        assert_eq!(live(&roster, 50, Some(0)), Choice::Use(1));
        // Its rest is over, but it has shown nothing.
        assert_eq!(live(&roster, 5_000, Some(1)), Choice::Use(1));
        answers(&mut roster, 0, 5_000, (0, 101));
        assert_eq!(live(&roster, 5_999, Some(1)), Choice::Use(1));
        assert_eq!(
            roster.standing(0, 5_500),
            Standing::Returning { in_ms: 500 }
        );
        assert_eq!(live(&roster, 6_000, Some(1)), Choice::Use(0));
        // A failure on the way back begins it anew.
        roster.failed(0, 5_900, "reset".to_owned());
        answers(&mut roster, 0, 7_000, (0, 101));
        assert_eq!(live(&roster, 7_900, Some(1)), Choice::Use(1));
    }

    #[test]
    fn rests_grow_up_to_the_longest_and_end_where_the_clock_is_set_back() {
        let mut roster = roster(&[LIVE]);
        let mut now_ms = 1_000_000;
        for rest in [100, 200, 400, 800, 800] {
            roster.failed(0, now_ms, "refused".to_owned());
            assert_eq!(live(&roster, now_ms, Some(0)), Choice::Wait(rest));
            assert_eq!(live(&roster, now_ms + rest - 1, Some(0)), Choice::Wait(1));
            now_ms += rest;
            assert_eq!(live(&roster, now_ms, Some(0)), Choice::Use(0));
        }
        roster.failed(0, now_ms, "refused".to_owned());
        assert_eq!(live(&roster, now_ms - 900_000, None), Choice::Use(0));
        // What it brings ends the row of failures.
        roster.brought(0, now_ms + 800, 101);
        roster.failed(0, now_ms + 900, "refused".to_owned());
        assert_eq!(live(&roster, now_ms + 900, Some(0)), Choice::Wait(100));
    }

    #[test]
    fn what_fails_during_a_rest_makes_it_no_longer() {
        let mut roster = roster(&[LIVE]);
        for now_ms in 0..5 {
            roster.failed(0, now_ms, format!("refused at {now_ms}"));
        }
        assert_eq!(live(&roster, 5, Some(0)), Choice::Wait(95));
        let standing = roster.standing(0, 5).to_string();
        assert_eq!(standing, "refused at 4", "the last is told, once counted");
        roster.failed(0, 100, "refused".to_owned());
        assert_eq!(live(&roster, 100, Some(0)), Choice::Wait(200));
    }

    #[test]
    fn who_is_behind_is_set_aside_until_it_has_half_caught_up() {
        let mut roster = roster(&[LIVE, LIVE]);
        answers(&mut roster, 0, 0, (0, 90));
        answers(&mut roster, 1, 0, (0, 100));
        assert_eq!(
            live(&roster, 0, None),
            Choice::Use(0),
            "by as much as it may be"
        );
        answers(&mut roster, 1, 0, (0, 101));
        assert_eq!(live(&roster, 0, Some(0)), Choice::Use(1));
        assert_eq!(roster.standing(0, 0), Standing::Behind { by: 11 });
        let history = roster.choose(0, Need::History(Some(50)), None);
        assert_eq!(history, Choice::Use(0), "what it has it can still list");
        answers(&mut roster, 0, 1_000, (0, 95));
        assert_eq!(live(&roster, 9_000, Some(1)), Choice::Use(1));
        answers(&mut roster, 0, 2_000, (0, 96));
        assert_eq!(live(&roster, 9_000, Some(1)), Choice::Use(0));
    }

    #[test]
    fn another_chain_is_never_used_and_counts_for_nothing() {
        let mut roster = roster(&[LIVE, LIVE]);
        roster.answered(0, 0, chain(2), (0, 1_000_000), 5);
        answers(&mut roster, 1, 0, (0, 100));
        assert_eq!(live(&roster, 0, Some(0)), Choice::Use(1));
        assert_eq!(roster.tip(), Some(100));
        let found = chain(2);
        assert_eq!(roster.standing(0, 0), Standing::WrongChain { found });
        assert_eq!(roster.standing(1, 0), Standing::Well);
        answers(&mut roster, 0, 10, (0, 100));
        assert_eq!(roster.standing(0, 10), Standing::Well);
    }

    #[test]
    fn archives_are_for_what_the_others_have_no_more() {
        let mut roster = roster(&[ARCHIVE, LIVE]);
        let history = |roster: &Roster, n| roster.choose(0, Need::History(Some(n)), None);
        assert_eq!(live(&roster, 0, None), Choice::Use(1));
        assert_eq!(history(&roster, 5), Choice::Use(1), "as far as is known");
        answers(&mut roster, 1, 0, (50, 100));
        assert_eq!(history(&roster, 50), Choice::Use(1));
        assert_eq!(history(&roster, 49), Choice::Use(0));
        answers(&mut roster, 0, 0, (10, 100));
        assert_eq!(history(&roster, 10), Choice::Use(0));
        assert_eq!(history(&roster, 9), Choice::Pruned(10));
        let behind = roster.choose(0, Need::Live(Some(20)), None);
        assert_eq!(behind, Choice::Pruned(50), "an archive streams nothing");
    }

    proptest! {
        /// Whatever happens, somebody is usable again once all is quiet, and nobody of another chain.
        #[test]
        fn nobody_is_given_up_for_good(
            steps in prop::collection::vec((0..3usize, 0..5u8, 0..2_000u64), 0..60)
        ) {
            let mut roster = roster(&[LIVE, LIVE, LIVE]);
            let mut now_ms = 0;
            let mut current = None;
            for (index, what, later) in steps {
                now_ms += later;
                match what {
                    0 => roster.failed(index, now_ms, "x".to_owned()),
                    1 => roster.brought(index, now_ms, 100 + now_ms / 100),
                    2 => roster.answered(index, now_ms, chain(2), (0, 9_999_999), 1),
                    _ => answers(&mut roster, index, now_ms, (0, 100 + now_ms / 100)),
                }
                if let Choice::Use(index) = live(&roster, now_ms, current) {
                    let elsewhere = matches!(
                        roster.standing(index, now_ms),
                        Standing::WrongChain { .. } | Standing::Behind { .. }
                    );
                    prop_assert!(!elsewhere);
                    current = Some(index);
                }
            }
            now_ms += POLICY.rest_max_ms;
            let tip = 100 + now_ms / 100;
            for index in 0..3 {
                answers(&mut roster, index, now_ms, (0, tip));
            }
            let chosen = live(&roster, now_ms, current);
            prop_assert!(matches!(chosen, Choice::Use(_)), "{chosen:?}");
            prop_assert_eq!(live(&roster, now_ms + POLICY.return_after_ms, current), Choice::Use(0));
        }
    }
}
