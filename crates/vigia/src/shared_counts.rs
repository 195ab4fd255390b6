//! Counts that all web processes share, on the transport's Redis server.

use std::time::Duration;

use async_trait::async_trait;
use vigia_transport::RedisCounts;
use vigia_web::{CountError, SharedCounts};

/// The web role's counts on Redis.
pub(crate) struct CountsOnRedis(pub(crate) RedisCounts);

#[async_trait]
impl SharedCounts for CountsOnRedis {
    async fn take(&self, key: &str, per_second: u32) -> Result<bool, CountError> {
        Ok(self.0.take(key, per_second).await?)
    }

    async fn fail(&self, key: &str, window: Duration) -> Result<(), CountError> {
        Ok(self.0.fail(key, window).await?)
    }

    async fn failures(&self, key: &str) -> Result<(u32, Duration), CountError> {
        Ok(self.0.failures(key).await?)
    }

    async fn forget(&self, key: &str) -> Result<(), CountError> {
        Ok(self.0.forget(key).await?)
    }
}
