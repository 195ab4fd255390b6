//! Which provider is used: a pure rule over what was heard of each, and when.
//!
//! The first provider of the configuration that can serve is used. One that fails rests, longer each
//! time; one that falls behind the best is set aside until it has caught up; and the way back to a
//! preferred one is open only after it has been well for a while, so that two that come and go do not
//! make the stream go back and forth. One whose budget of the day is spent comes last, or is not used at
//! all, as its owner wants. Nothing here waits or asks: a clock's reading is handed in.

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
    /// Nobody before midnight: all may be asked nothing more today.
    Spent,
}

/// What is left of a provider's budget of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Left {
    /// Enough, as far as is known.
    #[default]
    Some,
    /// Nothing: it is used while no other can be.
    Nothing,
    /// Nothing, and it is not used for that.
    Stopped,
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
    /// Its budget of the day is spent.
    Spent {
        /// Whether it is not used for that; else it is while no other can be.
        is_stopped: bool,
    },
}

impl Standing {
    /// Whether it may be read from.
    pub fn is_usable(&self) -> bool {
        match self {
            Self::Unknown | Self::Well | Self::Returning { .. } => true,
            Self::Spent { is_stopped } => !is_stopped,
            Self::Resting { .. } | Self::Behind { .. } | Self::WrongChain { .. } => false,
        }
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
            Self::Spent { is_stopped: false } => {
                f.write_str("its budget of the day is spent, used while no other can be")
            }
            Self::Spent { is_stopped: true } => {
                f.write_str("its budget of the day is spent, asked again from midnight UTC")
            }
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
    left: Left,
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

    /// What is left of a provider's budget.
    pub(super) fn set_left(&mut self, index: usize, left: Left) {
        self.members[index].left = left;
    }

    /// What is left of a provider's budget, as last set.
    pub(super) fn left(&self, index: usize) -> Left {
        self.members[index].left
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
        let is_within = |index: usize| self.left(index) == Left::Some;
        let candidates: Vec<usize> = self.by_preference(need).filter(usable).collect();
        let within = candidates.iter().find(|index| is_within(**index));
        let Some(first) = within.or(candidates.first()).copied() else {
            return match self.is_spent(need) {
                true => Choice::Spent,
                false => Choice::Wait(self.shortest_rest(now_ms)),
            };
        };
        let equal = |index: &usize| is_within(*index) == is_within(first);
        match current.filter(usable).filter(equal) {
            Some(current) if !self.may_return(first, now_ms) => Choice::Use(current),
            _ => Choice::Use(first),
        }
    }

    /// Who may serve that, most preferred first, whether usable at the moment or not.
    pub(super) fn serving(&self, need: Need) -> Vec<usize> {
        let here = |index: &usize| !self.is_elsewhere(&self.members[*index]);
        self.by_preference(need).filter(here).collect()
    }

    /// Whether all who may serve that are asked nothing more today.
    fn is_spent(&self, need: Need) -> bool {
        let serving = self.serving(need);
        let is_stopped = |index: &usize| self.left(*index) == Left::Stopped;
        !serving.is_empty() && serving.iter().all(is_stopped)
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
        if member.left == Left::Stopped {
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
        if member.left == Left::Stopped {
            return Standing::Spent { is_stopped: true };
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
        if member.left == Left::Nothing {
            return Standing::Spent { is_stopped: false };
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
mod tests;
