//! Summaries that are proven, and those that are linked to them.

use vigia_core::{CheckpointHeader, Digest};

use super::{CertifiedSummary, TrustError};

/// What is proven about a checkpoint: its number and the digest of its summary. It is made by checking a
/// signature, or by following the link from a later checkpoint, and in no other way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    sequence: u64,
    digest: Digest,
    epoch: u64,
}

impl Anchor {
    /// For a summary whose signature is checked.
    pub(super) fn signed(certified: &CertifiedSummary) -> Self {
        Self {
            sequence: certified.summary().sequence_number,
            digest: certified.digest(),
            epoch: certified.summary().epoch,
        }
    }

    /// Number of the checkpoint.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Digest of its summary.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The epoch whose committee signed it, or the later checkpoint that it is linked to.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Checks that a header is this checkpoint's.
    pub fn check(&self, header: &CheckpointHeader) -> Result<(), TrustError> {
        if header.sequence != self.sequence {
            return Err(TrustError::OutOfOrder {
                expected: self.sequence,
                found: header.sequence,
            });
        }
        if header.digest != self.digest {
            return Err(TrustError::NotLinked {
                sequence: header.sequence,
                found: header.digest,
                expected: Some(self.digest),
            });
        }
        Ok(())
    }
}

/// Proves headers, which are ascending without a gap, by the anchor of the last one: each names the
/// digest of the one before. Returns an anchor for each. Digests are believed to be those of the
/// summaries that the headers were read from, as decoding makes them.
pub fn prove_linked(
    headers: &[CheckpointHeader],
    last: &Anchor,
) -> Result<Vec<Anchor>, TrustError> {
    let mut anchors = Vec::with_capacity(headers.len());
    let mut next = Some(last.clone());
    for header in headers.iter().rev() {
        let Some(anchor) = next else {
            // The one after it is checkpoint 0, or says it is the first.
            let (sequence, found) = (header.sequence, header.digest);
            return Err(TrustError::NotLinked {
                sequence,
                found,
                expected: None,
            });
        };
        anchor.check(header)?;
        let before = header.sequence.checked_sub(1).zip(header.previous_digest);
        next = before.map(|(sequence, digest)| Anchor {
            sequence,
            digest,
            epoch: last.epoch,
        });
        anchors.push(anchor);
    }
    anchors.reverse();
    Ok(anchors)
}
