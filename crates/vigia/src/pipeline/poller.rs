//! The poller: follows a live source from the watermark on and sends matched frames.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use vigia_core::{Checkpoint, Clock, Digest, Frame, Relevant};
use vigia_store::{ProviderReport, Store, StoreError};
use vigia_sui::{CheckpointSource, GrpcSource, SourceError, Start};
use vigia_transport::FrameSender;
use vigia_watch::WatchList;

use super::{Backoff, Rewind, WatchSync, error_chain};
use crate::config::LiveStart;

/// What the provider is doing, shared by the stream's notices and the reports to the database.
#[derive(Debug, Default)]
pub struct PollerStatus(Mutex<PollerState>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PollerState {
    tip: Option<u64>,
    error: Option<String>,
}

impl PollerStatus {
    /// Something is wrong.
    pub fn failing(&self, problem: impl ToString) {
        self.change(|state| state.error = Some(problem.to_string()));
    }

    /// All is well.
    pub fn well(&self) {
        self.change(|state| state.error = None);
    }

    fn seen(&self, tip: u64) {
        self.change(|state| state.tip = state.tip.max(Some(tip)));
    }

    fn change(&self, change: impl FnOnce(&mut PollerState)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn get(&self) -> PollerState {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Follows one provider.
pub struct Poller {
    /// Where checkpoints come from.
    pub source: GrpcSource,
    /// Where the watermark is.
    pub store: Arc<dyn Store>,
    /// What to match with.
    pub watch: WatchSync,
    /// Where frames go.
    pub frames: FrameSender,
    /// Who asks to go back to the watermark.
    pub rewind: Arc<Rewind>,
    /// How it is doing.
    pub status: Arc<PollerStatus>,
    /// Tells the time of reports.
    pub clock: Arc<dyn Clock>,
    /// Where a database without a watermark begins.
    pub live_start: LiveStart,
    /// How often the node is asked for its tip.
    pub tip_interval: Duration,
}

/// Why following ended.
enum Ended {
    /// Begin again at the watermark.
    Rewind,
    /// Stop.
    Shutdown,
}

impl Poller {
    /// Polls until told to stop. An error is one that no waiting mends: the database belongs to
    /// another chain.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let reports = self.report_for_ever();
        tokio::select! {
            ended = self.follow_for_ever(&shutdown) => ended,
            () = reports => Ok(()),
        }
    }

    async fn follow_for_ever(&self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let mut backoff = Backoff::default();
        while !shutdown.is_cancelled() {
            let begun = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                begun = self.begin() => begun,
            };
            match begun {
                Ok((start, previous)) => {
                    backoff.reset();
                    if let Ended::Shutdown = self.follow(start, previous, shutdown).await {
                        return Ok(());
                    }
                }
                Err(BeginError::Store(error @ StoreError::ChainMismatch { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(provider = self.source.url(), error = %error, "cannot begin, trying again");
                    self.status.failing(&error);
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = backoff.wait() => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Where to start, and the digest of the checkpoint before, once the chain is known to be the
    /// database's.
    async fn begin(&self) -> Result<(Start, Option<Digest>), BeginError> {
        let info = self.source.info().await?;
        self.store.chain_bind(info.chain).await?;
        self.watch.refresh().await?;
        self.status.seen(info.tip);
        let (start, previous) = match (self.store.watermark().await?, self.live_start) {
            (Some(watermark), _) => (
                Start::Checkpoint(watermark.checkpoint + 1),
                Some(watermark.digest),
            ),
            // Begun but nothing committed yet: the first checkpoint stands.
            (None, live_start) => match (self.store.status().await?.first_checkpoint, live_start) {
                (Some(first), _) | (None, LiveStart::Checkpoint(first)) => {
                    (Start::Checkpoint(first), None)
                }
                (None, LiveStart::Tip) => (Start::Tip, None),
            },
        };
        if let Start::Checkpoint(sequence) = start
            && sequence < info.lowest_available
        {
            return Err(BeginError::Pruned {
                sequence,
                lowest: info.lowest_available,
            });
        }
        Ok((start, previous))
    }

    async fn follow(
        &self,
        start: Start,
        mut previous: Option<Digest>,
        shutdown: &CancellationToken,
    ) -> Ended {
        tracing::info!(provider = self.source.url(), start = ?start, "following the chain");
        let mut stream = self.source.stream(start);
        let mut first = true;
        loop {
            let item = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ended::Shutdown,
                () = self.rewind.asked() => return Ended::Rewind,
                item = stream.next() => item,
            };
            let checkpoint = match item {
                None => return Ended::Rewind,
                Some(Err(error)) => {
                    self.report_problem(&error);
                    continue;
                }
                Some(Ok(checkpoint)) => checkpoint,
            };
            if let Err(problem) = check_link(&checkpoint, previous) {
                // Another fork or a lying provider: the watermark stays where it is.
                tracing::error!(
                    checkpoint.seq = checkpoint.header.sequence,
                    problem,
                    "the chain does not link"
                );
                self.status.failing(problem);
                tokio::time::sleep(self.tip_interval).await;
                return Ended::Rewind;
            }
            if first {
                if let Err(error) = self.store.live_begin(checkpoint.header.sequence).await {
                    tracing::error!(error = %error_chain(&error), "cannot record the first checkpoint");
                    tokio::time::sleep(self.tip_interval).await;
                    return Ended::Rewind;
                }
                first = false;
            }
            previous = Some(checkpoint.header.digest);
            self.status.seen(checkpoint.header.sequence);
            self.status.well();
            let frame = match_checkpoint(&self.watch.list().read(), checkpoint);
            if !self.frames.send(frame).await {
                return Ended::Shutdown;
            }
        }
    }

    fn report_problem(&self, error: &SourceError) {
        tracing::warn!(provider = self.source.url(), error = %error, "the stream broke, reconnecting");
        self.status.failing(error);
    }

    /// Asks for the tip now and then and writes how things are, when that has changed.
    async fn report_for_ever(&self) {
        let mut reported = None;
        loop {
            match self.source.info().await {
                Ok(info) => self.status.seen(info.tip),
                Err(error) => self.status.failing(error),
            }
            let state = self.status.get();
            if reported.as_ref() != Some(&state) {
                let report = ProviderReport {
                    url: self.source.url().to_owned(),
                    tip: state.tip,
                    error: state.error.clone(),
                    at_ms: self.clock.now_ms(),
                };
                match self.store.provider_report(&report).await {
                    Ok(()) => reported = Some(state),
                    Err(error) => {
                        tracing::warn!(error = %error_chain(&error), "cannot record the provider's state");
                    }
                }
            }
            tokio::time::sleep(self.tip_interval).await;
        }
    }
}

/// Why following could not begin.
#[derive(Debug, thiserror::Error)]
enum BeginError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{}", error_chain(.0))]
    Store(#[from] StoreError),
    #[error(
        "the provider has pruned checkpoint {sequence}, where this database goes on; it keeps \
         {lowest} and later. Use an archive provider until it has caught up, import the missing \
         checkpoints from files, or begin a new database with --from {lowest}"
    )]
    Pruned { sequence: u64, lowest: u64 },
}

/// Matches a whole checkpoint at one version of the list.
pub(crate) fn match_checkpoint(list: &WatchList, checkpoint: Checkpoint) -> Frame {
    let relevant = checkpoint
        .transactions
        .into_iter()
        .filter_map(|transaction| {
            let reasons = list.match_transaction(&transaction);
            (!reasons.is_empty()).then_some(Relevant {
                transaction,
                reasons,
            })
        })
        .collect();
    Frame {
        header: checkpoint.header,
        watch_version: list.version(),
        relevant,
    }
}

fn check_link(checkpoint: &Checkpoint, previous: Option<Digest>) -> Result<(), String> {
    match (previous, checkpoint.header.previous_digest) {
        (Some(expected), Some(found)) if found != expected => Err(format!(
            "checkpoint {} follows {found}, but the one before it here is {expected}",
            checkpoint.header.sequence
        )),
        (Some(expected), None) => Err(format!(
            "checkpoint {} names nothing before it, but {expected} is",
            checkpoint.header.sequence
        )),
        _ => Ok(()),
    }
}
