//! From what a source brings, protobuf or BCS, to a decoded checkpoint.

mod header;

use std::collections::HashMap;

use bytes::Bytes;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{
    CheckpointContents, CheckpointData, CheckpointTransaction, Input, Object, ObjectReference,
    TransactionEvents, TransactionKind,
};
use vigia_core::{
    Address, BalanceChange, Checkpoint, Digest, Evidence, ExecutedTransaction, Place, Transaction,
    TransactionEffects, derive_balance_changes, owning_address,
};

use crate::SourceError;
use crate::integrity;

pub(crate) use header::header_from_proto;
use header::{header_of, summary_from_proto};

/// Field paths of `sui.rpc.v2.Checkpoint` that a live stream asks for.
///
/// BCS and nothing decoded: 2.5 kB a transaction against 5.0 kB for the decoded fields, and these
/// are the bytes that digests bind.
pub const LIVE_MASK: [&str; 6] = [
    "sequence_number",
    "summary.bcs",
    "transactions.transaction.bcs",
    "transactions.effects.bcs",
    "transactions.events.bcs",
    "transactions.balance_changes",
];

/// Field paths that a stream of headers asks for: what links checkpoints, and nothing of their
/// transactions.
pub const HEADER_MASK: [&str; 3] = ["sequence_number", "digest", "summary.bcs"];

/// Field paths of `sui.rpc.v2.ExecutedTransaction` that a filtered stream asks for.
pub(crate) const FILTERED_MASK: [&str; 7] = [
    "digest",
    "checkpoint",
    "transaction_index",
    "transaction.bcs",
    "effects.bcs",
    "events.bcs",
    "balance_changes",
];

/// What has to be asked for in addition where effects do not state prior owners (version 1).
pub(crate) const OBJECTS_MASK: &str = "objects.objects.bcs";

/// A decoded checkpoint, or the news that it cannot be decoded without objects.
pub(crate) enum Decoded {
    Complete(Checkpoint),
    NeedsObjects(u64),
}

/// Decodes a checkpoint from gRPC or a `.binpb` file. Contents are checked where they came along.
pub(crate) fn from_proto(message: &proto::Checkpoint) -> Result<Decoded, SourceError> {
    let (summary, header) = summary_from_proto(message)?;
    let sequence = header.sequence;
    let objects = ObjectsByVersion::from_proto(sequence, message.objects.as_ref())?;

    let mut transactions = Vec::with_capacity(message.transactions.len());
    for (index, executed) in (0u32..).zip(&message.transactions) {
        let place = Place {
            checkpoint: sequence,
            index,
        };
        let transaction = transaction_from_proto(place, header.timestamp_ms, executed, &objects)?;
        if matches!(transaction.effects, TransactionEffects::V1(_)) && objects.0.is_empty() {
            return Ok(Decoded::NeedsObjects(sequence));
        }
        transactions.push(transaction);
    }
    let contents = message
        .contents
        .as_ref()
        .and_then(|contents| contents.bcs.as_ref());
    if let Some(contents_bcs) = bcs_value(contents) {
        let contents: CheckpointContents = decode_bcs(sequence, "contents", contents_bcs)?;
        integrity::check(&summary, &contents, &transactions)
            .map_err(|problem| SourceError::invalid(sequence, problem))?;
    }
    Ok(Decoded::Complete(Checkpoint {
        header,
        transactions,
    }))
}

/// Decodes a transaction that came by itself. One with version 1 effects says too little.
pub(crate) fn filtered_transaction(
    place: Place,
    timestamp_ms: u64,
    executed: &proto::ExecutedTransaction,
) -> Result<ExecutedTransaction, SourceError> {
    let decoded =
        transaction_from_proto(place, timestamp_ms, executed, &ObjectsByVersion::new([]))?;
    if matches!(decoded.effects, TransactionEffects::V1(_)) {
        return Err(SourceError::Missing {
            sequence: place.checkpoint.to_string(),
            what: "objects, without which version 1 effects do not name prior owners".to_owned(),
        });
    }
    Ok(decoded)
}

