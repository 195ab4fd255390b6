//! The plain structs that messages are BCS of. Changing any of them is a new version.
//!
//! A run of quiet checkpoints costs about 40 bytes each: a link to the frame before is a tag instead
//! of a digest, and what repeats (epoch, version, the upper bytes of numbers) is left to zstd.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use sui_sdk_types::TransactionEvents;
use vigia_core::{
    Address, BalanceChange, CheckpointHeader, Digest, Event, Evidence, ExecutedTransaction, Frame,
    MatchReason, Place, Proof, Relevant, Transaction, TransactionEffects,
};

use super::{DecodeError, EncodeError, FRAMES_MAX};

/// The frames of a message, at most `FRAMES_MAX` of them.
#[derive(Serialize)]
pub(super) struct Frames(pub(super) Vec<WireFrame>);

#[derive(Serialize, Deserialize)]
pub(super) struct WireFrame {
    sequence: u64,
    digest: [u8; 32],
    previous: Previous,
    epoch: u64,
    timestamp_ms: u64,
    watch_version: u64,
    relevant: Vec<WireRelevant>,
}

/// The digest of the checkpoint before.
#[derive(Serialize, Deserialize)]
enum Previous {
    None,
    /// It is that of the frame before in this message.
    Linked,
    Other([u8; 32]),
}

/// A relevant transaction; what its frame's header says is not repeated, what its evidence says
/// neither.
#[derive(Serialize, Deserialize)]
struct WireRelevant {
    index: u32,
    reasons: Vec<MatchReason>,
    transaction: Bytes,
    effects: Bytes,
    events: Option<Bytes>,
    balance_changes: Vec<BalanceChange>,
    /// As `Proof::to_text` writes it; none where nobody asked for proof.
    proof: Option<String>,
    owners_before: Vec<Address>,
}

impl<'de> Deserialize<'de> for Frames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;

        impl<'de> Visitor<'de> for Bounded {
            type Value = Frames;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {FRAMES_MAX} frames")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Frames, A::Error> {
                let mut frames = Vec::new();
                while let Some(frame) = seq.next_element()? {
                    if frames.len() == FRAMES_MAX {
                        return Err(A::Error::custom(format_args!(
                            "more than {FRAMES_MAX} frames"
                        )));
                    }
                    frames.push(frame);
                }
                Ok(Frames(frames))
            }
        }

        deserializer.deserialize_seq(Bounded)
    }
}

/// About how many bytes a frame takes before packing.
pub(super) fn bytes_expected(frame: &Frame) -> usize {
    const HEADER: usize = 80;
    const REASON: usize = 70;
    const CHANGE: usize = 120;
    let relevant = frame.relevant.iter().map(|relevant| {
        let transaction = &relevant.transaction;
        let evidence = &transaction.evidence;
        evidence.transaction.len()
            + evidence.effects.len()
            + evidence.events.as_ref().map_or(0, Bytes::len)
            + transaction.balance_changes.len() * CHANGE
            + transaction.owners_before.len() * 32
            + relevant.reasons.len() * REASON
    });
    HEADER + relevant.sum::<usize>()
}

/// What goes on the wire for `frames`.
pub(super) fn from_frames(frames: &[Frame]) -> Result<Frames, EncodeError> {
    let mut before = None;
    let mut wire = Vec::with_capacity(frames.len());
    for frame in frames {
        let header = &frame.header;
        let previous = match header.previous_digest {
            None => Previous::None,
            Some(digest) if before == Some(digest) => Previous::Linked,
            Some(digest) => Previous::Other(digest.into_inner()),
        };
        let relevant = frame
            .relevant
            .iter()
            .map(|relevant| from_relevant(header, relevant));
        wire.push(WireFrame {
            sequence: header.sequence,
            digest: header.digest.into_inner(),
            previous,
            epoch: header.epoch,
            timestamp_ms: header.timestamp_ms,
            watch_version: frame.watch_version,
            relevant: relevant.collect::<Result<_, _>>()?,
        });
        before = Some(header.digest);
    }
    Ok(Frames(wire))
}

