//! `[inbox]` and `[push]`: how people are told.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vigia_core::{BundleSettings, Platform};
use vigia_store::PushSettings as PushRules;

use super::Settings;
use super::layers::ConfigError;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// `[inbox]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct InboxSettings {
    pub keep_days: u64,
}

/// `[push]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct PushSettings {
    pub fcm_credentials: PathBuf,
    pub fcm_android_channel: String,
    pub fcm_url: String,
    pub apns_credentials: PathBuf,
    pub apns_topic: String,
    pub apns_url: String,
    pub web_credentials: PathBuf,
    pub in_flight_max: u32,
    pub per_second_max: u32,
    pub burst_max: u32,
    pub burst_window_ms: u64,
    pub late_after_ms: u64,
    pub late_window_ms: u64,
    pub age_hours_max: u64,
    pub ttl_hours: u32,
}

impl InboxSettings {
    /// How long notifications stay, in milliseconds.
    pub fn keep_ms(&self) -> u64 {
        self.keep_days.saturating_mul(DAY_MS)
    }
}

impl PushSettings {
    /// Platforms whose credentials are given.
    pub fn platforms(&self) -> Vec<Platform> {
        let credentials = |platform| match platform {
            Platform::Fcm => &self.fcm_credentials,
            Platform::Apns => &self.apns_credentials,
            Platform::Web => &self.web_credentials,
        };
        let mut platforms = Platform::ALL.to_vec();
        platforms.retain(|platform| is_given(credentials(*platform)));
        platforms
    }

    /// How notifications become pushes.
    pub fn rules(&self) -> PushRules {
        PushRules {
            bundles: BundleSettings {
                burst_max: self.burst_max,
                burst_window_ms: self.burst_window_ms,
                late_after_ms: self.late_after_ms,
                late_window_ms: self.late_window_ms,
            },
            platforms: self.platforms(),
            age_ms_max: self.age_hours_max.saturating_mul(HOUR_MS),
        }
    }
}

impl Settings {
    /// Checks `[inbox]` and `[push]`.
    pub fn check_push(&self) -> Result<(), ConfigError> {
        if self.inbox.keep_days == 0 {
            let expected = "at least 1 day";
            return Err(ConfigError::value("inbox.keep_days", "0", expected));
        }
        let push = &self.push;
        for (key, value) in [
            ("push.in_flight_max", push.in_flight_max),
            ("push.per_second_max", push.per_second_max),
            ("push.ttl_hours", push.ttl_hours),
        ] {
            if value == 0 {
                return Err(ConfigError::value(key, "0", "at least 1"));
            }
        }
        if is_given(&push.apns_credentials) && push.apns_topic.is_empty() {
            let expected = "the application's bundle id, where push.apns_credentials is set";
            return Err(ConfigError::value("push.apns_topic", "", expected));
        }
        Ok(())
    }
}

fn is_given(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}
