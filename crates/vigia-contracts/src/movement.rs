//! Plain movements: what remains of a transaction's coin movements once declared events have
//! explained theirs. By far the commonest case, a transfer with no contract call, is all of it.
//!
//! The rule depends on the transaction alone, never on stored events, so that it gives the same
//! answer whatever order events arrive in:
//! - gas is not a movement: the fee is added back to its payer's SUI;
//! - a coin movement of an account that an event of the transaction names with that coin is
//!   explained and left out;
//! - coins that reach an account in a transaction whose event gives back coins without naming to
//!   whom (a cancelled trade) are called what the event's declaration says;
//! - what an account's own addresses send each other nets out.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use vigia_core::{
    AccountId, Activity, Address, AddressBook, Direction, ExecutedTransaction, NotificationKind,
    Slot, Status, StructTag, TypeTag,
};

/// What declared events say about the coin movements of their transaction.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// Movements that have their activity already.
    pub(crate) movements: HashSet<(AccountId, String)>,
    /// What to call coins given back: kind, contract, business id.
    pub(crate) returned: Option<(String, String, Option<String>)>,
}

/// Net movement of one coin by address, gas added back.
type Movements = BTreeMap<String, BTreeMap<Address, i128>>;

/// The plain movements of a transaction for the accounts in `book`.
pub(crate) fn plain_movements(
    transaction: &ExecutedTransaction,
    book: &AddressBook,
    explained: &Explained,
) -> Vec<Activity> {
    let mut activities = Vec::new();
    for (coin_type, by_address) in movements_without_gas(transaction) {
        for (account, own) in by_account(&by_address, book, transaction.place.checkpoint) {
            if explained.movements.contains(&(account, coin_type.clone())) {
                continue;
            }
            let movement = Movement {
                transaction,
                coin_type: &coin_type,
                by_address: &by_address,
            };
            activities.extend(movement.activity(account, &own, book, explained));
        }
    }
    activities
}

fn movements_without_gas(transaction: &ExecutedTransaction) -> Movements {
    let sui = TypeTag::Struct(Box::new(StructTag::sui()));
    let payer = transaction.gas_payer();
    let mut movements = Movements::new();
    for change in &transaction.balance_changes {
        let by_address = movements.entry(change.coin_type.to_string()).or_default();
        *by_address.entry(change.address).or_default() += change.amount;
    }
    // A system transaction has no payer whose balance could show its gas.
    if payer != Address::ZERO {
        let by_address = movements.entry(sui.to_string()).or_default();
        *by_address.entry(payer).or_default() += transaction.gas_cost();
    }
    for by_address in movements.values_mut() {
        by_address.retain(|_, amount| *amount != 0);
    }
    movements
}

fn by_account(
    by_address: &BTreeMap<Address, i128>,
    book: &AddressBook,
    checkpoint: u64,
) -> BTreeMap<AccountId, Vec<(Address, i128)>> {
    let mut accounts = BTreeMap::<_, Vec<_>>::new();
    for (address, amount) in by_address {
        if let Some(account) = book.account_at(address, checkpoint) {
            accounts
                .entry(account)
                .or_default()
                .push((*address, *amount));
        }
    }
    accounts
}

/// The movements of one coin in one transaction.
struct Movement<'a> {
    transaction: &'a ExecutedTransaction,
    coin_type: &'a str,
    by_address: &'a BTreeMap<Address, i128>,
}

impl Movement<'_> {
    fn activity(
        &self,
        account: AccountId,
        own: &[(Address, i128)],
        book: &AddressBook,
        explained: &Explained,
    ) -> Option<Activity> {
        let net: i128 = own.iter().map(|(_, amount)| amount).sum();
        let (direction, amount) = match net {
            1.. => (Direction::In, net),
            ..0 => (Direction::Out, -net),
            0 => (
                Direction::Neutral,
                own.iter().map(|(_, amount)| amount.max(&0)).sum(),
            ),
        };
        let address = own
            .iter()
            .max_by_key(|(_, amount)| amount.unsigned_abs())?
            .0;
        let counterparty = self.counterparty(own, direction);
        let returned = explained
            .returned
            .as_ref()
            .filter(|_| direction == Direction::In);
        let (kind, contract, business_id) = match returned {
            Some((kind, contract, id)) => (kind.clone(), Some(contract.clone()), id.clone()),
            None => ("transfer".to_owned(), None, None),
        };
        let notify = match returned {
            Some(_) => None,
            None => self.notification(direction, counterparty, book),
        };
        Some(Activity {
            place: self.transaction.place,
            account,
            slot: Slot::Coin(self.coin_type.to_owned()),
            kind,
            direction,
            status: Status::Completed,
            address: Some(address),
            coin_type: Some(self.coin_type.to_owned()),
            amount: Some(amount),
            counterparty,
            contract,
            business_id,
            details: json!({}),
            notify,
        })
    }

    /// The one address on the other side, where there is exactly one; for coins received from
    /// several or from a contract, the sender of the transaction.
    fn counterparty(&self, own: &[(Address, i128)], direction: Direction) -> Option<Address> {
        let is_own = |address: &Address| own.iter().any(|(mine, _)| mine == address);
        let mut others = self
            .by_address
            .iter()
            .filter(|(address, amount)| match direction {
                Direction::In => **amount < 0 && !is_own(address),
                Direction::Out => **amount > 0 && !is_own(address),
                Direction::Neutral => false,
            })
            .map(|(address, _)| *address);
        let sender = self.transaction.transaction.sender;
        match (others.next(), others.next()) {
            (Some(only), None) => Some(only),
            _ if direction == Direction::In && !is_own(&sender) => Some(sender),
            _ => None,
        }
    }

    fn notification(
        &self,
        direction: Direction,
        counterparty: Option<Address>,
        book: &AddressBook,
    ) -> Option<NotificationKind> {
        let checkpoint = self.transaction.place.checkpoint;
        let known = |address| book.account_at(&address, checkpoint).is_some();
        let name = match direction {
            Direction::In if counterparty.is_some_and(known) => "SEND_RECEIVED",
            Direction::In => "SEND_FROM_EXTERNAL",
            Direction::Out => "SEND_SENT",
            Direction::Neutral => return None,
        };
        Some(NotificationKind::new(name))
    }
}
