//! Announced transactions: there until they land, never a second entry, and each account's own (I-14).

use vigia_core::{Announcement, AnnouncementState, Digest, Direction, EpochInfo, Scope, Status};
use vigia_store::{
    ANNOUNCEMENTS_MAX, ActivityFilter, AnnounceOutcome, AnnouncementRow, AnnouncementStore,
    EpochStore, ReadStore,
};

use crate::sample::{COIN, activity, address, commit, digest, digest_at, place, raw, transfer};
use crate::suite::{Db, Fixture, NOW_MS};

fn announcement(digest: Digest) -> Announcement {
    Announcement {
        digest,
        kind: "transfer".to_owned(),
        direction: Direction::Out,
        coin_type: Some(COIN.to_owned()),
        amount: Some(i128::MAX),
        counterparty: Some(address(2)),
        note: "order 7 \u{2615}".to_owned(),
        last_epoch: None,
        wait_ms: 1_000,
    }
}

async fn announce<F: Fixture>(db: &Db<F>, announcement: &Announcement) -> AnnouncementRow {
    let outcome = db.store.announce(&Scope::All, "ana", announcement).await;
    match outcome.unwrap() {
        AnnounceOutcome::There(row) => *row,
        other => panic!("{other:?}"),
    }
}

/// A row for copies.
pub(crate) async fn fill<F: Fixture>(db: &Db<F>) {
    let with_epoch = Announcement {
        last_epoch: Some(7),
        ..announcement(digest(77))
    };
    announce(db, &with_epoch).await;
}

async fn waiting<F: Fixture>(db: &Db<F>, scope: &Scope) -> Vec<Digest> {
    let rows = db.store.announcement_page(scope, None, 99).await.unwrap();
    rows.iter().map(|row| row.announcement.digest).collect()
}

async fn states<F: Fixture>(db: &Db<F>, digest: Digest, now_ms: u64) -> Vec<AnnouncementState> {
    let rows = db
        .store
        .announcement_find(&Scope::All, &digest)
        .await
        .unwrap();
    rows.iter().map(|row| row.state(now_ms)).collect()
}

pub(crate) async fn it_is_there_until_it_lands<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let at = |checkpoint| digest_at(place(checkpoint, 0));
    for checkpoint in 1..=4 {
        announce(&db, &announcement(at(checkpoint))).await;
    }
    // Said again otherwise, it is as it was.
    let mut other = announcement(at(1));
    other.note = "another".to_owned();
    assert_eq!(
        announce(&db, &other).await.announcement,
        announcement(at(1))
    );
    let ana_scope = db.scope("ana").await;
    assert_eq!(waiting(&db, &ana_scope).await, [at(4), at(3), at(2), at(1)]);
    let status = db.store.status().await.unwrap();
    assert_eq!(
        (status.activities, status.notifications),
        (0, 0),
        "it is none"
    );

    // One succeeds, one fails, one concerns another account alone, one never comes.
    db.apply(&transfer(1, &[ana, beto])).await;
    let mut failed = transfer(2, &[ana]);
    failed.activities[0].status = Status::Failed;
    db.apply(&failed).await;
    db.apply(&transfer(3, &[beto])).await;
    assert_eq!(waiting(&db, &ana_scope).await, [at(4)]);
    let late = NOW_MS + 1_001;
    for (checkpoint, state) in [
        (1, AnnouncementState::Completed),
        (2, AnnouncementState::Failed),
        (3, AnnouncementState::Completed),
        (4, AnnouncementState::Late),
    ] {
        assert_eq!(
            states(&db, at(checkpoint), late).await,
            [state],
            "{checkpoint}"
        );
    }
    assert_eq!(
        states(&db, at(4), NOW_MS + 1_000).await,
        [AnnouncementState::Pending]
    );
    // What was given up lands after all: one entry, and it is the activity.
    db.apply(&transfer(4, &[ana])).await;
    assert_eq!(waiting(&db, &ana_scope).await, []);
    assert_eq!(
        states(&db, at(4), late).await,
        [AnnouncementState::Completed]
    );
    let filter = ActivityFilter::default();
    let feed = db
        .store
        .activity_page(&ana_scope, &filter, None, 9)
        .await
        .unwrap();
    assert_eq!(feed.len(), 3, "those that mean something to her, once each");
    // Announced after it landed, it is known at once.
    db.apply(&transfer(5, &[ana])).await;
    let known = announce(&db, &announcement(at(5))).await;
    assert_eq!(known.state(NOW_MS), AnnouncementState::Completed);
}

