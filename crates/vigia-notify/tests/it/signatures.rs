//! Signatures verify with libraries of others: the crate `standardwebhooks`, `ed25519-dalek`, and in Python the packages
//! `standardwebhooks`, `svix` and `cryptography`.
//!
//! The crate `svix` is not here: it builds only with a TLS library of its own, OpenSSL or aws-lc, which the house has
//! banned. The package of the same makers stands in for it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use http::HeaderMap;
use serde_json::json;
use vigia_core::{Clock, SystemClock};
use vigia_notify::{MessageId, SigningKey, SigningKeys, WebhookHeaders, webhook_headers};

use crate::oracle;

const BODY: &str = r#"{"kind":"SEND_RECEIVED","amount":"5000000","who":"Ñandú"}"#;

/// A message that keys sign now, since the libraries look at the time of day.
fn signed(keys: &[&SigningKey]) -> WebhookHeaders {
    let copies = keys
        .iter()
        .map(|key| SigningKey::parse(&key.secret_text()).unwrap());
    webhook_headers(
        &MessageId::new("00f3a1b2c3d4e5f60718293a4b5c6d7e").unwrap(),
        SystemClock.now_ms(),
        BODY.as_bytes(),
        &SigningKeys::new(copies.collect()).unwrap(),
    )
}

fn as_map(headers: &WebhookHeaders) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert("webhook-id", headers.id.parse().unwrap());
    map.insert("webhook-timestamp", headers.timestamp.parse().unwrap());
    map.insert("webhook-signature", headers.signature.parse().unwrap());
    map
}

#[test]
fn during_a_rotation_receivers_verify_with_the_old_key_and_the_new() {
    let keys = [(); 3].map(|()| SigningKey::generate_hmac().unwrap());
    let [new, old, strange] = &keys;
    let headers = as_map(&signed(&[new, old]));
    let verifies = |key: &SigningKey, body: &str| {
        let webhook = standardwebhooks::Webhook::new(&key.secret_text()).unwrap();
        webhook.verify(body.as_bytes(), &headers).is_ok()
    };
    assert!(verifies(new, BODY));
    assert!(verifies(old, BODY));
    assert!(!verifies(strange, BODY));
    assert!(!verifies(new, &BODY.replace('5', "6")));
}

#[test]
fn receivers_verify_ed25519_with_the_public_key_alone() {
    let keys = [(); 2].map(|()| SigningKey::generate_ed25519().unwrap());
    let headers = signed(&[&keys[0], &keys[1]]);
    let content = format!("{}.{}.{BODY}", headers.id, headers.timestamp);
    let signatures: Vec<&str> = headers.signature.split(' ').collect();
    for (key, signature) in keys.iter().zip(signatures) {
        let public = key.public_text().unwrap();
        let public = STANDARD.decode(&public["whpk_".len()..]).unwrap();
        let public = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap());
        let signature = Signature::from_slice(&signature.unwrap()).unwrap();
        assert!(public.verify_strict(content.as_bytes(), &signature).is_ok());
        assert!(public.verify_strict(b"other", &signature).is_err());
    }
}

#[test]
fn libraries_in_python_verify_each_kind_among_the_others() {
    let hmac = [(); 2].map(|()| SigningKey::generate_hmac().unwrap());
    let ed25519 = [(); 2].map(|()| SigningKey::generate_ed25519().unwrap());
    let headers = signed(&[&ed25519[0], &hmac[0]]);
    let secret = |key: &SigningKey| key.secret_text().to_string();
    let public = |key: &SigningKey| key.public_text().unwrap();
    let given = json!({
        "headers": {
            "webhook-id": headers.id,
            "webhook-timestamp": headers.timestamp,
            "webhook-signature": headers.signature,
        },
        "body": BODY,
        "secrets": [secret(&hmac[0]), secret(&hmac[1])],
        "publics": [public(&ed25519[0]), public(&ed25519[1])],
    });
    let Some(verified) = oracle::ask("webhooks.py", &given) else {
        return;
    };
    let expected = json!([
        format!("standardwebhooks {}", secret(&hmac[0])),
        format!("svix {}", secret(&hmac[0])),
        format!("ed25519 {}", public(&ed25519[0])),
    ]);
    assert_eq!(verified, expected);
}
