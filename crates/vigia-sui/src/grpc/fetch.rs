//! Single checkpoints and runs of them, in full: what a poller that holds a shard reads beside the
//! stream of headers.
//!
//! Runs come from `ListCheckpoints` where the node serves it, else from parallel `GetCheckpoint`
//! calls. What passes by itself is tried again at a bounded rate, for ever, and told to the source's
//! notices; dropping the future or the stream ends it. What no waiting mends is an error, and the
//! end of a run. This does not know shards: `vigia_core::ShardPlan` says what to fetch.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use futures::stream::BoxStream;
use sui_rpc::client::{ListConfig, ListEvent};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tonic::{Code, Status};
use vigia_core::{Checkpoint, CheckpointHeader};

use super::retries::Retries;
use super::{GrpcSource, RETRY_DELAY, RETRY_DELAY_MAX, StreamNotice, describe};
use crate::SourceError;
use crate::decode::LIVE_MASK;
use crate::source::CheckpointStream;

/// Calls that one run may have open; each may take a message of `MESSAGE_BYTES_MAX`.
pub const FETCH_CONCURRENCY_MAX: usize = 8;

/// Checkpoints in a page of a list; nodes allow 100 at most.
const PAGE_LIMIT: u32 = 100;

/// Whether `checkpoint` is the one that the stream of headers named.
pub fn check_binding(
    header: &CheckpointHeader,
    checkpoint: &Checkpoint,
) -> Result<(), SourceError> {
    let fetched = &checkpoint.header;
    if fetched.sequence != header.sequence {
        return Err(SourceError::OutOfOrder {
            expected: header.sequence,
            found: fetched.sequence,
        });
    }
    if fetched.digest != header.digest {
        return Err(SourceError::Unbound {
            sequence: header.sequence,
            expected: header.digest,
            found: fetched.digest,
        });
    }
    Ok(())
}

impl GrpcSource {
    /// Fetches one checkpoint, waiting for it where the node does not have it yet.
    pub async fn fetch(&self, sequence: u64) -> Result<Checkpoint, SourceError> {
        let message = self.get_patiently(sequence, &LIVE_MASK).await?;
        let checkpoint = self.complete(message).await?;
        let found = checkpoint.header.sequence;
        if found != sequence {
            return Err(SourceError::OutOfOrder {
                expected: sequence,
                found,
            });
        }
        Ok(checkpoint)
    }

    /// Gets a checkpoint, trying again after what passes by itself.
    pub(super) async fn get_patiently(
        &self,
        sequence: u64,
        mask: &[&str],
    ) -> Result<proto::Checkpoint, SourceError> {
        let mut retries = Retries::new(self);
        loop {
            match self.get_checkpoint(sequence, mask).await {
                Ok(message) => {
                    retries.recovered();
                    return Ok(message);
                }
                Err(status) => retries.after(&status, sequence).await?,
            }
        }
    }

    /// Fetches the checkpoints from `from` to `to_inclusive`, ascending, waiting for those that the
    /// node does not have yet. Ends after the last or an error. Up to `concurrency` calls, at most
    /// [`FETCH_CONCURRENCY_MAX`], are open at once where the node serves no lists.
    pub fn fetch_run(&self, from: u64, to_inclusive: u64, concurrency: usize) -> CheckpointStream {
        self.run(from, to_inclusive, concurrency, None)
    }

