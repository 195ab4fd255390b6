//! What brokers cannot carry, and what nobody can read.

use async_trait::async_trait;

use crate::Result;

/// Bytes kept beside a broker.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Keeps a message under `id`; the same id may come again with the same bytes, and counts as new.
    async fn message_blob_put(&self, id: &str, bytes: &[u8]) -> Result<()>;

    /// The message kept under `id`; none if there is none, or none any more.
    async fn message_blob_get(&self, id: &str) -> Result<Option<Vec<u8>>>;

    /// Removes messages kept before `before_ms`; returns how many.
    async fn message_blob_prune(&self, before_ms: u64) -> Result<u64>;

    /// Keeps a message that cannot be read, with the reason, for a person to look at.
    async fn message_set_aside(&self, transport: &str, reason: &str, bytes: &[u8]) -> Result<()>;

    /// How many messages were set aside.
    async fn message_set_aside_count(&self) -> Result<u64>;
}
