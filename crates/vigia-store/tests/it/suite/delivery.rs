//! Deliveries: made once, in order, by one worker at a time (I-9, I-10).

use std::collections::BTreeSet;

use vigia_core::{Commit, DeliveryId};
use vigia_store::{
    AttemptRow, ClaimedDelivery, Completion, Correction, CorrectionStore, DeliveryEnd,
    DeliveryState, DeliveryStore, EndpointFilter, EndpointSpec, EndpointState, IngestStore,
};

use crate::sample::{activity, imported, place, transfer};
use crate::suite::correction::Named;
use crate::suite::stats::backlog_and_heads;
use crate::suite::{Db, Fixture, NOW_MS};

const LEASE_MS: u64 = 10_000;
const DAY_MS: u64 = 86_400_000;

fn endpoint(name: &str, filter: EndpointFilter) -> EndpointSpec {
    EndpointSpec {
        name: name.to_owned(),
        url: format!("https://{name}.example/hook"),
        filter,
        per_second: None,
    }
}

fn everything(name: &str) -> EndpointSpec {
    endpoint(name, EndpointFilter::default())
}

/// Two endpoints, of which the second is told of Ana alone.
pub(crate) async fn two<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    let of_ana = EndpointFilter {
        accounts: vec!["ana".to_owned()],
        kinds: vec!["transfer".to_owned()],
        ..EndpointFilter::default()
    };
    let declared = [everything("first"), endpoint("second", of_ana)];
    db.store.endpoint_declare(&declared).await.unwrap();
    db
}

/// Ana and Beto receive something at each of these checkpoints, and deliveries are made.
pub(crate) async fn happen<F: Fixture>(db: &Db<F>, checkpoints: std::ops::Range<u64>) {
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    for checkpoint in checkpoints {
        db.apply(&transfer(checkpoint, &[ana, beto])).await;
    }
    while db.store.delivery_sequence().await.unwrap().read > 0 {}
}

pub(crate) async fn claim<F: Fixture>(
    db: &Db<F>,
    holder: &str,
    each_max: u32,
) -> Vec<ClaimedDelivery> {
    let endpoints = db.store.endpoint_list().await.unwrap();
    let enabled = endpoints
        .iter()
        .filter(|row| row.state == EndpointState::Enabled);
    let ids: Vec<i64> = enabled.map(|row| row.id).collect();
    let claimed = db.store.delivery_claim(holder, &ids, each_max, LEASE_MS);
    claimed.await.unwrap()
}

fn attempt(status: u16) -> AttemptRow {
    AttemptRow {
        started_at_ms: NOW_MS + 3,
        duration_ms: 12,
        status: Some(status),
        error: (status >= 300).then(|| "refused".to_owned()),
        response_head: "gracias \u{2615}".to_owned(),
    }
}

fn ended(claimed: &ClaimedDelivery, end: DeliveryEnd, status: u16) -> Completion {
    Completion {
        id: claimed.event.row.id,
        fence: claimed.fence,
        end,
        attempt: Some(attempt(status)),
    }
}

async fn complete<F: Fixture>(db: &Db<F>, completions: &[Completion]) -> u64 {
    let completed = db.store.delivery_complete(completions, DAY_MS);
    completed.await.unwrap()
}

/// Rows for copies.
pub(crate) async fn fill<F: Fixture>(db: &Db<F>) {
    db.store
        .endpoint_declare(&[everything("first")])
        .await
        .unwrap();
    let ana = db.account(1).await;
    db.apply(&imported(transfer(3_000_000, &[ana]))).await;
    while db.store.delivery_sequence().await.unwrap().read > 0 {}
    let claimed = claim(db, "w", 9).await;
    assert!(!claimed.is_empty());
    complete(
        db,
        &[ended(
            &claimed[0],
            DeliveryEnd::Retry { at_ms: NOW_MS },
            500,
        )],
    )
    .await;
}

