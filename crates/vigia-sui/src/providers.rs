//! The providers of one chain: whom to ask, and what to make of the answers.
//!
//! [`Providers`] is the source of the live chain. Which provider serves is decided by the pure
//! `roster`; `follow` keeps a stream going across them, `fetch` brings runs of checkpoints. All clones
//! share what is known, so a stream that is opened again goes on with the provider it had.

mod affected;
mod amounts;
mod checked;
mod fetch;
mod filter;
mod filtered;
mod follow;
mod probe;
mod prover;
mod ratchet;
mod roster;
mod spending;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vigia_core::{
    Address, ChainId, Clock, CoinInfo, Datatype, DatatypeName, EpochInfo, PackageVersion, TypeTag,
    day_of,
};
use vigia_watch::SharedWatchList;

pub use crate::grpc::{NodeInfo, ProviderConfig, ProviderRoles, Secret, Usage};
pub use affected::{AffectedPage, AffectedRun};
pub use fetch::check_binding;
pub use filter::{FILTER_LITERALS_MAX, ServerFilter};
pub use probe::{Capabilities, ProviderProbe};
pub use prover::{CommitteeKeeper, Prover};
pub use ratchet::CommitteeStep;
pub use roster::{RosterPolicy, Standing};
pub use spending::{DayBudget, Spent};

use crate::SourceError;
use crate::grpc::{HeldBalances, ProviderClient, describe};
use crate::wire::Scanner;
use roster::{Choice, Left, Need, Roster};
use spending::Spending;

/// Limits of streams and fetches.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Bytes that may wait between providers and the reader: half of it in subscriptions whose gap is
    /// being repaired, half decoded.
    pub buffer_bytes: usize,
    /// After so long without a checkpoint a provider is asked whether there is none.
    pub quiet_after: Duration,
    /// How long it has to answer that.
    pub answer_within: Duration,
    /// Calls for checkpoints under way at a provider, at most.
    pub concurrency_max: usize,
    /// A stream subscribes once it is so near the tip, in checkpoints; what is before that it fetches.
    pub subscribe_within: u64,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            buffer_bytes: 64 * 1024 * 1024,
            quiet_after: Duration::from_millis(2_500),
            answer_within: Duration::from_millis(1_500),
            concurrency_max: 16,
            subscribe_within: 200,
        }
    }
}

/// Trouble that is got over, for status and logs.
#[derive(Clone, Debug)]
pub enum StreamNotice {
    /// Something failed and will be tried again.
    Retrying {
        /// What failed.
        problem: String,
    },
    /// It works again.
    Recovered,
}

type NoticeFn = Arc<dyn Fn(StreamNotice) + Send + Sync>;

/// The providers of one chain, most preferred first. Clones share all of it, save what is wanted of them.
#[derive(Clone)]
pub struct Providers(Arc<Shared>, Wanted);

/// What is wanted of providers.
#[derive(Clone, Default)]
struct Wanted {
    /// Whether amounts of all transactions are.
    all_amounts: bool,
    /// What leaves out transactions that concern nobody.
    scanner: Option<Scanner>,
}

struct Shared {
    members: Vec<Member>,
    roster: Mutex<Roster>,
    /// Whom the live stream reads from.
    current: Mutex<Option<usize>>,
    limits: StreamLimits,
    trust: Mutex<Trust>,
    clock: Arc<dyn Clock>,
    notice: NoticeFn,
}

/// What has to be proven of what they send.
#[derive(Clone, Default)]
enum Trust {
    /// Nothing.
    #[default]
    Provider,
    /// All of it; nothing can be, before there is a root.
    Pending,
    /// All of it.
    Quorum(Prover),
}

struct Member {
    name: String,
    client: ProviderClient,
    capabilities: Mutex<Option<Capabilities>>,
    budget: DayBudget,
    spending: Mutex<Spending>,
}

impl Member {
    /// What this process has asked of it.
    fn counted(&self) -> Spent {
        let usage = self.client.usage();
        Spent {
            requests: usage.requests(),
            bytes: usage.bytes(),
        }
    }

    fn left(&self, day: u64) -> Left {
        let spent = lock(&self.spending).on(day, self.counted());
        match (self.budget.is_spent(spent), self.budget.is_hard) {
            (false, _) => Left::Some,
            (true, false) => Left::Nothing,
            (true, true) => Left::Stopped,
        }
    }
}

