//! Frames as the bytes that go through a broker, and back.
//!
//! A message is `vigF`, one byte of version, and zstd over the BCS of its frames. Many frames share
//! a message up to a limit in bytes; a frame that is larger alone makes one larger message. What is
//! decoded is trusted no more than the bytes bear out: sizes are bounded before anything is
//! unpacked, values come from the evidence, and digests have to fit. Whether the frames are true is
//! not asked here: they come from pollers, who read them from the chain.

mod wire;

use std::io::Read;

use vigia_core::{Frame, Place};

use wire::Frames;

/// What every message begins with.
pub const MAGIC: [u8; 4] = *b"vigF";

/// The version written after it. Others are refused, so that a newer poller's messages wait for a
/// newer worker among those set aside.
pub const VERSION: u8 = 2;

/// A message that unpacks to more is refused, and none such is made: the protocol caps a
/// checkpoint at 30 MiB.
pub const UNPACKED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// A message has at most so many frames: empty ones are small, but each is a value in memory.
pub const FRAMES_MAX: usize = 10_000;

/// Fast, and about half the size.
const ZSTD_LEVEL: i32 = 1;

/// How much smaller packing is expected to make frames. Guessed too high a message is split and
/// packed again, too low it stays below the limit.
const EXPECTED_RATIO: usize = 2;

/// Why frames cannot become messages.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Decoding takes place and time from the frame's header.
    #[error("transaction {place} does not belong to checkpoint {checkpoint}, whose frame has it")]
    Misplaced {
        /// Where the transaction says it stands.
        place: Place,
        /// The checkpoint of its frame.
        checkpoint: u64,
    },
    /// One frame is larger than anything a receiver would unpack.
    #[error(
        "the frame of checkpoint {checkpoint} takes {bytes} bytes, more than {UNPACKED_BYTES_MAX}"
    )]
    TooLarge {
        /// The checkpoint.
        checkpoint: u64,
        /// Its size before packing.
        bytes: usize,
    },
    /// A value that BCS has no bytes for.
    #[error("frames cannot be written as BCS")]
    Bcs(#[source] bcs::Error),
    /// Packing failed.
    #[error("frames cannot be compressed")]
    Compress(#[source] std::io::Error),
}

/// Why a message is not frames.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Something else was put into the broker.
    #[error("it does not begin as a message of vigia does")]
    Magic,
    /// Written by another version of vigia.
    #[error("its version is {0}, and this vigia reads version {VERSION}")]
    Version(u8),
    /// Damaged, or not packed with zstd.
    #[error("it cannot be decompressed")]
    Compressed(#[source] std::io::Error),
    /// A decompression bomb.
    #[error("it unpacks to more than {UNPACKED_BYTES_MAX} bytes")]
    TooLarge,
    /// Damaged, or made by something else.
    #[error("its frames cannot be read")]
    Bcs(#[source] bcs::Error),
    /// No message is empty.
    #[error("it holds no frame")]
    Empty,
    /// The evidence is not what it says it is.
    #[error("part {part} of transaction {place} cannot be read")]
    Evidence {
        /// Where the transaction stands.
        place: Place,
        /// Which bytes.
        part: &'static str,
        /// Why.
        #[source]
        source: bcs::Error,
    },
    /// The parts of a transaction do not belong together.
    #[error("transaction {place}: {problem}")]
    Unbound {
        /// Where the transaction stands.
        place: Place,
        /// What does not fit.
        problem: &'static str,
    },
}

/// Packs frames, in order, into messages of at most `bytes_max` bytes; a single frame may make a
/// larger one.
pub fn encode(frames: &[Frame], bytes_max: usize) -> Result<Vec<Vec<u8>>, EncodeError> {
    let mut messages = Vec::new();
    let mut rest = frames;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(chunk_len(rest, bytes_max));
        encode_chunk(chunk, bytes_max, &mut messages)?;
        rest = after;
    }
    Ok(messages)
}

/// The frames of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    let rest = message.strip_prefix(&MAGIC).ok_or(DecodeError::Magic)?;
    let (version, packed) = rest.split_first().ok_or(DecodeError::Magic)?;
    if *version != VERSION {
        return Err(DecodeError::Version(*version));
    }
    let frames: Frames =
        bcs::from_bytes(&unpack(packed, UNPACKED_BYTES_MAX)?).map_err(DecodeError::Bcs)?;
    if frames.0.is_empty() {
        return Err(DecodeError::Empty);
    }
    wire::to_frames(frames)
}

/// How many of `frames`, at least one, likely fit into a message.
fn chunk_len(frames: &[Frame], bytes_max: usize) -> usize {
    let budget = bytes_max
        .saturating_mul(EXPECTED_RATIO)
        .min(UNPACKED_BYTES_MAX);
    let mut bytes: usize = 0;
    let fitting = frames.iter().take(FRAMES_MAX).take_while(|frame| {
        bytes = bytes.saturating_add(wire::bytes_expected(frame));
        bytes <= budget
    });
    fitting.count().max(1)
}

