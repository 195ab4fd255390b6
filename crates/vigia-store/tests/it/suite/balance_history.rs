//! What moved balances hour by hour: each effect once, in the hour of its transaction, whenever it comes.

use std::collections::BTreeMap;

use vigia_core::{Commit, Lane, Scope};
use vigia_store::{
    Adjustment, BALANCE_HOURS_MAX, BalanceHistory, BalanceObservation, BalanceStore as _,
    FOLD_EFFECTS_MAX, Observed, ReadStore as _,
};

use crate::sample::{COIN, activity, address, balance, commit, place, raw, timestamp_ms};
use crate::suite::{Db, Fixture, NOW_MS};

const HOUR_MS: u64 = 60 * 60 * 1_000;
/// Checkpoints in an hour.
const HOUR: u64 = HOUR_MS / 250;

/// Checkpoints from `from` to `last`, in which these amounts of [`COIN`] come to `address(1)`, with their transactions.
fn moving(from: u64, last: u64, amounts: &[(u64, i128)]) -> Commit {
    let places = amounts.iter().map(|(checkpoint, _)| place(*checkpoint, 0));
    let effects = amounts.iter();
    Commit {
        raw_transactions: places.map(raw).collect(),
        balance_effects: effects
            .map(|(checkpoint, amount)| balance(place(*checkpoint, 0), 1, *amount))
            .collect(),
        ..commit(from, last)
    }
}

/// What moved in each hour, added up here.
fn by_hour(amounts: &[(u64, i128)]) -> Vec<(u64, i128)> {
    let mut hours = BTreeMap::new();
    for (checkpoint, amount) in amounts {
        let at_ms = timestamp_ms(*checkpoint);
        *hours.entry(at_ms - at_ms % HOUR_MS).or_insert(0) += amount;
    }
    hours.into_iter().collect()
}

/// With checkpoints 0 to 9 committed and a baseline of `address(1)` there.
async fn with_baseline<F: Fixture>(amount: i128) -> Db<F> {
    let db = Db::<F>::with_people().await;
    db.apply(&commit(0, 9)).await;
    db.store.balance_enlist(9).await.unwrap();
    let observation = BalanceObservation {
        address: address(1),
        from: 9,
        to: 9,
        held: vec![(COIN.to_owned(), amount)],
        unproven: false,
    };
    let observed = db.store.balance_observe(&observation).await.unwrap();
    assert_eq!(observed, Observed::Baseline);
    db
}

impl<F: Fixture> Db<F> {
    async fn history_of(&self, n: u64, scope: &Scope, from_ms: u64) -> Option<BalanceHistory> {
        let address = address(n);
        let history = self.store.balance_history(scope, &address, COIN, from_ms);
        history.await.unwrap()
    }

    async fn history(&self) -> BalanceHistory {
        self.history_of(1, &Scope::All, 0).await.unwrap()
    }

    async fn fold_all(&self) {
        while self.store.balance_fold(2).await.unwrap() {}
        assert!(!self.store.balance_fold(FOLD_EFFECTS_MAX).await.unwrap());
    }
}

pub(crate) async fn hours_add_up_what_moved<F: Fixture>() {
    let db = with_baseline::<F>(1_000).await;
    let first = [(10, 5), (11, -2), (HOUR + 20, 40)];
    let second = [(HOUR + 30, -1), (3 * HOUR, 700), (9 * HOUR, -700)];
    db.apply(&moving(10, HOUR + 25, &first)).await;
    assert_eq!(db.history().await.hours, [], "nothing is folded yet");
    db.fold_all().await;
    let history = db.history().await;
    assert_eq!((history.amount, history.known_from_ms), (Some(1_043), 0));
    assert_eq!(history.hours, by_hour(&first));
    // Again it changes nothing, nor does folding with nothing new.
    db.apply(&moving(10, HOUR + 25, &first)).await;
    db.apply(&moving(HOUR + 26, 9 * HOUR, &second)).await;
    db.fold_all().await;
    db.fold_all().await;
    let all = [&first[..], &second[..]].concat();
    let history = db.history().await;
    assert_eq!(history.hours, by_hour(&all));
    let moved: i128 = history.hours.iter().map(|(_, moved)| moved).sum();
    assert_eq!(history.amount, Some(1_000 + moved));
    // From an hour on; whole hours alone.
    let from_ms = timestamp_ms(3 * HOUR) + HOUR_MS - 1;
    let later = db.history_of(1, &Scope::All, from_ms).await.unwrap();
    let begun = from_ms - from_ms % HOUR_MS;
    let expected = by_hour(&all)
        .into_iter()
        .filter(|(at_ms, _)| *at_ms >= begun);
    assert_eq!(later.hours, expected.collect::<Vec<_>>());
    assert_eq!(later.amount, history.amount);
}

