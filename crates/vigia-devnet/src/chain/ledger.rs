//! Live objects and who owns which coins. Knows nothing of transactions.

use std::collections::HashMap;

use serde::Serialize;
use sui_sdk_types::{
    Address, Digest, MovePackage, MoveStruct, Object, ObjectData, ObjectReference, Owner,
    StructTag, framework,
};

use super::coins::Coin;

/// The state of the chain after the last transaction.
#[derive(Default)]
pub(crate) struct Ledger {
    live: HashMap<Address, Object>,
    /// Ids of coin objects by owner, in order of receipt, so that choices do not depend on hashing.
    coins: HashMap<(Address, Coin), Vec<Address>>,
    /// Address balances, kept outside of objects.
    funds: HashMap<(Address, Coin), u64>,
}

impl Ledger {
    /// A live object. Callers name only objects that the story knows to be alive.
    pub(crate) fn object(&self, id: &Address) -> &Object {
        self.live.get(id).expect("the story names live objects")
    }

    pub(crate) fn get(&self, id: &Address) -> Option<&Object> {
        self.live.get(id)
    }

    pub(crate) fn reference(&self, id: &Address) -> ObjectReference {
        let object = self.object(id);
        ObjectReference::new(*id, object.version(), object.digest())
    }

    pub(crate) fn coins(&self, owner: Address, coin: Coin) -> &[Address] {
        self.coins.get(&(owner, coin)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn coin_balance(&self, id: &Address) -> u64 {
        framework::Coin::try_from_object(self.object(id))
            .expect("only coins are listed as coins")
            .balance()
    }

    /// Sum of an owner's coin objects of one type.
    pub(crate) fn coins_total(&self, owner: Address, coin: Coin) -> u64 {
        let ids = self.coins(owner, coin);
        ids.iter().map(|id| self.coin_balance(id)).sum()
    }

    pub(crate) fn funds(&self, owner: Address, coin: Coin) -> u64 {
        self.funds.get(&(owner, coin)).copied().unwrap_or_default()
    }

    pub(crate) fn set_funds(&mut self, owner: Address, coin: Coin, amount: u64) {
        self.funds.insert((owner, coin), amount);
    }

    pub(crate) fn insert(&mut self, object: Object) {
        let id = object.object_id();
        let key = coin_key(&object);
        let previous = self.live.insert(id, object);
        let previous_key = previous.as_ref().and_then(coin_key);
        if previous_key != key {
            self.unlist(previous_key, &id);
            if let Some(key) = key {
                self.coins.entry(key).or_default().push(id);
            }
        }
    }

    pub(crate) fn remove(&mut self, id: &Address) {
        let removed = self.live.remove(id);
        self.unlist(removed.as_ref().and_then(coin_key), id);
    }

    fn unlist(&mut self, key: Option<(Address, Coin)>, id: &Address) {
        if let Some(ids) = key.and_then(|key| self.coins.get_mut(&key)) {
            ids.retain(|listed| listed != id);
        }
    }
}

/// Who owns the object and which coin it is, if it is one in the hands of an address.
fn coin_key(object: &Object) -> Option<(Address, Coin)> {
    let Owner::Address(owner) = object.owner() else {
        return None;
    };
    let tag = object.as_struct()?.object_type().is_coin()?;
    Some((*owner, Coin::from_type_tag(tag)?))
}

/// Contents of a coin object.
pub(crate) fn coin_contents(id: Address, balance: u64) -> Vec<u8> {
    object_contents(id, &balance)
}

/// Contents of an object: its id, then the fields.
pub(crate) fn object_contents<T: Serialize + ?Sized>(id: Address, fields: &T) -> Vec<u8> {
    let mut contents = id.as_bytes().to_vec();
    bcs::serialize_into(&mut contents, fields).expect("plain values encode");
    contents
}

/// A Move object's data.
pub(crate) fn struct_data(
    object_type: StructTag,
    version: u64,
    public_transfer: bool,
    contents: Vec<u8>,
) -> ObjectData {
    ObjectData::Struct(
        MoveStruct::new(object_type, public_transfer, version, contents)
            .expect("contents begin with an id"),
    )
}

/// What storing an object costs: a price per byte of its encoding, given back when it goes.
pub(crate) fn storage_price(data: &ObjectData, owner: Owner) -> u64 {
    const MIST_PER_BYTE: u64 = 7_600;
    let sample = Object::new(data.clone(), owner, Digest::ZERO, 0);
    let size = bcs::serialized_size(&sample).expect("objects encode");
    MIST_PER_BYTE * size as u64
}

/// A package as an immutable object.
pub(crate) fn package_data(package: MovePackage) -> ObjectData {
    ObjectData::Package(package)
}
