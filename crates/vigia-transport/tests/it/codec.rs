//! The codec on generated chains: what goes in comes out, and damage is an error, never a panic.

use std::sync::OnceLock;

use proptest::prelude::*;
use vigia_core::Frame;
use vigia_transport::codec::{DecodeError, EncodeError, UNPACKED_BYTES_MAX, decode, encode};

use crate::frames::{bcs_of, frames, large, sequences, text};

fn decode_all(messages: &[Vec<u8>]) -> Vec<Frame> {
    let decoded = messages.iter().map(|message| decode(message).unwrap());
    decoded.flatten().collect()
}

/// Chains are made once: each is some thousand hashes.
fn chain() -> &'static [Frame] {
    static CHAIN: OnceLock<Vec<Frame>> = OnceLock::new();
    CHAIN.get_or_init(|| frames(7, 120))
}

#[test]
fn transactions_are_the_same_again_and_smaller() {
    let frames = chain();
    assert!(
        frames
            .iter()
            .map(|frame| frame.relevant.len())
            .sum::<usize>()
            > 100
    );
    let plain: usize = frames
        .iter()
        .flat_map(|frame| &frame.relevant)
        .map(|relevant| {
            let evidence = &relevant.transaction.evidence;
            evidence.transaction.len() + evidence.effects.len()
        })
        .sum();
    let messages = encode(frames, 1024 * 1024).unwrap();
    let packed: usize = messages.iter().map(Vec::len).sum();
    assert!(packed < plain, "{packed} bytes for {plain}");
    assert_eq!(text(&decode_all(&messages)), text(frames));
}

#[test]
fn quiet_checkpoints_are_compact() {
    let mut quiet = frames(7, 1_000);
    for frame in &mut quiet {
        frame.relevant.clear();
    }
    let packed: usize = encode(&quiet, 256 * 1024)
        .unwrap()
        .iter()
        .map(Vec::len)
        .sum();
    // 32 of them are a digest, which nothing makes smaller.
    assert!(packed <= 1_000 * 42, "{packed} bytes for 1000 frames");
}

#[test]
fn a_frame_beyond_the_limit_goes_alone() {
    let mut frames = frames(7, 5);
    frames.insert(2, large(100_000));
    let messages = encode(&frames, 50_000).unwrap();
    let counts: Vec<usize> = messages.iter().map(|m| decode(m).unwrap().len()).collect();
    assert!(counts.contains(&1), "{counts:?}");
    assert_eq!(text(&decode_all(&messages)), text(&frames));
    let over = messages.iter().filter(|message| message.len() > 50_000);
    assert_eq!(over.count(), 1);
}

#[test]
fn a_frame_that_nobody_would_unpack_is_refused() {
    let mut frame = large(1_000);
    let others = bcs_of(&frame.relevant[0].transaction.balance_changes).len();
    let evidence = &mut frame.relevant[0].transaction.evidence;
    evidence.transaction = vec![0; UNPACKED_BYTES_MAX].into();
    let refused = encode(&[frame], usize::MAX).unwrap_err();
    let EncodeError::TooLarge { bytes, .. } = refused else {
        panic!("{refused:?}");
    };
    assert!(bytes > UNPACKED_BYTES_MAX + others);
}

#[test]
fn a_transaction_in_the_wrong_frame_is_refused() {
    let mut frames = frames(7, 4);
    let from = frames
        .iter()
        .position(|frame| !frame.relevant.is_empty())
        .unwrap();
    let stray = frames[from].relevant.remove(0);
    frames[from - 1].relevant.push(stray);
    let refused = encode(&frames, 1_000_000);
    assert!(
        matches!(refused, Err(EncodeError::Misplaced { .. })),
        "{refused:?}"
    );
}

/// Evidence that does not belong together, though each part can be read.
#[test]
fn unbound_evidence_is_named() {
    let mut busy = frames(7, 60)
        .into_iter()
        .find(|frame| {
            let mut relevant = frame.relevant.iter();
            relevant.len() > 1 && relevant.any(|relevant| !relevant.transaction.events.is_empty())
        })
        .unwrap();
    busy.relevant
        .sort_by_key(|relevant| relevant.transaction.events.is_empty());
    let problem = |change: &dyn Fn(&mut Frame)| {
        let mut frame = busy.clone();
        change(&mut frame);
        match decode(&encode(&[frame], 1_000_000).unwrap()[0]) {
            Err(DecodeError::Unbound { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    };
    let swapped = problem(&|frame| {
        let other = frame.relevant[1].transaction.evidence.effects.clone();
        frame.relevant[0].transaction.evidence.effects = other;
    });
    assert_eq!(swapped, "its effects are those of another transaction");
    let missing = problem(&|frame| frame.relevant[0].transaction.evidence.events = None);
    assert_eq!(missing, "its events are missing");
    let forged = problem(&|frame| {
        let transaction = &mut frame.relevant[0].transaction;
        transaction.events.push(transaction.events[0].clone());
        transaction.evidence.events = Some(bcs_of(&transaction.events));
    });
    assert_eq!(forged, "its events are not those its effects name");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_run_comes_back(
        from in 0_usize..119,
        length in 1_usize..60,
        bytes_max in prop_oneof![Just(1_usize), 200..4_000_usize, 4_000..400_000_usize],
    ) {
        let frames = &chain()[from..(from + length).min(120)];
        let messages = encode(frames, bytes_max).unwrap();
        for message in &messages {
            let count = decode(message).unwrap().len();
            prop_assert!(message.len() <= bytes_max || count == 1);
        }
        prop_assert_eq!(text(&decode_all(&messages)), text(frames));
    }

    #[test]
    fn damage_never_panics(
        at in 0_usize..100_000,
        byte in any::<u8>(),
        cut in 0_usize..100_000,
    ) {
        let message = encode(&chain()[1..6], 1_000_000).unwrap().remove(0);
        let mut damaged = message.clone();
        let at = at % message.len();
        damaged[at] = byte;
        damaged.truncate(message.len() - cut % 3);
        if let Ok(decoded) = decode(&damaged) {
            // Digests of frames and the like bind nothing here.
            prop_assert_eq!(decoded.len(), 5);
        }
    }

    /// Damage below the compression, which reaches the decoding of values.
    #[test]
    fn damaged_values_never_panic(changes in prop::collection::vec((any::<u32>(), any::<u8>()), 1..4)) {
        let message = encode(&chain()[1..6], 1_000_000).unwrap().remove(0);
        let mut plain = zstd::stream::decode_all(&message[5..]).unwrap();
        for (at, byte) in changes {
            let at = at as usize % plain.len();
            plain[at] = byte;
        }
        let mut damaged = message[..5].to_vec();
        damaged.extend(zstd::stream::encode_all(&plain[..], 1).unwrap());
        if let Ok(decoded) = decode(&damaged) {
            let _sequences = sequences(&decoded);
        }
    }

    #[test]
    fn rubbish_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..300), marked in any::<bool>()) {
        if marked {
            bytes.splice(0..0, *b"vigF\x02");
        }
        prop_assert!(decode(&bytes).is_err());
    }
}
