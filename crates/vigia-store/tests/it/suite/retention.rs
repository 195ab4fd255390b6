//! Retention: old evidence goes, what it meant stays, and coming again it adds only what is missing.

use serde_json::json;
use vigia_core::{Commit, RawTransaction, Scope};
use vigia_store::{ActivityFilter, IngestStore, ReadStore, RetentionStore, Swept};

use crate::sample::{
    NoObjects, Trades, activity, balance, commit, digest_at, imported, place, raw, timestamp_ms,
    trade_event, transfer,
};
use crate::suite::{Applied, Db, Fixture};

/// Checkpoints of a part of the table on Postgres.
const PART: u64 = 1_000_000;

/// Sweeps until nothing is left; returns what went.
async fn sweep<F: Fixture>(db: &Db<F>, limit: u32) -> Swept {
    let mut all = Swept::default();
    while !all.is_done {
        let swept = db.store.retention_sweep(limit).await.unwrap();
        assert!(swept.parts > 0 || swept.transactions <= u64::from(limit));
        all.transactions += swept.transactions;
        all.parts += swept.parts;
        all.is_done = swept.is_done;
    }
    all
}

fn failed(place: vigia_core::Place) -> RawTransaction {
    RawTransaction {
        processing_error: Some("unknown layout".to_owned()),
        ..raw(place)
    }
}

pub(crate) async fn the_horizon_follows_the_age<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    assert_eq!(db.store.retention_raise(u64::MAX >> 1).await.unwrap(), 0);
    for checkpoint in [3, 4, 9, 10, 500] {
        db.apply(&transfer(checkpoint, &[])).await;
    }
    // To the millisecond, above the last that is older.
    let raise = async |checkpoint: u64, more_ms: u64| {
        let before_ms = timestamp_ms(checkpoint) + more_ms;
        db.store.retention_raise(before_ms).await.unwrap()
    };
    assert_eq!(raise(3, 0).await, 0);
    assert_eq!(raise(3, 1).await, 4);
    assert_eq!(raise(9, 0).await, 5);
    assert_eq!(raise(10, 0).await, 10);
    assert_eq!(raise(4, 0).await, 10, "it never falls");
    assert_eq!(raise(500, 1).await, 501);
    assert_eq!(sweep(&db, 100).await.transactions, 5);
    assert_eq!(raise(900, 0).await, 501, "nothing is stored any more");
}

pub(crate) async fn only_evidence_goes<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    for checkpoint in 0..7 {
        let mut commit = transfer(checkpoint, &[ana]);
        commit.raw_transactions.push(failed(place(checkpoint, 1)));
        commit.balance_effects = vec![balance(place(checkpoint, 0), 1, 5)];
        db.apply(&commit).await;
    }
    let trade = trade_event(7, "t1", "opened", json!({ "party": 1 }));
    db.apply_folding(&trade, &Trades).await;
    db.apply(&transfer(8, &[ana])).await;
    let before = db.dump().await;

    db.store.retention_raise(timestamp_ms(8)).await.unwrap();
    // The edge: three steps of three are not done, as the last could have had more to do.
    for expected in [(3, false), (3, false), (2, true)] {
        let swept = db.store.retention_sweep(3).await.unwrap();
        assert_eq!((swept.transactions, swept.is_done), expected);
    }
    let after = db.dump().await;
    let gone: Vec<&String> = before.iter().filter(|row| !after.contains(row)).collect();
    let counters = gone.iter().filter(|row| row.starts_with("counter "));
    assert_eq!(counters.count(), 1, "raw_transactions");
    assert_eq!(gone.len(), 8 + 1, "{gone:#?}");
    assert_eq!(db.dump_of("raw").await.len(), 7 + 1, "failed ones stay");
    let status = db.store.status().await.unwrap();
    assert_eq!((status.raw_transactions, status.failed), (8, 7));
    assert_eq!(db.watermark().await, Some(8));
    let digest = digest_at(place(0, 0));
    let gone = db.store.raw_transaction(&Scope::All, &digest);
    assert!(gone.await.unwrap().is_none());
}

