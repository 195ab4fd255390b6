//! Secrets at rest: ChaCha20-Poly1305 (RFC 8439) under keys that can be rotated.
//!
//! A sealed secret names the key that opens it and is bound to what it is a secret of, so that a row cannot be given
//! another's. Where keys and sealed secrets are kept is not decided here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// Keys that may be given at once: the first seals, all open.
pub const SECRET_KEYS_MAX: usize = 4;

const KEY_PREFIX: &str = "vgk_";
const KEY_BYTES: usize = 32;
/// Version of the form.
const FORM: &str = "v1";

/// Why a secret cannot be sealed or opened. None of these shows any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A text is no key.
    #[error(
        "a key for secrets is {KEY_PREFIX} and 32 bytes in base64: make one with vigia webhooks secret-key"
    )]
    Key,
    /// None, or too many.
    #[error("{found} keys for secrets are given: 1 to {SECRET_KEYS_MAX} are possible")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// Not a sealed secret.
    #[error("this is no sealed secret: it is damaged, or of a newer vigia")]
    Form,
    /// Sealed with a key that is not given.
    #[error("the secret is sealed with another key: give that one too, and then seal it again")]
    OtherKey,
    /// It was changed, or is another's.
    #[error("the sealed secret was changed, or is that of something else")]
    Changed,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// Keys that seal and open secrets.
pub struct SecretBox {
    keys: Vec<(String, LessSafeKey)>,
}

impl SecretBox {
    /// A new key, as text.
    pub fn generate_key() -> Result<Zeroizing<String>, SecretError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let filled = SystemRandom::new().fill(&mut *bytes);
        filled.map_err(|_| SecretError::Random)?;
        let encoded = Zeroizing::new(STANDARD.encode(*bytes));
        Ok(Zeroizing::new(format!("{KEY_PREFIX}{}", *encoded)))
    }

    /// From keys as texts: the first seals.
    pub fn new<'k>(keys: impl IntoIterator<Item = &'k str>) -> Result<Self, SecretError> {
        let keys = keys.into_iter().map(|text| {
            let encoded = text.trim().strip_prefix(KEY_PREFIX);
            let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
            let bytes = Zeroizing::new(bytes.ok_or(SecretError::Key)?);
            let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes);
            let hash = digest::digest(&digest::SHA256, &bytes);
            let name = hex::encode(&hash.as_ref()[..4]);
            Ok((name, LessSafeKey::new(key.map_err(|_| SecretError::Key)?)))
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        match keys.len() {
            1..=SECRET_KEYS_MAX => Ok(Self { keys }),
            found => Err(SecretError::Count { found }),
        }
    }

    /// Seals a secret of `owner`.
    pub fn seal(&self, owner: &str, secret: &str) -> Result<String, SecretError> {
        let (name, key) = &self.keys[0];
        let mut nonce = [0; NONCE_LEN];
        let filled = SystemRandom::new().fill(&mut nonce);
        filled.map_err(|_| SecretError::Random)?;
        let mut bytes = Zeroizing::new(secret.as_bytes().to_vec());
        let sealed = key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(owner.as_bytes()),
            &mut *bytes,
        );
        sealed.map_err(|_| SecretError::Form)?;
        let sealed = [&nonce[..], &bytes].concat();
        Ok(format!("{FORM}.{name}.{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens a secret of `owner`.
    pub fn open(&self, owner: &str, sealed: &str) -> Result<Zeroizing<String>, SecretError> {
        let mut parts = sealed.split('.');
        let (Some(FORM), Some(name), Some(encoded), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SecretError::Form);
        };
        let mut keys = self.keys.iter();
        let found = keys.find(|(known, _)| known == name);
        let (_, key) = found.ok_or(SecretError::OtherKey)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded);
        let mut bytes = Zeroizing::new(bytes.map_err(|_| SecretError::Form)?);
        if bytes.len() < NONCE_LEN {
            return Err(SecretError::Form);
        }
        let (nonce, rest) = bytes.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SecretError::Form)?;
        let opened = key.open_in_place(nonce, Aad::from(owner.as_bytes()), rest);
        let opened = opened.map_err(|_| SecretError::Changed)?;
        let text = std::str::from_utf8(opened).map_err(|_| SecretError::Form)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Whether a secret is sealed with the first key.
    pub fn is_current(&self, sealed: &str) -> bool {
        sealed.split('.').nth(1) == Some(&*self.keys[0].0)
    }
}

impl fmt::Debug for SecretBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.keys.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("SecretBox").field("keys", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_its_owner_alone() {
        let old = SecretBox::generate_key().unwrap();
        let new = SecretBox::generate_key().unwrap();
        let before = SecretBox::new([&**old]).unwrap();
        let sealed = before.seal("we_1", "whsk_secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_ne!(sealed, before.seal("we_1", "whsk_secret").unwrap());
        assert_eq!(*before.open("we_1", &sealed).unwrap(), "whsk_secret");
        assert_eq!(before.open("we_2", &sealed), Err(SecretError::Changed));
        // Rotated: the old key still opens, the new one seals.
        let both = SecretBox::new([&**new, &**old]).unwrap();
        assert_eq!(*both.open("we_1", &sealed).unwrap(), "whsk_secret");
        assert!(!both.is_current(&sealed) && before.is_current(&sealed));
        let again = both.seal("we_1", "whsk_secret").unwrap();
        assert!(both.is_current(&again));
        let after = SecretBox::new([&**new]).unwrap();
        assert_eq!(*after.open("we_1", &again).unwrap(), "whsk_secret");
        assert_eq!(after.open("we_1", &sealed), Err(SecretError::OtherKey));
        let shown = format!("{both:?}");
        assert!(
            !shown.contains(&old[4..12]) && !shown.contains(&new[4..12]),
            "{shown}"
        );
    }

    #[test]
    fn keys_are_checked() {
        let key = SecretBox::generate_key().unwrap();
        assert_eq!(
            SecretBox::new([]).unwrap_err(),
            SecretError::Count { found: 0 }
        );
        let many = [&**key; SECRET_KEYS_MAX];
        assert!(SecretBox::new(many).is_ok());
        assert!(SecretBox::new(many.into_iter().chain([&**key])).is_err());
        for wrong in ["", "vgk_", "vgk_AAAA", &key[4..], "vgk_not base64"] {
            assert_eq!(
                SecretBox::new([wrong]).unwrap_err(),
                SecretError::Key,
                "{wrong}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_else_opens(text: String, flipped in 0usize..200, with in 1u8..=255) {
            let key = SecretBox::generate_key().unwrap();
            let secrets = SecretBox::new([&**key]).unwrap();
            prop_assert!(secrets.open("o", &text).is_err());
            let sealed = secrets.seal("o", "s3cret").unwrap();
            let mut parts: Vec<&str> = sealed.split('.').collect();
            let mut bytes = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
            let at = flipped % bytes.len();
            bytes[at] ^= with;
            let changed = URL_SAFE_NO_PAD.encode(bytes);
            parts[2] = &changed;
            prop_assert_eq!(secrets.open("o", &parts.join(".")), Err(SecretError::Changed));
        }
    }
}