fn transaction_from_proto(
    place: Place,
    timestamp_ms: u64,
    executed: &proto::ExecutedTransaction,
    objects: &ObjectsByVersion,
) -> Result<ExecutedTransaction, SourceError> {
    let missing = |what: &str| SourceError::Missing {
        sequence: place.checkpoint.to_string(),
        what: format!("{what} of transaction {}", place.index),
    };
    if executed
        .transaction_index
        .is_some_and(|index| index != u64::from(place.index))
    {
        let problem = format!("transaction {} says it is another", place.index);
        return Err(SourceError::invalid(place.checkpoint, problem));
    }
    let transaction = executed
        .transaction
        .as_ref()
        .and_then(|value| value.bcs.as_ref());
    let transaction = bcs_value(transaction).ok_or_else(|| missing("transaction.bcs"))?;
    let effects = executed
        .effects
        .as_ref()
        .and_then(|value| value.bcs.as_ref());
    let effects = bcs_value(effects).ok_or_else(|| missing("effects.bcs"))?;
    let events = bcs_value(
        executed
            .events
            .as_ref()
            .and_then(|value| value.bcs.as_ref()),
    );
    let evidence = Evidence {
        transaction: transaction.clone(),
        effects: effects.clone(),
        events: events.cloned(),
    };
    let mut decoded = transaction_from_evidence(place, timestamp_ms, evidence)?;
    if objects.0.is_empty() {
        decoded.balance_changes = executed
            .balance_changes
            .iter()
            .map(BalanceChange::try_from)
            .collect::<Result<_, _>>()
            .map_err(|error| SourceError::invalid(place.checkpoint, error))?;
        // What gas costs, somebody paid: then there is a change. An absent list reads as an empty one.
        if decoded.balance_changes.is_empty() && decoded.gas_cost() != 0 {
            return Err(missing("balance_changes"));
        }
    } else {
        add_changes(&mut decoded, objects)?;
    }
    Ok(decoded)
}

/// Derives from objects what the effects do not say: balance changes and prior owners.
fn add_changes(
    transaction: &mut ExecutedTransaction,
    objects: &ObjectsByVersion,
) -> Result<(), SourceError> {
    let place = transaction.place;
    let (before, after) = objects
        .of(&transaction.transaction, &transaction.effects)
        .map_err(|problem| {
            let problem = format!("transaction {}: {problem}", place.index);
            SourceError::invalid(place.checkpoint, problem)
        })?;
    let effects = &transaction.effects;
    transaction.balance_changes = derive_balance_changes(effects, &before, &after);
    transaction.owners_before = owners_before(effects, &before);
    Ok(())
}

/// Decodes a transaction from its signed bytes; balance changes are left empty.
fn transaction_from_evidence(
    place: Place,
    timestamp_ms: u64,
    evidence: Evidence,
) -> Result<ExecutedTransaction, SourceError> {
    let sequence = place.checkpoint;
    let transaction: Transaction = decode_bcs(sequence, "transaction", &evidence.transaction)?;
    let effects: TransactionEffects = decode_bcs(sequence, "effects", &evidence.effects)?;
    let events = match &evidence.events {
        Some(events) => decode_bcs::<TransactionEvents>(sequence, "events", events)?.0,
        None if effects.events_digest().is_some() => {
            let what = format!("events.bcs of transaction {}", place.index);
            return Err(SourceError::Missing {
                sequence: sequence.to_string(),
                what,
            });
        }
        None => Vec::new(),
    };
    Ok(ExecutedTransaction {
        place,
        digest: *effects.transaction_digest(),
        timestamp_ms,
        transaction,
        effects,
        events,
        balance_changes: Vec::new(),
        owners_before: Vec::new(),
        evidence,
    })
}

/// Decodes the `CheckpointData` of a `.chk` file and checks that its parts belong together.
pub(crate) fn from_checkpoint_data(data: CheckpointData) -> Result<Checkpoint, SourceError> {
    let summary = data.checkpoint_summary.checkpoint;
    let header = header_of(&summary, summary.digest());
    let sequence = header.sequence;
    let mut transactions = Vec::with_capacity(data.transactions.len());
    for (index, executed) in (0u32..).zip(data.transactions) {
        let place = Place {
            checkpoint: sequence,
            index,
        };
        transactions.push(transaction_from_data(place, header.timestamp_ms, executed)?);
    }
    integrity::check(&summary, &data.checkpoint_contents, &transactions)
        .map_err(|problem| SourceError::invalid(sequence, problem))?;
    Ok(Checkpoint {
        header,
        transactions,
    })
}

fn transaction_from_data(
    place: Place,
    timestamp_ms: u64,
    executed: CheckpointTransaction,
) -> Result<ExecutedTransaction, SourceError> {
    let CheckpointTransaction {
        transaction,
        effects,
        events,
        input_objects,
        output_objects,
    } = executed;
    let transaction = transaction.transaction;
    let encode_error = |error: bcs::Error| SourceError::invalid(place.checkpoint, error);
    let events_bcs = events
        .as_ref()
        .map(bcs::to_bytes)
        .transpose()
        .map_err(encode_error)?;
    let mut decoded = ExecutedTransaction {
        place,
        digest: *effects.transaction_digest(),
        timestamp_ms,
        balance_changes: Vec::new(),
        owners_before: Vec::new(),
        evidence: Evidence {
            transaction: bcs::to_bytes(&transaction).map_err(encode_error)?.into(),
            effects: bcs::to_bytes(&effects).map_err(encode_error)?.into(),
            events: events_bcs.map(Bytes::from),
        },
        transaction,
        effects,
        events: events.map(|events| events.0).unwrap_or_default(),
    };
    let objects = ObjectsByVersion::new(input_objects.into_iter().chain(output_objects));
    add_changes(&mut decoded, &objects)?;
    Ok(decoded)
}

