//! `[web.jwt]`: signed tokens of another issuer.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use vigia_web::{JwtAlgorithm, JwtSettings};

use super::ConfigError;

/// Furthest that clocks may be apart: a token would count for so long after its end.
const LEEWAY_MS_MAX: u64 = 5 * 60 * 1_000;
/// Where Google publishes the keys of Firebase's tokens.
const FIREBASE_JWKS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
/// What the issuer of Firebase's tokens is called, before the project's id.
const FIREBASE_ISSUER: &str = "https://securetoken.google.com/";

/// `[web.jwt]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct JwtSection {
    pub preset: String,
    pub project_id: String,
    pub issuer: String,
    pub audience: Vec<String>,
    pub jwks_url: String,
    pub jwks_file: PathBuf,
    pub algorithms: Vec<String>,
    pub leeway_ms: u64,
    pub refresh_interval_ms: u64,
    pub stale_if_error_ms: u64,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksPlace {
    /// At this address.
    Url(Url),
    /// In this file.
    File(PathBuf),
}

impl JwtSection {
    /// Whose tokens count, and where their keys are; none where only vigia's own count.
    pub fn read(&self) -> Result<Option<(JwtSettings, JwksPlace)>, ConfigError> {
        let section = self.filled()?;
        if section.issuer.is_empty() {
            return match section.is_begun() {
                true => Err(missing("issuer", "the `iss` of the tokens that count")),
                false => Ok(None),
            };
        }
        if section.audience.iter().all(String::is_empty) {
            let expected = "the `aud` of tokens that are meant for here, at least one";
            return Err(missing("audience", expected));
        }
        let place = section.place()?;
        let settings = JwtSettings {
            algorithms: section.algorithms()?,
            leeway: within("leeway_ms", section.leeway_ms, 0, LEEWAY_MS_MAX)?,
            refresh: within(
                "refresh_interval_ms",
                section.refresh_interval_ms,
                1,
                u64::MAX,
            )?,
            stale_if_error: Duration::from_millis(section.stale_if_error_ms),
            issuer: section.issuer,
            audiences: section.audience,
        };
        Ok(Some((settings, place)))
    }

    /// With what the preset says of what is not set.
    fn filled(&self) -> Result<Self, ConfigError> {
        let mut section = self.clone();
        match self.preset.as_str() {
            "" if self.project_id.is_empty() => return Ok(section),
            "" => {
                let expected = "nothing where web.jwt.preset is not set";
                return Err(value("project_id", &self.project_id, expected));
            }
            "firebase" if self.project_id.is_empty() => {
                let expected = "the id of the Firebase project, as its console shows it";
                return Err(missing("project_id", expected));
            }
            "firebase" => {}
            other => return Err(value("preset", other, "\"firebase\" or nothing")),
        }
        if section.issuer.is_empty() {
            section.issuer = format!("{FIREBASE_ISSUER}{}", self.project_id);
        }
        if section.audience.is_empty() {
            section.audience = vec![self.project_id.clone()];
        }
        if section.jwks_url.is_empty() && section.jwks_file.as_os_str().is_empty() {
            section.jwks_url = FIREBASE_JWKS.to_owned();
        }
        if section.algorithms.is_empty() {
            section.algorithms = vec![JwtAlgorithm::Rs256.as_str().to_owned()];
        }
        Ok(section)
    }

    fn is_begun(&self) -> bool {
        !self.audience.is_empty()
            || !self.jwks_url.is_empty()
            || !self.jwks_file.as_os_str().is_empty()
    }

    fn place(&self) -> Result<JwksPlace, ConfigError> {
        match (
            self.jwks_url.as_str(),
            self.jwks_file.as_os_str().is_empty(),
        ) {
            ("", true) => Err(missing("jwks_url", "an address, or web.jwt.jwks_file")),
            ("", false) => Ok(JwksPlace::File(self.jwks_file.clone())),
            (url, false) => {
                let expected = "nothing where web.jwt.jwks_file is set";
                Err(value("jwks_url", url, expected))
            }
            (text, true) => {
                let url = Url::parse(text).ok().filter(is_safe).map(JwksPlace::Url);
                let expected = "an address that begins with https://, or http:// on this machine";
                url.ok_or_else(|| value("jwks_url", text, expected))
            }
        }
    }