pub(crate) async fn each_endpoint_is_told_once_in_order<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..3).await;
    // Seen again, nothing is told again.
    happen(&db, 0..3).await;
    let claimed = claim(&db, "w", 99).await;
    let told = |endpoint: i64| {
        let of_endpoint = claimed
            .iter()
            .filter(|delivery| delivery.event.row.endpoint == endpoint);
        let numbered = of_endpoint.map(|delivery| {
            let about = delivery.event.about.as_ref().unwrap();
            assert_eq!(about.id, delivery.event.row.activity);
            assert!(!delivery.event.is_historical);
            (
                delivery.event.row.sequence,
                about.activity.place.checkpoint,
                about.account.external_id.clone(),
            )
        });
        numbered.collect::<Vec<_>>()
    };
    let endpoints = db.store.endpoint_list().await.unwrap();
    let (first, second) = (endpoints[0].id, endpoints[1].id);
    let name = |n: u64| if n.is_multiple_of(2) { "ana" } else { "beto" };
    let all: Vec<_> = (0..6).map(|n| (n + 1, n / 2, name(n).to_owned())).collect();
    assert_eq!(told(first), all);
    let ana: Vec<_> = (0..3).map(|n| (n + 1, n, "ana".to_owned())).collect();
    assert_eq!(told(second), ana);
    let ids: BTreeSet<DeliveryId> = claimed
        .iter()
        .map(|delivery| delivery.event.row.id)
        .collect();
    assert_eq!(ids.len(), 9);
    assert_eq!((endpoints[0].sequence, endpoints[1].sequence), (6, 3));

    // A receiver that was away reads on by itself, whatever became of its deliveries.
    let read = db
        .store
        .delivery_events("first", 2, 3)
        .await
        .unwrap()
        .unwrap();
    let numbers: Vec<u64> = read.iter().map(|event| event.row.sequence).collect();
    assert_eq!(numbers, [3, 4, 5]);
    assert_eq!(read[0].about.as_ref().unwrap().id, read[0].row.activity);
    assert_eq!(
        db.store.delivery_events("nobody", 0, 3).await.unwrap(),
        None
    );

    // One that is new is told of what happens from now on; one that changes stays itself.
    let mut moved = everything("first");
    moved.url = "https://elsewhere.example/".to_owned();
    db.store
        .endpoint_declare(&[moved, everything("third")])
        .await
        .unwrap();
    happen(&db, 3..4).await;
    let endpoints = db.store.endpoint_list().await.unwrap();
    let shown: Vec<_> = endpoints
        .iter()
        .map(|row| (&*row.spec.name, row.state, row.sequence))
        .collect();
    assert_eq!(
        shown,
        [
            ("first", EndpointState::Enabled, 8),
            ("second", EndpointState::Removed, 3),
            ("third", EndpointState::Enabled, 2)
        ]
    );
}

pub(crate) async fn many_that_sequence_make_each_once<F: Fixture>() {
    let db = two::<F>().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    for checkpoint in 0..20 {
        db.apply(&transfer(checkpoint, &[ana, beto])).await;
    }
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(std::sync::Arc::new(db.fixture.open(db.clock.clone()).await));
    }
    let sequencing = stores.iter().map(|store| {
        let store = store.clone();
        tokio::spawn(async move { store.delivery_sequence().await.unwrap().read })
    });
    let mut sequenced = 0;
    for made in sequencing.collect::<Vec<_>>() {
        sequenced += made.await.unwrap();
    }
    sequenced += db.store.delivery_sequence().await.unwrap().read;
    assert_eq!(sequenced, 40, "each activity once, whoever was first");
    let endpoints = db.store.endpoint_list().await.unwrap();
    assert_eq!((endpoints[0].sequence, endpoints[1].sequence), (40, 20));
}

pub(crate) async fn a_delivery_is_one_workers_at_a_time<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    let first = claim(&db, "w1", 9).await;
    assert_eq!(first.len(), 3);
    assert_eq!(claim(&db, "w2", 9).await, []);
    let ids: Vec<DeliveryId> = first.iter().map(|claimed| claimed.event.row.id).collect();
    // Whoever renews keeps them, whoever does not loses them.
    db.clock.set(NOW_MS + LEASE_MS - 1);
    assert_eq!(
        db.store.delivery_renew("w1", &ids, LEASE_MS).await.unwrap(),
        3
    );
    db.clock.set(NOW_MS + 2 * LEASE_MS - 2);
    assert_eq!(claim(&db, "w2", 9).await, []);
    db.clock.set(NOW_MS + 2 * LEASE_MS - 1);
    let second = claim(&db, "w2", 9).await;
    assert_eq!(second.len(), 3);
    assert!(second.iter().all(|delivery| delivery.fence == 2));
    assert_eq!(
        db.store.delivery_renew("w1", &ids, LEASE_MS).await.unwrap(),
        0
    );
    // What the first one says now does not count, but was tried.
    assert_eq!(
        complete(&db, &[ended(&first[0], DeliveryEnd::Dead, 500)]).await,
        0
    );
    let found = db
        .store
        .delivery_find(&first[0].event.row.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.0.state, found.0.attempts),
        (DeliveryState::Pending, 0)
    );
    assert_eq!(found.1, [attempt(500)]);
    let done: Vec<_> = second
        .iter()
        .map(|claimed| ended(claimed, DeliveryEnd::Delivered, 204))
        .collect();
    assert_eq!(complete(&db, &done).await, 3);
    assert_eq!(complete(&db, &done).await, 0, "once");
    assert_eq!(db.store.delivery_next_due().await.unwrap(), None);
}

