//! The poller: follows a live source from the watermark on and sends matched frames.

mod filtering;
mod resend;
mod sharded;
mod status;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;
use vigia_core::{Checkpoint, Clock, Digest, ExecutedTransaction, Frame, Relevant, error_chain};
use vigia_store::{ProviderReport, Store, StoreError};
use vigia_sui::{Archived, CheckpointStream, Providers, SourceError, Start, TrustError};
use vigia_transport::{FrameSender, TransportError};
use vigia_watch::WatchList;

use super::proving::{prove_matched, prove_unmatched};
use super::{Backoff, Rewind, Trouble, WatchSync};
use crate::config::LiveStart;
use crate::metrics::IngestMetrics;
use crate::traces::Traces;
use crate::trust::{Quorum, QuorumError};
use filtering::Opened;
pub use resend::OutstandingMemory;
use resend::OutstandingWatch;
pub use sharded::Shards;
pub use status::PollerStatus;

/// Follows one provider.
pub struct Poller {
    /// Where checkpoints come from.
    pub source: Providers,
    /// The same with a bucket for what they have pruned, where there is one.
    pub archived: Option<Archived>,
    /// Where the watermark is.
    pub store: Arc<dyn Store>,
    /// What to match with.
    pub watch: WatchSync,
    /// Where frames go.
    pub frames: Arc<dyn FrameSender>,
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
    /// After how long what was sent and is not committed is sent again; none where the transport
    /// cannot lose.
    pub resend_after: Option<Duration>,
    /// What is known of it from the stream before.
    pub outstanding: OutstandingMemory,
    /// The part of the chain that it reads; none where it reads all of it.
    pub shards: Option<Shards>,
    /// Literals that a filter of the provider's may have; 0 where it is never asked to filter.
    pub filter_literals_max: usize,
    /// What proves all that is read; none where providers are believed.
    pub quorum: Option<Arc<Quorum>>,
    /// Whether what concerns nobody is left out before it is decoded.
    pub scans: bool,
    /// When a filtered stream last failed.
    pub filters_broke: Mutex<Option<Instant>>,
    /// What is counted.
    pub metrics: IngestMetrics,
    /// What is traced.
    pub traces: Traces,
}

