//! Activities as they are read back, and the counts of `status`.

use serde_json::json;
use vigia_core::{
    Activity, Direction, Scope, Slot, Status, Suppressed, WatchTarget, parse_watch_target,
};
use vigia_store::{ActivityFilter, IngestStore, ProviderReport, ReadStore, WatchEntry, WatchStore};

use crate::sample::{
    COIN, activity, address, commit, cusd, digest_at, place, timestamp_ms, transfer,
};
use crate::suite::{Applied, Db, Fixture};

pub(crate) async fn rows_carry_what_is_shown<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let kept = Activity {
        slot: Slot::Event(3),
        direction: Direction::Out,
        status: Status::Failed,
        address: Some(address(1)),
        counterparty: Some(address(2)),
        contract: Some("payment".to_owned()),
        business_id: Some("pay-1".to_owned()),
        details: json!({ "memo": "café \"☕\"", "n": 1 }),
        suppressed: Some(Suppressed::Dust),
        ..activity(place(4, 0), ana)
    };
    let mut commit = transfer(4, &[]);
    commit.activities = vec![kept.clone()];
    db.apply(&commit).await;
    let rows = db.store.activity_since(&Scope::All, 0, 10).await.unwrap();
    let row = &rows[0];
    assert_eq!(
        row.activity,
        Activity {
            notify: None,
            ..kept
        }
    );
    assert_eq!(row.digest, digest_at(place(4, 0)));
    assert_eq!(row.timestamp_ms, timestamp_ms(4));
    assert_eq!(row.account.id, ana);
    assert_eq!(row.account.external_id, "ana");
    assert_eq!(row.account.display_name, "Account ana");
    assert_eq!(row.counterparty_name(), Some("Account beto"));
    assert_eq!(row.coin, None);
    assert_eq!(db.store.activity_last_id().await.unwrap(), row.id);
}

pub(crate) async fn counterparty_is_named_by_who_held_it_then<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let send = |checkpoint| {
        let mut commit = transfer(checkpoint, &[ana]);
        commit.activities[0].counterparty = Some(address(2));
        commit
    };
    db.apply(&commit(0, 9)).await;
    db.unwatch(2).await;
    db.apply(&commit(10, 19)).await;
    db.watch(2, "carla").await;
    for checkpoint in [5, 15, 25] {
        db.apply(&send(checkpoint)).await;
    }
    let rows = db.store.activity_since(&Scope::All, 0, 10).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.counterparty_name()).collect();
    assert_eq!(names, [Some("Account beto"), None, Some("Account carla")]);
}

pub(crate) async fn coins_are_unknown_until_told<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    assert!(db.store.coin_unknown(10).await.unwrap().is_empty());
    db.apply(&transfer(0, &[ana])).await;
    db.apply(&transfer(1, &[ana])).await;
    assert_eq!(db.store.coin_unknown(10).await.unwrap(), [COIN]);
    assert!(db.store.coin_list().await.unwrap().is_empty());

    let mut cusd = cusd();
    db.store.coin_upsert(&[cusd.clone()]).await.unwrap();
    cusd.decimals = Some(9);
    db.store.coin_upsert(&[cusd.clone()]).await.unwrap();
    assert!(db.store.coin_unknown(10).await.unwrap().is_empty());
    assert_eq!(db.store.coin_list().await.unwrap(), [cusd.clone()]);
    let rows = db.store.activity_since(&Scope::All, 0, 1).await.unwrap();
    assert_eq!(rows[0].coin, Some(cusd));
}

pub(crate) async fn status_counts<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let contract = WatchEntry {
        target: parse_watch_target("0x2").unwrap(),
        account: None,
    };
    db.store.watch_add(&[contract]).await.unwrap();
    db.apply(&transfer(0, &[ana, beto])).await;
    let mut untold = transfer(1, &[ana]);
    untold.activities[0].details = serde_json::json!({ "unread": "amount" });
    db.apply(&untold).await;
    // Once, however often it is seen.
    db.apply(&untold).await;
    let status = db.store.status().await.unwrap();
    assert_eq!(status.unread, 1);
    assert_eq!((status.raw_transactions, status.activities), (2, 3));
    assert_eq!((status.notifications, status.failed), (3, 0));
    assert_eq!((status.watched_addresses, status.watched_contracts), (2, 1));
    assert_eq!(status.watch_version, 2);
    assert_eq!(
        status.watermark.map(|watermark| watermark.checkpoint),
        Some(1)
    );
    let gone = WatchTarget::Address(address(2));
    db.store.watch_remove(&[gone]).await.unwrap();
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 1);
}

pub(crate) async fn provider_report_is_replaced<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.status().await.unwrap().provider, None);
    let mut report = ProviderReport {
        url: "https://node.example".to_owned(),
        tip: None,
        error: Some("connection refused".to_owned()),
        at_ms: 5,
    };
    db.store.provider_report(&report).await.unwrap();
    assert_eq!(
        db.store.status().await.unwrap().provider,
        Some(report.clone())
    );
    report.tip = Some(77);
    report.error = None;
    db.store.provider_report(&report).await.unwrap();
    assert_eq!(db.store.status().await.unwrap().provider, Some(report));
}

pub(crate) async fn first_of_two_with_one_key_stays<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let mut commit = transfer(0, &[ana, ana]);
    commit.activities[1].kind = "second".to_owned();
    assert_eq!(db.apply(&commit).await, Applied(1, 1, 1));
    let rows = db
        .store
        .activity_page(&Scope::All, &ActivityFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(rows[0].activity.kind, "transfer");
}

pub(crate) async fn wait_returns_for_a_new_activity<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let store = db.store.clone();
    let waiting = tokio::spawn(async move { store.activity_wait(0).await.unwrap() });
    // Nothing to wake for: who woke all the same would have no id to tell.
    for sequence in 0..4 {
        db.apply(&commit(sequence, sequence)).await;
    }
    db.apply(&transfer(4, &[ana])).await;
    let id = waiting.await.unwrap();
    assert!(id > 0, "woken without an activity");
    assert_eq!(db.store.activity_last_id().await.unwrap(), id);
    assert_eq!(db.store.activity_wait(id - 1).await.unwrap(), id);
}
