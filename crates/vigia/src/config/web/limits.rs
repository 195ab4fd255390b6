//! `[web.limits]`: bounds of what a client can make grow.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vigia_web::WebLimits;

use super::super::layers::ConfigError;

/// Most of anything that is counted here: no web role serves more, and no number wraps.
const COUNT_MAX: usize = 100_000_000;
/// Longest of any of the times, in milliseconds: a day.
const TIME_MS_MAX: u64 = 24 * 3_600 * 1_000;

/// `[web.limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct LimitsSection {
    pub body_bytes_max: usize,
    pub batch_bytes_max: usize,
    pub query_tokens_max: usize,
    pub query_depth_max: usize,
    pub query_complexity_max: usize,
    pub query_aliases_max: usize,
    pub persisted_queries_max: usize,
    pub live_readers_max: usize,
    pub newcomers_max: usize,
    pub subscriptions_max: usize,
    pub init_timeout_ms: u64,
    pub recheck_interval_ms: u64,
    pub request_timeout_ms: u64,
    pub stalled_timeout_ms: u64,
    pub drain_timeout_ms: u64,
}

impl LimitsSection {
    /// As the web role takes them, without rates.
    pub(super) fn read(&self) -> WebLimits {
        WebLimits {
            body_bytes_max: self.body_bytes_max,
            batch_bytes_max: self.batch_bytes_max,
            query_tokens_max: self.query_tokens_max,
            query_depth_max: self.query_depth_max,
            query_complexity_max: self.query_complexity_max,
            query_aliases_max: self.query_aliases_max,
            persisted_queries_max: self.persisted_queries_max,
            live_readers_max: self.live_readers_max,
            newcomers_max: self.newcomers_max,
            subscriptions_max: self.subscriptions_max,
            init_timeout: Duration::from_millis(self.init_timeout_ms),
            recheck_interval: Duration::from_millis(self.recheck_interval_ms),
            request_timeout: Duration::from_millis(self.request_timeout_ms),
            stalled_timeout: Duration::from_millis(self.stalled_timeout_ms),
            drain_timeout: Duration::from_millis(self.drain_timeout_ms),
            client_per_second: None,
            user_per_second: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let counts = [
            ("body_bytes_max", self.body_bytes_max),
            ("batch_bytes_max", self.batch_bytes_max),
            ("query_tokens_max", self.query_tokens_max),
            ("query_depth_max", self.query_depth_max),
            ("query_complexity_max", self.query_complexity_max),
            ("query_aliases_max", self.query_aliases_max),
            ("persisted_queries_max", self.persisted_queries_max),
            ("live_readers_max", self.live_readers_max),
            ("newcomers_max", self.newcomers_max),
            ("subscriptions_max", self.subscriptions_max),
        ];
        for (key, found) in counts {
            if !(1..=COUNT_MAX).contains(&found) {
                let expected = format!("a number from 1 to {COUNT_MAX}");
                return Err(wrong(key, &found.to_string(), &expected));
            }
        }
        let times = [
            ("init_timeout_ms", self.init_timeout_ms),
            ("recheck_interval_ms", self.recheck_interval_ms),
            ("request_timeout_ms", self.request_timeout_ms),
            ("stalled_timeout_ms", self.stalled_timeout_ms),
            ("drain_timeout_ms", self.drain_timeout_ms),
        ];
        for (key, found) in times {
            if !(1..=TIME_MS_MAX).contains(&found) {
                let expected = format!("milliseconds, from 1 to {TIME_MS_MAX}");
                return Err(wrong(key, &found.to_string(), &expected));
            }
        }
        Ok(())
    }
}

fn wrong(key: &str, found: &str, expected: &str) -> ConfigError {
    ConfigError::value(&format!("web.limits.{key}"), found, expected)
}
