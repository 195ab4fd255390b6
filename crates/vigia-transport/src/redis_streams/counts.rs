//! Counts that several processes share: permits of a second, and failures within a window.

use std::time::Duration;

use redis::cmd;

use super::RedisConfig;
use super::link::{Link, failed};
use crate::TransportError;

/// Takes a permit of KEYS[1] at ARGV[1] a second with a burst of a second, by the generic cell rate algorithm as
/// `vigia_core::permits` has it, on the server's clock.
const TAKE: &str = "\
    local time = redis.call('TIME') \
    local now = time[1] * 1000000 + time[2] \
    local each = math.max(1, math.floor(1000000 / ARGV[1])) \
    local burst = math.max(1000000, each) \
    local taken = tonumber(redis.call('GET', KEYS[1]) or '0') \
    taken = math.min(math.max(taken, now), now + burst) \
    if now + burst - taken < each then return 0 end \
    local keep = math.ceil((taken + each - now) / 1000) + 1 \
    redis.call('SET', KEYS[1], string.format('%.0f', taken + each), 'PX', keep) \
    return 1";

/// Adds a failure to KEYS[1], which counts for ARGV[1] milliseconds from the last one on.
const FAIL: &str = "\
    local count = redis.call('INCR', KEYS[1]) \
    redis.call('PEXPIRE', KEYS[1], ARGV[1]) \
    return count";

/// What is counted on a Redis server, for all who name the same server and namespace. Losing the server's data begins anew.
pub struct RedisCounts {
    link: Link,
    prefix: String,
}

impl RedisCounts {
    /// On the server and under the namespace of a transport; nothing is opened yet.
    pub fn new(config: &RedisConfig) -> Result<Self, TransportError> {
        // The stream's key says whether the namespace is one.
        config.stream()?;
        Ok(Self {
            link: Link::new(&config.url, Duration::ZERO)?,
            prefix: format!("vigia:{}:count:", config.namespace),
        })
    }

    /// Takes one of so many permits that a key has in a second, with a burst of a second's worth; whether there was one.
    pub async fn take(&self, key: &str, per_second: u32) -> Result<bool, TransportError> {
        let mut take = cmd("EVAL");
        take.arg(TAKE).arg(1).arg(self.key(key));
        take.arg(per_second.max(1));
        let taken: i64 = self.link.query(&take).await.map_err(unanswered)?;
        Ok(taken == 1)
    }

    /// A failure of a key; all of them count for `window` from the last one on.
    pub async fn fail(&self, key: &str, window: Duration) -> Result<(), TransportError> {
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let mut fail = cmd("EVAL");
        fail.arg(FAIL)
            .arg(1)
            .arg(self.key(key))
            .arg(window_ms.max(1));
        let _count: i64 = self.link.query(&fail).await.map_err(unanswered)?;
        Ok(())
    }

    /// How often a key has failed, and for how long that counts.
    pub async fn failures(&self, key: &str) -> Result<(u32, Duration), TransportError> {
        let mut both = redis::pipe();
        both.atomic();
        both.cmd("GET").arg(self.key(key));
        both.cmd("PTTL").arg(self.key(key));
        let answer: (Option<u32>, i64) = self.link.query_all(&both).await.map_err(unanswered)?;
        let (count, left_ms) = answer;
        let left_ms = u64::try_from(left_ms).unwrap_or(0);
        Ok((count.unwrap_or(0), Duration::from_millis(left_ms)))
    }

    /// Forgets the failures of a key.
    pub async fn forget(&self, key: &str) -> Result<(), TransportError> {
        let mut forget = cmd("DEL");
        forget.arg(self.key(key));
        self.link.query(&forget).await.map_err(unanswered)
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

fn unanswered(error: redis::RedisError) -> TransportError {
    failed("count", error)
}
