//! Announced transactions as people and programs see them.

use serde_json::{Value, json};

use crate::app::{TestApp, USER_HEADER};
use crate::sample;

fn announce(arguments: &str) -> String {
    format!(
        "mutation {{ announce(input: {{ account: \"ana\", direction: OUT, {arguments} }}) \
         {{ id digest state note amount coinType lastEpoch }} }}"
    )
}

impl TestApp {
    async fn page_of(&self, user: &str) -> String {
        let page = self.get("/?lang=es").header(USER_HEADER, user).send().await;
        page.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn a_submitted_transaction_is_pending_then_one_activity() {
    let app = TestApp::with_people("Ana").await;
    let digest = sample::digest(0);
    let query = announce(&format!(
        "digest: \"{digest}\", coin: \"CUSD\", amount: \"5000000\", note: \"<b>hogaza</b>\""
    ));
    let reply = app.graphql_as(Some("ana"), &query).await;
    let announced = &reply["data"]["announce"];
    assert_eq!(announced["state"], "PENDING", "{reply}");
    assert_eq!(announced["coinType"], sample::CUSD);
    assert_eq!(app.graphql_as(Some("ana"), &query).await, reply, "once");

    let page = app.page_of("ana").await;
    let pending = format!("data-pending=\"{digest}\"");
    for part in [
        &*pending,
        "pendiente",
        "−5.00 cUSD",
        "&lt;b&gt;hogaza&lt;/b&gt;",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let of_beto = app.page_of("beto").await;
    assert!(
        !of_beto.contains(&pending) && !of_beto.contains("hogaza"),
        "{of_beto}"
    );
    let listed = "{ announcements { nodes { digest state } } }";
    let reply = app.graphql_as(Some("beto"), listed).await;
    assert_eq!(reply["data"]["announcements"]["nodes"], json!([]));
    app.clock.set(sample::GENESIS_MS + 120_000 + 600_001);
    assert!(app.page_of("ana").await.contains("aún sin confirmar"));
    let reply = app.graphql_as(Some("ana"), listed).await;
    assert_eq!(reply["data"]["announcements"]["nodes"][0]["state"], "LATE");

    app.transfer(0).await;
    let page = app.page_of("ana").await;
    assert!(!page.contains(&pending), "{page}");
    assert_eq!(
        page.matches(&format!("/tx/{digest}")).count(),
        1,
        "one entry: {page}"
    );
    assert!(page.contains("&lt;b&gt;hogaza&lt;/b&gt;"), "its note stays");
    assert!(!app.page_of("beto").await.contains("hogaza"));
    let feed = "{ activities { nodes { note } } announcements { nodes { id } } }";
    let reply = app.graphql_as(Some("ana"), feed).await;
    assert_eq!(
        reply["data"],
        json!({ "activities": { "nodes": [{ "note": "<b>hogaza</b>" }] }, "announcements": { "nodes": [] } })
    );
    let reply = app.graphql_as(Some("beto"), feed).await;
    assert_eq!(
        reply["data"]["activities"]["nodes"],
        json!([{ "note": null }])
    );
    let state = format!("{{ announced(digest: \"{digest}\") {{ state }} }}");
    let reply = app.graphql_as(Some("ana"), &state).await;
    assert_eq!(
        reply["data"]["announced"],
        json!([{ "state": "COMPLETED" }])
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_announcement_is_said() {
    let app = TestApp::with_people("Ana").await;
    let digest = sample::digest(0);
    let digest = format!("digest: \"{digest}\"");
    for (arguments, argument) in [
        (String::new(), "digest"),
        ("digest: \"x\"".to_owned(), "digest"),
        ("transaction: \"?\"".to_owned(), "transaction"),
        ("transaction: \"AAAA\"".to_owned(), "transaction"),
        (format!("{digest}, coin: \"CUSD\", amount: \"0\""), "input"),
        (
            format!("{digest}, coin: \"CUSD\", amount: \"1.5\""),
            "amount",
        ),
        (format!("{digest}, coin: \"CUSD_V2\""), "coin"),
        (format!("{digest}, amount: \"1\""), "input"),
        (format!("{digest}, counterparty: \"x\""), "counterparty"),
        (format!("{digest}, waitMs: 999"), "input"),
    ] {
        let error = app.graphql_error(&announce(&arguments)).await;
        assert_eq!(
            error["extensions"]["argument"], argument,
            "{arguments}: {error}"
        );
    }
    let reply = app.graphql_as(Some("beto"), &announce(&digest)).await;
    assert_eq!(
        reply["errors"][0]["message"],
        "account: there is no account \"ana\""
    );
    assert_eq!(reply["data"], Value::Null);
}
