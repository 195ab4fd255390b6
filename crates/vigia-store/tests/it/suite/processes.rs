//! Several stores on one database, as several processes have it.

use std::sync::Arc;
use std::time::Duration;

use vigia_store::{IngestStore, ReadStore, SqlStore, WatchStore};

use crate::sample::{NoObjects, entry, transfer};
use crate::suite::{Db, Fixture};

const COMMITS_EACH: u64 = 40;

/// Two workers with the same checkpoints: each is written once.
pub(crate) async fn writers_take_turns<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let other = db.fixture.open(db.clock.clone()).await;
    let work = |store: Arc<SqlStore>| async move {
        for checkpoint in 0..COMMITS_EACH {
            let commit = transfer(checkpoint, &[ana]);
            store.commit_apply(&commit, &NoObjects).await.unwrap();
        }
    };
    tokio::join!(work(db.store.clone()), work(Arc::new(other)));
    assert_eq!(db.watermark().await, Some(COMMITS_EACH - 1));
    let status = db.store.status().await.unwrap();
    assert_eq!(
        (status.raw_transactions, status.activities),
        (COMMITS_EACH, COMMITS_EACH)
    );
    assert_eq!(status.notifications, COMMITS_EACH);
}

/// Writers of every kind at once, each on its own handle and thread.
pub(crate) async fn writers_of_one_file_never_fail<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let mut tasks = Vec::new();
    for writer in 0..4 {
        let store = db.fixture.open(db.clock.clone()).await;
        tasks.push(tokio::spawn(async move {
            for step in 0..COMMITS_EACH {
                let n = writer * COMMITS_EACH + step;
                if writer == 3 {
                    store.watch_add(&[entry(100 + n, "many")]).await.unwrap();
                } else {
                    let commit = transfer(n, &[ana]);
                    store.commit_apply(&commit, &NoObjects).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let status = db.store.status().await.unwrap();
    assert_eq!(status.activities, 3 * COMMITS_EACH);
    assert_eq!(status.watched_addresses, 2 + COMMITS_EACH);
    assert_eq!(status.watch_version, 1 + COMMITS_EACH);
}

pub(crate) async fn waits_see_other_processes<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let other = db.fixture.open(db.clock.clone()).await;
    let (version, id) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(5), db.store.watch_wait(1)),
        tokio::time::timeout(Duration::from_secs(5), async {
            other.watch_add(&[entry(9, "eva")]).await.unwrap();
            other
                .commit_apply(&transfer(0, &[ana]), &NoObjects)
                .await
                .unwrap();
            db.store.activity_wait(0).await.unwrap()
        }),
    );
    assert_eq!(version.unwrap().unwrap(), 2);
    assert_eq!(id.unwrap(), db.store.activity_last_id().await.unwrap());
}

pub(crate) async fn reads_go_on_while_writing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let store = db.store.clone();
    let writing = tokio::spawn(async move {
        for checkpoint in 0..COMMITS_EACH {
            let commit = transfer(checkpoint, &[ana]);
            store.commit_apply(&commit, &NoObjects).await.unwrap();
        }
    });
    let mut seen = 0;
    while !writing.is_finished() {
        let status = db.store.status().await.unwrap();
        let height = status
            .watermark
            .map_or(0, |watermark| watermark.checkpoint + 1);
        assert_eq!(status.activities, height, "one moment, one truth");
        assert!(height >= seen);
        seen = height;
    }
    writing.await.unwrap();
}