/// Frames sent at once, while a stream brings more than one at a time.
const FRAMES_PER_SEND: usize = 64;
/// Bytes of checkpoints from which on no more are matched at once: they are nobody's to count until they are.
const MATCHED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where following begins.
enum Begun {
    /// There, after the checkpoint with this digest.
    Whole(Start, Option<Digest>),
    /// With what is missing of some shards.
    Part(sharded::Part),
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
        let trouble = Trouble::new("cannot begin to follow the chain, trying again");
        while !shutdown.is_cancelled() {
            let begun = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                begun = self.begin() => begun,
            };
            match begun {
                Ok(begun) => {
                    backoff.reset();
                    trouble.well();
                    if self.shards.is_some() {
                        // By now the first checkpoint is recorded.
                        self.status.written();
                    }
                    let ended = match (begun, &self.shards) {
                        (Begun::Whole(start, previous), _) => {
                            self.follow(start, previous, shutdown).await
                        }
                        (Begun::Part(part), Some(shards)) => {
                            self.follow_shards(shards.clone(), part, shutdown).await
                        }
                        (Begun::Part(_), None) => unreachable!("there are no parts without shards"),
                    };
                    if let Ended::Shutdown = ended {
                        return Ok(());
                    }
                }
                Err(BeginError::Store(error @ StoreError::ChainMismatch { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    trouble.failing_as(error.to_string());
                    if let BeginError::Store(error) = &error {
                        self.status.cannot_write(error);
                    }
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

    /// Where to start, once the chain is known to be the database's.
    async fn begin(&self) -> Result<Begun, BeginError> {
        if let Some(chain) = self.store.chain().await? {
            self.source.bind(chain);
        }
        if let Some(quorum) = &self.quorum {
            quorum.ready().await?;
        }
        let info = match self.source.info().await {
            // Nobody else answered.
            Err(SourceError::WrongChain { found, .. }) => {
                self.store.chain_bind(found).await?;
                return Err(BeginError::Another);
            }
            info => info?,
        };
        self.store.chain_bind(info.chain).await?;
        self.source.bind(info.chain);
        self.watch.refresh().await?;
        self.status.seen(info.tip);
        if let Some(shards) = &self.shards {
            let part = self.part(shards).await?;
            if let Some(sequence) = part.start() {
                self.check_pruned(sequence).await?;
            }
            return Ok(Begun::Part(part));
        }
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
        if let Start::Checkpoint(sequence) = start {
            self.check_pruned(sequence).await?;
        }
        Ok(Begun::Whole(start, previous))
    }

    /// That providers have pruned it matters where no bucket can stand in.
    async fn check_pruned(&self, sequence: u64) -> Result<(), BeginError> {
        if self.archived.is_some() {
            return Ok(());
        }
        match self.source.pruned(sequence).await {
            Some(lowest) => Err(BeginError::Pruned { sequence, lowest }),
            None => Ok(()),
        }
    }

    async fn follow(
        &self,
        start: Start,
        previous: Option<Digest>,
        shutdown: &CancellationToken,
    ) -> Ended {
        tracing::info!(provider = %self.source.url(), start = ?start, "following the chain");
        let Opened {
            stream,
            source,
            filter,
            pruned_below,
        } = self.open(start).await;
        let mut reviewed = Instant::now();
        let mut following = Following {
            stream,
            pending: None,
            previous,
        };
        let version = self.watch.list().read().version();
        let mut watch = OutstandingWatch::new(self, version);
        let mut first = true;
        loop {
            let item = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ended::Shutdown,
                () = self.rewind.asked() => return Ended::Rewind,
                () = watch.resend() => return Ended::Rewind,
                item = following.next() => item,
            };
            let checkpoint = match item {
                None => return Ended::Rewind,
                Some(Err(Broken::Source(error))) => {
                    self.report_problem(&error);
                    match filter {
                        Some(_) => return self.without_filters(),
                        None => continue,
                    }
                }
                Some(Err(Broken::Link(problem))) => {
                    // Another fork or a lying provider: the watermark stays where it is.
                    tracing::error!(problem, "the chain does not link");
                    self.metrics.is_unproven();
                    self.status.failing(problem);
                    tokio::time::sleep(self.tip_interval).await;
                    return Ended::Rewind;
                }
                Some(Ok(checkpoint)) => checkpoint,
            };
            if first {
                if let Err(error) = self.store.live_begin(checkpoint.header.sequence).await {
                    if self.status.cannot_write(&error) {
                        let problem = error_chain(&error);
                        tracing::error!(error = %problem, "cannot record the first checkpoint, trying again");
                    }
                    tokio::time::sleep(self.tip_interval).await;
                    return Ended::Rewind;
                }
                self.status.written();
                first = false;
            }
            let mut bytes = bytes_of(&checkpoint);
            let mut checkpoints = vec![checkpoint];
            while checkpoints.len() < FRAMES_PER_SEND
                && bytes < MATCHED_BYTES_MAX
                && let Some(checkpoint) = following.next_waiting()
            {
                bytes += bytes_of(&checkpoint);
                checkpoints.push(checkpoint);
            }
            let begun = Instant::now();
            let mut frames = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ended::Shutdown,
                matched = self.matched(&source, checkpoints) => match matched {
                    Ok(frames) => frames,
                    Err(ended) => return ended,
                },
            };
            if let Some(filter) = &filter {
                // What the filter does not know it has not let through.
                for frame in &mut frames {
                    frame.watch_version = frame.watch_version.min(filter.version);
                }
            }
            let last = frames.last().map(|frame| frame.header.sequence);
            if let Some(ended) = self.send(frames, begun, &mut watch, shutdown).await {
                return ended;
            }
            // A bucket filters nothing.
            let review = last >= pruned_below && reviewed.elapsed() >= filtering::REVIEW_INTERVAL;
            if review {
                reviewed = Instant::now();
            }
            if self.is_outdated(filter.as_ref(), review) {
                return Ended::Rewind;
            }
        }
    }

    /// Whom to read from: with the amounts of everything where coins are watched.
    fn source_for_matching(&self) -> Providers {
        let coins = self.watch.list().read().watches_coins();
        let source = self.source.with_all_amounts(coins);
        match self.scans {
            true => source.scanning_for(self.watch.list()),
            false => source,
        }
    }

    /// Matches what came from `source`, and proves what of it takes more than that.
    async fn matched(
        &self,
        source: &Providers,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<Frame>, Ended> {
        let begun = Instant::now();
        let transactions = checkpoints.iter().map(Checkpoint::count);
        self.metrics.received(checkpoints.len(), transactions.sum());
        let mut frames = Vec::with_capacity(checkpoints.len());
        for mut checkpoint in checkpoints {
            self.status.seen(checkpoint.header.sequence);
            if source.wants_all_amounts()
                && let Err(error) = prove_unmatched(source, &mut checkpoint).await
            {
                return Err(self.unproven(&error).await);
            }
            let list = self.watch.list();
            let list = list.read();
            if source.wants_proof() && list.watches_coins() && !source.wants_all_amounts() {
                tracing::info!("coins are watched now: reading with all amounts");
                return Err(Ended::Rewind);
            }
            frames.push(match_checkpoint(&list, checkpoint));
        }
        if let Err(error) = prove_matched(source, &self.watch.list(), &mut frames).await {
            return Err(self.unproven(&error).await);
        }
        self.status.well();
        self.metrics.matched(&frames, begun.elapsed());
        Ok(frames)
    }

    /// Nobody answers who could prove it: it is tried again from the watermark on.
    async fn unproven(&self, error: &SourceError) -> Ended {
        tracing::warn!(%error, "amounts cannot be proven, trying again");
        self.metrics.is_unproven();
        self.status.failing(error);
        tokio::time::sleep(self.tip_interval).await;
        Ended::Rewind
    }

    /// Sends frames, however long that takes, of which the first came when it `begun`; returns why following ends, if it
    /// does.
    async fn send(
        &self,
        frames: Vec<Frame>,
        begun: Instant,
        watch: &mut OutstandingWatch<'_>,
        shutdown: &CancellationToken,
    ) -> Option<Ended> {
        let last = frames.last()?.header.sequence;
        let underway = self.traces.underway(&frames);
        let sent = tokio::select! {
            biased;
            // Given up half-way, any part may have been sent: it is read again from the watermark.
            () = shutdown.cancelled() => return Some(Ended::Shutdown),
            sent = self.frames.send(frames) => sent,
            () = watch.resend() => return Some(Ended::Rewind),
        };
        match sent {
            Ok(()) => {
                self.traces.matched(&underway, begun.elapsed());
                watch.sent(last);
                None
            }
            Err(TransportError::Closed) => Some(Ended::Shutdown),
            Err(error) => {
                let problem = error_chain(&error);
                tracing::warn!(error = %problem, "cannot send, going back to the watermark");
                self.status.failing(problem);
                tokio::time::sleep(self.tip_interval).await;
                Some(Ended::Rewind)
            }
        }
    }

    /// Up to where everything that this poller reads is committed.
    async fn committed(&self) -> Result<Option<u64>, BeginError> {
        match &self.shards {
            Some(shards) => self.part_committed(shards).await,
            None => Ok(self.store.watermark().await?.map(|mark| mark.checkpoint)),
        }
    }

    fn report_problem(&self, error: &SourceError) {
        tracing::warn!(provider = %self.source.url(), error = %error, "the stream broke, reconnecting");
        self.metrics.broke();
        self.status.failing(error);
    }

    /// Asks for the tip now and then and writes how things are, when that has changed.
    async fn report_for_ever(&self) {
        let mut reported = None;
        let trouble = Trouble::new("cannot record the provider's state");
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
                    Ok(()) => {
                        reported = Some(state);
                        trouble.well();
                    }
                    Err(error) => trouble.failing(&error),
                }
            }
            tokio::time::sleep(self.tip_interval).await;
        }
    }
}

