//! A stream that follows the chain for ever, of whole checkpoints or of their headers.
//!
//! The SDK's `stream_checkpoints` resumes, repairs gaps through `ListCheckpoints` and retries
//! transient errors. What it ends on, we reopen: a stream that ends, errs or falls silent is a
//! reconnect, never an end (I-6). Contiguity and links are checked here again, on what comes out.

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use sui_rpc::client::{
    CheckpointStreamFrame, CheckpointStreamRequest, CheckpointStreamStart, LedgerStreamConfig,
    LedgerStreamEvent,
};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Checkpoint, CheckpointHeader, Digest};

use super::{GrpcSource, RETRY_DELAY_MAX, StreamNotice, describe, retry_delay};
use crate::SourceError;
use crate::decode::{HEADER_MASK, LIVE_MASK, header_from_proto};
use crate::source::{CheckpointSource, CheckpointStream, HeaderStream, Start};

impl CheckpointSource for GrpcSource {
    fn stream(&self, start: Start) -> CheckpointStream {
        follow::<Full>(self.clone(), start)
    }
}

impl GrpcSource {
    /// Follows the headers of all checkpoints, without their transactions. As of `stream`, none is
    /// left out, each names the one before it, and the stream never ends.
    pub fn headers(&self, start: Start) -> HeaderStream {
        follow::<Headers>(self.clone(), start)
    }

    fn open<C: Content>(
        &self,
        start: Start,
    ) -> BoxStream<'static, Result<CheckpointStreamFrame, tonic::Status>> {
        let start = match start {
            Start::Tip => CheckpointStreamStart::Tip,
            Start::Checkpoint(sequence) => CheckpointStreamStart::Checkpoint(sequence),
        };
        let request = CheckpointStreamRequest::new()
            .with_read_mask(FieldMask::from_paths(C::MASK))
            .with_start(start);
        let notice = Arc::clone(&self.notice);
        let mut config = LedgerStreamConfig::default().with_observer(move |event| match event {
            LedgerStreamEvent::RetryScheduled { status, .. } => {
                notice(StreamNotice::Retrying {
                    problem: describe(&status),
                });
            }
            LedgerStreamEvent::RetryRecovered { .. } => notice(StreamNotice::Recovered),
            _ => {}
        });
        config.max_buffered_live_items = C::BUFFERED_MAX;
        config.list_page_limit = C::PAGE_LIMIT;
        config.max_retry_delay = RETRY_DELAY_MAX;
        self.client
            .stream_checkpoints_with_config(request, config)
            .boxed()
    }
}

/// What a stream asks for of each checkpoint, and what it makes of the answer.
trait Content: 'static {
    type Item: Send;
    const MASK: &'static [&'static str];
    /// Live items that may wait while a gap is repaired. This bounds memory.
    const BUFFERED_MAX: NonZeroUsize;
    /// Checkpoints in a page of a repair, where not the node's default.
    const PAGE_LIMIT: Option<u32>;

    fn decode(
        source: &GrpcSource,
        message: proto::Checkpoint,
    ) -> impl Future<Output = Result<Self::Item, SourceError>> + Send;

    fn header(item: &Self::Item) -> &CheckpointHeader;
}

/// Whole checkpoints, a megabyte each and more.
struct Full;

impl Content for Full {
    type Item = Checkpoint;
    const MASK: &'static [&'static str] = &LIVE_MASK;
    const BUFFERED_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");
    const PAGE_LIMIT: Option<u32> = None;

    async fn decode(
        source: &GrpcSource,
        message: proto::Checkpoint,
    ) -> Result<Checkpoint, SourceError> {
        source.complete(message).await
    }

    fn header(item: &Checkpoint) -> &CheckpointHeader {
        &item.header
    }
}

/// Headers, about a kilobyte each.
struct Headers;

impl Content for Headers {
    type Item = CheckpointHeader;
    const MASK: &'static [&'static str] = &HEADER_MASK;
    const BUFFERED_MAX: NonZeroUsize = NonZeroUsize::new(4_096).expect("4,096 is not 0");
    /// The most that nodes allow; by default they send 10.
    const PAGE_LIMIT: Option<u32> = Some(100);

    async fn decode(
        _: &GrpcSource,
        message: proto::Checkpoint,
    ) -> Result<CheckpointHeader, SourceError> {
        header_from_proto(&message)
    }

    fn header(item: &CheckpointHeader) -> &CheckpointHeader {
        item
    }
}

fn follow<C: Content>(
    source: GrpcSource,
    start: Start,
) -> BoxStream<'static, Result<C::Item, SourceError>> {
    let state = LiveStream::<C> {
        source,
        frames: None,
        next: start,
        last: None,
        failures: 0,
        content: PhantomData,
    };
    futures::stream::unfold(state, |mut state| async move {
        let item = state.next().await;
        Some((item, state))
    })
    .boxed()
}

/// A stream that reopens itself at the checkpoint it needs next.
struct LiveStream<C> {
    source: GrpcSource,
    frames: Option<BoxStream<'static, Result<CheckpointStreamFrame, tonic::Status>>>,
    next: Start,
    /// Digest of the checkpoint before the next one, where this stream has brought it.
    last: Option<Digest>,
    failures: u32,
    content: PhantomData<fn() -> C>,
}

impl<C: Content> LiveStream<C> {
    async fn next(&mut self) -> Result<C::Item, SourceError> {
        loop {
            let frames = self
                .frames
                .get_or_insert_with(|| self.source.open::<C>(self.next));
            let Some(frame) = frames.next().await else {
                let error = self.source.problem("the stream ended");
                self.close().await;
                return Err(error);
            };
            match self.accept(frame).await {
                Ok(Some(item)) => {
                    self.failures = 0;
                    return Ok(item);
                }
                Ok(None) => {}
                Err(error) => {
                    self.close().await;
                    return Err(error);
                }
            }
        }
    }

    /// What a frame holds, if it holds anything and it is what comes next and follows the last.
    async fn accept(
        &mut self,
        frame: Result<CheckpointStreamFrame, tonic::Status>,
    ) -> Result<Option<C::Item>, SourceError> {
        let frame = frame.map_err(|status| self.source.error(&status))?;
        let Some(message) = frame.checkpoint else {
            return Ok(None);
        };
        let item = C::decode(&self.source, message).await?;
        let header = C::header(&item);
        let found = header.sequence;
        if let Start::Checkpoint(expected) = self.next
            && found != expected
        {
            return Err(SourceError::OutOfOrder { expected, found });
        }
        if self.last.is_some() && self.last != header.previous_digest {
            let problem = "it does not follow the checkpoint before it; is this another chain?";
            return Err(SourceError::invalid(found, problem));
        }
        self.next = Start::Checkpoint(found.saturating_add(1));
        self.last = Some(header.digest);
        Ok(Some(item))
    }

    /// Drops the stream and waits before the next one is opened.
    async fn close(&mut self) {
        self.frames = None;
        tokio::time::sleep(retry_delay(self.failures)).await;
        self.failures += 1;
    }
}
