//! History that waits: written with what causes it, read in batches, and only under the lease.

use vigia_core::{Fence, Scope};
use vigia_store::{
    BackfillBatch, BackfillGuard, BackfillOutcome, BackfillRow, BackfillSpan, BackfillState,
    BackfillStore, IngestStore, LeaseStore, RangeProgress, SqlStore, WatchStore,
};

use crate::sample::{address, commit, digest, entry};
use crate::suite::{Db, Fixture, NOW_MS};

const LEASE: &str = "backfill";
const TODAY: u64 = NOW_MS / 86_400_000;

async fn guard(store: &SqlStore, holder: &str) -> BackfillGuard {
    let fence = store.lease_claim(LEASE, holder, 60_000).await.unwrap();
    BackfillGuard {
        lease: LEASE.to_owned(),
        fence: fence.expect("the lease is free"),
    }
}

/// Every table of backfills has a row then.
pub(crate) async fn fill(store: &SqlStore) {
    store.set_fetches_history(true);
    let added = store.watch_add(&[entry(77, "ana")]).await.unwrap();
    assert_eq!(added.changed, 1);
    let guard = guard(store, "a").await;
    let batch = store.backfill_next(1).await.unwrap().expect("it waits");
    assert!(store.backfill_begin(&guard, &batch, 0, 4).await.unwrap());
    assert!(
        store
            .backfill_progress(&guard, batch.id, 2, 9)
            .await
            .unwrap()
    );
    let progress = RangeProgress {
        position: 5,
        last_digest: Some(digest(4)),
        watch_version: 3,
    };
    store.backfill_range_record(1, 9, &progress).await.unwrap();
}

/// Live from 0 to 9, with the history of these addresses wanted.
async fn waiting<F: Fixture>(count: u64) -> Db<F> {
    let db = Db::<F>::empty().await;
    db.store.set_fetches_history(true);
    db.store.live_begin(0).await.unwrap();
    db.apply(&commit(0, 9)).await;
    let entries: Vec<_> = (1..=count).map(|n| entry(n, "ana")).collect();
    db.store.watch_add(&entries).await.unwrap();
    db
}

async fn next(db: &Db<impl Fixture>, limit: u32) -> Option<BackfillBatch> {
    db.store.backfill_next(limit).await.unwrap()
}

/// What people see of an address's history.
async fn shown(db: &Db<impl Fixture>, n: u64) -> Option<String> {
    let rows = db.store.watch_page(0, 100).await.unwrap();
    let wanted = address(n).to_string();
    let row = rows
        .into_iter()
        .find(|row| row.target.to_string() == wanted);
    row.and_then(|row| row.history).map(|h| h.to_string())
}

fn complete(from: u64) -> BackfillOutcome {
    BackfillOutcome {
        state: BackfillState::Complete,
        complete_from: Some(from),
        reason: None,
    }
}

pub(crate) async fn added_addresses_wait<F: Fixture>() {
    let db = waiting::<F>(3).await;
    let batch = next(&db, 2).await.unwrap();
    let found: Vec<_> = batch.tasks.iter().map(|task| task.address).collect();
    assert_eq!(found, [address(1), address(2)]);
    assert!(batch.tasks.iter().all(|task| task.live_from == 10));
    assert_eq!((batch.id, batch.span), (batch.tasks[0].watch_id, None));
    assert_eq!(shown(&db, 3).await.unwrap(), "waiting");
    let counts = db.store.backfill_counts().await.unwrap();
    assert_eq!(counts, [(BackfillState::Waiting, 3)]);
    // The same again is no new work, and whoever does not want history has none.
    db.watch(1, "ana").await;
    db.store.set_fetches_history(false);
    db.watch(4, "ana").await;
    assert_eq!(db.store.backfill_counts().await.unwrap(), counts);
    assert_eq!(shown(&db, 4).await, None);
}

pub(crate) async fn what_the_live_lane_brings_is_not_begun<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.set_fetches_history(true);
    db.watch(1, "ana").await;
    assert_eq!(next(&db, 9).await, None, "nothing is live yet");
    db.store.live_begin(100).await.unwrap();
    db.apply(&commit(100, 104)).await;
    assert_eq!(next(&db, 9).await.unwrap().tasks.len(), 1);
    // Committed above a gap: what is in the gap will come live.
    db.apply(&commit(107, 109)).await;
    db.watch(2, "ana").await;
    let tasks = next(&db, 9).await.unwrap().tasks;
    assert_eq!(tasks.len(), 1, "live from 110, and 105 is not committed");
    db.apply(&commit(105, 106)).await;
    assert_eq!(next(&db, 9).await.unwrap().tasks.len(), 2);
}

