//! Tokens of another issuer, from the settings to a reply: a key set over HTTP or of a file, and a web process.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use vigia_core::{Clock as _, SystemClock};

use crate::app::{App, http, text};

/// Where an issuer publishes its keys.
#[derive(Default)]
struct Issuer {
    keys: Mutex<Vec<Value>>,
    is_down: AtomicBool,
    asked: AtomicUsize,
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Result<String, StatusCode> {
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    match issuer.is_down.load(Ordering::SeqCst) {
        true => Err(StatusCode::INTERNAL_SERVER_ERROR),
        false => Ok(json!({ "keys": *issuer.keys.lock().expect("keys") }).to_string()),
    }
}

/// An issuer on loopback, and its address; it ends with the test.
async fn start(key: &Ed25519KeyPair) -> (Arc<Issuer>, String) {
    let issuer = Arc::<Issuer>::default();
    issuer.keys.lock().expect("keys").push(jwk(key));
    let router = Router::new()
        .route("/keys", get(jwks))
        .with_state(Arc::clone(&issuer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (issuer, format!("http://{address}/keys"))
}

fn key() -> Ed25519KeyPair {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key")
}

fn jwk(key: &Ed25519KeyPair) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x })
}

fn token(key: &Ed25519KeyPair, subject: &str) -> String {
    let end = SystemClock.now_ms() / 1_000 + 600;
    let claims =
        json!({ "iss": "https://issuer.example", "aud": "app", "sub": subject, "exp": end });
    let [header, claims] = [json!({ "alg": "EdDSA", "kid": "k" }), claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let content = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(content.as_bytes()));
    format!("{content}.{signature}")
}

fn config(place: &str) -> String {
    format!(
        "[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n[web.jwt]\n\
         issuer = \"https://issuer.example\"\naudience = [\"app\"]\n{place}\n"
    )
}

/// A web process with this configuration and the user Ana; tokens are tried by `try_tokens`.
async fn with_web(place: &str, try_tokens: impl AsyncFnOnce(&str)) -> String {
    let app = App::with_config(&config(place));
    app.ok(&["user", "create", "ana", "--no-password"]);
    let (mut web, log) = app.start_logged(&["web", "--log", "debug"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");
    try_tokens(&format!("{address}graphql")).await;
    web.stop();
    log.lines().join("\n")
}

async fn status(url: &str, token: &str) -> u16 {
    let query = json!({ "query": "{ status { version } }" });
    let request = http().post(url).json(&query).bearer_auth(token);
    request.send().await.expect("a reply").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_asks_for_its_users() {
    let (key, other) = (key(), key());
    let (issuer, url) = start(&key).await;
    let (ana, nobody, forged) = (token(&key, "ana"), token(&key, "x"), token(&other, "ana"));
    let place = format!("jwks_url = \"{url}\"");
    let log = with_web(&place, async |graphql| {
        assert_eq!(status(graphql, &ana).await, 200);
        assert_eq!(status(graphql, &nobody).await, 403);
        assert_eq!(status(graphql, &forged).await, 401);
        issuer.is_down.store(true, Ordering::SeqCst);
        assert_eq!(status(graphql, &ana).await, 200);
    });
    let log = log.await;
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    for token in [&ana, &nobody, &forged] {
        for part in token.split('.').skip(1) {
            assert!(!log.contains(part), "{log}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_is_out_of_reach_stops_nobody_else() {
    let key = key();
    let (issuer, url) = start(&key).await;
    issuer.is_down.store(true, Ordering::SeqCst);
    let place = format!("jwks_url = \"{url}\"");
    let log = with_web(&place, async |graphql| {
        assert_eq!(status(graphql, &token(&key, "ana")).await, 503);
        assert_eq!(status(graphql, "vigia_nobody").await, 401);
    });
    assert!(log.await.contains("keys of the issuer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_may_be_in_a_file() {
    let key = key();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.json");
    std::fs::write(&file, json!({ "keys": [jwk(&key)] }).to_string()).expect("a file");
    let place = format!("jwks_file = {file:?}");
    with_web(&place, async |graphql| {
        assert_eq!(status(graphql, &token(&key, "ana")).await, 200);
    })
    .await;
}

#[test]
fn what_does_not_fit_is_said_at_the_start() {
    for (config, said) in [
        ("[web.jwt]\npreset = \"firebase\"\n", "web.jwt.project_id"),
        (
            "[web.jwt]\npreset = \"firebase\"\nproject_id = \"x\"\n",
            "web.sign_in",
        ),
        ("[web.jwt]\nisuer = \"x\"\n", "web.jwt.issuer"),
    ] {
        let app = App::with_config(config);
        let output = app.run(&["config", "check"]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
