//! The validators: their keys, how they change each epoch, and their quorum's signature.

use sui_crypto::bls12381::Bls12381PrivateKey;
use sui_sdk_types::{
    Bitmap, CheckpointSummary, EpochId, ValidatorAggregatedSignature, ValidatorCommittee,
    ValidatorCommitteeMember,
};

use super::actors::derive_secret;

const VALIDATORS: u64 = 4;
/// Stakes of the seats. They sum to 10,000, and any three are a quorum.
const STAKES: [u64; 4] = [2_300, 2_450, 2_550, 2_700];

/// The committee of one epoch with the secrets of its members, in the order of their public keys.
pub(crate) struct Committee {
    epoch: EpochId,
    members: Vec<(Secret, ValidatorCommitteeMember)>,
}

type Secret = [u8; Bls12381PrivateKey::LENGTH];

impl Committee {
    /// Seat `s` gets a new key in every epoch `e` with `e % 4 == s`: one validator leaves, one joins.
    pub(crate) fn of_epoch(seed: u64, epoch: EpochId) -> Self {
        let mut members: Vec<_> = (0..VALIDATORS)
            .zip(0..)
            .map(|(seat, rank): (u64, usize)| {
                let age = (epoch + VALIDATORS - seat) % VALIDATORS;
                let joined = epoch.saturating_sub(age);
                // Seats trade stakes when the epoch changes, whoever sits on them.
                let stake = STAKES[(rank + usize::from(epoch % 2 == 1)) % STAKES.len()];
                validator(seed, seat, joined, stake)
            })
            .collect();
        members.sort_by_key(|(_, member)| member.public_key);
        Self { epoch, members }
    }

    pub(crate) fn public(&self) -> ValidatorCommittee {
        ValidatorCommittee {
            epoch: self.epoch,
            members: self.members.iter().map(|(_, m)| m.clone()).collect(),
        }
    }

    /// Signs with all but one member, in turn, which is always a quorum.
    ///
    /// An aggregate of BLS signatures over one message is the signature of the sum of the secrets.
    /// Signing once with that sum gives the same bytes as the aggregator for a twentieth of its
    /// time, most of which goes into verifying what we just signed.
    pub(crate) fn sign(&self, summary: &CheckpointSummary) -> ValidatorAggregatedSignature {
        let absent = summary.sequence_number % VALIDATORS;
        self.sign_with(summary, |index| u64::from(index) != absent)
    }

    /// Signs with one member alone: valid, and far from a quorum.
    pub(crate) fn sign_alone(&self, summary: &CheckpointSummary) -> ValidatorAggregatedSignature {
        self.sign_with(summary, |index| index == 0)
    }

    fn sign_with(
        &self,
        summary: &CheckpointSummary,
        signs: impl Fn(u32) -> bool,
    ) -> ValidatorAggregatedSignature {
        let mut bitmap = Bitmap::new();
        let mut sum = [0; Bls12381PrivateKey::LENGTH];
        for (index, (secret, _)) in (0_u32..).zip(&self.members) {
            if signs(index) {
                bitmap.insert(index);
                add_secret(&mut sum, secret);
            }
        }
        let key = Bls12381PrivateKey::new(sum).expect("a sum of four secrets below 2^252");
        ValidatorAggregatedSignature {
            epoch: self.epoch,
            signature: key.sign_checkpoint_summary(summary).signature,
            bitmap,
        }
    }
}

fn validator(seed: u64, seat: u64, joined: u64, stake: u64) -> (Secret, ValidatorCommitteeMember) {
    let mut secret = derive_secret(seed, &format!("validator {seat}"), joined);
    // Big-endian and below 2^252, so that four of them stay below the order of the group.
    secret[0] &= 0x0f;
    let public_key = Bls12381PrivateKey::new(secret)
        .expect("a secret below the order of the group")
        .public_key();
    (secret, ValidatorCommitteeMember { public_key, stake })
}

/// `sum += secret`, both big-endian; no reduction is needed for a handful of 252-bit numbers.
fn add_secret(sum: &mut Secret, secret: &Secret) {
    let mut carry = 0;
    for (a, b) in sum.iter_mut().zip(secret).rev() {
        let digit = u16::from(*a) + u16::from(*b) + carry;
        [_, *a] = digit.to_be_bytes();
        carry = digit >> 8;
    }
}

#[cfg(test)]
mod tests {
    use sui_crypto::bls12381::{
        ValidatorCommitteeSignatureAggregator, ValidatorCommitteeSignatureVerifier,
    };
    use sui_sdk_types::{Digest, GasCostSummary};

    use super::*;

    fn summary(epoch: EpochId, sequence_number: u64) -> CheckpointSummary {
        CheckpointSummary {
            epoch,
            sequence_number,
            network_total_transactions: 0,
            content_digest: Digest::ZERO,
            previous_digest: None,
            epoch_rolling_gas_cost_summary: GasCostSummary::default(),
            timestamp_ms: 0,
            checkpoint_commitments: vec![],
            end_of_epoch_data: None,
            version_specific_data: vec![],
        }
    }

    #[test]
    fn sum_of_secrets_signs_like_the_aggregator() {
        let committee = Committee::of_epoch(7, 3);
        let summary = summary(3, 5);
        let mut aggregator = ValidatorCommitteeSignatureAggregator::new_checkpoint_summary(
            committee.public(),
            &summary,
        )
        .unwrap();
        for (index, (secret, _)) in committee.members.iter().enumerate() {
            if index != 1 {
                let key = Bls12381PrivateKey::new(*secret).unwrap();
                aggregator
                    .add_signature(key.sign_checkpoint_summary(&summary))
                    .unwrap();
            }
        }
        assert_eq!(committee.sign(&summary), aggregator.finish().unwrap());
    }

    #[test]
    fn every_turn_is_a_quorum() {
        let committee = Committee::of_epoch(1, 0);
        let verifier = ValidatorCommitteeSignatureVerifier::new(committee.public()).unwrap();
        for sequence in 0..4 {
            let summary = summary(0, sequence);
            verifier
                .verify_checkpoint_summary(&summary, &committee.sign(&summary))
                .unwrap();
        }
    }

    #[test]
    fn one_key_changes_each_epoch() {
        for epoch in 1..9 {
            let keys = |epoch| {
                let public = Committee::of_epoch(1, epoch).public();
                public.members.into_iter().map(|m| m.public_key)
            };
            let before: Vec<_> = keys(epoch - 1).collect();
            let kept = keys(epoch).filter(|key| before.contains(key)).count();
            assert_eq!(kept, 3, "epoch {epoch}");
        }
    }
}
