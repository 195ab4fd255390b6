//! Waits between tries: doubling, bounded, and spread so that many processes do not come at once.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use crate::{TransportError, TransportStats};
use vigia_core::error_chain;

/// The waits of one row of failures.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    last: Duration,
    failures: u32,
}

impl Backoff {
    /// After a broker failed: a tenth of a second, up to five.
    pub(crate) fn after_failure() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }

    /// While a broker is full: a hundredth of a second, up to half a one.
    pub(crate) fn while_full() -> Self {
        Self::new(Duration::from_millis(10), Duration::from_millis(500))
    }

    fn new(first: Duration, last: Duration) -> Self {
        Self {
            first,
            last,
            failures: 0,
        }
    }

    /// Sleeps as long as the failures in a row demand.
    pub(crate) async fn wait(&mut self) {
        let delay = self.delay();
        self.failures = self.failures.saturating_add(1);
        let spread = rand::rng().random_range(75..=100);
        tokio::time::sleep(delay * spread / 100).await;
    }

    /// Forgets the failures.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait, before it is spread.
    fn delay(&self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16));
        doubled.min(self.last)
    }
}

/// The tries of one call of a sender, within its patience.
pub(crate) struct Attempts<'a> {
    transport: &'static str,
    until: Instant,
    backoff: Backoff,
    stats: &'a TransportStats,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(
        transport: &'static str,
        patience: Duration,
        stats: &'a TransportStats,
    ) -> Self {
        Self {
            transport,
            until: Instant::now() + patience,
            backoff: Backoff::after_failure(),
            stats,
        }
    }

    /// The call went through.
    pub(crate) fn succeeded(&self) {
        if self.stats.well() {
            tracing::info!(transport = self.transport, "frames can be sent again");
        }
    }

    /// The call failed: waits for the next try, or gives the error back where another try would
    /// fail too or patience is at its end.
    pub(crate) async fn failed(&mut self, error: TransportError) -> Result<(), TransportError> {
        let problem = error_chain(&error);
        if self.stats.failing(problem.clone()) {
            tracing::warn!(
                transport = self.transport,
                error = problem,
                "frames cannot be sent"
            );
        }
        if !error.is_transient() || Instant::now() >= self.until {
            return Err(error);
        }
        self.backoff.wait().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_last() {
        let mut backoff = Backoff::after_failure();
        let mut waits_ms = Vec::new();
        for _ in 0..9 {
            let (expected, begun) = (backoff.delay(), Instant::now());
            backoff.wait().await;
            let waited = begun.elapsed();
            // A timer's grain is a millisecond.
            assert!(waited <= expected + Duration::from_millis(1) && waited >= expected * 3 / 4);
            waits_ms.push(expected.as_millis());
        }
        assert_eq!(waits_ms, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.delay(), Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_and_what_does_not_pass_ends_it_at_once() {
        let stats = TransportStats::default();
        let passing = || TransportError::Depot("full".into());
        let patience = Duration::from_secs(10);
        let mut attempts = Attempts::new("test", patience, &stats);
        let begun = Instant::now();
        while attempts.failed(passing()).await.is_ok() {}
        assert!(begun.elapsed() >= patience && begun.elapsed() < patience * 2);
        let problem = stats.problem().unwrap();
        assert!(problem.ends_with("failed: full"), "{problem}");
        attempts.succeeded();
        assert_eq!(stats.problem(), None);

        let mut attempts = Attempts::new("test", patience, &stats);
        attempts.failed(TransportError::Closed).await.unwrap_err();
        assert!(begun.elapsed() < patience * 2);
    }
}