/// How a provider does, for `status`, `vigia providers` and the page.
#[derive(Clone, Debug)]
pub struct ProviderState {
    /// What it is called.
    pub name: String,
    /// Its address, without secrets.
    pub url: String,
    /// Whether the live stream reads from it.
    pub is_current: bool,
    /// Why it is used or not.
    pub standing: Standing,
    /// Its newest checkpoint, as last heard.
    pub tip: Option<u64>,
    /// Its oldest checkpoint, as last heard.
    pub lowest: Option<u64>,
    /// How long it takes to answer, a moving mean.
    pub latency_ms: Option<u64>,
    /// What it serves, once it was probed.
    pub capabilities: Option<Capabilities>,
    /// Requests made by this process.
    pub requests: u64,
    /// Bytes received by this process.
    pub bytes: u64,
}

impl Providers {
    /// Prepares clients, which connect at first use. `notice` hears of trouble that is got over.
    pub fn new(
        configs: &[ProviderConfig],
        policy: RosterPolicy,
        limits: StreamLimits,
        clock: Arc<dyn Clock>,
        notice: impl Fn(StreamNotice) + Send + Sync + 'static,
    ) -> Result<Self, SourceError> {
        let member = |config: &ProviderConfig| {
            Ok(Member {
                name: config.name.clone(),
                client: ProviderClient::new(config)?,
                capabilities: Mutex::default(),
                budget: config.budget,
                spending: Mutex::default(),
            })
        };
        let members = configs.iter().map(member);
        let members = members.collect::<Result<_, SourceError>>()?;
        let roles = configs.iter().map(|config| config.roles).collect();
        let shared = Shared {
            members,
            roster: Mutex::new(Roster::new(roles, policy)),
            current: Mutex::default(),
            limits,
            trust: Mutex::default(),
            clock,
            notice: Arc::new(notice),
        };
        Ok(Self(Arc::new(shared), Wanted::default()))
    }

    /// One provider with limits as they are by default.
    pub fn one(
        config: &ProviderConfig,
        clock: Arc<dyn Clock>,
        notice: impl Fn(StreamNotice) + Send + Sync + 'static,
    ) -> Result<Self, SourceError> {
        let (policy, limits) = (RosterPolicy::default(), StreamLimits::default());
        Self::new(std::slice::from_ref(config), policy, limits, clock, notice)
    }

    /// The address of the provider that is used or would be, without secrets.
    pub fn url(&self) -> String {
        self.client(self.current().unwrap_or(0)).url().to_owned()
    }

    /// From here on only this chain counts.
    pub fn bind(&self, chain: ChainId) {
        self.roster().bind(chain);
    }

    /// From here on whatever they send has to be proven, and nothing is before there is a prover.
    pub fn demand_proof(&self) {
        let mut trust = lock(&self.0.trust);
        if let Trust::Provider = *trust {
            *trust = Trust::Pending;
        }
    }

    /// From here on whatever they send is proven so.
    pub fn prove_with(&self, prover: Prover) {
        *lock(&self.0.trust) = Trust::Quorum(prover);
    }

    /// The same providers. Where all has to be proven, what they are asked for through this comes with the
    /// amounts of all transactions, as far as they can be proven, which takes objects; else with none.
    #[must_use]
    pub fn with_all_amounts(&self, wanted: bool) -> Self {
        let scanner = self.1.scanner.clone();
        let all_amounts = wanted;
        Self(
            Arc::clone(&self.0),
            Wanted {
                all_amounts,
                scanner,
            },
        )
    }

    /// The same providers. Where nothing has to be proven, transactions that concern nobody on the list are left out of
    /// checkpoints, and never decoded; `Checkpoint::scanned` says so.
    #[must_use]
    pub fn scanning_for(&self, watched: Arc<SharedWatchList>) -> Self {
        let wanted = Wanted {
            all_amounts: self.1.all_amounts,
            scanner: Some(Scanner::new(watched)),
        };
        Self(Arc::clone(&self.0), wanted)
    }

    fn scanner(&self) -> Option<&Scanner> {
        self.1.scanner.as_ref()
    }

    /// Whether what they send has to be proven.
    pub fn wants_proof(&self) -> bool {
        !matches!(*lock(&self.0.trust), Trust::Provider)
    }

    /// Whether the amounts of all transactions are wanted.
    pub fn wants_all_amounts(&self) -> bool {
        self.1.all_amounts
    }

    /// What proves; none where nothing has to be.
    pub fn prover(&self) -> Result<Option<Prover>, SourceError> {
        match &*lock(&self.0.trust) {
            Trust::Provider => Ok(None),
            Trust::Pending => Err(SourceError::NoRoot),
            Trust::Quorum(prover) => Ok(Some(prover.clone())),
        }
    }

