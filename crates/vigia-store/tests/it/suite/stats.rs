//! How well endpoints and devices are reached, of the newest attempts and within a window.

use vigia_core::{DeliveryId, Platform};
use vigia_store::{
    AttemptRow, Completion, DeliveryEnd, DeliveryState, DeliveryStats, DeliveryStore, Latency,
    PushCompletion, PushEnd, PushStore, STATS_ATTEMPTS_MAX,
};

use crate::suite::delivery::{claim, happen, two};
use crate::suite::push::{self, ana, receive};
use crate::suite::{Db, Fixture, NOW_MS};

fn attempt(duration_ms: u64, error: Option<&str>) -> AttemptRow {
    AttemptRow {
        started_at_ms: NOW_MS,
        duration_ms,
        status: None,
        error: error.map(str::to_owned),
        response_head: String::new(),
    }
}

fn latency(p50_ms: u64, p99_ms: u64) -> Latency {
    Latency { p50_ms, p99_ms }
}

async fn complete<F: Fixture>(db: &Db<F>, completions: &[Completion]) -> u64 {
    let completed = db.store.delivery_complete(completions, u64::MAX / 2);
    completed.await.unwrap()
}

pub(crate) async fn endpoints_have_shares_and_percentiles<F: Fixture>() {
    let db = two::<F>().await;
    assert_eq!(db.store.delivery_stats(0).await.unwrap(), []);
    happen(&db, 0..50).await;
    let claimed = claim(&db, "w", 100).await;
    let endpoints = db.store.endpoint_list().await.unwrap();
    let (first, second) = (endpoints[0].id, endpoints[1].id);
    let of = |endpoint| {
        let of = claimed.iter();
        of.filter(move |claimed| claimed.event.row.endpoint == endpoint)
    };
    let ended = |id, end, attempt| Completion {
        id,
        fence: 1,
        end,
        attempt: Some(attempt),
    };
    // Of a hundred ninety arrive; the slowest are the others.
    for (n, claimed) in (1..).zip(of(first)) {
        db.clock.set(NOW_MS + 10 * n);
        let (end, error) = match n {
            ..=90 => (DeliveryEnd::Delivered, None),
            _ => (DeliveryEnd::Retry { at_ms: NOW_MS }, Some("timeout")),
        };
        let completion = ended(claimed.event.row.id, end, attempt(n, error));
        assert_eq!(complete(&db, &[completion]).await, 1);
    }
    let ids: Vec<DeliveryId> = of(second).map(|claimed| claimed.event.row.id).collect();
    let dead = ended(ids[0], DeliveryEnd::Dead, attempt(7, Some("status")));
    complete(&db, &[dead]).await;
    let of_first = DeliveryStats {
        attempts: 100,
        succeeded: 90,
        attempt: latency(50, 99),
        received: Some(latency(450, 900)),
    };
    let of_second = DeliveryStats {
        attempts: 1,
        succeeded: 0,
        attempt: latency(7, 7),
        received: None,
    };
    let stats = db.store.delivery_stats(NOW_MS).await.unwrap();
    assert_eq!(stats, [(first, of_first), (second, of_second)]);
    assert_eq!(db.store.delivery_stats(NOW_MS + 1).await.unwrap(), []);

    // A clock that is behind the one by which the delivery was made.
    db.clock.set(NOW_MS - 5_000);
    let early = ended(ids[1], DeliveryEnd::Delivered, attempt(3, None));
    complete(&db, &[early]).await;
    let stats = db.store.delivery_stats(NOW_MS).await.unwrap();
    let received = stats[1].1.received;
    assert_eq!(received, Some(latency(0, 0)));
    assert_eq!(stats[1].1.attempt, latency(3, 7));

    // Those of a worker whose time was up are attempts all the same, and only the newest are looked at.
    let late = ended(ids[0], DeliveryEnd::Dead, attempt(9, Some("timeout")));
    let late = Completion { fence: 9, ..late };
    let many = usize::try_from(STATS_ATTEMPTS_MAX).unwrap() - 1;
    assert_eq!(complete(&db, &vec![late.clone(); many]).await, 0);
    let stats = db.store.delivery_stats(NOW_MS).await.unwrap();
    assert_eq!((stats.len(), stats[0].1.succeeded), (1, 1));
    assert_eq!(stats[0].1.attempts, u64::from(STATS_ATTEMPTS_MAX));
    complete(&db, &[late]).await;
    let stats = db.store.delivery_stats(NOW_MS).await.unwrap();
    assert_eq!((stats[0].1.succeeded, stats[0].1.received), (0, None));
}

