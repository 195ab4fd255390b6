//! Coin amounts, which no signature covers: recomputed from objects whose digests the effects state,
//! and from writes to address balances, which the effects hold.

use vigia_core::{ExecutedTransaction, Proof, ProofPart, Why};

use crate::decode::{Objects, ObjectsError};

/// Puts proven balance changes into a transaction whose bytes are proven, and says so in its proof. Where
/// it fails there are none: its amounts are not proven, and its proof and the error say why. A forged object is a lie of
/// whoever sent it, a missing one may only be pruned.
pub fn prove_amounts(
    transaction: &mut ExecutedTransaction,
    objects: &Objects,
) -> Result<(), ObjectsError> {
    let proof = std::mem::replace(&mut transaction.proof, Proof::unasked());
    let proof = proof.with(ProofPart::Amounts);
    match objects.balance_changes(transaction) {
        Ok(changes) => {
            (transaction.balance_changes, transaction.proof) = (changes, proof);
            Ok(())
        }
        Err(error) => {
            let why = Why::new(error.to_string());
            transaction.proof = proof.without(ProofPart::Amounts, why);
            Err(error)
        }
    }
}
