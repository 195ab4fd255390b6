//! What spans say. Pure.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use vigia_core::Digest;
use vigia_notify::{Attempt, Outcome};

use super::Underway;

/// The trace of a transaction, as every process derives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransactionTrace {
    id: TraceId,
    root: SpanId,
    digest: Digest,
}

impl TransactionTrace {
    /// The first 16 bytes of the digest are the trace's id, the next 8 its root span's: a digest is a hash, and so as
    /// evenly spread as ids have to be (W3C Trace Context, "trace-id").
    pub(super) fn of(digest: Digest) -> Self {
        let bytes = digest.as_bytes();
        let head = |from: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[from..from + 8]);
            u64::from_be_bytes(eight)
        };
        let id = u128::from(head(0)) << 64 | u128::from(head(8));
        // Nought is no id.
        Self {
            id: TraceId::from(id.max(1)),
            root: SpanId::from(head(16).max(1)),
            digest,
        }
    }

    /// Whether it is among the one in so many that are traced: all processes say the same.
    pub(super) fn is_one_in(self, one_in: u64) -> bool {
        let mut tail = [0; 8];
        tail.copy_from_slice(&self.digest.as_bytes()[24..32]);
        u64::from_be_bytes(tail).is_multiple_of(one_in)
    }

    /// A new attempt to tell of it.
    pub(super) fn attempt(self) -> TraceParent {
        TraceParent {
            trace: self,
            span: new_span_id(),
        }
    }
}

/// A span that others may be under: what a receiver is told in the header `traceparent` (W3C Trace Context).
#[derive(Clone, Copy, Debug)]
pub struct TraceParent {
    trace: TransactionTrace,
    span: SpanId,
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-01", self.trace.id, self.span)
    }
}

/// When something began and ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpanTimes {
    start: SystemTime,
    end: SystemTime,
}

impl SpanTimes {
    /// It took so long and ends now.
    pub(super) fn ending(now_ms: u64, took: Duration) -> Self {
        let end = at(now_ms);
        Self {
            start: end.checked_sub(took).unwrap_or(UNIX_EPOCH),
            end,
        }
    }
}

/// Makes spans.
pub(super) struct Span;

impl Span {
    /// From the checkpoint's time to the commit: what a user waited for.
    pub(super) fn transaction(one: &Underway, now_ms: u64) -> SpanData {
        let start_ms = one.timestamp_ms.min(now_ms);
        let times = SpanTimes {
            start: at(start_ms),
            end: at(now_ms),
        };
        let trace = one.trace;
        SpanData {
            parent_span_id: SpanId::INVALID,
            ..span(trace, trace.root, SpanKind::Internal, "transaction", times)
                .with([digest(trace), checkpoint(one)])
        }
    }

    /// From the arrival of its checkpoint until it is on its way to whoever commits it.
    pub(super) fn matched(one: &Underway, times: SpanTimes) -> SpanData {
        let kind = SpanKind::Producer;
        span(one.trace, new_span_id(), kind, "match", times).with([
            digest(one.trace),
            checkpoint(one),
            KeyValue::new("vigia.match.reasons", whole(one.reasons)),
        ])
    }

    /// Taken, interpreted and written, with others of the same batch.
    pub(super) fn committed(
        one: &Underway,
        times: SpanTimes,
        batch: usize,
        problem: Option<&str>,
    ) -> SpanData {
        let kind = SpanKind::Consumer;
        let span = span(one.trace, new_span_id(), kind, "commit", times).with([
            digest(one.trace),
            checkpoint(one),
            KeyValue::new("vigia.commit.transactions", whole(batch)),
        ]);
        SpanData {
            status: problem.map_or(Status::Unset, |problem| Status::error(problem.to_owned())),
            ..span
        }
    }

    /// One attempt to tell somebody.
    pub(super) fn attempted(
        attempting: TraceParent,
        channel: &'static str,
        delivery: &str,
        attempt: &Attempt,
    ) -> SpanData {
        let end_ms = attempt.started_at_ms.saturating_add(attempt.duration_ms);
        let times = SpanTimes {
            start: at(attempt.started_at_ms),
            end: at(end_ms),
        };
        let TraceParent { trace, span: id } = attempting;
        let mut span = span(trace, id, SpanKind::Client, "deliver", times).with([
            digest(trace),
            KeyValue::new("vigia.delivery.channel", channel),
            KeyValue::new("vigia.delivery.id", delivery.to_owned()),
        ]);
        if let Some(status) = attempt.status {
            let status = KeyValue::new("http.response.status_code", i64::from(status));
            span.attributes.push(status);
        }
        if attempt.outcome != Outcome::Delivered {
            let error = attempt.error.map_or("refused", |error| error.as_str());
            span.attributes.push(KeyValue::new("error.type", error));
            span.status = Status::error(error);
        }
        span
    }
}