/// A stream whose checkpoints follow one another.
struct Following {
    stream: CheckpointStream,
    /// What came while more was asked for than there was.
    pending: Option<Option<Result<Checkpoint, SourceError>>>,
    previous: Option<Digest>,
}

/// What is wrong with what a stream brings.
enum Broken {
    Source(SourceError),
    Link(String),
}

impl Following {
    async fn next(&mut self) -> Option<Result<Checkpoint, Broken>> {
        let item = match self.pending.take() {
            Some(item) => item,
            None => self.stream.next().await,
        };
        Some(match item? {
            Err(error) => Err(Broken::Source(error)),
            Ok(checkpoint) => self.linked(checkpoint).map_err(Broken::Link),
        })
    }

    /// The next checkpoint, if it is there already and is in order.
    fn next_waiting(&mut self) -> Option<Checkpoint> {
        let item = self.stream.next().now_or_never()?;
        let follows = |item: &Result<Checkpoint, SourceError>| {
            item.as_ref()
                .is_ok_and(|checkpoint| check_link(checkpoint, self.previous).is_ok())
        };
        if !item.as_ref().is_some_and(follows) {
            self.pending = Some(item);
            return None;
        }
        let checkpoint = item?.ok()?;
        self.linked(checkpoint).ok()
    }

