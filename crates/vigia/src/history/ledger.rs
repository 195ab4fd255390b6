//! Commits of history: matched with the whole watch list, in the import lane.

use std::sync::Arc;

use vigia_contracts::Interpreter;
use vigia_core::{CommitOutcome, ExecutedTransaction, Frame, Lane, Relevant};
use vigia_store::{Result, Store, StoreError};

use super::Imported;
use crate::pipeline::{Backoff, Rewind, WatchSync, Worker, WorkerLimits};

/// Times a commit is tried while the database is out of reach or busy.
const TRIES_MAX: u32 = 8;

/// Writes history.
pub(super) struct Ledger {
    pub(super) watch: WatchSync,
    worker: Worker,
}

impl Ledger {
    /// Loads the watch list.
    pub(super) async fn load(store: Arc<dyn Store>, interpreter: Arc<Interpreter>) -> Result<Self> {
        let limits = WorkerLimits::ONE_BY_ONE;
        Ok(Self {
            watch: WatchSync::load(Arc::clone(&store)).await?,
            worker: Worker::new(store, interpreter, limits, Arc::new(Rewind::default())),
        })
    }

    /// Commits whole checkpoints; none where they were matched with too old a list, which is newer now.
    pub(super) async fn commit_frames(&self, frames: &[Frame]) -> Result<Option<Imported>> {
        let matched = frames.iter().map(|frame| frame.relevant.len() as u64).sum();
        let outcome = patiently(|| async {
            match self.worker.commit(Lane::Import, frames).await {
                Err(error) if !error.is_transient() => {
                    let version = self.worker.commit_one_by_one(Lane::Import, frames).await;
                    match version.ok_or(error)? {
                        0 => Ok(NOTHING_NEW),
                        version_min => Ok(CommitOutcome::StaleWatchList { version_min }),
                    }
                }
                outcome => outcome,
            }
        });
        match outcome.await? {
            CommitOutcome::StaleWatchList { .. } => {
                self.watch.refresh().await?;
                Ok(None)
            }
            applied => Ok(Some(Imported::new(frames.len() as u64, matched, &applied))),
        }
    }

    /// Commits those of some transactions that concern anybody.
    pub(super) async fn commit_transactions(
        &self,
        transactions: Vec<ExecutedTransaction>,
    ) -> Result<Imported> {
        let relevant: Vec<Relevant> = {
            let list = self.watch.list();
            let list = list.read();
            let relevant = |transaction| {
                let reasons = list.match_transaction(&transaction);
                (!reasons.is_empty()).then_some(Relevant {
                    transaction,
                    reasons,
                })
            };
            transactions.into_iter().filter_map(relevant).collect()
        };
        self.commit_relevant(&relevant).await
    }

    /// Commits transactions that were matched.
    pub(super) async fn commit_relevant(&self, relevant: &[Relevant]) -> Result<Imported> {
        if relevant.is_empty() {
            return Ok(Imported::default());
        }
        let outcome = patiently(|| self.worker.commit_history(relevant)).await?;
        Ok(Imported::new(0, relevant.len() as u64, &outcome))
    }
}

const NOTHING_NEW: CommitOutcome = CommitOutcome::Applied {
    raw_transactions_new: 0,
    activities_new: 0,
    notifications_new: 0,
};

/// Tries again while the database may soon answer.
pub(super) async fn patiently<T, F>(write: impl Fn() -> F) -> std::result::Result<T, StoreError>
where
    F: Future<Output = Result<T>>,
{
    let mut backoff = Backoff::default();
    for _ in 1..TRIES_MAX {
        match write().await {
            Err(error) if error.is_transient() => {
                tracing::debug!(error = %error, "cannot write history yet");
                backoff.wait().await;
            }
            done => return done,
        }
    }
    write().await
}