pub(crate) async fn only_the_end_of_its_epoch_is_evidence<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let last = Announcement {
        last_epoch: Some(3),
        ..announcement(digest(9))
    };
    announce(&db, &last).await;
    let epoch = |epoch, last_checkpoint| EpochInfo {
        epoch,
        start_ms: None,
        end_ms: None,
        first_checkpoint: None,
        last_checkpoint,
        reference_gas_price: None,
        protocol_version: None,
        committee_members: None,
    };
    let state = async || states(&db, digest(9), NOW_MS).await;
    db.store.epoch_record(&[epoch(3, None)]).await.unwrap();
    db.apply(&commit(0, 4)).await;
    assert_eq!(state().await, [AnnouncementState::Pending], "it goes on");
    db.store
        .epoch_record(&[epoch(3, Some(6)), epoch(4, None)])
        .await
        .unwrap();
    assert_eq!(
        state().await,
        [AnnouncementState::Pending],
        "not all of it is committed"
    );
    db.apply(&commit(6, 6)).await;
    assert_eq!(
        state().await,
        [AnnouncementState::Pending],
        "there is a hole in it"
    );
    db.apply(&commit(5, 5)).await;
    assert_eq!(state().await, [AnnouncementState::Expired]);
}

pub(crate) async fn announcements_are_ones_own<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.scope("ana").await, db.scope("beto").await);
    let said = announcement(digest(1));
    let store = &db.store;
    for (scope, account) in [(&beto, "ana"), (&ana, "nobody"), (&Scope::All, "nobody")] {
        let outcome = store.announce(scope, account, &said).await.unwrap();
        assert_eq!(outcome, AnnounceOutcome::NoAccount);
    }
    let there = store.announce(&ana, "ana", &said).await.unwrap();
    assert!(matches!(there, AnnounceOutcome::There(_)));
    assert_eq!(waiting(&db, &ana).await, [digest(1)]);
    assert_eq!(waiting(&db, &beto).await, []);
    assert_eq!(
        store.announcement_find(&beto, &digest(1)).await.unwrap(),
        []
    );
    // The other side may announce the same transaction, with a note of its own.
    let mut of_beto = said.clone();
    of_beto.note = "mine".to_owned();
    store.announce(&beto, "beto", &of_beto).await.unwrap();
    let found = store.announcement_find(&beto, &digest(1)).await.unwrap();
    assert_eq!((found.len(), &*found[0].announcement.note), (1, "mine"));
    assert_eq!(waiting(&db, &Scope::All).await.len(), 2);
}

pub(crate) async fn an_account_waits_for_so_many<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    for n in 0..u64::from(ANNOUNCEMENTS_MAX) {
        announce(&db, &announcement(digest(n))).await;
    }
    let one_more = announcement(digest(1 << 20));
    let outcome = db
        .store
        .announce(&Scope::All, "ana", &one_more)
        .await
        .unwrap();
    assert_eq!(outcome, AnnounceOutcome::TooMany);
    announce(&db, &announcement(digest(0))).await;
    // One that lands makes room.
    let ana = db.account(1).await;
    let at = place(7, 0);
    let mut landing = transfer(7, &[ana]);
    landing.raw_transactions[0].digest = digest(0);
    landing.activities = vec![activity(at, ana)];
    db.apply(&landing).await;
    announce(&db, &one_more).await;
    // Others wait on their own.
    let outcome = db
        .store
        .announce(&Scope::All, "beto", &one_more)
        .await
        .unwrap();
    assert!(matches!(outcome, AnnounceOutcome::There(_)));
}

pub(crate) async fn what_was_never_seen_is_pruned<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    for n in [1, 2] {
        announce(&db, &announcement(digest_at(place(n, 0)))).await;
    }
    db.apply(&transfer(1, &[ana])).await;
    assert_eq!(db.store.announcement_prune(NOW_MS).await.unwrap(), 0);
    assert_eq!(db.store.announcement_prune(NOW_MS + 1).await.unwrap(), 1);
    assert_eq!(waiting(&db, &Scope::All).await, []);
    let kept = states(&db, digest_at(place(1, 0)), NOW_MS).await;
    assert_eq!(
        kept,
        [AnnouncementState::Completed],
        "its note is the activity's"
    );
}

pub(crate) async fn its_note_stays_with_the_activity<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    announce(&db, &announcement(digest_at(place(1, 0)))).await;
    db.apply(&transfer(1, &[ana, beto])).await;
    let mut without = transfer(2, &[ana]);
    without.raw_transactions = vec![raw(place(2, 0))];
    db.apply(&without).await;
    let filter = ActivityFilter::default();
    let note = async |scope: &Scope| {
        let rows = db
            .store
            .activity_page(scope, &filter, None, 9)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.note).collect::<Vec<_>>()
    };
    let said = Some("order 7 \u{2615}".to_owned());
    assert_eq!(note(&db.scope("ana").await).await, [None, said]);
    assert_eq!(
        note(&db.scope("beto").await).await,
        [None],
        "it is not for others"
    );
}