pub(crate) async fn what_comes_again_adds_only_meaning<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let mut first = transfer(0, &[ana]);
    first.raw_transactions.push(failed(place(0, 1)));
    first.balance_effects = vec![balance(place(0, 0), 1, 5)];
    db.apply(&first).await;
    let trade = trade_event(1, "t1", "opened", json!({ "party": 1 }));
    db.apply_folding(&trade, &Trades).await;
    db.apply(&transfer(2, &[ana])).await;
    db.store.retention_raise(timestamp_ms(2)).await.unwrap();
    assert_eq!(sweep(&db, 100).await.transactions, 2);

    let cleaned = db.dump().await;
    assert_eq!(db.apply(&first).await, Applied(0, 0, 0));
    assert_eq!(db.apply(&imported(first)).await, Applied(0, 0, 0));
    assert_eq!(db.apply_folding(&trade, &Trades).await, Applied(0, 0, 0));
    let ranges = |row: &String| row.starts_with("range ");
    let mut again = db.dump().await;
    again.retain(|row| !ranges(row) || cleaned.contains(row));
    assert_eq!(again, cleaned);

    // For an account that came later, and for a party that a late event names.
    assert_eq!(
        db.apply(&imported(transfer(0, &[ana, beto]))).await,
        Applied(0, 1, 0)
    );
    let late = trade_event(3, "t1", "joined", json!({ "party": 2 }));
    let Applied(1, activities, _) = db.apply_folding(&late, &Trades).await else {
        panic!("above the horizon evidence is stored");
    };
    assert_eq!(activities, 3, "both events for beto, the late one for ana");
    let filter = ActivityFilter::default();
    let page = db.store.activity_page(&Scope::All, &filter, None, 50);
    let page = page.await.unwrap();
    let early = page
        .iter()
        .filter(|row| row.digest == digest_at(place(1, 4)));
    assert_eq!(early.count(), 2);
}

pub(crate) async fn below_the_horizon_only_failures_are_stored<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&transfer(10, &[ana])).await;
    db.store.retention_raise(timestamp_ms(11)).await.unwrap();
    let at_the_edge = |checkpoint: u64| Commit {
        raw_transactions: vec![raw(place(checkpoint, 0)), failed(place(checkpoint, 1))],
        activities: vec![activity(place(checkpoint, 0), ana)],
        ..commit(checkpoint, checkpoint)
    };
    assert_eq!(db.apply(&at_the_edge(9)).await, Applied(1, 1, 1));
    assert_eq!(db.apply(&at_the_edge(11)).await, Applied(2, 1, 1));
    let status = db.store.status().await.unwrap();
    assert_eq!((status.raw_transactions, status.failed), (4, 2));
}

/// Several parts of the table: whole ones are dropped where the database has them, and those in which
/// something has to stay are swept.
pub(crate) async fn whole_parts_go<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let other = db.fixture.open(db.clock.clone()).await;
    let ana = db.account(1).await;
    for checkpoint in [
        0,
        PART - 1,
        PART,
        2 * PART,
        3 * PART - 1,
        3 * PART,
        4 * PART,
    ] {
        other
            .commit_apply(&transfer(checkpoint, &[ana]), &NoObjects)
            .await
            .unwrap();
    }
    let poisonous = Commit {
        raw_transactions: vec![failed(place(PART + 5, 0))],
        ..commit(PART + 5, PART + 5)
    };
    db.apply(&poisonous).await;
    // Into the middle of the last but one part.
    db.store
        .retention_raise(timestamp_ms(3 * PART) + 1)
        .await
        .unwrap();
    let swept = sweep(&db, 1).await;
    assert_eq!(swept.transactions, 6);
    // The first and the third.
    let parts = if F::HAS_PARTS { 2 } else { 0 };
    assert_eq!(swept.parts, parts);
    let status = db.store.status().await.unwrap();
    assert_eq!((status.raw_transactions, status.failed), (2, 1));
    assert_eq!(db.dump_of("raw").await.len(), 2);
    assert_eq!(db.dump_of("activity").await.len(), 7);

    // A process that knows the dropped part can still store there what has to be kept.
    let late = Commit {
        raw_transactions: vec![raw(place(1, 0)), failed(place(2, 0))],
        activities: vec![activity(place(1, 0), ana)],
        ..commit(1, 2)
    };
    other.commit_apply(&late, &NoObjects).await.unwrap();
    assert_eq!(db.dump_of("raw").await.len(), 3);
    assert_eq!(db.dump_of("activity").await.len(), 8);
}

