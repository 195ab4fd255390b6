//! The worker: frames in, commits out. One commit takes whatever is waiting, so that a busy stream
//! is committed in large batches and a quiet one at once.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_contracts::Interpreter;
use vigia_core::{
    AddressBook, Clock, Commit, CommitOutcome, Frame, Lane, Relevant, SystemClock, error_chain,
};
use vigia_store::{Result, Store, StoreError};
use vigia_transport::{Delivery, FrameReceiver, Receipt};

use super::assemble::{assemble_failed_history, assemble_history};
use super::{Backoff, Rewind, Trouble, assemble, assemble_failed};
use crate::metrics::{CommitMetrics, CommitStage};
use crate::traces::Traces;

/// What one commit may hold (I-13).
#[derive(Clone, Copy, Debug)]
pub struct WorkerLimits {
    /// Relevant transactions at which a batch is full; a single checkpoint may hold more.
    pub transactions_max: usize,
    /// Checkpoints at which a batch is full.
    pub frames_max: usize,
    /// Bytes of frames at which a batch is full, whatever its counts: huge checkpoints are committed one by one.
    pub bytes_max: usize,
    /// How long checkpoints without a relevant transaction may wait for company.
    pub idle_interval: Duration,
}

impl WorkerLimits {
    /// Each checkpoint in a commit of its own: what history is imported with.
    pub const ONE_BY_ONE: Self = Self {
        transactions_max: usize::MAX,
        frames_max: 1,
        bytes_max: usize::MAX,
        idle_interval: Duration::ZERO,
    };
}

/// What keeps a worker from committing, in words that anybody may read.
#[derive(Debug, Default)]
pub struct WorkerStatus(Mutex<Option<String>>);

impl WorkerStatus {
    /// None while it commits what it gets.
    pub fn problem(&self) -> Option<String> {
        self.lock().clone()
    }

    fn failing(&self, error: &StoreError) {
        *self.lock() = Some(format!("cannot commit: {error}"));
    }

