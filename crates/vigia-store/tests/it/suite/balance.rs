//! Balances: a baseline, and each transaction above it once.

use vigia_core::{Address, Commit, Lane, Scope};
use vigia_store::{
    Adjustment, BALANCES_MAX, BalanceCounts, BalanceObservation, BalanceRow, BalanceState,
    BalanceStore, DIFFERS_AFTER, FOLD_EFFECTS_MAX, Observed, ReadStore,
};

use crate::sample::{COIN, address, balance, commit, imported, place};
use crate::suite::{Db, Fixture, NOW_MS, permutations};

/// What a node says of `address(1)`, true at a checkpoint from `from` to `to`.
fn seen(from: u64, to: u64, amount: i128) -> BalanceObservation {
    let held = match amount {
        0 => Vec::new(),
        amount => vec![(COIN.to_owned(), amount)],
    };
    BalanceObservation {
        address: address(1),
        from,
        to,
        held,
        unproven: false,
    }
}

/// A baseline of `address(2)`, which `checkpoint` is committed of, adjusted: for a copy.
pub(crate) async fn fill(store: &dyn BalanceStore, checkpoint: u64) {
    store.balance_enlist(9).await.unwrap();
    store.balance_requests(3).await.unwrap();
    let observation = BalanceObservation {
        address: address(2),
        unproven: true,
        ..seen(checkpoint, checkpoint, i128::MAX - 1)
    };
    let observed = store.balance_observe(&observation).await.unwrap();
    assert_eq!(observed, Observed::Baseline);
    let adjustment = Adjustment {
        address: address(2),
        coin_type: COIN.to_owned(),
        amount: -7,
        author: "root".to_owned(),
        reason: "\u{1f4b8} found by hand".to_owned(),
    };
    assert!(store.balance_adjust(&adjustment).await.unwrap());
}

/// Checkpoints from `from` to `last`, in which these amounts of [`COIN`] come to `address(1)`.
fn moving(from: u64, last: u64, amounts: &[(u64, i128)]) -> Commit {
    let effects = amounts.iter();
    Commit {
        balance_effects: effects
            .map(|(checkpoint, amount)| balance(place(*checkpoint, 0), 1, *amount))
            .collect(),
        ..commit(from, last)
    }
}

/// With `address(1)` and `address(2)` enlisted, and checkpoints 0 to 9 committed.
async fn enlisted<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    db.apply(&commit(0, 9)).await;
    assert_eq!(db.store.balance_enlist(9).await.unwrap(), 2);
    db
}

impl<F: Fixture> Db<F> {
    async fn observe(&self, observation: &BalanceObservation) -> Observed {
        self.store.balance_observe(observation).await.unwrap()
    }

    async fn balance(&self) -> BalanceRow {
        let row = self.store.balance_find(&address(1)).await.unwrap();
        row.unwrap()
    }

    async fn fold(&self, effects_max: u32) {
        while self.store.balance_fold(effects_max).await.unwrap() {}
    }

    /// The amount of the one coin of `address(1)`; 0 where there is none.
    async fn amount(&self) -> i128 {
        let row = self.balance().await;
        assert!(row.amounts.len() <= 1, "{row:?}");
        row.amounts.first().map_or(0, |amount| amount.amount)
    }
}

pub(crate) async fn new_addresses_are_enlisted_once<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    assert_eq!(db.balance().await.state, BalanceState::Waiting);
    for enlisted in [1, 1, 0] {
        assert_eq!(db.store.balance_enlist(1).await.unwrap(), enlisted);
    }
    db.watch(3, "carla").await;
    assert_eq!(db.store.balance_enlist(9).await.unwrap(), 1);
    let due = async || {
        let due = db.store.balance_due(BalanceState::Waiting, 9);
        due.await.unwrap()
    };
    let mut all: Vec<Address> = (1..4).map(address).collect();
    assert_eq!(due().await, all);
    db.store
        .balance_postpone(&[address(2)], NOW_MS + 5)
        .await
        .unwrap();
    assert_eq!(due().await, [address(1), address(3)]);
    db.clock.set(NOW_MS + 5);
    all.swap(1, 2);
    assert_eq!(due().await, all, "the longest due first");
    let counts = db.store.balance_counts().await.unwrap();
    assert_eq!((counts.waiting, counts.known, counts.differs), (3, 0, 0));
}

