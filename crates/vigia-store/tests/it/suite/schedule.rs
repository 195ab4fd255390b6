//! Schedules: each tick fires once, and only the holder of the lease says how it went.

use std::sync::Arc;

use vigia_core::{Fence, MissedPolicy};
use vigia_store::{
    LeaseStore, ScheduleRow, ScheduleRun, ScheduleSpec, ScheduleStore, SqlStore, schedule_lease,
};

use crate::suite::{Db, Fixture, NOW_MS};

const MINUTE_MS: u64 = 60_000;

fn spec(pattern: &str, next_at_ms: u64) -> ScheduleSpec {
    ScheduleSpec {
        name: "sweep".to_owned(),
        pattern: pattern.to_owned(),
        time_zone: "UTC".to_owned(),
        missed: MissedPolicy::Once,
        next_at_ms: Some(next_at_ms),
    }
}

async fn row(store: &SqlStore) -> ScheduleRow {
    let rows = store.schedule_list().await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().unwrap()
}

async fn declared<F: Fixture>() -> Db<F> {
    let db = Db::<F>::empty().await;
    let declare = spec("every 60s", 10 * MINUTE_MS);
    db.store.schedule_declare(&declare).await.unwrap();
    db
}

async fn fire(store: &SqlStore, tick_ms: u64) -> bool {
    let next = Some(tick_ms + MINUTE_MS);
    let fired = store.schedule_fire("sweep", tick_ms, next, Some(tick_ms));
    fired.await.unwrap()
}

pub(crate) async fn declared_again_keeps_its_tick<F: Fixture>() {
    let db = declared::<F>().await;
    let first = row(&db.store).await;
    assert_eq!(first.next_at_ms, Some(10 * MINUTE_MS));
    assert_eq!((first.paused, first.unfinished), (false, false));
    assert_eq!((first.last_at_ms, first.last_finished_at_ms), (None, None));

    let mut again = spec("every 60s", 99 * MINUTE_MS);
    again.missed = MissedPolicy::All;
    assert!(db.store.schedule_pause("sweep", true).await.unwrap());
    db.store.schedule_declare(&again).await.unwrap();
    let kept = row(&db.store).await;
    assert_eq!(kept.next_at_ms, Some(10 * MINUTE_MS));
    assert_eq!((kept.missed, kept.paused), (MissedPolicy::All, true));

    let changed = spec("every 30s", 5 * MINUTE_MS);
    db.store.schedule_declare(&changed).await.unwrap();
    let changed = row(&db.store).await;
    assert_eq!(changed.next_at_ms, Some(5 * MINUTE_MS));
    assert!(changed.paused, "an operator's word outlives a release");

    let mut elsewhere = spec("every 30s", 7 * MINUTE_MS);
    elsewhere.time_zone = "America/Bogota".to_owned();
    db.store.schedule_declare(&elsewhere).await.unwrap();
    assert_eq!(row(&db.store).await.next_at_ms, Some(7 * MINUTE_MS));
}

/// Ten processes see the same tick, again and again.
pub(crate) async fn a_tick_fires_once<F: Fixture>() {
    let db = declared::<F>().await;
    let other = Arc::new(db.fixture.open(db.clock.clone()).await);
    for tick in 10..20 {
        let tick_ms = tick * MINUTE_MS;
        let tasks = (0..10).map(|n| {
            let store = [&db.store, &other][n % 2].clone();
            tokio::spawn(async move { fire(&store, tick_ms).await })
        });
        let mut fired = 0;
        for task in tasks.collect::<Vec<_>>() {
            fired += u32::from(task.await.unwrap());
        }
        assert_eq!(fired, 1, "tick {tick}");
        let row = row(&db.store).await;
        assert_eq!(row.last_at_ms, Some(tick_ms));
        assert_eq!(row.next_at_ms, Some(tick_ms + MINUTE_MS));
        assert!(row.unfinished);
    }
}

pub(crate) async fn paused_does_not_fire<F: Fixture>() {
    let db = declared::<F>().await;
    assert!(db.store.schedule_pause("sweep", true).await.unwrap());
    assert!(!fire(&db.store, 10 * MINUTE_MS).await);
    assert_eq!(row(&db.store).await.last_at_ms, None);
    assert!(db.store.schedule_pause("sweep", false).await.unwrap());
    assert!(fire(&db.store, 10 * MINUTE_MS).await);
    assert!(!db.store.schedule_pause("nothing", true).await.unwrap());
}

pub(crate) async fn a_spent_fence_records_nothing<F: Fixture>() {
    let db = declared::<F>().await;
    let tick_ms = 10 * MINUTE_MS;
    let lease = schedule_lease("sweep");
    let slept = db.store.lease_claim(&lease, "slept", 0).await.unwrap();
    let slept = slept.unwrap();
    assert!(fire(&db.store, tick_ms).await);
    let rescuer = db.store.lease_claim(&lease, "rescuer", 60_000).await;
    let rescuer = rescuer.unwrap().unwrap();

    let run = |outcome: Result<&str, &str>| ScheduleRun {
        tick_ms: Some(tick_ms),
        outcome: outcome.map(str::to_owned).map_err(str::to_owned),
    };
    let finish = |fence: Fence, run: ScheduleRun| {
        let store = db.store.clone();
        async move { store.schedule_finish("sweep", fence, &run).await.unwrap() }
    };
    assert!(!finish(slept, run(Ok("late"))).await);
    assert!(
        row(&db.store).await.unfinished,
        "the sleeper changed nothing"
    );

    assert!(finish(rescuer, run(Err("disk full"))).await);
    let failed = row(&db.store).await;
    assert!(!failed.unfinished);
    assert_eq!(failed.last_finished_at_ms, Some(NOW_MS));
    assert_eq!(failed.last_error.as_deref(), Some("disk full"));

    assert!(finish(rescuer, run(Ok("3 removed"))).await);
    let well = row(&db.store).await;
    assert_eq!(well.last_result.as_deref(), Some("3 removed"));
    assert_eq!(well.last_error, None);

    assert!(db.store.lease_release(&lease, rescuer).await.unwrap());
    assert!(
        !finish(rescuer, run(Ok("twice"))).await,
        "given back is spent"
    );
}

pub(crate) async fn a_left_out_tick_is_not_unfinished<F: Fixture>() {
    let db = declared::<F>().await;
    let skipped = db
        .store
        .schedule_fire("sweep", 10 * MINUTE_MS, None, None)
        .await;
    assert!(skipped.unwrap());
    let row = row(&db.store).await;
    assert_eq!((row.next_at_ms, row.last_at_ms), (None, None));
    assert!(!row.unfinished);
}
