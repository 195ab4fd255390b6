//! Devices and pushes: who is told of what, when, once, and by whom.

use std::collections::BTreeSet;

use vigia_core::{
    BundleSettings, Category, Channel, DeliveryId, Locale, Muted, Platform, Preferences, QuietHours,
};
use vigia_store::{
    AttemptRow, ClaimedPush, DEVICE_FAILURES_MAX, DEVICES_MAX, DeliveryState, DeviceRow,
    DeviceSpec, InboxStore, PushCompletion, PushEnd, PushLane, PushSettings, PushStore,
};

use crate::sample::{timestamp_ms, transfer};
use crate::suite::inbox::{shop, sign_in_notice, user};
use crate::suite::source::{follow, shop_member};
use crate::suite::{Db, Fixture};

const LEASE_MS: u64 = 10_000;
const MINUTE_MS: u64 = 60_000;

pub(crate) fn settings() -> PushSettings {
    PushSettings {
        bundles: BundleSettings::default(),
        platforms: vec![Platform::Fcm, Platform::Web],
        age_ms_max: 24 * 60 * MINUTE_MS,
    }
}

pub(crate) fn spec(token: &str) -> DeviceSpec {
    DeviceSpec {
        platform: Platform::Fcm,
        token: token.to_owned(),
        locale: None,
        app_version: "1.2.3".to_owned(),
    }
}

async fn device<F: Fixture>(db: &Db<F>, name: &str, token: &str) -> DeviceRow {
    let user = user(db, name).await;
    let registered = db.store.device_register(user, &spec(token)).await;
    registered.unwrap().0
}

async fn sequence<F: Fixture>(db: &Db<F>) {
    while db.store.push_sequence(&settings()).await.unwrap() > 0 {}
}

/// The account receives something at each of these checkpoints, as it happens.
pub(crate) async fn receive<F: Fixture>(db: &Db<F>, n: u64, checkpoints: std::ops::Range<u64>) {
    let account = db.account(n).await;
    for checkpoint in checkpoints {
        db.clock.set(timestamp_ms(checkpoint) + 500);
        db.apply(&transfer(checkpoint, &[account])).await;
        sequence(db).await;
    }
}

pub(crate) async fn claim<F: Fixture>(db: &Db<F>, holder: &str) -> Vec<ClaimedPush> {
    let (platform, lane) = (Platform::Fcm, PushLane::Live);
    let claimed = db.store.push_claim(holder, platform, lane, 99, LEASE_MS);
    claimed.await.unwrap()
}

fn completions(claimed: &ClaimedPush, end: PushEnd) -> Vec<PushCompletion> {
    let attempt = AttemptRow {
        started_at_ms: 3,
        duration_ms: 12,
        status: Some(200),
        error: None,
        response_head: "{\"name\": \"x\"} \u{2615}".to_owned(),
    };
    let completion = |(push, fence): &(vigia_store::PushRow, i64)| PushCompletion {
        id: push.id,
        device: push.device,
        fence: *fence,
        end,
        attempt: Some(attempt.clone()),
    };
    claimed.pushes.iter().map(completion).collect()
}

async fn complete<F: Fixture>(db: &Db<F>, claimed: &[ClaimedPush], end: PushEnd) -> u64 {
    let all: Vec<_> = claimed
        .iter()
        .flat_map(|claimed| completions(claimed, end))
        .collect();
    db.store.push_complete(&all).await.unwrap()
}

/// That what was claimed has arrived.
pub(crate) async fn deliver<F: Fixture>(db: &Db<F>, claimed: &ClaimedPush) {
    complete(db, std::slice::from_ref(claimed), PushEnd::Delivered).await;
}

async fn states<F: Fixture>(db: &Db<F>) -> Vec<DeliveryState> {
    let page = db.store.push_page(None, None, 99).await.unwrap();
    page.into_iter().map(|row| row.state).collect()
}

/// Rows for copies.
pub(crate) async fn fill<F: Fixture>(db: &Db<F>) {
    let ana = user(db, "ana").await;
    let registered = db.store.device_register(ana, &spec("t-1")).await.unwrap().0;
    db.store
        .notification_tell(&[sign_in_notice(ana, "session/9")])
        .await
        .unwrap();
    sequence(db).await;
    let claimed = claim(db, "w").await;
    assert_eq!(claimed[0].device, registered);
    complete(db, &claimed, PushEnd::Retry { at_ms: 7 }).await;
    db.store
        .preference_set(ana, &Preferences::default())
        .await
        .unwrap();
    let id = claimed[0].notifications[0].id;
    assert!(db.store.notification_read(ana, &id).await.unwrap());
    crate::suite::broadcast::fill(db).await;
}