    fn linked(&mut self, checkpoint: Checkpoint) -> Result<Checkpoint, String> {
        check_link(&checkpoint, self.previous)?;
        self.previous = Some(checkpoint.header.digest);
        Ok(checkpoint)
    }
}

/// Why following could not begin.
#[derive(Debug, thiserror::Error)]
enum BeginError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{}", error_chain(.0))]
    Store(#[from] StoreError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("the providers follow another chain than before, looking again")]
    Another,
    #[error(
        "checkpoint {sequence}, where this database goes on, is pruned: the providers keep {lowest} \
         and later. Set history.bucket_url to a bucket that holds what is missing, add an archive \
         provider (roles = [\"archive\"]) until it has caught up, or begin a new database with \
         --from {lowest}"
    )]
    Pruned { sequence: u64, lowest: u64 },
}

impl From<QuorumError> for BeginError {
    fn from(error: QuorumError) -> Self {
        match error {
            QuorumError::Trust(error) => Self::Trust(error),
            QuorumError::Source(error) => Self::Source(error),
            QuorumError::Store(error) => Self::Store(error),
        }
    }
}

fn bytes_of(checkpoint: &Checkpoint) -> usize {
    let transactions = checkpoint.transactions.iter();
    transactions.map(ExecutedTransaction::bytes).sum()
}

/// Matches a whole checkpoint at one version of the list.
pub(crate) fn match_checkpoint(list: &WatchList, checkpoint: Checkpoint) -> Frame {
    // What was left out by an older list is not matched by this one.
    let scanned = checkpoint.scanned.map(|scanned| scanned.watch_version);
    let watch_version = scanned.map_or(list.version(), |scanned| scanned.min(list.version()));
    let relevant = checkpoint
        .transactions
        .into_iter()
        .filter_map(|transaction| {
            let reasons = list.match_transaction(&transaction);
            (!reasons.is_empty()).then(|| Relevant {
                transaction: ExecutedTransaction {
                    evidence: transaction.evidence.detached(),
                    ..transaction
                },
                reasons,
            })
        })
        .collect();
    Frame {
        header: checkpoint.header,
        watch_version,
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