pub(crate) async fn what_came_after_the_baseline_counts<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.apply(&moving(10, 12, &[(10, 100), (12, 5)])).await;
    assert_eq!(db.balance().await.amounts, [], "not known yet");
    assert_eq!(db.observe(&seen(10, 11, 700)).await, Observed::Baseline);
    let row = db.balance().await;
    assert_eq!((row.state, row.baseline), (BalanceState::Known, Some(11)));
    assert_eq!((row.agreed, row.unproven), (Some(11), false));
    assert_eq!(row.account.0, "ana");
    // What is at 12 was committed before the baseline was known.
    assert_eq!(db.amount().await, 705);
    let spent = moving(13, 14, &[(13, -705)]);
    db.apply(&spent).await;
    assert_eq!(db.balance().await.amounts, [], "nothing is left");
    db.apply(&spent).await;
    assert_eq!(db.amount().await, 0, "the same again changes nothing");
    let due = db.store.balance_due(BalanceState::Waiting, 9).await;
    assert_eq!(due.unwrap(), [address(2)]);
}

pub(crate) async fn history_below_the_baseline_never_counts<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 700)).await;
    db.apply(&imported(moving(3, 4, &[(3, 1_000), (4, -1)])))
        .await;
    assert_eq!(db.amount().await, 700);
    assert_eq!(db.observe(&seen(9, 9, 700)).await, Observed::Equal);
}

pub(crate) async fn an_answer_that_was_overtaken_is_no_baseline<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.apply(&moving(10, 10, &[(10, 100)])).await;
    // Whether the node spoke before or after the transaction nobody knows.
    assert_eq!(db.observe(&seen(9, 10, 700)).await, Observed::Touched);
    assert_eq!(db.observe(&seen(10, 11, 700)).await, Observed::TooEarly);
    assert_eq!(db.observe(&seen(10, 10, 700)).await, Observed::Baseline);
    assert_eq!(db.observe(&seen(9, 10, 700)).await, Observed::TooEarly);
    db.watch(3, "carla").await;
    let stranger = BalanceObservation {
        address: address(9),
        ..seen(10, 10, 1)
    };
    assert_eq!(db.observe(&stranger).await, Observed::NotWatched);
    // Live from 11 on: what happened at 10 is not known to have been seen.
    let carla = |from, to| BalanceObservation {
        address: address(3),
        ..seen(from, to, 1)
    };
    assert_eq!(db.observe(&carla(9, 10)).await, Observed::TooEarly);
    assert_eq!(db.observe(&carla(10, 10)).await, Observed::Baseline);
}

pub(crate) async fn what_nodes_say_again_differs<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 700)).await;
    db.apply(&moving(10, 11, &[(10, 5)])).await;
    let more = Observed::Differs(vec![(COIN.to_owned(), 3)]);
    for round in 1..=DIFFERS_AFTER {
        assert_eq!(db.observe(&seen(11, 11, 708)).await, more);
        let row = db.balance().await;
        let state = match round == DIFFERS_AFTER {
            true => BalanceState::Differs,
            false => BalanceState::Known,
        };
        assert_eq!(row.state, state, "{round}");
        assert_eq!(row.amounts[0].amount, 705, "what is known is kept");
        assert_eq!(row.amounts[0].difference, Some(3));
        assert_eq!(row.agreed, Some(9), "what is wrong came after");
        let due = db.store.balance_due(BalanceState::Differs, 9).await;
        assert_eq!(due.unwrap(), [address(1)]);
    }
    let counts = db.store.balance_counts().await.unwrap();
    assert_eq!(
        counts,
        BalanceCounts {
            waiting: 1,
            known: 0,
            differs: 1
        }
    );
    // A coin that vigia never heard of, and one that the node does not have.
    let other = "0x2::sui::SUI".to_owned();
    let observation = BalanceObservation {
        held: vec![(other.clone(), 9)],
        ..seen(11, 11, 0)
    };
    let Observed::Differs(differences) = db.observe(&observation).await else {
        panic!("they differ");
    };
    assert_eq!(differences.len(), 2);
    assert!(differences.contains(&(other, 9)));
    assert!(differences.contains(&(COIN.to_owned(), -705)));
}

pub(crate) async fn it_agrees_again<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 700)).await;
    for _ in 0..DIFFERS_AFTER {
        db.observe(&seen(9, 9, 800)).await;
    }
    assert_eq!(db.observe(&seen(9, 9, 700)).await, Observed::Equal);
    let row = db.balance().await;
    assert_eq!(row.state, BalanceState::Known);
    assert_eq!(row.amounts[0].difference, None);
    assert_eq!(row.compared_at_ms, Some(NOW_MS));
    db.apply(&moving(10, 20, &[(15, 1)])).await;
    assert_eq!(db.observe(&seen(20, 20, 701)).await, Observed::Equal);
    let row = db.balance().await;
    assert_eq!((row.baseline, row.agreed), (Some(9), Some(20)));
    assert_eq!(db.amount().await, 701);
}

