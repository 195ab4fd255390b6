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
//!   received them or sent the transaction; a fee of just the declared amount is called so;
//! - who puts one coin into a contract and takes another out, in a transaction of their own, has
//!   converted it: neither leg was sent to or came from anybody, and nobody is told of it;
//! - a receipt that the guard takes for a scam or for dust is an activity like any other, and nobody is
//!   told of it;
//! - what an account's own addresses send each other nets out;
//! - where amounts are not proven, and so not known, there is no movement: gas alone would look like
//!   a receipt of what it cost.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};
use vigia_core::{
    AccountId, Activity, Address, AddressBook, Direction, ExecutedTransaction, NotificationKind,
    ProofPart, Slot, Status, StructTag, TypeTag, address_text, type_text,
};

use crate::registry::Registry;

/// What declared events say about the coin movements of their transaction.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// By coin and address, what has its activity already: received less paid.
    amounts: BTreeMap<(String, Address), i128>,
    returned: Option<Named>,
    /// By coin, the fees taken, and what to call them.
    fees: BTreeMap<String, (i128, Named)>,
}

/// What to call coins that go to somebody whom an event does not name.
#[derive(Clone, Debug)]
pub(crate) struct Named {
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
    pub(crate) fn add_returned(&mut self, returned: Named) {
        match &mut self.returned {
            None => self.returned = Some(returned),
            Some(first) => first.join(&returned),
        }
    }

    /// Records that an event takes a fee; those of one coin are added up, as their receipt is.
    pub(crate) fn add_fee(&mut self, (coin_type, amount): (String, i128), named: Named) {
        match self.fees.get_mut(&coin_type) {
            None => {
                self.fees.insert(coin_type, (amount, named));
            }
            Some((sum, first)) => {
                *sum = sum.saturating_add(amount);
                first.join(&named);
            }
        }
    }

    /// Who paid more than they parted with: they got the rest in the same transaction, though nothing of
    /// it is left to show.
    fn paid_beyond(&self, movements: &Movements) -> Vec<Address> {
        let moved = |coin_type: &str, address: &Address| -> i128 {
            let by_address = movements.get(coin_type);
            let amount = by_address.and_then(|by_address| by_address.get(address));
            amount.copied().unwrap_or_default()
        };
        let beyond = self.amounts.iter().filter(|((coin_type, address), said)| {
            let moved = moved(coin_type, address);
            moved <= 0 && moved > **said
        });
        beyond.map(|((_, address), _)| *address).collect()
    }

    fn fee(&self, coin_type: &str, amount: i128) -> Option<&Named> {
        let (sum, named) = self.fees.get(coin_type)?;
        (*sum == amount).then_some(named)
    }

    fn amount(&self, coin_type: &str, address: &Address) -> i128 {
        if self.amounts.is_empty() {
            return 0;
        }
        let key = (coin_type.to_owned(), *address);
        self.amounts.get(&key).copied().unwrap_or_default()
    }
}

impl Named {
    /// Of several the first gives the name; a business id is told only where all have the same.
    fn join(&mut self, other: &Self) {
        if self.business_id != other.business_id {
            self.business_id = None;
        }
    }
}

/// Other parties that the details of a movement list; there is one activity however many there are.
const PARTIES_MAX: usize = 32;

/// Net movement of one coin by address, gas added back.
type Movements = BTreeMap<String, BTreeMap<Address, i128>>;

/// The plain movements of a transaction for the accounts in `book`.
pub(crate) fn plain_movements(
    transaction: &ExecutedTransaction,
    book: &AddressBook,
    registry: &Registry,
    explained: &Explained,
) -> Vec<Activity> {
    if transaction.balance_changes.is_empty() && !transaction.proof.proves(ProofPart::Amounts) {
        return Vec::new();
    }
    let mut movements = movements_without_gas(transaction);
    let paid_on = explained.paid_beyond(&movements);
    for (coin_type, by_address) in &mut movements {
        for (address, amount) in by_address.iter_mut() {
            *amount = remainder(*amount, explained.amount(coin_type, address));
        }
        by_address.retain(|_, amount| *amount != 0);
    }
    let movements = movements.iter().map(|(coin_type, by_address)| Movement {
        transaction,
        coin_type,
        by_address,
        book,
        registry,
    });
    let movements: Vec<Movement<'_>> = movements.collect();
    let converting = converting(transaction, book, &movements, &paid_on);
    let mut activities = Vec::new();
    for movement in &movements {
        for (account, own) in movement.by_account() {
            let converts = converting == Some(account);
            activities.extend(movement.activity(account, &own, explained, converts));
        }
    }
    activities
}