    fn well(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Interprets and commits.
pub struct Worker {
    store: Arc<dyn Store>,
    interpreter: Arc<Interpreter>,
    limits: WorkerLimits,
    rewind: Arc<Rewind>,
    status: Arc<WorkerStatus>,
    trouble: Trouble,
    metrics: CommitMetrics,
    traces: Traces,
    clock: Arc<dyn Clock>,
}

impl Worker {
    /// A worker that asks `rewind` for frames that have to be matched again.
    pub fn new(
        store: Arc<dyn Store>,
        interpreter: Arc<Interpreter>,
        limits: WorkerLimits,
        rewind: Arc<Rewind>,
    ) -> Self {
        Self {
            store,
            interpreter,
            limits,
            rewind,
            status: Arc::default(),
            trouble: Trouble::new("cannot commit, trying again"),
            metrics: CommitMetrics::default(),
            traces: Traces::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Counts in `metrics`.
    pub fn with_metrics(mut self, metrics: CommitMetrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Writes spans to `traces`.
    pub fn with_traces(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// How it is doing, from now on.
    pub fn status(&self) -> Arc<WorkerStatus> {
        Arc::clone(&self.status)
    }

    /// Commits frames of the live lane until the transport ends or `shutdown` is asked, then the
    /// batch in hand.
    pub async fn run(&self, mut frames: Box<dyn FrameReceiver>, shutdown: CancellationToken) {
        let mut batch = Batch::default();
        let mut version_min = 0;
        while !shutdown.is_cancelled() {
            if batch.can_wait(&self.limits) {
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => break,
                    () = batch.due(self.limits.idle_interval) => {}
                    delivery = frames.receive() => match delivery {
                        Ok(delivery) => batch.push(delivery),
                        // Every sender is gone.
                        Err(_) => break,
                    },
                }
            }
            batch.fill(&mut *frames, &self.limits);
            batch.drop_below(version_min);
            if !batch.can_wait(&self.limits) {
                let taken = std::mem::take(&mut batch);
                let committing = self.commit_batch(&taken.frames, taken.ahead, &shutdown);
                let committed = self
                    .while_filling(committing, &mut batch, &mut *frames)
                    .await;
                let found = settle(committed, taken.receipts, &mut *frames).await;
                version_min = version_min.max(found);
            }
        }
        let committed = self
            .commit_batch(&batch.frames, batch.ahead, &shutdown)
            .await;
        settle(committed, batch.receipts, &mut *frames).await;
    }

    /// Waits for a commit. Meanwhile `next` takes what comes, and is made ready once it is full.
    async fn while_filling<T>(
        &self,
        committing: impl Future<Output = T>,
        next: &mut Batch,
        frames: &mut dyn FrameReceiver,
    ) -> T {
        let mut committing = std::pin::pin!(committing);
        loop {
            tokio::select! {
                biased;
                committed = &mut committing => return committed,
                delivery = frames.receive(), if !next.is_full(&self.limits) => match delivery {
                    Ok(delivery) => {
                        next.push(delivery);
                        next.fill(frames, &self.limits);
                        if next.is_full(&self.limits) {
                            next.ahead = Some(self.ahead(next.frames.clone()));
                        }
                    }
                    // Every sender is gone, which is found again.
                    Err(_) => return committing.await,
                },
            }
        }
    }

    /// Commits until it is done or refused; returns the watch-list version that frames must have, or
    /// none where it was given up for a shutdown.
    async fn commit_batch(
        &self,
        frames: &[Arc<Frame>],
        mut ahead: Option<Ahead>,
        shutdown: &CancellationToken,
    ) -> Option<u64> {
        if frames.is_empty() {
            return Some(0);
        }
        let mut backoff = Backoff::default();
        loop {
            let committed = match ahead.take() {
                Some(ahead) => self.commit_ahead(frames, ahead).await,
                None => self.commit(Lane::Live, frames).await,
            };
            let error = match committed {
                Ok(CommitOutcome::Applied { .. }) => {
                    self.well();
                    return Some(0);
                }
                Ok(CommitOutcome::StaleWatchList { version_min }) => {
                    self.well();
                    tracing::info!(
                        watch.version = version_min,
                        "watch list changed under way, matching again"
                    );
                    self.rewind.ask();
                    return Some(version_min);
                }
                Err(error) => error,
            };
            self.trouble.failing(&error);
            self.status.failing(&error);
            if shutdown.is_cancelled() {
                return None;
            }
            if !error.is_transient()
                && let Some(version_min) = self.commit_one_by_one(Lane::Live, frames).await
            {
                self.well();
                return Some(version_min);
            }
            tokio::select! {
                // One more try, then what is in hand is given up.
                () = shutdown.cancelled() => {}
                () = backoff.wait() => {}
            }
        }
    }

    fn well(&self) {
        self.trouble.well();
        self.status.well();
    }

    /// Commits a batch that the database refuses as a whole, a checkpoint at a time, so that what is
    /// wrong with one stops no other (I-8). One that is refused by itself is committed without its
    /// meaning, as failed. None where that is refused too.
    pub(crate) async fn commit_one_by_one<F: Borrow<Frame> + Sync>(
        &self,
        lane: Lane,
        frames: &[F],
    ) -> Option<u64> {
        let mut version_min = 0;
        let interpreter = self.interpreter.current();
        for frame in frames {
            let frame = std::slice::from_ref(frame);
            let outcome = match self.commit(lane, frame).await {
                Err(error) if !error.is_transient() => {
                    let problem = format!("cannot be stored: {}", error_chain(&error));
                    let commit = assemble_failed(lane, frame, &problem);
                    self.store.commit_apply(&commit, &interpreter).await
                }
                outcome => outcome,
            };
            if let CommitOutcome::StaleWatchList { version_min: found } = outcome.ok()? {
                self.rewind.ask();
                version_min = version_min.max(found);
            }
        }
        Some(version_min)
    }

    /// Interprets and commits frames once.
    pub async fn commit<F: Borrow<Frame> + Sync>(
        &self,
        lane: Lane,
        frames: &[F],
    ) -> Result<CommitOutcome> {
        let ready = ready(&*self.store, self.interpreter.current(), lane, frames).await?;
        self.write(lane, frames, ready).await
    }

    /// Begins to make a batch of the live lane ready to be written.
    fn ahead(&self, frames: Vec<Arc<Frame>>) -> Ahead {
        let (store, interpreter) = (Arc::clone(&self.store), self.interpreter.current());
        Ahead(tokio::spawn(async move {
            ready(&*store, interpreter, Lane::Live, &frames).await
        }))
    }

    /// Commits what was made ready while the batch before was written.
    async fn commit_ahead(&self, frames: &[Arc<Frame>], mut ahead: Ahead) -> Result<CommitOutcome> {
        match (&mut ahead.0).await {
            Ok(Ok(ready)) if ready.interpreter.is_current() => {
                self.write(Lane::Live, frames, ready).await
            }
            // Contracts are declared otherwise since, or something failed, which says so again where it still does.
            _ => self.commit(Lane::Live, frames).await,
        }
    }

    /// Writes a commit of `frames`.
    async fn write<F: Borrow<Frame> + Sync>(
        &self,
        lane: Lane,
        frames: &[F],
        ready: Ready,
    ) -> Result<CommitOutcome> {
        let begun = Instant::now();
        let Ready {
            commit,
            interpreter,
            accounts,
            interpret,
        } = ready;
        let outcome = self.store.commit_apply(&commit, &interpreter).await;
        let written = begun.elapsed();
        self.metrics.took(CommitStage::Accounts, accounts);
        self.metrics.took(CommitStage::Interpret, interpret);
        self.metrics.took(CommitStage::Write, written);
        self.metrics.ended(outcome.as_ref().ok());
        if lane == Lane::Live {
            let frames = frames.iter().map(Borrow::borrow);
            let underway = self.traces.underway(frames.clone());
            let took = accounts + interpret + written;
            match &outcome {
                Ok(CommitOutcome::Applied { .. }) => {
                    self.metrics.committed(frames, self.clock.now_ms());
                    self.traces.committed(&underway, took, None);
                }
                // They come again, and are committed then.
                Ok(CommitOutcome::StaleWatchList { .. }) => {}
                Err(error) => {
                    let problem = error_chain(error);
                    self.traces.committed(&underway, took, Some(&problem));
                }
            }
        }
        outcome
    }

    /// Interprets and commits history of some addresses. One that is refused by itself stops no other
    /// (I-8); what may pass is the caller's to try again.
    pub(crate) async fn commit_history(&self, relevant: &[Relevant]) -> Result<CommitOutcome> {
        let error = match self.commit_history_once(relevant).await {
            Err(error) if !error.is_transient() => error,
            outcome => return outcome,
        };
        if let [one] = relevant {
            let problem = format!("cannot be stored: {}", error_chain(&error));
            let commit = assemble_failed_history(one, problem);
            let interpreter = self.interpreter.current();
            return self.store.commit_apply(&commit, &interpreter).await;
        }
        let mut sum = (0, 0, 0);
        for one in relevant {
            let outcome = Box::pin(self.commit_history(std::slice::from_ref(one))).await?;
            if let CommitOutcome::Applied {
                raw_transactions_new,
                activities_new,
                notifications_new,
            } = outcome
            {
                sum.0 += raw_transactions_new;
                sum.1 += activities_new;
                sum.2 += notifications_new;
            }
        }
        Ok(CommitOutcome::Applied {
            raw_transactions_new: sum.0,
            activities_new: sum.1,
            notifications_new: sum.2,
        })
    }

    async fn commit_history_once(&self, relevant: &[Relevant]) -> Result<CommitOutcome> {
        let interpreter = self.interpreter.current();
        let book = address_book(&*self.store, &interpreter, relevant.iter()).await?;
        let commit = assemble_history(relevant, &interpreter, &book);
        self.store.commit_apply(&commit, &interpreter).await
    }
}

/// Tells the transport what became of a batch; returns the watch-list version that frames must have. `committed`: none where it
/// was given up.
async fn settle(
    committed: Option<u64>,
    receipts: Vec<Receipt>,
    frames: &mut dyn FrameReceiver,
) -> u64 {
    let Some(version_min) = committed else {
        // Not committed is not lost: the watermark still stands before it.
        frames.abandon(receipts);
        return 0;
    };
    // What was matched with an old list is done with too: it is matched and sent again.
    if let Err(error) = frames.acknowledge(receipts).await {
        tracing::warn!(error = %error_chain(&error), "cannot acknowledge, it will come again");
    }
    version_min
}

/// A commit that is to be written, and what it took to know it.
struct Ready {
    commit: Commit,
    /// Who has interpreted it, and folds what the database has of it.
    interpreter: Interpreter,
    accounts: Duration,
    interpret: Duration,
}

/// A commit that is being made ready. Given up where it is dropped.
struct Ahead(JoinHandle<Result<Ready>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ready<F: Borrow<Frame>>(
    store: &dyn Store,
    interpreter: Interpreter,
    lane: Lane,
    frames: &[F],
) -> Result<Ready> {
    let relevant = frames.iter().flat_map(|frame| &frame.borrow().relevant);
    let begun = Instant::now();
    let book = address_book(store, &interpreter, relevant).await?;
    let known = Instant::now();
    let commit = assemble(lane, frames, &interpreter, &book);
    Ok(Ready {
        commit,
        interpreter,
        accounts: known - begun,
        interpret: known.elapsed(),
    })
}

async fn address_book(
    store: &dyn Store,
    interpreter: &Interpreter,
    relevant: impl Iterator<Item = &Relevant>,
) -> Result<AddressBook> {
    let (mut addresses, mut targets) = (BTreeSet::new(), BTreeSet::new());
    for relevant in relevant {
        addresses.extend(interpreter.parties(&relevant.transaction));
        targets.extend(interpreter.observed_targets(&relevant.transaction));
    }
    if addresses.is_empty() && targets.is_empty() {
        return Ok(AddressBook::default());
    }
    let addresses: Vec<_> = addresses.into_iter().collect();
    let targets: Vec<_> = targets.into_iter().collect();
    store.address_book(&addresses, &targets).await
}

/// Frames waiting to be committed together.
#[derive(Default)]
struct Batch {
    frames: Vec<Arc<Frame>>,
    receipts: Vec<Receipt>,
    transactions: usize,
    bytes: usize,
    since: Option<Instant>,
    /// What is made of the frames already.
    ahead: Option<Ahead>,
}

impl Batch {
    fn push(&mut self, delivery: Delivery) {
        self.since.get_or_insert_with(Instant::now);
        for frame in delivery.frames {
            self.transactions += frame.relevant.len();
            self.bytes += frame.bytes();
            self.frames.push(frame);
        }
        self.receipts.push(delivery.receipt);
        self.ahead = None;
    }

    /// Takes what is there already, until it is full.
    fn fill(&mut self, frames: &mut dyn FrameReceiver, limits: &WorkerLimits) {
        while !self.is_full(limits)
            && let Some(delivery) = frames.receive_waiting()
        {
            self.push(delivery);
        }
    }

    fn is_full(&self, limits: &WorkerLimits) -> bool {
        self.transactions >= limits.transactions_max
            || self.frames.len() >= limits.frames_max
            || self.bytes >= limits.bytes_max
    }

    /// Nothing relevant, and not for long: one commit for many quiet checkpoints.
    fn can_wait(&self, limits: &WorkerLimits) -> bool {
        let waited = self
            .since
            .is_none_or(|since| since.elapsed() < limits.idle_interval);
        self.transactions == 0 && waited && !self.is_full(limits)
    }

    /// Resolves when the batch has waited long enough; never while it is empty.
    async fn due(&self, interval: Duration) {
        match self.since {
            Some(since) => tokio::time::sleep_until(since + interval).await,
            None => std::future::pending().await,
        }
    }

    /// Drops frames that were matched too early; the poller sends their checkpoints again. Their
    /// receipts stay, to be shown with the others.
    fn drop_below(&mut self, version_min: u64) {
        let is_kept = |frame: &Arc<Frame>| frame.watch_version >= version_min;
        if self.frames.iter().all(is_kept) {
            return;
        }
        self.ahead = None;
        self.frames.retain(is_kept);
        self.transactions = self.frames.iter().map(|frame| frame.relevant.len()).sum();
        self.bytes = self.frames.iter().map(|frame| frame.bytes()).sum();
    }
}

#[cfg(test)]
mod tests {
    use vigia_core::{CheckpointHeader, Digest};

    use super::*;

    #[test]
    fn a_batch_is_full_at_each_of_its_limits() {
        let limits = WorkerLimits {
            transactions_max: 5,
            frames_max: 3,
            bytes_max: 1_000,
            idle_interval: Duration::ZERO,
        };
        let is_full = |transactions, frames, bytes| {
            let header = CheckpointHeader {
                sequence: 7,
                digest: Digest::ZERO,
                previous_digest: None,
                epoch: 0,
                timestamp_ms: 0,
            };
            let frame = Arc::new(Frame {
                header,
                watch_version: 1,
                relevant: Vec::new(),
            });
            let batch = Batch {
                frames: vec![frame; frames],
                transactions,
                bytes,
                ..Batch::default()
            };
            batch.is_full(&limits)
        };
        assert!(!is_full(4, 2, 999));
        assert!(is_full(5, 1, 0) && is_full(0, 3, 0) && is_full(1, 1, 1_000));
    }
}
