//! An issuer of tokens under test: keys of each kind, tokens signed as wanted, and a key set that can fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use vigia_web::{JwksError, JwksSource};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "app";
/// A key made for tests, of nobody.
const RSA_KEY: &str = include_str!("../../../../vigia-notify/tests/it/keys/test_rsa.pem");

/// A private key, and how tokens signed by it say so.
pub(crate) enum Key {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    pub(crate) fn rsa() -> Self {
        let lines = RSA_KEY.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).unwrap()))
    }

    pub(crate) fn p256() -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(kind, der.as_ref(), &random).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// The public key as a JSON Web Key.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        let mut key = match self {
            Self::Rsa(key) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "n": encode(&parts.n), "e": encode(&parts.e) })
            }
            Self::P256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
            Self::Ed25519(key) => {
                let x = encode(key.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
            }
        };
        key["kid"] = json!(id);
        key["use"] = json!("sig");
        key
    }

    pub(crate) fn sign(&self, content: &str) -> Vec<u8> {
        let (content, random) = (content.as_bytes(), SystemRandom::new());
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, content, &mut signature);
                signed.unwrap();
                signature
            }
            Self::P256(key) => key.sign(&random, content).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(content).as_ref().to_vec(),
        }
    }

    /// A token of this header and these claims.
    pub(crate) fn token_of(&self, header: &Value, claims: &Value) -> String {
        let content = content(header, claims);
        format!("{content}.{}", encode(&self.sign(&content)))
    }

    pub(crate) fn token(&self, id: &str, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "kid": id, "typ": "JWT" });
        self.token_of(&header, claims)
    }
}

pub(crate) fn content(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| encode(part.to_string().as_bytes()));
    format!("{header}.{claims}")
}

/// A token "signed" by a secret, HS256.
pub(crate) fn shared_secret_token(secret: &[u8], header: &Value, claims: &Value) -> String {
    let content = content(header, claims);
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret),
        content.as_bytes(),
    );
    format!("{content}.{}", encode(tag.as_ref()))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key set as it is published now, and how often it was asked for.
#[derive(Default)]
pub(crate) struct Published {
    keys: Mutex<Option<Vec<Value>>>,
    asked: AtomicUsize,
    came: tokio::sync::Notify,
}

impl Published {
    pub(crate) fn new(keys: Vec<Value>) -> Arc<Self> {
        let published = Arc::<Self>::default();
        published.set(Some(keys));
        published
    }

    /// Publishes these; none: it cannot be had.
    pub(crate) fn set(&self, keys: Option<Vec<Value>>) {
        *self.keys.lock().unwrap() = keys;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked for so often.
    pub(crate) async fn asked_times(&self, times: usize) {
        while self.asked() < times {
            self.came.notified().await;
        }
    }
}

#[async_trait]
impl JwksSource for Published {
    async fn jwks(&self) -> Result<Vec<u8>, JwksError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.came.notify_one();
        match &*self.keys.lock().unwrap() {
            Some(keys) => Ok(json!({ "keys": keys }).to_string().into_bytes()),
            None => Err(JwksError::Unreachable("nobody answers".into())),
        }
    }
}
