//! Whether an address signed a personal message: by any of Sui's schemes, and without asking anybody.
//!
//! The address is derived from what the signature says it was made with, and compared with the one that is claimed.
//! zkLogin rests on keys of its identity providers and on the epoch as well; both are handed in.

use std::borrow::Cow;
use std::collections::HashMap;

use sui_crypto::zklogin::ZkloginVerifier;
use sui_crypto::{UserSignatureVerifier, Verifier};
use sui_sdk_types::{
    Address, Jwk, JwkId, MultisigMemberSignature, PersonalMessage, UserSignature,
    ZkLoginAuthenticator,
};

/// Longest signature in letters of base64 (I-13): ten members of a multisig with zkLogin each.
const SIGNATURE_LETTERS_MAX: usize = 32 * 1024;

/// What zkLogin signatures are checked with.
#[derive(Clone, Debug, PartialEq)]
pub struct ZkLoginKeys {
    /// Keys of identity providers, by issuer and key id.
    pub keys: HashMap<JwkId, Jwk>,
    /// The epoch now: a signature names the last one in which it counts.
    pub epoch: u64,
    /// Whether the chain is one for development, whose proofs are made with other parameters.
    pub is_development: bool,
}

/// Why a signature does not show that an address is one's own.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PersonalSignatureError {
    /// It is no signature.
    #[error("this is not a signature of Sui in base64")]
    Malformed,
    /// It is of another address.
    #[error("the signature is of another address")]
    OtherAddress,
    /// It is of another message, or of nobody.
    #[error("the signature does not sign this message")]
    Wrong,
    /// zkLogin ended before this epoch.
    #[error("the zkLogin session ended with epoch {max_epoch}; now is epoch {epoch}")]
    Ended {
        /// The last epoch.
        max_epoch: u64,
        /// The epoch now.
        epoch: u64,
    },
    /// zkLogin cannot be checked here.
    #[error("zkLogin signatures cannot be checked here")]
    ZkLoginUnavailable,
}

/// Whether `signature`, base64 as wallets give it, is `address`'s over `message`. Without `zklogin` signatures that
/// need it are refused. Takes milliseconds of a processor.
pub fn verify_personal_message(
    message: &[u8],
    signature: &str,
    address: &Address,
    zklogin: Option<ZkLoginKeys>,
) -> Result<(), PersonalSignatureError> {
    if signature.len() > SIGNATURE_LETTERS_MAX {
        return Err(PersonalSignatureError::Malformed);
    }
    let signature = UserSignature::from_base64(signature);
    let signature = signature.map_err(|_| PersonalSignatureError::Malformed)?;
    // zkLogin has two for one identity: an older one without padding.
    if !signature
        .derive_addresses()
        .any(|derived| derived == *address)
    {
        return Err(PersonalSignatureError::OtherAddress);
    }
    let mut verifier = UserSignatureVerifier::new();
    let sessions = zklogin_sessions(&signature);
    if !sessions.is_empty() {
        let zklogin = zklogin.ok_or(PersonalSignatureError::ZkLoginUnavailable)?;
        for session in sessions {
            let (max_epoch, epoch) = (session.max_epoch, zklogin.epoch);
            if max_epoch < epoch {
                return Err(PersonalSignatureError::Ended { max_epoch, epoch });
            }
        }
        verifier.with_zklogin_verifier(zklogin.verifier());
    }
    let digest = PersonalMessage(Cow::Borrowed(message)).signing_digest();
    let verified = verifier.verify(&digest, &signature);
    verified.map_err(|_| PersonalSignatureError::Wrong)
}

impl ZkLoginKeys {
    fn verifier(self) -> ZkloginVerifier {
        let mut verifier = match self.is_development {
            true => ZkloginVerifier::new_dev(),
            false => ZkloginVerifier::new_mainnet(),
        };
        *verifier.jwks_mut() = self.keys;
        verifier
    }
}

/// The zkLogin sessions that a signature rests on: its own, or those of a multisig's members.
fn zklogin_sessions(signature: &UserSignature) -> Vec<&ZkLoginAuthenticator> {
    match signature {
        UserSignature::ZkLogin(zklogin) => vec![&**zklogin],
        UserSignature::Multisig(multisig) => {
            let members = multisig.signatures().iter();
            members.filter_map(member_session).collect()
        }
        _ => Vec::new(),
    }
}

fn member_session(signature: &MultisigMemberSignature) -> Option<&ZkLoginAuthenticator> {
    match signature {
        MultisigMemberSignature::ZkLogin(zklogin) => Some(zklogin),
        _ => None,
    }
}
