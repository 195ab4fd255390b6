//! The guard against scams: what people are told of, at the edges, and what it leaves alone.

use std::sync::Arc;

use vigia_contracts::{CONFIO, CoinGuard, Interpreter};
use vigia_core::{Activity, BusinessFolder as _, Suppressed, type_text};
use vigia_devnet::{Coin, Packages};

use crate::support::{Made, STORY, everything, hold, made, registry};
use crate::wallet::{ANA, BETO, STRANGER, book, paid, short};

const CENT: i128 = 10_000;

fn guarded(change: impl FnOnce(&mut CoinGuard)) -> Interpreter {
    let mut guard = CoinGuard::default();
    change(&mut guard);
    Interpreter::new(Arc::new(registry().with_guard(Some(guard))))
}

fn coin_type(coin: Coin) -> String {
    type_text(&coin.type_tag())
}

fn sent(from: vigia_core::Address, coin: Coin, amount: i128) -> Made {
    made(from)
        .moves(from, coin, -amount)
        .moves(ANA, coin, amount)
}

fn activities(interpreter: &Interpreter, made: &Made) -> Vec<Activity> {
    interpreter
        .interpret(&made.0, &book())
        .expect("it is understood")
        .activities
}

/// Whether Ana is told, and why not.
fn says(interpreter: &Interpreter, made: &Made) -> (bool, Option<Suppressed>) {
    let activities = activities(interpreter, made);
    let of_ana = activities.iter().find(|activity| activity.account.0 == 1);
    let of_ana = of_ana.expect("it is an activity in any case");
    (of_ana.notify.is_some(), of_ana.suppressed)
}

const TOLD: (bool, Option<Suppressed>) = (true, None);
const DUST: (bool, Option<Suppressed>) = (false, Some(Suppressed::Dust));
const UNKNOWN: (bool, Option<Suppressed>) = (false, Some(Suppressed::UnknownCoin));

#[test]
fn at_the_minimum_people_are_told() {
    let guard = guarded(|_| {});
    for (coin, minimum) in [
        (Coin::Cusd, CENT),
        (Coin::Confio, CENT),
        (Coin::Sui, 1_000_000),
    ] {
        for from in [STRANGER, BETO] {
            for (amount, expected) in [(1, DUST), (minimum - 1, DUST), (minimum, TOLD)] {
                let made = sent(from, coin, amount);
                assert_eq!(says(&guard, &made), expected, "{coin} {amount}");
            }
        }
    }
    let free = guarded(|guard| {
        guard.minimum_units.insert(coin_type(Coin::Sui), 0);
        guard.minimum_units.insert(coin_type(Coin::Cusd), 5);
    });
    assert_eq!(says(&free, &sent(STRANGER, Coin::Sui, 1)), TOLD);
    assert_eq!(says(&free, &sent(STRANGER, Coin::Cusd, 4)), DUST);
    assert_eq!(says(&free, &sent(STRANGER, Coin::Cusd, 5)), TOLD);
}

#[test]
fn undeclared_coins_are_kept_and_not_told() {
    let guard = guarded(|guard| {
        guard.allowed.insert(coin_type(Coin::Usdc));
    });
    for amount in [1, i128::from(u64::MAX)] {
        assert_eq!(says(&guard, &sent(STRANGER, Coin::Scam, amount)), UNKNOWN);
        assert_eq!(says(&guard, &sent(STRANGER, Coin::Usdc, amount)), TOLD);
        let off = Interpreter::new(Arc::new(registry()));
        assert_eq!(says(&off, &sent(STRANGER, Coin::Scam, amount)), TOLD);
    }
    // It is written as without the guard, but for who is told.
    let made = sent(STRANGER, Coin::Scam, 7);
    let lines =
        |interpreter| -> Vec<String> { activities(interpreter, &made).iter().map(short).collect() };
    assert_eq!(lines(&guard), ["1 transfer in 7 SCAM -"]);
    let off = Interpreter::new(Arc::new(registry()));
    assert_eq!(lines(&off), ["1 transfer in 7 SCAM SEND_FROM_EXTERNAL"]);
}

#[test]
fn what_people_send_is_told_whatever_it_is() {
    let guard = guarded(|_| {});
    for coin in [Coin::Scam, Coin::Cusd, Coin::Sui] {
        let made = made(ANA).moves(ANA, coin, -1).moves(STRANGER, coin, 1);
        assert_eq!(says(&guard, &made), TOLD, "{coin}");
    }
    // Nobody would be told of what Ana fetched for herself, so nothing is kept from her.
    let fetched = made(ANA).moves(ANA, Coin::Scam, 7);
    assert_eq!(says(&guard, &fetched), (false, None));
}

#[test]
fn what_contracts_explain_is_told() {
    let tiny = guarded(|guard| {
        guard.minimum_units.insert(coin_type(Coin::Cusd), i128::MAX);
    });
    let payment = paid(Packages::declared().pay);
    let meant = tiny.interpret(&payment.0, &book()).unwrap();
    let mut told: Vec<String> = Vec::new();
    for event in &meant.business_events {
        let folded = tiny.fold(&event.key, std::slice::from_ref(event), &book());
        told.extend(folded.activities.iter().map(short));
    }
    told.extend(meant.activities.iter().map(short));
    told.sort();
    let expected = [
        "1 payment out 10000000 CUSD PAYMENT_SENT",
        "2 payment in 9910000 CUSD PAYMENT_RECEIVED",
    ];
    assert_eq!(told, expected);
}

/// Over a whole story only plain receipts change, and only in whom they tell.
#[test]
fn a_story_differs_in_what_is_told_alone() {
    let mut book = vigia_core::AddressBook::default();
    for (account, user) in (1..).zip(&STORY.users) {
        hold(&mut book, user.address, account);
    }
    let off = Interpreter::new(Arc::new(registry()));
    let on = guarded(|_| {});
    let (without, with) = [&off, &on]
        .map(|interpreter| everything(interpreter, &STORY.transactions, &book))
        .into();
    let (mut unknown, mut mints, mut payments) = (0, 0, 0);
    for (place, before) in &without {
        let after = &with[place];
        assert_eq!(before.len(), after.len(), "{place}");
        for (before, after) in before.iter().zip(after) {
            mints += usize::from(after.kind == "mint" && after.notify.is_some());
            payments += usize::from(after.kind == "payment" && after.notify.is_some());
            let Some(why) = after.suppressed else {
                assert_eq!(before, after);
                continue;
            };
            unknown += usize::from(why == Suppressed::UnknownCoin);
            assert_eq!((&*after.kind, after.direction.as_str()), ("transfer", "in"));
            let told = Activity {
                notify: before.notify.clone(),
                suppressed: None,
                ..after.clone()
            };
            assert!(told.notify.is_some() && after.notify.is_none());
            assert_eq!(*before, told);
        }
    }
    assert!(
        unknown > 10 && mints > 10 && payments > 10,
        "{unknown} {mints} {payments}"
    );
}

#[test]
fn the_shipped_coins_state_a_minimum() {
    assert_eq!(CONFIO.matches("\nminimum_units = 10_000\n").count(), 2);
}
