//! A run of checkpoints from one provider, ascending: pages of `ListCheckpoints` where it serves them,
//! else `GetCheckpoint` calls beside one another.
//!
//! How many calls go at once adapts: one more with each round that works, half when the provider
//! pushes back. A page is a stream, so the wire holds it back; a call is not, so each may bring only its
//! share of the byte budget, and what is larger is got alone when its turn comes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::raw::{Checkpoints, First};
use super::{MESSAGE_BYTES_MAX, ProviderClient, describe};
use crate::SourceError;
use crate::wire::{Form, WireMessage};

/// Calls at once, to begin with.
pub(super) const CONCURRENCY_FIRST: usize = 4;
/// Checkpoints in a page of a list; nodes allow 100 at most.
const PAGE_LIMIT: u32 = 100;
/// A call may always bring so much: most checkpoints are smaller.
const SHARE_BYTES_MIN: usize = 4 * 1024 * 1024;
/// Pause before a checkpoint that is not there yet is asked for again.
const ABSENT_PAUSE: Duration = Duration::from_millis(200);
/// How long one that is not there yet is waited for: what a node lists trails what it streams.
const ABSENT_PATIENCE: Duration = Duration::from_secs(10);

/// What a run may ask for, and how much at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunLimits {
    /// The fields to ask for.
    pub(crate) mask: &'static [&'static str],
    /// How far answers are decoded.
    pub(crate) form: Form,
    /// Bytes that calls under way may bring together.
    pub(crate) bytes: usize,
    /// Calls under way, at most.
    pub(crate) concurrency_max: usize,
}

/// A run under way. After an error it has to be dropped.
pub(crate) struct Run {
    client: ProviderClient,
    limits: RunLimits,
    /// What comes next.
    next: u64,
    to_inclusive: u64,
    list: List,
    calls: FuturesOrdered<BoxFuture<'static, Called>>,
    /// The call for the next one, where that was larger than its share.
    alone: Option<BoxFuture<'static, Called>>,
    /// The first that no call is under way for.
    uncalled: u64,
    /// Calls that worked since the last change of how many go at once.
    worked: usize,
}

enum List {
    /// To be opened at what comes next.
    Closed,
    Open(Box<Checkpoints<First>>, usize),
    /// Not served, or it has brought all that it can.
    Over,
}

/// What became of a call.
enum Called {
    Brought(Box<WireMessage>),
    /// It is larger than its share.
    TooLarge,
    Failed(SourceError),
}

impl ProviderClient {
    /// Fetches the checkpoints from `from` to `to_inclusive`.
    pub(crate) fn run(&self, from: u64, to_inclusive: u64, limits: RunLimits) -> Run {
        let served = self.lists.load(Ordering::Relaxed);
        Run {
            client: self.clone(),
            limits,
            next: from,
            to_inclusive,
            list: match served && from < to_inclusive {
                true => List::Closed,
                false => List::Over,
            },
            calls: FuturesOrdered::new(),
            alone: None,
            uncalled: from,
            worked: 0,
        }
    }

    async fn open_list(
        &self,
        from: u64,
        to_inclusive: u64,
        limits: RunLimits,
    ) -> Result<Checkpoints<First>, Status> {
        let mut options = proto::QueryOptions::default();
        options.limit = Some(PAGE_LIMIT);
        let mut request = proto::ListCheckpointsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(limits.mask));
        request.start_checkpoint = Some(from);
        // Without an end the list goes on to the tip; the run takes what it needs.
        request.end_checkpoint = to_inclusive.checked_add(1);
        request.options = Some(options);
        self.list_raw(request, limits.form).await
    }

    /// Remembers whether lists are served.
    pub(crate) fn set_lists(&self, served: bool) {
        self.lists.store(served, Ordering::Relaxed);
    }

    /// Calls that go at once, as far as it has shown that it takes them.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency.load(Ordering::Relaxed)
    }

    /// One more, up to a limit.
    fn widen(&self, max: usize) {
        let widened = |n: usize| (n < max).then_some(n + 1);
        // Not widened at the limit.
        let _ = self
            .concurrency
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, widened);
    }

    fn narrow(&self) {
        let narrowed = |n: usize| Some((n / 2).max(1));
        let _ = self
            .concurrency
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, narrowed);
    }
}

impl Run {
    /// The next checkpoint; none at the end. Nothing is lost where this is given up.
    pub(crate) async fn next(&mut self) -> Option<Result<WireMessage, SourceError>> {
        if self.next > self.to_inclusive {
            return None;
        }
        let brought = match self.listed().await {
            Some(message) => Ok(message),
            None => self.called().await,
        };
        self.next += 1;
        Some(brought)
    }