/// Clocks are put right while work is under way: what is delivered once too often is recognised, and nothing is lost.
pub(crate) async fn a_clock_that_jumps_loses_nothing<F: Fixture>() {
    const HOUR_MS: u64 = 3_600_000;
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    let first = claim(&db, "w1", 9).await;
    assert_eq!(first.len(), 3);
    // An hour ahead of a sudden its hold seems to have run out: another has it, and what the first says does not count.
    db.clock.set(NOW_MS + HOUR_MS);
    let second = claim(&db, "w2", 9).await;
    assert_eq!(second.len(), 3);
    assert_eq!(
        complete(&db, &[ended(&first[0], DeliveryEnd::Delivered, 500)]).await,
        0
    );
    // An hour back: what happens now is taken at once.
    db.clock.set(NOW_MS);
    happen(&db, 1..2).await;
    let third = claim(&db, "w3", 9).await;
    assert_eq!(third.len(), 3);
    let all: Vec<_> = second.iter().chain(&third).collect();
    let done: Vec<_> = all
        .iter()
        .map(|delivery| ended(delivery, DeliveryEnd::Delivered, 1))
        .collect();
    assert_eq!(complete(&db, &done).await, 6);
    let ids: BTreeSet<DeliveryId> = all.iter().map(|delivery| delivery.event.row.id).collect();
    assert_eq!(ids.len(), 6, "each once, as far as anybody counts");
    assert_eq!(claim(&db, "w1", 9).await, []);
}

pub(crate) async fn what_came_of_it_is_kept<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    let claimed = claim(&db, "w", 9).await;
    let later = NOW_MS + 5_000;
    let ends = [
        DeliveryEnd::Delivered,
        DeliveryEnd::Retry { at_ms: later },
        DeliveryEnd::Dead,
    ];
    let completions: Vec<_> = claimed
        .iter()
        .zip(ends)
        .map(|(claimed, end)| ended(claimed, end, 500))
        .collect();
    assert_eq!(complete(&db, &completions).await, 3);
    let mut states = Vec::new();
    for claimed in &claimed {
        let (row, attempts) = db
            .store
            .delivery_find(&claimed.event.row.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((attempts.len(), row.attempts), (1, 1));
        states.push((row.state, row.finished_at_ms.is_some()));
    }
    assert_eq!(
        states,
        [
            (DeliveryState::Delivered, true),
            (DeliveryState::Pending, false),
            (DeliveryState::Dead, true)
        ]
    );
    assert_eq!(db.store.delivery_next_due().await.unwrap(), Some(later));
    db.clock.set(later - 1);
    assert_eq!(claim(&db, "w", 9).await, []);
    db.clock.set(later);
    let again = claim(&db, "w", 9).await;
    assert_eq!(again.len(), 1);
    assert_eq!(
        (again[0].event.row.id, again[0].event.row.attempts),
        (claimed[1].event.row.id, 1)
    );
}

