//! Keys that webhooks are signed with, in the text form of Standard Webhooks 1.0: `whsec_` for HMAC-SHA256 and `whsk_`
//! with its `whpk_` for ed25519.
//!
//! Where keys are kept, encrypted or not, is not decided here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use ring::{digest, hmac};
use zeroize::Zeroizing;

/// Bytes that an HMAC secret may have, from Standard Webhooks 1.0.
pub const HMAC_SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of a new HMAC secret.
const HMAC_SECRET_BYTES_NEW: usize = 32;

/// Keys that one endpoint may have at once: each adds a signature to every request.
pub const SIGNING_KEYS_MAX: usize = 4;

const HMAC_PREFIX: &str = "whsec_";
const ED25519_PREFIX: &str = "whsk_";
const ED25519_PUBLIC_PREFIX: &str = "whpk_";
const ED25519_SEED_BYTES: usize = 32;

/// Why a text is no signing key. None of these shows any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another kind of text.
    #[error("a signing key begins with whsk_ (ed25519) or whsec_ (HMAC-SHA256), this one does not")]
    Prefix,
    /// The public half.
    #[error(
        "whpk_ is a public key, which cannot sign: give the private key, which begins with whsk_"
    )]
    Public,
    /// Not base64.
    #[error(
        "what follows the prefix of the signing key is not base64: copy all of it, with its padding"
    )]
    Base64,
    /// A wrong number of bytes.
    #[error("the signing key has {bytes} bytes: {expected} are needed")]
    Length {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        expected: &'static str,
    },
    /// The halves of an ed25519 key do not belong together.
    #[error(
        "the public half of the signing key does not belong to its private half: make a new key"
    )]
    Halves,
    /// No key, or too many.
    #[error(
        "an endpoint has {found} signing keys: 1 to {SIGNING_KEYS_MAX} are possible, remove old ones"
    )]
    Count {
        /// How many there are.
        found: usize,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers, so no key can be made")]
    Random,
}

/// One key that signs webhooks. Its `Debug` shows its kind and a fingerprint.
pub struct SigningKey(Kind);

enum Kind {
    Hmac {
        key: hmac::Key,
        secret: Zeroizing<Vec<u8>>,
    },
    Ed25519 {
        pair: Box<Ed25519KeyPair>,
        seed: Zeroizing<Vec<u8>>,
    },
}

impl SigningKey {
    /// A new ed25519 key: the default, since receivers then hold nothing that could sign.
    pub fn generate_ed25519() -> Result<Self, KeyError> {
        Self::from_seed(random(ED25519_SEED_BYTES)?)
    }

    /// A new HMAC-SHA256 secret, for receivers whose library knows nothing else.
    pub fn generate_hmac() -> Result<Self, KeyError> {
        Self::from_secret(random(HMAC_SECRET_BYTES_NEW)?)
    }

    /// Reads `whsec_…` or `whsk_…`. An ed25519 key may have its public half behind it, as Svix writes it, or not.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with(ED25519_PUBLIC_PREFIX) {
            return Err(KeyError::Public);
        }
        if let Some(encoded) = text.strip_prefix(HMAC_PREFIX) {
            return Self::from_secret(decode(encoded)?);
        }
        let encoded = text.strip_prefix(ED25519_PREFIX).ok_or(KeyError::Prefix)?;
        let bytes = decode(encoded)?;
        match bytes.len() {
            ED25519_SEED_BYTES => Self::from_seed(bytes),
            64 => {
                let (seed, public) = bytes.split_at(ED25519_SEED_BYTES);
                let key = Self::from_seed(Zeroizing::new(seed.to_vec()))?;
                match key.public_bytes() == Some(public) {
                    true => Ok(key),
                    false => Err(KeyError::Halves),
                }
            }
            bytes => Err(KeyError::Length {
                bytes,
                expected: "32, or 64 with the public half,",
            }),
        }
    }

    /// The key as text, to be stored or shown once to its owner: whoever has it can sign.
    pub fn secret_text(&self) -> Zeroizing<String> {
        let (prefix, bytes) = match &self.0 {
            Kind::Hmac { secret, .. } => (HMAC_PREFIX, secret.clone()),
            Kind::Ed25519 { pair, seed } => {
                let mut both = seed.clone();
                both.extend_from_slice(pair.public_key().as_ref());
                (ED25519_PREFIX, both)
            }
        };
        let encoded = Zeroizing::new(STANDARD.encode(&*bytes));
        Zeroizing::new(format!("{prefix}{}", *encoded))
    }

    /// `whpk_…`, which anybody may know and receivers verify with; none for HMAC, which has no public half.
    pub fn public_text(&self) -> Option<String> {
        let public = self.public_bytes()?;
        Some(format!(
            "{ED25519_PUBLIC_PREFIX}{}",
            STANDARD.encode(public)
        ))
    }

    /// The public half; none for HMAC.
    fn public_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Hmac { .. } => None,
            Kind::Ed25519 { pair, .. } => Some(pair.public_key().as_ref()),
        }
    }

    /// `v1` for HMAC, `v1a` for ed25519: what the signatures of this key begin with.
    pub fn version(&self) -> &'static str {
        match &self.0 {
            Kind::Hmac { .. } => "v1",
            Kind::Ed25519 { .. } => "v1a",
        }
    }

    /// Tells keys apart, in logs too, without saying anything about a secret.
    pub fn fingerprint(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"vigia.signing-key.fingerprint.v1\0");
        match &self.0 {
            Kind::Hmac { secret, .. } => context.update(secret),
            Kind::Ed25519 { pair, .. } => context.update(pair.public_key().as_ref()),
        }
        hex::encode(&context.finish().as_ref()[..4])
    }

    /// `v1,…` or `v1a,…` over `content`.
    pub(super) fn sign(&self, content: &[u8]) -> String {
        let encoded = match &self.0 {
            Kind::Hmac { key, .. } => STANDARD.encode(hmac::sign(key, content)),
            Kind::Ed25519 { pair, .. } => STANDARD.encode(pair.sign(content)),
        };
        format!("{},{encoded}", self.version())
    }

    fn from_secret(secret: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        if !HMAC_SECRET_BYTES.contains(&secret.len()) {
            return Err(KeyError::Length {
                bytes: secret.len(),
                expected: "24 to 64",
            });
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        Ok(Self(Kind::Hmac { key, secret }))
    }

    fn from_seed(seed: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Length {
            bytes: seed.len(),
            expected: "32",
        })?;
        Ok(Self(Kind::Ed25519 {
            pair: Box::new(pair),
            seed,
        }))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.version(), self.fingerprint())
    }
}

