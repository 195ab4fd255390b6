//! Corrections: tried without a trace, written with revisions, and nobody is told.

use serde_json::json;
use vigia_core::{
    AccountId, Activity, Address, AddressBook, BusinessEvent, BusinessFolder, BusinessKey,
    BusinessOutcome, Commit, Slot,
};
use vigia_store::{Correction, CorrectionStore, ReadStore, SqlStore};

use crate::sample::{self, Trades, activity, place, trade_event, transfer};
use crate::suite::{Db, Fixture};

/// Trades whose activities name their contract, as those of declared contracts do.
pub(crate) struct Named;

impl BusinessFolder for Named {
    fn parties(&self, key: &BusinessKey, events: &[BusinessEvent]) -> Vec<Address> {
        Trades.parties(key, events)
    }

    fn fold(
        &self,
        key: &BusinessKey,
        events: &[BusinessEvent],
        book: &AddressBook,
    ) -> BusinessOutcome {
        let mut outcome = Trades.fold(key, events, book);
        for activity in &mut outcome.activities {
            activity.contract = Some(key.contract.clone());
        }
        outcome
    }
}

/// A revision, for copies.
pub(crate) async fn fill(store: &SqlStore, account: AccountId) {
    let at = place(5, 0);
    let meaning = Commit {
        activities: vec![activity(at, account)],
        ..transfer(5, &[])
    };
    let correction = Correction {
        places: &[at],
        meaning: &meaning,
        reason: "a copy carries it",
        applies: true,
    };
    let changes = store.correct(&correction, &Named).await.unwrap();
    assert!(!changes.is_empty());
}

/// What was stored of checkpoint 1, corrected: ana's amount is another, beto's activity is none, and ana
/// has another one.
async fn corrected<F: Fixture>(db: &Db<F>) -> Commit {
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.apply(&transfer(1, &[ana, beto])).await;
    let at = place(1, 0);
    let first = Activity {
        amount: Some(7),
        ..activity(at, ana)
    };
    let second = Activity {
        slot: Slot::Event(3),
        kind: "refund".to_owned(),
        ..activity(at, ana)
    };
    Commit {
        activities: vec![first, second],
        ..transfer(1, &[])
    }
}

pub(crate) async fn a_trial_writes_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let meaning = corrected(&db).await;
    let before = db.dump().await;
    let trial = Correction {
        places: &[place(1, 0)],
        meaning: &meaning,
        reason: "trial",
        applies: false,
    };
    let changes = db.store.correct(&trial, &Named).await.unwrap();
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert_eq!(db.dump().await, before);
    assert_eq!(db.store.activity_revision_list(0, 9).await.unwrap(), []);
    // What is as it was is no change.
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let same = Correction {
        meaning: &transfer(1, &[ana, beto]),
        ..trial
    };
    assert_eq!(db.store.correct(&same, &Named).await.unwrap(), []);
}

pub(crate) async fn corrections_have_revisions_and_tell_nobody<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let meaning = corrected(&db).await;
    let before = db.store.status().await.unwrap();
    let correction = Correction {
        places: &[place(1, 0)],
        meaning: &meaning,
        reason: "rules of pay",
        applies: true,
    };
    let changes = db.store.correct(&correction, &Named).await.unwrap();
    let shapes: Vec<(bool, bool)> = changes
        .iter()
        .map(|change| (change.before.is_some(), change.after.is_some()))
        .collect();
    assert_eq!(
        shapes
            .iter()
            .filter(|shape| **shape == (true, true))
            .count(),
        1
    );
    assert_eq!(
        shapes
            .iter()
            .filter(|shape| **shape == (false, true))
            .count(),
        1
    );
    assert_eq!(
        shapes
            .iter()
            .filter(|shape| **shape == (true, false))
            .count(),
        1
    );

    let revisions = db.store.activity_revision_list(0, 9).await.unwrap();
    assert_eq!(revisions.len(), 3);
    assert!(
        revisions
            .iter()
            .all(|revision| revision.reason == "rules of pay")
    );
    let raised = revisions
        .iter()
        .find(|r| r.before.is_some() && r.after.is_some());
    let raised = raised.unwrap();
    assert_ne!(raised.before.as_ref().unwrap()["amount"], "7");
    assert_eq!(raised.after.as_ref().unwrap()["amount"], "7");
    let after = db.store.status().await.unwrap();
    assert_eq!(after.activities, before.activities);
    // One of the two that were told is none any more, and the new one tells nobody.
    assert_eq!(after.notifications, before.notifications - 1);

    // Again, and by the live lane, nothing changes.
    assert_eq!(db.store.correct(&correction, &Named).await.unwrap(), []);
    let rest = db
        .store
        .activity_revision_list(revisions[0].id, 9)
        .await
        .unwrap();
    assert_eq!(rest, revisions[1..]);
}