pub(crate) async fn a_batch_goes_on_where_it_was<F: Fixture>() {
    let db = waiting::<F>(3).await;
    let store = &db.store;
    let first = guard(store, "a").await;
    let batch = next(&db, 2).await.unwrap();
    assert!(store.backfill_begin(&first, &batch, 3, 10).await.unwrap());
    assert!(
        store
            .backfill_progress(&first, batch.id, 7, 5)
            .await
            .unwrap()
    );
    assert_eq!(
        shown(&db, 2).await.unwrap(),
        "running, at checkpoint 7 of 10"
    );
    // Another process goes on with it before it begins what waits.
    store.lease_release(LEASE, first.fence).await.unwrap();
    let second = guard(store, "b").await;
    let found = next(&db, 2).await.unwrap();
    let span = BackfillSpan {
        from: 3,
        position: 7,
        to_exclusive: 10,
    };
    assert_eq!((found.id, found.span), (batch.id, Some(span)));
    assert_eq!(found.tasks, batch.tasks);
    // The first one's words count no more.
    assert!(
        !store
            .backfill_progress(&first, batch.id, 1, 1)
            .await
            .unwrap()
    );
    let done = complete(3);
    assert!(
        !store
            .backfill_finish(&first, batch.id, &done)
            .await
            .unwrap()
    );
    assert!(
        store
            .backfill_finish(&second, batch.id, &done)
            .await
            .unwrap()
    );
    assert_eq!(shown(&db, 1).await.unwrap(), "complete from checkpoint 3");
    assert_eq!(next(&db, 2).await.unwrap().tasks.len(), 1);
    assert_eq!(store.backfill_requests(TODAY).await.unwrap(), 5);
    assert_eq!(store.backfill_requests(TODAY + 1).await.unwrap(), 0);
}

pub(crate) async fn what_is_postponed_lets_others_go_first<F: Fixture>() {
    let db = waiting::<F>(2).await;
    let store = &db.store;
    let guard = guard(store, "a").await;
    let batch = next(&db, 1).await.unwrap();
    assert!(store.backfill_begin(&guard, &batch, 0, 10).await.unwrap());
    let postponed = store.backfill_postpone(&guard, batch.id, "nobody answers", NOW_MS + 1, 2);
    assert!(postponed.await.unwrap());
    assert_eq!(
        shown(&db, 1).await.unwrap(),
        "running, at checkpoint 0 of 10 (nobody answers)"
    );
    assert_ne!(next(&db, 1).await.unwrap().id, batch.id);
    db.clock.set(NOW_MS + 1);
    assert_eq!(next(&db, 1).await.unwrap().id, batch.id);
    assert!(
        store
            .backfill_progress(&guard, batch.id, 4, 0)
            .await
            .unwrap()
    );
    assert_eq!(
        shown(&db, 1).await.unwrap(),
        "running, at checkpoint 4 of 10"
    );
}

pub(crate) async fn what_failed_can_wait_again<F: Fixture>() {
    let db = waiting::<F>(1).await;
    let store = &db.store;
    let guard = guard(store, "a").await;
    let batch = next(&db, 1).await.unwrap();
    assert!(store.backfill_begin(&guard, &batch, 0, 10).await.unwrap());
    let outcome = BackfillOutcome {
        state: BackfillState::Failed,
        complete_from: None,
        reason: Some("no way".to_owned()),
    };
    let finished = store.backfill_finish(&guard, batch.id, &outcome);
    assert!(finished.await.unwrap());
    assert_eq!(shown(&db, 1).await.unwrap(), "failed (no way)");
    assert_eq!(next(&db, 1).await, None);
    assert_eq!(store.backfill_reopen().await.unwrap(), 1);
    assert_eq!(next(&db, 1).await.unwrap().tasks, batch.tasks);
    assert_eq!(store.backfill_reopen().await.unwrap(), 0);
}

pub(crate) async fn what_is_live_from_the_beginning_has_no_history<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    store.set_fetches_history(true);
    for n in 1..=3 {
        db.watch(n, "ana").await;
    }
    let guard = guard(store, "a").await;
    let settle = async |limit| store.backfill_settle(&guard, limit).await.unwrap();
    assert_eq!(
        settle(9).await,
        0,
        "where the live lane begins is not known"
    );
    store.live_begin(0).await.unwrap();
    db.apply(&commit(0, 9)).await;
    db.watch(4, "ana").await;
    assert_eq!(settle(2).await, 2);
    assert_eq!(settle(2).await, 1);
    assert_eq!(settle(2).await, 0);
    assert_eq!(shown(&db, 3).await.unwrap(), "complete from checkpoint 0");
    assert_eq!(shown(&db, 4).await.unwrap(), "waiting");
    assert_eq!(next(&db, 9).await.unwrap().tasks.len(), 1);
}

