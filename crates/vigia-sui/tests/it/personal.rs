//! Personal messages, signed by every scheme that addresses of Sui have.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sui_crypto::ed25519::Ed25519PrivateKey;
use sui_crypto::multisig::MultisigAggregator;
use sui_crypto::secp256k1::Secp256k1PrivateKey;
use sui_crypto::secp256r1::Secp256r1PrivateKey;
use sui_crypto::{Signer, SuiSigner};
use sui_sdk_types::{
    Address, JwkId, MultisigAggregatedSignature, MultisigCommittee, MultisigMember,
    MultisigMemberPublicKey, MultisigMemberSignature, PasskeyAuthenticator, PersonalMessage,
    SimpleSignature, UserSignature, ZkLoginAuthenticator,
};
use vigia_sui::{PersonalSignatureError as Wrong, ZkLoginKeys, verify_personal_message};

const MESSAGE: &[u8] = b"vigia.example wants you to sign in";
/// A proof for development, of the tests of sui-crypto, and the key of its session.
const ZKLOGIN: &str = include_str!("zklogin.json");
const SESSION_KEY: [u8; 32] = [
    155, 244, 154, 106, 7, 85, 249, 83, 129, 31, 206, 18, 95, 38, 131, 213, 4, 41, 195, 187, 73,
    224, 116, 20, 126, 0, 137, 165, 46, 174, 21, 95,
];

fn message() -> PersonalMessage<'static> {
    PersonalMessage(MESSAGE.into())
}

fn ed25519() -> Ed25519PrivateKey {
    Ed25519PrivateKey::new([1; 32])
}

fn secp256k1() -> Secp256k1PrivateKey {
    Secp256k1PrivateKey::new([2; 32]).unwrap()
}

fn secp256r1() -> Secp256r1PrivateKey {
    Secp256r1PrivateKey::new([3; 32])
}

fn signed(signer: &impl SuiSigner) -> UserSignature {
    signer.sign_personal_message(&message()).unwrap()
}

/// Two of three, one of each plain scheme.
fn multisig() -> UserSignature {
    let keys = [
        MultisigMemberPublicKey::Ed25519(ed25519().public_key()),
        MultisigMemberPublicKey::Secp256k1(secp256k1().public_key()),
        MultisigMemberPublicKey::Secp256r1(secp256r1().public_key()),
    ];
    let members = keys.map(|key| MultisigMember::new(key, 1)).to_vec();
    let committee = MultisigCommittee::new(members, 2);
    let mut aggregator = MultisigAggregator::new_with_message(committee, &message());
    aggregator.add_signature(signed(&secp256k1())).unwrap();
    aggregator.add_signature(signed(&secp256r1())).unwrap();
    UserSignature::Multisig(aggregator.finish().unwrap())
}

/// What an authenticator of `WebAuthn` makes of a challenge.
fn passkey(challenge: &[u8]) -> UserSignature {
    let client = json!({
        "type": "webauthn.get",
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "origin": "https://wallet.example",
    })
    .to_string();
    let data = vec![7; 37];
    let content = [&*data, &*Sha256::digest(client.as_bytes())].concat();
    let signature: SimpleSignature = secp256r1().try_sign(&content).unwrap();
    UserSignature::Passkey(PasskeyAuthenticator::new(data, client, signature).unwrap())
}

fn zklogin() -> UserSignature {
    let vector: Value = serde_json::from_str(ZKLOGIN).unwrap();
    let signature = Ed25519PrivateKey::new(SESSION_KEY).sign(&message().signing_digest());
    UserSignature::ZkLogin(Box::new(ZkLoginAuthenticator {
        inputs: serde_json::from_value(vector["inputs"].clone()).unwrap(),
        max_epoch: vector["max_epoch"].as_u64().unwrap(),
        signature,
    }))
}

fn keys(epoch: u64) -> ZkLoginKeys {
    let vector: Value = serde_json::from_str(ZKLOGIN).unwrap();
    let id = JwkId {
        iss: vector["issuer"].as_str().unwrap().to_owned(),
        kid: "1".to_owned(),
    };
    let key = serde_json::from_value(vector["jwk"].clone()).unwrap();
    ZkLoginKeys {
        keys: HashMap::from([(id, key)]),
        epoch,
        is_development: true,
    }
}

fn check(message: &[u8], signature: &UserSignature, address: &Address) -> Result<(), Wrong> {
    verify_personal_message(message, &signature.to_base64(), address, Some(keys(10)))
}

fn every_scheme() -> Vec<UserSignature> {
    vec![
        signed(&ed25519()),
        signed(&secp256k1()),
        signed(&secp256r1()),
        multisig(),
        passkey(&message().signing_digest()),
        zklogin(),
    ]
}

