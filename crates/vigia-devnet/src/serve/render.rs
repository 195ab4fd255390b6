//! Messages of the wire from what the chain made, cut to a read mask by the SDK's own `Merge`.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use sui_rpc::{
    field::{FieldMaskTree, MessageField},
    merge::Merge,
    proto::{sui::rpc::v2 as proto, timestamp_ms_to_proto},
};
use sui_sdk_types::{Address, CheckpointTransaction, Object, ObjectType};

use super::stored::Stored;

/// A checkpoint, cut to the mask.
///
/// Objects come once for the whole checkpoint, never inside its transactions.
pub(crate) fn checkpoint(stored: &Stored, mask: &FieldMaskTree) -> proto::Checkpoint {
    let signed = &stored.data.checkpoint_summary;
    let mut message = proto::Checkpoint::default();
    message.merge(&signed.checkpoint, mask);
    message.merge(signed.signature.clone(), mask);
    if mask.contains(proto::Checkpoint::CONTENTS_FIELD) {
        message.merge(stored.data.checkpoint_contents.clone(), mask);
    }
    if let Some(submask) = mask.subtree(proto::Checkpoint::TRANSACTIONS_FIELD) {
        message.transactions = (0..stored.transactions().len())
            .map(|index| transaction_without_objects(stored, index, &submask))
            .collect();
    }
    if let Some(submask) = objects_mask(mask, proto::Checkpoint::OBJECTS_FIELD) {
        message.objects = Some(object_set(stored.transactions(), &submask));
    }
    message
}

/// One transaction of a checkpoint, cut to the mask.
pub(crate) fn transaction(
    stored: &Stored,
    index: usize,
    mask: &FieldMaskTree,
) -> proto::ExecutedTransaction {
    let mut message = transaction_without_objects(stored, index, mask);
    if let Some(submask) = objects_mask(mask, proto::ExecutedTransaction::OBJECTS_FIELD) {
        let executed = std::slice::from_ref(&stored.transactions()[index]);
        message.objects = Some(object_set(executed, &submask));
    }
    message
}

/// An object, cut to the mask.
pub(crate) fn object(object: &Object, mask: &FieldMaskTree) -> proto::Object {
    let mut message = proto::Object::merge_from(object.clone(), mask);
    if mask.contains(proto::Object::BALANCE_FIELD) {
        let coin = sui_sdk_types::framework::Coin::try_from_object(object);
        message.balance = coin.map(|coin| coin.balance());
    }
    message
}

/// One event of a transaction with its place on the chain, cut to the mask.
pub(crate) fn event(
    stored: &Stored,
    (transaction_index, event_index): (usize, usize),
    mask: &FieldMaskTree,
) -> proto::Event {
    let executed = &stored.transactions()[transaction_index];
    let events = executed.events.iter().flat_map(|events| &events.0);
    let mut message = events
        .skip(event_index)
        .take(1)
        .map(|event| proto::Event::merge_from(event.clone(), mask))
        .next()
        .unwrap_or_default();
    if mask.contains(proto::Event::CHECKPOINT_FIELD) {
        message.checkpoint = Some(stored.sequence_number());
    }
    if mask.contains(proto::Event::TRANSACTION_DIGEST_FIELD) {
        message.transaction_digest = Some(executed.effects.transaction_digest().to_string());
    }
    if mask.contains(proto::Event::TRANSACTION_INDEX_FIELD) {
        message.transaction_index = Some(transaction_index as u64);
    }
    if mask.contains(proto::Event::EVENT_INDEX_FIELD) {
        message.event_index = u32::try_from(event_index).ok();
    }
    message
}

fn transaction_without_objects(
    stored: &Stored,
    index: usize,
    mask: &FieldMaskTree,
) -> proto::ExecutedTransaction {
    type Message = proto::ExecutedTransaction;
    let executed = &stored.transactions()[index];
    let signed = &executed.transaction;
    let mut message = Message::default();
    if mask.contains(Message::DIGEST_FIELD) {
        message.digest = Some(executed.effects.transaction_digest().to_string());
    }
    if let Some(submask) = mask.subtree(Message::TRANSACTION_FIELD) {
        let transaction = signed.transaction.clone();
        message.transaction = Some(proto::Transaction::merge_from(transaction, &submask));
    }
    if let Some(submask) = mask.subtree(Message::SIGNATURES_FIELD) {
        let signatures = signed.signatures.iter().cloned();
        message.signatures = signatures
            .map(|signature| proto::UserSignature::merge_from(signature, &submask))
            .collect();
    }
    if let Some(submask) = mask.subtree(Message::EFFECTS_FIELD) {
        message.effects = Some(effects(executed, &submask));
    }
    if let Some(submask) = mask.subtree(Message::EVENTS_FIELD) {
        let events = executed.events.clone();
        message.events =
            events.map(|events| proto::TransactionEvents::merge_from(events, &submask));
    }
    if mask.contains(Message::BALANCE_CHANGES_FIELD) {
        message.balance_changes = balance_changes(executed);
    }
    if mask.contains(Message::CHECKPOINT_FIELD) {
        message.checkpoint = Some(stored.sequence_number());
    }
    if mask.contains(Message::TIMESTAMP_FIELD) {
        message.timestamp = Some(timestamp(stored));
    }
    if mask.contains(Message::TRANSACTION_INDEX_FIELD) {
        message.transaction_index = Some(index as u64);
    }
    message
}

/// Effects, with the types of changed objects, which effects themselves do not hold.
fn effects(executed: &CheckpointTransaction, mask: &FieldMaskTree) -> proto::TransactionEffects {
    let mut message = proto::TransactionEffects::merge_from(&executed.effects, mask);
    if message.changed_objects.is_empty() && message.gas_object.is_none() {
        return message;
    }
    let known = executed
        .input_objects
        .iter()
        .chain(&executed.output_objects);
    let types: BTreeMap<String, String> = known
        .map(|object| (object.object_id().to_string(), type_name(object)))
        .collect();
    let changed = message.changed_objects.iter_mut();
    for object in changed.chain(&mut message.gas_object) {
        object.object_type = types.get(object.object_id()).cloned();
    }
    message
}

fn type_name(object: &Object) -> String {
    match object.object_type() {
        ObjectType::Package => "package".to_owned(),
        ObjectType::Struct(tag) => tag.to_string(),
    }
}

fn balance_changes(executed: &CheckpointTransaction) -> Vec<proto::BalanceChange> {
    vigia_core::derive_balance_changes(
        &executed.effects,
        &executed.input_objects,
        &executed.output_objects,
    )
    .into_iter()
    .map(Into::into)
    .collect()
}

/// Inputs and outputs of all transactions, each version once.
fn object_set(transactions: &[CheckpointTransaction], mask: &FieldMaskTree) -> proto::ObjectSet {
    let objects = transactions
        .iter()
        .flat_map(|t| t.input_objects.iter().chain(&t.output_objects));
    let distinct: BTreeMap<(Address, u64), &Object> = objects
        .map(|object| ((object.object_id(), object.version()), object))
        .collect();
    let mut set = proto::ObjectSet::default();
    set.objects = distinct.values().map(|o| object(o, mask)).collect();
    set
}

/// Masks name objects inside their set.
fn objects_mask(mask: &FieldMaskTree, field: &MessageField) -> Option<FieldMaskTree> {
    mask.subtree(field)?
        .subtree(proto::ObjectSet::OBJECTS_FIELD)
}

fn timestamp(stored: &Stored) -> Timestamp {
    timestamp_ms_to_proto(stored.timestamp_ms())
}
