//! Providers, and a bucket for what they keep no more: one stream, without a gap where the bucket ends
//! and the providers begin.
//!
//! The bucket is asked only for checkpoints that every provider has pruned. What goes wrong with it is
//! told, with the choices that remain, and tried again: a bucket may be mended, and files may still come.

use std::time::Duration;

use futures::StreamExt;

use vigia_core::Checkpoint;

use crate::SourceError;
use crate::bucket::BucketSource;
use crate::link::Link;
use crate::providers::{Providers, check_binding};
use crate::source::{CheckpointSource, CheckpointStream, Start};

/// How often it is told that a bucket does not bring what the providers have pruned.
const TOLD_PAUSE: Duration = Duration::from_secs(5);
/// How long providers have to show the checkpoint by which the bucket is compared with them.
const COMPARE_PATIENCE: Duration = Duration::from_secs(10);
/// The bucket brings so many of those that providers keep, at most half of them: they go on pruning, and
/// what is their lowest now is gone a moment later.
const OVERLAP_MAX: u64 = 1_000;

/// Providers and a bucket. Clones share both.
#[derive(Clone)]
pub struct Archived {
    providers: Providers,
    bucket: BucketSource,
}

/// What a bucket brings, since nobody else does.
pub struct PrunedRun {
    /// Ascending, each naming the one before; ends after the last or an error.
    pub checkpoints: CheckpointStream,
    /// The first that is left to the providers.
    pub end: u64,
}

impl Archived {
    /// Reads from the providers what they keep, and what is before it from the bucket, which has to be
    /// proven as what they send.
    pub fn new(providers: Providers, bucket: BucketSource) -> Self {
        let bucket = bucket.proven_as(&providers);
        Self { providers, bucket }
    }

    /// The same, as [`Providers::with_all_amounts`].
    #[must_use]
    pub fn with_all_amounts(&self, wanted: bool) -> Self {
        Self {
            providers: self.providers.with_all_amounts(wanted),
            bucket: self.bucket.clone(),
        }
    }

    /// The checkpoints from `from` on that providers have pruned; none where one of them has it. The
    /// last of the run is compared with the providers': all others are linked to it.
    pub async fn pruned_run(&self, from: u64) -> Result<Option<PrunedRun>, SourceError> {
        let Some(lowest) = self.providers.pruned(from).await else {
            return Ok(None);
        };
        let tips = self.providers.states().into_iter().filter_map(|s| s.tip);
        let kept = tips.max().unwrap_or(lowest).saturating_sub(lowest);
        let last = lowest + OVERLAP_MAX.min(kept / 2);
        let untold = move |error: SourceError| SourceError::PrunedAndNotInBucket {
            lowest,
            problem: error.to_string(),
        };
        self.compare(last).await.map_err(untold)?;
        tracing::info!(
            from,
            to = last,
            bucket = self.bucket.url(),
            "the providers have pruned what comes next, reading it from the bucket"
        );
        let run = self.bucket.fetch_run(from, last);
        Ok(Some(PrunedRun {
            checkpoints: run.map(move |item| item.map_err(untold)).boxed(),
            end: last + 1,
        }))
    }

    /// The bucket has to hold what the providers have.
    async fn compare(&self, sequence: u64) -> Result<(), SourceError> {
        let asked = tokio::time::timeout(COMPARE_PATIENCE, self.providers.fetch(sequence));
        let kept = asked.await.map_err(|_| SourceError::NoProvider {
            problem: format!("none brings checkpoint {sequence}, by which the bucket is compared"),
        })??;
        let found = self.bucket.fetch(sequence).await?;
        check_binding(&kept.header, &found)
    }

    async fn part(&self, next: u64) -> Result<Part, SourceError> {
        Ok(match self.pruned_run(next).await? {
            Some(run) => Part::Bucket(run.checkpoints),
            None => Part::Providers(self.providers.stream(Start::Checkpoint(next))),
        })
    }
}

impl CheckpointSource for Archived {
    fn stream(&self, start: Start) -> CheckpointStream {
        let Start::Checkpoint(from) = start else {
            // Nobody has pruned the tip.
            return self.providers.stream(start);
        };
        let reading = Reading {
            source: self.clone(),
            link: Link::new(from),
            part: Part::Open,
        };
        futures::stream::unfold(reading, |mut reading| async move {
            let item = reading.next().await;
            Some((item, reading))
        })
        .boxed()
    }
}

/// Where a stream reads now.
enum Part {
    /// To be found out.
    Open,
    Bucket(CheckpointStream),
    Providers(CheckpointStream),
    /// Something went wrong; to be found out again after a while.
    Pausing,
}

struct Reading {
    source: Archived,
    link: Link,
    part: Part,
}

impl Reading {
    async fn next(&mut self) -> Result<Checkpoint, SourceError> {
        loop {
            let item = match &mut self.part {
                Part::Bucket(run) => run.next().await,
                Part::Providers(stream) => match stream.next().await {
                    // They have pruned further meanwhile.
                    Some(Err(SourceError::Pruned { .. })) => None,
                    // It goes on by itself.
                    Some(Err(error)) => return Err(error),
                    item => item,
                },
                Part::Pausing => {
                    tokio::time::sleep(TOLD_PAUSE).await;
                    None
                }
                Part::Open => match self.source.part(self.link.next()).await {
                    Ok(part) => {
                        self.part = part;
                        continue;
                    }
                    Err(error) => Some(Err(error)),
                },
            };
            let Some(item) = item else {
                self.part = Part::Open;
                continue;
            };
            let linked = item.and_then(|checkpoint| self.link.check(checkpoint));
            if linked.is_err() {
                self.part = Part::Pausing;
            }
            return linked;
        }
    }
}
