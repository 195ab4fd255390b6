//! Removes sessions and tokens that have expired or were taken back.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_core::Clock;
use vigia_store::SignInStore;

use super::{Job, JobDone};

/// How long they are kept after their end: a week, to see from where somebody was signed in.
const KEPT_MS: u64 = 7 * 86_400_000;

/// The job `stale_sign_ins`.
pub struct StaleSignIns {
    store: Arc<dyn SignInStore>,
    clock: Arc<dyn Clock>,
}

impl StaleSignIns {
    /// Cleans up `store`.
    pub fn new(store: Arc<dyn SignInStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Job for StaleSignIns {
    fn name(&self) -> &'static str {
        "stale_sign_ins"
    }

    fn pattern(&self) -> &str {
        "45 * * * *"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let before_ms = self.clock.now_ms().saturating_sub(KEPT_MS);
        let (sessions, tokens) = self.store.sign_in_prune(before_ms).await?;
        Ok(JobDone {
            words: format!("removed {sessions} sessions and {tokens} tokens that have expired"),
            changed: sessions + tokens > 0,
        })
    }
}