pub(crate) async fn members_are_told_on_their_devices<F: Fixture>() {
    let db = shop::<F>().await;
    let owner = user(&db, "owner").await;
    let phone = device(&db, "owner", "phone").await;
    let english = DeviceSpec {
        locale: Some(Locale::En),
        ..spec("tablet")
    };
    let (tablet, is_new) = db.store.device_register(owner, &english).await.unwrap();
    assert!(is_new);
    let waiter = device(&db, "waiter", "waiter").await;
    device(&db, "driver", "driver").await;
    let apple = DeviceSpec {
        platform: Platform::Apns,
        ..spec("apple")
    };
    db.store.device_register(owner, &apple).await.unwrap();
    db.clock.set(timestamp_ms(0));
    // Those of before are not told.
    receive(&db, 1, 0..1).await;
    let claimed = claim(&db, "w").await;
    let told: Vec<_> = claimed.iter().map(|message| message.device.id).collect();
    // Registered at the suite's time, which is later than the chain's: none of it.
    assert_eq!(told, [] as [i64; 0]);
    for (name, token) in [
        ("owner", "phone"),
        ("waiter", "waiter"),
        ("driver", "driver"),
    ] {
        let row = device(&db, name, token).await;
        db.store.device_remove(None, row.id, "test").await.unwrap();
        device(&db, name, token).await;
    }
    db.store
        .device_remove(Some(owner), tablet.id, "test")
        .await
        .unwrap();
    db.store.device_register(owner, &english).await.unwrap();
    receive(&db, 1, 1..2).await;
    let claimed = claim(&db, "w").await;
    let told: BTreeSet<_> = claimed.iter().map(|message| message.device.id).collect();
    assert_eq!(told, BTreeSet::from([phone.id, tablet.id, waiter.id]));
    for message in &claimed {
        assert_eq!((message.pushes.len(), message.count), (1, 1));
        assert!(message.pushes[0].0.is_first());
        let shown = &message.notifications[0];
        let amount = shown.about.as_ref().unwrap().activity.amount;
        let may_read = message.device.id != waiter.id;
        assert_eq!((shown.may_read, amount.is_some()), (may_read, may_read));
        let is_tablet = message.device.id == tablet.id;
        assert_eq!(message.locale == Locale::En, is_tablet);
    }
    assert_eq!(complete(&db, &claimed, PushEnd::Delivered).await, 3);
    assert_eq!(states(&db).await, [DeliveryState::Delivered; 3]);
    assert_eq!(
        db.store.push_counts().await.unwrap(),
        [(Platform::Fcm, DeliveryState::Delivered, 3)]
    );
    // Seen again, nothing is told again.
    let shop = db.account(1).await;
    db.apply(&transfer(1, &[shop])).await;
    sequence(&db).await;
    assert_eq!(claim(&db, "w").await, []);
}

/// Ana with one device, from before the chain's first checkpoint.
pub(crate) async fn ana<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    db.clock.set(timestamp_ms(0));
    device(&db, "ana", "phone").await;
    db
}

pub(crate) async fn a_message_is_one_workers_at_a_time<F: Fixture>() {
    let db = ana::<F>().await;
    receive(&db, 1, 0..1).await;
    let first = claim(&db, "a").await;
    assert_eq!(first.len(), 1);
    assert_eq!(claim(&db, "b").await, []);
    let ids = [first[0].pushes[0].0.id];
    let renewed = db.store.push_renew("a", &ids, LEASE_MS).await;
    assert_eq!(renewed.unwrap(), 1);
    // Nobody renews: another takes it over, and what the first says then counts no more.
    db.clock.set(timestamp_ms(0) + 500 + LEASE_MS);
    let second = claim(&db, "b").await;
    assert_eq!(second[0].pushes[0].0.id, first[0].pushes[0].0.id);
    assert!(second[0].pushes[0].1 > first[0].pushes[0].1);
    assert_eq!(complete(&db, &first, PushEnd::Delivered).await, 0);
    let now_ms = timestamp_ms(0) + 500 + LEASE_MS;
    let later = PushEnd::Retry { at_ms: now_ms + 5 };
    assert_eq!(complete(&db, &second, later).await, 1);
    assert_eq!(claim(&db, "b").await, []);
    assert_eq!(db.store.push_next_due().await.unwrap(), Some(now_ms + 5));
    db.clock.set(now_ms + 5);
    let third = claim(&db, "b").await;
    assert_eq!(third[0].pushes[0].0.attempts, 1);
    assert_eq!(complete(&db, &third, PushEnd::Dead).await, 1);
    let id = third[0].pushes[0].0.id;
    let (row, attempts) = db.store.push_find(&id).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (DeliveryState::Dead, 2));
    assert_eq!(row.user, "ana");
    // The attempt that counted no more was made, and is kept.
    assert_eq!(attempts.len(), 3);
    assert_eq!(attempts[0].response_head, "{\"name\": \"x\"} \u{2615}");
    let devices = db.store.device_list(None, 0, 9).await.unwrap();
    assert_eq!(
        devices[0].failures, 0,
        "a provider's outage says nothing of a device"
    );
}