/// The account that sent the transaction, where it put a coin into a contract and took another out.
fn converting(
    transaction: &ExecutedTransaction,
    book: &AddressBook,
    movements: &[Movement<'_>],
    paid_on: &[Address],
) -> Option<AccountId> {
    let account_of = |address| book.account_at(address, transaction.place.checkpoint);
    let account = account_of(&transaction.transaction.sender)?;
    let leg = |direction| {
        movements.iter().any(|movement| {
            movement.direction_of(account) == direction
                && movement.others(account, direction).next().is_none()
        })
    };
    let got = || leg(Direction::In) || paid_on.iter().any(|to| account_of(to) == Some(account));
    (leg(Direction::Out) && got()).then_some(account)
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

static SUI: LazyLock<TypeTag> = LazyLock::new(|| TypeTag::Struct(Box::new(StructTag::sui())));

fn movements_without_gas(transaction: &ExecutedTransaction) -> Movements {
    let payer = transaction.gas_payer();
    let changes = transaction.balance_changes.iter();
    let mut all: Vec<(&TypeTag, Address, i128)> = changes
        .map(|change| (&change.coin_type, change.address, change.amount))
        .collect();
    // A system transaction has no payer whose balance could show its gas.
    if payer != Address::ZERO {
        all.push((&SUI, payer, transaction.gas_cost()));
    }
    // By coin, so that each coin's text is written once.
    all.sort_by_key(|(coin_type, ..)| *coin_type);
    let mut movements = Movements::new();
    for one_coin in all.chunk_by(|(one, ..), (other, ..)| one == other) {
        let by_address = movements.entry(type_text(one_coin[0].0)).or_default();
        for (_, address, amount) in one_coin {
            let sum: &mut i128 = by_address.entry(*address).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }
    movements
}

/// The movements of one coin in one transaction.
struct Movement<'a> {
    transaction: &'a ExecutedTransaction,
    coin_type: &'a str,
    by_address: &'a BTreeMap<Address, i128>,
    book: &'a AddressBook,
    registry: &'a Registry,
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
        converts: bool,
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
        let named = match direction {
            Direction::In if self.came_back_to(account) => explained.returned.as_ref(),
            _ => None,
        };
        let is_fee = direction == Direction::In && !self.sent_by(account);
        let fee = || explained.fee(self.coin_type, amount).filter(|_| is_fee);
        let named = named.or_else(fee).cloned();
        let (kind, contract, business_id, notify) = match named {
            Some(named) => (named.kind, Some(named.contract), named.business_id, None),
            None if converts && self.is_with_a_contract(account, direction) => {
                ("conversion".to_owned(), None, None, None)
            }
            None => {
                let notify = self.notification(account, direction, counterparty);
                ("transfer".to_owned(), None, None, notify)
            }
        };
        // Whom nobody would tell anything has nothing kept from them either.
        let is_told_receipt = direction == Direction::In && notify.is_some();
        let suppressed = is_told_receipt.then(|| self.registry.suppressed(self.coin_type, amount));
        let suppressed = suppressed.flatten();
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
            details: self.details(account, direction),
            notify: notify.filter(|_| suppressed.is_none()),
            suppressed,
        })
    }

    /// Who was on the other side and with how much, where a counterparty cannot say it: of several
    /// the largest, and how many there were.
    fn details(&self, account: AccountId, direction: Direction) -> Value {
        let mut others: Vec<_> = self.others(account, direction).collect();
        if others.len() < 2 {
            return json!({});
        }
        let count = others.len();
        others.sort_by_key(|(address, amount)| (Reverse(amount.unsigned_abs()), *address));
        let listed = others.iter().take(PARTIES_MAX).map(|(address, amount)| {
            json!({ "address": address_text(address), "amount": amount.unsigned_abs().to_string() })
        });
        json!({ "counterparties": listed.collect::<Value>(), "counterparty_count": count })
    }

    fn is_with_a_contract(&self, account: AccountId, direction: Direction) -> bool {
        direction != Direction::Neutral && self.others(account, direction).next().is_none()
    }

    /// Which way the coin went for the account.
    fn direction_of(&self, account: AccountId) -> Direction {
        let own = self.by_address.iter();
        let own = own.filter(|(address, _)| self.account_of(address) == Some(account));
        match own.fold(0i128, |sum, (_, amount)| sum.saturating_add(*amount)) {
            1.. => Direction::In,
            ..0 => Direction::Out,
            0 => Direction::Neutral,
        }
    }

    /// The addresses on the other side of what the account received or parted with.
    fn others(
        &self,
        account: AccountId,
        direction: Direction,
    ) -> impl Iterator<Item = (Address, i128)> {
        let by_address = self.by_address.iter();
        let others = by_address.filter(move |(address, amount)| {
            let opposite = match direction {
                Direction::In => **amount < 0,
                Direction::Out => **amount > 0,
                Direction::Neutral => false,
            };
            opposite && self.account_of(address) != Some(account)
        });
        others.map(|(address, amount)| (*address, *amount))
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
        let mut others = self.others(account, direction).map(|(address, _)| address);
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
