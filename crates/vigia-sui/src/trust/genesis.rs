//! The genesis blob: the file that every Sui network is started from.
//!
//! Its checkpoint's digest is the name of the chain. That digest binds the contents, they the one
//! transaction and its effects, they the events and the objects: a blob that is altered anywhere is
//! refused by the name of the chain alone, wherever the blob came from.

use std::collections::HashMap;

use serde::Deserialize;
use sui_sdk_types::{
    CheckpointContents, Object, ObjectChange, SignedCheckpointSummary, Transaction,
    TransactionEffects, TransactionEvents,
};
use vigia_core::{Address, ChainId, Digest};

use super::{CertifiedSummary, Committee, TrustError, system_state};

/// Sui's `Genesis`, with users' signatures left as bytes: there are none.
#[derive(Deserialize)]
struct Genesis {
    checkpoint: SignedCheckpointSummary,
    contents: CheckpointContents,
    /// Intent, transaction and signatures; always one.
    transaction: Vec<([u8; 3], Transaction, Vec<Vec<u8>>)>,
    effects: TransactionEffects,
    events: TransactionEvents,
    objects: Vec<Object>,
}

/// Reads the chain and the committee of epoch 0 from a genesis blob, and checks that the chain's name
/// binds the committee and, where the blob has a certificate, that the committee signed it.
pub(super) fn read(blob: &[u8]) -> Result<(ChainId, Committee), TrustError> {
    // The file is the BCS of a byte string, which holds the BCS of the value.
    let decode = || bcs::from_bytes::<Genesis>(bcs::from_bytes::<&[u8]>(blob)?);
    let genesis = decode().map_err(|error| TrustError::Unreadable {
        what: "genesis blob",
        problem: error.to_string(),
    })?;
    let certified = CertifiedSummary::new(genesis.checkpoint.clone());
    let committee = committee(&genesis)?;
    committee.check_keys()?;
    if genesis.checkpoint.signature.bitmap.iter().next().is_some() {
        committee.verify(&certified)?;
    }
    Ok((ChainId(certified.digest()), committee))
}

fn committee(genesis: &Genesis) -> Result<Committee, TrustError> {
    let damaged = |problem: String| TrustError::Genesis { problem };
    check_parts(genesis).map_err(damaged)?;
    let outer = find(genesis, system_state::outer_id()).map_err(damaged)?;
    let inner = system_state::inner_id(outer).map_err(damaged)?;
    let inner = find(genesis, inner).map_err(damaged)?;
    let (epoch, members) = system_state::committee(inner).map_err(damaged)?;
    if epoch != genesis.checkpoint.checkpoint.epoch {
        return Err(damaged(format!("its system state is of epoch {epoch}")));
    }
    Committee::new(epoch, members)
}

/// Checks that all parts are bound by the digest of the checkpoint's summary.
fn check_parts(genesis: &Genesis) -> Result<(), String> {
    let ensure = |holds: bool, problem: &str| match holds {
        true => Ok(()),
        false => Err(problem.to_owned()),
    };
    let summary = &genesis.checkpoint.checkpoint;
    let is_first = summary.sequence_number == 0 && summary.previous_digest.is_none();
    ensure(is_first, "its checkpoint is not the first")?;
    let same = genesis.contents.digest() == summary.content_digest;
    ensure(same, "its contents are not those its checkpoint names")?;
    let effects = &genesis.effects;
    let (listed, sent) = (genesis.contents.transactions(), &genesis.transaction[..]);
    let ([listed], [(_, transaction, _)]) = (listed, sent) else {
        return Err("it has not one transaction".to_owned());
    };
    let same = *listed.transaction() == transaction.digest();
    ensure(same, "its transaction is not the one listed")?;
    let same = *listed.effects() == effects.digest();
    ensure(same, "its effects are not those listed")?;
    let same = effects
        .events_digest()
        .map_or(genesis.events.0.is_empty(), |digest| {
            genesis.events.digest() == *digest
        });
    ensure(same, "its events are not those its effects name")?;
    let created: HashMap<Address, Digest> = effects.object_changes().filter_map(created).collect();
    let is_created = |object: &Object| {
        let digest = created.get(&object.object_id());
        digest.is_some_and(|digest| *digest == object.digest())
    };
    let same = genesis.objects.iter().all(is_created);
    ensure(same, "its objects are not those its effects name")
}

fn created(change: ObjectChange<'_>) -> Option<(Address, Digest)> {
    match change {
        ObjectChange::Created {
            object_id,
            output_digest,
            ..
        } => Some((*object_id, *output_digest)),
        _ => None,
    }
}

fn find(genesis: &Genesis, id: Address) -> Result<&Object, String> {
    let found = genesis.objects.iter().find(|o| o.object_id() == id);
    found.ok_or_else(|| format!("it has no object {id}"))
}