pub(crate) async fn ten_in_a_minute_lose_none<F: Fixture>() {
    let db = ana::<F>().await;
    let account = db.account(1).await;
    let now_ms = timestamp_ms(0) + 500;
    db.clock.set(now_ms);
    for checkpoint in 0..10 {
        db.apply(&transfer(checkpoint, &[account])).await;
    }
    sequence(&db).await;
    // Three at once, as one message.
    let first = claim(&db, "w").await;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].pushes.len(), first[0].count), (3, 3));
    complete(&db, &first, PushEnd::Delivered).await;
    assert_eq!(claim(&db, "w").await, []);
    // The others in the end, with a message that tells of all, in place of the first.
    db.clock.set(now_ms + MINUTE_MS);
    let rest = claim(&db, "w").await;
    assert_eq!(rest.len(), 1);
    assert_eq!((rest[0].pushes.len(), rest[0].count), (7, 10));
    assert_eq!(rest[0].notifications.len(), 10);
    assert_eq!(rest[0].bundle, first[0].bundle);
    complete(&db, &rest, PushEnd::Delivered).await;
    assert_eq!(states(&db).await, [DeliveryState::Delivered; 10]);
}

pub(crate) async fn dead_devices_are_told_nothing_more<F: Fixture>() {
    let db = ana::<F>().await;
    receive(&db, 1, 0..2).await;
    let claimed = claim(&db, "w").await;
    let now_ms = timestamp_ms(1) + 500;
    // Gone before it was registered again: not this one.
    let before = PushEnd::Gone {
        since_ms: Some(timestamp_ms(0) - 1),
    };
    complete(&db, &claimed[..1], before).await;
    let devices = db.store.device_list(None, 0, 9).await.unwrap();
    assert!(devices[0].is_active);
    let account = db.account(1).await;
    db.apply(&transfer(5, &[account])).await;
    db.apply(&transfer(6, &[account])).await;
    sequence(&db).await;
    let claimed = claim(&db, "w").await;
    let now = PushEnd::Gone {
        since_ms: Some(now_ms),
    };
    let one = [completions(&claimed[0], now).remove(0)];
    db.store.push_complete(&one).await.unwrap();
    let devices = db.store.device_list(None, 0, 9).await.unwrap();
    assert!(!devices[0].is_active);
    assert_eq!(
        devices[0].reason.as_deref(),
        Some("the provider says that it is gone")
    );
    let pending = db
        .store
        .push_page(Some(DeliveryState::Pending), None, 9)
        .await;
    assert_eq!(pending.unwrap(), []);
    db.apply(&transfer(7, &[account])).await;
    sequence(&db).await;
    assert_eq!(claim(&db, "w").await, []);
    // Registered again it is as new.
    device(&db, "ana", "phone").await;
    db.apply(&transfer(8, &[account])).await;
    sequence(&db).await;
    assert_eq!(claim(&db, "w").await.len(), 1);
}

