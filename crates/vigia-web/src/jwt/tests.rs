//! Whatever is sent as a token is refused, and nothing falls over it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use vigia_core::ManualClock;

use super::{JwksError, JwksSource, JwtAlgorithm, JwtSettings, JwtVerifier};
use crate::AuthError;

const NOW_MS: u64 = 1_700_000_000_000;

struct Keys(String);

#[async_trait]
impl JwksSource for Keys {
    async fn jwks(&self) -> Result<Vec<u8>, JwksError> {
        Ok(self.0.clone().into_bytes())
    }
}

/// What takes the tokens of a key, and what it signs.
fn issuer() -> (JwtVerifier, Ed25519KeyPair) {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x }] });
    let settings = JwtSettings {
        issuer: "i".to_owned(),
        audiences: vec!["a".to_owned()],
        algorithms: JwtAlgorithm::ALL.to_vec(),
        leeway: Duration::ZERO,
        refresh: Duration::from_secs(60),
        stale_if_error: Duration::ZERO,
    };
    let source = Arc::new(Keys(jwks.to_string()));
    let clock = Arc::new(ManualClock::new(NOW_MS));
    (JwtVerifier::new(settings, source, clock), key)
}

fn signed(key: &Ed25519KeyPair, header: &[u8], claims: &[u8]) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let content = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(content.as_bytes()));
    format!("{content}.{signature}")
}

fn good(key: &Ed25519KeyPair) -> String {
    let claims = json!({ "iss": "i", "aud": "a", "sub": "ana", "exp": NOW_MS / 1_000 + 1 });
    signed(key, b"{\"alg\":\"EdDSA\"}", claims.to_string().as_bytes())
}

fn subject(verifier: &JwtVerifier, token: &str) -> Result<String, AuthError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(verifier.subject(token))
}

fn refused(verifier: &JwtVerifier, token: &str) -> bool {
    matches!(subject(verifier, token), Err(AuthError::TokenRefused(_)))
}

#[test]
fn what_was_signed_is_taken() {
    let (verifier, key) = issuer();
    assert_eq!(subject(&verifier, &good(&key)).unwrap(), "ana");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn text_is_refused(token in "[ -~]{0,200}|([a-zA-Z0-9_-]{0,40}[.]){0,6}|\\PC{0,40}") {
        prop_assert!(refused(&issuer().0, &token));
    }

    #[test]
    fn signed_nonsense_is_refused(
        header in prop_oneof![
            Just(b"{\"alg\":\"EdDSA\"}".to_vec()),
            prop::collection::vec(any::<u8>(), 0..60),
        ],
        claims in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[\\[{\"a-z:,0-9}\\]]{0,60}".prop_map(String::into_bytes),
        ],
    ) {
        let (verifier, key) = issuer();
        prop_assert!(refused(&verifier, &signed(&key, &header, &claims)));
    }

    #[test]
    fn a_letter_that_is_another_is_refused(at in any::<prop::sample::Index>(), with in "[ -~]") {
        let (verifier, key) = issuer();
        let token = good(&key);
        let at = at.index(token.len());
        let mut other = token.clone();
        other.replace_range(at..=at, &with);
        prop_assert_eq!(refused(&verifier, &other), other != token);
    }

    #[test]
    fn a_part_of_one_is_refused(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let (verifier, key) = issuer();
        let token = good(&key);
        let (from, to) = (from.index(token.len()), to.index(token.len()));
        prop_assert!(refused(&verifier, token.get(from..to).unwrap_or_default()));
    }
}
