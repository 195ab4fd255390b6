//! Meanings in Rust, for what declarations cannot say: an amount that is computed, a party that depends on a
//! field, a kind that depends on a variant.
//!
//! A handler sees one event at a time, decoded by its declaration or package, and says for which addresses it
//! means what. Whose addresses they are, and the keys of what becomes of it, are not its affair, so it can
//! break no promise about them. It has to be pure: the same event means the same whenever it is asked, since
//! transactions are interpreted again. Events of business objects stay with declarations, which fold them
//! from what is stored.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value, json};
use vigia_core::{
    Activity, Address, AddressBook, Direction, Event, ExecutedTransaction, NotificationKind, Slot,
    Status,
};

/// What events of a contract mean, where a declaration cannot say it.
pub trait Handler: Debug + Send + Sync {
    /// The contract, as its file names it.
    fn contract(&self) -> &str;

    /// For whom the event means what; none leaves it to its declaration.
    fn meaning(&self, event: &HandledEvent<'_>) -> Option<Vec<Meaning>>;
}

/// An event that a handler is asked about.
#[derive(Clone, Copy, Debug)]
pub struct HandledEvent<'a> {
    /// `module::Name`, as declared.
    pub name: &'a str,
    /// Its fields, and the sender under `$sender`.
    pub fields: &'a Map<String, Value>,
    /// The event as it came, its type arguments among it.
    pub event: &'a Event,
    /// The transaction that it is of.
    pub transaction: &'a ExecutedTransaction,
}

/// What an event means for whoever holds an address. Of several for one account the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The address of the party.
    pub address: Address,
    /// What it was.
    pub kind: String,
    /// Which way money went.
    pub direction: Direction,
    /// Type of the coin, in canonical form, and how much of it; one below zero is none.
    pub money: Option<(String, i128)>,
    /// The other party.
    pub counterparty: Option<Address>,
    /// The message it causes.
    pub notify: Option<NotificationKind>,
}

impl Meaning {
    /// Coin and amount, where they can be true.
    pub(crate) fn money(&self) -> Option<(String, i128)> {
        self.money.clone().filter(|(_, amount)| *amount >= 0)
    }
}

/// Asks a handler. One that panics is an error of this transaction alone (I-8).
pub(crate) fn ask(
    handler: &dyn Handler,
    event: &HandledEvent<'_>,
) -> Result<Option<Vec<Meaning>>, ()> {
    catch_unwind(AssertUnwindSafe(|| handler.meaning(event))).map_err(|_| ())
}

/// The activities of meanings for the accounts in `book`.
pub(crate) fn activities_of_meanings(
    contract: &str,
    (event, index): (&HandledEvent<'_>, u32),
    meanings: &[Meaning],
    book: &AddressBook,
) -> Vec<Activity> {
    let place = event.transaction.place;
    let mut activities: Vec<Activity> = Vec::new();
    for meaning in meanings {
        let Some(account) = book.account_at(&meaning.address, place.checkpoint) else {
            continue;
        };
        if activities.iter().any(|known| known.account == account) {
            continue;
        }
        let other = meaning.counterparty;
        let other = other.and_then(|address| book.account_at(&address, place.checkpoint));
        let to_itself = other == Some(account);
        let money = meaning.money();
        activities.push(Activity {
            place,
            account,
            slot: Slot::Event(index),
            kind: meaning.kind.clone(),
            direction: match to_itself {
                true => Direction::Neutral,
                false => meaning.direction,
            },
            status: Status::Completed,
            address: Some(meaning.address),
            coin_type: money.as_ref().map(|(coin_type, _)| coin_type.clone()),
            amount: money.map(|(_, amount)| amount),
            counterparty: meaning.counterparty,
            contract: Some(contract.to_owned()),
            business_id: None,
            details: json!({ "event": event.name, "fields": event.fields }),
            notify: meaning.notify.clone().filter(|_| !to_itself),
            suppressed: None,
        });
    }
    activities
}
