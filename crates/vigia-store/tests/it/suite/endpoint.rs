//! Endpoints of accounts, what is sent again, throttles, corrections and tests.

use vigia_core::{Commit, DeliveryId};
use vigia_store::{
    ACCOUNT_ENDPOINTS_MAX, AccountEndpoint, AttemptRow, ClaimedDelivery, Completion, Correction,
    CorrectionStore, DeliveryEnd, DeliveryKind, DeliveryStore, EndpointFilter, EndpointSpec,
    EndpointState, InboxStore, ReadStore,
};

use crate::sample::{activity, place, transfer};
use crate::suite::correction::Named;
use crate::suite::inbox::{shop, user};
use crate::suite::{Db, Fixture, NOW_MS, inbox_of};

const LEASE_MS: u64 = 10_000;

fn spec(name: &str) -> EndpointSpec {
    EndpointSpec {
        name: name.to_owned(),
        url: format!("https://{name}.example/"),
        filter: EndpointFilter::default(),
        per_second: None,
    }
}

pub(crate) async fn of_account<F: Fixture>(db: &Db<F>, n: u64, name: &str) -> Option<i64> {
    let endpoint = AccountEndpoint {
        spec: spec(name),
        account: db.account(n).await,
        label: format!("the {name} one"),
        secrets: "sealed".to_owned(),
    };
    db.store.endpoint_create(&endpoint).await.unwrap()
}

async fn sequence<F: Fixture>(db: &Db<F>) {
    while db.store.delivery_sequence().await.unwrap().read > 0 {}
}

async fn claim<F: Fixture>(db: &Db<F>, endpoint: i64, max: u32) -> Vec<ClaimedDelivery> {
    let endpoints = [endpoint];
    let claimed = db.store.delivery_claim("w", &endpoints, max, LEASE_MS);
    claimed.await.unwrap()
}

fn ended(claimed: &ClaimedDelivery, end: DeliveryEnd) -> Completion {
    Completion {
        id: claimed.event.row.id,
        fence: claimed.fence,
        end,
        attempt: Some(AttemptRow {
            started_at_ms: NOW_MS,
            duration_ms: 1,
            status: Some(500),
            error: None,
            response_head: String::new(),
        }),
    }
}

pub(crate) async fn an_accounts_endpoint_is_told_of_it_alone<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.apply(&transfer(0, &[ana, beto])).await;
    let endpoint = of_account(&db, 1, "we_ana").await.unwrap();
    // What settings declare leaves it alone, and it them.
    db.store.endpoint_declare(&[spec("ledger")]).await.unwrap();
    db.apply(&transfer(1, &[ana, beto])).await;
    sequence(&db).await;
    let told = claim(&db, endpoint, 9).await;
    assert_eq!(told.len(), 1, "of what happened since, and of Ana alone");
    assert_eq!(told[0].event.about.as_ref().unwrap().account.id, ana);
    let rows = db.store.endpoint_list().await.unwrap();
    assert_eq!((rows[0].sequence, rows[1].sequence), (1, 2));
    assert_eq!(rows[0].account, Some((ana, "ana".to_owned())));
    assert_eq!(rows[0].label, "the we_ana one");
    assert_eq!(rows[0].secrets.as_deref(), Some("sealed"));

    let mut moved = spec("we_ana");
    moved.url = "https://new.example/".to_owned();
    moved.per_second = Some(7);
    assert!(db.store.endpoint_update(&moved, "x").await.unwrap());
    assert!(
        !db.store
            .endpoint_update(&spec("ledger"), "x")
            .await
            .unwrap(),
        "the operator's"
    );
    assert!(
        !db.store
            .endpoint_secrets("we_ana", "other", "new")
            .await
            .unwrap()
    );
    assert!(
        db.store
            .endpoint_secrets("we_ana", "sealed", "new")
            .await
            .unwrap()
    );
    let rows = db.store.endpoint_list().await.unwrap();
    assert_eq!(
        (&rows[0].spec, rows[0].secrets.as_deref()),
        (&moved, Some("new"))
    );
    assert!(db.store.endpoint_remove("we_ana").await.unwrap());
    assert!(!db.store.endpoint_remove("we_ana").await.unwrap());
    let rows = db.store.endpoint_list().await.unwrap();
    assert_eq!(
        (rows[0].state, &rows[0].secrets),
        (EndpointState::Removed, &None)
    );

    for n in 0..ACCOUNT_ENDPOINTS_MAX {
        assert!(of_account(&db, 1, &format!("we_{n}")).await.is_some());
    }
    assert_eq!(of_account(&db, 1, "we_more").await, None);
    assert!(of_account(&db, 2, "we_beto").await.is_some());
}

