//! From matched frames to one commit: pure.

use std::borrow::Borrow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vigia_contracts::{Interpretation, Interpreter};
use vigia_core::{
    AddressBook, CheckpointRange, Commit, ExecutedTransaction, Frame, Lane, RawTransaction,
    Relevant,
};

/// Interprets the relevant transactions of `frames` for the accounts in `book`.
///
/// A transaction that cannot be interpreted, even one on which interpretation panics, is kept with
/// the reason and stops nobody (I-8); its balance effects count all the same.
pub fn assemble<F: Borrow<Frame>>(
    lane: Lane,
    frames: &[F],
    interpreter: &Interpreter,
    book: &AddressBook,
) -> Commit {
    let mut commit = empty(lane, frames);
    for relevant in frames.iter().flat_map(|frame| &frame.borrow().relevant) {
        add(&mut commit, relevant, interpreter, book);
    }
    commit
}

/// A commit of `frames` that keeps their relevant transactions as failed, with the reason, and says
/// nothing else about them.
pub(super) fn assemble_failed<F: Borrow<Frame>>(lane: Lane, frames: &[F], problem: &str) -> Commit {
    let relevant = frames.iter().flat_map(|frame| &frame.borrow().relevant);
    let kept = relevant.map(|relevant| raw_transaction(relevant, Some(problem.to_owned())));
    Commit {
        raw_transactions: kept.collect(),
        ..empty(lane, frames)
    }
}

/// What a transaction that is stored already means now. Its checkpoint is complete, so the commit has no
/// range; on the live lane, since those whom it concerns were not told.
pub(super) fn assemble_again(
    relevant: &Relevant,
    interpreter: &Interpreter,
    book: &AddressBook,
) -> Commit {
    let mut commit = empty::<Frame>(Lane::Live, &[]);
    add(&mut commit, relevant, interpreter, book);
    commit
}

/// That a stored transaction failed again.
pub(super) fn assemble_failed_again(raw: RawTransaction, problem: String) -> Commit {
    let raw = RawTransaction {
        processing_error: Some(problem),
        ..raw
    };
    Commit {
        raw_transactions: vec![raw],
        ..empty::<Frame>(Lane::Live, &[])
    }
}

/// What transactions of an incomplete set mean: history of some addresses, which makes no range complete.
pub(super) fn assemble_history(
    relevant: &[Relevant],
    interpreter: &Interpreter,
    book: &AddressBook,
) -> Commit {
    let mut commit = empty::<Frame>(Lane::Import, &[]);
    for relevant in relevant {
        add(&mut commit, relevant, interpreter, book);
    }
    commit
}

/// One of them that the database refuses with its meaning: kept as failed, with the reason.
pub(super) fn assemble_failed_history(relevant: &Relevant, problem: String) -> Commit {
    Commit {
        raw_transactions: vec![raw_transaction(relevant, Some(problem))],
        ..empty::<Frame>(Lane::Import, &[])
    }
}

fn empty<F: Borrow<Frame>>(lane: Lane, frames: &[F]) -> Commit {
    Commit {
        lane,
        ranges: ranges(frames),
        raw_transactions: Vec::new(),
        activities: Vec::new(),
        balance_effects: Vec::new(),
        business_events: Vec::new(),
    }
}

fn add(commit: &mut Commit, relevant: &Relevant, interpreter: &Interpreter, book: &AddressBook) {
    let transaction = &relevant.transaction;
    // Interpretation owns nothing that a panic could leave half-changed.
    let interpreted = catch_unwind(AssertUnwindSafe(|| {
        interpreter.interpret(transaction, book)
    }));
    let (interpretation, problem) = match interpreted {
        Ok(Ok(interpretation)) => (interpretation, None),
        Ok(Err(error)) => (Interpretation::default(), Some(error.to_string())),
        Err(_) => (
            Interpretation::default(),
            Some("interpretation panicked".to_owned()),
        ),
    };
    if let Some(problem) = &problem {
        tracing::warn!(
            transaction.digest = %transaction.digest,
            transaction.place = %transaction.place,
            problem,
            "transaction cannot be interpreted, kept as failed"
        );
    }
    commit
        .balance_effects
        .extend(interpreter.balance_effects(transaction, book));
    commit.activities.extend(interpretation.activities);
    commit
        .business_events
        .extend(interpretation.business_events);
    commit
        .raw_transactions
        .push(raw_transaction(relevant, problem));
}

/// Neighbouring frames as ranges; frames come in ascending order.
fn ranges<F: Borrow<Frame>>(frames: &[F]) -> Vec<CheckpointRange> {
    let mut ranges: Vec<CheckpointRange> = Vec::new();
    for frame in frames.iter().map(Borrow::borrow) {
        match ranges.last_mut() {
            Some(range) if range.last.sequence + 1 == frame.header.sequence => {
                range.last = frame.header.clone();
                range.watch_version = range.watch_version.min(frame.watch_version);
            }
            _ => ranges.push(CheckpointRange {
                from: frame.header.sequence,
                last: frame.header.clone(),
                watch_version: frame.watch_version,
            }),
        }
    }
    ranges
}

fn raw_transaction(relevant: &Relevant, processing_error: Option<String>) -> RawTransaction {
    let Relevant {
        transaction,
        reasons,
    } = relevant;
    let call = first_call(transaction);
    RawTransaction {
        place: transaction.place,
        digest: transaction.digest,
        timestamp_ms: transaction.timestamp_ms,
        epoch: transaction.effects.epoch(),
        sender: transaction.transaction.sender,
        package: call.map(|call| call.package),
        module: call.map(|call| call.module.to_string()),
        function: call.map(|call| call.function.to_string()),
        failure: transaction.failure(),
        gas_cost: transaction.gas_cost(),
        reasons: reasons.clone(),
        balance_changes: transaction.balance_changes.clone(),
        proof: transaction.proof.clone(),
        transaction_bcs: transaction.evidence.transaction.clone(),
        effects_bcs: transaction.evidence.effects.clone(),
        events_bcs: transaction.evidence.events.clone(),
        processing_error,
    }
}

fn first_call(transaction: &ExecutedTransaction) -> Option<&sui_sdk_types::MoveCall> {
    use sui_sdk_types::{Command, TransactionKind};
    let TransactionKind::ProgrammableTransaction(program) = &transaction.transaction.kind else {
        return None;
    };
    program.commands.iter().find_map(|command| match command {
        Command::MoveCall(call) => Some(call),
        _ => None,
    })
}
