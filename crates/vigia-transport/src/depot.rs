//! Where messages go that a broker cannot carry, and those that nobody can read.
//!
//! The binary keeps it in the database. Blobs are named by their contents, so one that is sent
//! again is the same blob; nobody here deletes any, since a message that names one may come again:
//! its keeper removes them by age.

use async_trait::async_trait;

/// What a depot says when it fails.
pub type DepotError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps bytes outside of the broker.
#[async_trait]
pub trait Depot: Send + Sync {
    /// Keeps a message that is too large for the broker; the same id may come again with the same
    /// bytes.
    async fn blob_put(&self, id: &str, bytes: &[u8]) -> Result<(), DepotError>;

    /// The message kept under `id`; none if there is none (any more).
    async fn blob_get(&self, id: &str) -> Result<Option<Vec<u8>>, DepotError>;

    /// Keeps a message that is no frames, with the reason, for a person to look at.
    async fn set_aside(
        &self,
        transport: &str,
        reason: &str,
        bytes: &[u8],
    ) -> Result<(), DepotError>;
}
