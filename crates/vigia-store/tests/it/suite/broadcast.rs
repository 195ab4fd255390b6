//! Broadcasts: each of a segment once, never faster than allowed, until somebody stops it.

use vigia_core::Locale;
use vigia_store::{
    BroadcastSegment, BroadcastSpec, BroadcastState, BroadcastStore, BroadcastText, BroadcastTexts,
    DeliveryState, InboxStore, PushStore, WatchStore,
};

use crate::sample::entry;
use crate::suite::inbox::user;
use crate::suite::push::{settings, spec};
use crate::suite::{Db, Fixture, NOW_MS, inbox_of};

fn news(segment: BroadcastSegment, rate_per_s: u32) -> BroadcastSpec {
    let text = |title: &str| BroadcastText {
        title: title.to_owned(),
        body: "…".to_owned(),
    };
    let texts = [(Locale::Es, text("Novedades")), (Locale::En, text("News"))];
    BroadcastSpec {
        texts: BroadcastTexts::new(texts).unwrap(),
        segment,
        rate_per_s,
    }
}

/// One that has told everybody, for copies.
pub(crate) async fn fill<F: Fixture>(db: &Db<F>) {
    let all = news(BroadcastSegment::default(), 10_000);
    db.store.broadcast_begin(&all).await.unwrap();
    let now_ms = vigia_core::Clock::now_ms(&*db.clock);
    db.clock.set(now_ms + 1_000);
    while db.store.broadcast_step(&settings(), 100).await.unwrap() > 0 {}
    db.clock.set(now_ms);
}

/// Twelve users, two of whom have a device.
async fn many<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    let others: Vec<_> = (3..13).map(|n| entry(n, &format!("user-{n}"))).collect();
    db.store.watch_add(&others).await.unwrap();
    for name in ["ana", "beto"] {
        let user = user(&db, name).await;
        db.store.device_register(user, &spec(name)).await.unwrap();
    }
    db
}

async fn told<F: Fixture>(db: &Db<F>) -> usize {
    let all = inbox_of(&vigia_core::Scope::All);
    db.store
        .notification_page(&all, None, 99)
        .await
        .unwrap()
        .len()
}

pub(crate) async fn each_of_a_segment_is_told_once<F: Fixture>() {
    let db = many::<F>().await;
    let of = |users: &[&str]| BroadcastSegment {
        users: users.iter().map(|user| (*user).to_owned()).collect(),
        ..BroadcastSegment::default()
    };
    let english = BroadcastSegment {
        locales: vec![Locale::En],
        ..BroadcastSegment::default()
    };
    let business = BroadcastSegment {
        account_kind: Some("business".to_owned()),
        ..BroadcastSegment::default()
    };
    let mut all = 0;
    for (segment, count) in [
        (BroadcastSegment::default(), 12),
        (of(&["ana", "user-7", "nobody"]), 2),
        (english, 0),
        (business, 0),
    ] {
        let id = db
            .store
            .broadcast_begin(&news(segment.clone(), 10_000))
            .await
            .unwrap();
        db.clock.set(vigia_core::Clock::now_ms(&*db.clock) + 1_000);
        while db.store.broadcast_step(&settings(), 5).await.unwrap() > 0 {
            db.clock.set(vigia_core::Clock::now_ms(&*db.clock) + 1);
        }
        all += count;
        assert_eq!(told(&db).await, all, "{segment:?}");
        let rows = db.store.broadcast_list(9).await.unwrap();
        let row = rows.iter().find(|row| row.id == id).unwrap();
        assert_eq!((row.state, row.told), (BroadcastState::Done, count as u64));
        assert_eq!((row.total, row.finished_at_ms.is_some()), (12, true));
        assert_eq!(row.spec.segment, segment);
    }
    let pushes = db.store.push_page(None, None, 99).await.unwrap();
    assert_eq!(pushes.len(), 3, "ana twice, beto once");
    // What broadcasts made is not made again.
    while db.store.push_sequence(&settings()).await.unwrap() > 0 {}
    assert_eq!(db.store.push_page(None, None, 99).await.unwrap().len(), 3);
}

pub(crate) async fn never_faster_than_its_rate<F: Fixture>() {
    let db = many::<F>().await;
    let slow = news(BroadcastSegment::default(), 2);
    db.store.broadcast_begin(&slow).await.unwrap();
    let mut counts = Vec::new();
    for tick in 0..12_u64 {
        db.clock.set(NOW_MS + tick * 250);
        db.store.broadcast_step(&settings(), 100).await.unwrap();
        counts.push(told(&db).await);
    }
    assert_eq!(counts, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    // A pause is not made up for by more than a second of it.
    db.clock.set(NOW_MS + 100_000);
    db.store.broadcast_step(&settings(), 100).await.unwrap();
    assert_eq!(told(&db).await, 7);
}

pub(crate) async fn stopped_it_tells_nobody_more<F: Fixture>() {
    let db = many::<F>().await;
    let id = db
        .store
        .broadcast_begin(&news(BroadcastSegment::default(), 4))
        .await
        .unwrap();
    db.clock.set(NOW_MS + 1_000);
    db.store.broadcast_step(&settings(), 100).await.unwrap();
    assert_eq!(told(&db).await, 4);
    assert!(db.store.broadcast_stop(id).await.unwrap());
    assert!(!db.store.broadcast_stop(id).await.unwrap());
    db.clock.set(NOW_MS + 9_000);
    assert_eq!(db.store.broadcast_step(&settings(), 100).await.unwrap(), 0);
    assert_eq!(told(&db).await, 4);
    let pushes = db.store.push_page(None, None, 99).await.unwrap();
    assert_eq!(pushes.len(), 2);
    assert!(
        pushes
            .iter()
            .all(|push| push.state == DeliveryState::Cancelled)
    );
    let rows = db.store.broadcast_list(9).await.unwrap();
    assert_eq!((rows[0].state, rows[0].told), (BroadcastState::Stopped, 4));
}
