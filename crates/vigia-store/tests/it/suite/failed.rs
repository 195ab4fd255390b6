//! Failed transactions: listed, tried again with the outcome of an undisturbed commit, discarded (I-8).

use vigia_core::{Commit, Place, RawTransaction};
use vigia_store::{FailedRetry, FailedStore, IngestStore, ReadStore};

use crate::sample::{
    NoObjects, activity, balance, commit, digest, digest_at, place, raw, transfer,
};
use crate::suite::{Applied, Db, Fixture, NOW_MS};

fn failed(place: Place, error: &str) -> RawTransaction {
    RawTransaction {
        processing_error: Some(error.to_owned()),
        ..raw(place)
    }
}

/// A commit of one checkpoint with one failed transaction.
fn poisonous(checkpoint: u64) -> Commit {
    Commit {
        raw_transactions: vec![failed(place(checkpoint, 0), "unknown layout")],
        ..commit(checkpoint, checkpoint)
    }
}

/// What trying again says: no range, since its checkpoint is complete already.
fn retry(commit: Commit) -> Commit {
    Commit {
        ranges: Vec::new(),
        ..commit
    }
}

async fn failed_count<F: Fixture>(db: &Db<F>) -> u64 {
    db.store.status().await.unwrap().failed
}

pub(crate) async fn listed_in_chain_order<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    for checkpoint in [5, 3, 4] {
        let commit = Commit {
            raw_transactions: vec![
                failed(place(checkpoint, 7), "late"),
                raw(place(checkpoint, 1)),
                failed(place(checkpoint, 0), "early"),
            ],
            ..commit(checkpoint, checkpoint)
        };
        db.apply(&commit).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = db.store.failed_list(after, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        seen.extend(page.into_iter().map(|row| (row.place, row.error)));
    }
    let expected = [3, 4, 5].into_iter().flat_map(|checkpoint| {
        [
            (place(checkpoint, 0), "early".to_owned()),
            (place(checkpoint, 7), "late".to_owned()),
        ]
    });
    assert_eq!(seen, expected.collect::<Vec<_>>());

    let found = db.store.failed_find(&digest_at(place(4, 7))).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.raw.place, place(4, 7));
    assert_eq!(&found.raw.transaction_bcs[..], b"transaction");
    assert_eq!(found.raw.processing_error.as_deref(), Some("late"));
    assert_eq!(found.discarded_at_ms, None);
    for other in [digest_at(place(4, 1)), digest(1)] {
        assert!(db.store.failed_find(&other).await.unwrap().is_none());
    }
}

/// The rows are those of a database in which nothing had failed.
pub(crate) async fn a_retry_writes_what_was_missed<F: Fixture>() {
    let (db, undisturbed) = (Db::<F>::with_people().await, Db::<F>::with_people().await);
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let mut whole = transfer(0, &[ana, beto]);
    whole.balance_effects = vec![balance(place(0, 0), 1, -5), balance(place(0, 0), 2, 5)];
    assert_eq!(undisturbed.apply(&whole).await, Applied(1, 2, 2));

    db.apply(&poisonous(0)).await;
    assert_eq!(failed_count(&db).await, 1);
    let again = retry(whole);
    let resolved = FailedRetry::Resolved {
        activities_new: 2,
        notifications_new: 2,
    };
    let retried = db.store.failed_retry(&again, &NoObjects).await.unwrap();
    assert_eq!(retried, resolved);
    assert_eq!(db.dump().await, undisturbed.dump().await);

    let retried = db.store.failed_retry(&again, &NoObjects).await.unwrap();
    assert_eq!(retried, FailedRetry::NotFailed);
    assert_eq!(db.dump().await, undisturbed.dump().await);
}

pub(crate) async fn a_retry_may_fail_again<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&poisonous(0)).await;
    let again = retry(Commit {
        raw_transactions: vec![failed(place(0, 0), "another reason")],
        activities: vec![activity(place(0, 0), ana)],
        ..commit(0, 0)
    });
    let retried = db.store.failed_retry(&again, &NoObjects).await.unwrap();
    assert_eq!(retried, FailedRetry::StillFailed);
    let listed = db.store.failed_list(None, 9).await.unwrap();
    assert_eq!(listed[0].error, "another reason");
    assert_eq!(failed_count(&db).await, 1);
    assert_eq!(db.dump_of("activity").await.len(), 0);
}

pub(crate) async fn a_retry_that_cannot_be_stored_changes_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&poisonous(0)).await;
    let before = db.dump().await;
    let mut half_good = transfer(0, &[ana]);
    half_good.activities.push(activity(place(8, 8), ana));
    let refused = db.store.failed_retry(&retry(half_good), &NoObjects).await;
    assert!(refused.is_err());
    assert_eq!(db.dump().await, before);
    assert_eq!(db.store.failed_list(None, 9).await.unwrap().len(), 1);
}

pub(crate) async fn discarded_counts_no_longer<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&poisonous(0)).await;
    db.apply(&poisonous(1)).await;
    let digest = digest_at(place(0, 0));
    assert!(db.store.failed_discard(&digest).await.unwrap());
    assert!(!db.store.failed_discard(&digest).await.unwrap(), "once");
    let unknown = digest_at(place(9, 0));
    assert!(!db.store.failed_discard(&unknown).await.unwrap());
    assert_eq!(failed_count(&db).await, 1);
    assert_eq!(db.store.failed_list(None, 9).await.unwrap().len(), 1);
    let found = db.store.failed_find(&digest).await.unwrap().unwrap();
    assert_eq!(found.discarded_at_ms, Some(NOW_MS));
    assert_eq!(db.dump_of("raw").await.len(), 2, "it stays");

    // Somebody thinks again: it is counted out already.
    let again = retry(transfer(0, &[ana]));
    let retried = db.store.failed_retry(&again, &NoObjects).await.unwrap();
    assert!(matches!(
        retried,
        FailedRetry::Resolved {
            activities_new: 1,
            ..
        }
    ));
    assert_eq!(failed_count(&db).await, 1);
}

/// Two operators at once, on a server and on the command line.
pub(crate) async fn many_retries_resolve_once<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&poisonous(0)).await;
    let other = std::sync::Arc::new(db.fixture.open(db.clock.clone()).await);
    let tasks = (0..6).map(|n| {
        let store = [&db.store, &other][n % 2].clone();
        let again = retry(transfer(0, &[ana]));
        tokio::spawn(async move { store.failed_retry(&again, &NoObjects).await.unwrap() })
    });
    let mut resolved = 0;
    for task in tasks.collect::<Vec<_>>() {
        resolved += u32::from(task.await.unwrap() != FailedRetry::NotFailed);
    }
    assert_eq!(resolved, 1);
    assert_eq!(failed_count(&db).await, 0);
    let status = db.store.status().await.unwrap();
    assert_eq!((status.activities, status.notifications), (1, 1));
    assert_eq!(other.watermark().await.unwrap().unwrap().checkpoint, 0);
}