/// The keys of one endpoint: during a rotation the new and the old ones sign together.
#[derive(Debug)]
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// 1 to [`SIGNING_KEYS_MAX`] keys, the newest first.
    pub fn new(keys: Vec<SigningKey>) -> Result<Self, KeyError> {
        match keys.len() {
            1..=SIGNING_KEYS_MAX => Ok(Self(keys)),
            found => Err(KeyError::Count { found }),
        }
    }

    /// The keys, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, SigningKey> {
        self.0.iter()
    }
}

fn decode(encoded: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // The library's own error shows the offending letter of the secret.
    let decoded = STANDARD.decode(encoded).map_err(|_| KeyError::Base64)?;
    Ok(Zeroizing::new(decoded))
}

fn random(bytes: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut filled = Zeroizing::new(vec![0; bytes]);
    SystemRandom::new()
        .fill(&mut filled)
        .map_err(|_| KeyError::Random)?;
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    // From Svix's documentation.
    const PRIVATE: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const SEED_ONLY: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=";
    const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

    #[test]
    fn texts_read_back() {
        for text in [PRIVATE, SEED_ONLY] {
            let key = SigningKey::parse(text).unwrap();
            assert_eq!(key.public_text().unwrap(), PUBLIC);
            assert_eq!(*key.secret_text(), PRIVATE);
        }
        for key in [
            SigningKey::generate_ed25519().unwrap(),
            SigningKey::generate_hmac().unwrap(),
        ] {
            let again = SigningKey::parse(&key.secret_text()).unwrap();
            assert_eq!(again.secret_text(), key.secret_text());
            assert_eq!(again.fingerprint(), key.fingerprint());
        }
        assert_eq!(SigningKey::generate_hmac().unwrap().public_text(), None);
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let hmac_of = |bytes| format!("whsec_{}", STANDARD.encode(vec![7u8; bytes]));
        let ed25519_of = |bytes| format!("whsk_{}", STANDARD.encode(vec![7u8; bytes]));
        assert!(SigningKey::parse(&hmac_of(24)).is_ok());
        assert!(SigningKey::parse(&hmac_of(64)).is_ok());
        assert!(SigningKey::parse(&ed25519_of(32)).is_ok());
        let halves = PRIVATE.replace("fVKIDij2HK", "fVKIDij2HL");
        let table = [
            (String::new(), "begins with"),
            ("Qm9n".repeat(8), "begins with"),
            ("WHSEC_Qm9n".to_owned(), "begins with"),
            (PUBLIC.to_owned(), "public key"),
            ("whsec_Qm9n*Qm9n".to_owned(), "base64"),
            (PRIVATE.trim_end_matches('=').to_owned(), "base64"),
            (hmac_of(23), "has 23 bytes"),
            (hmac_of(65), "has 65 bytes"),
            (ed25519_of(31), "has 31 bytes"),
            (ed25519_of(33), "has 33 bytes"),
            (ed25519_of(65), "has 65 bytes"),
            (halves, "does not belong"),
        ];
        for (text, expected) in table {
            let error = SigningKey::parse(&text).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(said.contains(expected), "{text}: {said}");
            let secret = text.rsplit('_').next().unwrap_or_default();
            assert!(secret.is_empty() || !said.contains(secret), "{said}");
        }
    }

    #[test]
    fn keys_are_not_printed() {
        for key in [
            SigningKey::parse(PRIVATE).unwrap(),
            SigningKey::generate_hmac().unwrap(),
        ] {
            let secret = key.secret_text();
            let shown = format!("{key:?}");
            assert!(shown.starts_with("SigningKey(v1"), "{shown}");
            let mut parts = secret.as_bytes()[6..].windows(6);
            assert!(!parts.any(|part| shown.as_bytes().windows(6).any(|window| window == part)));
        }
    }

    #[test]
    fn an_endpoint_has_one_to_four_keys() {
        let keys = |count: usize| {
            let keys = (0..count).map(|_| SigningKey::generate_hmac().unwrap());
            SigningKeys::new(keys.collect())
        };
        assert_eq!(keys(0).unwrap_err(), KeyError::Count { found: 0 });
        assert_eq!(keys(1).unwrap().iter().count(), 1);
        assert_eq!(keys(4).unwrap().iter().count(), 4);
        assert_eq!(keys(5).unwrap_err(), KeyError::Count { found: 5 });
    }
}
