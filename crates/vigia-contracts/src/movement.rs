//! Plain movements: what remains of a transaction's coin movements once declared events have
//! explained theirs. By far the commonest case, a transfer with no contract call, is all of it.
//!
//! The rule depends on the transaction alone, never on stored events, so that it gives the same
//! answer whatever order events arrive in:
//! - gas is not a movement: the fee is added back to its payer's SUI;
//! - what declared events say an address received or paid is taken off its movement, and what is
//!   left shows: a payment and a plain send in one transaction are two activities. An event may
//!   tell of amounts that moved no coin, so it never turns a movement around: a remainder against
//!   the direction in which the balance went is left out;
//! - coins that come out of a contract in a transaction whose event gives back coins without naming
//!   to whom (a cancelled trade) are called what the event's declaration says, for who alone
//!   received them or sent the transaction;
//! - what an account's own addresses send each other nets out.

use std::collections::BTreeMap;

use serde_json::json;
use vigia_core::{
    AccountId, Activity, Address, AddressBook, Direction, ExecutedTransaction, NotificationKind,
    Slot, Status, StructTag, TypeTag,
};

/// What declared events say about the coin movements of their transaction.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// By coin and address, what has its activity already: received less paid.
    amounts: BTreeMap<(String, Address), i128>,
    returned: Option<Returned>,
}

/// What to call coins given back.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub(crate) kind: String,
    pub(crate) contract: String,
    pub(crate) business_id: Option<String>,
}

impl Explained {
    /// Records that an event says that `address` received or paid an amount.
    pub(crate) fn add(
        &mut self,
        address: Address,
        direction: Direction,
        (coin_type, amount): (String, i128),
    ) {
        let signed = match direction {
            Direction::In => amount,
            Direction::Out => amount.saturating_neg(),
            Direction::Neutral => return,
        };
        let sum = self.amounts.entry((coin_type, address)).or_default();
        *sum = sum.saturating_add(signed);
    }

    /// Records that an event gives coins back. Where several do, nothing says which coins are
    /// whose: the first gives the name, and no business id is told.
    pub(crate) fn add_returned(&mut self, returned: Returned) {
        match &mut self.returned {
            None => self.returned = Some(returned),
            Some(first) if first.business_id == returned.business_id => {}
            Some(first) => first.business_id = None,
        }
    }

    fn amount(&self, coin_type: &str, address: &Address) -> i128 {
        let key = (coin_type.to_owned(), *address);
        self.amounts.get(&key).copied().unwrap_or_default()
    }
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
    for (coin_type, mut by_address) in movements_without_gas(transaction) {
        for (address, amount) in &mut by_address {
            *amount = remainder(*amount, explained.amount(&coin_type, address));
        }
        by_address.retain(|_, amount| *amount != 0);
        let movement = Movement {
            transaction,
            coin_type: &coin_type,
            by_address: &by_address,
            book,
        };
        for (account, own) in movement.by_account() {
            activities.extend(movement.activity(account, &own, explained));
        }
    }
    activities
}

/// What is left of a movement, never against its direction.
fn remainder(moved: i128, explained: i128) -> i128 {
    let left = moved.saturating_sub(explained);
    if left.signum() == moved.signum() {
        left
    } else {
        0
    }
}

fn movements_without_gas(transaction: &ExecutedTransaction) -> Movements {
    let sui = TypeTag::Struct(Box::new(StructTag::sui()));
    let payer = transaction.gas_payer();
    let mut movements = Movements::new();
    let mut add = |coin_type: &TypeTag, address, amount| {
        let by_address = movements.entry(coin_type.to_string()).or_default();
        let sum: &mut i128 = by_address.entry(address).or_default();
        *sum = sum.saturating_add(amount);
    };
    for change in &transaction.balance_changes {
        add(&change.coin_type, change.address, change.amount);
    }
    // A system transaction has no payer whose balance could show its gas.
    if payer != Address::ZERO {
        add(&sui, payer, transaction.gas_cost());
    }
    movements
}

