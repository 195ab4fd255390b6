//! What a copy refuses, and that it then has changed nothing.

use std::time::Duration;

use vigia_core::ManualClock;
use vigia_store::{CopyLimits, IngestStore, SqlStore, SqliteOptions, StoreError, WatchStore};

use super::{Tampered, copy, copy_uncompared, filled, go_on};
use crate::sample;
use crate::suite::{Db, Fixture};

async fn refusal(source: &SqlStore, target: &SqlStore) -> String {
    let outcome = source
        .copy_to(target, CopyLimits::default(), &mut go_on)
        .await;
    match outcome.err().unwrap() {
        StoreError::CopyRefused { problem } => problem,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn used_targets_are_refused<A: Fixture, B: Tampered>() {
    let from = filled::<A>().await;
    // One that follows a chain of its own; one that only watches; one that was filled by a copy.
    let target = Db::<B>::empty().await;
    target.store.live_begin(3).await.unwrap();
    let before = target.dump().await;
    let problem = refusal(&from.store, &target.store).await;
    assert!(problem.contains("table chain"), "{problem}");
    assert_eq!(target.dump().await, before);

    let target = Db::<B>::empty().await;
    let watch = [sample::entry(1, "ana")];
    target.store.watch_add(&watch).await.unwrap();
    let problem = refusal(&from.store, &target.store).await;
    assert!(problem.contains("in use"), "{problem}");

    let target = Db::<B>::empty().await;
    let report = copy(&from.store, &target.store, CopyLimits::default()).await;
    assert!(report.is_equal());
    let problem = refusal(&from.store, &target.store).await;
    assert!(problem.contains("finished"), "{problem}");
}

pub(crate) async fn changed_sources_are_refused<A: Fixture, B: Tampered>() {
    let from = filled::<A>().await;
    let fixture = B::create().await;
    let target = fixture.open_copy_target().await;
    copy_uncompared(&from.store, &target).await;
    let copied = target.dump_rows().await.unwrap();
    from.apply(&sample::commit(8, 8)).await;
    let problem = refusal(&from.store, &target).await;
    assert!(problem.contains("changed since"), "{problem}");
    let other = Db::<A>::with_people().await;
    let problem = refusal(&other.store, &target).await;
    assert!(problem.contains("another source"), "{problem}");
    assert_eq!(target.dump_rows().await.unwrap(), copied);
}

/// A newer vigia may have added what this one would leave behind.
pub(crate) async fn unknown_tables_are_refused<A: Tampered, B: Tampered>() {
    for (statement, name) in [
        ("CREATE TABLE {}newer (n BIGINT PRIMARY KEY)", "table newer"),
        (
            "ALTER TABLE {}account ADD COLUMN newer TEXT",
            "column newer",
        ),
    ] {
        let from = Db::<A>::with_people().await;
        from.fixture.execute(statement).await;
        let fixture = B::create().await;
        let target = fixture.open_copy_target().await;
        let problem = refusal(&from.store, &target).await;
        assert!(problem.contains(name), "{problem}");
        assert!(problem.contains("the source has"), "{problem}");

        let from = Db::<A>::with_people().await;
        fixture.execute(statement).await;
        let problem = refusal(&from.store, &target).await;
        assert!(problem.contains("the target has"), "{problem}");
    }
}

/// A file in the middle of another process's write cannot be held still. Postgres has no such moment: a
/// copy waits for the commits that run.
#[tokio::test]
async fn files_that_are_written_to_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let clock = || std::sync::Arc::new(ManualClock::new(1));
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(20),
        ..SqliteOptions::new(folder.path().join("from.db"))
    };
    let connect = sqlx::sqlite::SqliteConnectOptions::new().filename(&options.path);
    let source = SqlStore::open(options, clock()).await.unwrap();
    source.live_begin(3).await.unwrap();
    let writing = sqlx::SqlitePool::connect_with(connect).await.unwrap();
    let held = writing.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let options = SqliteOptions::new(folder.path().join("to.db"));
    let target = SqlStore::open_copy_target(options, clock()).await.unwrap();
    let busy = source
        .copy_to(&target, CopyLimits::default(), &mut go_on)
        .await
        .err()
        .unwrap();
    assert!(matches!(busy, StoreError::CopySourceBusy(_)), "{busy:?}");
    assert!(
        busy.to_string().contains("stop the vigia processes"),
        "{busy}"
    );
    drop(held);
    writing.close().await;
    let report = copy(&source, &target, CopyLimits::default()).await;
    assert!(report.is_equal() && !report.resumed);
}