pub(crate) async fn whoever_may_manages_and_is_told<F: Fixture>() {
    let db = shop::<F>().await;
    let owner = user(&db, "owner").await;
    assert_eq!(db.store.endpoint_owned(owner).await.unwrap(), []);
    crate::suite::source::follow(
        &db,
        &[
            crate::suite::source::shop_member(1, "owner", "read notify webhook"),
            crate::suite::source::shop_member(1, "clerk", "read notify"),
        ],
    )
    .await;
    let shop = db.account(1).await;
    let owned = db.store.endpoint_owned(owner).await.unwrap();
    assert_eq!(owned, [(shop, "shop".to_owned())]);
    assert_eq!(db.store.account_find("shop").await.unwrap(), Some(shop));
    assert_eq!(db.store.account_find("nobody").await.unwrap(), None);
    let endpoint = of_account(&db, 1, "we_shop").await.unwrap();
    db.apply(&transfer(0, &[shop])).await;
    sequence(&db).await;
    let claimed = claim(&db, endpoint, 1).await;
    let gone = [ended(&claimed[0], DeliveryEnd::Gone)];
    db.store.delivery_complete(&gone, 1_000).await.unwrap();
    let notices = async |name: &str| {
        let inbox = inbox_of(&db.scope(name).await);
        let rows = db.store.notification_page(&inbox, None, 9).await.unwrap();
        rows.into_iter()
            .filter(|row| row.kind.as_str() == "WEBHOOK_DISABLED")
            .map(|row| row.details)
            .collect::<Vec<_>>()
    };
    let told = notices("owner").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["endpoint"], "the we_shop one");
    assert_eq!(told[0]["reason"], "it answered 410 Gone");
    assert_eq!(notices("clerk").await.len(), 0);
}

pub(crate) async fn what_is_sent_again_stands_behind<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    db.store.endpoint_declare(&[spec("all")]).await.unwrap();
    let endpoint = db.store.endpoint_list().await.unwrap()[0].id;
    let ana = db.account(1).await;
    for checkpoint in 0..6 {
        db.apply(&transfer(checkpoint, &[ana])).await;
    }
    sequence(&db).await;
    // A single place is for one, half the places for either kind.
    let mut all = Vec::new();
    for _ in 0..6 {
        let one = claim(&db, endpoint, 1).await;
        assert_eq!(one.len(), 1);
        all.extend(one);
    }
    let mut ends: Vec<_> = all
        .iter()
        .map(|one| ended(one, DeliveryEnd::Delivered))
        .collect();
    ends[2].end = DeliveryEnd::Dead;
    ends[4].end = DeliveryEnd::Dead;
    db.store.delivery_complete(&ends, 1_000).await.unwrap();
    let replay = async |from, to, only_dead, limit| {
        let replayed = db
            .store
            .delivery_replay(endpoint, from, to, only_dead, limit);
        replayed.await.unwrap()
    };
    assert_eq!(
        replay(1, 4, true, 9).await,
        1,
        "the dead one up to the fourth"
    );
    assert_eq!(
        replay(1, u64::MAX, false, 4).await,
        4,
        "no more than wanted"
    );
    assert_eq!(replay(1, u64::MAX, false, 9).await, 1);
    db.apply(&transfer(6, &[ana])).await;
    sequence(&db).await;
    let first = claim(&db, endpoint, 1).await;
    assert_eq!(first[0].event.row.sequence, 7, "what happens comes first");
    let ids: Vec<DeliveryId> = all.iter().map(|one| one.event.row.id).collect();
    let mut again = Vec::new();
    loop {
        let some = claim(&db, endpoint, 4).await;
        assert!(some.len() <= 4);
        if some.is_empty() {
            break;
        }
        again.extend(some.iter().map(|one| one.event.row.id));
    }
    assert_eq!(again, ids, "under the same ids");
}

