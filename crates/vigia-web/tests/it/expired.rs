//! A transaction whose evidence was older than its retention is found by what it meant.

use serde_json::json;
use vigia_store::RetentionStore;

use crate::app::{ANA, TestApp, USER_HEADER};
use crate::sample;

/// Transfers at 0 and 1, of which the first has lost its evidence, and at 2 one between others.
async fn partly_expired() -> TestApp {
    use vigia_store::WatchStore;
    let app = TestApp::with_transfers().await;
    let others = [
        sample::entry(3, "carla", "Carla"),
        sample::entry(4, "dora", "Dora"),
    ];
    app.store.watch_add(&others).await.unwrap();
    let horizon = app.store.retention_raise(sample::GENESIS_MS + 1).await;
    assert_eq!(horizon.unwrap(), 1);
    let swept = app.store.retention_sweep(100).await.unwrap();
    assert_eq!(swept.transactions, 1);
    app
}

fn query(checkpoint: u64) -> String {
    format!(
        "{{ transaction(digest: \"{0}\") {{ digest checkpoint transactionIndex timestampMs \
         evidenceExpired evidence {{ transactionBcs }} activities {{ account {{ externalId }} }} \
         balanceEffects {{ address amountText }} }} rawTransaction(digest: \"{0}\") {{ digest }} }}",
        sample::digest(checkpoint)
    )
}

#[tokio::test]
async fn what_it_meant_is_told_without_evidence() {
    let app = partly_expired().await;
    let expired = app.graphql_as(Some("ana"), &query(0)).await;
    let expected = json!({
        "transaction": {
            "digest": sample::digest(0).to_string(), "checkpoint": 0, "transactionIndex": 0,
            "timestampMs": sample::GENESIS_MS, "evidenceExpired": true, "evidence": null,
            "activities": [{ "account": { "externalId": "ana" } }],
            "balanceEffects": [
                { "address": sample::address(ANA).to_string(), "amountText": "-5.00 cUSD" },
            ],
        },
        "rawTransaction": null,
    });
    assert_eq!(expired, json!({ "data": expected }));
    let all = app.graphql(&query(0)).await;
    let meant = &all["data"]["transaction"]["activities"];
    assert_eq!(meant.as_array().unwrap().len(), 2);

    let kept = &app.graphql(&query(1)).await["data"];
    assert_eq!(kept["transaction"]["evidenceExpired"], false);
    assert_eq!(
        kept["transaction"]["evidence"]["transactionBcs"],
        "dHJhbnNhY3Rpb24="
    );
    assert_eq!(kept["transaction"]["checkpoint"], 1);
    assert_eq!(
        kept["rawTransaction"]["digest"],
        sample::digest(1).to_string()
    );
}

#[tokio::test]
async fn others_learn_nothing_of_what_expired() {
    let app = partly_expired().await;
    let nothing = json!({ "data": { "transaction": null, "rawTransaction": null } });
    assert_eq!(app.graphql_as(Some("carla"), &query(0)).await, nothing);
    assert_eq!(app.graphql_as(Some("carla"), &query(1)).await, nothing);
    assert_eq!(app.graphql(&query(9)).await, nothing);
    let path = format!("/tx/{}", sample::digest(0));
    for (user, status) in [("carla", 404), ("nobody", 401), ("ana", 200)] {
        let response = app.get(&path).header(USER_HEADER, user).send().await;
        assert_eq!(response.unwrap().status(), status, "{user}");
    }
}

#[tokio::test]
async fn the_page_says_that_the_evidence_is_gone() {
    let app = partly_expired().await;
    for (language, said) in [
        ("es", "La evidencia ya no se guarda"),
        ("en", "The evidence is not kept any more"),
        ("pt", "A evidência não é mais guardada"),
    ] {
        let path = format!("/tx/{}?lang={language}", sample::digest(0));
        let page = app.page(&path).await;
        assert!(page.contains("data-evidence=\"expired\""), "{page}");
        assert!(page.contains(said), "{page}");
        assert_eq!(page.matches("data-activity=").count(), 2);
        assert!(
            (page.contains("5.00 cUSD") || page.contains("5,00 cUSD"))
                && page.contains("<dd>0/0</dd>"),
            "{page}"
        );
        assert!(!page.contains("<details>"));
    }
    let kept = app.page(&format!("/tx/{}", sample::digest(1))).await;
    assert!(!kept.contains("data-evidence"));
}