    /// Asks a provider about itself: the one in use, or the next that answers.
    pub async fn info(&self) -> Result<NodeInfo, SourceError> {
        let mut error = None;
        for index in self.to_ask(Need::Live(None))? {
            match self.hear(index).await {
                Ok(info) => return Ok(info),
                Err(failed) => error = error.or(Some(failed)),
            }
        }
        Err(error.unwrap_or_else(|| self.nobody()))
    }

    /// The lowest checkpoint that can still be had, where nobody has this one any more. All are asked.
    pub async fn pruned(&self, checkpoint: u64) -> Option<u64> {
        let need = Need::History(Some(checkpoint));
        if let Choice::Use(index) = self.choose(need, self.current())
            && self.roster().heard(index).1.is_some()
        {
            return None;
        }
        self.probe(false).await;
        match self.choose(need, None) {
            Choice::Pruned(lowest) => Some(lowest),
            Choice::Use(_) | Choice::Wait(_) | Choice::Spent => None,
        }
    }

    /// All processes together have asked a provider for so much on a day (UTC, counted from 1970), when
    /// this one had `counted` so much since it began.
    pub fn spent(&self, provider: &str, day: u64, all: Spent, counted: Spent) {
        let named = self.0.members.iter().find(|member| member.name == provider);
        if let Some(member) = named {
            lock(&member.spending).told(day, all, counted);
        }
    }

    /// Whether all who serve history are past their budgets of the day, so that what can wait has to.
    pub fn history_is_spent(&self) -> bool {
        let roster = self.roster();
        let serving = roster.serving(Need::History(None));
        !serving.is_empty()
            && serving
                .iter()
                .all(|index| roster.left(*index) != Left::Some)
    }

    /// What is known about a coin; none where nothing is.
    pub async fn coin_info(&self, coin_type: &TypeTag) -> Result<Option<CoinInfo>, SourceError> {
        let ask = |client: ProviderClient| {
            let coin_type = coin_type.clone();
            async move { client.coin_info(&coin_type).await }
        };
        self.ask(ask).await
    }

    /// What addresses have, and between which checkpoints a node said so.
    pub async fn balances(&self, addresses: &[Address]) -> Result<HeldBalances, SourceError> {
        self.ask(|client| async move { client.balances(addresses).await })
            .await
    }

    /// What addresses have in the words of `count` providers, by their names; fewer where fewer answer.
    pub async fn balances_by(
        &self,
        addresses: &[Address],
        count: usize,
    ) -> Result<Vec<(String, HeldBalances)>, SourceError> {
        let mut answers = Vec::new();
        for index in self.to_ask(Need::History(None))? {
            if answers.len() == count {
                break;
            }
            match self.client(index).balances(addresses).await {
                Ok(held) => answers.push((self.0.members[index].name.clone(), held)),
                Err(failed) if failed.may_pass() => self.failed(index, &failed),
                Err(_) => {}
            }
        }
        Ok(answers)
    }

    /// What a package declares of a datatype; none where there is none.
    pub async fn datatype(&self, name: &DatatypeName) -> Result<Option<Datatype>, SourceError> {
        let ask = |client: ProviderClient| {
            let name = name.clone();
            async move { client.datatype(&name).await }
        };
        self.ask(ask).await
    }

    /// Every version of the lineage that a package belongs to; none where there is no such package.
    pub async fn package_versions(
        &self,
        package: Address,
    ) -> Result<Option<Vec<PackageVersion>>, SourceError> {
        self.ask(move |client| async move { client.package_versions(&package).await })
            .await
    }

    /// What is known of an epoch, or of the one that goes on; none where it is not known any more.
    pub async fn epoch(&self, epoch: Option<u64>) -> Result<Option<EpochInfo>, SourceError> {
        self.ask(move |client| async move { client.epoch(epoch).await })
            .await
    }

