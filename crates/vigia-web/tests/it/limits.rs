//! The bounds of what a client can ask, at their edges (I-13).

use serde_json::{Value, json};
use vigia_web::WebLimits;

use crate::app::TestApp;

#[tokio::test]
async fn documents_that_are_no_query_have_a_code() {
    let app = TestApp::empty().await;
    for query in [
        "",
        "{",
        "{ nothing }",
        "mutation { a }",
        "{ activities(first: 9999999999) { nodes { id } } }",
    ] {
        let reply = app.graphql(query).await;
        assert!(
            reply["errors"][0]["extensions"]["code"].is_string(),
            "{query}: {reply}"
        );
    }
}

#[tokio::test]
async fn depth() {
    let app = TestApp::with(|config| config.limits.query_depth_max = 4).await;
    let fits = "{ activities { nodes { account { kind } } } }";
    assert!(app.graphql(fits).await["errors"].is_null());
    let deeper = "{ notifications { nodes { activity { account { kind } } } } }";
    assert_eq!(
        app.graphql_error(deeper).await["extensions"]["code"],
        "BAD_QUERY"
    );
}

#[tokio::test]
async fn complexity() {
    let app = TestApp::with(|config| config.limits.query_complexity_max = 201).await;
    // A page of 100 with `nodes` and `id` in each row, and the page itself.
    let fits = "{ activities(first: 100) { nodes { id } } }";
    assert!(app.graphql(fits).await["errors"].is_null());
    let more = "{ activities(first: 100) { nodes { id kind } } }";
    assert_eq!(
        app.graphql_error(more).await["extensions"]["code"],
        "BAD_QUERY"
    );
}

#[tokio::test]
async fn tokens() {
    let app = TestApp::with(|config| config.limits.query_tokens_max = 7).await;
    assert!(app.graphql("{ status { version } }").await["errors"].is_null());
    assert!(app.graphql("{ status { version tip } }").await["errors"].is_null());
    let error = app.graphql_error("{ status { version tip failed } }").await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("more than 7 words"),
        "{error}"
    );
}

#[tokio::test]
async fn body_bytes() {
    let app = TestApp::with(|config| config.limits.body_bytes_max = 1_000).await;
    let body = |bytes: usize| {
        let query = json!({ "query": "{ status { version } }", "operationName": null }).to_string();
        format!("{query}{}", " ".repeat(bytes - query.len()))
    };
    let send = |bytes: usize| {
        let request = app
            .post("/graphql")
            .header("content-type", "application/json");
        request.body(body(bytes)).send()
    };
    assert_eq!(send(1_000).await.unwrap().status(), 200);
    let refused = send(1_001).await.unwrap();
    assert_eq!(refused.status(), 413);
    let reply: Value = refused.json().await.unwrap();
    assert_eq!(reply["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn only_json_is_taken() {
    let app = TestApp::empty().await;
    let text = app
        .post("/graphql")
        .body("{\"query\":\"{status{version}}\"}");
    assert_eq!(text.send().await.unwrap().status(), 415);
    let broken = app
        .post("/graphql")
        .header("content-type", "application/json")
        .body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    let batch = app
        .post("/graphql")
        .json(&json!([{ "query": "{ status { version } }" }]));
    assert_eq!(batch.send().await.unwrap().status(), 400, "no batches");
}

#[tokio::test]
async fn introspection_by_usual_tools_fits() {
    let app = TestApp::empty().await;
    let mut kind = "kind name".to_owned();
    for _ in 0..9 {
        kind = format!("kind name ofType {{ {kind} }}");
    }
    let query =
        format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {kind} }} }} }} }} }} }}");
    assert!(app.graphql(&query).await["errors"].is_null());
}

#[tokio::test]
async fn live_readers() {
    let one = WebLimits {
        live_readers_max: 1,
        ..WebLimits::default()
    };
    let app = TestApp::with(|config| config.limits = one).await;
    let first = app.get("/live").send().await.unwrap();
    assert_eq!(first.status(), 200);
    let second = app.get("/live").send().await.unwrap();
    assert_eq!(second.status(), 503);
    assert!(second.headers().contains_key("retry-after"));
    drop(first);
    for _ in 0..100 {
        if app.get("/live").send().await.unwrap().status() == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place of a reader that left stays taken");
}
