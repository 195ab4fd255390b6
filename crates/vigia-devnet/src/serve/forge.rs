//! Checkpoints that are not what the chain made: a transaction is missing, or a coin holds more.
//! Summary, contents, effects and signatures stay as they were, so that digests give it away.

use std::sync::Arc;

use sui_sdk_types::{
    Address, Bitmap, Bls12381Signature, CheckpointTransaction, MoveStruct, Object, ObjectData,
    Owner, ValidatorAggregatedSignature,
};

use super::stored::Stored;
use crate::chain::minority_certificate;

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

/// A certificate that does not certify a checkpoint.
///
/// `seed` is that of the chain's validators, where they are made up.
pub(crate) fn certificate(
    part: Option<&str>,
    stored: &Stored,
    neighbour: Option<&Stored>,
    seed: Option<u64>,
    roll: u64,
) -> ValidatorAggregatedSignature {
    const PARTS: [&str; 4] = ["other", "bitmap", "minority", "flip"];
    let signed = &stored.data.checkpoint_summary;
    let mut forged = signed.signature.clone();
    let part = part.or_else(|| choose(PARTS.to_vec(), roll));
    match (part, neighbour, seed) {
        (Some("other"), Some(neighbour), _) => {
            forged.signature = neighbour.data.checkpoint_summary.signature.signature;
        }
        (Some("bitmap"), ..) => forged.bitmap = bitmap(&forged.bitmap),
        (Some("minority"), _, Some(seed)) => {
            forged = minority_certificate(seed, &signed.checkpoint);
        }
        _ => {
            let bytes = flipped(forged.signature.as_bytes(), roll);
            let bytes = bytes.try_into().expect("as many bytes as before");
            forged.signature = Bls12381Signature::new(bytes);
        }
    }
    forged
}

/// The same bytes but for one bit.
pub(crate) fn flipped(bytes: &[u8], roll: u64) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    let bits = flipped.len() as u64 * 8;
    if let Some(bit) = (roll >> 8).checked_rem(bits) {
        let byte = usize::try_from(bit / 8).expect("within the bytes");
        flipped[byte] ^= 1 << (bit % 8);
    }
    flipped
}

/// Other signers: without one who signed, with one who did not.
fn bitmap(honest: &Bitmap) -> Bitmap {
    let mut forged = honest.clone();
    let signed = honest.iter().next().unwrap_or_default();
    let absent = (0..).find(|index| !honest.contains(*index));
    forged.remove(signed);
    forged.insert(absent.unwrap_or_default());
    forged
}

/// What of a checkpoint is not as it was made.
#[derive(Debug, Default)]
pub(crate) struct Forgery {
    pub(crate) omitted: Option<usize>,
    pub(crate) coin: Option<CoinForgery>,
    /// A transaction that belongs elsewhere, and before which one it stands.
    pub(crate) extra: Option<(usize, CheckpointTransaction)>,
    /// A transaction that trades places with its successor.
    pub(crate) swapped: Option<usize>,
}

/// The transaction, chosen by a number, that can trade places with its successor.
pub(crate) fn swap_victim(stored: &Stored, roll: u64) -> Option<usize> {
    let count = stored.transactions().len() as u64;
    let index = roll.checked_rem(count.saturating_sub(1))?;
    Some(usize::try_from(index).expect("below a length"))
}

/// The checkpoint as it is told; the same one if nothing of it is forged.
pub(crate) fn told(stored: &Arc<Stored>, forgery: Forgery) -> Arc<Stored> {
    let Forgery {
        omitted,
        coin: forged,
        extra,
        swapped,
    } = forgery;
    if omitted.is_none() && forged.is_none() && extra.is_none() && swapped.is_none() {
        return stored.clone();
    }
    let mut data = stored.data.clone();
    if let Some(forgery) = forged {
        let outputs = &mut data.transactions[forgery.transaction].output_objects;
        let object = &mut outputs[forgery.output];
        *object = coin(object, forgery.roll);
    }
    // Positions are those of what was made: first what keeps them, then what moves them.
    if let Some(index) = swapped {
        data.transactions.swap(index, index + 1);
    }
    if let Some(index) = omitted {
        data.transactions.remove(index);
    }
    if let Some((index, transaction)) = extra {
        data.transactions
            .insert(index.min(data.transactions.len()), transaction);
    }
    Arc::new(Stored::new(data))
}