pub(crate) async fn deliveries_come_with_their_last_attempts<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    let claimed = claim(&db, "w", 9).await;
    let tried = claimed[0].event.row.id;
    for (fence, duration_ms) in [(1, 5), (8, 6)] {
        let completion = Completion {
            id: tried,
            fence,
            end: DeliveryEnd::Retry { at_ms: NOW_MS },
            attempt: Some(attempt(duration_ms, Some("connect"))),
        };
        complete(&db, &[completion]).await;
    }
    let rows = db.store.delivery_page(None, None, None, 9).await.unwrap();
    let details = db.store.delivery_details(rows.clone()).await.unwrap();
    let found: Vec<_> = details.iter().map(|(event, _)| &event.row).collect();
    assert_eq!(found, rows.iter().collect::<Vec<_>>());
    for (event, last) in &details {
        let account = &event.about.as_ref().unwrap().account.external_id;
        assert!(["ana", "beto"].contains(&&**account));
        let expected = attempt(6, Some("connect"));
        let expected = (event.row.id == tried).then_some(expected);
        assert_eq!(*last, expected);
    }
    assert_eq!(db.store.delivery_details(Vec::new()).await.unwrap(), []);
}

pub(crate) async fn platforms_have_them_too<F: Fixture>() {
    let db = ana::<F>().await;
    assert_eq!(db.store.push_stats(0).await.unwrap(), []);
    let ends = [
        (0, PushEnd::Refused, Some("refused"), 4),
        (1_000, PushEnd::Delivered, None, 8),
    ];
    let mut tried = Vec::new();
    for (checkpoint, end, error, took_ms) in ends {
        receive(&db, 1, checkpoint..checkpoint + 1).await;
        let claimed = push::claim(&db, "w").await;
        let (push, fence) = &claimed[0].pushes[0];
        db.clock.set(push.created_at_ms + 70);
        tried.push(push.id);
        let completion = PushCompletion {
            id: push.id,
            device: push.device,
            fence: *fence,
            end,
            attempt: Some(attempt(took_ms, error)),
        };
        assert_eq!(db.store.push_complete(&[completion]).await.unwrap(), 1);
    }
    let expected = DeliveryStats {
        attempts: 2,
        succeeded: 1,
        attempt: latency(4, 8),
        received: Some(latency(70, 70)),
    };
    let stats = db.store.push_stats(NOW_MS).await.unwrap();
    assert_eq!(stats, [(Platform::Fcm, expected)]);
    assert_eq!(stats[0].1.success_permille(), 500);
    assert_eq!(db.store.push_stats(NOW_MS + 1).await.unwrap(), []);
    tried.push(DeliveryId::from_bytes([9; 16]));
    let mut last = db.store.push_last_attempts(&tried).await.unwrap();
    last.sort_unstable_by_key(|(_, attempt)| attempt.duration_ms);
    let expected = [
        (tried[0], attempt(4, Some("refused"))),
        (tried[1], attempt(8, None)),
    ];
    assert_eq!(last, expected);
    let devices = db.store.device_counts().await.unwrap();
    assert_eq!(devices, [(Platform::Fcm, 1)]);
}

/// What has not arrived of two endpoints, of which the first has been told once, and their pages read together.
pub(crate) async fn backlog_and_heads<F: Fixture>(db: &Db<F>, first: i64, second: i64) {
    let backlog = db.store.outbox_backlog().await.unwrap();
    assert_eq!(backlog.len(), 1);
    assert_eq!(
        (&*backlog[0].channel, backlog[0].pending, backlog[0].dead),
        ("webhook", 17, 0)
    );
    assert!(backlog[0].oldest_due_ms.is_some());
    // Of several at once: each one's page, one after the other.
    let newest = db.store.delivery_page(Some(first), None, None, 3);
    let newest = newest.await.unwrap();
    let before = Some((newest[2].created_at_ms, newest[2].id));
    for (state, before) in [
        (None, None),
        (Some(DeliveryState::Pending), None),
        (Some(DeliveryState::Dead), None),
        (None, before),
    ] {
        let heads = db
            .store
            .delivery_heads(&[second, first], state, before, 4)
            .await
            .unwrap();
        let mut pages = Vec::new();
        for endpoint in [first, second] {
            let page = db.store.delivery_page(Some(endpoint), state, before, 4);
            pages.extend(page.await.unwrap());
        }
        assert_eq!(heads, pages);
    }
}
