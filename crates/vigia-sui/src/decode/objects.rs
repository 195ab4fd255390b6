//! The objects that came with a checkpoint, and what they say about its transactions.

use std::collections::HashMap;

use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{Input, Object, ObjectChange as Change, ObjectReference, TransactionKind};
use vigia_core::{
    Address, BalanceChange, Digest, ExecutedTransaction, Transaction, TransactionEffects,
    derive_balance_changes, owning_address,
};

use super::bcs_value;
use crate::SourceError;

/// Objects by id and version. They prove nothing by being here: what is read of them is checked by the
/// digests that effects and transactions state.
#[derive(Clone, Debug, Default)]
pub struct Objects(HashMap<(Address, u64), Object>);

/// Why objects do not say what a transaction did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectsError {
    /// One is not there.
    #[error("object {id} at {version} is missing")]
    Missing {
        /// Which.
        id: Address,
        /// Its version.
        version: u64,
    },
    /// One is there, but it is another.
    #[error("object {id} at {version} is not the one it changed")]
    Forged {
        /// Which.
        id: Address,
        /// Its version.
        version: u64,
    },
}

impl Objects {
    /// The objects of a set that came with their BCS.
    pub(crate) fn from_proto(
        sequence: u64,
        set: Option<&proto::ObjectSet>,
    ) -> Result<Self, SourceError> {
        let mut objects = Self::default();
        if let Some(set) = set {
            objects.extend_from_proto(set).map_err(|error| {
                let problem = format!("its object cannot be decoded: {error}");
                SourceError::invalid(sequence, problem)
            })?;
        }
        Ok(objects)
    }

    /// Adds the objects of a set that came with their BCS.
    pub(crate) fn extend_from_proto(&mut self, set: &proto::ObjectSet) -> Result<(), bcs::Error> {
        for object in &set.objects {
            if let Some(object_bcs) = bcs_value(object.bcs.as_ref()) {
                let object: Object = bcs::from_bytes(object_bcs)?;
                self.0
                    .insert((object.object_id(), object.version()), object);
            }
        }
        Ok(())
    }

    /// Makes a set of objects.
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        let by_version = |object: Object| ((object.object_id(), object.version()), object);
        Self(objects.into_iter().map(by_version).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a transaction did to balances, by the objects it changed.
    pub(crate) fn balance_changes(
        &self,
        transaction: &ExecutedTransaction,
    ) -> Result<Vec<BalanceChange>, ObjectsError> {
        let effects = &transaction.effects;
        let (before, after) = self.changed(&transaction.transaction, effects)?;
        Ok(derive_balance_changes(effects, &before, &after))
    }

    /// Owners of changed objects before execution, for version 1 effects; version 2 states them.
    pub(crate) fn owners_before(
        &self,
        transaction: &ExecutedTransaction,
    ) -> Result<Vec<Address>, ObjectsError> {
        let effects = &transaction.effects;
        if matches!(effects, TransactionEffects::V2(_)) {
            return Ok(Vec::new());
        }
        let (before, _) = self.changed(&transaction.transaction, effects)?;
        let owners = before.iter().map(|object| owning_address(object.owner()));
        let mut owners: Vec<Address> = owners.flatten().collect();
        owners.sort_unstable();
        owners.dedup();
        Ok(owners)
    }

    /// The objects that a transaction changed and that were or are an address's, as they were before
    /// and after. Each has to be there and to be the one whose digest the effects state; others move no
    /// balance and need not be there.
    ///
    /// Version 1 effects state no digest for inputs; the transaction does for those that it names, and
    /// the effects for those that went through consensus. What neither names was owned by another
    /// object (a dynamic field), never by an address, and is passed over.
    fn changed(
        &self,
        transaction: &Transaction,
        effects: &TransactionEffects,
    ) -> Result<(Vec<Object>, Vec<Object>), ObjectsError> {
        let named = named_inputs(transaction, effects);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for change in effects.object_changes() {
            let id = change.object_id();
            if let Change::Mutated {
                input_version: Some(version),
                input_digest: stated,
                input_owner: owner,
                ..
            }
            | Change::Deleted {
                input_version: Some(version),
                input_digest: stated,
                input_owner: owner,
                ..
            }
            | Change::Wrapped {
                input_version: Some(version),
                input_digest: stated,
                input_owner: owner,
                ..
            } = change
                && owner.is_none_or(|owner| owning_address(owner).is_some())
                && let Some(digest) = stated.or_else(|| named.get(&(*id, version)))
            {
                before.push(self.find(id, version, digest)?);
            }
            if let Change::Created {
                output_version: version,
                output_digest: digest,
                output_owner: owner,
                ..
            }
            | Change::Unwrapped {
                output_version: version,
                output_digest: digest,
                output_owner: owner,
                ..
            }
            | Change::Mutated {
                output_version: version,
                output_digest: digest,
                output_owner: owner,
                ..
            } = change
                && owning_address(owner).is_some()
            {
                after.push(self.find(id, version, digest)?);
            }
        }
        Ok((before, after))
    }

    fn find(&self, id: &Address, version: u64, digest: &Digest) -> Result<Object, ObjectsError> {
        let id = *id;
        match self.0.get(&(id, version)) {
            None => Err(ObjectsError::Missing { id, version }),
            Some(object) if object.digest() != *digest => Err(ObjectsError::Forged { id, version }),
            Some(object) => Ok(object.clone()),
        }
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
