//! Business objects: payments, trades and invitations as folds of their stored events (I-11).

use serde_json::Value;
use sui_sdk_types::Address;

use crate::{Activity, AddressBook, Place};

/// Names a business object: the contract's lineage and the id the contract gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusinessKey {
    /// Name of the declared contract, which stands for all versions of its package.
    pub contract: String,
    /// What it is: `payment`, `trade`, `invitation`.
    pub object: String,
    /// Its id; text where it is valid UTF-8, else `0x` and hexadecimal digits.
    pub id: String,
}

/// One event of a business object, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct BusinessEvent {
    /// The object it belongs to.
    pub key: BusinessKey,
    /// Where its transaction stands.
    pub place: Place,
    /// Its index in the transaction.
    pub event_index: u32,
    /// `module::Name` of its type.
    pub name: String,
    /// Decoded fields.
    pub fields: Value,
}

/// What a business object is after all its stored events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BusinessOutcome {
    /// The state it is in.
    pub state: String,
    /// Its known fields, merged over the events, and under [`crate::RECEIVED`] what was paid.
    pub data: Value,
    /// Every activity its events amount to; writing them is idempotent by (place, account, slot).
    pub activities: Vec<Activity>,
    /// Whether objects of its kind go through several states, so that people look for those they take part in.
    pub is_listed: bool,
    /// When it runs out unless something happens, in milliseconds since 1970; none once nothing is waited for.
    pub deadline_ms: Option<u64>,
    /// What it holds of somebody's coins; none once nothing is waited for.
    pub escrow: Option<Escrow>,
}

/// Coins that a contract holds until something is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escrow {
    /// Whose they were, and whose they are again if nothing comes of it.
    pub from: Address,
    /// Who gets them, where somebody is to.
    pub to: Option<Address>,
    /// Of which coin, in canonical text.
    pub coin_type: String,
    /// How many, in minor units.
    pub amount: i128,
}

/// Folds a business object's events; pure.
///
/// The store calls it inside the commit, holding the object's lock, with all events in chain order
/// whatever order they arrived in.
pub trait BusinessFolder: Send + Sync {
    /// The addresses whose holders the fold needs to know.
    fn parties(&self, key: &BusinessKey, events: &[BusinessEvent]) -> Vec<Address>;

    /// What the events amount to.
    fn fold(
        &self,
        key: &BusinessKey,
        events: &[BusinessEvent],
        book: &AddressBook,
    ) -> BusinessOutcome;
}
