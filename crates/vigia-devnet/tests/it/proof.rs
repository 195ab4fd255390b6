//! What a client finds that recomputes everything: the yardstick for honest answers and forged ones.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;
use sui_rpc::proto::sui::rpc::v2::{BalanceChange, Bcs, Checkpoint, ExecutedTransaction};
use sui_sdk_types::{
    CheckpointContents, CheckpointSummary, Digest, Object, ObjectIn, Transaction,
    TransactionEffects, TransactionEvents, ValidatorAggregatedSignature, ValidatorCommittee,
};

/// What does not hold of a checkpoint, each once.
pub(crate) fn problems(
    message: &Checkpoint,
    committee: &ValidatorCommittee,
) -> BTreeSet<&'static str> {
    let mut problems = BTreeSet::new();
    let summary: Option<CheckpointSummary> = decode(message.summary().bcs());
    let contents: Option<CheckpointContents> = decode(message.contents().bcs());
    if !summary
        .as_ref()
        .is_some_and(|summary| is_signed(message, summary, committee))
    {
        problems.insert("signature");
    }
    let (Some(summary), Some(contents)) = (summary, contents) else {
        problems.insert("unreadable");
        return problems;
    };
    if contents.digest() != summary.content_digest {
        problems.insert("contents");
    }
    let objects: Vec<Object> = message
        .objects()
        .objects()
        .iter()
        .filter_map(|object| decode(object.bcs()))
        .collect();
    if objects.len() != message.objects().objects().len() {
        problems.insert("object");
    }
    let listed = contents.transactions();
    if listed.len() != message.transactions().len() {
        problems.insert("completeness");
    }
    let order = listed.iter().map(|info| info.transaction().to_string());
    let told = message.transactions().iter().map(|t| t.digest());
    if listed.len() == message.transactions().len() && !order.eq(told) {
        problems.insert("order");
    }
    let mut named = BTreeSet::new();
    for executed in message.transactions() {
        let listed = listed
            .iter()
            .map(|info| (*info.transaction(), *info.effects()));
        problems.extend(of_transaction(
            executed,
            &listed.collect(),
            &objects,
            &mut named,
        ));
    }
    if objects.iter().any(|o| !named.contains(&o.digest())) && !problems.contains("completeness") {
        problems.insert("object");
    }
    problems
}

fn is_signed(
    message: &Checkpoint,
    summary: &CheckpointSummary,
    committee: &ValidatorCommittee,
) -> bool {
    let verifier = ValidatorCommitteeSignatureVerifier::new(committee.clone()).unwrap();
    let signature = ValidatorAggregatedSignature::try_from(message.signature());
    signature.is_ok_and(|signature| {
        verifier
            .verify_checkpoint_summary(summary, &signature)
            .is_ok()
    })
}

fn of_transaction(
    executed: &ExecutedTransaction,
    listed: &BTreeMap<Digest, Digest>,
    objects: &[Object],
    named: &mut BTreeSet<Digest>,
) -> Vec<&'static str> {
    let mut problems = vec![];
    let transaction: Option<Transaction> = decode(executed.transaction().bcs());
    let effects: Option<TransactionEffects> = decode(executed.effects().bcs());
    let digest = transaction.map(|transaction| transaction.digest());
    if !digest.is_some_and(|digest| listed.contains_key(&digest)) {
        problems.push("transaction");
    }
    let known = effects
        .as_ref()
        .is_some_and(|effects| listed.get(effects.transaction_digest()) == Some(&effects.digest()));
    let Some(effects) = effects.filter(|_| known) else {
        problems.push("effects");
        return problems;
    };
    let events = executed.events.as_ref();
    let events = events.map(|events| decode::<TransactionEvents>(events.bcs()));
    let events = events.map(|events| events.map(|events| events.digest()));
    if events.is_some_and(|digest| digest != effects.events_digest().copied())
        || (executed.events.is_none() && effects.events_digest().is_some())
    {
        problems.push("events");
    }
    let (inputs, outputs) = states(&effects, objects, named);
    let derived = vigia_core::derive_balance_changes(&effects, &inputs, &outputs);
    let derived: Vec<BalanceChange> = derived.into_iter().map(Into::into).collect();
    if !executed.balance_changes.is_empty() && executed.balance_changes != derived {
        problems.push("amount");
    }
    problems
}

/// Objects before and after by id and version; notes the digests that effects name.
fn states(
    effects: &TransactionEffects,
    objects: &[Object],
    named: &mut BTreeSet<Digest>,
) -> (Vec<Object>, Vec<Object>) {
    let TransactionEffects::V2(effects) = effects else {
        panic!("version 2 effects");
    };
    let (mut inputs, mut outputs) = (vec![], vec![]);
    for change in &effects.changed_objects {
        let of_change = objects.iter().filter(|o| o.object_id() == change.object_id);
        for object in of_change {
            match &change.input_state {
                ObjectIn::Exist {
                    version, digest, ..
                } if *version == object.version() => {
                    named.insert(*digest);
                    inputs.push(object.clone());
                }
                _ if object.previous_transaction() == effects.transaction_digest => {
                    outputs.push(object.clone());
                }
                _ => {}
            }
        }
        match &change.output_state {
            sui_sdk_types::ObjectOut::ObjectWrite { digest, .. }
            | sui_sdk_types::ObjectOut::PackageWrite { digest, .. } => {
                named.insert(*digest);
            }
            _ => {}
        }
    }
    (inputs, outputs)
}

fn decode<T: DeserializeOwned>(bcs: &Bcs) -> Option<T> {
    bcs.deserialize().ok()
}
