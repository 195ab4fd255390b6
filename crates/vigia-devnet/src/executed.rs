//! Generated transactions as the rest of vigia knows them, for tests and benches without a node.

use sui_sdk_types::CheckpointTransaction;
use vigia_core::{Evidence, ExecutedTransaction, Place, Proof, derive_balance_changes};

/// A transaction at its place, with the balance changes that its objects amount to; without its bytes and
/// the time of its checkpoint.
pub fn executed(place: Place, from: CheckpointTransaction) -> ExecutedTransaction {
    let changes = derive_balance_changes(&from.effects, &from.input_objects, &from.output_objects);
    ExecutedTransaction {
        place,
        digest: *from.effects.transaction_digest(),
        timestamp_ms: 0,
        transaction: from.transaction.transaction,
        effects: from.effects,
        events: from.events.map(|events| events.0).unwrap_or_default(),
        balance_changes: changes,
        proof: Proof::unasked(),
        owners_before: Vec::new(),
        evidence: Evidence {
            transaction: Default::default(),
            effects: Default::default(),
            events: None,
        },
    }
}
