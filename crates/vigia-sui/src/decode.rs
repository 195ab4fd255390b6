//! From what a source brings, protobuf or BCS, to a decoded checkpoint.

use std::collections::HashMap;

use bytes::Bytes;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{
    CheckpointContents, CheckpointData, CheckpointSummary, CheckpointTransaction, Object,
    TransactionEvents,
};
use vigia_core::{
    Address, BalanceChange, Checkpoint, CheckpointHeader, Evidence, ExecutedTransaction, Place,
    Transaction, TransactionEffects, derive_balance_changes, owning_address,
};

use crate::SourceError;
use crate::integrity;

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

/// What has to be asked for in addition where effects do not state prior owners (version 1).
pub(crate) const OBJECTS_MASK: &str = "objects.objects.bcs";

/// A decoded checkpoint, or the news that it cannot be decoded without objects.
pub(crate) enum Decoded {
    Complete(Checkpoint),
    NeedsObjects(u64),
}

/// Decodes a checkpoint from gRPC or a `.binpb` file. Contents are checked where they came along.
pub(crate) fn from_proto(message: &proto::Checkpoint) -> Result<Decoded, SourceError> {
    let missing = |sequence: Option<u64>, what: &str| SourceError::Missing {
        sequence: sequence.map_or("without a number".to_owned(), |n| n.to_string()),
        what: what.to_owned(),
    };
    let sequence = message
        .sequence_number
        .ok_or_else(|| missing(None, "sequence_number"))?;
    let summary = message
        .summary
        .as_ref()
        .and_then(|summary| summary.bcs.as_ref());
    let summary_bcs = bcs_value(summary).ok_or_else(|| missing(Some(sequence), "summary.bcs"))?;
    let summary: CheckpointSummary = decode_bcs(sequence, "summary", summary_bcs)?;
    if summary.sequence_number != sequence {
        let problem = format!(
            "its summary is that of checkpoint {}",
            summary.sequence_number
        );
        return Err(SourceError::invalid(sequence, problem));
    }
    let header = header_of(
        &summary,
        integrity::digest_of("CheckpointSummary", summary_bcs),
    );
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
    let (before, after) = objects.of(&decoded.effects);
    decoded.balance_changes = if objects.0.is_empty() {
        executed
            .balance_changes
            .iter()
            .map(BalanceChange::try_from)
            .collect::<Result<_, _>>()
            .map_err(|error| SourceError::invalid(place.checkpoint, error))?
    } else {
        derive_balance_changes(&decoded.effects, &before, &after)
    };
    decoded.owners_before = owners_before(&decoded.effects, &before);
    Ok(decoded)
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
    Ok(ExecutedTransaction {
        place,
        digest: *effects.transaction_digest(),
        timestamp_ms,
        balance_changes: derive_balance_changes(&effects, &input_objects, &output_objects),
        owners_before: owners_before(&effects, &input_objects),
        evidence: Evidence {
            transaction: bcs::to_bytes(&transaction).map_err(encode_error)?.into(),
            effects: bcs::to_bytes(&effects).map_err(encode_error)?.into(),
            events: events_bcs.map(Bytes::from),
        },
        transaction,
        effects,
        events: events.map(|events| events.0).unwrap_or_default(),
    })
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
        let mut objects = HashMap::new();
        for object in set.map_or(&[][..], |set| &set.objects) {
            let Some(object_bcs) = bcs_value(object.bcs.as_ref()) else {
                continue;
            };
            let object: Object = decode_bcs(sequence, "object", object_bcs)?;
            objects.insert((object.object_id(), object.version()), object);
        }
        Ok(Self(objects))
    }

    /// The objects a transaction changed, as they were before and after.
    fn of(&self, effects: &TransactionEffects) -> (Vec<Object>, Vec<Object>) {
        use sui_sdk_types::ObjectChange as Change;
        let find = |id: &Address, version: u64| self.0.get(&(*id, version)).cloned();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for change in effects.object_changes() {
            let id = change.object_id();
            match change {
                Change::Created { output_version, .. }
                | Change::Unwrapped { output_version, .. } => {
                    after.extend(find(id, output_version));
                }
                Change::Mutated {
                    input_version,
                    output_version,
                    ..
                } => {
                    before.extend(input_version.and_then(|version| find(id, version)));
                    after.extend(find(id, output_version));
                }
                Change::Deleted { input_version, .. } | Change::Wrapped { input_version, .. } => {
                    before.extend(input_version.and_then(|version| find(id, version)));
                }
                _ => {}
            }
        }
        (before, after)
    }
}

fn header_of(summary: &CheckpointSummary, digest: vigia_core::Digest) -> CheckpointHeader {
    CheckpointHeader {
        sequence: summary.sequence_number,
        digest,
        previous_digest: summary.previous_digest,
        epoch: summary.epoch,
        timestamp_ms: summary.timestamp_ms,
    }
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
