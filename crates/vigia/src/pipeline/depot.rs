//! The depot of a broker's transport, in the database.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_store::MessageStore;
use vigia_transport::{Depot, DepotError};

/// Keeps in a store what a broker cannot carry.
pub struct StoreDepot(pub Arc<dyn MessageStore>);

#[async_trait]
impl Depot for StoreDepot {
    async fn blob_put(&self, id: &str, bytes: &[u8]) -> Result<(), DepotError> {
        Ok(self.0.message_blob_put(id, bytes).await?)
    }

    async fn blob_get(&self, id: &str) -> Result<Option<Vec<u8>>, DepotError> {
        Ok(self.0.message_blob_get(id).await?)
    }

    async fn set_aside(
        &self,
        transport: &str,
        reason: &str,
        bytes: &[u8],
    ) -> Result<(), DepotError> {
        tracing::error!(
            transport,
            reason,
            bytes = bytes.len(),
            "a message cannot be read and was set aside"
        );
        Ok(self.0.message_set_aside(transport, reason, bytes).await?)
    }
}
