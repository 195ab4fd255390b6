//! Balance changes of one transaction, derived from what it did to coins.
//!
//! The rule is the node's own: coin objects owned by an address count with their value before
//! (taken away) and after (added); writes to address balances count as the effects state them.
//! `balance_changes` that a node sends are a convenience and not signed, so this is also how an
//! amount is proved. Gas is inside: a sender's SUI change includes the fee it paid.

use std::collections::{BTreeMap, HashSet};

use sui_sdk_types::{
    AccumulatorOperation, AccumulatorValue, Address, BalanceChange, Object, ObjectOut, Owner,
    TransactionEffects, TypeTag, framework::Coin,
};

/// Derives the balance changes of one transaction, sorted by address and coin type, zero sums left
/// out.
///
/// `objects_before` and `objects_after` may hold more than the transaction touched; only objects
/// that the effects name as changed are counted.
pub fn derive_balance_changes(
    effects: &TransactionEffects,
    objects_before: &[Object],
    objects_after: &[Object],
) -> Vec<BalanceChange> {
    let changed = changed_object_ids(effects);
    let mut sums = BTreeMap::<(Address, TypeTag), i128>::new();

    for (objects, sign) in [(objects_before, -1i128), (objects_after, 1)] {
        for object in objects.iter().filter(|o| changed.contains(&o.object_id())) {
            let (Some(owner), Some(coin)) = (
                owning_address(object.owner()),
                Coin::try_from_object(object),
            ) else {
                continue;
            };
            let key = (owner, coin.coin_type().clone());
            *sums.entry(key).or_default() += sign * i128::from(coin.balance());
        }
    }
    for (address, coin_type, amount) in accumulator_writes(effects) {
        *sums.entry((address, coin_type)).or_default() += amount;
    }

    sums.into_iter()
        .filter(|(_, amount)| *amount != 0)
        .map(|((address, coin_type), amount)| BalanceChange {
            address,
            coin_type,
            amount,
        })
        .collect()
}

/// The address that owns an object, where one does: plainly or through consensus.
pub fn owning_address(owner: &Owner) -> Option<Address> {
    match owner {
        Owner::Address(address) | Owner::ConsensusAddress { owner: address, .. } => Some(*address),
        _ => None,
    }
}

fn changed_object_ids(effects: &TransactionEffects) -> HashSet<Address> {
    effects
        .object_changes()
        .map(|change| *change.object_id())
        .collect()
}

/// Signed amounts written to address balances: `0x2::balance::Balance<T>` accumulators only.
fn accumulator_writes(
    effects: &TransactionEffects,
) -> impl Iterator<Item = (Address, TypeTag, i128)> + '_ {
    let changes = match effects {
        TransactionEffects::V1(_) => &[][..],
        TransactionEffects::V2(effects) => &effects.changed_objects,
    };
    changes.iter().filter_map(|change| {
        let ObjectOut::AccumulatorWrite(write) = &change.output_state else {
            return None;
        };
        let AccumulatorValue::Integer(value) = write.value() else {
            return None;
        };
        let coin_type = balance_coin_type(write.accumulator_type())?;
        let sign = match write.operation() {
            AccumulatorOperation::Merge => 1,
            AccumulatorOperation::Split => -1,
            _ => return None,
        };
        Some((
            *write.address(),
            coin_type.clone(),
            sign * i128::from(*value),
        ))
    })
}

/// `T` of `0x2::balance::Balance<T>`.
fn balance_coin_type(accumulator: &TypeTag) -> Option<&TypeTag> {
    let TypeTag::Struct(tag) = accumulator else {
        return None;
    };
    let is_balance = *tag.address() == Address::TWO
        && tag.module().as_str() == "balance"
        && tag.name().as_str() == "Balance";
    match tag.type_params() {
        [coin_type] if is_balance => Some(coin_type),
        _ => None,
    }
}
