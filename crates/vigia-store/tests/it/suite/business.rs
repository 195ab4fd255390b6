//! Business objects: the fold of all stored events, whatever order they arrive in (I-11).

use serde_json::json;
use vigia_core::{Commit, Lane};

use crate::sample::{Trades, imported, trade_event};
use crate::suite::{Applied, Db, Fixture, permutations};

/// Ana offers, Beto accepts, it completes.
fn trade() -> [Commit; 3] {
    [
        trade_event(0, "t-1", "Offered", json!({ "party": 1 })),
        trade_event(1, "t-1", "Accepted", json!({ "party": 2 })),
        trade_event(2, "t-1", "Completed", json!({})),
    ]
}

pub(crate) async fn order_of_arrival_does_not_matter<F: Fixture>() {
    let mut expected = None;
    for order in permutations(3) {
        let db = Db::<F>::with_people().await;
        for index in order {
            db.apply_folding(&trade()[index], &Trades).await;
        }
        let rows = db.dump().await;
        assert_eq!(*expected.get_or_insert_with(|| rows.clone()), rows);
        assert_eq!(
            db.dump_of("activity").await.len(),
            6,
            "each event, each party"
        );
        let object = &db.dump_of("object").await[0];
        assert!(object.contains("Offered>Accepted>Completed"), "{object}");
    }
}

pub(crate) async fn becomes_attributable_once<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let [offered, accepted, completed] = trade();
    assert_eq!(
        db.apply_folding(&offered, &Trades).await,
        Applied(1, 1, 1),
        "ana alone"
    );
    let second = db.apply_folding(&accepted, &Trades).await;
    assert_eq!(second, Applied(1, 3, 3), "both, and beto about the offer");
    assert_eq!(
        db.apply_folding(&completed, &Trades).await,
        Applied(1, 2, 2)
    );
    assert_eq!(db.dump_of("notification").await.len(), 6);
}

pub(crate) async fn replayed_events_change_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    for commit in &trade() {
        db.apply_folding(commit, &Trades).await;
    }
    let rows = db.dump().await;
    for commit in trade().into_iter().rev() {
        let again = Commit {
            lane: Lane::Live,
            ..commit
        };
        assert_eq!(db.apply_folding(&again, &Trades).await, Applied(0, 0, 0));
    }
    assert_eq!(db.dump_of("object").await, {
        let mut objects = rows.clone();
        objects.retain(|row| row.starts_with("object "));
        objects
    });
    assert_eq!(db.dump().await, rows);
}

pub(crate) async fn objects_of_one_batch_stay_apart<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let mut batch = trade_event(0, "a", "Offered", json!({ "party": 1 }));
    for (checkpoint, id, party) in [(1, "b", 2), (2, "a\"]", 1), (3, "", 2)] {
        let other = trade_event(checkpoint, id, "Offered", json!({ "party": party }));
        batch.raw_transactions.extend(other.raw_transactions);
        batch.business_events.extend(other.business_events);
        batch.ranges.extend(other.ranges);
    }
    assert_eq!(
        db.apply_folding(&imported(batch), &Trades).await,
        Applied(4, 4, 0)
    );
    assert_eq!(db.dump_of("object").await.len(), 4);
}
