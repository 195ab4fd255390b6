//! Queries: what they answer, how they page, what they say of bad arguments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::app::{ANA, TestApp};
use crate::sample;

#[test]
fn schema_file_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let sdl = vigia_web::schema_sdl();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &sdl).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == sdl,
        "schema.graphql is out of date: run this test with UPDATE_SCHEMA=1"
    );
}

#[tokio::test]
async fn every_field_is_documented() {
    let app = TestApp::with(|config| config.development = true).await;
    let reply = app
        .graphql("{ __schema { types { name description fields { name description } } } }")
        .await;
    for kind in reply["data"]["__schema"]["types"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        if name.starts_with("__") {
            continue;
        }
        // IDs are the language's own; of connections the library describes only the fields.
        let described =
            kind["description"].is_string() || name == "ID" || name.ends_with("Connection");
        assert!(described, "{name}");
        for field in kind["fields"].as_array().into_iter().flatten() {
            assert!(field["description"].is_string(), "{name}.{field}");
        }
    }
}

#[tokio::test]
async fn status_of_an_empty_store() {
    let app = TestApp::empty().await;
    let reply = app
        .graphql("{ status { chainId watermark tip lagCheckpoints rawTransactions version } }")
        .await;
    let expected = json!({
        "chainId": null, "watermark": null, "tip": null, "lagCheckpoints": null,
        "rawTransactions": 0, "version": "0.0-test",
    });
    assert_eq!(reply, json!({ "data": { "status": expected } }));
}

#[tokio::test]
async fn status_counts_and_lag() {
    use vigia_store::{IngestStore, ProviderReport};
    let app = TestApp::with_transfers().await;
    let report = ProviderReport {
        url: "http://node".to_owned(),
        tip: Some(41),
        error: Some("late".to_owned()),
        at_ms: 5,
    };
    app.store.provider_report(&report).await.unwrap();
    let query = "{ status { watermark tip lagCheckpoints activities notifications failed \
                 watchedAddresses provider { url error reportedAtMs } } }";
    let status = &app.graphql(query).await["data"]["status"];
    let expected = json!({
        "watermark": 1, "tip": 41, "lagCheckpoints": 40, "activities": 4, "notifications": 4,
        "failed": 0, "watchedAddresses": 2,
        "provider": { "url": "http://node", "error": "late", "reportedAtMs": 5 },
    });
    assert_eq!(*status, expected);
}

#[tokio::test]
async fn tip_is_never_below_the_watermark() {
    use vigia_store::{IngestStore, ProviderReport};
    let app = TestApp::with_people("Ana").await;
    app.transfer(0).await;
    app.transfer(1).await;
    let query = "{ status { watermark tip lagCheckpoints } }";
    let caught_up = json!({ "watermark": 1, "tip": 1, "lagCheckpoints": 0 });
    assert_eq!(app.graphql(query).await["data"]["status"], caught_up);
    // The poller reports now and then; commits go on meanwhile.
    let report = ProviderReport {
        url: "http://node".to_owned(),
        tip: Some(0),
        error: None,
        at_ms: 5,
    };
    app.store.provider_report(&report).await.unwrap();
    assert_eq!(app.graphql(query).await["data"]["status"], caught_up);
    let page = app.page("/ingestion?lang=en").await;
    assert!(page.contains("data-tip>1<"), "{page}");
    assert!(page.contains("data-lag>0<"), "{page}");
}

#[tokio::test]
async fn activities_say_what_happened() {
    let app = TestApp::with_transfers().await;
    let query = "{ activities(first: 1) { nodes { id digest checkpoint transactionIndex kind \
                 direction status amount amountText counterpartyName details \
                 account { externalId kind } coin { symbol decimals } } \
                 pageInfo { hasNextPage } } }";
    let page = &app.graphql(query).await["data"]["activities"];
    let expected = json!({
        "id": "4", "digest": sample::digest(1).to_string(), "checkpoint": 1,
        "transactionIndex": 0, "kind": "transfer", "direction": "IN", "status": "COMPLETED",
        "amount": "5000000", "amountText": "5.00 cUSD", "counterpartyName": "Ana",
        "details": { "memo": "almuerzo" },
        "account": { "externalId": "beto", "kind": "personal" },
        "coin": { "symbol": "cUSD", "decimals": 6 },
    });
    assert_eq!(page["nodes"], json!([expected]));
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
}

