//! Notifications: once per new activity that asks for one, never for imports (I-10, I-16).

use serde_json::json;
use vigia_core::{Commit, NotificationId, Scope, Slot};
use vigia_store::{InboxStore, IngestStore, ReadStore, WatchStore};

use crate::sample::{
    COIN, Trades, activity, address, balance, commit, digest_at, entry, imported, place,
    trade_event, transfer,
};
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
        .notification_page(&crate::suite::inbox_of(&Scope::All), None, 9)
        .await
        .unwrap();
    let slot = Slot::Coin(COIN.to_owned());
    assert_eq!(
        page[0].id,
        NotificationId::of_activity(place(0, 0), &digest_at(place(0, 0)), ana, &slot)
    );
    assert_eq!(page[0].kind.as_str(), "SEND_RECEIVED");
    assert_eq!(page[0].created_at_ms, NOW_MS);
    assert_eq!(page[0].about.as_ref().unwrap().activity.slot, slot);
}

pub(crate) async fn imports_tell_nobody_then_or_later<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let live: Commit = transfer(0, &[ana]);
    assert_eq!(db.apply(&imported(live.clone())).await, Applied(1, 1, 0));
    assert_eq!(db.apply(&live).await, Applied(0, 0, 0));
}

/// A database whose live lane begins at checkpoint 10, with `ana` and `beto` watched from genesis.
async fn live_from_10<F: Fixture>() -> Db<F> {
    let db = Db::<F>::empty().await;
    let people = [entry(1, "ana"), entry(2, "beto")];
    db.store.watch_add(&people).await.unwrap();
    db.store.live_begin(10).await.unwrap();
    db
}

pub(crate) async fn imports_that_a_live_event_explains_tell_nobody<F: Fixture>() {
    let db = live_from_10::<F>().await;
    let offered = imported(trade_event(9, "t-1", "Offered", json!({ "party": 1 })));
    assert_eq!(db.apply_folding(&offered, &Trades).await, Applied(1, 1, 0));
    let accepted = trade_event(11, "t-1", "Accepted", json!({ "party": 2 }));
    let explained = db.apply_folding(&accepted, &Trades).await;
    assert_eq!(
        explained,
        Applied(1, 3, 2),
        "beto is not told of the old offer"
    );
    assert_eq!(db.apply_folding(&accepted, &Trades).await, Applied(0, 0, 0));
}

pub(crate) async fn live_events_explained_late_are_told<F: Fixture>() {
    let db = live_from_10::<F>().await;
    let offered = trade_event(10, "t-1", "Offered", json!({ "party": 1 }));
    assert_eq!(db.apply_folding(&offered, &Trades).await, Applied(1, 1, 1));
    let accepted = trade_event(11, "t-1", "Accepted", json!({ "party": 2 }));
    let explained = db.apply_folding(&accepted, &Trades).await;
    assert_eq!(
        explained,
        Applied(1, 3, 3),
        "beto is told of the first live checkpoint"
    );
}

/// What an account's first address has received is told, and what a later one received before it was
/// added is not, although the account was there (I-16).
pub(crate) async fn an_address_added_later_tells_nothing_older<F: Fixture>() {
    let db = live_from_10::<F>().await;
    db.apply(&commit(10, 20)).await;
    let receipt = db.store.watch_add(&[entry(5, "ana")]).await.unwrap();
    assert_eq!(receipt.effective_from, 21);
    let ana = db.account(1).await;
    let received = |checkpoint, by| {
        let mut commit = transfer(checkpoint, &[ana]);
        commit.activities[0].address = Some(address(by));
        commit
    };
    assert_eq!(db.apply(&received(15, 5)).await, Applied(1, 1, 0));
    assert_eq!(db.apply(&received(16, 1)).await, Applied(1, 1, 1));
    // Both addresses received: the first one's share is live, whichever of them stands for the whole.
    let mut both = received(17, 5);
    both.balance_effects = vec![balance(place(17, 0), 5, 4), balance(place(17, 0), 1, 1)];
    assert_eq!(db.apply(&both).await, Applied(1, 1, 1));
    let mut others = received(18, 5);
    others.balance_effects = vec![balance(place(18, 0), 5, 4), balance(place(18, 0), 2, -4)];
    assert_eq!(
        db.apply(&others).await,
        Applied(1, 1, 0),
        "the other is beto's"
    );
    assert_eq!(db.apply(&received(21, 5)).await, Applied(1, 1, 1));
}