    fn algorithms(&self) -> Result<Vec<JwtAlgorithm>, ConfigError> {
        if self.algorithms.is_empty() {
            return Ok(JwtAlgorithm::ALL.to_vec());
        }
        let read = |text: &String| {
            text.parse().map_err(|_| {
                let names = JwtAlgorithm::ALL.map(JwtAlgorithm::as_str).join(", ");
                value("algorithms", text, &format!("some of {names}"))
            })
        };
        self.algorithms.iter().map(read).collect()
    }
}

/// Keys that came over a line that others can write on would be anybody's.
pub(in crate::config) fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => !host.is_empty(),
        "http" => is_here,
        _ => false,
    }
}

fn within(key: &str, found: u64, min: u64, max: u64) -> Result<Duration, ConfigError> {
    match (min..=max).contains(&found) {
        true => Ok(Duration::from_millis(found)),
        false => {
            let expected = format!("a number from {min} to {max}");
            Err(value(key, &found.to_string(), &expected))
        }
    }
}

fn value(key: &str, found: &str, expected: &str) -> ConfigError {
    ConfigError::value(&format!("web.jwt.{key}"), found, expected)
}

fn missing(key: &str, expected: &str) -> ConfigError {
    value(key, "", expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(change: impl FnOnce(&mut JwtSection)) -> JwtSection {
        let mut section = JwtSection {
            preset: String::new(),
            project_id: String::new(),
            issuer: "https://issuer.example".to_owned(),
            audience: vec!["app".to_owned()],
            jwks_url: "https://issuer.example/keys".to_owned(),
            jwks_file: PathBuf::new(),
            algorithms: Vec::new(),
            leeway_ms: 0,
            refresh_interval_ms: 1,
            stale_if_error_ms: 0,
        };
        change(&mut section);
        section
    }

    #[test]
    fn firebase_needs_a_project_alone() {
        let section = section(|section| {
            section.preset = "firebase".to_owned();
            section.project_id = "confio".to_owned();
            section.issuer.clear();
            section.audience.clear();
            section.jwks_url.clear();
        });
        let (settings, place) = section.read().unwrap().unwrap();
        assert_eq!(settings.issuer, "https://securetoken.google.com/confio");
        assert_eq!(settings.audiences, ["confio"]);
        assert_eq!(settings.algorithms, [JwtAlgorithm::Rs256]);
        assert_eq!(place, JwksPlace::Url(FIREBASE_JWKS.parse().unwrap()));
    }

    #[test]
    fn what_is_not_whole_says_what_is_missing() {
        type Case = (fn(&mut JwtSection), &'static str);
        let cases: [Case; 12] = [
            (|section| section.issuer.clear(), "web.jwt.issuer"),
            (|section| section.audience.clear(), "web.jwt.audience"),
            (|section| section.jwks_url.clear(), "web.jwt.jwks_url"),
            (
                |section| section.jwks_file = "keys.json".into(),
                "web.jwt.jwks_url",
            ),
            (
                |section| section.jwks_url = "http://a.example".into(),
                "https://",
            ),
            (
                |section| section.jwks_url = "http://localhost.a.example".into(),
                "https://",
            ),
            (
                |section| section.jwks_url = "http://127.0.0.1@a.example".into(),
                "https://",
            ),
            (
                |section| section.algorithms = vec!["HS256".into()],
                "RS256, ES256, EdDSA",
            ),
            (
                |section| section.algorithms = vec!["none".into()],
                "RS256, ES256, EdDSA",
            ),
            (
                |section| section.leeway_ms = LEEWAY_MS_MAX + 1,
                "from 0 to 300000",
            ),
            (|section| section.preset = "google".into(), "firebase"),
            (
                |section| section.preset = "firebase".into(),
                "web.jwt.project_id",
            ),
        ];
        for (change, said) in cases {
            let error = section(change).read().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        for url in [
            "http://localhost:1/",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
        ] {
            let here = section(|section| section.jwks_url = url.to_owned());
            assert!(here.read().unwrap().is_some(), "{url}");
        }
        let none = section(|section| {
            section.issuer.clear();
            section.audience.clear();
            section.jwks_url.clear();
        });
        assert_eq!(none.read().unwrap(), None);
    }
}