pub(crate) async fn history_that_comes_late_is_in_its_hour_once<F: Fixture>() {
    let db = with_baseline::<F>(1_000).await;
    let live = [(10, 5), (2 * HOUR, 40)];
    db.apply(&moving(10, 3 * HOUR, &live)).await;
    db.fold_all().await;
    // Below the baseline it says what there was before; above it moves the balance too.
    let late = [(8, 300), (10, 5), (HOUR, -20), (2 * HOUR, 40)];
    for lane in [Lane::Import, Lane::Import, Lane::Live] {
        let commit = Commit {
            lane,
            ..moving(8, 3 * HOUR, &late)
        };
        db.apply(&commit).await;
        let history = db.history().await;
        assert_eq!(history.hours, by_hour(&late), "{lane:?}");
        assert_eq!(history.amount, Some(1_025), "{lane:?}");
    }
    db.fold_all().await;
    assert_eq!(db.history().await.hours, by_hour(&late));
    // A correction by hand moves it when it is made.
    let adjustment = Adjustment {
        address: address(1),
        coin_type: COIN.to_owned(),
        amount: -25,
        author: "root".to_owned(),
        reason: "found by hand".to_owned(),
    };
    assert!(db.store.balance_adjust(&adjustment).await.unwrap());
    let history = db.history().await;
    assert_eq!(history.amount, Some(1_000));
    let adjusted = (NOW_MS - NOW_MS % HOUR_MS, -25);
    assert_eq!(history.hours.last(), Some(&adjusted));
}

pub(crate) async fn a_history_is_of_who_holds_the_address<F: Fixture>() {
    let db = with_baseline::<F>(1_000).await;
    let (ana, beto) = (db.scope("ana").await, db.scope("beto").await);
    let mut first = moving(10, HOUR, &[(10, 5)]);
    first.activities = vec![activity(place(10, 0), db.account(1).await)];
    db.apply(&first).await;
    db.fold_all().await;
    assert_eq!(db.history_of(1, &beto, 0).await, None, "another's");
    assert_eq!(db.history_of(9, &Scope::All, 0).await, None, "nobody's");
    let of_ana = db.history_of(1, &ana, 0).await.unwrap();
    assert_eq!((of_ana.known_from_ms, of_ana.hours.len()), (0, 1));
    let of_beto = db.history_of(2, &beto, 0).await.unwrap();
    assert_eq!(of_beto.amount, None, "no node has told yet");

    // Who gets the address later is told from when on it is theirs.
    db.unwatch(1).await;
    db.watch(1, "rosa").await;
    let rosa = db.scope("rosa").await;
    assert_eq!(db.history_of(1, &ana, 0).await, None);
    let nothing_yet = db.history_of(1, &rosa, 0).await.unwrap();
    assert_eq!(nothing_yet.known_from_ms, u64::MAX);
    let mut theirs = moving(HOUR + 1, 2 * HOUR, &[(HOUR + 7, 1)]);
    theirs.activities = vec![activity(place(HOUR + 7, 0), db.account(1).await)];
    db.apply(&theirs).await;
    let of_rosa = db.history_of(1, &rosa, 0).await.unwrap();
    assert_eq!(of_rosa.known_from_ms, timestamp_ms(HOUR + 7));
}

pub(crate) async fn a_history_has_a_number_of_hours<F: Fixture>() {
    let db = with_baseline::<F>(0).await;
    let hours = u64::from(BALANCE_HOURS_MAX) + 2;
    let moves: Vec<(u64, i128)> = (1..=hours).map(|hour| (hour * HOUR, 1)).collect();
    db.apply(&moving(10, (hours + 1) * HOUR, &moves)).await;
    while db.store.balance_fold(FOLD_EFFECTS_MAX).await.unwrap() {}
    let history = db.history().await;
    assert_eq!(history.hours.len(), BALANCE_HOURS_MAX as usize);
    assert_eq!(history.hours.last(), by_hour(&moves).last());
}