/// Owners of changed objects before execution, for version 1 effects; version 2 states them.
fn owners_before(effects: &TransactionEffects, objects_before: &[Object]) -> Vec<Address> {
    if matches!(effects, TransactionEffects::V2(_)) {
        return Vec::new();
    }
    let changed: Vec<Address> = effects
        .object_changes()
        .map(|change| *change.object_id())
        .collect();
    let mut owners: Vec<Address> = objects_before
        .iter()
        .filter(|object| changed.contains(&object.object_id()))
        .filter_map(|object| owning_address(object.owner()))
        .collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// The objects that came with a checkpoint, by id and version.
struct ObjectsByVersion(HashMap<(Address, u64), Object>);

impl ObjectsByVersion {
    fn from_proto(sequence: u64, set: Option<&proto::ObjectSet>) -> Result<Self, SourceError> {
        let mut objects = Vec::new();
        for object in set.map_or(&[][..], |set| &set.objects) {
            let Some(object_bcs) = bcs_value(object.bcs.as_ref()) else {
                continue;
            };
            let object: Object = decode_bcs(sequence, "object", object_bcs)?;
            objects.push(object);
        }
        Ok(Self::new(objects))
    }

    fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        let by_version = |object: Object| ((object.object_id(), object.version()), object);
        Self(objects.into_iter().map(by_version).collect())
    }

    /// The objects a transaction changed, as they were before and after. Amounts come from them, so
    /// each has to be there and to be the one whose digest the effects state; version 1 effects
    /// state none for inputs, the transaction does for those that it names.
    fn of(
        &self,
        transaction: &Transaction,
        effects: &TransactionEffects,
    ) -> Result<(Vec<Object>, Vec<Object>), String> {
        use sui_sdk_types::ObjectChange as Change;
        let named = named_inputs(transaction, effects);
        let find = |id: &Address, version: u64, digest: Option<&Digest>| {
            let object = self.0.get(&(*id, version));
            let object = object.ok_or_else(|| format!("object {id} at {version} is missing"))?;
            match digest.or_else(|| named.get(&(*id, version))) {
                Some(expected) if object.digest() != *expected => Err(format!(
                    "object {id} at {version} is not the one it changed"
                )),
                _ => Ok(object.clone()),
            }
        };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for change in effects.object_changes() {
            let id = change.object_id();
            if let Change::Mutated {
                input_version: Some(version),
                input_digest: digest,
                ..
            }
            | Change::Deleted {
                input_version: Some(version),
                input_digest: digest,
                ..
            }
            | Change::Wrapped {
                input_version: Some(version),
                input_digest: digest,
                ..
            } = change
            {
                before.push(find(id, version, digest)?);
            }
            if let Change::Created {
                output_version: version,
                output_digest: digest,
                ..
            }
            | Change::Unwrapped {
                output_version: version,
                output_digest: digest,
                ..
            }
            | Change::Mutated {
                output_version: version,
                output_digest: digest,
                ..
            } = change
            {
                after.push(find(id, version, Some(digest))?);
            }
        }
        Ok((before, after))
    }
}

/// Digests of the objects that a transaction names as its inputs, by id and version.
fn named_inputs(
    transaction: &Transaction,
    effects: &TransactionEffects,
) -> HashMap<(Address, u64), Digest> {
    let mut named: Vec<&ObjectReference> = transaction.gas_payment.objects.iter().collect();
    if let TransactionKind::ProgrammableTransaction(program) = &transaction.kind {
        named.extend(program.inputs.iter().filter_map(|input| match input {
            Input::ImmutableOrOwned(object) | Input::Receiving(object) => Some(object),
            _ => None,
        }));
    }
    if let TransactionEffects::V1(effects) = effects {
        named.extend(&effects.consensus_objects);
    }
    named
        .into_iter()
        .map(|object| ((*object.object_id(), object.version()), *object.digest()))
        .collect()
}

fn bcs_value(bcs: Option<&proto::Bcs>) -> Option<&Bytes> {
    bcs?.value.as_ref()
}

fn decode_bcs<'de, T: serde::Deserialize<'de>>(
    sequence: u64,
    what: &str,
    bytes: &'de [u8],
) -> Result<T, SourceError> {
    bcs::from_bytes(bytes).map_err(|error| {
        SourceError::invalid(sequence, format!("its {what} cannot be decoded: {error}"))
    })
}