pub(crate) async fn objects_are_folded_again<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let made = trade_event(6, "t-1", "Offered", json!({ "party": 1 }));
    let taken = trade_event(7, "t-1", "Accepted", json!({ "party": 1 }));
    db.apply_folding(&made, &Named).await;
    db.apply_folding(&taken, &Named).await;
    // The event names somebody else, and the other event of the trade concerns them too.
    let mut mended = taken.clone();
    mended.business_events[0].fields = json!({ "party": 2 });
    let correction = Correction {
        places: &[place(7, 4)],
        meaning: &mended,
        reason: "who accepted",
        applies: true,
    };
    let changes = db.store.correct(&correction, &Named).await.unwrap();
    let beto = db.account(2).await;
    let added: Vec<_> = changes
        .iter()
        .filter(|change| change.before.is_none())
        .collect();
    assert_eq!(added.len(), 2, "{changes:?}");
    assert!(added.iter().all(|change| change.account == beto));

    // The event is of another trade: the first has one event left, and then none.
    let mut moved = mended.clone();
    moved.business_events[0].key.id = "t-2".to_owned();
    let moving = Correction {
        meaning: &moved,
        ..correction
    };
    db.store.correct(&moving, &Named).await.unwrap();
    let objects = db.dump_of("object").await;
    assert_eq!(objects.len(), 2, "{objects:?}");
    let nothing = Commit {
        business_events: vec![],
        ..moved
    };
    let emptied = Correction {
        meaning: &nothing,
        ..correction
    };
    db.store.correct(&emptied, &Named).await.unwrap();
    let objects = db.dump_of("object").await;
    assert_eq!(objects.len(), 1, "{objects:?}");
}

pub(crate) async fn evidence_comes_in_pages<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for checkpoint in 0..3 {
        db.apply(&transfer(checkpoint, &[])).await;
    }
    let first = db.store.raw_page(None, 1, 9).await.unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(
        first[1].transaction_bcs,
        sample::raw(place(1, 0)).transaction_bcs
    );
    let rest = db
        .store
        .raw_page(Some(first[0].place), u64::MAX, 1)
        .await
        .unwrap();
    assert_eq!(rest[0].place, first[1].place);
}

pub(crate) async fn redecoded_fields_move_the_state_alone<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let made = trade_event(6, "t-1", "Offered", json!({ "party": 1 }));
    db.apply_folding(&made, &Named).await;
    let activities = db.dump_of("activity").await;
    let mut again = made.business_events.clone();
    let store = &db.store;
    assert_eq!(
        store.business_event_redecode(&again, &Named).await.unwrap(),
        0
    );
    again[0].fields = json!({ "party": 2 });
    assert_eq!(
        store.business_event_redecode(&again, &Named).await.unwrap(),
        1
    );
    let events = db.dump_of("event").await;
    assert!(events[0].contains("party\\\":2"), "{events:?}");
    assert_eq!(db.dump_of("activity").await, activities);
    // What is not stored is not added.
    again[0].key.id = "t-9".to_owned();
    assert_eq!(
        store.business_event_redecode(&again, &Named).await.unwrap(),
        0
    );
    assert_eq!(db.dump_of("object").await.len(), 1);
}
