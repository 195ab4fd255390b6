//! Following a chain by shards: all headers, and in full only the checkpoints of one's own.
//!
//! Headers are linked to one another, and a checkpoint fetched in full has to have the digest that its
//! header gave, so several pollers see one chain although each reads a part of it.

use std::collections::BTreeSet;
use std::time::Instant;

use futures::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vigia_core::{Checkpoint, CheckpointHeader, STRIDE, ShardPlan};
use vigia_sui::{CheckpointStream, HeaderStream, Providers, PrunedRun, SourceError, Start};

use super::{BeginError, Ended, OutstandingWatch, Poller};
use crate::config::LiveStart;

/// The part of a chain that a poller reads.
#[derive(Clone)]
pub struct Shards {
    /// How the chain is divided.
    pub plan: ShardPlan,
    /// The shards that are this poller's, as they change.
    pub owned: watch::Receiver<BTreeSet<u32>>,
}

/// What has to be read, at one moment.
pub(super) struct Part {
    plan: ShardPlan,
    owned: BTreeSet<u32>,
    completed: Vec<(u64, u64)>,
    first: u64,
}

impl Part {
    /// The first checkpoint that is missing; none where nothing is to be read.
    pub(super) fn start(&self) -> Option<u64> {
        let missing = self
            .owned
            .iter()
            .filter_map(|shard| self.plan.next_missing(*shard, self.first, &self.completed));
        missing.min()
    }

    fn wants(&self, checkpoint: u64) -> bool {
        let next = self.completed.partition_point(|(_, hi)| *hi < checkpoint);
        let completed = self
            .completed
            .get(next)
            .is_some_and(|(lo, _)| *lo <= checkpoint);
        !completed && self.owned.contains(&self.plan.shard_of(checkpoint))
    }
}

impl Poller {
    /// What this poller has to read, by what is in the database now.
    pub(super) async fn part(&self, shards: &Shards) -> Result<Part, BeginError> {
        let status = self.store.status().await?;
        let first = match (status.first_checkpoint, self.live_start) {
            (Some(first), _) => first,
            (None, LiveStart::Checkpoint(first)) => self.store.live_begin(first).await?,
            (None, LiveStart::Tip) => {
                let tip = self.source.info().await?.tip;
                self.store.live_begin(tip).await?
            }
        };
        let owned = shards.owned.borrow().clone();
        Ok(Part {
            plan: shards.plan,
            owned,
            completed: self.store.range_list().await?,
            first,
        })
    }

    /// The highest checkpoint up to which all of one's own are committed.
    pub(super) async fn part_committed(&self, shards: &Shards) -> Result<Option<u64>, BeginError> {
        Ok(self
            .part(shards)
            .await?
            .start()
            .and_then(|next| next.checked_sub(1)))
    }