    /// Fetches the checkpoints of these headers, which follow each other, and checks that they are
    /// the same: a digest that differs is an error, and the end.
    pub fn fetch_bound(
        &self,
        headers: Vec<CheckpointHeader>,
        concurrency: usize,
    ) -> CheckpointStream {
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
            return futures::stream::empty().boxed();
        };
        let (from, to_inclusive) = (first.sequence, last.sequence);
        for (expected, header) in (from..).zip(&headers) {
            if header.sequence != expected {
                let found = header.sequence;
                let error = SourceError::OutOfOrder { expected, found };
                return futures::stream::iter([Err(error)]).boxed();
            }
        }
        self.run(from, to_inclusive, concurrency, Some(headers.into_iter()))
    }

    fn run(
        &self,
        from: u64,
        to_inclusive: u64,
        concurrency: usize,
        headers: Option<std::vec::IntoIter<CheckpointHeader>>,
    ) -> CheckpointStream {
        let run = Run {
            source: self.clone(),
            next: Some(from).filter(|from| *from <= to_inclusive),
            to_inclusive,
            concurrency: concurrency.clamp(1, FETCH_CONCURRENCY_MAX),
            headers,
            list: List::Unopened,
            calls: None,
        };
        futures::stream::unfold(run, |mut run| async move {
            let item = run.next().await?;
            if item.is_err() {
                run.next = None;
            }
            Some((item, run))
        })
        .boxed()
    }

    fn list(
        &self,
        from: u64,
        to_inclusive: u64,
    ) -> BoxStream<'static, Result<proto::ListCheckpointsResponse, Status>> {
        let mut options = proto::QueryOptions::default();
        options.limit = Some(PAGE_LIMIT);
        let mut request = proto::ListCheckpointsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(LIVE_MASK));
        request.start_checkpoint = Some(from);
        // Without an end the list goes on to the tip; the run takes what it needs.
        request.end_checkpoint = to_inclusive.checked_add(1);
        request.options = Some(options);
        let notice = Arc::clone(&self.notice);
        let mut config = ListConfig::default().with_observer(move |event| match event {
            ListEvent::RetryScheduled { status, .. } => notice(StreamNotice::Retrying {
                problem: describe(&status),
            }),
            ListEvent::RetryRecovered { .. } => notice(StreamNotice::Recovered),
            _ => {}
        });
        config.base_retry_delay = RETRY_DELAY;
        config.max_retry_delay = RETRY_DELAY_MAX;
        self.client
            .list_checkpoints_with_config(request, config)
            .boxed()
    }
}

/// A run under way.
struct Run {
    source: GrpcSource,
    /// None at the end.
    next: Option<u64>,
    to_inclusive: u64,
    concurrency: usize,
    /// What the checkpoints have to be, where that is known.
    headers: Option<std::vec::IntoIter<CheckpointHeader>>,
    list: List,
    calls: Option<CheckpointStream>,
}

/// The list that brings a run, or a part of it.
enum List {
    Unopened,
    Open(BoxStream<'static, Result<proto::ListCheckpointsResponse, Status>>),
    /// It brought all that it can; what is left is called for one by one.
    Over,
}

impl Run {
    async fn next(&mut self) -> Option<Result<Checkpoint, SourceError>> {
        let expected = self.next?;
        Some(self.bring(expected).await)
    }

    async fn bring(&mut self, expected: u64) -> Result<Checkpoint, SourceError> {
        let checkpoint = match self.listed(expected).await? {
            Some(checkpoint) => checkpoint,
            None => self.called(expected).await?,
        };
        let found = checkpoint.header.sequence;
        if found != expected {
            return Err(SourceError::OutOfOrder { expected, found });
        }
        if let Some(header) = self.headers.as_mut().and_then(Iterator::next) {
            check_binding(&header, &checkpoint)?;
        }
        self.next = expected
            .checked_add(1)
            .filter(|next| *next <= self.to_inclusive);
        Ok(checkpoint)
    }

    /// The next checkpoint of the list, if there is one. A list ends at what the node has indexed,
    /// which may trail what it has.
    async fn listed(&mut self, expected: u64) -> Result<Option<Checkpoint>, SourceError> {
        if let List::Unopened = self.list {
            self.open_list(expected);
        }
        let List::Open(pages) = &mut self.list else {
            return Ok(None);
        };
        while let Some(frame) = pages.next().await {
            match frame {
                Ok(frame) => {
                    if let Some(message) = frame.checkpoint {
                        return self.source.complete(message).await.map(Some);
                    }
                }
                Err(status) => {
                    self.note_list_failure(&status);
                    break;
                }
            }
        }
        self.list = List::Over;
        Ok(None)
    }

    fn open_list(&mut self, from: u64) {
        let is_single = from == self.to_inclusive;
        self.list = if is_single || !self.source.lists.load(Ordering::Relaxed) {
            List::Over
        } else {
            List::Open(self.source.list(from, self.to_inclusive))
        };
    }

    /// The SDK has tried again what passes by itself. What is left may concern lists alone.
    fn note_list_failure(&self, status: &Status) {
        if status.code() == Code::Unimplemented {
            self.source.lists.store(false, Ordering::Relaxed);
        }
        let status = describe(status);
        tracing::debug!(
            provider = self.source.url,
            status,
            "no list, fetching one by one"
        );
    }

    async fn called(&mut self, expected: u64) -> Result<Checkpoint, SourceError> {
        let calls = self.calls.get_or_insert_with(|| {
            let source = self.source.clone();
            futures::stream::iter(expected..=self.to_inclusive)
                .map(move |sequence| {
                    let source = source.clone();
                    async move { source.fetch(sequence).await }
                })
                .buffered(self.concurrency)
                .boxed()
        });
        let ended = || self.source.problem("the calls of a run ended early");
        calls.next().await.unwrap_or_else(|| Err(ended()))
    }
}
