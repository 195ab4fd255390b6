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
use vigia_core::{Clock, day_of};
use vigia_store::{
    BackfillBatch, BackfillGuard, BackfillOutcome, BackfillSpan, BackfillState, BackfillStore,
    IngestStore, SqlStore,
};
use vigia_sui::Providers;

use super::HistorySource;
use super::import::ImportError;
use super::ledger::Ledger;
use crate::jobs::{LeaseKeeper, LeaseTimes};
use crate::pipeline::{Backoff, Trouble};

/// What only one process does at a time.
const LEASE: &str = "backfill";
/// How often it is looked for work.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// After how long what could not go on is tried again.
const RETRY_MS: u64 = 5_000;
/// Addresses whose history is read from whole checkpoints together.
const WHOLE_ADDRESSES_MAX: u32 = 1_000;
const DAY_MS: u64 = 86_400_000;

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
    /// Whether a provider's word that a list is complete is not enough.
    pub is_proof_wanted: bool,
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
    /// How much.
    pub limits: HistoryLimits,
    /// Tells the day.
    pub clock: Arc<dyn Clock>,
    /// What this process is called.
    pub process: String,
    /// Number of the last claim.
    pub claims: AtomicU64,
}

/// What came of working on a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Worked {
    /// It is at its end, or waits; the next one can be begun.
    Done,
    /// The lease is another's.
    Lost,
}

/// Why a batch stands still.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Store(#[from] vigia_store::StoreError),
    /// For now.
    #[error("{reason}")]
    Postponed { reason: String, retry_at_ms: u64 },
    /// Until somebody changes something.
    #[error("{0}")]
    Failed(String),
    /// What is below is nowhere any more.
    #[error("pruned below checkpoint {0}")]
    Pruned(u64),
    /// Nobody lists transactions.
    #[error("no provider lists transactions")]
    Unlisted,
    /// The lease is another's.
    #[error("the lease was lost")]
    Lost,
}

