//! What wallets sign, checked by Sui's rules.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use async_trait::async_trait;
use serde::Deserialize;
use sui_sdk_types::{Jwk, JwkId};
use vigia_sui::{PersonalSignatureError, ZkLoginKeys, verify_personal_message};
use vigia_web::{SignedMessage, WalletError, WalletVerifier};

/// Largest file of zkLogin's keys in bytes (I-13).
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Checks signatures of every scheme; those of zkLogin by keys that are in a file.
pub struct SuiWallets {
    zklogin_keys: Option<PathBuf>,
}

/// The keys of an identity provider.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<ProviderKey>,
}

/// A key as providers publish it (RFC 7517).
#[derive(Deserialize)]
struct ProviderKey {
    kid: String,
    kty: String,
    e: String,
    n: String,
    #[serde(default = "rs256")]
    alg: String,
}

fn rs256() -> String {
    "RS256".to_owned()
}

impl SuiWallets {
    /// Checks zkLogin by the keys in this file; without one it is refused.
    pub fn new(zklogin_keys: Option<PathBuf>) -> Self {
        Self { zklogin_keys }
    }
}

#[async_trait]
impl WalletVerifier for SuiWallets {
    async fn verify(&self, signed: SignedMessage) -> Result<(), WalletError> {
        let file = self.zklogin_keys.clone();
        let checking = tokio::task::spawn_blocking(move || check(&signed, file.as_deref()));
        let checked = checking.await;
        checked.unwrap_or_else(|error| Err(WalletError::Wrong(error.to_string())))
    }
}

fn check(signed: &SignedMessage, file: Option<&Path>) -> Result<(), WalletError> {
    let checked = |keys| {
        let message = signed.message.as_bytes();
        verify_personal_message(message, &signed.signature, &signed.address, keys)
    };
    match checked(None) {
        Err(PersonalSignatureError::ZkLoginUnavailable) => {
            let keys = keys(signed, file)?;
            checked(Some(keys)).map_err(|error| WalletError::Wrong(error.to_string()))
        }
        Err(error) => Err(WalletError::Wrong(error.to_string())),
        Ok(()) => Ok(()),
    }
}

/// What zkLogin is checked with; why there is nothing is told to whoever signs.
fn keys(signed: &SignedMessage, file: Option<&Path>) -> Result<ZkLoginKeys, WalletError> {
    let unavailable = |why: &str| WalletError::Unavailable(why.to_owned());
    let file = file.ok_or_else(|| {
        unavailable("zkLogin is not set up here: its operator has to set web.zklogin_keys_file")
    })?;
    let epoch = signed
        .epoch
        .ok_or_else(|| unavailable("the epoch of the chain is not known yet"))?;
    let keys = read(file).map_err(|error| {
        tracing::error!(error = &*error, "no zkLogin signature can be checked");
        unavailable("zkLogin cannot be checked here at the moment")
    })?;
    Ok(ZkLoginKeys {
        keys,
        epoch,
        // Proofs for development are made by anybody: only a chain that is no public one takes them.
        is_development: signed.chain.name().is_none(),
    })
}

fn read(file: &Path) -> anyhow::Result<HashMap<JwkId, Jwk>> {
    let name = file.display();
    let bytes = std::fs::metadata(file)
        .with_context(|| format!("cannot read {name}"))?
        .len();
    anyhow::ensure!(
        bytes <= FILE_BYTES_MAX,
        "{name} has {bytes} bytes; at most {FILE_BYTES_MAX} are read"
    );
    let text = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
    let providers: BTreeMap<String, Jwks> = serde_json::from_slice(&text).with_context(|| {
        format!("{name} is not JSON of key sets by issuer, {{\"ISSUER\": {{\"keys\": [...]}}}}")
    })?;
    let of_provider = |(iss, jwks): (String, Jwks)| {
        jwks.keys.into_iter().map(move |key| {
            let ProviderKey {
                kid,
                kty,
                e,
                n,
                alg,
            } = key;
            let iss = iss.clone();
            (JwkId { iss, kid }, Jwk { kty, e, n, alg })
        })
    };
    Ok(providers.into_iter().flat_map(of_provider).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sui_crypto::Signer as _;
    use sui_crypto::ed25519::Ed25519PrivateKey;
    use sui_sdk_types::{PersonalMessage, UserSignature, ZkLoginAuthenticator};
    use vigia_core::{ChainId, Digest};

    use super::*;

    /// A proof for development, and the key of its session.
    const ZKLOGIN: &str = include_str!("../../vigia-sui/tests/it/zklogin.json");
    const SESSION_KEY: [u8; 32] = [
        155, 244, 154, 106, 7, 85, 249, 83, 129, 31, 206, 18, 95, 38, 131, 213, 4, 41, 195, 187,
        73, 224, 116, 20, 126, 0, 137, 165, 46, 174, 21, 95,
    ];

    fn vector() -> Value {
        serde_json::from_str(ZKLOGIN).unwrap()
    }

    fn signed(epoch: Option<u64>) -> SignedMessage {
        let message = PersonalMessage(b"sign in".into());
        let signature = Ed25519PrivateKey::new(SESSION_KEY).sign(&message.signing_digest());
        let signature = UserSignature::ZkLogin(Box::new(ZkLoginAuthenticator {
            inputs: serde_json::from_value(vector()["inputs"].clone()).unwrap(),
            max_epoch: 10,
            signature,
        }));
        SignedMessage {
            message: "sign in".to_owned(),
            address: signature.derive_address(),
            signature: signature.to_base64(),
            chain: ChainId(Digest::new([5; 32])),
            epoch,
        }
    }

    /// What is said of a signature by zkLogin where this is in the file of keys.
    async fn said(file: Option<&str>, signed: SignedMessage) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        let verifier = SuiWallets::new(file.map(|_| path));
        let verified = verifier.verify(signed).await;
        verified.map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn zklogin_is_checked_by_the_keys_of_a_file() {
        let vector = vector();
        let issuer = vector["issuer"].as_str().unwrap();
        let keys = json!({ issuer: { "keys": [vector["jwk"]] } }).to_string();
        assert_eq!(said(Some(&keys), signed(Some(10))).await, Ok(()));
        let mainnet = SignedMessage {
            chain: "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"
                .parse()
                .unwrap(),
            ..signed(Some(10))
        };
        assert_eq!(mainnet.chain.name(), Some("mainnet"));
        for (file, signed, why) in [
            (None, signed(Some(10)), "web.zklogin_keys_file"),
            (Some(&*keys), signed(None), "the epoch"),
            (Some(&*keys), signed(Some(11)), "ended with epoch 10"),
            (Some("{}"), signed(Some(10)), "Wrong"),
            (Some("[]"), signed(Some(10)), "at the moment"),
            (Some(&*keys), mainnet, "Wrong"),
        ] {
            let error = said(file, signed).await.unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