pub(crate) async fn a_throttle_holds_across_workers<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let slow = EndpointSpec {
        per_second: Some(4),
        ..spec("slow")
    };
    db.store
        .endpoint_declare(&[slow, spec("fast")])
        .await
        .unwrap();
    let endpoints = db.store.endpoint_list().await.unwrap();
    let (slow, fast) = (endpoints[0].id, endpoints[1].id);
    let ana = db.account(1).await;
    for checkpoint in 0..40 {
        db.apply(&transfer(checkpoint, &[ana])).await;
    }
    sequence(&db).await;
    let other = db.fixture.open(db.clock.clone()).await;
    let taken = async |holder: &str| {
        let both = [slow, fast];
        let claim = db.store.delivery_claim(holder, &both, 10, LEASE_MS);
        let mine = claim.await.unwrap();
        let claim = other.delivery_claim("other", &both, 10, LEASE_MS);
        let theirs = claim.await.unwrap();
        let of = |endpoint| {
            let all = mine.iter().chain(&theirs);
            all.filter(|one| one.event.row.endpoint == endpoint).count()
        };
        (of(slow), of(fast))
    };
    // A second's worth after a pause, of both together; the other endpoint is not held up.
    assert_eq!(taken("w").await, (4, 20));
    assert_eq!(taken("w").await, (0, 20));
    db.clock.set(NOW_MS + 500);
    assert_eq!(taken("w").await, (2, 0));
    db.clock.set(NOW_MS + 5_500);
    assert_eq!(taken("w").await.0, 4, "a pause is not saved up");
}

pub(crate) async fn corrections_and_tests_are_events<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let payments = EndpointSpec {
        filter: EndpointFilter {
            kinds: vec!["payment".to_owned()],
            ..EndpointFilter::default()
        },
        ..spec("payments")
    };
    db.store
        .endpoint_declare(&[spec("all"), payments])
        .await
        .unwrap();
    let endpoints = db.store.endpoint_list().await.unwrap();
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.apply(&transfer(0, &[ana, beto])).await;
    sequence(&db).await;
    let mut renamed = activity(place(0, 0), beto);
    renamed.kind = "payment".to_owned();
    let meaning = Commit {
        activities: vec![renamed],
        ..transfer(0, &[])
    };
    let correction = Correction {
        places: &[place(0, 0)],
        meaning: &meaning,
        reason: "better rules",
        applies: true,
    };
    db.store.correct(&correction, &Named).await.unwrap();
    sequence(&db).await;
    let test = db.store.endpoint_test("all").await.unwrap().unwrap();
    assert_eq!(db.store.endpoint_test("nobody").await.unwrap(), None);
    sequence(&db).await;
    let events = db
        .store
        .delivery_events("all", 0, 99)
        .await
        .unwrap()
        .unwrap();
    let mut kinds: Vec<_> = events[2..4].iter().map(|event| event.row.kind).collect();
    kinds.sort_by_key(|kind| kind.as_str());
    assert_eq!(kinds, [DeliveryKind::Corrected, DeliveryKind::Withdrawn]);
    let numbers: Vec<u64> = events.iter().map(|event| event.row.sequence).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let is_corrected =
        |event: &&vigia_store::DeliveryEvent| event.row.kind == DeliveryKind::Corrected;
    let corrected = events.iter().find(is_corrected).unwrap();
    assert_eq!(corrected.about.as_ref().unwrap().activity.kind, "payment");
    let revision = corrected.revision.as_ref().unwrap();
    assert_eq!(revision.reason, "better rules");
    assert_eq!(revision.before.as_ref().unwrap()["kind"], "transfer");
    assert_eq!(
        (events[4].row.kind, events[4].row.id),
        (DeliveryKind::Test, test)
    );
    assert!(events[4].about.is_none());
    // Whoever was not told of it before is told of what it is now.
    let events = db
        .store
        .delivery_events("payments", 0, 99)
        .await
        .unwrap()
        .unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.row.kind).collect();
    assert_eq!(kinds, [DeliveryKind::Corrected]);
    assert_eq!(endpoints.len(), 2);
    assert!(db.store.status().await.unwrap().activities > 0);
}
