//! The keys of an issuer: a JSON Web Key Set (RFC 7517), and what its keys signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::token::Token;
use super::{JWKS_BYTES_MAX, JWKS_KEYS_MAX, JwksError, JwtAlgorithm};

/// Keys of an issuer that check signatures.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    material: Material,
}

/// A public key; its kind says the one algorithm that it is for.
#[derive(Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point of P-256.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// A key as it is written; what is absent of what a kind needs makes it no key.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys of other kinds and for other ends are passed over (RFC 7517, section 5).
    pub(super) fn parse(text: &[u8]) -> Result<Self, JwksError> {
        if text.len() > JWKS_BYTES_MAX {
            return Err(JwksError::TooLarge);
        }
        let set: Jwks = serde_json::from_slice(text).map_err(JwksError::NoKeySet)?;
        if set.keys.len() > JWKS_KEYS_MAX {
            let found = set.keys.len();
            return Err(JwksError::TooManyKeys { found });
        }
        let keys: Vec<Key> = set.keys.into_iter().filter_map(key).collect();
        match keys.is_empty() {
            true => Err(JwksError::NoKeys),
            false => Ok(Self(keys)),
        }
    }

    /// Whether a token may be signed by one of these.
    pub(super) fn has(&self, key_id: Option<&str>) -> bool {
        self.named(key_id).next().is_some()
    }

    /// Whether one of these signed a token.
    pub(super) fn verify(&self, algorithm: JwtAlgorithm, token: &Token<'_>) -> bool {
        let content = token.content.as_bytes();
        self.named(token.key_id.as_deref())
            .any(|key| key.material.verify(algorithm, content, &token.signature))
    }

    /// The keys of a name. A token without one is of the only key; what might be of any is of none.
    fn named(&self, key_id: Option<&str>) -> impl Iterator<Item = &Key> {
        let is_only = self.0.len() == 1;
        self.0.iter().filter(move |key| match key_id {
            Some(_) => key.id.as_deref() == key_id,
            None => is_only,
        })
    }
}

impl Material {
    fn algorithm(&self) -> JwtAlgorithm {
        match self {
            Self::Rsa { .. } => JwtAlgorithm::Rs256,
            Self::P256(_) => JwtAlgorithm::Es256,
            Self::Ed25519(_) => JwtAlgorithm::EdDsa,
        }
    }

    fn verify(&self, algorithm: JwtAlgorithm, content: &[u8], signature: &[u8]) -> bool {
        if self.algorithm() != algorithm {
            return false;
        }
        let verified = match self {
            Self::Rsa { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, content, signature),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(content, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(content, signature),
        };
        verified.is_ok()
    }
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let signs = jwk
        .purpose
        .as_deref()
        .is_none_or(|purpose| purpose == "sig");
    let verifies = |ops: &Vec<String>| ops.iter().any(|op| op == "verify");
    if !signs || !jwk.key_ops.as_ref().is_none_or(verifies) {
        return None;
    }
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => Material::Rsa {
            modulus: number(jwk.n)?,
            exponent: number(jwk.e)?,
        },
        ("EC", Some("P-256")) => {
            let coordinates = [decode(jwk.x)?, decode(jwk.y)?];
            let fit = coordinates.iter().all(|part| part.len() == 32);
            // SEC 1, section 2.3.3: 4 for "not compressed".
            fit.then(|| Material::P256([&[4], &*coordinates.concat()].concat()))?
        }
        ("OKP", Some("Ed25519")) => Material::Ed25519(decode(jwk.x)?),
        _ => return None,
    };
    let named = jwk.alg.as_deref();
    let agrees = named.is_none_or(|named| named == material.algorithm().as_str());
    agrees.then_some(Key {
        id: jwk.kid,
        material,
    })
}

fn decode(part: Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part?).ok()
}

/// A number without the zeros that some put before it.
fn number(part: Option<String>) -> Option<Vec<u8>> {
    let bytes = decode(part)?;
    let begin = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[begin..].to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<usize, String> {
        let parsed = KeySet::parse(value.to_string().as_bytes());
        parsed
            .map(|set| set.0.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn keys_that_sign_are_kept() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        let with = |name: &str, value: Value| {
            let mut key = okp.clone();
            key[name] = value;
            json!({ "keys": [key] })
        };
        assert_eq!(
            parse(&json!({ "keys": [okp, { "kty": "oct", "k": "AA" }] })),
            Ok(1)
        );
        assert_eq!(parse(&with("use", json!("sig"))), Ok(1));
        assert_eq!(parse(&with("alg", json!("EdDSA"))), Ok(1));
        for other in [
            with("use", json!("enc")),
            with("alg", json!("ES256")),
            with("key_ops", json!(["sign"])),
            with("crv", json!("X25519")),
            with("x", json!("?")),
        ] {
            assert!(parse(&other).unwrap_err().contains("no key"), "{other}");
        }
        let short = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": "AA" });
        assert!(parse(&json!({ "keys": [short] })).is_err());
    }

    #[test]
    fn sets_have_limits() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let keys = |n: usize| {
            let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
            json!({ "keys": vec![key; n] })
        };
        assert_eq!(parse(&keys(JWKS_KEYS_MAX)), Ok(JWKS_KEYS_MAX));
        let many = parse(&keys(JWKS_KEYS_MAX + 1)).unwrap_err();
        assert!(many.contains("at most 100"), "{many}");
        assert!(KeySet::parse(&vec![b' '; JWKS_BYTES_MAX + 1]).is_err());
        for none in ["", "[]", "{\"keys\":{}}", "{\"keys\":[1,null]}"] {
            assert!(KeySet::parse(none.as_bytes()).is_err(), "{none}");
        }
    }
}