/// The movements of one coin in one transaction.
struct Movement<'a> {
    transaction: &'a ExecutedTransaction,
    coin_type: &'a str,
    by_address: &'a BTreeMap<Address, i128>,
    book: &'a AddressBook,
}

impl Movement<'_> {
    fn account_of(&self, address: &Address) -> Option<AccountId> {
        self.book
            .account_at(address, self.transaction.place.checkpoint)
    }

    fn by_account(&self) -> BTreeMap<AccountId, Vec<(Address, i128)>> {
        let mut accounts = BTreeMap::<_, Vec<_>>::new();
        for (address, amount) in self.by_address {
            if let Some(account) = self.account_of(address) {
                accounts
                    .entry(account)
                    .or_default()
                    .push((*address, *amount));
            }
        }
        accounts
    }

    fn activity(
        &self,
        account: AccountId,
        own: &[(Address, i128)],
        explained: &Explained,
    ) -> Option<Activity> {
        let sum = |amounts: &mut dyn Iterator<Item = i128>| amounts.fold(0, i128::saturating_add);
        let net = sum(&mut own.iter().map(|(_, amount)| *amount));
        let (direction, amount) = match net {
            1.. => (Direction::In, net),
            ..0 => (Direction::Out, net.saturating_neg()),
            0 => (
                Direction::Neutral,
                sum(&mut own.iter().map(|(_, amount)| *amount.max(&0))),
            ),
        };
        let address = own
            .iter()
            .max_by_key(|(_, amount)| amount.unsigned_abs())?
            .0;
        let counterparty = self.counterparty(account, direction);
        let returned = explained
            .returned
            .clone()
            .filter(|_| direction == Direction::In && self.came_back_to(account));
        let notify = match returned {
            Some(_) => None,
            None => self.notification(account, direction, counterparty),
        };
        let (kind, contract, business_id) = match returned {
            Some(returned) => (returned.kind, Some(returned.contract), returned.business_id),
            None => ("transfer".to_owned(), None, None),
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

    /// Whether coins that the account received can be those that the event gives back: no address
    /// parted with any, and the account alone received some or sent the transaction.
    fn came_back_to(&self, account: AccountId) -> bool {
        let from_a_contract = self.by_address.values().all(|amount| *amount > 0);
        let alone = self
            .by_address
            .keys()
            .all(|address| self.account_of(address) == Some(account));
        from_a_contract && (alone || self.sent_by(account))
    }

    fn sent_by(&self, account: AccountId) -> bool {
        self.account_of(&self.transaction.transaction.sender) == Some(account)
    }

    /// The one address on the other side, where there is exactly one; for coins received from
    /// several or from a contract, the sender of the transaction. Never an address of the account.
    fn counterparty(&self, account: AccountId, direction: Direction) -> Option<Address> {
        let mut others = self
            .by_address
            .iter()
            .filter(|(_, amount)| match direction {
                Direction::In => **amount < 0,
                Direction::Out => **amount > 0,
                Direction::Neutral => false,
            })
            .map(|(address, _)| *address)
            .filter(|address| self.account_of(address) != Some(account));
        let sender = self.transaction.transaction.sender;
        match (others.next(), others.next()) {
            (Some(only), None) => Some(only),
            _ if direction == Direction::In && !self.sent_by(account) => {
                Some(sender).filter(|sender| *sender != Address::ZERO)
            }
            _ => None,
        }
    }

    /// The message for a movement. What somebody fetched for themselves from a contract (a swap)
    /// came from nobody, and they know of it.
    fn notification(
        &self,
        account: AccountId,
        direction: Direction,
        counterparty: Option<Address>,
    ) -> Option<NotificationKind> {
        let known = |address| self.account_of(&address).is_some();
        let name = match direction {
            Direction::In if counterparty.is_some_and(known) => "SEND_RECEIVED",
            Direction::In if counterparty.is_none() && self.sent_by(account) => return None,
            Direction::In => "SEND_FROM_EXTERNAL",
            Direction::Out => "SEND_SENT",
            Direction::Neutral => return None,
        };
        Some(NotificationKind::new(name))
    }
}