/// Follows `endCursor` to the end; the ids in the order they came.
async fn pages(app: &TestApp, list: &str, first: u32) -> Vec<String> {
    let mut ids = Vec::new();
    let mut after = String::new();
    loop {
        let query = format!(
            "{{ {list}(first: {first} {after}) {{ edges {{ cursor node {{ id }} }} \
             pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let reply = app.graphql(&query).await;
        let page = &reply["data"][list];
        let edges = page["edges"].as_array().unwrap();
        ids.extend(
            edges
                .iter()
                .map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()),
        );
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            return ids;
        }
        assert_eq!(
            edges.last().unwrap()["cursor"],
            page["pageInfo"]["endCursor"]
        );
        after = format!("after: {}", page["pageInfo"]["endCursor"]);
    }
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing() {
    let app = TestApp::with_transfers().await;
    app.transfer(2).await;
    for list in ["activities", "notifications"] {
        let whole = pages(&app, list, 100).await;
        assert_eq!(whole.len(), 6);
        for first in [1, 2, 4, 5, 6] {
            assert_eq!(pages(&app, list, first).await, whole, "{list} by {first}");
        }
    }
    assert_eq!(
        pages(&app, "activities", 3).await,
        ["6", "5", "4", "3", "2", "1"]
    );
}

