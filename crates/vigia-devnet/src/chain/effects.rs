//! Parts of transaction effects, from objects before and after.

use std::collections::{BTreeMap, BTreeSet};

use sui_sdk_types::{
    AccumulatorOperation, AccumulatorValue, AccumulatorWrite, Address, ChangedObject, Digest,
    ExecutionError, ExecutionStatus, IdOperation, Identifier, Object, ObjectData, ObjectIn,
    ObjectOut, StructTag, TypeTag, UnchangedConsensusKind, UnchangedConsensusObject,
};

use super::coins::Coin;

/// Every object before or after the transaction, in order of ids.
pub(super) fn changed_objects(
    inputs: &BTreeMap<Address, Object>,
    written: &BTreeMap<Address, Object>,
) -> Vec<ChangedObject> {
    let ids: BTreeSet<_> = inputs.keys().chain(written.keys()).collect();
    ids.into_iter()
        .map(|id| changed_object(*id, inputs.get(id), written.get(id)))
        .collect()
}

fn changed_object(id: Address, before: Option<&Object>, after: Option<&Object>) -> ChangedObject {
    ChangedObject {
        object_id: id,
        input_state: before.map_or(ObjectIn::NotExist, |object| ObjectIn::Exist {
            version: object.version(),
            digest: object.digest(),
            owner: *object.owner(),
        }),
        output_state: after.map_or(ObjectOut::NotExist, output_state),
        id_operation: match (before, after) {
            (None, _) => IdOperation::Created,
            (_, None) => IdOperation::Deleted,
            _ => IdOperation::None,
        },
    }
}

fn output_state(object: &Object) -> ObjectOut {
    let digest = object.digest();
    match object.data() {
        ObjectData::Package(package) => ObjectOut::PackageWrite {
            version: package.version,
            digest,
        },
        ObjectData::Struct(_) => ObjectOut::ObjectWrite {
            digest,
            owner: *object.owner(),
        },
    }
}

/// A signed write to an address balance.
pub(super) fn accumulator_change((address, coin, amount): (Address, Coin, i128)) -> ChangedObject {
    let balance = balance_type(coin);
    let operation = if amount < 0 {
        AccumulatorOperation::Split
    } else {
        AccumulatorOperation::Merge
    };
    let value = u64::try_from(amount.unsigned_abs()).expect("amounts of a coin fit its supply");
    ChangedObject {
        object_id: accumulator_id(address, &balance),
        input_state: ObjectIn::NotExist,
        output_state: ObjectOut::AccumulatorWrite(AccumulatorWrite::new(
            address,
            balance,
            operation,
            AccumulatorValue::Integer(value),
        )),
        id_operation: IdOperation::None,
    }
}

fn framework_type(module: &'static str, name: &'static str, parameter: TypeTag) -> TypeTag {
    StructTag::new(
        Address::TWO,
        Identifier::from_static(module),
        Identifier::from_static(name),
        vec![parameter],
    )
    .into()
}

fn balance_type(coin: Coin) -> TypeTag {
    framework_type("balance", "Balance", coin.type_tag())
}

/// The id of the object in which the framework keeps an address balance.
fn accumulator_id(address: Address, balance: &TypeTag) -> Address {
    const ACCUMULATOR_ROOT: Address = Address::from_static("0xacc");
    let key = framework_type("accumulator", "Key", balance.clone());
    ACCUMULATOR_ROOT.derive_dynamic_child_id(&key, address.as_bytes())
}

pub(super) fn status(failure: Option<(ExecutionError, Option<u64>)>) -> ExecutionStatus {
    match failure {
        None => ExecutionStatus::Success,
        Some((error, command)) => ExecutionStatus::Failure { error, command },
    }
}

pub(super) fn index_of(changed: &[ChangedObject], id: Address) -> u32 {
    let index = changed.iter().position(|change| change.object_id == id);
    u32::try_from(index.expect("the gas coin is changed")).expect("few objects are changed")
}

/// The transactions that made the inputs, each once.
pub(super) fn dependencies<'a>(inputs: impl Iterator<Item = &'a Object>) -> Vec<Digest> {
    let digests: BTreeSet<_> = inputs.map(Object::previous_transaction).collect();
    digests.into_iter().collect()
}

/// A shared object that was only read.
pub(super) fn unchanged(object: &Object) -> UnchangedConsensusObject {
    UnchangedConsensusObject {
        object_id: object.object_id(),
        kind: UnchangedConsensusKind::ReadOnlyRoot {
            version: object.version(),
            digest: object.digest(),
        },
    }
}
