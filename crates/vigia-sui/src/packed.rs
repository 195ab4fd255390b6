//! One checkpoint as files and buckets hold it: `.chk` (0x01 and BCS `CheckpointData`), bare BCS, and
//! `.binpb` (one `sui.rpc.v2.Checkpoint`) with or without zstd.
//!
//! Whatever the form, the digests that bind its parts are checked before any of it goes out. Problems
//! are words: where the bytes came from is the caller's to say.

use std::io::Read;

use prost::Message;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::CheckpointData;
use vigia_core::Checkpoint;

use crate::SourceError;
use crate::decode::{Decoded, from_checkpoint_data, from_proto};
use crate::trust::CertifiedSummary;

/// A packed checkpoint larger than this, packed or unpacked, is refused: the protocol caps a
/// checkpoint at 30 MiB, frames of 90 MB were seen.
pub(crate) const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A form in which a checkpoint is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One byte 0x01, then BCS.
    Chk,
    Bcs,
    Protobuf,
    ProtobufZstd,
}

impl Format {
    const ALL: [Self; 4] = [Self::Chk, Self::Bcs, Self::Protobuf, Self::ProtobufZstd];

    /// The form that a file's name says.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| name.ends_with(format.suffix()))
    }

    /// How names of such files end.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Chk => ".chk",
            Self::Bcs => ".bcs",
            Self::Protobuf => ".binpb",
            Self::ProtobufZstd => ".binpb.zst",
        }
    }
}

/// Why bytes cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    #[error("it does not begin with byte 0x01")]
    NoChkByte,
    #[error("{0}")]
    Read(#[from] std::io::Error),
}

/// The payload: unpacked, without the leading byte of `.chk`, at most `bytes_max`.
pub(crate) fn unpack(
    format: Format,
    packed: impl Read,
    bytes_max: u64,
) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = match format {
        Format::ProtobufZstd => read_limited(zstd::Decoder::new(packed)?, bytes_max)?,
        _ => read_limited(packed, bytes_max)?,
    };
    if format == Format::Chk {
        match bytes.first() {
            Some(1) => drop(bytes.remove(0)),
            _ => return Err(UnpackError::NoChkByte),
        }
    }
    Ok(bytes)
}

fn read_limited(reader: impl Read, bytes_max: u64) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = Vec::new();
    let count = reader.take(bytes_max + 1).read_to_end(&mut bytes)?;
    match count as u64 > bytes_max {
        true => Err(UnpackError::TooLarge(bytes_max)),
        false => Ok(bytes),
    }
}

/// The sequence number a payload says it holds, read without decoding the rest.
pub(crate) fn sequence(format: Format, payload: &[u8]) -> Result<u64, String> {
    /// `sui.rpc.v2.Checkpoint` with all other fields passed over.
    #[derive(Clone, PartialEq, Message)]
    struct SequenceOnly {
        #[prost(uint64, optional, tag = "1")]
        sequence_number: Option<u64>,
    }

    match format {
        Format::Protobuf | Format::ProtobufZstd => SequenceOnly::decode(payload)
            .map_err(|error| format!("it is not a protobuf checkpoint: {error}"))?
            .sequence_number
            .ok_or_else(|| "it has no sequence number".to_owned()),
        Format::Chk | Format::Bcs => {
            // BCS of a summary begins with the epoch and the sequence number.
            let number = payload.get(8..16).and_then(|bytes| bytes.try_into().ok());
            let number = number.map(u64::from_le_bytes);
            number.ok_or_else(|| "it is too short".to_owned())
        }
    }
}

/// A checkpoint whose parts belong together.
pub(crate) struct Packed {
    pub(crate) checkpoint: Checkpoint,
    /// Its summary with its signature, unchecked, or why that cannot be read.
    pub(crate) certified: Result<CertifiedSummary, SourceError>,
}

/// Decodes a payload and checks that its parts belong together.
pub(crate) fn decode(format: Format, payload: &[u8]) -> Result<Packed, String> {
    match format {
        Format::Protobuf | Format::ProtobufZstd => decode_protobuf(payload),
        Format::Chk | Format::Bcs => {
            let data: CheckpointData = bcs::from_bytes(payload)
                .map_err(|error| format!("it cannot be decoded: {error}"))?;
            let certified = CertifiedSummary::new(data.checkpoint_summary.clone());
            let checkpoint = from_checkpoint_data(data).map_err(|error| error.to_string())?;
            Ok(Packed {
                checkpoint,
                certified: Ok(certified),
            })
        }
    }
}

fn decode_protobuf(payload: &[u8]) -> Result<Packed, String> {
    let message = proto::Checkpoint::decode(payload)
        .map_err(|error| format!("it cannot be decoded: {error}"))?;
    let contents = message.contents.as_ref().and_then(|c| c.bcs.as_ref());
    if contents.is_none_or(|bcs| bcs.value.is_none()) {
        return Err("it has no contents to check".to_owned());
    }
    // Nothing vouches for the amounts that a file states; they come from objects.
    let objects = message.objects.iter().flat_map(|set| &set.objects);
    let objects = objects.filter(|object| object.bcs.is_some()).count();
    if objects == 0 && !message.transactions.is_empty() {
        return Err("it has no objects".to_owned());
    }
    match from_proto(&message).map_err(|error| error.to_string())? {
        Decoded::Complete(checkpoint) => Ok(Packed {
            checkpoint,
            certified: CertifiedSummary::from_proto(&message),
        }),
        Decoded::NeedsObjects(_) => Err("it has no objects".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_limited_packed_and_unpacked() {
        let exact = unpack(Format::Bcs, &[7; 10][..], 10).unwrap();
        assert_eq!(exact.len(), 10);
        let over = unpack(Format::Bcs, &[7; 11][..], 10).unwrap_err();
        assert!(matches!(over, UnpackError::TooLarge(10)), "{over}");
        let bomb = zstd::encode_all(&[0; 100_000][..], 1).unwrap();
        assert!(bomb.len() < 1_000);
        let over = unpack(Format::ProtobufZstd, &bomb[..], 99_999).unwrap_err();
        assert!(matches!(over, UnpackError::TooLarge(_)), "{over}");
        assert!(unpack(Format::ProtobufZstd, &bomb[..], 100_000).is_ok());
    }

    #[test]
    fn names_say_the_form() {
        for format in Format::ALL {
            assert_eq!(Format::of(&format!("12{}", format.suffix())), Some(format));
        }
        assert_eq!(Format::of("12.zst"), None);
    }
}
