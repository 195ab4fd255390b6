//! What keeps others out while there is no sign-in.

use std::sync::Arc;

use tempfile::tempdir;
use vigia_core::{Locale, NotificationText, RenderInput, SystemClock};
use vigia_store::{SqlStore, SqliteOptions};
use vigia_web::{
    AlwaysReady, LocalOperatorAuthenticator, WebConfig, WebContext, WebError, WebServer,
};

use crate::app::{TestApp, USER_HEADER};
use crate::operator::TransferRetrier;

struct NoText;

impl NotificationText for NoText {
    fn render(&self, _: &RenderInput<'_>, _: Locale) -> String {
        String::new()
    }

    fn title(&self, _: &RenderInput<'_>, _: Locale) -> String {
        String::new()
    }
}

async fn bind(listen: &str, insecure_no_auth: bool) -> Result<WebServer, WebError> {
    let directory = tempdir().unwrap();
    let options = SqliteOptions::new(directory.path().join("vigia.db"));
    let store = SqlStore::open(options, Arc::new(SystemClock))
        .await
        .unwrap();
    let store = Arc::new(store);
    let mut config = WebConfig::new(listen.parse().unwrap());
    config.insecure_no_auth = insecure_no_auth;
    let context = WebContext {
        retrier: Arc::new(TransferRetrier(store.clone())),
        store,
        registry: Arc::default(),
        text: Arc::new(NoText),
        authenticator: Arc::new(LocalOperatorAuthenticator),
        readiness: Arc::new(AlwaysReady),
        metrics: Arc::new(crate::metrics::Figures),
        clock: Arc::new(SystemClock),
        endpoints: None,
        counts: None,
        inbox_keep_ms: u64::MAX,
        version: "test",
    };
    WebServer::bind(config, context).await
}

#[tokio::test]
async fn only_loopback_without_sign_in() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = bind(listen, false).await.err().unwrap();
        assert!(
            matches!(error, WebError::NotLoopback { .. }),
            "{listen}: {error}"
        );
        assert!(error.to_string().contains("insecure_no_auth"));
    }
    assert!(bind("0.0.0.0:0", true).await.is_ok());
    assert_ne!(
        bind("127.0.0.1:0", false).await.unwrap().address().port(),
        0
    );
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = bind("127.0.0.1:0", false).await.unwrap();
    let taken = first.address().to_string();
    let error = bind(&taken, false).await.err().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on {taken}"));
}

#[tokio::test]
async fn loopback_answers_only_to_its_names() {
    let app = TestApp::empty().await;
    for host in ["localhost", "localhost:1234", "127.0.0.1", "[::1]:80"] {
        let response = app
            .get("/healthz")
            .header("host", host)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.0.9:80"] {
        for path in ["/", "/live", "/graphql", "/assets/vigia.css"] {
            let response = app.get(path).header("host", host).send().await.unwrap();
            assert_eq!(response.status(), 403, "{host} {path}");
            let why = response.text().await.unwrap();
            assert!(why.contains("answers only to localhost"), "{why}");
        }
    }
}

#[tokio::test]
async fn other_origins_cannot_ask() {
    let app = TestApp::empty().await;
    let query = serde_json::json!({ "query": "{ status { version } }" });
    let own = format!("http://{}", app.address);
    for (origin, status) in [(&*own, 200), ("https://evil.example", 403), ("null", 403)] {
        let request = app.post("/graphql").header("origin", origin).json(&query);
        assert_eq!(request.send().await.unwrap().status(), status, "{origin}");
    }
}

#[tokio::test]
async fn every_reply_protects_its_reader() {
    let app = TestApp::empty().await;
    for path in [
        "/",
        "/inbox",
        "/healthz",
        "/nowhere",
        "/assets/vigia.js",
        "/tx/bad",
    ] {
        let response = app.get(path).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
    }
}

#[tokio::test]
async fn who_is_not_known_reads_nothing() {
    let app = TestApp::with_transfers().await;
    for path in ["/", "/inbox", "/ingestion", "/live"] {
        let response = app
            .get(path)
            .header(USER_HEADER, "nobody")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    let request = app.post("/graphql").header(USER_HEADER, "nobody");
    let request = request.json(&serde_json::json!({ "query": "{ status { version } }" }));
    assert_eq!(request.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn graphiql_is_for_development() {
    let app = TestApp::empty().await;
    assert_eq!(app.get("/graphql").send().await.unwrap().status(), 405);
    let app = TestApp::with(|config| config.development = true).await;
    assert!(app.page("/graphql").await.contains("GraphiQL"));
}