    /// Asks one after the other until one answers.
    async fn ask<T, F>(&self, call: impl Fn(ProviderClient) -> F) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let mut error = None;
        for index in self.to_ask(Need::History(None))? {
            match call(self.client(index).clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => {
                    if failed.may_pass() {
                        self.failed(index, &failed);
                    }
                    error = error.or(Some(failed));
                }
            }
        }
        Err(error.unwrap_or_else(|| self.nobody()))
    }

    /// Who can be asked something, in order: who is usable, then all others, since somebody may answer.
    /// An error where all may be asked nothing more today.
    fn to_ask(&self, need: Need) -> Result<Vec<usize>, SourceError> {
        let (roster, now_ms) = (self.roster(), self.now_ms());
        let first = match roster.choose(now_ms, need, self.current()) {
            Choice::Use(index) => Some(index),
            Choice::Wait(_) | Choice::Pruned(_) | Choice::Spent => None,
        };
        let others = (0..self.0.members.len())
            .filter(|index| Some(*index) != first && roster.left(*index) != Left::Stopped);
        let mut others: Vec<usize> = others.collect();
        // One of another chain may have been pointed elsewhere since.
        others.sort_by_key(|index| {
            let standing = roster.standing(*index, now_ms);
            let is_elsewhere = matches!(standing, Standing::WrongChain { .. });
            (is_elsewhere, roster.left(*index) != Left::Some)
        });
        drop(roster);
        let order: Vec<usize> = first.into_iter().chain(others).collect();
        match order.is_empty() {
            true => Err(self.spent_error()),
            false => Ok(order),
        }
    }

    /// How each provider does, most preferred first.
    pub fn states(&self) -> Vec<ProviderState> {
        let (current, now_ms) = (self.current(), self.now_ms());
        let roster = self.roster();
        let state = |(index, member): (usize, &Member)| {
            let (tip, lowest, latency_ms) = roster.heard(index);
            let usage = member.client.usage();
            ProviderState {
                name: member.name.clone(),
                url: member.client.url().to_owned(),
                is_current: current == Some(index),
                standing: roster.standing(index, now_ms),
                tip,
                lowest,
                latency_ms,
                capabilities: lock(&member.capabilities).clone(),
                requests: usage.requests(),
                bytes: usage.bytes(),
            }
        };
        self.0.members.iter().enumerate().map(state).collect()
    }

    /// Asks a provider about itself and notes the answer. One that follows another chain is an error,
    /// and one that may be asked nothing more today.
    async fn hear(&self, index: usize) -> Result<NodeInfo, SourceError> {
        let client = self.client(index);
        if self.left(index) == Left::Stopped {
            return Err(self.spent_error());
        }
        let begun = std::time::Instant::now();
        let answer = tokio::time::timeout(self.0.limits.answer_within, client.info());
        let info = match answer.await {
            Ok(Ok(info)) => info,
            Ok(Err(error)) => {
                self.failed(index, &error);
                return Err(error);
            }
            Err(_) => {
                let within_ms = self.0.limits.answer_within.as_millis();
                let error = client.silent(format!("no answer within {within_ms} ms"));
                self.failed(index, &error);
                return Err(error);
            }
        };
        let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let range = (info.lowest_available, info.tip);
        let mut roster = self.roster();
        roster.answered(index, self.now_ms(), info.chain, range, latency_ms);
        match roster.chain() {
            Some(expected) if expected != info.chain => Err(SourceError::WrongChain {
                url: client.url().to_owned(),
                found: info.chain,
                expected,
            }),
            _ => Ok(info),
        }
    }

    fn choose(&self, need: Need, current: Option<usize>) -> Choice {
        self.roster().choose(self.now_ms(), need, current)
    }

    fn left(&self, index: usize) -> Left {
        self.roster().left(index)
    }

    fn failed(&self, index: usize, error: &SourceError) {
        let now_ms = self.now_ms();
        self.roster().failed(index, now_ms, error.to_string());
    }

    fn brought(&self, index: usize, checkpoint: u64) {
        let now_ms = self.now_ms();
        self.roster().brought(index, now_ms, checkpoint);
    }

    fn client(&self, index: usize) -> &ProviderClient {
        &self.0.members[index].client
    }

    fn current(&self) -> Option<usize> {
        *lock(&self.0.current)
    }

    fn set_current(&self, index: usize) {
        let before = lock(&self.0.current).replace(index);
        if before != Some(index) {
            let (provider, url) = (&self.0.members[index].name, self.client(index).url());
            tracing::info!(provider, url, "reading from this provider");
        }
    }

    fn nobody(&self) -> SourceError {
        let said = |state: ProviderState| format!("{}: {}", state.name, state.standing);
        let all: Vec<String> = self.states().into_iter().map(said).collect();
        SourceError::NoProvider {
            problem: all.join("; "),
        }
    }

    /// That nobody is left who may be asked today.
    fn spent_error(&self) -> SourceError {
        let roster = self.roster();
        let members = self.0.members.iter().enumerate();
        let spent = members.filter(|(index, _)| roster.left(*index) != Left::Some);
        SourceError::Spent {
            providers: spent.map(|(_, member)| member.name.clone()).collect(),
        }
    }

    fn notice(&self, notice: StreamNotice) {
        (self.0.notice)(notice);
    }

    fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// What is known of all, and what is left of their budgets by now.
    fn roster(&self) -> MutexGuard<'_, Roster> {
        let day = day_of(self.now_ms());
        let mut roster = lock(&self.0.roster);
        for (index, member) in self.0.members.iter().enumerate() {
            roster.set_left(index, member.left(day));
        }
        roster
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
