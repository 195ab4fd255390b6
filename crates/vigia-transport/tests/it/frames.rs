//! Frames of a generated chain, so that evidence is as real as it gets without a network.

use std::borrow::Borrow;

use bytes::Bytes;
use sui_sdk_types::{
    CheckpointData, CheckpointTransaction, Input, Transaction, TransactionEffects, TransactionKind,
};
use vigia_core::{
    CheckpointHeader, Evidence, ExecutedTransaction, Frame, MatchReason, Place, ReasonKind,
    Relevant, derive_balance_changes,
};
use vigia_devnet::ChainConfig;

/// The first `count` checkpoints of a chain, all their transactions relevant in every second one.
pub(crate) fn frames(seed: u64, count: usize) -> Vec<Frame> {
    let config = ChainConfig {
        seed,
        users: 10,
        tps: 40,
        interval_ms: 50,
        relevant_per_mille: 500,
        ..ChainConfig::default()
    };
    vigia_devnet::generate(config)
        .take(count)
        .map(frame)
        .collect()
}

/// Their checkpoints, which are their place in the chain.
pub(crate) fn sequences<F: Borrow<Frame>>(frames: &[F]) -> Vec<u64> {
    frames
        .iter()
        .map(|frame| frame.borrow().header.sequence)
        .collect()
}

/// Everything that frames are, to compare.
pub(crate) fn text<F: Borrow<Frame>>(frames: &[F]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| format!("{:?}", frame.borrow()))
        .collect()
}

/// A frame that no compression makes smaller than `bytes`.
pub(crate) fn large(bytes: usize) -> Frame {
    let mut frame = frames(3, 10)
        .into_iter()
        .rfind(|frame| user_transaction(frame).is_some())
        .unwrap();
    let index = user_transaction(&frame).unwrap();
    let executed = &mut frame.relevant[index].transaction;
    let TransactionKind::ProgrammableTransaction(program) = &mut executed.transaction.kind else {
        unreachable!("it was looked for");
    };
    // Noise, the same in every run.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    program
        .inputs
        .push(Input::Pure(noise.take(bytes).collect()));
    let digest = executed.transaction.digest();
    let TransactionEffects::V2(effects) = &mut executed.effects else {
        unreachable!("the made-up chain has version 2");
    };
    effects.transaction_digest = digest;
    executed.digest = digest;
    executed.evidence.transaction = bcs_of(&executed.transaction);
    executed.evidence.effects = bcs_of(&executed.effects);
    frame
}

fn user_transaction(frame: &Frame) -> Option<usize> {
    let is_user = |transaction: &Transaction| {
        matches!(
            transaction.kind,
            TransactionKind::ProgrammableTransaction(_)
        )
    };
    let mut relevant = frame.relevant.iter();
    relevant.position(|relevant| is_user(&relevant.transaction.transaction))
}

fn frame(data: CheckpointData) -> Frame {
    let summary = data.checkpoint_summary.checkpoint;
    let header = CheckpointHeader {
        sequence: summary.sequence_number,
        digest: summary.digest(),
        previous_digest: summary.previous_digest,
        epoch: summary.epoch,
        timestamp_ms: summary.timestamp_ms,
    };
    let is_quiet = header.sequence.is_multiple_of(2);
    let transactions = data.transactions.into_iter();
    let relevant = (0..)
        .zip(transactions.filter(|_| !is_quiet))
        .map(|(index, executed)| relevant(&header, index, executed));
    Frame {
        relevant: relevant.collect(),
        watch_version: header.sequence / 10,
        header,
    }
}

fn relevant(header: &CheckpointHeader, index: u32, executed: CheckpointTransaction) -> Relevant {
    let transaction = executed.transaction.transaction;
    let effects = executed.effects;
    let changes =
        derive_balance_changes(&effects, &executed.input_objects, &executed.output_objects);
    let reasons = vec![MatchReason {
        kind: ReasonKind::Sender,
        target: transaction.sender.to_string(),
    }];
    Relevant {
        transaction: ExecutedTransaction {
            place: Place {
                checkpoint: header.sequence,
                index,
            },
            digest: transaction.digest(),
            timestamp_ms: header.timestamp_ms,
            evidence: Evidence {
                transaction: bcs_of(&transaction),
                effects: bcs_of(&effects),
                events: executed.events.as_ref().map(bcs_of),
            },
            owners_before: vec![transaction.sender],
            transaction,
            effects,
            events: executed.events.map(|events| events.0).unwrap_or_default(),
            balance_changes: changes,
            proof: vigia_core::Proof::unasked(),
        },
        reasons,
    }
}

pub(crate) fn bcs_of<T: serde::Serialize>(value: &T) -> Bytes {
    bcs::to_bytes(value).unwrap().into()
}
