//! What wallets sign, checked by Sui's rules.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_sui::{PersonalSignatureError, ZkLoginKeys, verify_personal_message};
use vigia_web::{SignedMessage, WalletError, WalletVerifier};

use crate::zklogin::ZkLoginIssuers;

/// Checks signatures of every scheme.
pub struct SuiWallets {
    issuers: Arc<ZkLoginIssuers>,
}

impl SuiWallets {
    /// Checks zkLogin by the keys of these issuers; without any it is refused.
    pub fn new(issuers: ZkLoginIssuers) -> Self {
        Self {
            issuers: Arc::new(issuers),
        }
    }
}

#[async_trait]
impl WalletVerifier for SuiWallets {
    async fn verify(&self, signed: SignedMessage) -> Result<(), WalletError> {
        let signed = Arc::new(signed);
        match checked(&signed, None).await {
            Err(PersonalSignatureError::ZkLoginUnavailable) => {}
            other => return other.map_err(wrong),
        }
        let (keys, are_all) = self.keys(&signed).await?;
        match checked(&signed, Some(keys)).await {
            // It may be right by a key that is not known.
            Err(PersonalSignatureError::Wrong) if !are_all => {
                Err(unavailable("zkLogin cannot be checked here at the moment"))
            }
            other => other.map_err(wrong),
        }
    }
}

impl SuiWallets {
    /// What zkLogin is checked with, and whether that is all; why there is nothing is told to whoever signs.
    async fn keys(&self, signed: &SignedMessage) -> Result<(ZkLoginKeys, bool), WalletError> {
        if self.issuers.are_none() {
            return Err(unavailable(
                "zkLogin is not set up here: its operator has to set web.zklogin_issuers",
            ));
        }
        let epoch = signed
            .epoch
            .ok_or_else(|| unavailable("the epoch of the chain is not known yet"))?;
        let (keys, are_all) = self.issuers.keys().await;
        let keys = ZkLoginKeys {
            keys,
            epoch,
            // Proofs for development are made by anybody: only a chain that is no public one takes them.
            is_development: signed.chain.name().is_none(),
        };
        Ok((keys, are_all))
    }
}

/// Away from the threads that answer: it takes milliseconds.
async fn checked(
    signed: &Arc<SignedMessage>,
    keys: Option<ZkLoginKeys>,
) -> Result<(), PersonalSignatureError> {
    let signed = Arc::clone(signed);
    let checking = tokio::task::spawn_blocking(move || {
        let message = signed.message.as_bytes();
        verify_personal_message(message, &signed.signature, &signed.address, keys)
    });
    checking
        .await
        .unwrap_or(Err(PersonalSignatureError::Malformed))
}

fn wrong(error: PersonalSignatureError) -> WalletError {
    WalletError::Wrong(error.to_string())
}

fn unavailable(why: &str) -> WalletError {
    WalletError::Unavailable(why.to_owned())
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
        let clock = Arc::new(vigia_core::SystemClock);
        let issuers = ZkLoginIssuers::new(file.map(|_| path), [].into(), clock);
        let verifier = SuiWallets::new(issuers);
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
            (None, signed(Some(10)), "web.zklogin_issuers"),
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
