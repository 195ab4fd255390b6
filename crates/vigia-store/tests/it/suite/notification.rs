//! Notifications: once per new activity that asks for one, never for imports (I-10, I-16).

use vigia_core::{Commit, NotificationId, Scope, Slot};
use vigia_store::ReadStore;

use crate::sample::{COIN, activity, digest_at, imported, place, transfer};
use crate::suite::{Applied, Db, Fixture, NOW_MS};

pub(crate) async fn one_per_new_activity_that_asks<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let mut commit = transfer(0, &[ana, beto]);
    commit.activities[1].notify = None;
    assert_eq!(db.apply(&commit).await, Applied(1, 2, 1));
    commit.activities[1] = activity(place(0, 0), beto);
    assert_eq!(
        db.apply(&commit).await,
        Applied(0, 0, 0),
        "written without, stays without"
    );
    assert_eq!(db.store.status().await.unwrap().notifications, 1);
}

pub(crate) async fn id_is_made_of_its_cause<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&transfer(0, &[ana])).await;
    let page = db
        .store
        .notification_page(&Scope::All, None, 9)
        .await
        .unwrap();
    let slot = Slot::Coin(COIN.to_owned());
    assert_eq!(
        page[0].id,
        NotificationId::of_activity(&digest_at(place(0, 0)), ana, &slot)
    );
    assert_eq!(page[0].kind.as_str(), "SEND_RECEIVED");
    assert_eq!(page[0].created_at_ms, NOW_MS);
    assert_eq!(page[0].about.activity.slot, slot);
}

pub(crate) async fn imports_tell_nobody_then_or_later<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let live: Commit = transfer(0, &[ana]);
    assert_eq!(db.apply(&imported(live.clone())).await, Applied(1, 1, 0));
    assert_eq!(db.apply(&live).await, Applied(0, 0, 0));
}
