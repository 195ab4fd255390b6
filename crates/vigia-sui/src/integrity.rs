//! Whether the parts of a checkpoint belong together, by the digests that bind them.
//!
//! Digests are blake2b-256 over a type's name, `::` and its BCS bytes (sui-types `Signable`). This
//! says nothing about who made a checkpoint: that takes the validators' signature.

use vigia_core::{Digest, ExecutedTransaction};

use sui_sdk_types::{CheckpointContents, CheckpointSummary, hash::Hasher};

/// Digest of `bytes`, the BCS of a value of the type named.
pub(crate) fn digest_of(type_name: &str, bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(type_name);
    hasher.update("::");
    hasher.update(bytes);
    hasher.finalize()
}

/// Checks contents against the summary, and each transaction, its effects and its events against
/// the contents. Says what does not fit.
pub(crate) fn check(
    summary: &CheckpointSummary,
    contents: &CheckpointContents,
    transactions: &[ExecutedTransaction],
) -> Result<(), String> {
    if contents.digest() != summary.content_digest {
        return Err("its contents are not those its summary names".to_owned());
    }
    let listed = contents.transactions();
    if listed.len() != transactions.len() {
        return Err(format!(
            "its contents list {} transactions, {} are present",
            listed.len(),
            transactions.len()
        ));
    }
    for (index, (info, transaction)) in listed.iter().zip(transactions).enumerate() {
        let evidence = &transaction.evidence;
        let same = |what: &str, found: Digest, expected: &Digest| {
            if found == *expected {
                Ok(())
            } else {
                Err(format!(
                    "{what} {index} has digest {found}, expected {expected}"
                ))
            }
        };
        let found = digest_of("TransactionData", &evidence.transaction);
        same("transaction", found, info.transaction())?;
        let found = digest_of("TransactionEffects", &evidence.effects);
        same("effects", found, info.effects())?;
        match (transaction.effects.events_digest(), &evidence.events) {
            (Some(expected), Some(events)) => {
                same("events", digest_of("TransactionEvents", events), expected)?;
            }
            (None, None) => {}
            (Some(_), None) => {
                return Err(format!("the events of transaction {index} are missing"));
            }
            (None, Some(_)) => {
                return Err(format!("transaction {index} has events it did not emit"));
            }
        }
    }
    Ok(())
}