pub(crate) async fn five_refusals_are_enough<F: Fixture>() {
    let db = ana::<F>().await;
    for n in 0..u64::from(DEVICE_FAILURES_MAX) {
        let devices = db.store.device_list(None, 0, 9).await.unwrap();
        assert!(devices[0].is_active, "after {n}");
        let ana = user(&db, "ana").await;
        let notices = [sign_in_notice(ana, &format!("session/{n}"))];
        db.store.notification_tell(&notices).await.unwrap();
        sequence(&db).await;
        let claimed = claim(&db, "w").await;
        complete(&db, &claimed, PushEnd::Refused).await;
    }
    let devices = db.store.device_list(None, 0, 9).await.unwrap();
    assert!(!devices[0].is_active);
    assert_eq!(devices[0].failures, DEVICE_FAILURES_MAX);
    // One that arrives between begins the count anew.
    device(&db, "ana", "phone").await;
    for (n, end) in [PushEnd::Refused, PushEnd::Delivered, PushEnd::Refused]
        .into_iter()
        .enumerate()
    {
        let ana = user(&db, "ana").await;
        let notices = [sign_in_notice(ana, &format!("later/{n}"))];
        db.store.notification_tell(&notices).await.unwrap();
        sequence(&db).await;
        let claimed = claim(&db, "w").await;
        complete(&db, &claimed, end).await;
    }
    let devices = db.store.device_list(None, 0, 9).await.unwrap();
    assert_eq!((devices[0].is_active, devices[0].failures), (true, 1));
    assert!(devices[0].delivered_at_ms.is_some());
}

pub(crate) async fn a_token_may_be_of_several_users<F: Fixture>() {
    let db = ana::<F>().await;
    let of_beto = device(&db, "beto", "phone").await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.clock.set(timestamp_ms(0) + 500);
    db.apply(&transfer(0, &[ana, beto])).await;
    sequence(&db).await;
    let claimed = claim(&db, "w").await;
    assert_eq!(claimed.len(), 2);
    let ids: BTreeSet<DeliveryId> = claimed.iter().map(|message| message.bundle).collect();
    assert_eq!(
        ids.len(),
        2,
        "two users behind one phone are not taken for one"
    );
    // The token is dead for both.
    let gone = PushEnd::Gone { since_ms: None };
    complete(&db, &claimed[..1], gone).await;
    let devices = db.store.device_list(None, 0, 9).await.unwrap();
    assert!(devices.iter().all(|device| !device.is_active));
    assert_eq!(devices[1].id, of_beto.id);
    let one = db
        .store
        .device_list(Some(of_beto.user), 0, 9)
        .await
        .unwrap();
    assert_eq!(one.len(), 1);
    assert!(
        !db.store
            .device_remove(Some(devices[0].user), of_beto.id, "")
            .await
            .unwrap()
    );
}

pub(crate) async fn muted_and_quiet_are_respected<F: Fixture>() {
    let db = ana::<F>().await;
    let ana = user(&db, "ana").await;
    let muted = Preferences {
        muted: Muted::new([(Channel::Push, Category::Money)]).unwrap(),
        ..Preferences::default()
    };
    db.store.preference_set(ana, &muted).await.unwrap();
    receive(&db, 1, 0..1).await;
    assert_eq!(claim(&db, "w").await, []);
    assert_eq!(
        db.store.notification_unread(ana, 0).await.unwrap(),
        1,
        "only the phone is silent"
    );
    // Within quiet hours all but security waits for their end.
    let now_ms = timestamp_ms(1) + 500;
    let minute = u16::try_from(now_ms / MINUTE_MS % 1_440).unwrap();
    let end = (minute + 30) % 1_440;
    let quiet = Preferences {
        quiet_hours: Some(QuietHours::new(minute, end).unwrap()),
        ..Preferences::default()
    };
    db.store.preference_set(ana, &quiet).await.unwrap();
    receive(&db, 1, 1..3).await;
    db.store
        .notification_tell(&[sign_in_notice(ana, "session/1")])
        .await
        .unwrap();
    sequence(&db).await;
    let claimed = claim(&db, "w").await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].notifications[0].category, Category::Security);
    complete(&db, &claimed, PushEnd::Delivered).await;
    let due_ms = db.store.push_next_due().await.unwrap().unwrap();
    assert_eq!(due_ms / MINUTE_MS % 1_440, u64::from(end));
    db.clock.set(due_ms);
    let claimed = claim(&db, "w").await;
    assert_eq!((claimed.len(), claimed[0].count), (1, 2));
    // Muted meanwhile, what waited is not said.
    db.store.preference_set(ana, &muted).await.unwrap();
    db.clock.set(due_ms + LEASE_MS);
    let claimed = claim(&db, "w").await;
    assert_eq!((claimed.len(), claimed[0].count), (1, 0));
    assert_eq!(claimed[0].notifications, []);
}

