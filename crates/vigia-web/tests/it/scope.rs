//! Nobody sees another user's data (I-14): every query, page and stream, by a user who tries.

use serde_json::json;

use crate::app::{ANA, BETO, TestApp, USER_HEADER, read_events};
use crate::sample;
use crate::socket::Socket;

/// Ana sent Beto something at 0 and 1; Carla sent Dora something at 2, which is none of theirs.
async fn neighbourhood() -> TestApp {
    use vigia_store::WatchStore;
    let app = TestApp::with_transfers().await;
    let others = [
        sample::entry(3, "carla", "Carla"),
        sample::entry(4, "dora", "Dora"),
    ];
    app.store.watch_add(&others).await.unwrap();
    let (carla, dora) = (app.account(3).await, app.account(4).await);
    app.apply(&sample::transfer(2, (3, carla), (4, dora))).await;
    app
}

#[tokio::test]
async fn lists_are_ones_own() {
    let app = neighbourhood().await;
    for list in ["activities", "notifications"] {
        let inner = match list {
            "activities" => "account { externalId }",
            _ => "activity { account { externalId } }",
        };
        let query = format!("{{ {list}(first: 100) {{ nodes {{ {inner} }} }} }}");
        let reply = app.graphql_as(Some("ana"), &query).await;
        assert_eq!(
            reply["data"][list]["nodes"].as_array().unwrap().len(),
            2,
            "{reply}"
        );
        assert!(!reply.to_string().contains("beto"));
        let all = app.graphql(&query).await;
        assert_eq!(all["data"][list]["nodes"].as_array().unwrap().len(), 6);
    }
}

#[tokio::test]
async fn filters_open_no_door() {
    let app = neighbourhood().await;
    let query = format!(
        "{{ activities(address: \"{}\") {{ nodes {{ id }} }} }}",
        sample::address(BETO)
    );
    let reply = app.graphql_as(Some("ana"), &query).await;
    assert_eq!(reply["data"]["activities"]["nodes"], json!([]));
    let page = app.get(&format!("/?address={}", sample::address(BETO)));
    let page = page.header(USER_HEADER, "ana").send().await.unwrap();
    assert!(!page.text().await.unwrap().contains("data-activity"));
}

#[tokio::test]
async fn transactions_are_for_those_they_concern() {
    let app = neighbourhood().await;
    let query = |checkpoint| {
        format!(
            "{{ rawTransaction(digest: \"{}\") {{ activities {{ account {{ externalId }} }} \
             balanceEffects {{ address }} reasons {{ target }} }} }}",
            sample::digest(checkpoint)
        )
    };
    let others = app.graphql_as(Some("ana"), &query(2)).await;
    assert_eq!(others["data"]["rawTransaction"], json!(null));

    let own = app.graphql_as(Some("ana"), &query(1)).await;
    let address = sample::address(ANA).to_string();
    let expected = json!({
        "activities": [{ "account": { "externalId": "ana" } }],
        "balanceEffects": [{ "address": address }],
        "reasons": [{ "target": address }],
    });
    assert_eq!(own["data"]["rawTransaction"], expected);
}

#[tokio::test]
async fn counts_and_provider_are_the_operators() {
    let app = neighbourhood().await;
    let query =
        "{ status { watermark activities rawTransactions watchedAddresses provider { url } } }";
    let status = &app.graphql_as(Some("ana"), query).await["data"]["status"];
    let expected = json!({
        "watermark": 2, "activities": null, "rawTransactions": null, "watchedAddresses": null,
        "provider": null,
    });
    assert_eq!(*status, expected);
    let page = app
        .get("/ingestion")
        .header(USER_HEADER, "ana")
        .send()
        .await
        .unwrap();
    assert!(!page.text().await.unwrap().contains("data-count"));
}

#[tokio::test]
async fn pages_are_ones_own() {
    let app = neighbourhood().await;
    let page = async |path: String| {
        let response = app
            .get(&path)
            .header(USER_HEADER, "ana")
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (_, feed) = page("/".to_owned()).await;
    assert_eq!(feed.matches("data-activity=").count(), 2);
    assert_eq!(feed.matches("data-direction=\"out\"").count(), 2);
    let (_, inbox) = page("/inbox".to_owned()).await;
    assert_eq!(inbox.matches("data-notification=").count(), 2);
    assert!(!inbox.contains("Dora"));
    assert_eq!(page(format!("/tx/{}", sample::digest(2))).await.0, 404);
    let (status, own) = page(format!("/tx/{}", sample::digest(1))).await;
    assert_eq!((status, own.matches("data-activity=").count()), (200, 1));
}

#[tokio::test]
async fn streams_are_ones_own() {
    let app = neighbourhood().await;
    let stream = app
        .get("/live?after=0")
        .header(USER_HEADER, "ana")
        .send()
        .await
        .unwrap();
    app.transfer(3).await;
    let events = read_events(stream, 3).await;
    let ids: Vec<&str> = events.iter().map(|(id, _)| &**id).collect();
    assert_eq!(ids, ["1", "3", "7"]);
}

#[tokio::test]
async fn subscriptions_are_ones_own() {
    let app = neighbourhood().await;
    let mut socket = Socket::open(&app, Some("dora")).await;
    socket
        .subscribe(
            "a",
            "subscription { activityAdded(after: \"0\") { id account { externalId } } }",
        )
        .await;
    let first = socket.next_data("a").await;
    assert_eq!(first["activityAdded"]["account"]["externalId"], "dora");
    app.transfer(3).await;
    let (carla, dora) = (app.account(3).await, app.account(4).await);
    app.apply(&sample::transfer(4, (3, carla), (4, dora))).await;
    let second = socket.next_data("a").await;
    assert_eq!(
        second["activityAdded"],
        json!({ "id": "10", "account": { "externalId": "dora" } })
    );
}
