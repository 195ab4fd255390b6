//! Checkpoints that are not what the chain made: a transaction is missing, or a coin holds more.
//! Summary, contents, effects and signatures stay as they were, so that digests give it away.

use std::sync::Arc;

use sui_sdk_types::{Address, Bitmap, MoveStruct, Object, ObjectData, Owner};

use super::stored::Stored;

/// One coin object whose balance is altered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoinForgery {
    pub(crate) transaction: usize,
    output: usize,
    roll: u64,
}

/// The transaction of a checkpoint that a number chooses; never one of the system's.
pub(crate) fn victim(stored: &Stored, roll: u64) -> Option<usize> {
    let transactions = stored.transactions().iter().enumerate();
    let of_people = transactions.filter(|(_, t)| t.transaction.transaction.sender != Address::ZERO);
    choose(of_people.map(|(index, _)| index).collect(), roll)
}

/// The coin, written by a transaction of a checkpoint, that a number chooses.
pub(crate) fn coin_victim(stored: &Stored, roll: u64) -> Option<CoinForgery> {
    let mut coins = vec![];
    for (transaction, executed) in stored.transactions().iter().enumerate() {
        if executed.transaction.transaction.sender == Address::ZERO {
            continue;
        }
        for (output, object) in executed.output_objects.iter().enumerate() {
            if is_owned_coin(object) {
                coins.push(CoinForgery {
                    transaction,
                    output,
                    roll,
                });
            }
        }
    }
    choose(coins, roll)
}

fn choose<T>(mut from: Vec<T>, roll: u64) -> Option<T> {
    let count = u64::try_from(from.len()).expect("a length fits");
    let index = roll.checked_rem(count)?;
    Some(from.swap_remove(usize::try_from(index).expect("below a length")))
}

/// Whether an object is a coin in the hands of an address.
pub(crate) fn is_owned_coin(object: &Object) -> bool {
    let coin = object.as_struct().and_then(|s| s.object_type().is_coin());
    coin.is_some() && matches!(object.owner(), Owner::Address(_))
}

/// A coin with another balance under the same id and version.
pub(crate) fn coin(object: &Object, roll: u64) -> Object {
    const ID_LENGTH: usize = 32;
    const GAIN_MIN: u64 = 1_000_000;
    let data = object.as_struct().expect("coins are structs");
    let (id, balance) = data.contents().split_at(ID_LENGTH);
    let balance = u64::from_le_bytes(balance.try_into().expect("a coin is an id and a balance"));
    let more = balance.wrapping_add(GAIN_MIN + roll % (9 * GAIN_MIN));
    let forged = MoveStruct::new(
        data.object_type().clone(),
        data.has_public_transfer(),
        object.version(),
        [id, &more.to_le_bytes()].concat(),
    );
    Object::new(
        ObjectData::Struct(forged.expect("contents begin with an id")),
        *object.owner(),
        object.previous_transaction(),
        object.storage_rebate(),
    )
}

/// Other signers: without one who signed, with one who did not.
pub(crate) fn bitmap(honest: &Bitmap) -> Bitmap {
    let mut forged = honest.clone();
    let signed = honest.iter().next().unwrap_or_default();
    let absent = (0..).find(|index| !honest.contains(*index));
    forged.remove(signed);
    forged.insert(absent.unwrap_or_default());
    forged
}

/// The checkpoint without one transaction and with one coin altered; the same one if neither is.
pub(crate) fn told(
    stored: &Arc<Stored>,
    omitted: Option<usize>,
    forged: Option<CoinForgery>,
) -> Arc<Stored> {
    if omitted.is_none() && forged.is_none() {
        return stored.clone();
    }
    let mut data = stored.data.clone();
    if let Some(forgery) = forged {
        let outputs = &mut data.transactions[forgery.transaction].output_objects;
        let object = &mut outputs[forgery.output];
        *object = coin(object, forgery.roll);
    }
    if let Some(index) = omitted {
        data.transactions.remove(index);
    }
    Arc::new(Stored::new(data))
}