#[tokio::test]
async fn activities_of_an_address() {
    let app = TestApp::with_transfers().await;
    let query = format!(
        "{{ activities(address: \"{}\") {{ nodes {{ direction address }} }} }}",
        sample::address(ANA)
    );
    let reply = app.graphql(&query).await;
    let nodes = reply["data"]["activities"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    assert!(nodes.iter().all(|node| node["direction"] == "OUT"));
}

#[tokio::test]
async fn raw_transaction_is_evidence() {
    let app = TestApp::with_transfers().await;
    let query = format!(
        "{{ rawTransaction(digest: \"{}\") {{ digest checkpoint transactionIndex timestampMs epoch \
         sender module function status failure gasCost reasons {{ kind target }} \
         balanceEffects {{ address amount amountText coin {{ symbol }} }} \
         activities {{ direction }} events {{ index eventType package module contentsHex }} \
         transactionBcs effectsBcs processingError }} }}",
        sample::digest(1)
    );
    let reply = app.graphql(&query).await;
    let raw = &reply["data"]["rawTransaction"];
    assert_eq!(raw["checkpoint"], 1, "{reply}");
    assert_eq!(raw["timestampMs"], json!(sample::GENESIS_MS + 1_000));
    assert_eq!(
        (&raw["status"], &raw["gasCost"]),
        (&json!("COMPLETED"), &json!("1964320"))
    );
    assert_eq!(raw["reasons"][0]["kind"], "sender");
    assert_eq!(raw["balanceEffects"][0]["amount"], "-5000000");
    assert_eq!(raw["balanceEffects"][0]["amountText"], "-5.00 cUSD");
    assert_eq!(raw["activities"].as_array().unwrap().len(), 2);
    assert_eq!(raw["events"][0]["contentsHex"], "c0ffee");
    assert!(
        raw["events"][0]["eventType"]
            .as_str()
            .unwrap()
            .ends_with("::pay::Paid")
    );
    let bytes = STANDARD
        .decode(raw["transactionBcs"].as_str().unwrap())
        .unwrap();
    assert_eq!(bytes, b"transaction");

    let unknown = format!(
        "{{ rawTransaction(digest: \"{}\") {{ digest }} }}",
        sample::digest(9)
    );
    assert_eq!(
        app.graphql(&unknown).await,
        json!({ "data": { "rawTransaction": null } })
    );
}

#[tokio::test]
async fn events_are_decoded_where_they_are_declared() {
    let app = TestApp::with_transfers().await;
    let query = format!(
        "{{ rawTransaction(digest: \"{}\") {{ events {{ contentsHex fields layoutError }} }} }}",
        sample::digest(1)
    );
    let reply = app.graphql(&query).await;
    let events = &reply["data"]["rawTransaction"]["events"];
    let undeclared = json!({ "contentsHex": "c0ffee", "fields": null, "layoutError": null });
    assert_eq!(events[0], undeclared, "{reply}");
    assert_eq!(
        events[1]["fields"],
        json!({ "text": "<b>gracias</b>", "amount": u64::MAX.to_string(), "tip": null })
    );
    assert!(events[1]["layoutError"].is_null());
    assert!(events[2]["fields"].is_null());
    assert_eq!(events[2]["contentsHex"], "badb");
    let misfit = events[2]["layoutError"].as_str().unwrap();
    assert!(misfit.contains("field \"text\""), "{misfit}");
}

#[tokio::test]
async fn notifications_speak_the_readers_language() {
    let app = TestApp::with_transfers().await;
    let text = |reply: &Value| reply["data"]["notifications"]["nodes"][0]["text"].clone();
    let reply = app
        .graphql(
            "{ notifications(first: 1, locale: PT) { nodes { text kind activity { kind } } } }",
        )
        .await;
    assert_eq!(text(&reply), "[pt] SEND_RECEIVED 5,00 cUSD Ana");
    let request = app.post("/graphql").header("accept-language", "en-GB");
    let query = json!({ "query": "{ notifications(first: 1) { nodes { text } } }" });
    let reply: Value = request
        .json(&query)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(text(&reply), "[en] SEND_RECEIVED 5.00 cUSD Ana");
}

#[tokio::test]
async fn bad_arguments_are_named() {
    let app = TestApp::with_transfers().await;
    let nodes = "{ nodes { id } }";
    let cases = [
        (format!("{{ activities(first: 0) {nodes} }}"), "first"),
        (format!("{{ activities(first: -1) {nodes} }}"), "first"),
        (format!("{{ activities(first: 101) {nodes} }}"), "first"),
        (format!("{{ notifications(first: 101) {nodes} }}"), "first"),
        (
            format!("{{ activities(after: \"forged\") {nodes} }}"),
            "after",
        ),
        (
            format!("{{ notifications(after: \"YTox\") {nodes} }}"),
            "after",
        ),
        (
            format!("{{ activities(address: \"0xzz\") {nodes} }}"),
            "address",
        ),
        (
            "{ rawTransaction(digest: \"0OIl\") { digest } }".to_owned(),
            "digest",
        ),
    ];
    for (query, argument) in cases {
        let error = app.graphql_error(&query).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        assert_eq!(error["extensions"]["argument"], argument);
        assert!(error["extensions"]["expected"].is_string());
        assert!(error["message"].as_str().unwrap().starts_with(argument));
    }
    let limit = app
        .graphql_error(&format!("{{ activities(first: 101) {nodes} }}"))
        .await;
    assert_eq!(limit["extensions"]["expected"], "a number from 1 to 100");
    let fits = app
        .graphql(&format!("{{ activities(first: 100) {nodes} }}"))
        .await;
    assert!(fits["errors"].is_null(), "{fits}");
}

#[tokio::test]
async fn cursors_of_one_list_do_not_fit_the_other() {
    let app = TestApp::with_transfers().await;
    let reply = app
        .graphql("{ notifications(first: 1) { pageInfo { endCursor } } }")
        .await;
    let cursor = &reply["data"]["notifications"]["pageInfo"]["endCursor"];
    let query = format!("{{ activities(after: {cursor}) {{ nodes {{ id }} }} }}");
    let error = app.graphql_error(&query).await;
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
}
