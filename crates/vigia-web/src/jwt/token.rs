//! A token taken apart (RFC 7515, section 3.1) and what it claims (RFC 7519, section 4.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use vigia_core::EXTERNAL_ID_BYTES_MAX;

use super::{JWT_BYTES_MAX, JwtAlgorithm, JwtSettings};
use crate::AuthError;

/// A token whose signature has not been looked at.
pub(super) struct Token<'t> {
    pub(super) key_id: Option<String>,
    pub(super) claims: Claims,
    /// What is signed.
    pub(super) content: &'t str,
    pub(super) signature: Vec<u8>,
    algorithm: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// Extensions that have to be understood; none is.
    crit: Option<serde_json::Value>,
}

/// What a token says. Whatever else it says is passed over.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "iss")]
    issuer: String,
    #[serde(rename = "aud")]
    audience: Audience,
    #[serde(rename = "sub")]
    pub(super) subject: String,
    #[serde(rename = "exp")]
    expires_at: Date,
    #[serde(rename = "nbf")]
    not_before: Option<Date>,
    #[serde(rename = "iat")]
    issued_at: Option<Date>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Seconds since 1970, of which there may be parts.
#[derive(Deserialize)]
#[serde(try_from = "serde_json::Number")]
struct Date(u64);

impl TryFrom<serde_json::Number> for Date {
    type Error = &'static str;

    fn try_from(number: serde_json::Number) -> Result<Self, &'static str> {
        let text = number.to_string();
        let whole = text.split('.').next().unwrap_or_default();
        let seconds = whole.parse().map_err(|_| "no time since 1970")?;
        Ok(Self(seconds))
    }
}

impl Date {
    fn ms(&self) -> u64 {
        self.0.saturating_mul(1_000)
    }
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    pub(super) fn parse(text: &'t str) -> Result<Self, AuthError> {
        if text.len() > JWT_BYTES_MAX {
            return Err(AuthError::TokenRefused("it is longer than 8192 bytes"));
        }
        let malformed = AuthError::TokenRefused("it is no API token and no signed JWT");
        let Some((content, signature)) = text.rsplit_once('.') else {
            return Err(malformed);
        };
        let parts = content.split_once('.');
        let Some((header, claims)) = parts.filter(|(_, claims)| !claims.contains('.')) else {
            return Err(malformed);
        };
        let (Some(header), Ok(signature)) = (json::<Header>(header), decode(signature)) else {
            return Err(malformed);
        };
        if header.crit.is_some() {
            return Err(AuthError::TokenRefused("its `crit` is not understood"));
        }
        // RFC 8725, section 3.11: a token made for something else is not taken for one that lets in.
        let is_jwt = |typ: &str| {
            ["JWT", "at+jwt"]
                .iter()
                .any(|it| it.eq_ignore_ascii_case(typ))
        };
        if !header.typ.as_deref().is_none_or(is_jwt) {
            return Err(AuthError::TokenRefused("its `typ` is not JWT"));
        }
        let claims = json(claims).ok_or(AuthError::TokenRefused(
            "its claims are not as they should be: iss, aud, sub and exp are needed",
        ))?;
        Ok(Self {
            key_id: header.kid,
            claims,
            content,
            signature,
            algorithm: header.alg,
        })
    }

    /// How it is signed, where that counts.
    pub(super) fn algorithm(&self, counting: &[JwtAlgorithm]) -> Result<JwtAlgorithm, AuthError> {
        let known = self.algorithm.parse().ok();
        known
            .filter(|algorithm| counting.contains(algorithm))
            .ok_or(AuthError::TokenRefused("its algorithm does not count here"))
    }
}

impl Claims {
    /// Whether the token is for here and for now.
    pub(super) fn check(&self, settings: &JwtSettings, now_ms: u64) -> Result<(), AuthError> {
        let leeway_ms = u64::try_from(settings.leeway.as_millis()).unwrap_or(u64::MAX);
        let latest_ms = now_ms.saturating_add(leeway_ms);
        let is_early =
            |date: &Option<Date>| date.as_ref().is_some_and(|date| latest_ms < date.ms());
        let is_for_here = |audience: &String| settings.audiences.contains(audience);
        let is_audience = match &self.audience {
            Audience::One(audience) => is_for_here(audience),
            Audience::Several(audiences) => audiences.iter().any(is_for_here),
        };
        let wrong = if self.issuer != settings.issuer {
            "it is of another issuer"
        } else if !is_audience {
            "it is for another audience"
        } else if now_ms >= self.expires_at.ms().saturating_add(leeway_ms) {
            "it has expired"
        } else if is_early(&self.not_before) {
            "it is not valid yet"
        } else if is_early(&self.issued_at) {
            "it was issued in the future"
        } else if self.subject.is_empty() {
            "its subject is empty"
        } else {
            return Ok(());
        };
        Err(AuthError::TokenRefused(wrong))
    }
}

/// Whether a subject may be the external id of a user; what may not be is not asked of the database.
pub(super) fn may_be_user(subject: &str) -> bool {
    subject.len() <= EXTERNAL_ID_BYTES_MAX && !subject.chars().any(char::is_control)
}

fn decode(part: &str) -> Result<Vec<u8>, base64::DecodeError> {
    URL_SAFE_NO_PAD.decode(part)
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&decode(part).ok()?).ok()
}
