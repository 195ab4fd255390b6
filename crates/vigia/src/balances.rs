//! Keeping balances: a baseline for each new address, and comparisons with what nodes say.
//!
//! A node answers for about its newest checkpoint, never for one that is named. So its height is taken
//! before and after, everything up to the second is waited for, and the store takes the answer only where
//! nothing touched the address between the two.
//!
//! Where a balance differs, what happened since it agreed is fetched again. Where it still differs and two
//! providers say the same, theirs is taken, unless all has to be proven: an adjustment is nobody's signature.

use std::sync::Arc;
use std::time::Duration;

use vigia_contracts::Interpreter;
use vigia_core::{Address, Clock};
use vigia_store::{
    Adjustment, BALANCES_MAX, BalanceObservation, BalanceState, BalanceStore, IngestStore,
    Observed, SqlStore,
};
use vigia_sui::{HeldBalances, Providers};

use crate::config::Settings;
use crate::history::Refetch;

/// Addresses that are asked about together: more widen the span in which something may touch them.
const BATCH: usize = 20;
/// How long all up to an answer may take to be committed.
const COMMITTED_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// When an address is asked about again that was touched, or whose answer came too early.
const AGAIN_MS: u64 = 10_000;
/// When one is that differs.
const DOUBTED_MS: u64 = 60_000;
/// Providers that have to say the same before it is taken.
const AGREEING: usize = 2;
/// Who adjusts where they do.
const AUTHOR: &str = "vigia";

/// What was done, by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Addresses that have a baseline now.
    pub baselines: u64,
    /// Addresses that agree.
    pub equal: u64,
    /// Addresses that do not, and the coins by which.
    pub differing: Vec<(Address, Vec<(String, i128)>)>,
    /// Addresses to ask about again.
    pub again: u64,
    /// Transactions that were missing, and are there now.
    pub refetched: u64,
    /// Addresses that were adjusted, since two providers say the same.
    pub adjusted: u64,
    /// Whether the requests of the day are used up.
    pub is_spent: bool,
}

/// Keeps the balances of watched addresses.
pub struct BalanceKeeper<S> {
    /// Where they are kept.
    pub store: Arc<S>,
    /// Who is asked.
    pub providers: Providers,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Requests a day; an operator who names addresses asks beyond it.
    pub requests_per_day: u64,
    /// Fetches again what happened since a balance agreed; none where lists are not believed.
    pub refetch: Option<Refetch>,
    /// Whether what two providers say is taken.
    pub adjusts: bool,
    /// Whether all has to be proven, so that a baseline says it is not.
    pub unproven: bool,
}

impl BalanceKeeper<SqlStore> {
    /// As the settings say.
    pub fn new(
        settings: &Settings,
        store: &Arc<SqlStore>,
        providers: &Providers,
        clock: &Arc<dyn Clock>,
        interpreter: &Arc<Interpreter>,
    ) -> Self {
        let refetch = Refetch {
            store: Arc::clone(store),
            interpreter: Arc::clone(interpreter),
        };
        Self {
            store: Arc::clone(store),
            providers: providers.clone(),
            clock: Arc::clone(clock),
            requests_per_day: settings.balance_requests(),
            refetch: settings.believes_providers().then_some(refetch),
            adjusts: settings.balances.adjust && settings.believes_providers(),
            unproven: !settings.believes_providers(),
        }
    }
}

