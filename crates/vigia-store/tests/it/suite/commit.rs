//! Commits: all or nothing, and once, however often they come (I-1, I-2).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use vigia_core::{
    AccountId, Activity, BalanceChange, Commit, MatchReason, RawTransaction, ReasonKind, Scope,
    Slot, parse_coin_type,
};
use vigia_store::{ActivityFilter, IngestStore, ReadStore, StoreError};

use crate::sample::{
    COIN, NoObjects, activity, address, balance, commit, digest_at, imported, place, raw, transfer,
};
use crate::suite::{Applied, Db, Fixture};

pub(crate) async fn replay_changes_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let mut commit = transfer(0, &[ana, beto]);
    commit.balance_effects = vec![balance(place(0, 0), 1, -5), balance(place(0, 0), 2, 5)];
    assert_eq!(db.apply(&commit).await, Applied(1, 2, 2));

    let rows = db.dump().await;
    assert_eq!(db.apply(&commit).await, Applied(0, 0, 0));
    assert_eq!(db.dump().await, rows);
}

pub(crate) async fn overlap_adds_only_what_is_missing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.apply(&transfer(3, &[ana])).await;
    let before = db.dump().await;

    let mut changed_rules = transfer(3, &[ana, beto]);
    changed_rules.activities[0].kind = "renamed".to_owned();
    changed_rules.balance_effects = vec![balance(place(3, 0), 2, 5)];
    assert_eq!(db.apply(&changed_rules).await, Applied(0, 1, 1));

    let after = db.dump().await;
    let kept = before.iter().filter(|row| !row.starts_with("counter "));
    for row in kept {
        assert!(after.contains(row), "changed or lost: {row}");
    }
    assert_eq!(
        after.len(),
        before.len() + 3,
        "activity, notification, balance"
    );
}

pub(crate) async fn evidence_is_kept_as_it_came<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let kept = RawTransaction {
        failure: Some("MoveAbort in command 1".to_owned()),
        reasons: vec![
            MatchReason {
                kind: ReasonKind::CoinType,
                target: COIN.to_owned(),
            },
            MatchReason {
                kind: ReasonKind::ObjectOwnerBefore,
                target: address(1).to_string(),
            },
        ],
        events_bcs: Some(Bytes::from_static(&[0, 255, 3])),
        balance_changes: vec![BalanceChange {
            address: address(2),
            coin_type: parse_coin_type(COIN).unwrap(),
            amount: i128::MIN,
        }],
        processing_error: Some("cannot decode".to_owned()),
        ..raw(place(2, 7))
    };
    let commit = Commit {
        raw_transactions: vec![kept.clone()],
        balance_effects: vec![balance(place(2, 7), 2, -9)],
        ..commit(0, 2)
    };
    db.apply(&commit).await;
    let digest = digest_at(place(2, 7));
    let row = db
        .store
        .raw_transaction(&Scope::All, &digest)
        .await
        .unwrap();
    let row = row.unwrap();
    assert_eq!(format!("{:?}", row.raw), format!("{kept:?}"));
    assert_eq!(row.balance_effects, commit.balance_effects);
    let other = digest_at(place(2, 8));
    assert!(
        db.store
            .raw_transaction(&Scope::All, &other)
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn failed_transactions_are_counted_once<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let failed = RawTransaction {
        processing_error: Some("unknown layout".to_owned()),
        ..raw(place(0, 1))
    };
    let commit = Commit {
        raw_transactions: vec![raw(place(0, 0)), failed],
        ..commit(0, 0)
    };
    db.apply(&commit).await;
    db.apply(&commit).await;
    let status = db.store.status().await.unwrap();
    assert_eq!((status.raw_transactions, status.failed), (2, 1));
}

pub(crate) async fn late_meaning_finds_its_transaction<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&transfer(0, &[])).await;
    let late = Commit {
        activities: vec![activity(place(0, 0), ana)],
        ..imported(commit(0, 0))
    };
    assert_eq!(db.apply(&late).await, Applied(0, 1, 0));
    let page = db
        .store
        .activity_page(&Scope::All, &ActivityFilter::default(), None, 5)
        .await
        .unwrap();
    assert_eq!(page[0].digest, digest_at(place(0, 0)));
}

pub(crate) async fn meaning_without_transaction_is_refused<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let orphan = Commit {
        activities: vec![activity(place(0, 3), ana)],
        ..commit(0, 0)
    };
    let error = db
        .store
        .commit_apply(&orphan, &NoObjects)
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::NoTransaction { place: p } if p == place(0, 3)),
        "{error}"
    );
    assert!(!error.is_transient());
}

pub(crate) async fn refused_commit_moves_no_watermark<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let rows = db.dump().await;
    let mut half_good = transfer(0, &[ana]);
    half_good.activities.push(activity(place(0, 9), ana));
    assert!(db.store.commit_apply(&half_good, &NoObjects).await.is_err());
    assert_eq!(db.dump().await, rows);
    assert_eq!(db.watermark().await, None);
}

