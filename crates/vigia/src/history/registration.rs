//! Fetches the history of addresses that were added: one process at a time, under a lease, a batch of
//! addresses after the other.
//!
//! What is to do, and how far it is, is in the database: whoever claims the lease goes on where the one
//! before stopped or was killed. Doing a part twice is harmless, since what is written is keyed by its
//! place (I-2); progress is recorded after the data it stands for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_contracts::Interpreter;
use vigia_core::Clock;
use vigia_store::{
    BackfillBatch, BackfillGuard, BackfillSpan, BackfillState, BackfillStore, IngestStore, SqlStore,
};
use vigia_sui::Providers;

use super::HistorySource;
use super::ledger::Ledger;
use super::work::{RETRY_MS, Stopped, Work, Worked};
use crate::jobs::{LeaseKeeper, LeaseTimes};
use crate::pipeline::{Backoff, Trouble};
use crate::trust::{Quorum, QuorumError};

/// What only one process does at a time.
const LEASE: &str = "backfill";
/// How often it is looked for work.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// After so many batches that cannot go on, all others wait with them: it is nothing of theirs.
const POSTPONED_MAX: u32 = 3;
const DAY_MS: u64 = 86_400_000;
/// Addresses without a history that are settled in one database transaction.
const SETTLED_MAX: u32 = 5_000;
/// Addresses whose history is read from whole checkpoints together.
const WHOLE_ADDRESSES_MAX: u32 = 1_000;

/// How much history is fetched, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Checkpoints of history an address gets; 0 for all there are.
    pub max_checkpoints: u64,
    /// Requests in a day; 0 for no limit.
    pub requests_per_day: u64,
    /// Pause between two requests.
    pub request_interval: Duration,
    /// Whole checkpoints fetched from providers for a batch, at most.
    pub fetch_checkpoints_max: u64,
}

/// What a runner remembers between two looks.
#[derive(Debug, Default)]
pub struct RunnerMemory {
    /// Claims so far.
    claims: AtomicU64,
    /// When it is worth looking again.
    waits_until_ms: AtomicU64,
}

/// Fetches histories.
pub struct HistoryRunner {
    /// Where the work is and what it brings goes.
    pub store: Arc<SqlStore>,
    /// Says what transactions mean.
    pub interpreter: Arc<Interpreter>,
    /// Whom to ask for lists, and for whole checkpoints where there is no other source.
    pub providers: Option<Providers>,
    /// A bucket or files.
    pub whole: Option<HistorySource>,
    /// What proves all that is read; none where providers are believed.
    pub quorum: Option<Arc<Quorum>>,
    /// How much.
    pub limits: HistoryLimits,
    /// Tells the day.
    pub clock: Arc<dyn Clock>,
    /// What this process is called.
    pub process: String,
    /// What it remembers.
    pub memory: RunnerMemory,
}

impl HistoryRunner {
    /// Works until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot fetch histories");
        let mut backoff = Backoff::default();
        let mut reopened = false;
        loop {
            let looked = async {
                if !reopened {
                    self.store.backfill_reopen().await?;
                    reopened = true;
                }
                self.look(&shutdown).await
            };
            let looked = tokio::select! {
                () = shutdown.cancelled() => return,
                looked = looked => looked,
            };
            let pause = async {
                match looked {
                    Ok(()) => {
                        trouble.well();
                        backoff.reset();
                        tokio::time::sleep(LOOK_INTERVAL).await;
                    }
                    Err(error) => {
                        trouble.failing(&error);
                        backoff.wait().await;
                    }
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = pause => {}
            }
        }
    }