pub(crate) async fn operators_send_again_and_cancel<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    let claimed = claim(&db, "w", 9).await;
    let id = claimed[0].event.row.id;
    complete(&db, &[ended(&claimed[0], DeliveryEnd::Delivered, 200)]).await;
    assert!(!db.store.delivery_cancel(&id).await.unwrap(), "it is over");
    assert!(db.store.delivery_retry(&id).await.unwrap());
    let again = claim(&db, "w", 9).await;
    assert_eq!(
        (again.len(), again[0].event.row.id),
        (1, id),
        "under the same id"
    );
    // While it is being tried it is cancelled: what comes of that does not count.
    assert!(db.store.delivery_cancel(&id).await.unwrap());
    assert_eq!(
        complete(&db, &[ended(&again[0], DeliveryEnd::Delivered, 200)]).await,
        0
    );
    let (row, attempts) = db.store.delivery_find(&id).await.unwrap().unwrap();
    assert_eq!((row.state, attempts.len()), (DeliveryState::Cancelled, 2));
    // What ended long ago goes, what is pending stays.
    assert_eq!(db.store.delivery_prune(NOW_MS, 9).await.unwrap(), 0);
    db.clock.set(NOW_MS + 1);
    assert_eq!(db.store.delivery_prune(NOW_MS + 1, 9).await.unwrap(), 1);
    assert_eq!(db.store.delivery_find(&id).await.unwrap(), None);
    assert_eq!(db.store.delivery_counts().await.unwrap().len(), 2);
    let unknown = DeliveryId::from_bytes([9; 16]);
    assert!(!db.store.delivery_retry(&unknown).await.unwrap());
    assert_eq!(db.store.delivery_find(&unknown).await.unwrap(), None);
}

pub(crate) async fn an_endpoint_that_fails_for_long_is_disabled<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..2).await;
    let states = async || {
        let rows = db.store.endpoint_list().await.unwrap();
        rows.into_iter()
            .map(|row| (row.state, row.failing_since_ms))
            .collect::<Vec<_>>()
    };
    let retry = |claimed: &ClaimedDelivery| {
        let at_ms = claimed.event.row.due_at_ms;
        ended(claimed, DeliveryEnd::Retry { at_ms }, 500)
    };
    let claimed = claim(&db, "w", 1).await;
    complete(
        &db,
        &[
            retry(&claimed[0]),
            ended(&claimed[1], DeliveryEnd::Gone, 410),
        ],
    )
    .await;
    assert_eq!(
        states().await,
        [
            (EndpointState::Enabled, Some(NOW_MS)),
            (EndpointState::Disabled, None)
        ]
    );
    // One that arrives in between makes it well again.
    db.clock.set(NOW_MS + DAY_MS - 1);
    let claimed = claim(&db, "w", 2).await;
    complete(
        &db,
        &[
            retry(&claimed[0]),
            ended(&claimed[1], DeliveryEnd::Delivered, 200),
        ],
    )
    .await;
    assert_eq!(states().await[0], (EndpointState::Enabled, None));
    for (now_ms, state) in [
        (NOW_MS + DAY_MS, EndpointState::Enabled),
        (NOW_MS + 2 * DAY_MS - 1, EndpointState::Enabled),
        (NOW_MS + 2 * DAY_MS, EndpointState::Disabled),
    ] {
        db.clock.set(now_ms);
        let claimed = claim(&db, "w", 1).await;
        complete(&db, &[retry(&claimed[0])]).await;
        assert_eq!(states().await[0].0, state, "{now_ms}");
    }
    // What happens meanwhile is kept, and sent once it is enabled.
    happen(&db, 2..3).await;
    assert_eq!(claim(&db, "w", 99).await, []);
    assert_eq!(db.store.delivery_next_due().await.unwrap(), None);
    // The same settings once more leave it; another address does not.
    db.store
        .endpoint_declare(&[everything("first"), everything("second")])
        .await
        .unwrap();
    assert_eq!(states().await[0].0, EndpointState::Disabled);
    assert!(db.store.endpoint_enable("first", true).await.unwrap());
    assert!(!db.store.endpoint_enable("nobody", true).await.unwrap());
    assert_eq!(states().await[0], (EndpointState::Enabled, None));
    assert_eq!(claim(&db, "w", 99).await.len(), 5);
    let mut moved = everything("second");
    moved.url = "https://new.example/".to_owned();
    db.store
        .endpoint_declare(&[everything("first"), moved])
        .await
        .unwrap();
    assert_eq!(states().await[1].0, EndpointState::Enabled);
    assert_eq!(
        claim(&db, "w", 99).await.len(),
        2,
        "one died with its word that it is gone"
    );
}

