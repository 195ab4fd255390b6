//! Transactions that could not be interpreted, tried again (I-8): the seam behind which the binary
//! keeps what interprets.

use async_trait::async_trait;
use vigia_core::Digest;
use vigia_store::{FailedRetry, StoreError};

/// Tries failed transactions again.
#[async_trait]
pub trait FailedRetrier: Send + Sync {
    /// Interprets one again out of its stored evidence, and writes what it means, or why that cannot
    /// be said still.
    async fn retry(&self, digest: &Digest) -> Result<FailedRetry, StoreError>;
}
