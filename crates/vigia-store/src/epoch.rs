//! Epochs of the chain, as a full node told of them.

use async_trait::async_trait;
use vigia_core::EpochInfo;

use crate::Result;

/// Most epochs that are read at once.
pub(crate) const EPOCHS_MAX: u32 = 1_000;

/// The epochs of the chain.
#[async_trait]
pub trait EpochStore: Send + Sync {
    /// Adds epochs, or what was not known of them; what is said anew replaces what was said before.
    async fn epoch_record(&self, epochs: &[EpochInfo]) -> Result<()>;

    /// The newest `limit` epochs, newest first.
    async fn epoch_list(&self, limit: u32) -> Result<Vec<EpochInfo>>;
}
