//! Signed tokens of another issuer as sign-in: JWT (RFC 7519), checked as RFC 8725 asks.
//!
//! Which algorithms count is for the settings to say, never for a token: no shared secrets (HS*), no `none`, and a
//! key checks only what its kind signs. The subject is the external id of a user; whether there is one, and what
//! they may do, is not decided here. Tokens are written to no log.

mod keys;
mod source;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;
use std::time::Duration;

use vigia_core::Clock;

pub use source::{JWKS_BYTES_MAX, JWKS_KEYS_MAX, JwksError, JwksSource};

use crate::AuthError;
use source::KeyCache;
use token::{Token, may_be_user};

/// Longest token in bytes (I-13); those of Firebase have about 1,000.
pub const JWT_BYTES_MAX: usize = 8 * 1024;

/// How a token is signed (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtAlgorithm {
    /// RSA with SHA-256, PKCS #1 1.5, keys of 2,048 bits at least.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// Whose tokens count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtSettings {
    /// The `iss` that a token has.
    pub issuer: String,
    /// Of these a token has one as `aud`.
    pub audiences: Vec<String>,
    /// The algorithms that count.
    pub algorithms: Vec<JwtAlgorithm>,
    /// How far the issuer's clock may be from this one.
    pub leeway: Duration,
    /// Keys older than this are asked for again.
    pub refresh: Duration,
    /// How long keys count while they cannot be asked for again.
    pub stale_if_error: Duration,
}

/// Says whose a token is.
pub struct JwtVerifier {
    settings: JwtSettings,
    keys: KeyCache,
    clock: Arc<dyn Clock>,
}

impl JwtVerifier {
    /// Takes the tokens that `settings` describe, signed by keys of `source`.
    pub fn new(settings: JwtSettings, source: Arc<dyn JwksSource>, clock: Arc<dyn Clock>) -> Self {
        let keys = KeyCache::new(
            source,
            Arc::clone(&clock),
            settings.refresh,
            settings.stale_if_error,
        );
        Self {
            settings,
            keys,
            clock,
        }
    }

    /// The subject of a token that counts now, else [`AuthError::TokenRefused`] with the reason,
    /// [`AuthError::KeysUnavailable`], or [`AuthError::UnknownSubject`] where nobody can be called so. What needs no key is looked at first: a token of somebody else's asks for none.
    pub(crate) async fn subject(&self, token: &str) -> Result<String, AuthError> {
        let token = Token::parse(token)?;
        let algorithm = token.algorithm(&self.settings.algorithms)?;
        token.claims.check(&self.settings, self.clock.now_ms())?;
        let keys = self.keys.for_key(token.key_id.as_deref()).await?;
        match keys.verify(algorithm, &token) {
            true if may_be_user(&token.claims.subject) => Ok(token.claims.subject),
            true => Err(AuthError::UnknownSubject),
            false => Err(AuthError::TokenRefused("no key of its issuer signed it")),
        }
    }
}

impl JwtAlgorithm {
    /// All that are known.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in tokens and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl std::str::FromStr for JwtAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is not an algorithm that counts ({names})")
        })
    }
}