pub(crate) async fn what_is_late_comes_together<F: Fixture>() {
    let db = ana::<F>().await;
    let account = db.account(1).await;
    let now_ms = timestamp_ms(0) + 3 * 60 * MINUTE_MS;
    db.clock.set(now_ms);
    for checkpoint in 0..3 {
        db.apply(&transfer(checkpoint, &[account])).await;
    }
    sequence(&db).await;
    assert_eq!(claim(&db, "w").await, []);
    db.clock.set(now_ms + MINUTE_MS);
    let claimed = claim(&db, "w").await;
    assert_eq!((claimed.len(), claimed[0].count), (1, 3));
}

pub(crate) async fn a_device_is_told_of_nothing_before_it<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    db.clock.set(timestamp_ms(0));
    receive(&db, 1, 0..1).await;
    let account = db.account(1).await;
    db.apply(&transfer(1, &[account])).await;
    db.clock.set(timestamp_ms(0) + 501);
    device(&db, "ana", "phone").await;
    sequence(&db).await;
    assert_eq!(claim(&db, "w").await, []);
    // Nor is anybody told of what is too old when it is looked at.
    db.apply(&transfer(2, &[account])).await;
    db.clock
        .set(timestamp_ms(0) + 501 + settings().age_ms_max + 1);
    sequence(&db).await;
    assert_eq!(states(&db).await, []);
}

pub(crate) async fn whoever_left_is_told_nothing<F: Fixture>() {
    let db = shop::<F>().await;
    db.clock.set(timestamp_ms(0));
    device(&db, "clerk", "phone").await;
    receive(&db, 1, 0..1).await;
    follow(&db, &[shop_member(1, "owner", "read notify")]).await;
    let claimed = claim(&db, "w").await;
    assert_eq!((claimed.len(), claimed[0].count), (1, 0));
    assert_eq!(claimed[0].notifications, []);
}

pub(crate) async fn bulk_waits_for_live<F: Fixture>() {
    let db = ana::<F>().await;
    crate::suite::broadcast::fill(&db).await;
    receive(&db, 1, 0..1).await;
    db.clock.set(timestamp_ms(0) + 2_000);
    let claimed = claim(&db, "w").await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].notifications[0].category, Category::Money);
    let bulk = db
        .store
        .push_claim("w", Platform::Fcm, PushLane::Bulk, 9, LEASE_MS);
    let bulk = bulk.await.unwrap();
    assert_eq!(bulk.len(), 1);
    let texts = &bulk[0].notifications[0].details["texts"];
    assert_eq!(texts["es"]["title"], "Novedades");
}

pub(crate) async fn a_user_has_so_many_devices<F: Fixture>() {
    let db = ana::<F>().await;
    for n in 0..DEVICES_MAX {
        db.clock.set(timestamp_ms(0) + u64::from(n) + 1);
        device(&db, "ana", &format!("other-{n}")).await;
    }
    let devices = db.store.device_list(None, 0, 99).await.unwrap();
    let active = devices.iter().filter(|device| device.is_active).count();
    assert_eq!(active, usize::try_from(DEVICES_MAX).unwrap());
    assert!(!devices[0].is_active, "the oldest is let go");
}

pub(crate) async fn operators_push_again_and_cancel<F: Fixture>() {
    let db = ana::<F>().await;
    receive(&db, 1, 0..1).await;
    let claimed = claim(&db, "w").await;
    complete(&db, &claimed, PushEnd::Dead).await;
    let id = claimed[0].pushes[0].0.id;
    assert!(db.store.push_retry(&id).await.unwrap());
    let again = claim(&db, "w").await;
    assert_eq!(again[0].pushes[0].0.id, id);
    assert!(db.store.push_cancel(&id).await.unwrap());
    assert!(!db.store.push_cancel(&id).await.unwrap());
    assert_eq!(complete(&db, &again, PushEnd::Delivered).await, 0);
    let nobody = DeliveryId::from_bytes([9; 16]);
    assert!(!db.store.push_retry(&nobody).await.unwrap());
    assert_eq!(db.store.push_find(&nobody).await.unwrap(), None);
    let now_ms = timestamp_ms(0) + 500;
    assert_eq!(db.store.push_prune(now_ms, 9).await.unwrap(), 0);
    assert_eq!(db.store.push_prune(now_ms + 1, 9).await.unwrap(), 1);
    assert_eq!(states(&db).await, []);
}