/// Makes one message, or several where one turns out too large.
fn encode_chunk(
    frames: &[Frame],
    bytes_max: usize,
    messages: &mut Vec<Vec<u8>>,
) -> Result<(), EncodeError> {
    let plain = bcs::to_bytes(&wire::from_frames(frames)?).map_err(EncodeError::Bcs)?;
    let message = if plain.len() > UNPACKED_BYTES_MAX {
        None
    } else {
        Some(pack(&plain)?)
    };
    match message {
        Some(message) if message.len() <= bytes_max || frames.len() == 1 => messages.push(message),
        None if frames.len() == 1 => {
            return Err(EncodeError::TooLarge {
                checkpoint: frames[0].header.sequence,
                bytes: plain.len(),
            });
        }
        _ => {
            let (first, second) = frames.split_at(frames.len() / 2);
            encode_chunk(first, bytes_max, messages)?;
            encode_chunk(second, bytes_max, messages)?;
        }
    }
    Ok(())
}

fn pack(plain: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut message = Vec::with_capacity(plain.len() / EXPECTED_RATIO + 64);
    message.extend(MAGIC);
    message.push(VERSION);
    zstd::stream::copy_encode(plain, &mut message, ZSTD_LEVEL).map_err(EncodeError::Compress)?;
    Ok(message)
}

/// Decompresses at most `bytes_max`: never more than one byte beyond is unpacked.
fn unpack(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let decoder = zstd::stream::Decoder::new(packed).map_err(DecodeError::Compressed)?;
    let mut plain = Vec::new();
    decoder
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(DecodeError::Compressed)?;
    if plain.len() > bytes_max {
        return Err(DecodeError::TooLarge);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use vigia_core::{CheckpointHeader, Digest};

    use super::*;

    fn quiet(from: u64, count: u64) -> Vec<Frame> {
        let digest =
            |sequence: u64| Digest::new([sequence.to_le_bytes(); 4].concat().try_into().unwrap());
        let frame = |sequence| Frame {
            header: CheckpointHeader {
                sequence,
                digest: digest(sequence),
                previous_digest: (sequence > 0).then(|| digest(sequence.wrapping_sub(1))),
                epoch: 7,
                timestamp_ms: 1_790_000_000_000 + sequence * 250,
            },
            watch_version: 3,
            relevant: Vec::new(),
        };
        (from..from + count).map(frame).collect()
    }

    fn sequences(frames: &[Frame]) -> Vec<u64> {
        frames.iter().map(|frame| frame.header.sequence).collect()
    }

    #[test]
    fn unpacking_ends_at_the_limit() {
        let plain = vec![0; 1_000_000];
        let packed = zstd::stream::encode_all(&plain[..], 1).unwrap();
        assert!(packed.len() < 1_000, "a bomb is small");
        assert_eq!(unpack(&packed, plain.len()).unwrap(), plain);
        let refused = unpack(&packed, plain.len() - 1);
        assert!(matches!(refused, Err(DecodeError::TooLarge)), "{refused:?}");
    }

    #[test]
    fn a_message_has_so_many_frames_and_no_more() {
        let frames = quiet(0, FRAMES_MAX as u64 + 1);
        let messages = encode(&frames, usize::MAX).unwrap();
        let counts: Vec<usize> = messages.iter().map(|m| decode(m).unwrap().len()).collect();
        assert_eq!(counts, [FRAMES_MAX, 1]);

        let too_many = bcs::to_bytes(&wire::from_frames(&frames).unwrap()).unwrap();
        let refused = decode(&pack(&too_many).unwrap());
        assert!(matches!(refused, Err(DecodeError::Bcs(_))), "{refused:?}");
    }

    #[test]
    fn messages_keep_to_their_size() {
        let frames = quiet(1, 2_000);
        let messages = encode(&frames, 4_096).unwrap();
        assert!(messages.iter().all(|message| message.len() <= 4_096));
        let decoded: Vec<Frame> = messages.iter().flat_map(|m| decode(m).unwrap()).collect();
        assert_eq!(sequences(&decoded), sequences(&frames));
        // A limit below any message: each frame goes alone.
        assert_eq!(encode(&frames[..3], 1).unwrap().len(), 3);
    }

    #[test]
    fn first_and_unlinked_frames_keep_what_they_name() {
        let mut frames = quiet(0, 3);
        frames[2].header.previous_digest = Some(Digest::new([9; 32]));
        frames.extend(quiet(50, 2));
        let decoded = decode(&encode(&frames, usize::MAX).unwrap()[0]).unwrap();
        let headers =
            |frames: &[Frame]| frames.iter().map(|f| f.header.clone()).collect::<Vec<_>>();
        assert_eq!(headers(&decoded), headers(&frames));
    }

    #[test]
    fn what_is_not_a_message_is_named() {
        let message = encode(&quiet(1, 1), 1_000).unwrap().remove(0);
        assert!(matches!(decode(b""), Err(DecodeError::Magic)));
        assert!(matches!(decode(b"vigF"), Err(DecodeError::Magic)));
        assert!(matches!(decode(b"{\"json\":1}"), Err(DecodeError::Magic)));
        let mut newer = message.clone();
        newer[4] = VERSION + 1;
        let refused = decode(&newer);
        assert!(matches!(refused, Err(DecodeError::Version(n)) if n > VERSION));
        let cut = decode(&message[..message.len() - 3]);
        assert!(matches!(cut, Err(DecodeError::Compressed(_))), "{cut:?}");
        let empty = pack(&bcs::to_bytes(&Frames(Vec::new())).unwrap()).unwrap();
        assert!(matches!(decode(&empty), Err(DecodeError::Empty)));
        let rubbish = decode(&pack(&[200, 1, 2]).unwrap());
        assert!(matches!(rubbish, Err(DecodeError::Bcs(_))), "{rubbish:?}");
    }
}