/// Commits go on while old evidence is removed.
pub(crate) async fn commits_go_on_meanwhile<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    for checkpoint in 0..60 {
        db.apply(&transfer(checkpoint, &[ana])).await;
    }
    db.store.retention_raise(timestamp_ms(60)).await.unwrap();
    let store = db.fixture.open(db.clock.clone()).await;
    let committing = tokio::spawn(async move {
        for checkpoint in 60..100 {
            let commit = transfer(checkpoint, &[ana]);
            store.commit_apply(&commit, &NoObjects).await.unwrap();
        }
    });
    assert_eq!(sweep(&db, 7).await.transactions, 60);
    committing.await.unwrap();
    let status = db.store.status().await.unwrap();
    assert_eq!((status.raw_transactions, status.activities), (40, 100));
}

/// A transfer of Ana at 0 whose evidence is gone, and one at 1 that is kept; `sample::address(2)`,
/// Beto's, has a balance effect in the first.
async fn partly_expired<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.watch(3, "carla").await;
    for checkpoint in 0..2 {
        let at = place(checkpoint, 0);
        let mut commit = transfer(checkpoint, &[ana]);
        commit.balance_effects = vec![balance(at, 1, -5), balance(at, 2, 5)];
        db.apply(&commit).await;
    }
    db.store.retention_raise(timestamp_ms(1)).await.unwrap();
    assert_eq!(sweep(&db, 100).await.transactions, 1);
    db
}

pub(crate) async fn what_stays_is_found_by_digest<F: Fixture>() {
    let db = partly_expired::<F>().await;
    let (gone, kept) = (digest_at(place(0, 0)), digest_at(place(1, 0)));
    let remains = async |digest: &vigia_core::Digest| {
        let remains = db.store.transaction_remains(&Scope::All, digest).await;
        remains.unwrap()
    };
    let raw = db.store.raw_transaction(&Scope::All, &gone).await.unwrap();
    assert!(raw.is_none());
    let found = remains(&gone).await.unwrap();
    assert_eq!(found.place, place(0, 0));
    assert_eq!(found.timestamp_ms, timestamp_ms(0));
    assert_eq!(found.balance_effects.len(), 2);
    assert_eq!(remains(&digest_at(place(0, 1))).await, None);
    // Another with the same beginning is another transaction.
    let mut alike = *gone.inner();
    alike[31] ^= 1;
    assert_eq!(remains(&vigia_core::Digest::new(alike)).await, None);
    for digest in [gone, kept] {
        let filter = ActivityFilter {
            address: None,
            digest: Some(digest),
            ..ActivityFilter::default()
        };
        let page = db.store.activity_page(&Scope::All, &filter, None, 50);
        let page = page.await.unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].digest, digest);
    }
}

pub(crate) async fn remains_are_for_those_they_concern<F: Fixture>() {
    let db = partly_expired::<F>().await;
    let gone = digest_at(place(0, 0));
    // By an activity, by a balance, not at all.
    for (user, amounts) in [("ana", vec![-5]), ("beto", vec![5]), ("carla", vec![])] {
        let scope = db.scope(user).await;
        let found = db.store.transaction_remains(&scope, &gone).await.unwrap();
        assert_eq!(found.is_some(), !amounts.is_empty(), "{user}");
        let effects = found.map_or_else(Vec::new, |found| found.balance_effects);
        let seen: Vec<i128> = effects.iter().map(|effect| effect.amount).collect();
        assert_eq!(seen, amounts, "{user}");
    }
}
