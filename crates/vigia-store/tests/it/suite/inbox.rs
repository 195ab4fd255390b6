//! Inboxes: one notification for an account, what is read of it each member's own.

use serde_json::json;
use vigia_core::{
    Category, Channel, Muted, NotificationKind, Preferences, QuietHours, Scope, UserId,
};
use vigia_store::{InboxQuery, InboxStore, IngestStore, Notice, NotificationRow, ReadStore};

use crate::sample::transfer;
use crate::suite::source::{follow, shop_member};
use crate::suite::{Db, Fixture, NOW_MS, inbox_of};

/// The user's key.
pub(crate) async fn user<F: Fixture>(db: &Db<F>, name: &str) -> UserId {
    db.store.user_find(name).await.unwrap().unwrap().id
}

async fn inbox<F: Fixture>(db: &Db<F>, name: &str) -> Vec<NotificationRow> {
    let inbox = inbox_of(&db.scope(name).await);
    db.store.notification_page(&inbox, None, 50).await.unwrap()
}

async fn unread<F: Fixture>(db: &Db<F>, name: &str) -> u32 {
    let user = user(db, name).await;
    db.store.notification_unread(user, 0).await.unwrap()
}

/// A business with an owner, who may do everything, and a waiter, who is told but may not read.
pub(crate) async fn shop<F: Fixture>() -> Db<F> {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    follow(
        &db,
        &[
            shop_member(1, "owner", "read notify"),
            shop_member(1, "clerk", "read notify"),
            shop_member(1, "waiter", "notify"),
            shop_member(1, "driver", "deliver"),
        ],
    )
    .await;
    db
}

pub(crate) fn sign_in_notice(user: UserId, cause: &str) -> Notice {
    Notice {
        user,
        kind: NotificationKind::new("NEW_SIGN_IN"),
        cause: cause.to_owned(),
        details: json!({ "client": "Firefox" }),
    }
}

pub(crate) async fn read_is_each_members_own<F: Fixture>() {
    let db = shop::<F>().await;
    let shop = db.account(1).await;
    for checkpoint in 0..4 {
        db.apply(&transfer(checkpoint, &[shop])).await;
    }
    assert_eq!(
        (unread(&db, "owner").await, unread(&db, "clerk").await),
        (4, 4)
    );
    let owner = user(&db, "owner").await;
    let rows = inbox(&db, "owner").await;
    assert!(
        db.store
            .notification_read(owner, &rows[3].id)
            .await
            .unwrap()
    );
    assert!(
        db.store
            .notification_read(owner, &rows[3].id)
            .await
            .unwrap(),
        "again"
    );
    let read: Vec<bool> = inbox(&db, "owner")
        .await
        .iter()
        .map(|row| row.is_read)
        .collect();
    assert_eq!(read, [false, false, false, true]);
    assert_eq!(
        (unread(&db, "owner").await, unread(&db, "clerk").await),
        (3, 4)
    );
    // All up to one, and what comes later is unread again.
    db.store
        .notification_read_all(owner, rows[1].seq)
        .await
        .unwrap();
    assert_eq!(unread(&db, "owner").await, 1);
    db.store
        .notification_read_all(owner, i64::MAX)
        .await
        .unwrap();
    assert_eq!(unread(&db, "owner").await, 0);
    db.apply(&transfer(4, &[shop])).await;
    assert_eq!(
        (unread(&db, "owner").await, unread(&db, "clerk").await),
        (1, 5)
    );
    assert!(inbox(&db, "clerk").await.iter().all(|row| !row.is_read));
    // Of others nothing can be marked.
    let driver = user(&db, "driver").await;
    assert!(
        !db.store
            .notification_read(driver, &rows[0].id)
            .await
            .unwrap()
    );
    assert_eq!(inbox(&db, "driver").await, []);
    assert_eq!(unread(&db, "driver").await, 0);
}

pub(crate) async fn what_no_transaction_caused_is_told_once<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (user(&db, "ana").await, user(&db, "beto").await);
    let seen = db.store.notification_last().await.unwrap();
    let notices = [
        sign_in_notice(ana, "session/1"),
        sign_in_notice(beto, "session/1"),
        sign_in_notice(ana, "session/1"),
    ];
    assert_eq!(db.store.notification_tell(&notices).await.unwrap(), 2);
    assert_eq!(db.store.notification_tell(&notices).await.unwrap(), 0);
    let waited = db.store.notification_wait(seen).await.unwrap();
    assert!(waited > seen);
    let rows = inbox(&db, "ana").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].category, Category::Security);
    assert_eq!(rows[0].details, json!({ "client": "Firefox" }));
    assert_eq!(rows[0].about, None);
    assert!(rows[0].may_read && !rows[0].is_read);
    assert_eq!(db.store.status().await.unwrap().notifications, 2);
}

pub(crate) async fn muted_categories_are_left_out<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (account, ana) = (db.account(1).await, user(&db, "ana").await);
    db.apply(&transfer(0, &[account])).await;
    let notices = [sign_in_notice(ana, "session/1")];
    db.store.notification_tell(&notices).await.unwrap();
    let muted = Muted::new([(Channel::Inbox, Category::Money)]).unwrap();
    let preferences = Preferences {
        muted,
        ..Preferences::default()
    };
    db.store.preference_set(ana, &preferences).await.unwrap();
    let kinds: Vec<_> = inbox(&db, "ana")
        .await
        .iter()
        .map(|row| row.category)
        .collect();
    assert_eq!(kinds, [Category::Security]);
    assert_eq!(unread(&db, "ana").await, 1);
}

