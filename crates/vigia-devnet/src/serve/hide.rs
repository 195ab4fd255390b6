//! Decoded fields that name nobody, beside BCS that does: whoever matches on them misses the match.

use sui_rpc::proto::sui::rpc::v2::{self as proto, ExecutedTransaction};

use super::alter::Scene;
use crate::fault::{Fault, FaultKind};

/// What a message shows of whom it concerns, as far as the fault strikes it.
type Shows<M> = (&'static str, fn(&M) -> bool);

const TRANSACTION: &[Shows<ExecutedTransaction>] = &[
    ("owner", |t| has_owners(t)),
    ("balance", |t| !t.balance_changes.is_empty()),
    ("sender", |t| {
        t.transaction.as_ref().is_some_and(|t| t.sender.is_some())
    }),
    ("event", |t| {
        let events = t.events.iter().flat_map(|events| &events.events);
        events.into_iter().any(|event| event.event_type.is_some())
    }),
];

fn has_owners(message: &ExecutedTransaction) -> bool {
    let effects = message.effects.as_ref();
    effects.is_some_and(|effects| !effects.changed_objects.is_empty())
}

pub(super) fn in_checkpoint(scene: &Scene<'_>, message: &mut proto::Checkpoint) {
    let kind = FaultKind::HideMatch;
    let shows = |fault: &Fault| message.transactions.iter().any(|t| shows(t, fault));
    let Some(strike) = scene
        .faults
        .strike_if(kind, scene.site(), |fault, _| shows(fault))
    else {
        return;
    };
    for transaction in &mut message.transactions {
        hide(transaction, &strike.fault);
    }
    if strike.fault.strikes_part("owner") {
        let objects = message.objects.iter_mut().flat_map(|set| &mut set.objects);
        objects.for_each(|object| blank(&mut object.owner));
    }
}

pub(super) fn in_transaction(scene: &Scene<'_>, message: &mut ExecutedTransaction) {
    let kind = FaultKind::HideMatch;
    let applies = |fault: &Fault, _| shows(message, fault);
    if let Some(strike) = scene.faults.strike_if(kind, scene.site(), applies) {
        hide(message, &strike.fault);
    }
}

pub(super) fn in_event(scene: &Scene<'_>, message: &mut proto::Event) {
    let applies = |fault: &Fault, _| fault.strikes_part("event");
    let strike = scene
        .faults
        .strike_if(FaultKind::HideMatch, scene.site(), applies);
    if strike.is_some() {
        hide_event(message);
    }
}

fn shows(message: &ExecutedTransaction, fault: &Fault) -> bool {
    TRANSACTION
        .iter()
        .any(|(part, shown)| fault.strikes_part(part) && shown(message))
}

fn hide(message: &mut ExecutedTransaction, fault: &Fault) {
    if fault.strikes_part("owner")
        && let Some(effects) = &mut message.effects
    {
        for change in effects
            .changed_objects
            .iter_mut()
            .chain(&mut effects.gas_object)
        {
            blank(&mut change.input_owner);
            blank(&mut change.output_owner);
        }
    }
    if fault.strikes_part("balance") {
        message.balance_changes.clear();
    }
    if fault.strikes_part("sender")
        && let Some(transaction) = &mut message.transaction
    {
        transaction.sender = None;
    }
    if fault.strikes_part("event") {
        let events = message
            .events
            .iter_mut()
            .flat_map(|events| &mut events.events);
        events.for_each(hide_event);
    }
}

fn hide_event(event: &mut proto::Event) {
    event.sender = None;
    event.event_type = None;
}

/// The owner's kind stays, whom it names goes.
fn blank(owner: &mut Option<proto::Owner>) {
    if let Some(owner) = owner {
        owner.address = None;
    }
}
