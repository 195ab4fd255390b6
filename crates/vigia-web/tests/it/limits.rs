//! The bounds of what a client can ask, at their edges (I-13).

use serde_json::{Value, json};
use vigia_core::Clock as _;
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

#[tokio::test]
async fn aliases() {
    let app = TestApp::with(|config| config.limits.query_aliases_max = 2).await;
    let fits = "{ a: status { version } b: status { version } }";
    assert!(app.graphql(fits).await["errors"].is_null());
    for more in [
        "{ a: status { version } b: status { c: version } }",
        "query q { a: status { ...s } } fragment s on Status { b: version c: tip }",
        "{ status { ... on Status { a: version b: tip c: failed } } }",
    ] {
        let error = app.graphql_error(more).await;
        assert_eq!(error["extensions"]["code"], "BAD_QUERY", "{more}");
        assert!(error["message"].as_str().unwrap().contains("2 aliases"));
    }
}

#[tokio::test]
async fn the_schema_is_told_in_development_alone() {
    let schema = "{ __schema { queryType { name } } }";
    let app = TestApp::with(|config| config.development = true).await;
    assert_eq!(
        app.graphql(schema).await["data"]["__schema"]["queryType"]["name"],
        "Query"
    );
    let hint = app.graphql_error("{ statu { version } }").await;
    assert!(
        hint["message"].as_str().unwrap().contains("status"),
        "{hint}"
    );
    let app = TestApp::empty().await;
    let reply = app.graphql(schema).await;
    assert!(reply["data"]["__schema"].is_null(), "{reply}");
    let hint = app.graphql_error("{ statu { version } }").await;
    assert!(
        !hint["message"].as_str().unwrap().contains("status"),
        "{hint}"
    );
}

/// Clients of Apollo send the hash of a document, and the document where that is not known.
#[tokio::test]
async fn documents_are_known_by_their_hash() {
    let app = TestApp::empty().await;
    let query = "{ status { version } }";
    let hash = "0d9b2ed84dc9c03ef4b4b1a7dbdcee4a3a1b1d7b1a8c6e93d1e84ca4e7d2c3e1";
    let ask = async |query: Option<&str>, hash: &str| -> Value {
        let mut body =
            json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
        if let Some(query) = query {
            body["query"] = json!(query);
        }
        let reply = app.post("/graphql").json(&body).send().await.unwrap();
        reply.json().await.unwrap()
    };
    let unknown = ask(None, hash).await;
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    // A hash that is not the document's names nothing.
    let wrong = ask(Some(query), hash).await;
    assert!(wrong["errors"][0]["message"].is_string(), "{wrong}");
    let right = {
        use sha2::Digest as _;
        hex::encode(sha2::Sha256::digest(query.as_bytes()))
    };
    assert_eq!(
        ask(Some(query), &right).await["data"]["status"]["version"],
        "0.0-test"
    );
    assert_eq!(
        ask(None, &right).await["data"]["status"]["version"],
        "0.0-test"
    );
}

/// On loopback nobody is limited but by way of a proxy that says who asks.
#[tokio::test]
async fn a_client_has_its_share_of_requests() {
    let app = TestApp::with(|config| {
        config.limits.client_per_second = Some(3);
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let ask = async |client: &'static str| {
        let mut request = app.get("/healthz");
        if !client.is_empty() {
            request = request.header("x-forwarded-for", client);
        }
        request.send().await.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(ask("203.0.113.9").await.status(), 200);
    }
    let refused = ask("203.0.113.9").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(
        ask("198.51.100.1").await.status(),
        200,
        "others are as before"
    );
    for _ in 0..9 {
        assert_eq!(ask("").await.status(), 200);
    }
    app.clock.set(app.clock.now_ms() + 1_000);
    assert_eq!(ask("203.0.113.9").await.status(), 200);
}

/// Pages of other origins call with a token where they are allowed to, and never with a session.
#[tokio::test]
async fn allowed_origins_may_call_with_tokens() {
    let app = TestApp::with(|config| {
        config.cors_origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let query = json!({ "query": "{ status { version } }" });
    let ask = async |origin: &'static str, path: &str, cookie: bool| {
        let mut request = app.post(path).header("origin", origin).json(&query);
        if cookie {
            request = request.header("cookie", "vigia_session=x");
        }
        request.send().await.unwrap()
    };
    let allowed = ask("https://app.example", "/graphql", false).await;
    assert_eq!(allowed.status(), 200);
    let headers = allowed.headers();
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://app.example"
    );
    assert!(headers.get("access-control-allow-credentials").is_none());
    for (origin, path, cookie) in [
        ("https://app.example", "/graphql", true),
        ("https://app.example", "/sign-out", false),
        ("https://evil.example", "/graphql", false),
        ("http://app.example", "/graphql", false),
    ] {
        let refused = ask(origin, path, cookie).await;
        assert_eq!(refused.status(), 403, "{origin} {path} {cookie}");
    }
    let preflight = |origin: &'static str| {
        let request = app.request(reqwest::Method::OPTIONS, "/graphql");
        request
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .send()
    };
    let answered = preflight("https://app.example").await.unwrap();
    let methods = answered.headers()["access-control-allow-methods"]
        .to_str()
        .unwrap();
    assert!(methods.contains("POST"), "{methods}");
    let other = preflight("https://evil.example").await.unwrap();
    assert!(other.headers().get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn no_text_has_a_zero_byte() {
    let app = TestApp::empty().await;
    let query = "query ($user: String) { devices(user: $user) { id } }";
    for body in [
        json!({ "query": query, "variables": { "user": "a\u{0}b" } }),
        json!({ "query": "{ devices(user: \"a\\u0000b\") { id } }" }),
    ] {
        let reply = app.post("/graphql").json(&body).send().await.unwrap();
        let reply: Value = reply.json().await.unwrap();
        let error = &reply["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_QUERY", "{reply}");
        assert!(error["message"].as_str().unwrap().contains("zero byte"));
    }
}