pub(crate) async fn adjustments_are_rows_of_their_own<F: Fixture>() {
    let db = enlisted::<F>().await;
    let by = |amount| Adjustment {
        address: address(1),
        coin_type: COIN.to_owned(),
        amount,
        author: "root".to_owned(),
        reason: "found by hand".to_owned(),
    };
    let adjust = async |amount| db.store.balance_adjust(&by(amount)).await.unwrap();
    assert!(!adjust(1).await, "there is no baseline");
    db.observe(&seen(9, 9, 700)).await;
    for _ in 0..DIFFERS_AFTER {
        db.observe(&seen(9, 9, 650)).await;
    }
    assert!(adjust(-20).await);
    let row = db.balance().await;
    assert_eq!((row.state, db.amount().await), (BalanceState::Differs, 680));
    assert_eq!(row.amounts[0].difference, Some(-30));
    assert!(adjust(-30).await);
    assert_eq!(db.balance().await.state, BalanceState::Known);
    assert_eq!(db.amount().await, 650);
    assert_eq!(db.observe(&seen(9, 9, 650)).await, Observed::Equal);
}

pub(crate) async fn a_sample_goes_round<F: Fixture>() {
    let db = enlisted::<F>().await;
    let sample = async |limit| db.store.balance_sample(limit).await.unwrap();
    assert_eq!(sample(9).await, [], "none has a baseline");
    db.watch(3, "carla").await;
    db.store.balance_enlist(9).await.unwrap();
    db.apply(&commit(10, 12)).await;
    for n in 1..4 {
        let observation = BalanceObservation {
            address: address(n),
            ..seen(11, 11, 1)
        };
        assert_eq!(db.observe(&observation).await, Observed::Baseline);
    }
    assert_eq!(sample(2).await, [address(1), address(2)]);
    assert_eq!(sample(2).await, [address(3)]);
    assert_eq!(sample(2).await, [address(1), address(2)]);
    assert_eq!(sample(BALANCES_MAX + 1).await, [address(3)]);
}

pub(crate) async fn watched_again_it_begins_anew<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 700)).await;
    db.unwatch(1).await;
    assert_eq!(db.store.balance_find(&address(1)).await.unwrap(), None);
    db.apply(&commit(10, 20)).await;
    // What happened meanwhile nobody saw.
    db.watch(1, "carla").await;
    assert_eq!(db.store.balance_enlist(9).await.unwrap(), 1);
    let row = db.balance().await;
    assert_eq!((row.state, row.baseline), (BalanceState::Waiting, None));
    assert_eq!((&*row.account.0, row.amounts), ("carla", Vec::new()));
    db.apply(&commit(21, 22)).await;
    assert_eq!(db.observe(&seen(21, 22, 20)).await, Observed::Baseline);
    assert_eq!(db.amount().await, 20);
}

pub(crate) async fn balances_are_ones_own<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 700)).await;
    let page = async |scope: &Scope, after| {
        let page = db.store.balance_page(scope, after, 9).await.unwrap();
        page.into_iter().map(|row| row.address).collect::<Vec<_>>()
    };
    assert_eq!(page(&Scope::All, 0).await, [address(1), address(2)]);
    let (ana, beto) = (db.scope("ana").await, db.scope("beto").await);
    assert_eq!(page(&ana, 0).await, [address(1)]);
    assert_eq!(page(&beto, 0).await, [address(2)]);
    let first = db.store.balance_page(&Scope::All, 0, 1).await.unwrap();
    assert_eq!(first[0].amounts[0].amount, 700);
    assert_eq!(page(&Scope::All, first[0].id).await, [address(2)]);
    db.unwatch(1).await;
    assert_eq!(page(&ana, 0).await, []);
}

pub(crate) async fn amounts_beyond_an_i128_are_refused<F: Fixture>() {
    let db = enlisted::<F>().await;
    assert_eq!(db.observe(&seen(9, 9, i128::MAX)).await, Observed::Baseline);
    assert_eq!(db.amount().await, i128::MAX);
    db.apply(&moving(10, 11, &[(10, 1)])).await;
    let beyond = db.store.balance_find(&address(1)).await.unwrap_err();
    assert!(beyond.to_string().contains("balance"), "{beyond}");
    db.apply(&moving(12, 13, &[(12, -2)])).await;
}