    /// Does all there is to do, if this process gets to.
    async fn look(&self, shutdown: &CancellationToken) -> vigia_store::Result<()> {
        if self.memory.waits_until_ms.load(Ordering::Relaxed) > self.now_ms() {
            return Ok(());
        }
        if self.store.backfill_next(1).await?.is_none() {
            return Ok(());
        }
        let claim = self.memory.claims.fetch_add(1, Ordering::Relaxed);
        let holder = format!("{}/{claim}", self.process);
        let times = LeaseTimes::default();
        let claimed = LeaseKeeper::claim(self.store.clone(), LEASE, &holder, times).await?;
        let Some(keeper) = claimed else {
            return Ok(());
        };
        let guard = BackfillGuard {
            lease: LEASE.to_owned(),
            fence: keeper.fence(),
        };
        let lost = keeper.lost();
        let worked = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            () = lost.cancelled() => Ok(()),
            worked = self.work(&guard) => worked,
        };
        keeper.release().await?;
        worked
    }

    async fn work(&self, guard: &BackfillGuard) -> vigia_store::Result<()> {
        if let (Some(providers), Some(chain)) = (&self.providers, self.store.chain().await?) {
            providers.bind(chain);
        }
        let provable_from = match &self.quorum {
            None => 0,
            Some(quorum) => match quorum.provable_from().await {
                Ok(provable_from) => provable_from,
                Err(QuorumError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "no history can be proven yet");
                    let until_ms = self.now_ms() + RETRY_MS;
                    self.memory
                        .waits_until_ms
                        .store(until_ms, Ordering::Relaxed);
                    return Ok(());
                }
            },
        };
        let ledger = Ledger::load(self.store.clone(), self.interpreter.clone()).await?;
        let mut ledger = Some(ledger);
        let mut postponed = 0;
        // Following a chain from its beginning, a million addresses would else be as many empty batches.
        while self.store.backfill_settle(guard, SETTLED_MAX).await? > 0 {}
        while let Some(batch) = self.store.backfill_next(self.batch_max()).await? {
            let kept = match ledger.take() {
                Some(kept) => kept,
                None => Ledger::load(self.store.clone(), self.interpreter.clone()).await?,
            };
            kept.watch.refresh().await?;
            let mut kept = Some(kept);
            let worked = self.work_on(guard, batch, provable_from, &mut kept).await?;
            match worked {
                Worked::Done => {}
                Worked::Lost => return Ok(()),
                Worked::Postponed(until_ms) => {
                    postponed += 1;
                    let is_far = until_ms > self.now_ms() + DAY_MS / 24;
                    if is_far || postponed == POSTPONED_MAX {
                        self.memory
                            .waits_until_ms
                            .store(until_ms, Ordering::Relaxed);
                        return Ok(());
                    }
                }
            }
            ledger = kept;
        }
        Ok(())
    }

    /// Addresses of a batch: those of a filter where transactions are listed.
    fn batch_max(&self) -> u32 {
        let lists = self
            .providers
            .as_ref()
            .is_some_and(Providers::lists_affected);
        match lists && !(self.quorum.is_some() && self.whole.is_some()) {
            true => u32::try_from(Providers::AFFECTED_ADDRESSES_MAX).unwrap_or(1),
            false => WHOLE_ADDRESSES_MAX,
        }
    }

    async fn work_on(
        &self,
        guard: &BackfillGuard,
        batch: BackfillBatch,
        provable_from: u64,
        ledger: &mut Option<Ledger>,
    ) -> vigia_store::Result<Worked> {
        let span = match batch.span {
            Some(span) => span,
            None => provable(self.whole_span(&batch), provable_from),
        };
        let mut work = Work {
            runner: self,
            guard,
            batch,
            span,
        };
        if !work.begin().await? {
            return Ok(Worked::Lost);
        }
        loop {
            let stopped = match work.go_on(ledger).await {
                Ok(state) => return work.finish(state, None).await,
                Err(stopped) => stopped,
            };
            match stopped {
                Stopped::Store(error) => return Err(error),
                Stopped::Lost => return Ok(Worked::Lost),
                Stopped::Pruned(lowest) => {
                    // From here on what is kept; how far down that reaches is recorded.
                    let lowest = lowest.clamp(work.span.position + 1, work.span.to_exclusive);
                    work.span = BackfillSpan {
                        from: lowest,
                        position: lowest,
                        ..work.span
                    };
                    if !work.begin().await? {
                        return Ok(Worked::Lost);
                    }
                }
                Stopped::Postponed {
                    reason,
                    retry_at_ms,
                } => return work.postpone(&reason, retry_at_ms).await,
                Stopped::Failed(reason) => {
                    return work.finish(BackfillState::Failed, Some(reason)).await;
                }
                Stopped::Unlisted => {
                    return work
                        .finish(BackfillState::Failed, Some(stopped.to_string()))
                        .await;
                }
            }
        }
    }

    /// All the history that a batch is to get.
    pub(super) fn whole_span(&self, batch: &BackfillBatch) -> BackfillSpan {
        let ends = batch.tasks.iter().map(|task| task.live_from);
        let (first, last) = (ends.clone().min(), ends.max());
        let from = match self.limits.max_checkpoints {
            0 => 0,
            max => first.unwrap_or(0).saturating_sub(max),
        };
        BackfillSpan {
            from,
            position: from,
            to_exclusive: last.unwrap_or(from).max(from),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

/// The part of a span that begins at `from` at the earliest.
fn provable(span: BackfillSpan, from: u64) -> BackfillSpan {
    let from = span.from.max(from).min(span.to_exclusive);
    BackfillSpan {
        from,
        position: from,
        ..span
    }
}
