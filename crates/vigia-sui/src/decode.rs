//! From what a source brings, protobuf or BCS, to a decoded checkpoint.

mod header;
mod listed;
mod objects;

use bytes::Bytes;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{
    ChangedObject, CheckpointData, CheckpointSummary, CheckpointTransaction, ObjectOut,
    TransactionEvents,
};
use vigia_core::{
    BalanceChange, Checkpoint, CheckpointHeader, Evidence, ExecutedTransaction, Place, Proof,
    Transaction, TransactionEffects, owning_address,
};

use crate::SourceError;
use crate::integrity::{self, Contents};

use header::header_of;
pub(crate) use header::{header_from_proto, summary_from_proto};
pub(crate) use listed::{LISTED_MASK, Listed, listed_from_proto};
pub use objects::{Objects, ObjectsError};

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
    let Bound {
        header,
        transactions: bound,
        objects,
        ..
    } = bound_from_proto(message, summary_from_proto(message)?)?;
    let mut transactions = Vec::with_capacity(bound.len());
    for (mut transaction, executed) in bound.into_iter().zip(&message.transactions) {
        if objects.is_empty() {
            transaction.balance_changes = stated_changes(&transaction, executed)?;
            if says_too_little(&transaction) {
                return Ok(Decoded::NeedsObjects(header.sequence));
            }
        } else {
            add_changes(&mut transaction, &objects)?;
        }
        transactions.push(transaction);
    }
    Ok(Decoded::Complete(Checkpoint {
        header,
        transactions,
        scanned: None,
    }))
}

/// A checkpoint as its bytes say it: balance changes and prior owners are left empty, since nothing
/// that came binds them.
pub(crate) struct Bound {
    pub(crate) header: CheckpointHeader,
    pub(crate) transactions: Vec<ExecutedTransaction>,
    /// Whether contents came along, which bind the transactions to the summary; they are checked.
    pub(crate) has_contents: bool,
    /// What came along, unchecked.
    pub(crate) objects: Objects,
}

/// Decodes the bytes of a checkpoint, given its summary. Contents are checked where they came along.
pub(crate) fn bound_from_proto(
    message: &proto::Checkpoint,
    (summary, header): (CheckpointSummary, CheckpointHeader),
) -> Result<Bound, SourceError> {
    let sequence = header.sequence;
    let invalid = |problem: String| SourceError::invalid(sequence, problem);
    let contents = message.contents.as_ref();
    let contents = bcs_value(contents.and_then(|contents| contents.bcs.as_ref()))
        .map(|bytes| Contents::decode(bytes, &summary))
        .transpose()
        .map_err(invalid)?;
    if let Some(contents) = &contents {
        let present = message.transactions.len();
        contents.check_count(present).map_err(invalid)?;
    }
    let mut transactions = Vec::with_capacity(message.transactions.len());
    for (index, executed) in (0u32..).zip(&message.transactions) {
        let place = Place {
            checkpoint: sequence,
            index,
        };
        let evidence = evidence_from_proto(place, executed)?;
        transactions.push(transaction_from_evidence(
            place,
            header.timestamp_ms,
            evidence,
            contents.as_ref(),
        )?);
    }
    Ok(Bound {
        has_contents: contents.is_some(),
        objects: Objects::from_proto(sequence, message.objects.as_ref())?,
        header,
        transactions,
    })
}

/// Decodes a transaction that came by itself; none where it says too little without objects.
pub(crate) fn lone_transaction(
    place: Place,
    timestamp_ms: u64,
    executed: &proto::ExecutedTransaction,
) -> Result<Option<ExecutedTransaction>, SourceError> {
    let evidence = evidence_from_proto(place, executed)?;
    let mut decoded = transaction_from_evidence(place, timestamp_ms, evidence, None)?;
    decoded.balance_changes = stated_changes(&decoded, executed)?;
    Ok((!says_too_little(&decoded)).then_some(decoded))
}

/// Whether objects are needed to tell what a transaction did: version 1 effects name no prior owners,
/// and where nobody paid for gas an empty list of balance changes may as well be an absent one.
fn says_too_little(transaction: &ExecutedTransaction) -> bool {
    let TransactionEffects::V2(effects) = &transaction.effects else {
        return true;
    };
    let is_owned = |change: &ChangedObject| match &change.output_state {
        ObjectOut::ObjectWrite { owner, .. } => owning_address(owner).is_some(),
        ObjectOut::AccumulatorWrite(_) => true,
        _ => false,
    };
    transaction.balance_changes.is_empty()
        && transaction.gas_cost() == 0
        && effects.changed_objects.iter().any(is_owned)
}

