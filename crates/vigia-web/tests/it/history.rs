//! How far the history of an address is: for whoever may read its account, and counted for operators.

use serde_json::{Value, json};
use vigia_store::{
    BackfillGuard, BackfillOutcome, BackfillState, BackfillStore, IngestStore as _, LeaseStore,
};

use crate::app::{TestApp, USER_HEADER};

const ADDRESSES: &str = "{ addresses(first: 10) { edges { node { address account liveFrom history \
                         { state completeFrom reason } } } pageInfo { hasNextPage } } }";

/// Two people, whose histories are wanted, and one of which is pruned below checkpoint 7.
async fn app_with_histories() -> TestApp {
    let app = TestApp::empty().await;
    app.store.live_begin(0).await.unwrap();
    app.store.set_fetches_history(true);
    app.register("Ana").await;
    app.transfer(0).await;
    let fence = app.store.lease_claim("backfill", "test", 60_000).await;
    let guard = BackfillGuard {
        lease: "backfill".to_owned(),
        fence: fence.unwrap().unwrap(),
    };
    let batch = app.store.backfill_next(1).await.unwrap().unwrap();
    let outcome = BackfillOutcome {
        state: BackfillState::Pruned,
        complete_from: Some(7),
        reason: Some("<nobody> keeps it".to_owned()),
    };
    let begun = app.store.backfill_begin(&guard, &batch, 7, 9);
    assert!(begun.await.unwrap());
    let finished = app.store.backfill_finish(&guard, batch.id, &outcome);
    assert!(finished.await.unwrap());
    app
}

fn histories(reply: &Value) -> Vec<Value> {
    let edges = reply["data"]["addresses"]["edges"].as_array();
    let edges = edges.unwrap_or_else(|| panic!("{reply}"));
    edges
        .iter()
        .map(|edge| edge["node"]["history"].clone())
        .collect()
}

#[tokio::test]
async fn everybody_sees_the_histories_of_their_addresses() {
    let app = app_with_histories().await;
    let pruned = json!({
        "state": "PRUNED", "completeFrom": 7, "reason": "<nobody> keeps it",
    });
    let waiting = json!({ "state": "WAITING", "completeFrom": null, "reason": null });
    let all = histories(&app.graphql(ADDRESSES).await);
    assert_eq!(all, [pruned.clone(), waiting.clone()]);
    let ana = histories(&app.graphql_as(Some("ana"), ADDRESSES).await);
    assert_eq!(ana.len(), 1, "Ana sees hers alone");
    let beto = histories(&app.graphql_as(Some("beto"), ADDRESSES).await);
    assert_eq!(beto.len(), 1);
    assert_ne!(ana, beto);
    let wrong = "{ addresses(after: \"bm90\") { edges { cursor } } }";
    let error = app.graphql(wrong).await;
    assert!(error["errors"][0]["message"].as_str().is_some(), "{error}");
}

#[tokio::test]
async fn the_page_says_how_far_each_history_is() {
    let app = app_with_histories().await;
    let (_, ana) = app.seen(Some("ana"), "/addresses").await;
    for part in [
        "data-history=\"pruned\"",
        "history is cut off",
        "nothing is missing from checkpoint 7",
        "&lt;nobody&gt; keeps it",
        "added",
        "live from checkpoint 0",
    ] {
        assert!(ana.contains(part), "{part} is not in {ana}");
    }
    let (_, beto) = app.seen(Some("beto"), "/addresses").await;
    assert!(beto.contains("history is waiting"), "{beto}");
    assert!(!beto.contains("keeps it"), "{beto}");
}

#[tokio::test]
async fn operators_see_how_many_there_are() {
    let app = app_with_histories().await;
    let query = "{ status { histories { state addresses } } }";
    let expected = json!([
        { "state": "WAITING", "addresses": 1 },
        { "state": "PRUNED", "addresses": 1 },
    ]);
    let status = app.graphql(query).await;
    assert_eq!(status["data"]["status"]["histories"], expected);
    let page = app.page("/ingestion?lang=en").await;
    for (state, label) in [
        ("waiting", "Waiting"),
        ("pruned", "Only what is still kept"),
    ] {
        assert!(
            page.contains(&format!("data-history=\"{state}\"")),
            "{page}"
        );
        assert!(page.contains(label), "{page}");
    }
    let status = app.graphql_as(Some("ana"), query).await;
    assert_eq!(
        status,
        json!({ "data": { "status": { "histories": null } } })
    );
    let page = app.get("/ingestion").header(USER_HEADER, "ana");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("data-history"));
}
