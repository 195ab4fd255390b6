//! A run of whole checkpoints on its way into the database: read, checked against one another and
//! matched in one task, committed many at a time in another, so that memory holds what is relevant of a
//! few hundred checkpoints and no more.

use std::ops::AddAssign;
use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use vigia_contracts::Interpreter;
use vigia_core::{Checkpoint, CommitOutcome, Digest, Frame, Relevant};
use vigia_store::{Store, StoreError};
use vigia_sui::{Link, SourceError};
use vigia_watch::SharedWatchList;

use super::HistorySource;
use super::ledger::Ledger;
use crate::pipeline::{match_checkpoint, prove_matched, prove_unmatched};

/// Matched checkpoints that may wait to be committed.
const WAITING_MAX: usize = 64;
/// Checkpoints that one commit holds at most.
const COMMIT_CHECKPOINTS_MAX: usize = 512;
/// Relevant transactions and bytes of them at which a commit is full.
const COMMIT_TRANSACTIONS_MAX: usize = 2_000;
const COMMIT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Checkpoints read.
    pub checkpoints: u64,
    /// Transactions in them that concern somebody.
    pub relevant: u64,
    /// Of those, stored now; the others were there already, or are older than their retention.
    pub raw_transactions_new: u64,
    /// What they meant that was not there yet.
    pub activities_new: u64,
}

impl Imported {
    pub(super) fn new(checkpoints: u64, relevant: u64, outcome: &CommitOutcome) -> Self {
        let (raw_transactions_new, activities_new) = match outcome {
            CommitOutcome::Applied {
                raw_transactions_new,
                activities_new,
                ..
            } => (*raw_transactions_new, *activities_new),
            CommitOutcome::StaleWatchList { .. } => (0, 0),
        };
        Self {
            checkpoints,
            relevant,
            raw_transactions_new,
            activities_new,
        }
    }
}

impl AddAssign for Imported {
    fn add_assign(&mut self, other: Self) {
        self.checkpoints += other.checkpoints;
        self.relevant += other.relevant;
        self.raw_transactions_new += other.raw_transactions_new;
        self.activities_new += other.activities_new;
    }
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What should come does not.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source ended before the range did.
    #[error("checkpoint {next} is missing: the source ends before it, {to_inclusive} is wanted")]
    Ended {
        /// The first that is missing.
        next: u64,
        /// The end of the range.
        to_inclusive: u64,
    },
}

/// A committed part of a run.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The first checkpoint that is not committed.
    pub position: u64,
    /// Digest of the one before it.
    pub last_digest: Digest,
    /// What it brought.
    pub imported: Imported,
}

/// A run under way.
pub struct Import {
    ledger: Ledger,
    source: HistorySource,
    /// Whether the checkpoints count as complete for everybody who was watched.
    is_range: bool,
    link: Link,
    to_inclusive: u64,
    reading: Option<Reading>,
    failed: Option<ImportError>,
}

impl Import {
    /// A run of the checkpoints from where `link` stands to `to_inclusive`, for everybody who is
    /// watched.
    pub async fn range(
        store: Arc<dyn Store>,
        interpreter: Arc<Interpreter>,
        source: HistorySource,
        link: Link,
        to_inclusive: u64,
    ) -> Result<Self, StoreError> {
        let ledger = Ledger::load(store, interpreter).await?;
        Ok(Self::new(ledger, source, link, to_inclusive, true))
    }

    /// The same for histories of addresses, which make nothing complete for others.
    pub(super) fn history(
        ledger: Ledger,
        source: HistorySource,
        link: Link,
        to_inclusive: u64,
    ) -> Self {
        Self::new(ledger, source, link, to_inclusive, false)
    }

    fn new(
        ledger: Ledger,
        source: HistorySource,
        link: Link,
        to_inclusive: u64,
        is_range: bool,
    ) -> Self {
        Self {
            ledger,
            source,
            is_range,
            link,
            to_inclusive,
            reading: None,
            failed: None,
        }
    }

    /// What writes, back.
    pub(super) fn into_ledger(self) -> Ledger {
        self.ledger
    }

    /// Version of the watch list that is matched with.
    pub fn watch_version(&self) -> u64 {
        self.ledger.watch.list().read().version()
    }