impl From<ImportError> for Stopped {
    fn from(error: ImportError) -> Self {
        use vigia_sui::SourceError;
        match error {
            ImportError::Store(error) => Self::Store(error),
            ImportError::Source(SourceError::Pruned { lowest, .. }) => Self::Pruned(lowest),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// A batch under way, and under which lease.
pub(super) struct Work<'w> {
    pub(super) runner: &'w HistoryRunner,
    pub(super) guard: &'w BackfillGuard,
    pub(super) batch: BackfillBatch,
    pub(super) span: BackfillSpan,
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
        if self.store.backfill_next(1).await?.is_none() {
            return Ok(());
        }
        let claim = self.claims.fetch_add(1, Ordering::Relaxed);
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
        let ledger = Ledger::load(self.store.clone(), self.interpreter.clone()).await?;
        let mut ledger = Some(ledger);
        while let Some(batch) = self.store.backfill_next(self.batch_max()).await? {
            let kept = match ledger.take() {
                Some(kept) => kept,
                None => Ledger::load(self.store.clone(), self.interpreter.clone()).await?,
            };
            kept.watch.refresh().await?;
            let mut kept = Some(kept);
            let worked = self.work_on(guard, batch, &mut kept).await?;
            if worked == Worked::Lost {
                return Ok(());
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
        match lists && !(self.limits.is_proof_wanted && self.whole.is_some()) {
            true => u32::try_from(Providers::AFFECTED_ADDRESSES_MAX).unwrap_or(1),
            false => WHOLE_ADDRESSES_MAX,
        }
    }

    async fn work_on(
        &self,
        guard: &BackfillGuard,
        batch: BackfillBatch,
        ledger: &mut Option<Ledger>,
    ) -> vigia_store::Result<Worked> {
        let span = match batch.span {
            Some(span) => span,
            None => self.whole_span(&batch),
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
    fn whole_span(&self, batch: &BackfillBatch) -> BackfillSpan {
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

impl Work<'_> {
    async fn begin(&self) -> vigia_store::Result<bool> {
        let BackfillSpan {
            position,
            to_exclusive,
            ..
        } = self.span;
        // One that goes on keeps what is recorded.
        if self.batch.span == Some(self.span) {
            return Ok(true);
        }
        let store = &self.runner.store;
        let begun = store.backfill_begin(self.guard, &self.batch, position, to_exclusive);
        begun.await
    }

    /// Reads what is left; returns how complete that is.
    async fn go_on(&mut self, ledger: &mut Option<Ledger>) -> Result<BackfillState, Stopped> {
        if self.span.position >= self.span.to_exclusive {
            return Ok(BackfillState::Complete);
        }
        let runner = self.runner;
        let is_small = self.batch.tasks.len() <= Providers::AFFECTED_ADDRESSES_MAX;
        let prefers_whole = runner.limits.is_proof_wanted && runner.whole.is_some();
        let lists = runner.providers.as_ref();
        let lists = lists.filter(|_| is_small && !prefers_whole);
        if let Some(providers) = lists {
            let kept = ledger
                .as_ref()
                .expect("it is given back by whoever takes it");
            match self.listed(providers, kept).await {
                Err(Stopped::Unlisted) => {}
                Ok(()) if runner.limits.is_proof_wanted => return Ok(BackfillState::Unproven),
                done => return done.map(|()| BackfillState::Complete),
            }
        }
        self.whole(ledger).await?;
        Ok(BackfillState::Complete)
    }

    /// Records that everything below `position` is written.
    pub(super) async fn progress(&mut self, position: u64, requests: u64) -> Result<(), Stopped> {
        self.span.position = position;
        let store = &self.runner.store;
        let id = self.batch.id;
        let recorded = super::ledger::patiently(|| {
            store.backfill_progress(self.guard, id, position, requests)
        });
        match recorded.await? {
            true => Ok(()),
            false => Err(Stopped::Lost),
        }
    }

    /// Waits for the next request's turn; stops where the day's are spent.
    pub(super) async fn may_ask(&self) -> Result<(), Stopped> {
        let (runner, now_ms) = (self.runner, self.runner.now_ms());
        let limits = runner.limits;
        tokio::time::sleep(limits.request_interval).await;
        let per_day = limits.requests_per_day;
        if per_day == 0 || runner.store.backfill_requests(day_of(now_ms)).await? < per_day {
            return Ok(());
        }
        Err(Stopped::Postponed {
            reason: format!("the {per_day} requests of the day are spent"),
            retry_at_ms: (day_of(now_ms) + 1) * DAY_MS,
        })
    }

    /// Tried again soon.
    pub(super) fn postponed(&self, reason: impl ToString) -> Stopped {
        Stopped::Postponed {
            reason: reason.to_string(),
            retry_at_ms: self.runner.now_ms() + RETRY_MS,
        }
    }

    async fn postpone(&self, reason: &str, retry_at_ms: u64) -> vigia_store::Result<Worked> {
        tracing::info!(batch = self.batch.id, reason, "a history has to wait");
        let store = &self.runner.store;
        let postponed = store.backfill_postpone(self.guard, self.batch.id, reason, retry_at_ms, 0);
        Ok(worked(postponed.await?))
    }

    async fn finish(
        &self,
        state: BackfillState,
        reason: Option<String>,
    ) -> vigia_store::Result<Worked> {
        let wanted = self.runner.whole_span(&self.batch).from;
        let state = match state {
            BackfillState::Complete if self.span.from > wanted => BackfillState::Pruned,
            state => state,
        };
        let outcome = BackfillOutcome {
            complete_from: (state != BackfillState::Failed).then_some(self.span.from),
            state,
            reason,
        };
        tracing::info!(
            batch = self.batch.id,
            addresses = self.batch.tasks.len(),
            state = state.as_str(),
            from = self.span.from,
            to = self.span.to_exclusive,
            reason = outcome.reason,
            "a history has come to its end"
        );
        let store = &self.runner.store;
        let finished = store.backfill_finish(self.guard, self.batch.id, &outcome);
        Ok(worked(finished.await?))
    }
}

fn worked(held: bool) -> Worked {
    match held {
        true => Worked::Done,
        false => Worked::Lost,
    }
}
