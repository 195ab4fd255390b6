//! A transaction by itself, as a list brings it: nothing but its own numbers says where it stands.

use std::ops::Range;

use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Digest, ExecutedTransaction, Place};

use super::lone_transaction;
use crate::SourceError;
use crate::grpc::time_ms;
use crate::integrity::digest_of;

/// Field paths of `sui.rpc.v2.ExecutedTransaction` that a list is asked for.
pub(crate) const LISTED_MASK: [&str; 9] = [
    "digest",
    "transaction.bcs",
    "effects.bcs",
    "effects.digest",
    "events.bcs",
    "balance_changes",
    "checkpoint",
    "timestamp",
    "transaction_index",
];

/// A listed transaction.
pub(crate) enum Listed {
    Complete(Box<ExecutedTransaction>),
    /// It says too little without objects.
    NeedsObjects(Place),
}

impl Listed {
    /// Bytes of its evidence.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Complete(transaction) => {
                let evidence = &transaction.evidence;
                let events = evidence.events.as_ref().map_or(0, |events| events.len());
                evidence.transaction.len() + evidence.effects.len() + events
            }
            Self::NeedsObjects(_) => 0,
        }
    }
}

/// Decodes a listed transaction, which has to name its place (I-4) and lie in `asked`, and checks it
/// by the digests that come with it: its own, that of its effects, and that of its events which the
/// effects name.
pub(crate) fn listed_from_proto(
    executed: &proto::ExecutedTransaction,
    asked: Range<u64>,
) -> Result<Listed, SourceError> {
    let digest = executed.digest.as_deref().unwrap_or("without a digest");
    let missing = |what: &str| SourceError::Missing {
        sequence: executed
            .checkpoint
            .map_or_else(|| "(unknown)".to_owned(), |n| n.to_string()),
        what: format!("{what} of listed transaction {digest}"),
    };
    let checkpoint = executed.checkpoint.ok_or_else(|| missing("checkpoint"))?;
    let index = executed.transaction_index;
    let index = index.ok_or_else(|| missing("transaction_index"))?;
    let index = u32::try_from(index)
        .map_err(|_| SourceError::invalid(checkpoint, format!("{index} is no index in it")))?;
    let timestamp_ms = executed.timestamp.and_then(time_ms);
    let timestamp_ms = timestamp_ms.ok_or_else(|| missing("timestamp"))?;
    if !asked.contains(&checkpoint) {
        let problem = format!("it was listed and not asked for ({asked:?})");
        return Err(SourceError::invalid(checkpoint, problem));
    }
    let place = Place { checkpoint, index };
    let Some(transaction) = lone_transaction(place, timestamp_ms, executed)? else {
        return Ok(Listed::NeedsObjects(place));
    };
    check_digests(&transaction, executed)
        .map_err(|problem| SourceError::invalid(checkpoint, format!("{place}: {problem}")))?;
    Ok(Listed::Complete(Box::new(transaction)))
}

fn check_digests(
    transaction: &ExecutedTransaction,
    executed: &proto::ExecutedTransaction,
) -> Result<(), String> {
    let evidence = &transaction.evidence;
    let parsed = |text: &str| {
        let digest: Result<Digest, _> = text.parse();
        digest.map_err(|error| format!("{text:?} is no digest: {error}"))
    };
    let found = digest_of("TransactionData", &evidence.transaction);
    if found != transaction.digest {
        return Err(format!(
            "its effects are those of {}, it is {found}",
            transaction.digest
        ));
    }
    if let Some(stated) = executed.digest.as_deref()
        && parsed(stated)? != found
    {
        return Err(format!("it is called {stated}, it is {found}"));
    }
    let effects = executed.effects.as_ref();
    if let Some(stated) = effects.and_then(|effects| effects.digest.as_deref()) {
        let found = digest_of("TransactionEffects", &evidence.effects);
        if parsed(stated)? != found {
            return Err(format!("its effects are called {stated}, they are {found}"));
        }
    }
    match (transaction.effects.events_digest(), &evidence.events) {
        (Some(expected), Some(events)) if digest_of("TransactionEvents", events) != *expected => {
            Err("its events are not those its effects name".to_owned())
        }
        (None, Some(_)) => Err("it has events that it did not emit".to_owned()),
        _ => Ok(()),
    }
}