    /// Commits what comes next; none at the end. After an error it can be begun again at the position
    /// of the last step.
    pub async fn step(&mut self) -> Result<Option<Step>, ImportError> {
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.link.next() > self.to_inclusive {
                return Ok(None);
            }
            let (mut frames, link) = self.gather().await;
            if frames.is_empty() {
                continue;
            }
            // Of many at a time: it takes a request for some fifty transactions.
            if let HistorySource::Grpc(providers) = &self.source
                && let Err(error) =
                    prove_matched(providers, &self.ledger.watch.list(), &mut frames).await
            {
                (self.reading, self.failed) = (None, None);
                return Err(error.into());
            }
            let committed = match self.is_range {
                true => self.ledger.commit_frames(&frames).await?,
                false => Some(self.commit_relevant(frames).await?),
            };
            let Some(imported) = committed else {
                // Matched too early: read again with the newer list.
                (self.reading, self.failed) = (None, None);
                continue;
            };
            self.link = link;
            let last_digest = self.link.previous().expect("a step has a checkpoint");
            return Ok(Some(Step {
                position: self.link.next(),
                last_digest,
                imported,
            }));
        }
    }

    async fn commit_relevant(&self, frames: Vec<Frame>) -> Result<Imported, StoreError> {
        let checkpoints = frames.len() as u64;
        let relevant: Vec<Relevant> = frames.into_iter().flat_map(|f| f.relevant).collect();
        let mut imported = self.ledger.commit_relevant(&relevant).await?;
        imported.checkpoints = checkpoints;
        Ok(imported)
    }

    /// What waits, at least one checkpoint, and where the run stands behind it. What fails is told
    /// after what came before it is committed.
    async fn gather(&mut self) -> (Vec<Frame>, Link) {
        let (mut frames, mut link) = (Vec::new(), self.link.clone());
        let (mut transactions, mut bytes) = (0, 0);
        let reading = self.reading.get_or_insert_with(|| {
            let list = self.ledger.watch.list();
            Reading::begin(&self.source, self.link.clone(), self.to_inclusive, list)
        });
        while frames.len() < COMMIT_CHECKPOINTS_MAX
            && transactions < COMMIT_TRANSACTIONS_MAX
            && bytes < COMMIT_BYTES_MAX
            && link.next() <= self.to_inclusive
        {
            let received = match frames.is_empty() {
                true => reading.frames.recv().await,
                false => match reading.frames.try_recv() {
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    received => received.ok(),
                },
            };
            match received {
                Some(Ok((frame, after))) => {
                    transactions += frame.relevant.len();
                    bytes += frame.bytes();
                    frames.push(frame);
                    link = after;
                }
                Some(Err(error)) => {
                    self.failed = Some(error.into());
                    break;
                }
                None => {
                    self.failed = Some(ImportError::Ended {
                        next: link.next(),
                        to_inclusive: self.to_inclusive,
                    });
                    break;
                }
            }
        }
        if self.failed.is_some() {
            self.reading = None;
        }
        (frames, link)
    }
}

type Read = Result<(Frame, Link), SourceError>;

/// Matches what is read, with what that takes.
struct Matcher {
    source: HistorySource,
    list: Arc<SharedWatchList>,
    /// Version of the list when it was said what to read.
    version: u64,
    coins: bool,
}

impl Matcher {
    fn new(source: &HistorySource, list: Arc<SharedWatchList>) -> Self {
        let (version, coins) = {
            let list = list.read();
            (list.version(), list.watches_coins())
        };
        Self {
            source: source.with_all_amounts(coins),
            list,
            version,
            coins,
        }
    }

    async fn matched(&self, mut checkpoint: Checkpoint) -> Result<Frame, SourceError> {
        let providers = match &self.source {
            HistorySource::Grpc(providers) => Some(providers),
            HistorySource::Bucket(_) | HistorySource::Files(_) => None,
        };
        if let Some(providers) = providers.filter(|_| self.coins) {
            prove_unmatched(providers, &mut checkpoint).await?;
        }
        let list = self.list.read();
        let mut frame = match_checkpoint(&list, checkpoint);
        if list.watches_coins() && !self.coins {
            // Amounts that came without cannot have matched.
            frame.watch_version = frame.watch_version.min(self.version);
        }
        Ok(frame)
    }
}

/// The task that reads and matches; ends with this.
struct Reading {
    frames: mpsc::Receiver<Read>,
    task: JoinHandle<()>,
}

impl Reading {
    fn begin(
        source: &HistorySource,
        mut link: Link,
        to_inclusive: u64,
        list: Arc<SharedWatchList>,
    ) -> Self {
        let (sender, frames) = mpsc::channel(WAITING_MAX);
        let matcher = Matcher::new(source, list);
        let mut stream = matcher.source.checkpoints(link.next(), to_inclusive);
        let task = tokio::spawn(async move {
            while let Some(item) = stream.next().await {
                let read = match item.and_then(|checkpoint| link.check(checkpoint)) {
                    Ok(checkpoint) => matcher.matched(checkpoint).await,
                    Err(error) => Err(error),
                };
                let read = read.map(|frame| (frame, link.clone()));
                let is_last = read.is_err();
                if sender.send(read).await.is_err() || is_last {
                    return;
                }
            }
        });
        Self { frames, task }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}
