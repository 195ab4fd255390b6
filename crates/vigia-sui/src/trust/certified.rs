//! A summary with its signature, as it came: nothing about it is proven yet.

use bytes::Bytes;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{
    CheckpointSummary, Intent, IntentAppId, IntentScope, IntentVersion, SignedCheckpointSummary,
    ValidatorAggregatedSignature,
};
use vigia_core::Digest;

use super::TrustError;
use crate::SourceError;
use crate::decode::{bcs_value, summary_from_proto};
use crate::integrity::digest_of;

/// Bytes that a set of signers may take; it takes two for each, and what is written as runs unfolds to
/// hundreds of times its size.
const SIGNERS_BYTES_MAX: usize = 4_096;

/// A summary and what is said to be its committee's signature.
#[derive(Clone, Debug)]
pub struct CertifiedSummary {
    bytes: Bytes,
    digest: Digest,
    summary: CheckpointSummary,
    signature: ValidatorAggregatedSignature,
}

impl CertifiedSummary {
    /// Field paths of `sui.rpc.v2.Checkpoint` that it takes.
    pub const MASK: [&'static str; 3] = ["sequence_number", "summary.bcs", "signature"];

    /// Takes summary and signature of a message.
    pub fn from_proto(message: &proto::Checkpoint) -> Result<Self, SourceError> {
        let (summary, header) = summary_from_proto(message)?;
        let sequence = header.sequence;
        let bytes = message.summary.as_ref().and_then(|s| s.bcs.as_ref());
        let bytes = bcs_value(bytes).cloned().unwrap_or_default();
        let sent = message.signature.as_ref();
        let sent = sent.ok_or(TrustError::Missing {
            sequence,
            what: "signature",
        })?;
        let signers = sent.bitmap.as_ref().map_or(0, |bitmap| bitmap.len());
        if signers > SIGNERS_BYTES_MAX {
            let problem =
                format!("its signers take {signers} bytes, more than {SIGNERS_BYTES_MAX}");
            return Err(unreadable("signature", problem).into());
        }
        let signature = ValidatorAggregatedSignature::try_from(sent);
        let signature = signature.map_err(|error| unreadable("signature", error))?;
        // Sets have many encodings, and the SDK takes them all.
        let again = proto::ValidatorAggregatedSignature::from(signature.clone());
        if again != *sent {
            let problem = "its signers are not written in the only form";
            return Err(unreadable("signature", problem).into());
        }
        Ok(Self {
            bytes,
            digest: header.digest,
            summary,
            signature,
        })
    }

    /// Reads the BCS of a `SignedCheckpointSummary`.
    pub fn from_bcs(bytes: &[u8]) -> Result<Self, TrustError> {
        let signed: SignedCheckpointSummary =
            bcs::from_bytes(bytes).map_err(|error| unreadable("certified summary", error))?;
        let certified = Self::new(signed);
        if certified.to_bcs() != bytes {
            let problem = "it is not written in the only form";
            return Err(unreadable("certified summary", problem));
        }
        Ok(certified)
    }

    /// Takes a decoded summary.
    pub fn new(signed: SignedCheckpointSummary) -> Self {
        let bytes = bcs::to_bytes(&signed.checkpoint).expect("plain values have BCS");
        Self {
            digest: digest_of("CheckpointSummary", &bytes),
            bytes: bytes.into(),
            summary: signed.checkpoint,
            signature: signed.signature,
        }
    }

    /// The BCS of a `SignedCheckpointSummary`, for storage.
    pub fn to_bcs(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        bcs::serialize_into(&mut bytes, &self.signature).expect("plain values have BCS");
        bytes
    }

    /// The summary, unproven.
    pub fn summary(&self) -> &CheckpointSummary {
        &self.summary
    }

    /// Digest of the summary's bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn signature(&self) -> &ValidatorAggregatedSignature {
        &self.signature
    }

    /// What validators sign: the intent, the summary's bytes as they came, and its epoch.
    pub(super) fn signed_message(&self) -> Vec<u8> {
        const INTENT: Intent = Intent {
            scope: IntentScope::CheckpointSummary,
            version: IntentVersion::V0,
            app_id: IntentAppId::Sui,
        };
        let mut message = INTENT.to_bytes().to_vec();
        message.extend_from_slice(&self.bytes);
        message.extend_from_slice(&self.summary.epoch.to_le_bytes());
        message
    }
}

fn unreadable(what: &'static str, problem: impl ToString) -> TrustError {
    TrustError::Unreadable {
        what,
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use vigia_devnet::{ChainConfig, generate};

    use super::*;

    #[test]
    fn the_message_is_the_one_that_validators_sign() {
        for data in generate(ChainConfig::default()).take(3) {
            let signed = data.checkpoint_summary;
            let certified = CertifiedSummary::new(signed.clone());
            assert_eq!(
                certified.signed_message(),
                signed.checkpoint.signing_message()
            );
            assert_eq!(certified.digest(), signed.checkpoint.digest());
            let bytes = certified.to_bcs();
            assert_eq!(bytes, bcs::to_bytes(&signed).unwrap());
            let read = CertifiedSummary::from_bcs(&bytes).unwrap();
            assert_eq!(read.to_bcs(), bytes);
        }
    }
}
