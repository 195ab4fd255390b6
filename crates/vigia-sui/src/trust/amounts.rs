//! Coin amounts, which no signature covers: recomputed from objects whose digests the effects state,
//! and from writes to address balances, which the effects hold.

use vigia_core::ExecutedTransaction;

use crate::decode::{Objects, ObjectsError};

/// Puts proven balance changes into a transaction whose bytes are proven. Where it fails the transaction
/// is left as it was: its amounts are not proven, and the error says why. A forged object is a lie of
/// whoever sent it, a missing one may only be pruned.
pub fn prove_amounts(
    transaction: &mut ExecutedTransaction,
    objects: &Objects,
) -> Result<(), ObjectsError> {
    transaction.balance_changes = objects.balance_changes(transaction)?;
    Ok(())
}
