//! Secrets and passwords: made, hashed, compared.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use vigia_store::SecretHash;

/// What API tokens begin with, so that people and secret scanners know them.
pub const TOKEN_PREFIX: &str = "vigia_";
/// Shortest password, in characters; NIST SP 800-63B asks for eight at least.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in bytes: hashing takes time by its length (I-13).
pub const PASSWORD_BYTES_MAX: usize = 1_000;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A secret that is told once, to whom it belongs; the database keeps its hash.
pub struct Secret(String);

/// A password or a hash of one that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It is too short.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters; this one has {found}")]
    TooShort {
        /// Its length.
        found: usize,
    },
    /// It is too long.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes; this one has {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// The system gives no random numbers, or has too little memory.
    #[error("a secret could not be made: {problem}")]
    System {
        /// What it says.
        problem: String,
    },
}

impl Secret {
    /// A new secret that begins with `prefix`.
    pub fn generate(prefix: &str) -> Result<Self, CredentialError> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(system)?;
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The secret, to tell whom it belongs to.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database knows it by.
    pub fn hash(&self) -> SecretHash {
        secret_hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// What the database knows a secret by. A secret that was guessed would have to be one of 2^256, so
/// a fast hash is as good as a slow one.
pub(crate) fn secret_hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Argon2id of a password, with a salt of its own; takes tens of milliseconds and 19 MiB.
pub fn password_hash(password: &str) -> Result<String, CredentialError> {
    let (chars, bytes) = (password.chars().count(), password.len());
    if chars < PASSWORD_CHARS_MIN {
        return Err(CredentialError::TooShort { found: chars });
    }
    if bytes > PASSWORD_BYTES_MAX {
        return Err(CredentialError::TooLong { found: bytes });
    }
    let hashed = Argon2::default().hash_password(password.as_bytes());
    Ok(hashed.map_err(system)?.to_string())
}

/// Whether this is the password of a hash; takes as long as hashing it.
pub(crate) fn password_matches(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    password.len() <= PASSWORD_BYTES_MAX
        && Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
}

fn system(error: impl fmt::Display) -> CredentialError {
    CredentialError::System {
        problem: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_not_shown() {
        let [first, second] = [(); 2].map(|()| Secret::generate(TOKEN_PREFIX).unwrap());
        assert_ne!(first.expose(), second.expose());
        assert_ne!(first.hash(), second.hash());
        assert_eq!(first.hash(), secret_hash(first.expose()));
        // 32 bytes are 43 digits of base64.
        assert_eq!(first.expose().len(), TOKEN_PREFIX.len() + 43);
        assert_eq!(format!("{first:?}"), "Secret(..)");
    }

    #[test]
    fn a_password_is_known_by_its_hash() {
        let hash = password_hash("contraseña larga").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(password_matches("contraseña larga", &hash));
        assert!(!password_matches("contraseña larg", &hash));
        assert!(!password_matches("contraseña larga", "no hash"));
        assert_ne!(hash, password_hash("contraseña larga").unwrap(), "salted");
    }

    #[test]
    fn passwords_have_a_length() {
        // Characters count, not bytes: ten of two bytes each, and one less.
        assert!(password_hash(&"ñ".repeat(10)).is_ok());
        let short = password_hash(&"ñ".repeat(9)).unwrap_err().to_string();
        assert!(short.contains("at least 10 characters"), "{short}");
        assert!(password_hash(&"x".repeat(1_000)).is_ok());
        let long = password_hash(&"x".repeat(1_001)).unwrap_err().to_string();
        assert!(long.contains("at most 1000 bytes"), "{long}");
    }
}