pub(crate) async fn what_began_at_the_tip_has_a_history<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    store.set_fetches_history(true);
    db.watch(1, "ana").await;
    store.live_begin(5).await.unwrap();
    db.apply(&commit(5, 9)).await;
    let guard = guard(store, "a").await;
    assert_eq!(store.backfill_settle(&guard, 9).await.unwrap(), 0);
    assert_eq!(next(&db, 9).await.unwrap().tasks[0].live_from, 5);
}

pub(crate) async fn ended_watches_have_no_work<F: Fixture>() {
    let db = waiting::<F>(1).await;
    let target = vigia_core::WatchTarget::Address(address(1));
    db.store.watch_remove(&[target]).await.unwrap();
    assert_eq!(db.store.backfill_counts().await.unwrap(), []);
    assert_eq!(next(&db, 1).await, None);
}

pub(crate) async fn who_holds_it_again_has_no_history_to_fetch<F: Fixture>() {
    let db = waiting::<F>(1).await;
    db.apply(&commit(10, 19)).await;
    let target = vigia_core::WatchTarget::Address(address(1));
    db.store.watch_remove(&[target]).await.unwrap();
    db.apply(&commit(20, 29)).await;
    db.watch(1, "beto").await;
    assert_eq!(shown(&db, 1).await.unwrap(), "complete from checkpoint 30");
    assert_eq!(next(&db, 1).await, None);
}

pub(crate) async fn members_see_their_addresses<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (all, ana) = (Scope::All, db.scope("ana").await);
    let page = |scope: Scope, after| {
        let store = db.store.clone();
        async move { store.address_page(&scope, after, 10).await.unwrap() }
    };
    assert_eq!(page(all.clone(), 0).await.len(), 2);
    let rows = page(ana.clone(), 0).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].target.to_string(), address(1).to_string());
    assert_eq!(page(ana, rows[0].id).await, []);
    assert_eq!(page(all, rows[0].id).await.len(), 1);
}

pub(crate) async fn ranges_are_remembered_until_they_end<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    assert_eq!(store.backfill_range_find(5, 90).await.unwrap(), None);
    let top = i64::MAX.cast_unsigned();
    for (position, last_digest) in [(5, None), (40, Some(digest(39)))] {
        let progress = RangeProgress {
            position,
            last_digest,
            watch_version: top,
        };
        store.backfill_range_record(5, 90, &progress).await.unwrap();
        let found = store.backfill_range_find(5, 90).await.unwrap();
        assert_eq!(found, Some(progress));
    }
    assert_eq!(store.backfill_range_find(5, 91).await.unwrap(), None);
    store.backfill_range_finish(5, 90).await.unwrap();
    assert_eq!(store.backfill_range_find(5, 90).await.unwrap(), None);
}

pub(crate) async fn nobody_works_without_the_lease<F: Fixture>() {
    let db = waiting::<F>(1).await;
    let batch = next(&db, 1).await.unwrap();
    let guard = BackfillGuard {
        lease: LEASE.to_owned(),
        fence: Fence(1),
    };
    assert!(
        !db.store
            .backfill_begin(&guard, &batch, 0, 10)
            .await
            .unwrap()
    );
    assert_eq!(shown(&db, 1).await.unwrap(), "waiting");
}

pub(crate) async fn what_is_under_way_is_listed<F: Fixture>() {
    let db = waiting::<F>(3).await;
    let store = &db.store;
    assert_eq!(store.backfill_list(9).await.unwrap(), []);
    let guard = guard(store, "a").await;
    let batch = next(&db, 2).await.unwrap();
    assert!(store.backfill_begin(&guard, &batch, 3, 10).await.unwrap());
    let moved = store.backfill_progress(&guard, batch.id, 5, 2).await;
    assert!(moved.unwrap());
    let waits = store.backfill_postpone(&guard, batch.id, "node is away", NOW_MS + 5, 1);
    assert!(waits.await.unwrap());
    let progress = RangeProgress {
        position: 5,
        last_digest: None,
        watch_version: 3,
    };
    store.backfill_range_record(1, 9, &progress).await.unwrap();
    let row = |addresses, from, reason: Option<&str>| BackfillRow {
        addresses,
        from,
        position: 5,
        to_exclusive: 10,
        reason: reason.map(str::to_owned),
    };
    let rows = [row(Some(2), 3, Some("node is away")), row(None, 1, None)];
    assert_eq!(store.backfill_list(9).await.unwrap(), rows);
    let ended = store.backfill_finish(&guard, batch.id, &complete(3)).await;
    assert!(ended.unwrap());
    store.backfill_range_finish(1, 9).await.unwrap();
    assert_eq!(store.backfill_list(9).await.unwrap(), []);
}
