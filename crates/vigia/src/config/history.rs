//! `[history]`: where what is behind comes from, and how much of it is fetched by itself.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vigia_sui::{BucketConfig, BucketLimits, BucketSource};

use super::{ConfigError, Settings, hidden, layers, secret};

/// `[history]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct HistorySettings {
    #[serde(serialize_with = "hidden")]
    pub bucket_url: String,
    pub bucket_url_file: PathBuf,
    pub bucket_ca_file: PathBuf,
    pub files: PathBuf,
    pub on_registration: bool,
    pub max_checkpoints: u64,
    pub requests_per_day: u64,
    pub requests_per_second: u32,
    pub fetch_checkpoints_max: u64,
}

impl Settings {
    /// The bucket of checkpoints; none where no address is set.
    pub fn bucket(&self) -> anyhow::Result<Option<BucketSource>> {
        let history = &self.history;
        let url = secret(
            "history.bucket_url",
            &history.bucket_url,
            &history.bucket_url_file,
        )?;
        let Some(url) = url else { return Ok(None) };
        let ca_pem = match history.bucket_ca_file.as_os_str().is_empty() {
            true => None,
            false => Some(layers::read_file(&history.bucket_ca_file)?.1.into_bytes()),
        };
        let poll = &self.poll;
        let limits = BucketLimits {
            buffer_bytes: (poll.buffer_mib as u64).saturating_mul(1024 * 1024),
            concurrency_max: poll.fetch_concurrency_max,
            ..BucketLimits::default()
        };
        let bucket = BucketSource::new(&BucketConfig {
            url: url.expose().to_owned(),
            ca_pem,
            limits,
        })?;
        Ok(Some(bucket))
    }
}

impl HistorySettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.requests_per_second {
            0 => Err(ConfigError::value(
                "history.requests_per_second",
                "0",
                "a number above 0",
            )),
            _ => Ok(()),
        }
    }

    /// Pause between two requests.
    pub fn request_interval(&self) -> Duration {
        Duration::from_secs(1) / self.requests_per_second.max(1)
    }
}
