//! Fields that were asked for and are absent. Protobuf reads an absent number as 0.

use sui_rpc::proto::sui::rpc::v2::{self as proto, ExecutedTransaction};

use super::{alter::Scene, misbehaviour::Strike};
use crate::fault::FaultKind;

/// A field by the name of its path, whether it is there, and how it goes.
type Field<M> = (&'static str, fn(&M) -> bool, fn(&mut M));

const CHECKPOINT: &[Field<proto::Checkpoint>] = &[
    (
        "sequence_number",
        |c| c.sequence_number.is_some(),
        |c| c.sequence_number = None,
    ),
    ("digest", |c| c.digest.is_some(), |c| c.digest = None),
    ("summary", |c| c.summary.is_some(), |c| c.summary = None),
    (
        "summary.bcs",
        |c| c.summary.as_ref().is_some_and(|s| s.bcs.is_some()),
        |c| {
            if let Some(summary) = &mut c.summary {
                summary.bcs = None;
            }
        },
    ),
    (
        "signature",
        |c| c.signature.is_some(),
        |c| c.signature = None,
    ),
    ("contents", |c| c.contents.is_some(), |c| c.contents = None),
    (
        "contents.bcs",
        |c| c.contents.as_ref().is_some_and(|s| s.bcs.is_some()),
        |c| {
            if let Some(contents) = &mut c.contents {
                contents.bcs = None;
            }
        },
    ),
    ("objects", |c| c.objects.is_some(), |c| c.objects = None),
];

const TRANSACTION: &[Field<ExecutedTransaction>] = &[
    (
        "transactions.digest",
        |t| t.digest.is_some(),
        |t| t.digest = None,
    ),
    (
        "transactions.transaction",
        |t| t.transaction.is_some(),
        |t| t.transaction = None,
    ),
    (
        "transactions.transaction.bcs",
        |t| t.transaction.as_ref().is_some_and(|t| t.bcs.is_some()),
        |t| {
            if let Some(transaction) = &mut t.transaction {
                transaction.bcs = None;
            }
        },
    ),
    (
        "transactions.effects",
        |t| t.effects.is_some(),
        |t| t.effects = None,
    ),
    (
        "transactions.effects.bcs",
        |t| t.effects.as_ref().is_some_and(|e| e.bcs.is_some()),
        |t| {
            if let Some(effects) = &mut t.effects {
                effects.bcs = None;
            }
        },
    ),
    (
        "transactions.events",
        |t| t.events.is_some(),
        |t| t.events = None,
    ),
    (
        "transactions.balance_changes",
        |t| !t.balance_changes.is_empty(),
        |t| t.balance_changes.clear(),
    ),
];

/// Takes one field from the checkpoint, or from the first transaction that has it.
pub(super) fn in_checkpoint(scene: &Scene<'_>, message: &mut proto::Checkpoint) {
    let own = present(CHECKPOINT, message);
    let mut of_transactions = vec![];
    for transaction in &message.transactions {
        for name in present(TRANSACTION, transaction) {
            if !of_transactions.contains(&name) {
                of_transactions.push(name);
            }
        }
    }
    let Some((name, _)) = chosen(scene, &[own, of_transactions].concat()) else {
        return;
    };
    if take(CHECKPOINT, message, name) {
        return;
    }
    for transaction in &mut message.transactions {
        if take(TRANSACTION, transaction, name) {
            return;
        }
    }
}

pub(super) fn in_transaction(scene: &Scene<'_>, message: &mut ExecutedTransaction) {
    if let Some((name, _)) = chosen(scene, &present(TRANSACTION, message)) {
        take(TRANSACTION, message, name);
    }
}

fn present<M>(fields: &[Field<M>], message: &M) -> Vec<&'static str> {
    let fields = fields.iter().filter(|(_, is_there, _)| is_there(message));
    fields.map(|(name, ..)| *name).collect()
}

/// Which of the fields goes, if any does.
fn chosen(scene: &Scene<'_>, names: &[&'static str]) -> Option<(&'static str, Strike)> {
    let kind = FaultKind::MissingFields;
    let strike = scene.faults.strike_if(kind, scene.site(), |fault, roll| {
        scene.concerns(roll) && names.iter().any(|name| fault.strikes_part(name))
    })?;
    let names = names.iter().filter(|name| strike.fault.strikes_part(name));
    let names: Vec<_> = names.collect();
    let index = strike.roll.checked_rem(names.len() as u64)?;
    let index = usize::try_from(index).expect("below a length");
    Some((names[index], strike))
}

/// Removes a field; says whether it was there.
fn take<M>(fields: &[Field<M>], message: &mut M, wanted: &str) -> bool {
    let mut fields = fields.iter();
    let field = fields.find(|(name, is_there, _)| *name == wanted && is_there(message));
    if let Some((_, _, remove)) = field {
        remove(message);
    }
    field.is_some()
}
