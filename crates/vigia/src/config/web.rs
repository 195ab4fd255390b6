//! `[web]`: where pages are served, and to whom.

mod jwt;
mod limits;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use vigia_web::{IpNet, SignInSettings, WebLimits};

pub(super) use jwt::is_safe;
pub use jwt::{JwksPlace, JwtSection};
pub use limits::LimitsSection;

use super::layers::ConfigError;

/// Longest time a session may last, in hours: a year.
const SESSION_HOURS_MAX: u64 = 365 * 24;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// Longest name of a site: that of a host (RFC 1035), a colon and a port.
const DOMAIN_BYTES_MAX: usize = 253 + 6;

/// `[web]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct WebSettings {
    pub listen: String,
    pub domain: String,
    pub zklogin_keys_file: PathBuf,
    pub zklogin_issuers: BTreeMap<String, String>,
    pub sign_in: bool,
    pub session_hours: u64,
    pub https: bool,
    pub actions_keep_days: u64,
    pub insecure_no_auth: bool,
    pub graphiql: bool,
    pub client_per_second: u32,
    pub user_per_second: u32,
    pub trusted_proxies: Vec<String>,
    pub cors_origins: Vec<String>,
    pub limits: LimitsSection,
    pub jwt: JwtSection,
}

impl WebSettings {
    /// Where to listen.
    pub fn address(&self) -> Result<SocketAddr, ConfigError> {
        let expected = "ADDRESS:PORT, such as 127.0.0.1:8420";
        let address = self.listen.parse();
        address.map_err(|_| ConfigError::value("web.listen", &self.listen, expected))
    }

    /// For how long the log of actions is kept, in milliseconds.
    pub fn actions_keep_ms(&self) -> u64 {
        self.actions_keep_days.saturating_mul(DAY_MS)
    }

    /// The name under which browsers reach this; none where it is not said.
    pub fn domain(&self) -> Option<String> {
        (!self.domain.is_empty()).then(|| self.domain.clone())
    }

    /// Whether GraphiQL is served, and the schema told: on this machine alone, or where that is wanted.
    pub fn is_development(&self) -> bool {
        self.graphiql || !self.sign_in
    }

    /// Bounds of what clients may do. Without sign-in nobody's rate is bounded: whoever connects is the operator.
    pub fn limits(&self) -> WebLimits {
        let some = |per_second: u32| (self.sign_in && per_second > 0).then_some(per_second);
        WebLimits {
            client_per_second: some(self.client_per_second),
            user_per_second: some(self.user_per_second),
            ..self.limits.read()
        }
    }

    /// Networks of proxies whose word about clients' addresses counts.
    pub fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let parsed = self.trusted_proxies.iter().map(|text| {
            let expected = "a network such as 10.0.0.0/8";
            let wrong = |_| ConfigError::value("web.trusted_proxies", text, expected);
            text.parse().map_err(wrong)
        });
        parsed.collect()
    }

    /// Where identity providers of zkLogin publish their keys, by issuer.
    pub fn zklogin_issuers(&self) -> Result<Vec<(String, Url)>, ConfigError> {
        let read = |(issuer, text): (&String, &String)| {
            let url = Url::parse(text).ok().filter(is_safe);
            let url = url.ok_or_else(|| {
                let key = format!("web.zklogin_issuers.\"{issuer}\"");
                let expected = "an address that begins with https://, or http:// on this machine";
                ConfigError::value(&key, text, expected)
            })?;
            Ok((issuer.clone(), url))
        };
        self.zklogin_issuers.iter().map(read).collect()
    }

    fn check_origins(&self) -> Result<(), ConfigError> {
        let is_origin = |text: &&String| {
            let rest = text
                .strip_prefix("https://")
                .or(text.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && is_domain(host))
        };
        match self.cors_origins.iter().find(|text| !is_origin(text)) {
            None => Ok(()),
            Some(wrong) => {
                let expected = "an origin without a path, such as https://app.example";
                Err(ConfigError::value("web.cors_origins", wrong, expected))
            }
        }
    }

    /// How people sign in; none where they do not.
    pub fn sign_in(&self) -> Option<SignInSettings> {
        self.sign_in.then(|| SignInSettings {
            session_lifetime: Duration::from_secs(self.session_hours * 3_600),
            https: self.https,
        })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.address()?;
        if !(1..=SESSION_HOURS_MAX).contains(&self.session_hours) {
            let found = self.session_hours.to_string();
            let expected = format!("a number from 1 to {SESSION_HOURS_MAX}");
            return Err(ConfigError::value("web.session_hours", &found, &expected));
        }
        if self.actions_keep_days == 0 {
            let expected = "at least 1 day";
            return Err(ConfigError::value("web.actions_keep_days", "0", expected));
        }
        if !is_domain(&self.domain) {
            let expected =
                "a name, with the port unless it is the usual one, such as vigia.example";
            return Err(ConfigError::value("web.domain", &self.domain, expected));
        }
        self.limits.check()?;
        self.proxies()?;
        self.zklogin_issuers()?;
        self.check_origins()?;
        let contradicts = |key, expected| Err(ConfigError::value(key, "true", expected));
        if self.sign_in && self.insecure_no_auth {
            let expected = "false where web.sign_in is true";
            return contradicts("web.insecure_no_auth", expected);
        }
        if self.https && !self.sign_in {
            return contradicts("web.https", "false where web.sign_in is false");
        }
        if !self.cors_origins.is_empty() && !self.sign_in {
            // Whoever connects would be the operator, and so would those pages.
            let expected = "true where web.cors_origins names any";
            return Err(ConfigError::value("web.sign_in", "false", expected));
        }
        if self.jwt.read()?.is_some() && !self.sign_in {
            let expected = "true where web.jwt has an issuer";
            return Err(ConfigError::value("web.sign_in", "false", expected));
        }
        Ok(())
    }
}

/// Whether this is a host, or nothing: no address of a page.
fn is_domain(domain: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    domain.len() <= DOMAIN_BYTES_MAX && domain.bytes().all(is_plain)
}