/// Adds to a span what it is about.
trait With {
    fn with(self, attributes: impl IntoIterator<Item = KeyValue>) -> Self;
}

impl With for SpanData {
    fn with(mut self, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        self.attributes.extend(attributes);
        self
    }
}

/// A span under the root of a trace, which another process may write.
fn span(
    trace: TransactionTrace,
    id: SpanId,
    kind: SpanKind,
    name: &'static str,
    times: SpanTimes,
) -> SpanData {
    let flags = TraceFlags::SAMPLED;
    SpanData {
        span_context: SpanContext::new(trace.id, id, flags, false, TraceState::NONE),
        parent_span_id: trace.root,
        parent_span_is_remote: true,
        span_kind: kind,
        name: Cow::Borrowed(name),
        start_time: times.start,
        end_time: times.end,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("vigia")
            .with_version(crate::VERSION)
            .build(),
    }
}

fn digest(trace: TransactionTrace) -> KeyValue {
    KeyValue::new("sui.transaction.digest", trace.digest.to_string())
}

fn checkpoint(one: &Underway) -> KeyValue {
    let sequence = i64::try_from(one.checkpoint).unwrap_or(i64::MAX);
    KeyValue::new("sui.checkpoint.sequence", sequence)
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

fn new_span_id() -> SpanId {
    // Spans of one trace are few; where a machine has no chance to give, the same id is no worse than no span.
    SpanId::from(getrandom::u64().unwrap_or(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(byte: u8) -> TransactionTrace {
        TransactionTrace::of(Digest::new([byte; 32]))
    }

    #[test]
    fn ids_are_the_head_of_the_digest() {
        let mut bytes = [0; 32];
        for (n, byte) in (0_u8..).zip(&mut bytes) {
            *byte = n;
        }
        let trace = TransactionTrace::of(Digest::new(bytes));
        assert_eq!(trace.id.to_string(), "000102030405060708090a0b0c0d0e0f");
        assert_eq!(trace.root.to_string(), "1011121314151617");
        let parent = trace.attempt().to_string();
        assert!(parent.starts_with("00-000102030405060708090a0b0c0d0e0f-"));
        assert_eq!((parent.len(), &parent[52..]), (55, "-01"));
        assert!(!parent.contains("-1011121314151617-"), "a span of its own");
    }

    #[test]
    fn nought_is_no_id() {
        let trace = of(0);
        assert_ne!(trace.id, TraceId::INVALID);
        assert_ne!(trace.root, SpanId::INVALID);
    }

    #[test]
    fn all_agree_on_what_is_traced() {
        let digests = (0..1_000_u64).map(|n| {
            let mut bytes = [0; 32];
            bytes[24..].copy_from_slice(&n.to_be_bytes());
            Digest::new(bytes)
        });
        let traces: Vec<_> = digests.map(TransactionTrace::of).collect();
        let traced = |one_in| {
            traces
                .iter()
                .filter(|trace| trace.is_one_in(one_in))
                .count()
        };
        assert_eq!((traced(1), traced(10), traced(1_001)), (1_000, 100, 1));
    }

    #[test]
    fn a_transaction_takes_from_its_checkpoint_to_its_commit() {
        let one = Underway {
            trace: of(3),
            checkpoint: 7,
            timestamp_ms: 1_000,
            reasons: 2,
        };
        let span = Span::transaction(&one, 1_250);
        assert_eq!(span.start_time, at(1_000));
        assert_eq!(span.end_time, at(1_250));
        assert_eq!(span.parent_span_id, SpanId::INVALID);
        // A clock that is behind the chain's makes no span that ends before it begins.
        assert_eq!(Span::transaction(&one, 900).start_time, at(900));
        let times = SpanTimes::ending(1_250, Duration::from_millis(40));
        let failed = Span::committed(&one, times, 5, Some("disk is full"));
        assert_eq!(failed.status, Status::error("disk is full"));
        assert_eq!(failed.parent_span_id, span.span_context.span_id());
    }
}