fn evidence_from_proto(
    place: Place,
    executed: &proto::ExecutedTransaction,
) -> Result<Evidence, SourceError> {
    if executed
        .transaction_index
        .is_some_and(|index| index != u64::from(place.index))
    {
        let problem = format!("transaction {} says it is another", place.index);
        return Err(SourceError::invalid(place.checkpoint, problem));
    }
    let transaction = executed.transaction.as_ref();
    let transaction = bcs_value(transaction.and_then(|value| value.bcs.as_ref()));
    let effects = executed.effects.as_ref();
    let effects = bcs_value(effects.and_then(|value| value.bcs.as_ref()));
    let events = executed.events.as_ref();
    let events = bcs_value(events.and_then(|value| value.bcs.as_ref()));
    Ok(Evidence {
        transaction: transaction
            .ok_or_else(|| missing(place, "transaction.bcs"))?
            .clone(),
        effects: effects
            .ok_or_else(|| missing(place, "effects.bcs"))?
            .clone(),
        events: events.cloned(),
    })
}

/// The balance changes that a node states, which nothing binds.
fn stated_changes(
    transaction: &ExecutedTransaction,
    executed: &proto::ExecutedTransaction,
) -> Result<Vec<BalanceChange>, SourceError> {
    let place = transaction.place;
    let changes = executed.balance_changes.iter().map(BalanceChange::try_from);
    let changes: Result<Vec<_>, _> = changes.collect();
    let changes = changes.map_err(|error| SourceError::invalid(place.checkpoint, error))?;
    // What gas costs, somebody paid: then there is a change. An absent list reads as an empty one.
    if changes.is_empty() && transaction.gas_cost() != 0 {
        return Err(missing(place, "balance_changes"));
    }
    Ok(changes)
}

/// Derives from objects what the effects do not say: balance changes and prior owners.
fn add_changes(
    transaction: &mut ExecutedTransaction,
    objects: &Objects,
) -> Result<(), SourceError> {
    let place = transaction.place;
    let invalid = |problem: ObjectsError| {
        let problem = format!("transaction {}: {problem}", place.index);
        SourceError::invalid(place.checkpoint, problem)
    };
    transaction.balance_changes = objects.balance_changes(transaction).map_err(invalid)?;
    transaction.owners_before = objects.owners_before(transaction).map_err(invalid)?;
    Ok(())
}

/// Decodes a transaction from its signed bytes, which are checked first where contents are there;
/// balance changes are left empty.
fn transaction_from_evidence(
    place: Place,
    timestamp_ms: u64,
    evidence: Evidence,
    contents: Option<&Contents>,
) -> Result<ExecutedTransaction, SourceError> {
    let sequence = place.checkpoint;
    let invalid = |problem: String| SourceError::invalid(sequence, problem);
    if let Some(contents) = contents {
        contents.check(place.index, &evidence).map_err(invalid)?;
    }
    let transaction: Transaction = decode_bcs(sequence, "transaction", &evidence.transaction)?;
    let effects: TransactionEffects = decode_bcs(sequence, "effects", &evidence.effects)?;
    if evidence.events.is_none() && effects.events_digest().is_some() {
        return Err(missing(place, "events.bcs"));
    }
    if contents.is_some() {
        integrity::check_events(place.index, &effects, &evidence).map_err(invalid)?;
    }
    let events = match &evidence.events {
        Some(events) => decode_bcs::<TransactionEvents>(sequence, "events", events)?.0,
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
        proof: Proof::unasked(),
        owners_before: Vec::new(),
        evidence,
    })
}

/// Decodes the `CheckpointData` of a `.chk` file and checks that its parts belong together.
pub(crate) fn from_checkpoint_data(data: CheckpointData) -> Result<Checkpoint, SourceError> {
    let summary = data.checkpoint_summary.checkpoint;
    let header = header_of(&summary, summary.digest());
    let sequence = header.sequence;
    let invalid = |problem: String| SourceError::invalid(sequence, problem);
    let contents = Contents::of(&data.checkpoint_contents, &summary).map_err(invalid)?;
    contents
        .check_count(data.transactions.len())
        .map_err(invalid)?;
    let mut transactions = Vec::with_capacity(data.transactions.len());
    for (index, executed) in (0u32..).zip(data.transactions) {
        let place = Place {
            checkpoint: sequence,
            index,
        };
        let transaction = transaction_from_data(place, header.timestamp_ms, executed)?;
        let evidence = &transaction.evidence;
        contents.check(index, evidence).map_err(invalid)?;
        integrity::check_events(index, &transaction.effects, evidence).map_err(invalid)?;
        transactions.push(transaction);
    }
    Ok(Checkpoint {
        header,
        transactions,
        scanned: None,
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
        proof: Proof::unasked(),
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
    let objects = Objects::new(input_objects.into_iter().chain(output_objects));
    add_changes(&mut decoded, &objects)?;
    Ok(decoded)
}

fn missing(place: Place, what: &str) -> SourceError {
    SourceError::Missing {
        sequence: place.checkpoint.to_string(),
        what: format!("{what} of transaction {}", place.index),
    }
}

pub(crate) fn bcs_value(bcs: Option<&proto::Bcs>) -> Option<&Bytes> {
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
