//! The committee of one epoch.

use std::cmp::Ordering;
use std::sync::Arc;

use sui_crypto::Verifier as _;
use sui_crypto::bls12381::{Bls12381VerifyingKey, ValidatorCommitteeSignatureVerifier};
use sui_sdk_types::{ValidatorCommittee, ValidatorCommitteeMember};
use vigia_core::Digest;

use super::{CertifiedSummary, TrustError};
use crate::integrity::digest_of;

/// What the stakes of a committee sum to: they are voting powers, in hundredths of a percent.
const STAKE_TOTAL: u64 = 10_000;
/// More than two thirds of it, as Sui rounds.
const QUORUM: u64 = (STAKE_TOTAL - 1) / 3 * 2 + 1;

/// A committee that can be one: its members are there, once each, in the order of their keys, and their
/// stakes sum up. Clones share it.
#[derive(Clone, Debug)]
pub struct Committee(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    committee: ValidatorCommittee,
    digest: Digest,
}

/// A committee's validated keys. To validate a hundred keys takes as long as ten signatures, and they
/// take several times the space of the committee.
#[derive(Debug)]
pub(super) struct Verifier(ValidatorCommitteeSignatureVerifier);

impl Verifier {
    /// Checks that those who are said to have signed a summary did.
    fn check(&self, certified: &CertifiedSummary) -> Result<(), TrustError> {
        let summary = certified.summary();
        let checked = self
            .0
            .verify(&certified.signed_message(), certified.signature());
        checked.map_err(|error| TrustError::WrongSignature {
            sequence: summary.sequence_number,
            epoch: summary.epoch,
            problem: error.to_string(),
        })
    }
}

/// Digest of a committee, as a trust root is pinned by: blake2b-256 over `ValidatorCommittee::` and the
/// BCS of the committee (epoch, then its members in the order of their public keys, each with its
/// key of 96 bytes and its stake).
pub fn committee_digest(committee: &ValidatorCommittee) -> Digest {
    let bytes = bcs::to_bytes(committee).expect("plain values have BCS");
    digest_of("ValidatorCommittee", &bytes)
}

impl Committee {
    /// Takes a committee, its members in any order: positions of signers are by key, as in Sui.
    pub fn new(epoch: u64, members: Vec<ValidatorCommitteeMember>) -> Result<Self, TrustError> {
        let mut members = members;
        members.sort_by(by_key);
        check(&members).map_err(|problem| TrustError::NoCommittee { epoch, problem })?;
        let committee = ValidatorCommittee { epoch, members };
        Ok(Self(Arc::new(Inner {
            digest: committee_digest(&committee),
            committee,
        })))
    }

    /// Reads the BCS of a `ValidatorCommittee`.
    pub fn from_bcs(bytes: &[u8]) -> Result<Self, TrustError> {
        let unreadable = |problem: String| TrustError::Unreadable {
            what: "committee",
            problem,
        };
        let committee: ValidatorCommittee =
            bcs::from_bytes(bytes).map_err(|error| unreadable(error.to_string()))?;
        Self::new(committee.epoch, committee.members)
    }

    /// The BCS of the `ValidatorCommittee`, for storage.
    pub fn to_bcs(&self) -> Vec<u8> {
        bcs::to_bytes(&self.0.committee).expect("plain values have BCS")
    }

    /// As the SDK has it.
    pub fn as_sdk(&self) -> &ValidatorCommittee {
        &self.0.committee
    }

    /// Its epoch.
    pub fn epoch(&self) -> u64 {
        self.0.committee.epoch
    }

    /// Its members, in the order of their keys.
    pub fn members(&self) -> &[ValidatorCommitteeMember] {
        &self.0.committee.members
    }

    /// Its digest, as of [`committee_digest`].
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Checks that a quorum of it signed a summary.
    pub fn verify(&self, certified: &CertifiedSummary) -> Result<(), TrustError> {
        self.verify_with(certified, || self.verifier().map(Arc::new))
    }

    /// As `verify`, with keys that may be there already. They are asked for last.
    pub(super) fn verify_with(
        &self,
        certified: &CertifiedSummary,
        verifier: impl FnOnce() -> Result<Arc<Verifier>, TrustError>,
    ) -> Result<(), TrustError> {
        let summary = certified.summary();
        let (sequence, epoch) = (summary.sequence_number, summary.epoch);
        for signed in [certified.signature().epoch, self.epoch()] {
            if signed != epoch {
                return Err(TrustError::EpochMismatch {
                    sequence,
                    epoch,
                    signed,
                });
            }
        }
        self.check_quorum(certified)?;
        verifier()?.check(certified)
    }

    /// Validates its keys.
    pub(super) fn verifier(&self) -> Result<Verifier, TrustError> {
        let verifier = ValidatorCommitteeSignatureVerifier::new(self.0.committee.clone());
        verifier
            .map(Verifier)
            .map_err(|error| self.cannot_be(format!("one of its keys is none: {error}")))
    }

    /// Checks that its keys are keys.
    pub(super) fn check_keys(&self) -> Result<(), TrustError> {
        for (index, member) in self.members().iter().enumerate() {
            Bls12381VerifyingKey::new(&member.public_key).map_err(|error| {
                self.cannot_be(format!("the key of member {index} is none: {error}"))
            })?;
        }
        Ok(())
    }

    fn check_quorum(&self, certified: &CertifiedSummary) -> Result<(), TrustError> {
        let sequence = certified.summary().sequence_number;
        let members = self.members();
        let mut signed = 0;
        for signer in certified.signature().bitmap.iter() {
            let member = usize::try_from(signer).ok().and_then(|n| members.get(n));
            let member = member.ok_or(TrustError::NoSuchSigner {
                sequence,
                signer,
                members: members.len(),
            })?;
            signed += member.stake;
        }
        if signed < QUORUM {
            let quorum = QUORUM;
            return Err(TrustError::BelowQuorum {
                sequence,
                signed,
                quorum,
            });
        }
        Ok(())
    }

    fn cannot_be(&self, problem: String) -> TrustError {
        TrustError::NoCommittee {
            epoch: self.epoch(),
            problem,
        }
    }
}

impl PartialEq for Committee {
    fn eq(&self, other: &Self) -> bool {
        self.0.committee == other.0.committee
    }
}

impl Eq for Committee {}

fn by_key(a: &ValidatorCommitteeMember, b: &ValidatorCommitteeMember) -> Ordering {
    a.public_key.cmp(&b.public_key)
}

/// What Sui itself requires of a committee. Members are in the order of their keys.
fn check(members: &[ValidatorCommitteeMember]) -> Result<(), String> {
    if members.is_empty() {
        return Err("it has no members".to_owned());
    }
    let twice = members
        .windows(2)
        .find(|two| by_key(&two[0], &two[1]).is_eq());
    if let Some([member, _]) = twice {
        return Err(format!("it has member {} twice", member.public_key));
    }
    let sum = members
        .iter()
        .try_fold(0_u64, |sum, m| sum.checked_add(m.stake));
    match sum {
        Some(STAKE_TOTAL) => Ok(()),
        Some(sum) => Err(format!("its stakes sum to {sum}, not {STAKE_TOTAL}")),
        None => Err(format!("its stakes sum to more than {STAKE_TOTAL}")),
    }
}
