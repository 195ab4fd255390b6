//! `MessageStore`: bytes kept beside a broker.

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use crate::db::{get, query};
use crate::sql::sql;
use crate::{MessageStore, Result};

#[async_trait]
impl MessageStore for SqlStore {
    async fn message_blob_put(&self, id: &str, bytes: &[u8]) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("message_blob_put"))
            .bind(id)
            .bind(bytes)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn message_blob_get(&self, id: &str) -> Result<Option<Vec<u8>>> {
        let row = query(sql!("message_blob_get"))
            .bind(id)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map(|row| get(&row, "bytes")).transpose()
    }

    async fn message_blob_prune(&self, before_ms: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("message_blob_prune"))
            .bind(int("time", before_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }

    async fn message_set_aside(&self, transport: &str, reason: &str, bytes: &[u8]) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("message_set_aside"))
            .bind(transport)
            .bind(reason)
            .bind(bytes)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn message_set_aside_count(&self) -> Result<u64> {
        let row = query(sql!("message_set_aside_count"))
            .fetch_one(&mut self.database.read().await?)
            .await?;
        get(&row, "count")
    }
}
