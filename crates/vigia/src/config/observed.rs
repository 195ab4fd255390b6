//! `[health]`, `[metrics]` and `[log]`: how a process is observed, and what all of them have to agree on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Settings;
use super::layers::ConfigError;

/// `[health]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct HealthSettings {
    pub listen: String,
    pub stalled_after_ms: u64,
}

/// `[metrics]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct MetricsSettings {
    pub listen: String,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct LogSettings {
    pub level: String,
    pub format: LogFormat,
    pub file: PathBuf,
    pub file_level: String,
    pub file_format: LogFormat,
    pub file_mib_max: u64,
    pub files_max: u32,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl Settings {
    /// Where processes without a web role say how they are; none where they do not.
    pub fn health_listen(&self) -> Result<Option<SocketAddr>, ConfigError> {
        optional_address("health.listen", &self.health.listen)
    }

    /// For how long a process may do nothing while the chain goes on.
    pub fn stalled_after(&self) -> Duration {
        Duration::from_millis(self.health.stalled_after_ms)
    }

    /// Where figures are told without sign-in; none where they are not.
    pub fn metrics_listen(&self) -> Result<Option<SocketAddr>, ConfigError> {
        optional_address("metrics.listen", &self.metrics.listen)
    }

    /// A hash of what all processes have to agree on: what decides about what is committed and told.
    pub fn agreement(&self) -> String {
        let mut hash = Sha256::new();
        let agreed = serde_json::json!([
            self.labels,
            self.contracts,
            self.coins,
            self.proof,
            self.texts,
            self.inbox
        ]);
        hash.update(agreed.to_string());
        for file in &self.contracts.files {
            // What cannot be read is said where it is needed.
            hash.update(std::fs::read(file).unwrap_or_default());
        }
        hex::encode(&hash.finalize()[..6])
    }
}

/// An address to listen at; none where nothing is set.
fn optional_address(key: &str, listen: &str) -> Result<Option<SocketAddr>, ConfigError> {
    if listen.is_empty() {
        return Ok(None);
    }
    let expected = "ADDRESS:PORT, such as 127.0.0.1:8421, or nothing";
    let address = listen.parse();
    address
        .map(Some)
        .map_err(|_| ConfigError::value(key, listen, expected))
}
