//! Balances: baselines for new addresses, comparisons of what is in doubt and of a sample, and folding.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_store::{BalanceStore, FOLD_EFFECTS_MAX, SqlStore};

use super::{Job, JobDone};
use crate::balances::{BalanceKeeper, Tally};

/// The job `balance_baseline`: new addresses, each minute.
pub struct BalanceBaseline(pub Arc<BalanceKeeper<SqlStore>>);

/// The job `stale_balances`: those that are in doubt, every five minutes.
pub struct StaleBalances(pub Arc<BalanceKeeper<SqlStore>>);

/// The job `balance_reconciliation`: a sample, hourly.
pub struct BalanceReconciliation {
    /// Who asks.
    pub keeper: Arc<BalanceKeeper<SqlStore>>,
    /// How many addresses.
    pub sample: u32,
}

/// The job `balance_fold`: what moved balances, every ten seconds, so that a balance is the sum of few rows.
pub struct BalanceFold(pub Arc<SqlStore>);

#[async_trait]
impl Job for BalanceFold {
    fn name(&self) -> &'static str {
        "balance_fold"
    }

    fn pattern(&self) -> &str {
        "every 10s"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        while self.0.balance_fold(FOLD_EFFECTS_MAX).await? {}
        Ok(JobDone::unchanged("all below the watermark is folded"))
    }
}

#[async_trait]
impl Job for BalanceBaseline {
    fn name(&self) -> &'static str {
        "balance_baseline"
    }

    fn pattern(&self) -> &str {
        "* * * * *"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        done(self.0.begin().await?)
    }
}

#[async_trait]
impl Job for StaleBalances {
    fn name(&self) -> &'static str {
        "stale_balances"
    }

    fn pattern(&self) -> &str {
        "*/5 * * * *"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        done(self.0.doubted().await?)
    }
}

#[async_trait]
impl Job for BalanceReconciliation {
    fn name(&self) -> &'static str {
        "balance_reconciliation"
    }

    fn pattern(&self) -> &str {
        "30 * * * *"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        done(self.keeper.sample(self.sample).await?)
    }
}

/// In words. That the day's requests are used up is no failure: the rest waits.
fn done(tally: Tally) -> anyhow::Result<JobDone> {
    let Tally {
        baselines,
        equal,
        differing,
        again,
        refetched,
        adjusted,
        is_spent,
    } = tally;
    let differ = differing.len();
    let spent = match is_spent {
        true => "; the requests of the day are used up",
        false => "",
    };
    Ok(JobDone {
        words: format!(
            "{baselines} new balances, {equal} agree, {differ} differ, {adjusted} adjusted, {again} to ask \
             about again, {refetched} transactions were missing{spent}"
        ),
        changed: baselines > 0 || differ > 0 || adjusted > 0 || refetched > 0,
    })
}