    /// Follows the headers and sends one's own checkpoints.
    pub(super) async fn follow_shards(
        &self,
        mut shards: Shards,
        part: Part,
        shutdown: &CancellationToken,
    ) -> Ended {
        shards.owned.mark_unchanged();
        // As it was read with `part`, which may have been a moment ago: a change since is seen already, and
        // is not to be waited for.
        if *shards.owned.borrow() != part.owned {
            return Ended::Rewind;
        }
        let Some(start) = part.start().filter(|_| !part.owned.is_empty()) else {
            // All shards are others': until that changes.
            tokio::select! {
                () = shutdown.cancelled() => return Ended::Shutdown,
                _ = shards.owned.changed() => return Ended::Rewind,
            }
        };
        tracing::info!(
            provider = %self.source.url(),
            start,
            shards = ?part.owned,
            "following the chain by shards"
        );
        let source = self.source_for_matching();
        let version = self.watch.list().read().version();
        let mut watch = OutstandingWatch::new(self, version);
        let mut start = start;
        if let Some(archived) = &self.archived {
            let run = match archived.pruned_run(start).await {
                Ok(run) => run,
                Err(error) => return self.broken(&error).await,
            };
            if let Some(PrunedRun { checkpoints, end }) = run {
                start = end;
                let owned = &mut shards.owned;
                let following = self.follow_run(checkpoints, &part, owned, &mut watch, shutdown);
                if let Some(ended) = following.await {
                    return ended;
                }
            }
        }
        let mut headers = self.source.headers(Start::Checkpoint(start));
        loop {
            let run = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ended::Shutdown,
                _ = shards.owned.changed() => return Ended::Rewind,
                () = watch.resend() => return Ended::Rewind,
                run = next_run(&mut headers, &part) => run,
            };
            let run = match run {
                Ok(run) => run,
                Err(error) => {
                    self.report_problem(&error);
                    continue;
                }
            };
            self.status.well();
            if run.is_empty() {
                continue;
            }
            let fetched = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ended::Shutdown,
                _ = shards.owned.changed() => return Ended::Rewind,
                fetched = fetch(&source, run) => fetched,
            };
            let checkpoints = match fetched {
                Ok(checkpoints) => checkpoints,
                Err(error) => return self.broken(&error).await,
            };
            let begun = Instant::now();
            let matched = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ended::Shutdown,
                matched = self.matched(&source, checkpoints) => matched,
            };
            let frames = match matched {
                Ok(frames) => frames,
                Err(ended) => return ended,
            };
            if let Some(ended) = self.send(frames, begun, &mut watch, shutdown).await {
                return ended;
            }
        }
    }

    async fn broken(&self, error: &SourceError) -> Ended {
        self.report_problem(error);
        tokio::time::sleep(self.tip_interval).await;
        Ended::Rewind
    }

    /// Sends one's own checkpoints of a bucket's run. All of it is read, since each names the one before;
    /// returns why following ends, if it does before the run.
    async fn follow_run(
        &self,
        mut run: CheckpointStream,
        part: &Part,
        owned: &mut watch::Receiver<BTreeSet<u32>>,
        watch: &mut OutstandingWatch<'_>,
        shutdown: &CancellationToken,
    ) -> Option<Ended> {
        // A bucket has objects, and so the amounts of everything.
        let source = self.source.with_all_amounts(true);
        loop {
            let item = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Some(Ended::Shutdown),
                _ = owned.changed() => return Some(Ended::Rewind),
                () = watch.resend() => return Some(Ended::Rewind),
                item = run.next() => item?,
            };
            let checkpoint = match item {
                Ok(checkpoint) => checkpoint,
                Err(error) => return Some(self.broken(&error).await),
            };
            self.status.well();
            if part.wants(checkpoint.header.sequence) {
                let begun = Instant::now();
                let frames = match self.matched(&source, vec![checkpoint]).await {
                    Ok(frames) => frames,
                    Err(ended) => return Some(ended),
                };
                if let Some(ended) = self.send(frames, begun, watch, shutdown).await {
                    return Some(ended);
                }
            }
        }
    }
}

async fn fetch(
    source: &Providers,
    run: Vec<CheckpointHeader>,
) -> Result<Vec<Checkpoint>, SourceError> {
    let fetched = source.fetch_bound(run);
    fetched.collect::<Vec<_>>().await.into_iter().collect()
}

/// The next headers that follow each other and are wanted, as many as are there already, at most a
/// stride; none where those that are there are not wanted. Nothing is lost where it is given up.
async fn next_run(
    headers: &mut HeaderStream,
    part: &Part,
) -> Result<Vec<CheckpointHeader>, SourceError> {
    let Some(first) = headers.next().await else {
        return std::future::pending().await; // a live stream never ends
    };
    let mut next = Some(first?);
    let mut run = Vec::new();
    while let Some(header) = next.take() {
        if part.wants(header.sequence) {
            run.push(header);
        } else if !run.is_empty() {
            break;
        }
        if run.len() as u64 >= STRIDE {
            break;
        }
        // What fails now is tried again by the stream itself.
        next = headers.next().now_or_never().flatten().and_then(Result::ok);
    }
    Ok(run)
}
