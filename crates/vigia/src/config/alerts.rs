//! `[alerts]`: who is told what is wrong.

use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::layers::ConfigError;
use super::web::is_safe;
use super::{Settings, hidden, secret};
use crate::alerts::{Channel, Heartbeat, Limits};

/// `[alerts]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct AlertSettings {
    #[serde(serialize_with = "hidden")]
    pub webhook_url: String,
    pub webhook_url_file: PathBuf,
    #[serde(serialize_with = "hidden")]
    pub slack_url: String,
    pub slack_url_file: PathBuf,
    #[serde(serialize_with = "hidden")]
    pub telegram_token: String,
    pub telegram_token_file: PathBuf,
    pub telegram_chat: String,
    pub telegram_api: String,
    #[serde(serialize_with = "hidden")]
    pub heartbeat_url: String,
    pub heartbeat_url_file: PathBuf,
    pub lag_ms_max: u64,
    pub due_ms_max: u64,
    pub source_ms_max: u64,
    pub again_after_ms: u64,
}

impl AlertSettings {
    /// From when on something is wrong.
    pub fn limits(&self) -> Limits {
        Limits {
            lag_ms_max: self.lag_ms_max,
            due_ms_max: self.due_ms_max,
            source_ms_max: self.source_ms_max,
        }
    }

    /// Who is told; nobody where nothing is set.
    pub fn channels(&self) -> anyhow::Result<Vec<Channel>> {
        let mut channels = Vec::new();
        if let Some(url) = address(
            "alerts.webhook_url",
            &self.webhook_url,
            &self.webhook_url_file,
        )? {
            channels.push(Channel::webhook(url)?);
        }
        if let Some(url) = address("alerts.slack_url", &self.slack_url, &self.slack_url_file)? {
            channels.push(Channel::slack(url)?);
        }
        let (token, file) = (&self.telegram_token, &self.telegram_token_file);
        if let Some(token) = secret("alerts.telegram_token", token, file)? {
            if self.telegram_chat.is_empty() {
                let expected = "the number of the chat, since alerts.telegram_token is set";
                return Err(ConfigError::value("alerts.telegram_chat", "", expected).into());
            }
            let api = checked("alerts.telegram_api", &self.telegram_api)?;
            channels.push(Channel::telegram(api, token, self.telegram_chat.clone())?);
        }
        Ok(channels)
    }

    /// Who misses vigia when it says nothing.
    pub fn heartbeat(&self) -> anyhow::Result<Option<Heartbeat>> {
        let (url, file) = (&self.heartbeat_url, &self.heartbeat_url_file);
        let url = address("alerts.heartbeat_url", url, file)?;
        url.map(Heartbeat::new).transpose()
    }
}

impl Settings {
    /// Checks `[alerts]`.
    pub(super) fn check_alerts(&self) -> Result<(), ConfigError> {
        let alerts = &self.alerts;
        for (key, url) in [
            ("alerts.webhook_url", &alerts.webhook_url),
            ("alerts.slack_url", &alerts.slack_url),
            ("alerts.heartbeat_url", &alerts.heartbeat_url),
        ] {
            if !url.is_empty() {
                checked(key, url)?;
            }
        }
        checked("alerts.telegram_api", &alerts.telegram_api)?;
        Ok(())
    }
}

fn address(key: &str, text: &str, file: &std::path::Path) -> Result<Option<Url>, ConfigError> {
    match secret(key, text, file)? {
        None => Ok(None),
        Some(text) => checked(key, text.expose()).map(Some),
    }
}

/// Its error repeats nothing: whoever has such an address can write there.
fn checked(key: &str, text: &str) -> Result<Url, ConfigError> {
    let expected = "an address that begins with https://, or http:// on this machine";
    let url = Url::parse(text).ok().filter(is_safe);
    url.ok_or_else(|| ConfigError::value(key, "(secret)", expected))
}