/// A writer that is dropped at any moment, as by a kill, leaves a whole commit or none.
pub(crate) async fn dropped_commit_is_whole_or_absent<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let before = db.dump().await;
    let mut commit = transfer(0, &[ana]);
    for index in 1..200 {
        commit.raw_transactions.push(raw(place(0, index)));
        commit.activities.push(activity(place(0, index), ana));
    }
    for limit_us in (0..20_000).step_by(500) {
        let limit = Duration::from_micros(limit_us);
        let applied = tokio::time::timeout(limit, db.store.commit_apply(&commit, &NoObjects)).await;
        let rows = db.dump().await;
        if applied.is_err() && rows == before {
            continue;
        }
        assert_eq!(db.watermark().await, Some(0));
        assert_eq!(db.dump_of("activity").await.len(), 200);
        break;
    }
    db.apply(&commit).await;
    assert_eq!(db.dump_of("raw").await.len(), 200);
}

pub(crate) async fn thousands_of_rows<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let mut commit = commit(0, 0);
    for index in 0..3_001 {
        let place = place(0, index);
        commit.raw_transactions.push(raw(place));
        commit.balance_effects.push(balance(place, 1, index.into()));
        commit.activities.push(activity(place, ana));
        commit.activities.push(Activity {
            slot: Slot::Event(index),
            notify: None,
            ..activity(place, ana)
        });
    }
    assert_eq!(db.apply(&commit).await, Applied(3_001, 6_002, 3_001));
    assert_eq!(db.apply(&commit).await, Applied(0, 0, 0));
    assert_eq!(db.dump_of("balance").await.len(), 3_001);
}

/// Many rows are written another way than few; what they leave is the same, also where they come again or in part.
pub(crate) async fn many_rows_leave_what_few_do<F: Fixture>() {
    let (few, mut many) = (Db::<F>::with_people().await, Db::<F>::with_people().await);
    let mut sums = [(0, 0, 0); 2];
    for (db, at_once, sum) in [(&few, 50, 0), (&many, 300, 1)] {
        let (ana, beto) = (db.account(1).await, db.account(2).await);
        for from in (0..600_u32).step_by(at_once) {
            let last = from + u32::try_from(at_once).unwrap() - 1;
            let mut commit = commit(u64::from(from), u64::from(last));
            for n in from..=last {
                merge(&mut commit, meaning(n, [ana, beto]));
            }
            let Applied(raws, activities, notifications) = db.apply(&commit).await;
            sums[sum].0 += raws;
            sums[sum].1 += activities;
            sums[sum].2 += notifications;
            if last == 599 {
                assert_eq!(db.apply(&commit).await, Applied(0, 0, 0), "again");
            }
        }
    }
    assert_eq!(sums, [(600, 1_200, 600); 2]);
    assert_eq!(few.dump().await, many.dump().await);

    // Half of it is there, which this store has not seen yet.
    many.store = Arc::new(many.fixture.open(many.clock.clone()).await);
    let (ana, beto) = (many.account(1).await, many.account(2).await);
    let mut half = commit(300, 899);
    for n in 300..900 {
        merge(&mut half, meaning(n, [ana, beto]));
    }
    assert_eq!(many.apply(&half).await, Applied(300, 600, 300));
    let mut rest = commit(600, 899);
    for n in 600..900 {
        merge(&mut rest, meaning(n, [ana, beto]));
    }
    few.apply(&rest).await;
    assert_eq!(few.dump().await, many.dump().await);
}

/// Of one transaction: every column once filled and once empty, and two activities of one key, of which the first stays.
fn meaning(n: u32, [ana, beto]: [AccountId; 2]) -> Commit {
    let place = place(u64::from(n), n % 3);
    let is_odd = n % 2 == 1;
    let sign = if is_odd { -1 } else { 1 };
    let raw = RawTransaction {
        failure: is_odd.then(|| "MoveAbort in command 1".to_owned()),
        events_bcs: is_odd.then(|| Bytes::from_static(&[0, 255, 3])),
        gas_cost: i128::from(n) * sign,
        processing_error: (n % 7 == 3).then(|| "cannot decode".to_owned()),
        ..raw(place)
    };
    let first = Activity {
        amount: Some(i128::from(u64::MAX) * i128::from(n) * sign),
        address: is_odd.then(|| address(2)),
        business_id: is_odd.then(|| "ñ\"\\\0".to_owned()),
        ..activity(place, ana)
    };
    let second = Activity {
        kind: "second".to_owned(),
        ..first.clone()
    };
    let unheard = Activity {
        notify: None,
        coin_type: None,
        amount: None,
        ..activity(place, beto)
    };
    Commit {
        raw_transactions: vec![raw],
        activities: vec![first, second, unheard],
        balance_effects: vec![balance(place, 1, i128::from(n) * sign)],
        ..commit(u64::from(n), u64::from(n))
    }
}

fn merge(commit: &mut Commit, other: Commit) {
    commit.raw_transactions.extend(other.raw_transactions);
    commit.activities.extend(other.activities);
    commit.balance_effects.extend(other.balance_effects);
}
