//! Traces by OpenTelemetry: one for each relevant transaction, from the checkpoint that brought it to whoever was told.
//!
//! Processes agree on a trace without passing anything on: its id is the head of the transaction's digest, which every
//! process that has to do with the transaction knows. So is its root span's, which the one that commits it writes. What
//! is not traced costs a comparison; what is waits in a queue of bounded length and is dropped, and counted, where the
//! collector is slower than the chain.

mod export;
mod span;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;
use vigia_core::{Clock, Digest, Frame};
use vigia_notify::Attempt;

pub use export::{Exporter, TraceTarget};
pub use span::TraceParent;
use span::{Span, SpanTimes, TransactionTrace};

use crate::metrics::TraceMetrics;

/// Writes spans of a process; the default traces nothing.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Inner>>);

struct Inner {
    spans: mpsc::Sender<SpanData>,
    /// One transaction of so many is traced.
    one_in: u64,
    clock: Arc<dyn Clock>,
    metrics: TraceMetrics,
}

/// A transaction under way whose span is written when it has come through.
#[derive(Clone, Copy, Debug)]
pub struct Underway {
    trace: TransactionTrace,
    checkpoint: u64,
    timestamp_ms: u64,
    reasons: usize,
}

impl Traces {
    /// Traces one transaction of `one_in`; what is written waits for the receiver, at most `queue_max` spans.
    pub fn new(
        one_in: u64,
        queue_max: usize,
        clock: Arc<dyn Clock>,
        metrics: TraceMetrics,
    ) -> (Self, mpsc::Receiver<SpanData>) {
        let (spans, receiver) = mpsc::channel(queue_max.max(1));
        let inner = Inner {
            spans,
            one_in: one_in.max(1),
            clock,
            metrics,
        };
        (Self(Some(Arc::new(inner))), receiver)
    }

    /// Those of `frames` that are traced.
    pub fn underway<'f>(&self, frames: impl IntoIterator<Item = &'f Frame>) -> Vec<Underway> {
        let Some(inner) = &self.0 else {
            return Vec::new();
        };
        let of_frame = |frame: &'f Frame| {
            frame.relevant.iter().filter_map(|relevant| {
                Some(Underway {
                    trace: inner.trace(relevant.transaction.digest)?,
                    checkpoint: frame.header.sequence,
                    timestamp_ms: frame.header.timestamp_ms,
                    reasons: relevant.reasons.len(),
                })
            })
        };
        frames.into_iter().flat_map(of_frame).collect()
    }

    /// That they were matched and sent on, which took so long.
    pub fn matched(&self, underway: &[Underway], took: Duration) {
        let Some(inner) = &self.0 else { return };
        let times = SpanTimes::ending(inner.clock.now_ms(), took);
        for one in underway {
            inner.write(Span::matched(one, times));
        }
    }

    /// That they were committed together, or why they were not; it took so long.
    pub fn committed(&self, underway: &[Underway], took: Duration, problem: Option<&str>) {
        let Some(inner) = &self.0 else { return };
        let now_ms = inner.clock.now_ms();
        let times = SpanTimes::ending(now_ms, took);
        for one in underway {
            inner.write(Span::committed(one, times, underway.len(), problem));
            if problem.is_none() {
                inner.write(Span::transaction(one, now_ms));
            }
        }
    }

    /// The span of an attempt to tell somebody of a transaction; none where that is not traced. What is told may name
    /// it: it is known before the attempt.
    pub fn attempting(&self, digest: Option<Digest>) -> Option<TraceParent> {
        let trace = self.0.as_ref()?.trace(digest?)?;
        Some(trace.attempt())
    }

    /// What came of the attempt.
    pub fn attempted(
        &self,
        attempting: TraceParent,
        channel: &'static str,
        delivery: &str,
        attempt: &Attempt,
    ) {
        let Some(inner) = &self.0 else { return };
        inner.write(Span::attempted(attempting, channel, delivery, attempt));
    }
}

impl Inner {
    fn trace(&self, digest: Digest) -> Option<TransactionTrace> {
        let trace = TransactionTrace::of(digest);
        trace.is_one_in(self.one_in).then_some(trace)
    }

    fn write(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.metrics.dropped(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use vigia_core::SystemClock;

    use super::*;

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let metrics = TraceMetrics::default();
        let (traces, mut spans) = Traces::new(1, 2, Arc::new(SystemClock), metrics.clone());
        let one = Underway {
            trace: TransactionTrace::of(Digest::ZERO),
            checkpoint: 7,
            timestamp_ms: 1,
            reasons: 1,
        };
        traces.matched(&[one, one, one], Duration::from_millis(3));
        assert_eq!(metrics.dropped_total(), 1);
        assert!(spans.try_recv().is_ok() && spans.try_recv().is_ok());
        assert!(spans.try_recv().is_err());
        // Nobody reads any more: nothing fails.
        drop(spans);
        traces.matched(&[one], Duration::ZERO);
        assert_eq!(metrics.dropped_total(), 2);
    }

    #[test]
    fn without_a_collector_nothing_is_traced() {
        let traces = Traces::default();
        assert!(traces.attempting(Some(Digest::ZERO)).is_none());
        traces.committed(&[], Duration::ZERO, None);
    }
}