pub(crate) async fn requests_of_a_day_add_up<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for (requests, sum) in [(0, 0), (3, 3), (4, 7), (0, 7)] {
        assert_eq!(db.store.balance_requests(requests).await.unwrap(), sum);
    }
    db.clock.set(NOW_MS + 86_400_000);
    assert_eq!(db.store.balance_requests(1).await.unwrap(), 1);
}

pub(crate) async fn any_order_of_commits_gives_the_same<F: Fixture>() {
    let commits = [
        moving(10, 10, &[(10, 1)]),
        moving(11, 11, &[(11, 20)]),
        moving(12, 12, &[(12, -300)]),
    ];
    for order in permutations(3) {
        let db = enlisted::<F>().await;
        db.observe(&seen(9, 9, 1_000)).await;
        for index in order {
            db.apply(&commits[index]).await;
            let before = db.amount().await;
            db.fold(1).await;
            db.apply(&commits[index]).await;
            db.fold(1).await;
            assert_eq!(db.amount().await, before);
        }
        assert_eq!(db.amount().await, 721);
    }
}

pub(crate) async fn folding_changes_no_balance<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 1_000)).await;
    db.apply(&moving(10, 12, &[(10, 1), (12, 20)])).await;
    let of_another = balance(place(12, 3), 7, 5);
    let mut several = moving(13, 14, &[(13, 300), (14, -1_321)]);
    several.balance_effects.push(of_another);
    db.apply(&several).await;
    // Above the watermark, where something may still come before it.
    db.apply(&moving(20, 20, &[(20, 4_000)])).await;
    let mut steps = 0;
    while db.store.balance_fold(1).await.unwrap() {
        steps += 1;
        assert_eq!(db.amount().await, 4_000, "after {steps} steps");
    }
    assert!(steps >= 3, "{steps}");
    db.apply(&moving(15, 19, &[(17, 50_000)])).await;
    assert_eq!(db.amount().await, 54_000);
    db.fold(FOLD_EFFECTS_MAX).await;
    assert_eq!(db.amount().await, 54_000);
    assert_eq!(db.observe(&seen(20, 20, 54_000)).await, Observed::Equal);
}

/// A node that is behind is compared with what was there then, and may begin a balance too.
pub(crate) async fn nodes_may_be_behind_what_is_folded<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.apply(&moving(10, 12, &[(10, 1), (11, 20), (12, 300)]))
        .await;
    db.fold(FOLD_EFFECTS_MAX).await;
    assert_eq!(db.observe(&seen(10, 10, 1_001)).await, Observed::Baseline);
    assert_eq!(db.amount().await, 1_321);
    assert_eq!(db.balance().await.baseline, Some(10));
    assert_eq!(db.observe(&seen(11, 11, 1_021)).await, Observed::Equal);
    assert_eq!(db.observe(&seen(12, 12, 1_321)).await, Observed::Equal);
    let less = Observed::Differs(vec![(COIN.to_owned(), -1)]);
    assert_eq!(db.observe(&seen(11, 11, 1_020)).await, less);
    assert_eq!(db.amount().await, 1_321);
    // From then on it is folded as all others are.
    db.apply(&moving(13, 13, &[(13, 4_000)])).await;
    db.fold(FOLD_EFFECTS_MAX).await;
    assert_eq!(db.amount().await, 5_321);
}

/// What was missing below what is folded counts when somebody fetches it, and once.
pub(crate) async fn what_comes_late_counts_once<F: Fixture>() {
    let db = enlisted::<F>().await;
    db.observe(&seen(9, 9, 1_000)).await;
    db.apply(&moving(10, 12, &[(10, 1)])).await;
    db.fold(FOLD_EFFECTS_MAX).await;
    let late = [(8, 50_000), (10, 1), (11, 20), (12, 300)];
    for lane in [Lane::Import, Lane::Import, Lane::Live] {
        let commit = Commit {
            lane,
            ..moving(8, 12, &late)
        };
        db.apply(&commit).await;
        assert_eq!(db.amount().await, 1_321, "{lane:?}");
    }
    db.fold(FOLD_EFFECTS_MAX).await;
    assert_eq!(db.observe(&seen(12, 12, 1_321)).await, Observed::Equal);
    // Not folded past yet: folding finds it.
    db.apply(&moving(13, 14, &[])).await;
    db.apply(&imported(moving(14, 14, &[(14, 4_000)]))).await;
    assert_eq!(db.amount().await, 5_321);
    db.fold(FOLD_EFFECTS_MAX).await;
    assert_eq!(db.amount().await, 5_321);
}
