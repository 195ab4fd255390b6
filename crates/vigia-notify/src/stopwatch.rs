//! Times one attempt: when it began by the clock handed in, and how long it took by one that never jumps.

use tokio::time::Instant;
use vigia_core::Clock;

use crate::http::{Answer, Failure};
use crate::{Attempt, Outcome, RESPONSE_HEAD_BYTES_MAX, Verdict, response_head};

pub(crate) struct Stopwatch {
    started_at_ms: u64,
    started: Instant,
}

impl Stopwatch {
    pub(crate) fn start(clock: &dyn Clock) -> Self {
        Self {
            started_at_ms: clock.now_ms(),
            started: Instant::now(),
        }
    }

    pub(crate) fn started_at_ms(&self) -> u64 {
        self.started_at_ms
    }

    /// An attempt that an answer came to.
    pub(crate) fn answered(&self, answer: &Answer, verdict: Verdict) -> Attempt {
        Attempt {
            status: Some(answer.status),
            response_head: response_head(&answer.body, RESPONSE_HEAD_BYTES_MAX),
            ..self.not_sent(verdict)
        }
    }

    /// An attempt that no answer came to. It may go through later.
    pub(crate) fn failed(&self, failure: Failure) -> Attempt {
        let outcome = Outcome::Retry { after_ms: None };
        self.not_sent(Verdict::new(outcome, Some(failure.class)).detail(failure.detail))
    }

    /// An attempt that was not made, since nothing would come of it.
    pub(crate) fn not_sent(&self, verdict: Verdict) -> Attempt {
        let took_ms = self.started.elapsed().as_millis();
        Attempt {
            outcome: verdict.outcome,
            started_at_ms: self.started_at_ms,
            duration_ms: u64::try_from(took_ms).unwrap_or(u64::MAX),
            status: None,
            response_head: String::new(),
            error: verdict.error,
            gone_since_ms: verdict.gone_since_ms,
            operator_detail: verdict.detail,
        }
    }
}
