//! Signed tokens (RFC 7519) as providers of push want them: RS256 for Google, ES256 for Apple and Web Push. Only made,
//! never read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::Value;

/// A token signed by an RSA key; none if the system gives no random numbers.
pub(super) fn rs256(header: &Value, claims: &Value, key: &RsaKeyPair) -> Option<String> {
    let content = content(header, claims);
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(
        &RSA_PKCS1_SHA256,
        &random,
        content.as_bytes(),
        &mut signature,
    )
    .ok()?;
    Some(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A token signed by a key on P-256.
pub(super) fn es256(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let content = content(header, claims);
    let signature: Signature = key.sign(content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn content(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}