    /// The next checkpoint of the list, if lists bring it.
    async fn listed(&mut self) -> Option<WireMessage> {
        loop {
            let ended = match &mut self.list {
                List::Over => return None,
                List::Closed => match self
                    .client
                    .open_list(self.next, self.to_inclusive, self.limits)
                    .await
                {
                    Ok(stream) => {
                        self.list = List::Open(Box::new(stream), 0);
                        continue;
                    }
                    Err(status) => Some(status),
                },
                List::Open(stream, brought) => match stream.next().await {
                    Ok(Some(frame)) => match frame {
                        Some(message) => {
                            *brought += 1;
                            return Some(message);
                        }
                        None => continue,
                    },
                    // A page that brought something may have a next one.
                    Ok(None) if *brought > 0 => {
                        self.list = List::Closed;
                        continue;
                    }
                    Ok(None) => None,
                    Err(status) => Some(status),
                },
            };
            self.end_list(ended.as_ref());
        }
    }

    /// What is left is called for one by one. What failed may concern lists alone; if not, the calls
    /// will tell.
    fn end_list(&mut self, failed: Option<&Status>) {
        self.list = List::Over;
        self.uncalled = self.next;
        let Some(status) = failed else { return };
        if status.code() == Code::Unimplemented {
            self.client.set_lists(false);
        }
        tracing::debug!(
            provider = self.client.url,
            status = describe(status),
            "no list, fetching one by one"
        );
    }

    async fn called(&mut self) -> Result<WireMessage, SourceError> {
        if let Some(alone) = &mut self.alone {
            let called = alone.await;
            self.alone = None;
            return self.take(called, MESSAGE_BYTES_MAX);
        }
        let share = self.call_ahead();
        let called = self.calls.next().await;
        match called.expect("a call for the next one is under way") {
            Called::TooLarge if share < MESSAGE_BYTES_MAX => {
                tracing::debug!(
                    provider = self.client.url,
                    checkpoint = self.next,
                    share,
                    "larger than its share of the byte budget, getting it alone"
                );
                let client = self.client.clone();
                let call = call(client, self.next, self.limits, MESSAGE_BYTES_MAX);
                let called = self.alone.insert(call.boxed()).await;
                self.alone = None;
                self.take(called, MESSAGE_BYTES_MAX)
            }
            called => self.take(called, share),
        }
    }

    fn take(&mut self, called: Called, bytes_max: usize) -> Result<WireMessage, SourceError> {
        match called {
            Called::Brought(message) => {
                self.worked += 1;
                if self.worked >= self.client.concurrency() {
                    self.worked = 0;
                    self.client.widen(self.limits.concurrency_max);
                }
                Ok(*message)
            }
            Called::TooLarge => Err(self.client.problem(format!(
                "checkpoint {} is larger than {bytes_max} bytes",
                self.next
            ))),
            Called::Failed(error) => {
                self.client.narrow();
                Err(error)
            }
        }
    }

    /// Sets calls under way; returns the bytes that each may bring.
    fn call_ahead(&mut self) -> usize {
        let share = self.limits.bytes / self.limits.concurrency_max.max(1);
        let share = share.clamp(SHARE_BYTES_MIN.min(MESSAGE_BYTES_MAX), MESSAGE_BYTES_MAX);
        let by_bytes = (self.limits.bytes / share).max(1);
        let wanted = self.client.concurrency().min(self.limits.concurrency_max);
        while self.calls.len() < wanted.min(by_bytes).max(1) && self.uncalled <= self.to_inclusive {
            let called = call(self.client.clone(), self.uncalled, self.limits, share);
            self.calls.push_back(called.boxed());
            self.uncalled += 1;
        }
        share
    }
}

async fn call(
    client: ProviderClient,
    sequence: u64,
    limits: RunLimits,
    bytes_max: usize,
) -> Called {
    let begun = Instant::now();
    loop {
        let got = client.get_raw(sequence, limits.mask, bytes_max, limits.form);
        let status = match got.await {
            Ok(message) => return Called::Brought(Box::new(message)),
            Err(status) => status,
        };
        match status.code() {
            Code::OutOfRange if status.message().contains("message length too large") => {
                return Called::TooLarge;
            }
            Code::NotFound | Code::OutOfRange => {}
            _ => return Called::Failed(client.error(&status)),
        }
        let info = match client.info().await {
            Ok(info) => info,
            Err(error) => return Called::Failed(error),
        };
        if sequence < info.lowest_available {
            return Called::Failed(SourceError::Pruned {
                url: client.url.clone(),
                sequence,
                lowest: info.lowest_available,
            });
        }
        if begun.elapsed() >= ABSENT_PATIENCE {
            return Called::Failed(SourceError::Provider {
                url: client.url.clone(),
                problem: format!(
                    "checkpoint {sequence} is not there, its tip is {}",
                    info.tip
                ),
                may_pass: true,
            });
        }
        let _waiting = client.await_absent();
        tokio::time::sleep(ABSENT_PAUSE).await;
    }
}