#[test]
fn every_scheme_shows_its_own_address_alone() {
    let all = every_scheme();
    for signature in &all {
        let (scheme, address) = (signature.scheme(), signature.derive_address());
        assert_eq!(check(MESSAGE, signature, &address), Ok(()), "{scheme:?}");
        let other = check(b"another message", signature, &address);
        assert_eq!(other, Err(Wrong::Wrong), "{scheme:?}");
        for other in all.iter().filter(|other| other.scheme() != scheme) {
            let refused = check(MESSAGE, signature, &other.derive_address());
            assert_eq!(refused, Err(Wrong::OtherAddress), "{scheme:?}");
        }
    }
    let bare = passkey(MESSAGE);
    let refused = check(MESSAGE, &bare, &bare.derive_address());
    assert_eq!(refused, Err(Wrong::Wrong), "the digest is the challenge");
}

#[test]
fn a_multisig_has_to_reach_its_threshold() {
    let UserSignature::Multisig(whole) = multisig() else {
        unreachable!("a multisig");
    };
    let first = whole.signatures()[..1].to_vec();
    let fewer = MultisigAggregatedSignature::new(whole.committee().clone(), first, 0b010);
    let fewer = UserSignature::Multisig(fewer);
    let refused = check(MESSAGE, &fewer, &fewer.derive_address());
    assert_eq!(refused, Err(Wrong::Wrong));
}

#[test]
fn zklogin_needs_keys_and_an_epoch_in_time() {
    let signature = zklogin();
    let (address, text) = (signature.derive_address(), signature.to_base64());
    let verify = |keys| verify_personal_message(MESSAGE, &text, &address, keys);
    assert_eq!(verify(None), Err(Wrong::ZkLoginUnavailable));
    assert_eq!(verify(Some(keys(0))), Ok(()));
    assert_eq!(verify(Some(keys(10))), Ok(()), "its last epoch");
    let (max_epoch, epoch) = (10, 11);
    let ended = Wrong::Ended { max_epoch, epoch };
    assert_eq!(verify(Some(keys(11))), Err(ended));
    let mut without = keys(10);
    without.keys.clear();
    assert_eq!(verify(Some(without)), Err(Wrong::Wrong));
    let mut public = keys(10);
    public.is_development = false;
    let refused = verify(Some(public));
    assert_eq!(refused, Err(Wrong::Wrong), "a proof for development");
    // The older address of the same identity counts too.
    for address in signature.derive_addresses() {
        assert_eq!(check(MESSAGE, &signature, &address), Ok(()));
    }
}

#[test]
fn zklogin_within_a_multisig_ends_too() {
    let UserSignature::ZkLogin(session) = zklogin() else {
        unreachable!("zkLogin");
    };
    let key = MultisigMemberPublicKey::ZkLogin(session.inputs.public_identifier().clone());
    let committee = MultisigCommittee::new(vec![MultisigMember::new(key, 1)], 1);
    let member = MultisigMemberSignature::ZkLogin(session);
    let whole = MultisigAggregatedSignature::new(committee, vec![member], 1);
    let signature = UserSignature::Multisig(whole);
    let (address, text) = (signature.derive_address(), signature.to_base64());
    let verify = |keys| verify_personal_message(MESSAGE, &text, &address, keys);
    assert_eq!(verify(Some(keys(10))), Ok(()));
    assert_eq!(verify(None), Err(Wrong::ZkLoginUnavailable));
    assert!(matches!(verify(Some(keys(11))), Err(Wrong::Ended { .. })));
}

#[test]
fn what_is_no_signature_is_refused() {
    let address = Address::new([0; 32]);
    for text in ["", "AA==", "?", "BQ==", "/w==", &"A".repeat(40_000)] {
        let refused = verify_personal_message(MESSAGE, text, &address, Some(keys(10)));
        assert_eq!(refused, Err(Wrong::Malformed), "{text:.10}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// In whatever bit it differs, a signature is not that of the address any more.
    #[test]
    fn a_bit_that_is_flipped_is_refused(at in any::<prop::sample::Index>(), bit in 0..8) {
        for signature in every_scheme() {
            let address = signature.derive_address();
            let mut bytes = signature.to_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            let text = STANDARD.encode(&bytes);
            let refused = verify_personal_message(MESSAGE, &text, &address, Some(keys(10)));
            prop_assert!(refused.is_err(), "{:?}, byte {at}", signature.scheme());
        }
    }

    #[test]
    fn bytes_are_refused(flag in 0..7_u8, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = STANDARD.encode([&[flag], &*bytes].concat());
        let address = Address::new([0; 32]);
        prop_assert!(verify_personal_message(MESSAGE, &text, &address, Some(keys(10))).is_err());
    }
}
