//! Apple's key and the provider tokens that it signs: each is used for 20 to 60 minutes, since Apple refuses older ones,
//! and answers 429 to who makes new ones more often.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::pkcs8::DecodePrivateKey;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::APNS_TOKEN_AGE_MS;
use crate::push::jwt;

pub(super) struct ProviderKey {
    team_id: String,
    key_id: String,
    key: SigningKey,
    state: Mutex<TokenState>,
}

#[derive(Default)]
struct TokenState {
    made: Option<Made>,
    /// When a token was renewed before its time.
    renewed_at_ms: Option<u64>,
}

struct Made {
    token: Arc<Zeroizing<String>>,
    at_ms: u64,
}

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    team_id: String,
    key_id: String,
    private_key: Zeroizing<String>,
}

impl ProviderKey {
    /// Reads JSON with `team_id`, `key_id` and `private_key`. Errors show none of it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: KeyFile = serde_json::from_slice(bytes).map_err(|_| {
            "it is not JSON with the texts team_id, key_id and private_key (that of Apple's .p8 file)".to_owned()
        })?;
        for (name, id) in [("team_id", &file.team_id), ("key_id", &file.key_id)] {
            if id.len() != 10 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(format!(
                    "its {name} is not the 10 letters and digits that Apple gives"
                ));
            }
        }
        let key = SecretKey::from_pkcs8_pem(&file.private_key)
            .map_err(|_| "its private_key is not a key on P-256 in PEM (PKCS#8)".to_owned())?;
        Ok(Self {
            team_id: file.team_id,
            key_id: file.key_id,
            key: key.into(),
            state: Mutex::default(),
        })
    }

    /// A token that is at most `age_ms_max` old.
    pub(super) fn token(&self, now_ms: u64, age_ms_max: u64) -> Arc<Zeroizing<String>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &state.made
            // A clock that went back would keep a token for ever.
            && (made.at_ms..made.at_ms.saturating_add(age_ms_max)).contains(&now_ms)
        {
            return made.token.clone();
        }
        let token = Arc::new(self.sign(now_ms));
        state.made = Some(Made {
            token: token.clone(),
            at_ms: now_ms,
        });
        token
    }

    /// Apple says that `refused` is too old. Whether it makes sense to try again with another.
    pub(super) fn renew(&self, refused: &Arc<Zeroizing<String>>, now_ms: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = state
            .made
            .as_ref()
            .is_some_and(|made| Arc::ptr_eq(&made.token, refused));
        if !is_current {
            // Another attempt renewed it meanwhile.
            return true;
        }
        let again_at_ms = |at_ms: u64| at_ms.saturating_add(*APNS_TOKEN_AGE_MS.start());
        if state
            .renewed_at_ms
            .is_some_and(|at_ms| now_ms < again_at_ms(at_ms))
        {
            return false;
        }
        state.made = None;
        state.renewed_at_ms = Some(now_ms);
        true
    }

    fn sign(&self, now_ms: u64) -> Zeroizing<String> {
        let header = json!({ "alg": "ES256", "kid": self.key_id });
        let claims = json!({ "iss": self.team_id, "iat": now_ms / 1_000 });
        Zeroizing::new(jwt::es256(&header, &claims, &self.key))
    }
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderKey({} {})", self.team_id, self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: u64 = 60_000;

    fn key() -> ProviderKey {
        ProviderKey {
            team_id: "TEAM567890".to_owned(),
            key_id: "KEY4567890".to_owned(),
            key: SecretKey::from_slice(&[7; 32]).unwrap().into(),
            state: Mutex::default(),
        }
    }

    #[test]
    fn a_token_is_used_for_its_time() {
        let key = key();
        let age_ms = 40 * MINUTE_MS;
        let first = key.token(MINUTE_MS, age_ms);
        assert!(Arc::ptr_eq(&first, &key.token(MINUTE_MS, age_ms)));
        assert!(Arc::ptr_eq(&first, &key.token(41 * MINUTE_MS - 1, age_ms)));
        let second = key.token(41 * MINUTE_MS, age_ms);
        assert!(!Arc::ptr_eq(&first, &second));
        // The clock was put back.
        let third = key.token(0, age_ms);
        assert!(!Arc::ptr_eq(&second, &third));
    }

    #[test]
    fn a_token_is_renewed_before_its_time_at_most_every_twenty_minutes() {
        let key = key();
        let age_ms = 40 * MINUTE_MS;
        let first = key.token(0, age_ms);
        assert!(key.renew(&first, 0));
        let second = key.token(0, age_ms);
        assert!(key.renew(&first, 1), "somebody renewed it");
        assert!(Arc::ptr_eq(&second, &key.token(1, age_ms)));
        assert!(!key.renew(&second, 20 * MINUTE_MS - 1));
        assert!(key.renew(&second, 20 * MINUTE_MS));
    }

    #[test]
    fn files_that_are_none_are_refused_without_showing_them() {
        let file = |team: &str, key: &str, pem: &str| {
            json!({ "team_id": team, "key_id": key, "private_key": pem }).to_string()
        };
        let table = [
            (String::new(), "not JSON"),
            ("{}".to_owned(), "not JSON"),
            (file("SHORT", "KEY4567890", ""), "team_id"),
            (file("TEAM567890", "S3CRET/890", ""), "key_id"),
            (file("TEAM567890", "KEY4567890", "S3CRET"), "private_key"),
        ];
        for (text, expected) in table {
            let error = ProviderKey::parse(text.as_bytes()).unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("S3CRET"),
                "{error}"
            );
        }
    }
}