pub(crate) async fn each_endpoint_has_its_share<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..9).await;
    let endpoints = db.store.endpoint_list().await.unwrap();
    let claimed = claim(&db, "w", 4).await;
    for endpoint in &endpoints {
        let of_endpoint = claimed
            .iter()
            .filter(|delivery| delivery.event.row.endpoint == endpoint.id);
        let numbers: Vec<u64> = of_endpoint
            .map(|delivery| delivery.event.row.sequence)
            .collect();
        assert_eq!(numbers, [1, 2, 3, 4], "{}", endpoint.spec.name);
    }
    let one = db
        .store
        .delivery_claim("w", &[endpoints[1].id], 99, LEASE_MS)
        .await
        .unwrap();
    assert_eq!(one.len(), 5);
    assert!(
        one.iter()
            .all(|delivery| delivery.event.row.endpoint == endpoints[1].id)
    );
    assert_eq!(
        db.store
            .delivery_claim("w", &[], 99, LEASE_MS)
            .await
            .unwrap(),
        []
    );
}

pub(crate) async fn history_says_so<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(5).await.unwrap();
    db.watch(1, "ana").await;
    db.store
        .endpoint_declare(&[everything("first")])
        .await
        .unwrap();
    let ana = db.account(1).await;
    db.apply(&imported(transfer(3, &[ana]))).await;
    db.apply(&transfer(5, &[ana])).await;
    // Live for another address of the account, before this one was.
    db.apply(&transfer(6, &[])).await;
    db.watch(2, "ana").await;
    let mut older = transfer(4, &[ana]);
    older.activities[0].address = Some(crate::sample::address(2));
    db.apply(&imported(older)).await;
    while db.store.delivery_sequence().await.unwrap().read > 0 {}
    let claimed = claim(&db, "w", 9).await;
    let told: Vec<_> = claimed
        .iter()
        .map(|delivery| {
            let place = delivery.event.about.as_ref().unwrap().activity.place;
            (place.checkpoint, delivery.event.is_historical)
        })
        .collect();
    assert_eq!(told, [(3, true), (5, false), (4, true)]);
}

pub(crate) async fn what_is_withdrawn_is_told_to_nobody<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    let beto = db.account(2).await;
    let meaning = Commit {
        activities: vec![activity(place(0, 0), beto)],
        ..transfer(0, &[])
    };
    let correction = Correction {
        places: &[place(0, 0)],
        meaning: &meaning,
        reason: "rules",
        applies: true,
    };
    db.store.correct(&correction, &Named).await.unwrap();
    let claimed = claim(&db, "w", 9).await;
    assert_eq!(claimed.len(), 3);
    let gone: Vec<_> = claimed
        .iter()
        .filter(|delivery| delivery.event.about.is_none())
        .collect();
    assert_eq!(gone.len(), 2, "Ana's activity was none");
    let completion = Completion {
        attempt: None,
        ..ended(gone[0], DeliveryEnd::Cancelled, 0)
    };
    assert_eq!(complete(&db, &[completion]).await, 1);
    let (row, attempts) = db
        .store
        .delivery_find(&gone[0].event.row.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.state, row.attempts, attempts),
        (DeliveryState::Cancelled, 0, vec![])
    );
}

pub(crate) async fn counts_and_pages_lose_nothing<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..4).await;
    db.clock.set(NOW_MS + 1);
    happen(&db, 4..6).await;
    let claimed = claim(&db, "w", 1).await;
    complete(&db, &[ended(&claimed[0], DeliveryEnd::Delivered, 200)]).await;
    let endpoints = db.store.endpoint_list().await.unwrap();
    let (first, second) = (endpoints[0].id, endpoints[1].id);
    let counts = db.store.delivery_counts().await.unwrap();
    assert_eq!(
        counts,
        [
            (first, DeliveryState::Delivered, 1),
            (first, DeliveryState::Pending, 11),
            (second, DeliveryState::Pending, 6)
        ]
    );
    backlog_and_heads(&db, first, second).await;
    for (endpoint, state, expected) in [
        (None, None, 18),
        (Some(first), None, 12),
        (Some(second), Some(DeliveryState::Delivered), 0),
        (None, Some(DeliveryState::Pending), 17),
    ] {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let page = db
                .store
                .delivery_page(endpoint, state, before, 4)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.created_at_ms, last.id));
            ids.extend(page.iter().map(|row| row.id));
        }
        let apart: BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), apart.len()), (expected, expected));
    }
}