fn from_relevant(
    header: &CheckpointHeader,
    relevant: &Relevant,
) -> Result<WireRelevant, EncodeError> {
    let transaction = &relevant.transaction;
    if transaction.place.checkpoint != header.sequence
        || transaction.timestamp_ms != header.timestamp_ms
    {
        return Err(EncodeError::Misplaced {
            place: transaction.place,
            checkpoint: header.sequence,
        });
    }
    Ok(WireRelevant {
        index: transaction.place.index,
        reasons: relevant.reasons.clone(),
        transaction: transaction.evidence.transaction.clone(),
        effects: transaction.evidence.effects.clone(),
        events: transaction.evidence.events.clone(),
        balance_changes: transaction.balance_changes.clone(),
        proof: (transaction.proof != Proof::unasked()).then(|| transaction.proof.to_text()),
        owners_before: transaction.owners_before.clone(),
    })
}

/// The frames that were put on the wire, their transactions decoded from the evidence.
pub(super) fn to_frames(wire: Frames) -> Result<Vec<Frame>, DecodeError> {
    let mut before: Option<Digest> = None;
    let mut frames = Vec::with_capacity(wire.0.len());
    for frame in wire.0 {
        let header = CheckpointHeader {
            sequence: frame.sequence,
            digest: Digest::new(frame.digest),
            previous_digest: match frame.previous {
                Previous::None => None,
                Previous::Linked => before,
                Previous::Other(digest) => Some(Digest::new(digest)),
            },
            epoch: frame.epoch,
            timestamp_ms: frame.timestamp_ms,
        };
        before = Some(header.digest);
        let relevant = frame.relevant.into_iter();
        let relevant = relevant.map(|relevant| to_relevant(&header, relevant));
        frames.push(Frame {
            relevant: relevant.collect::<Result<_, _>>()?,
            watch_version: frame.watch_version,
            header,
        });
    }
    Ok(frames)
}

fn to_relevant(header: &CheckpointHeader, wire: WireRelevant) -> Result<Relevant, DecodeError> {
    let place = Place {
        checkpoint: header.sequence,
        index: wire.index,
    };
    let transaction: Transaction = part(place, "transaction", &wire.transaction)?;
    let effects: TransactionEffects = part(place, "effects", &wire.effects)?;
    let digest = transaction.digest();
    if digest != *effects.transaction_digest() {
        let problem = "its effects are those of another transaction";
        return Err(DecodeError::Unbound { place, problem });
    }
    let events = events(place, &effects, wire.events.as_ref())?;
    let proof = match &wire.proof {
        None => Proof::unasked(),
        Some(text) => text.parse().map_err(|_| DecodeError::Unbound {
            place,
            problem: "how far it is proven cannot be read",
        })?,
    };
    Ok(Relevant {
        transaction: ExecutedTransaction {
            place,
            digest,
            timestamp_ms: header.timestamp_ms,
            transaction,
            effects,
            events,
            balance_changes: wire.balance_changes,
            proof,
            owners_before: wire.owners_before,
            evidence: Evidence {
                transaction: wire.transaction,
                effects: wire.effects,
                events: wire.events,
            },
        },
        reasons: wire.reasons,
    })
}

/// The events, which have to be those that the effects name.
fn events(
    place: Place,
    effects: &TransactionEffects,
    bytes: Option<&Bytes>,
) -> Result<Vec<Event>, DecodeError> {
    let problem = match (effects.events_digest(), bytes) {
        (None, None) => return Ok(Vec::new()),
        (Some(expected), Some(bytes)) => {
            let events: TransactionEvents = part(place, "events", bytes)?;
            if events.digest() == *expected {
                return Ok(events.0);
            }
            "its events are not those its effects name"
        }
        (Some(_), None) => "its events are missing",
        (None, Some(bytes)) => {
            let events: TransactionEvents = part(place, "events", bytes)?;
            if events.0.is_empty() {
                return Ok(Vec::new());
            }
            "it has events that its effects do not name"
        }
    };
    Err(DecodeError::Unbound { place, problem })
}

fn part<'de, T: Deserialize<'de>>(
    place: Place,
    part: &'static str,
    bytes: &'de [u8],
) -> Result<T, DecodeError> {
    bcs::from_bytes(bytes).map_err(|source| DecodeError::Evidence {
        place,
        part,
        source,
    })
}
