//! Pages: nothing lost, nothing repeated, whatever the size and whatever arrives meanwhile.

use vigia_core::{AccountId, Activity, Commit, Scope, Slot};
use vigia_store::{ActivityCursor, ActivityFilter, ActivityRow, InboxStore, ReadStore, Store};

use crate::sample::{activity, address, commit, digest_at, place, raw, transfer};
use crate::suite::{Db, Fixture};

/// Four transactions at two checkpoints with three activities of Ana each, written newest first.
async fn feed<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    for checkpoint in [2, 1] {
        let mut commit = commit(checkpoint, checkpoint);
        for index in [0, 5] {
            let place = place(checkpoint, index);
            commit.raw_transactions.push(raw(place));
            commit
                .activities
                .extend((0..3).map(|n| event(place, ana, n)));
            commit.activities.push(activity(place, beto));
        }
        db.apply(&commit).await;
    }
    db
}

fn event(place: vigia_core::Place, account: AccountId, n: u32) -> Activity {
    Activity {
        slot: Slot::Event(n),
        address: Some(address(1)),
        ..activity(place, account)
    }
}

async fn all(
    store: &impl Store,
    scope: &Scope,
    filter: &ActivityFilter,
    limit: u32,
) -> Vec<ActivityRow> {
    let mut rows: Vec<ActivityRow> = Vec::new();
    loop {
        let before = rows.last().map(ActivityRow::cursor);
        let page = store
            .activity_page(scope, filter, before, limit)
            .await
            .unwrap();
        assert!(page.len() <= usize::try_from(limit).unwrap());
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

pub(crate) async fn pages_lose_and_repeat_nothing<F: Fixture>() {
    let db = feed::<F>().await;
    for (scope, count) in [(Scope::All, 16), (db.scope("ana").await, 12)] {
        for limit in [1, 2, 3, 5, 100] {
            let rows = all(&*db.store, &scope, &ActivityFilter::default(), limit).await;
            let cursors: Vec<ActivityCursor> = rows.iter().map(ActivityRow::cursor).collect();
            assert_eq!(cursors.len(), count);
            assert!(cursors.is_sorted_by(|newer, older| newer > older));
        }
    }
}

pub(crate) async fn page_of_an_address<F: Fixture>() {
    let db = feed::<F>().await;
    let filter = ActivityFilter {
        address: Some(address(1)),
        digest: None,
        ..ActivityFilter::default()
    };
    for limit in [1, 5, 100] {
        let rows = all(&*db.store, &Scope::All, &filter, limit).await;
        assert_eq!(rows.len(), 12);
        assert!(
            rows.iter()
                .all(|row| row.activity.address == filter.address)
        );
    }
}

pub(crate) async fn page_of_a_transaction<F: Fixture>() {
    let db = feed::<F>().await;
    let mut filter = ActivityFilter {
        address: None,
        digest: Some(digest_at(place(1, 5))),
        ..ActivityFilter::default()
    };
    for limit in [1, 3, 100] {
        let rows = all(&*db.store, &Scope::All, &filter, limit).await;
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|row| row.activity.place == place(1, 5)));
    }
    filter.address = Some(address(1));
    assert_eq!(all(&*db.store, &Scope::All, &filter, 2).await.len(), 3);
    filter.digest = Some(digest_at(place(9, 9)));
    assert!(all(&*db.store, &Scope::All, &filter, 2).await.is_empty());
}

pub(crate) async fn news_does_not_shift_older_pages<F: Fixture>() {
    let db = feed::<F>().await;
    let filter = ActivityFilter::default();
    let expected = all(&*db.store, &Scope::All, &filter, 100).await;
    let page = db
        .store
        .activity_page(&Scope::All, &filter, None, 4)
        .await
        .unwrap();
    db.apply(&transfer(3, &[db.account(1).await])).await;
    let before = page.last().map(ActivityRow::cursor);
    let rest = db
        .store
        .activity_page(&Scope::All, &filter, before, 100)
        .await
        .unwrap();
    assert_eq!([page, rest].concat(), expected);
}

pub(crate) async fn since_goes_on_from_an_id<F: Fixture>() {
    let db = feed::<F>().await;
    for scope in [Scope::All, db.scope("ana").await] {
        let whole = db.store.activity_since(&scope, 0, 100).await.unwrap();
        assert!(whole.is_sorted_by_key(|row| row.id));
        let mut rows: Vec<ActivityRow> = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row| row.id);
            let more = db.store.activity_since(&scope, after, 5).await.unwrap();
            if more.is_empty() {
                break;
            }
            rows.extend(more);
        }
        assert_eq!(rows, whole);
    }
}

pub(crate) async fn inbox_pages<F: Fixture>() {
    let db = feed::<F>().await;
    for (scope, count) in [(Scope::All, 16), (db.scope("beto").await, 4)] {
        let mut seqs: Vec<i64> = Vec::new();
        loop {
            let before = seqs.last().copied();
            let page = db
                .store
                .notification_page(&crate::suite::inbox_of(&scope), before, 3)
                .await
                .unwrap();
            if page.is_empty() {
                break;
            }
            seqs.extend(page.iter().map(|row| row.seq));
        }
        assert_eq!(seqs.len(), count);
        assert!(seqs.is_sorted_by(|newer, older| newer > older));
    }
}

pub(crate) async fn page_of_nothing<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let filter = ActivityFilter::default();
    assert!(all(&*db.store, &Scope::All, &filter, 10).await.is_empty());
    assert_eq!(db.store.activity_last_id().await.unwrap(), 0);
    let feed = feed::<F>().await;
    let page = feed
        .store
        .activity_page(&Scope::All, &filter, None, 0)
        .await
        .unwrap();
    assert!(page.is_empty());
    // A commit of nothing is fine, too.
    let nothing = Commit {
        ranges: Vec::new(),
        ..commit(0, 0)
    };
    db.apply(&nothing).await;
    assert!(db.dump_of("range").await.is_empty());
}
