//! A wallet's people, and what they are told, in short.

use vigia_core::{Activity, Address, AddressBook, BusinessFolder};
use vigia_devnet::Coin;

use crate::support::{Made, Payment, hold, interpreter, made};

pub(crate) const ANA: Address = Address::new([0xa1; 32]);
pub(crate) const ANA_SAVINGS: Address = Address::new([0xa2; 32]);
pub(crate) const BETO: Address = Address::new([0xb1; 32]);
pub(crate) const STRANGER: Address = Address::new([0xee; 32]);
pub(crate) const OTHER: Address = Address::new([0xef; 32]);
pub(crate) const SPONSOR: Address = Address::new([0x55; 32]);
pub(crate) const UNWATCHED_SPONSOR: Address = Address::new([0x56; 32]);

/// Ana with two addresses (1), Beto (2), and who sponsors (3).
pub(crate) fn book() -> AddressBook {
    let mut book = AddressBook::default();
    for (address, account) in [(ANA, 1), (ANA_SAVINGS, 1), (BETO, 2), (SPONSOR, 3)] {
        hold(&mut book, address, account);
    }
    book
}

/// Activities of a transaction alone, folds included, in short: account, slot's kind, kind,
/// direction, amount, message.
pub(crate) fn told(made: &Made) -> Vec<String> {
    all_activities(made).iter().map(short).collect()
}

pub(crate) fn all_activities(made: &Made) -> Vec<Activity> {
    let interpreter = interpreter();
    let meant = interpreter.interpret(&made.0, &book()).expect("it fits");
    let mut activities = meant.activities;
    for event in &meant.business_events {
        let events = std::slice::from_ref(event);
        activities.extend(interpreter.fold(&event.key, events, &book()).activities);
    }
    activities.sort_by_key(|activity| (activity.account, activity.slot.clone()));
    activities
}

pub(crate) fn short(activity: &Activity) -> String {
    let coin = activity.coin_type.as_deref().unwrap_or("-");
    format!(
        "{} {} {} {} {} {}",
        activity.account.0,
        activity.kind,
        activity.direction.as_str(),
        activity.amount.map_or("-".to_owned(), |n| n.to_string()),
        coin.rsplit("::").next().unwrap_or_default(),
        activity.notify.as_ref().map_or("-", |kind| kind.as_str()),
    )
}

pub(crate) fn payment<'a>(payer: Address, recipient: Address, amount: u64) -> Payment<'a> {
    Payment {
        payer,
        recipient,
        amount,
        token: b"CUSD",
        id: b"PAY-1",
    }
}

/// Ana pays Beto 10 cUSD through the contract at `package`.
pub(crate) fn paid(package: Address) -> Made {
    made(ANA)
        .pays(package, &payment(ANA, BETO, 10_000_000))
        .moves(ANA, Coin::Cusd, -10_000_000)
        .moves(BETO, Coin::Cusd, 9_910_000)
}

/// `short`, and who is on the other side.
pub(crate) fn line(activity: &Activity) -> String {
    let other = activity.counterparty.map_or("-".to_owned(), name);
    format!("{} {other}", short(activity))
}

pub(crate) fn name(address: Address) -> String {
    let known = [
        (ANA, "ana"),
        (ANA_SAVINGS, "ana-savings"),
        (BETO, "beto"),
        (STRANGER, "stranger"),
        (OTHER, "other"),
        (SPONSOR, "sponsor"),
        (UNWATCHED_SPONSOR, "unwatched-sponsor"),
    ];
    let found = known.iter().find(|(known, _)| *known == address);
    found.map_or_else(|| address.to_string(), |(_, name)| (*name).to_owned())
}
