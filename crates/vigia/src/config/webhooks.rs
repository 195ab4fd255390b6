//! `[[webhooks]]` and `[delivery]`: who is told of activities, and how.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vigia_core::{Platform, parse_coin_type, type_text};
use vigia_notify::{SecretBox, SigningKey, SigningKeys, TargetRules};
use vigia_store::{EndpointFilter, EndpointSpec};
use zeroize::Zeroizing;

use super::Settings;
use super::layers::ConfigError;

/// The channel of webhooks.
pub const WEBHOOK: &str = "webhook";
/// Endpoints of one file (I-13).
const WEBHOOKS_MAX: usize = 1_000;
/// Longest name of an endpoint in bytes.
const NAME_BYTES_MAX: usize = 100;

/// One of `[[webhooks]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct WebhookSettings {
    pub name: String,
    #[serde(serialize_with = "as_shown")]
    pub url: String,
    pub key_files: Vec<PathBuf>,
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default)]
    pub accounts: Vec<String>,
    #[serde(default)]
    pub coins: Vec<String>,
    pub minimum_units: Option<u64>,
    pub per_second: Option<u32>,
}

/// `[delivery]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct DeliverySettings {
    pub channels: Vec<String>,
    pub in_flight_max: usize,
    pub endpoint_in_flight_max: u32,
    pub slow_in_flight_max: usize,
    pub slow_after_ms: u64,
    pub lease_ms: u64,
    pub deadline_ms: u64,
    pub disable_after_hours: u64,
    pub ca_file: PathBuf,
    pub secret_key_files: Vec<PathBuf>,
    pub account_per_second: u32,
    pub account_networks: Vec<String>,
    pub account_ports: Vec<u16>,
    pub account_plain_http: bool,
}

/// An endpoint that settings declare, with what its webhooks are signed with.
#[derive(Debug)]
pub struct DeclaredEndpoint {
    /// What the database knows of it.
    pub spec: EndpointSpec,
    /// Its keys, the newest first.
    pub keys: SigningKeys,
}

impl Settings {
    /// The endpoints of `[[webhooks]]`, with their keys read.
    pub fn endpoints(&self) -> Result<Vec<DeclaredEndpoint>, ConfigError> {
        if self.webhooks.len() > WEBHOOKS_MAX {
            let found = self.webhooks.len().to_string();
            return Err(ConfigError::value(
                "webhooks",
                &found,
                &format!("at most {WEBHOOKS_MAX} of them"),
            ));
        }
        let mut names = BTreeSet::new();
        for WebhookSettings { name, .. } in &self.webhooks {
            let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
            if !fits || !names.insert(name) {
                let expected = "a name of 1 to 100 bytes that no other has";
                return Err(ConfigError::value("webhooks.name", name, expected));
            }
        }
        self.webhooks.iter().map(declared).collect()
    }
}

impl DeliverySettings {
    /// Whether anything is sent over a channel: `webhook`, or a platform of pushes.
    pub fn sends(&self, channel: &str) -> bool {
        self.channels.iter().any(|name| name == channel)
    }

    /// Refuses channels that there are not.
    pub(super) fn check_channels(&self) -> Result<(), ConfigError> {
        let platforms = Platform::ALL.map(Platform::as_str);
        let is_known = |name: &&String| *name == WEBHOOK || platforms.contains(&name.as_str());
        match self.channels.iter().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(wrong) => {
                let expected = format!("some of {WEBHOOK}, {}", platforms.join(", "));
                Err(ConfigError::value("delivery.channels", wrong, &expected))
            }
        }
    }

    /// What opens the keys of accounts' endpoints; none where accounts have no endpoints here.
    pub fn secrets(&self) -> Result<Option<SecretBox>, ConfigError> {
        if self.secret_key_files.is_empty() {
            return Ok(None);
        }
        let mut keys = Vec::new();
        for file in &self.secret_key_files {
            let read = std::fs::read_to_string(file);
            keys.push(Zeroizing::new(read.map_err(|error| {
                let file = file.display().to_string();
                ConfigError::value("delivery.secret_key_files", &file, &error.to_string())
            })?));
        }
        let secrets = SecretBox::new(keys.iter().map(|key| key.as_str()));
        let secrets = secrets.map_err(|error| {
            let found = keys.len().to_string();
            ConfigError::value("delivery.secret_key_files", &found, &error.to_string())
        });
        secrets.map(Some)
    }

    /// What accounts' endpoints may be beyond HTTPS on the public internet.
    pub fn rules(&self) -> Result<TargetRules, ConfigError> {
        let networks = self.account_networks.iter().map(|text| {
            let expected = "a network such as 10.0.0.0/8";
            let wrong = |_| ConfigError::value("delivery.account_networks", text, expected);
            text.parse().map_err(wrong)
        });
        Ok(TargetRules {
            networks_allowed: networks.collect::<Result<_, _>>()?,
            ports_allowed: self.account_ports.clone(),
            plain_http_allowed: self.account_plain_http,
        })
    }
}

fn declared(settings: &WebhookSettings) -> Result<DeclaredEndpoint, ConfigError> {
    let coins = settings.coins.iter().map(|coin| {
        let parsed = parse_coin_type(coin);
        let parsed = parsed.map(|parsed| type_text(&parsed));
        parsed.map_err(|error| ConfigError::value("webhooks.coins", coin, &error.to_string()))
    });
    Ok(DeclaredEndpoint {
        spec: EndpointSpec {
            name: settings.name.clone(),
            url: settings.url.clone(),
            filter: EndpointFilter {
                kinds: settings.kinds.clone(),
                accounts: settings.accounts.clone(),
                coins: coins.collect::<Result<_, _>>()?,
                minimum_units: settings.minimum_units,
            },
            per_second: settings.per_second,
        },
        keys: keys(&settings.key_files)?,
    })
}

fn keys(files: &[PathBuf]) -> Result<SigningKeys, ConfigError> {
    let read = files.iter().map(|file| {
        let wrong = |problem: String| {
            ConfigError::value("webhooks.key_files", &file.display().to_string(), &problem)
        };
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        SigningKey::parse(text.trim()).map_err(|error| wrong(error.to_string()))
    });
    let keys = read.collect::<Result<Vec<_>, _>>()?;
    let found = keys.len().to_string();
    SigningKeys::new(keys)
        .map_err(|error| ConfigError::value("webhooks.key_files", &found, &error.to_string()))
}
/// Where webhooks go, for people: without what often is a secret, a query and who somebody is.
pub fn shown_url(url: &str) -> String {
    let (head, query) = url
        .split_once('?')
        .map_or((url, ""), |(head, _)| (head, "?(secret)"));
    let (scheme, rest) = head.split_once("://").unwrap_or(("", head));
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}{query}")
}

fn as_shown<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_url(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_what_may_be_a_secret() {
        for (url, shown) in [
            ("https://a.example/hook", "https://a.example/hook"),
            ("https://a.example", "https://a.example"),
            (
                "https://u:p@a.example:1/h?k=s",
                "https://a.example:1/h?(secret)",
            ),
            ("https://a.example?k=a/b@c", "https://a.example?(secret)"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }
}
