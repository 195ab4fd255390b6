//! Counts that all web processes of a deployment share: how often clients and users ask, and how often a password was wrong.
//!
//! What cannot be shared at the moment is counted by each process for itself, as it is where nothing is shared: limits are
//! then as many times as high as there are processes, and nobody waits.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use vigia_core::Clock;

/// Longest time that a request waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_millis(250);
/// How long nothing is asked after no answer came.
const PAUSE_MS: u64 = 5_000;

/// Why a count is not known.
pub type CountError = Box<dyn Error + Send + Sync>;

/// Counts that several processes share.
#[async_trait]
pub trait SharedCounts: Send + Sync {
    /// Takes one of so many permits that a key has in a second, with a burst of a second's worth; whether there was one.
    async fn take(&self, key: &str, per_second: u32) -> Result<bool, CountError>;

    /// A failure of a key; all of them count for `window` from the last one on.
    async fn fail(&self, key: &str, window: Duration) -> Result<(), CountError>;

    /// How often a key has failed, and for how long that counts.
    async fn failures(&self, key: &str) -> Result<(u32, Duration), CountError>;

    /// Forgets the failures of a key.
    async fn forget(&self, key: &str) -> Result<(), CountError>;
}

/// What asks for shared counts, where there are any, and does without while they do not answer.
#[derive(Clone)]
pub(crate) struct Shared {
    counts: Option<Arc<dyn SharedCounts>>,
    clock: Arc<dyn Clock>,
    paused_until_ms: Arc<AtomicU64>,
}

impl Shared {
    pub(crate) fn new(counts: Option<Arc<dyn SharedCounts>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            counts,
            clock,
            paused_until_ms: Arc::default(),
        }
    }

    /// Whether all processes together leave a permit; also while that is not known.
    pub(crate) async fn take(&self, key: &str, per_second: u32) -> bool {
        let taken = self.ask(|counts| async move { counts.take(key, per_second).await });
        taken.await.unwrap_or(true)
    }

    pub(crate) async fn fail(&self, key: &str, window: Duration) {
        self.ask(|counts| async move { counts.fail(key, window).await })
            .await;
    }

    pub(crate) async fn failures(&self, key: &str) -> (u32, Duration) {
        let failures = self.ask(|counts| async move { counts.failures(key).await });
        failures.await.unwrap_or_default()
    }

    pub(crate) async fn forget(&self, key: &str) {
        self.ask(|counts| async move { counts.forget(key).await })
            .await;
    }

    /// The answer; none where nothing is shared, or no answer comes.
    async fn ask<T, F>(&self, ask: impl FnOnce(Arc<dyn SharedCounts>) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, CountError>>,
    {
        let counts = Arc::clone(self.counts.as_ref()?);
        if self.clock.now_ms() < self.paused_until_ms.load(Ordering::Relaxed) {
            return None;
        }
        let problem = match tokio::time::timeout(ANSWER_WITHIN, ask(counts)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error,
            Err(_) => "no answer in time".into(),
        };
        let until_ms = self.clock.now_ms().saturating_add(PAUSE_MS);
        self.paused_until_ms.store(until_ms, Ordering::Relaxed);
        let error: &(dyn Error + 'static) = &*problem;
        tracing::warn!(
            error,
            "counts are not shared for a while: each process counts for itself"
        );
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use vigia_core::ManualClock;

    use super::*;

    /// Fails, or says yes, or does not answer.
    struct Moody {
        asked: AtomicU32,
        mood: AtomicU32,
    }

    #[async_trait]
    impl SharedCounts for Moody {
        async fn take(&self, _: &str, _: u32) -> Result<bool, CountError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match self.mood.load(Ordering::Relaxed) {
                0 => Ok(false),
                1 => Err("broken".into()),
                _ => std::future::pending().await,
            }
        }

        async fn fail(&self, _: &str, _: Duration) -> Result<(), CountError> {
            Ok(())
        }

        async fn failures(&self, _: &str) -> Result<(u32, Duration), CountError> {
            Ok((7, Duration::from_secs(1)))
        }

        async fn forget(&self, _: &str) -> Result<(), CountError> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_answer_is_left_alone_for_a_while_and_refuses_nobody() {
        let moody = Arc::new(Moody {
            asked: AtomicU32::new(0),
            mood: AtomicU32::new(0),
        });
        let clock = Arc::new(ManualClock::new(1_000));
        let shared = Shared::new(Some(moody.clone()), clock.clone());
        let asked = || moody.asked.load(Ordering::Relaxed);
        assert!(!shared.take("a", 1).await, "the others have taken all");
        for (mood, before) in [(1, 1), (2, 2)] {
            moody.mood.store(mood, Ordering::Relaxed);
            assert!(shared.take("a", 1).await);
            assert_eq!(asked(), before + 1);
            clock.set(clock.now_ms() + PAUSE_MS - 1);
            assert!(shared.take("a", 1).await);
            assert_eq!(shared.failures("a").await, (0, Duration::ZERO));
            assert_eq!(asked(), before + 1, "nothing is asked");
            clock.set(clock.now_ms() + 1);
        }
        moody.mood.store(0, Ordering::Relaxed);
        assert!(!shared.take("a", 1).await);
        assert_eq!(shared.failures("a").await, (7, Duration::from_secs(1)));

        let alone = Shared::new(None, clock);
        assert!(alone.take("a", 1).await);
    }
}