impl<S: BalanceStore + IngestStore> BalanceKeeper<S> {
    /// Gives new addresses their baseline, as many as the day's requests allow.
    pub async fn begin(&self) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        self.due(BalanceState::Waiting, &mut tally).await?;
        while !tally.is_spent && self.store.balance_enlist(BALANCES_MAX).await? > 0 {
            self.due(BalanceState::Waiting, &mut tally).await?;
        }
        Ok(tally)
    }

    /// Asks again about those that differ, or did the last time.
    pub async fn doubted(&self) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        self.due(BalanceState::Differs, &mut tally).await?;
        Ok(tally)
    }

    /// Asks about those whose time has come.
    async fn due(&self, state: BalanceState, tally: &mut Tally) -> anyhow::Result<()> {
        loop {
            let due = self.store.balance_due(state, BALANCES_MAX).await?;
            if due.is_empty() || tally.is_spent {
                return Ok(());
            }
            self.observe(&due, true, tally).await?;
        }
    }

    /// Compares the next `sample` addresses, going round.
    pub async fn sample(&self, sample: u32) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        let addresses = self.store.balance_sample(sample).await?;
        self.observe(&addresses, true, &mut tally).await?;
        Ok(tally)
    }

    /// Compares these addresses, whatever the day's requests.
    pub async fn compare(&self, addresses: &[Address]) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        self.observe(addresses, false, &mut tally).await?;
        Ok(tally)
    }

    async fn observe(
        &self,
        addresses: &[Address],
        within_budget: bool,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        for batch in addresses.chunks(BATCH) {
            let used = self.store.balance_requests(0).await?;
            if within_budget && used >= self.requests_per_day {
                tally.is_spent = true;
                return Ok(());
            }
            // Whoever fails to answer fails for all: they are asked again later and not at once.
            let again_ms = self.clock.now_ms().saturating_add(AGAIN_MS);
            self.store.balance_postpone(batch, again_ms).await?;
            let answer = self.providers.balances(batch).await?;
            for observation in self.observations(answer).await? {
                let observed = self.store.balance_observe(&observation).await?;
                self.note(&observation, observed, tally).await?;
            }
        }
        Ok(())
    }

    /// What a node has said, once all up to then is committed.
    async fn observations(&self, answer: HeldBalances) -> anyhow::Result<Vec<BalanceObservation>> {
        self.store.balance_requests(answer.requests).await?;
        self.committed(answer.to).await?;
        let observation = |(address, held): (Address, Vec<(String, u64)>)| BalanceObservation {
            address,
            from: answer.from,
            to: answer.to,
            held: held
                .into_iter()
                .map(|(coin_type, amount)| (coin_type, i128::from(amount)))
                .collect(),
            unproven: self.unproven,
        };
        Ok(answer.held.into_iter().map(observation).collect())
    }

    async fn note(
        &self,
        seen: &BalanceObservation,
        observed: Observed,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let address = seen.address;
        let again_in_ms = match observed {
            Observed::Baseline => {
                tally.baselines += 1;
                return Ok(());
            }
            Observed::Equal => {
                tally.equal += 1;
                return Ok(());
            }
            Observed::NotWatched => return Ok(()),
            Observed::Touched | Observed::TooEarly => {
                tally.again += 1;
                AGAIN_MS
            }
            Observed::Differs(coins) => {
                for (coin_type, difference) in &coins {
                    tracing::warn!(%address, coin_type, difference, "a balance differs from the node's");
                }
                self.refetch(seen, tally).await?;
                if self.is_adjusted(address).await? {
                    tally.adjusted += 1;
                    return Ok(());
                }
                tally.differing.push((address, coins));
                DOUBTED_MS
            }
        };
        let until_ms = self.clock.now_ms().saturating_add(again_in_ms);
        self.store.balance_postpone(&[address], until_ms).await?;
        Ok(())
    }

    /// Fetches again what happened to an address since it agreed.
    async fn refetch(&self, seen: &BalanceObservation, tally: &mut Tally) -> anyhow::Result<()> {
        let found = self.store.balance_find(&seen.address).await?;
        let agreed = found.and_then(|found| found.agreed.or(found.baseline));
        let (Some(agreed), Some(refetch)) = (agreed, &self.refetch) else {
            return Ok(());
        };
        let range = refetch.range(&self.providers, seen.address, agreed + 1, seen.to);
        match range.await {
            Ok(refetched) => {
                self.store.balance_requests(refetched.requests).await?;
                if refetched.new > 0 {
                    let (address, transactions) = (seen.address, refetched.new);
                    tracing::warn!(%address, transactions, "transactions were missing, and are there now");
                }
                tally.refetched += refetched.new;
            }
            // The balance goes on to differ, which says so again.
            Err(error) => {
                tracing::warn!(%error, "cannot fetch again what happened since a balance agreed");
            }
        }
        Ok(())
    }

    /// Whether a balance that was found to differ again is what two providers say now.
    async fn is_adjusted(&self, address: Address) -> anyhow::Result<bool> {
        let found = self.store.balance_find(&address).await?;
        if !self.adjusts || found.is_none_or(|found| found.state != BalanceState::Differs) {
            return Ok(false);
        }
        let mut names = Vec::new();
        let mut agreed: Option<Vec<(String, i128)>> = None;
        for (name, answer) in self.providers.balances_by(&[address], AGREEING).await? {
            let Some(observation) = self.observations(answer).await?.pop() else {
                return Ok(false);
            };
            let coins = match self.store.balance_observe(&observation).await? {
                Observed::Differs(coins) => coins,
                // Or what was missing has come.
                _ => return Ok(false),
            };
            if agreed.as_ref().is_some_and(|agreed| *agreed != coins) {
                return Ok(false);
            }
            agreed = Some(coins);
            names.push(name);
        }
        let Some(coins) = agreed.filter(|_| names.len() == AGREEING) else {
            return Ok(false);
        };
        for (coin_type, amount) in coins {
            tracing::warn!(%address, coin_type, amount, "a balance is adjusted: two providers say the same");
            let adjustment = Adjustment {
                address,
                coin_type,
                amount,
                author: AUTHOR.to_owned(),
                reason: format!("{} say the same", names.join(" and ")),
            };
            self.store.balance_adjust(&adjustment).await?;
        }
        Ok(true)
    }

    /// Waits until all up to a checkpoint is committed; not for ever, since the store looks itself.
    async fn committed(&self, checkpoint: u64) -> anyhow::Result<()> {
        let committed = async {
            loop {
                let watermark = self.store.watermark().await?;
                if watermark.is_some_and(|watermark| watermark.checkpoint >= checkpoint) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        // Too early is an outcome of its own.
        tokio::time::timeout(COMMITTED_WITHIN, committed)
            .await
            .unwrap_or(Ok(()))
    }
}
