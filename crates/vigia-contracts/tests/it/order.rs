//! Order of arrival changes nothing (I-11): rows are written once, the first write wins, and still
//! every order leaves the same ones.

use std::collections::{BTreeMap, HashMap};

use vigia_contracts::Interpreter;
use vigia_core::{
    AccountId, Activity, AddressBook, BusinessEvent, BusinessFolder, BusinessKey, Place, Slot,
};

use crate::support::{STORY, hold, interpreter, objects};

type Rows = HashMap<(Place, AccountId, Slot), Activity>;

/// What the database holds after `batches` have arrived: each is folded with all before it.
fn rows(
    interpreter: &Interpreter,
    key: &BusinessKey,
    batches: &[&[&BusinessEvent]],
    book: &AddressBook,
) -> (Rows, String, serde_json::Value) {
    let (mut stored, mut rows) = (Vec::<BusinessEvent>::new(), Rows::new());
    let mut last = None;
    for batch in batches {
        stored.extend(batch.iter().map(|event| (*event).clone()));
        stored.sort_by_key(|event| (event.place, event.event_index));
        let outcome = interpreter.fold(key, &stored, book);
        for activity in &outcome.activities {
            let slot = (activity.place, activity.account, activity.slot.clone());
            rows.entry(slot).or_insert_with(|| activity.clone());
        }
        last = Some(outcome);
    }
    let last = last.expect("something arrived");
    (rows, last.state, last.data)
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else {
        return vec![vec![]];
    };
    let mut all = vec![];
    for shorter in permutations(rest) {
        for place in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(place, first.clone());
            all.push(longer);
        }
    }
    all
}

/// Every way to cut a sequence into batches.
fn cuts<T>(items: &[T]) -> Vec<Vec<&[T]>> {
    let gaps = items.len() - 1;
    let cut = |mask: usize| {
        let mut batches = vec![];
        let mut start = 0;
        for gap in (0..gaps).filter(|gap| mask >> gap & 1 == 1) {
            batches.push(&items[start..=gap]);
            start = gap + 1;
        }
        batches.push(&items[start..]);
        batches
    };
    (0..1 << gaps).map(cut).collect()
}

/// One account per user, or one account for every `share` of them.
fn book(share: i64) -> AddressBook {
    let mut book = AddressBook::default();
    for (index, user) in (0i64..).zip(&STORY.users) {
        hold(&mut book, user.address, index / share);
    }
    book
}

#[test]
fn every_order_and_every_batching_leaves_the_same_rows() {
    let interpreter = interpreter();
    for share in [1, 2, 100] {
        let book = book(share);
        let mut shapes = BTreeMap::<Vec<String>, usize>::new();
        for (key, events) in objects(&interpreter, &book) {
            let shape = events.iter().map(|event| event.name.clone()).collect();
            let seen = shapes.entry(shape).or_default();
            *seen += 1;
            // The first few of each shape; trades come to an end in some seven ways.
            if *seen > 4 {
                continue;
            }
            let all: Vec<&BusinessEvent> = events.iter().collect();
            let once = rows(&interpreter, &key, &[&all], &book);
            for order in permutations(&all) {
                for batches in cuts(&order) {
                    let arrived = rows(&interpreter, &key, &batches, &book);
                    assert_eq!(arrived, once, "{key:?} arriving as {batches:#?}");
                }
            }
        }
        assert!(shapes.len() >= 8, "{shapes:?}");
        assert!(shapes.keys().any(|shape| shape.len() >= 4), "{shapes:?}");
    }
}

#[test]
fn the_fold_sorts_what_it_is_given() {
    let interpreter = interpreter();
    let book = book(1);
    for (key, events) in objects(&interpreter, &book) {
        let reversed: Vec<BusinessEvent> = events.iter().rev().cloned().collect();
        let outcome = interpreter.fold(&key, &events, &book);
        assert_eq!(interpreter.fold(&key, &reversed, &book), outcome);
    }
}

#[test]
fn what_waits_for_a_field_comes_with_it() {
    let interpreter = interpreter();
    let book = book(1);
    let all = objects(&interpreter, &book);
    let (key, events) = all
        .iter()
        .find(|(_, events)| events.len() > 2 && events[1].name == "p2p_trade::TradeAccepted")
        .expect("a trade was accepted");
    let accepted = interpreter.fold(key, &events[1..2], &book);
    assert!(accepted.activities.is_empty(), "{accepted:?}");
    assert_eq!(accepted.state, "accepted");
    let with_seller = interpreter.fold(key, &events[..2], &book);
    let told: Vec<(&str, bool)> = with_seller
        .activities
        .iter()
        .map(|a| (a.kind.as_str(), a.counterparty.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            ("trade_created", false),
            ("trade_accepted", true),
            ("trade_accepted", true)
        ]
    );
}

#[test]
fn who_alone_is_affected_by_a_fold_is_among_its_parties() {
    let interpreter = interpreter();
    let book = book(1);
    for (key, events) in objects(&interpreter, &book) {
        let parties = BusinessFolder::parties(&interpreter, &key, &events);
        let mut known = AddressBook::default();
        for (index, user) in (0i64..).zip(&STORY.users) {
            if parties.contains(&user.address) {
                hold(&mut known, user.address, index);
            }
        }
        // The store folds with the holders of these addresses and no others.
        let outcome = interpreter.fold(&key, &events, &known);
        assert_eq!(outcome, interpreter.fold(&key, &events, &book));
    }
}
