//! Keeping balances: a baseline for each new address, and comparisons with what nodes say.
//!
//! A node answers for about its newest checkpoint, never for one that is named. So its height is taken
//! before and after, everything up to the second is waited for, and the store takes the answer only where
//! nothing touched the address between the two.

use std::sync::Arc;
use std::time::Duration;

use vigia_core::{Address, Clock};
use vigia_store::{
    BALANCES_MAX, BalanceObservation, BalanceState, BalanceStore, IngestStore, Observed,
};
use vigia_sui::Providers;

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
            self.store.balance_requests(answer.requests).await?;
            self.committed(answer.to).await?;
            for (address, held) in answer.held {
                let observation = BalanceObservation {
                    address,
                    from: answer.from,
                    to: answer.to,
                    held: held
                        .into_iter()
                        .map(|(coin_type, amount)| (coin_type, i128::from(amount)))
                        .collect(),
                };
                let observed = self.store.balance_observe(&observation).await?;
                self.note(address, observed, tally).await?;
            }
        }
        Ok(())
    }

    async fn note(
        &self,
        address: Address,
        observed: Observed,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
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
                tally.differing.push((address, coins));
                DOUBTED_MS
            }
        };
        let until_ms = self.clock.now_ms().saturating_add(again_in_ms);
        self.store.balance_postpone(&[address], until_ms).await?;
        Ok(())
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
