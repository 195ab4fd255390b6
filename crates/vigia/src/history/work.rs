//! One batch of addresses under way: which checkpoints are left, who is asked for them, and what is
//! recorded of it.

use vigia_core::day_of;
use vigia_store::{
    BackfillBatch, BackfillGuard, BackfillOutcome, BackfillSpan, BackfillState, BackfillStore,
};
use vigia_sui::{Providers, SourceError};

use super::import::ImportError;
use super::ledger::{Ledger, patiently};
use super::registration::HistoryRunner;

/// After how long what could not go on is tried again.
pub(super) const RETRY_MS: u64 = 5_000;
const DAY_MS: u64 = 86_400_000;

/// What came of working on a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Worked {
    /// It is at its end; the next one can be begun.
    Done,
    /// It waits until then.
    Postponed(u64),
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

impl Work<'_> {
    pub(super) async fn begin(&self) -> vigia_store::Result<bool> {
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
    pub(super) async fn go_on(
        &mut self,
        ledger: &mut Option<Ledger>,
    ) -> Result<BackfillState, Stopped> {
        if self.span.position >= self.span.to_exclusive {
            return Ok(BackfillState::Complete);
        }
        let runner = self.runner;
        let is_small = self.batch.tasks.len() <= Providers::AFFECTED_ADDRESSES_MAX;
        let prefers_whole = runner.quorum.is_some() && runner.whole.is_some();
        let lists = runner.providers.as_ref();
        let lists = lists.filter(|_| is_small && !prefers_whole);
        if let Some(providers) = lists {
            let kept = ledger
                .as_ref()
                .expect("it is given back by whoever takes it");
            match self.listed(providers, kept).await {
                Err(Stopped::Unlisted) => {}
                Ok(()) if runner.quorum.is_some() => return Ok(BackfillState::Unproven),
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
        let recorded = patiently(|| store.backfill_progress(self.guard, id, position, requests));
        match recorded.await? {
            true => Ok(()),
            false => Err(Stopped::Lost),
        }
    }

    /// Waits for the next request's turn; stops where the day's are spent.
    pub(super) async fn may_ask(&self) -> Result<(), Stopped> {
        let (runner, now_ms) = (self.runner, self.runner.now_ms());
        let limits = runner.limits;
        let tomorrow_ms = (day_of(now_ms) + 1) * DAY_MS;
        if runner
            .providers
            .as_ref()
            .is_some_and(Providers::history_is_spent)
        {
            return Err(Stopped::Postponed {
                reason: "the budget of the day is spent of every provider".to_owned(),
                retry_at_ms: tomorrow_ms,
            });
        }
        tokio::time::sleep(limits.request_interval).await;
        let per_day = limits.requests_per_day;
        if per_day == 0 || runner.store.backfill_requests(day_of(now_ms)).await? < per_day {
            return Ok(());
        }
        Err(Stopped::Postponed {
            reason: format!("the {per_day} requests of the day are spent"),
            retry_at_ms: tomorrow_ms,
        })
    }

    /// Tried again soon.
    pub(super) fn postponed(&self, reason: impl ToString) -> Stopped {
        Stopped::Postponed {
            reason: reason.to_string(),
            retry_at_ms: self.runner.now_ms() + RETRY_MS,
        }
    }

    pub(super) async fn postpone(
        &self,
        reason: &str,
        retry_at_ms: u64,
    ) -> vigia_store::Result<Worked> {
        tracing::info!(batch = self.batch.id, reason, "a history has to wait");
        let store = &self.runner.store;
        let postponed = store.backfill_postpone(self.guard, self.batch.id, reason, retry_at_ms, 0);
        Ok(match postponed.await? {
            true => Worked::Postponed(retry_at_ms),
            false => Worked::Lost,
        })
    }

    pub(super) async fn finish(
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