pub(crate) async fn whoever_may_not_read_sees_no_amounts<F: Fixture>() {
    let db = shop::<F>().await;
    let shop = db.account(1).await;
    let mut commit = transfer(0, &[shop]);
    commit.activities[0].amount = Some(5_000_000);
    commit.activities[0].counterparty = Some(crate::sample::address(9));
    db.apply(&commit).await;
    let rows = inbox(&db, "owner").await;
    assert!(rows[0].may_read);
    assert_eq!(
        rows[0].about.as_ref().unwrap().activity.amount,
        Some(5_000_000)
    );
    let rows = inbox(&db, "waiter").await;
    assert_eq!(rows.len(), 1, "told all the same");
    assert!(!rows[0].may_read);
    let about = rows[0].about.as_ref().unwrap();
    assert_eq!(
        (about.activity.amount, about.activity.counterparty),
        (None, None)
    );
    assert_eq!(about.account.external_id, "shop");
}

pub(crate) async fn what_is_old_has_expired<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let account = db.account(1).await;
    db.apply(&transfer(0, &[account])).await;
    db.clock.set(NOW_MS + 1_000);
    db.apply(&transfer(1, &[account])).await;
    let scope = db.scope("ana").await;
    let from = |not_before_ms| InboxQuery {
        not_before_ms,
        ..inbox_of(&scope)
    };
    for (not_before_ms, count) in [(NOW_MS, 2), (NOW_MS + 1, 1), (NOW_MS + 1_001, 0)] {
        let page = db
            .store
            .notification_page(&from(not_before_ms), None, 9)
            .await;
        assert_eq!(page.unwrap().len(), count);
        let ana = user(&db, "ana").await;
        let unread = db.store.notification_unread(ana, not_before_ms).await;
        assert_eq!(unread.unwrap() as usize, count);
    }
    let ana = user(&db, "ana").await;
    let rows = inbox(&db, "ana").await;
    db.store.notification_read(ana, &rows[0].id).await.unwrap();
    assert_eq!(
        db.store
            .notification_prune(NOW_MS + 1_000, 9)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        db.store
            .notification_prune(NOW_MS + 1_000, 9)
            .await
            .unwrap(),
        0
    );
    let rows = inbox(&db, "ana").await;
    assert_eq!((rows.len(), rows[0].is_read), (1, true));
    // What is gone does not come again with its transaction.
    assert_eq!(
        db.apply(&transfer(0, &[account])).await,
        crate::suite::Applied(0, 0, 0)
    );
}

pub(crate) async fn late_commits_are_never_skipped<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (account, ana) = (db.account(1).await, user(&db, "ana").await);
    let writers = 6;
    let each = 15;
    let mut stores = Vec::new();
    for _ in 0..writers {
        stores.push(std::sync::Arc::new(db.fixture.open(db.clock.clone()).await));
    }
    let mut writing = tokio::task::JoinSet::new();
    for (writer, store) in (0_u64..).zip(&stores) {
        let store = store.clone();
        writing.spawn(async move {
            for n in 0..each {
                let checkpoint = n * writers + writer;
                let commit = transfer(checkpoint, &[account]);
                let folder = &crate::sample::NoObjects;
                store.commit_apply(&commit, folder).await.unwrap();
                let cause = format!("{writer}/{n}");
                let notices = [sign_in_notice(ana, &cause)];
                store.notification_tell(&notices).await.unwrap();
            }
        });
    }
    // A reader that goes on from the last position it saw misses none and sees none twice.
    let inbox = inbox_of(&Scope::MemberOf(ana));
    let (mut seen, mut after) = (Vec::new(), 0);
    let all = usize::try_from(writers * each * 2).unwrap();
    while seen.len() < all {
        let rows = db.store.notification_since(&inbox, after, 7).await.unwrap();
        if let Some(last) = rows.last() {
            after = last.seq;
        } else {
            db.store.notification_wait(after).await.unwrap();
        }
        seen.extend(rows.into_iter().map(|row| row.id));
    }
    while let Some(done) = writing.join_next().await {
        done.unwrap();
    }
    let rest = db.store.notification_since(&inbox, after, 9).await.unwrap();
    assert_eq!(rest, []);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

pub(crate) async fn preferences_come_back<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = user(&db, "ana").await;
    let found = db.store.preference_find(ana).await.unwrap();
    assert_eq!(found, Preferences::default());
    db.store.notification_read_all(ana, 0).await.unwrap();
    let preferences = Preferences {
        muted: Muted::new([(Channel::Push, Category::News)]).unwrap(),
        time_zone: "America/Bogota".to_owned(),
        quiet_hours: Some(QuietHours::new(1_320, 0).unwrap()),
        hides_amounts: true,
    };
    db.store.preference_set(ana, &preferences).await.unwrap();
    assert_eq!(db.store.preference_find(ana).await.unwrap(), preferences);
    let beto = user(&db, "beto").await;
    let found = db.store.preference_find(beto).await.unwrap();
    assert_eq!(found, Preferences::default());
    db.store
        .preference_set(ana, &Preferences::default())
        .await
        .unwrap();
    let found = db.store.preference_find(ana).await.unwrap();
    assert_eq!(found, Preferences::default());
}
