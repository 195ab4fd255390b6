//! Who sends: a key that browsers subscribe with, and that signs every request (RFC 8292).

use std::fmt;

use base64::Engine;
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::subscription::BASE64URL;
use crate::KeyError;
use crate::push::jwt;

/// Seconds that a signature is good for: half of what RFC 8292 allows, so that clocks may differ.
const SIGNATURE_S: u64 = 12 * 3_600;

/// A VAPID key with whom a push service may write to.
pub struct VapidKey {
    key: SigningKey,
    public_text: String,
    subject: String,
}

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    private_key: Zeroizing<String>,
    subject: String,
}

impl VapidKey {
    /// Reads JSON with `private_key` and `subject`. Errors show none of it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: KeyFile = serde_json::from_slice(bytes)
            .map_err(|_| "it is not JSON with the texts private_key and subject".to_owned())?;
        let is_known = ["mailto:", "https://"]
            .iter()
            .any(|begin| file.subject.starts_with(begin));
        if !is_known {
            return Err("its subject begins neither with mailto: nor with https://".to_owned());
        }
        let bytes = BASE64URL
            .decode(&*file.private_key)
            .map(Zeroizing::new)
            .ok();
        // The library fills up shorter ones.
        let bytes = bytes.filter(|bytes| bytes.len() == 32);
        let secret = bytes.and_then(|bytes| SecretKey::from_slice(&bytes).ok());
        let secret = secret.ok_or_else(|| {
            "its private_key is not 32 bytes of a key on P-256 in base64url".to_owned()
        })?;
        Ok(Self::new(&secret, file.subject))
    }

    fn new(secret: &SecretKey, subject: String) -> Self {
        let public = secret.public_key().to_encoded_point(false);
        Self {
            key: secret.into(),
            public_text: BASE64URL.encode(public.as_bytes()),
            subject,
        }
    }

    /// The text of a new file of credentials; it holds a secret.
    pub fn generate_file(subject: &str) -> Result<Zeroizing<String>, KeyError> {
        let random = SystemRandom::new();
        loop {
            let mut bytes = Zeroizing::new([0; 32]);
            random.fill(&mut *bytes).map_err(|_| KeyError::Random)?;
            // One number in four thousand million is none of the curve's.
            if SecretKey::from_slice(&*bytes).is_ok() {
                let private_key = Zeroizing::new(BASE64URL.encode(*bytes));
                let file = json!({ "private_key": *private_key, "subject": subject });
                return Ok(Zeroizing::new(file.to_string()));
            }
        }
    }

    /// What browsers subscribe with.
    pub(super) fn public_text(&self) -> &str {
        &self.public_text
    }

    /// The header of a request to `url`.
    pub(super) fn authorization(&self, url: &Url, now_ms: u64) -> String {
        let header = json!({ "typ": "JWT", "alg": "ES256" });
        let claims = json!({
            "aud": url.origin().ascii_serialization(),
            "exp": now_ms / 1_000 + SIGNATURE_S,
            "sub": self.subject,
        });
        let token = jwt::es256(&header, &claims, &self.key);
        format!("vapid t={token}, k={}", self.public_text)
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({})", self.public_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_reads_back() {
        let file = VapidKey::generate_file("mailto:ops@example.com").unwrap();
        let key = VapidKey::parse(file.as_bytes()).unwrap();
        assert_eq!(BASE64URL.decode(key.public_text()).unwrap().len(), 65);
        let other = VapidKey::generate_file("mailto:ops@example.com").unwrap();
        assert_ne!(file, other);
    }

    #[test]
    fn files_that_are_none_are_refused_without_showing_them() {
        let file = |private: &str, subject: &str| {
            json!({ "private_key": private, "subject": subject }).to_string()
        };
        let table = [
            ("{".to_owned(), "not JSON"),
            (file("S3CRET", "ops@example.com"), "subject"),
            (file("S3CRET", "mailto:ops@example.com"), "private_key"),
            (
                file(&BASE64URL.encode([0; 32]), "https://example.com"),
                "private_key",
            ),
            (
                file(&BASE64URL.encode([255; 32]), "https://example.com"),
                "private_key",
            ),
            (
                file(&BASE64URL.encode([7; 31]), "https://example.com"),
                "private_key",
            ),
        ];
        for (text, expected) in table {
            let error = VapidKey::parse(text.as_bytes()).unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("S3CRET"),
                "{error}"
            );
        }
    }
}
