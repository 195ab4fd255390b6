//! Removes messages that were too large for their broker, once nobody can ask for them any more.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_core::Clock;
use vigia_store::MessageStore;

use super::{Job, JobDone};

/// How long a message is kept. What was not committed by then is sent again, with new bytes.
const KEPT_MS: u64 = 3_600_000;

/// The job `message_blob_cleanup`.
pub struct MessageBlobCleanup {
    store: Arc<dyn MessageStore>,
    clock: Arc<dyn Clock>,
}

impl MessageBlobCleanup {
    /// Cleans up `store`.
    pub fn new(store: Arc<dyn MessageStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Job for MessageBlobCleanup {
    fn name(&self) -> &'static str {
        "message_blob_cleanup"
    }

    fn pattern(&self) -> &str {
        "0 * * * *"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let before_ms = self.clock.now_ms().saturating_sub(KEPT_MS);
        let removed = self.store.message_blob_prune(before_ms).await?;
        Ok(JobDone {
            words: format!("removed {removed} messages"),
            changed: removed > 0,
        })
    }
}
