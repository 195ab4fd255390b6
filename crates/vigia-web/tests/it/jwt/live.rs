//! Live readers say who they are in `connection_init`, and stay no longer than that holds.

use std::time::Duration;

use serde_json::{Value, json};
use vigia_core::Clock as _;
use vigia_store::{SignInStore as _, TokenScope};
use vigia_web::WebConfig;

use super::issuer::{Key, Published};
use super::{app, claims};
use crate::app::{PATIENCE, TestApp};
use crate::sign_in::token;
use crate::socket::Socket;

/// The code of `graphql-transport-ws` for who may not.
const FORBIDDEN: u16 = 4403;

/// The code for who may come again later.
const LATER: u16 = 1013;

/// Looks again so soon that a test need not wait.
fn quick(config: &mut WebConfig) {
    config.limits.recheck_interval = Duration::from_millis(20);
    config.limits.newcomers_max = 2;
}

async fn open(app: &TestApp, payload: Value) -> Socket {
    let mut socket = Socket::connect_with(app, &[]).await.unwrap();
    socket.init(payload).await;
    socket
}

/// What a socket's reader sees.
async fn seen(socket: &mut Socket) -> usize {
    assert_eq!(socket.next().await["type"], "connection_ack");
    socket.subscribe("q", super::ACTIVITIES).await;
    let data = socket.next_data("q").await;
    data["activities"]["nodes"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_socket_says_in_its_payload_whose_it_is() {
    let key = Key::ed25519();
    let app = app(&Published::new(vec![key.jwk("k")]), quick).await;
    let own = token(&app, "ana", TokenScope::Read).await;
    let signed = key.token("k", &claims(&app));
    for payload in [
        json!({ "Authorization": format!("Bearer {signed}") }),
        json!({ "authorization": format!("bearer {signed}"), "more": 1 }),
        json!({ "Authorization": format!("Bearer {}", own.expose()) }),
    ] {
        let mut socket = open(&app, payload.clone()).await;
        assert_eq!(seen(&mut socket).await, 1, "{payload}");
    }
    let bearer = format!("Bearer {signed}");
    let headers = [("authorization", &*bearer)];
    // A payload counts before the headers.
    let mut socket = Socket::connect_with(&app, &headers).await.unwrap();
    let root = token(&app, "root", TokenScope::Full).await;
    let payload = json!({ "Authorization": format!("Bearer {}", root.expose()) });
    socket.init(payload).await;
    assert_eq!(seen(&mut socket).await, 2);
    let mut socket = Socket::connect_with(&app, &headers).await.unwrap();
    socket.init(Value::Null).await;
    assert_eq!(seen(&mut socket).await, 1);
}

#[tokio::test]
async fn a_socket_that_does_not_is_closed() {
    let key = Key::ed25519();
    let app = app(&Published::new(vec![key.jwk("k")]), quick).await;
    let mut unknown = claims(&app);
    unknown["sub"] = json!("nobody");
    let unknown = key.token("k", &unknown);
    for payload in [
        Value::Null,
        json!({}),
        json!({ "Authorization": 1 }),
        json!({ "Authorization": "Bearer vigia_nobody" }),
        json!({ "Authorization": "Bearer e30.e30.AA" }),
        json!({ "Authorization": "Bearer a\nb" }),
        json!({ "Authorization": format!("Bearer {unknown}") }),
    ] {
        let mut socket = open(&app, payload.clone()).await;
        assert_eq!(socket.closed_with().await, FORBIDDEN, "{payload}");
    }
    // A header that is wrong is refused before.
    let wrong = [("authorization", "Bearer vigia_nobody")];
    assert!(Socket::connect_with(&app, &wrong).await.is_err());
}

#[tokio::test]
async fn newcomers_take_nobodys_place() {
    let key = Key::ed25519();
    let limits = |config: &mut WebConfig| {
        config.limits.newcomers_max = 1;
        config.limits.live_readers_max = 1;
    };
    let app = app(&Published::new(vec![key.jwk("k")]), limits).await;
    let own = token(&app, "ana", TokenScope::Read).await;
    let bearer = format!("Bearer {}", own.expose());
    let mut newcomer = Socket::connect_with(&app, &[]).await.unwrap();
    assert!(
        Socket::connect_with(&app, &[]).await.is_err(),
        "one is enough"
    );
    let headers = [("authorization", &*bearer)];
    let _known = Socket::connect_with(&app, &headers).await.unwrap();
    newcomer.init(json!({ "Authorization": bearer })).await;
    assert_eq!(newcomer.closed_with().await, LATER);
}

#[tokio::test]
async fn a_socket_does_not_outlive_what_it_began_with() {
    let key = Key::ed25519();
    let app = app(&Published::new(vec![key.jwk("k")]), quick).await;
    let own = token(&app, "ana", TokenScope::Read).await;
    let mut by_token = open(
        &app,
        json!({ "Authorization": format!("Bearer {}", own.expose()) }),
    )
    .await;
    assert_eq!(seen(&mut by_token).await, 1);
    let stream = app.get("/v1/live/activities").bearer_auth(own.expose());
    let mut stream = stream.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let id = app.store.token_list(None).await.unwrap()[0].id;
    assert!(app.store.token_revoke(id).await.unwrap());
    assert_eq!(by_token.next().await["type"], "complete");
    assert_eq!(by_token.closed_with().await, FORBIDDEN);
    let ended = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();

    let signed = key.token("k", &claims(&app));
    let payload = json!({ "Authorization": format!("Bearer {signed}") });
    let mut by_jwt = open(&app, payload).await;
    assert_eq!(seen(&mut by_jwt).await, 1);
    assert_eq!(by_jwt.next().await["type"], "complete");
    let end_ms = claims(&app)["exp"].as_u64().unwrap() * 1_000;
    app.clock
        .set(end_ms.max(app.clock.now_ms()) + super::LEEWAY_MS);
    assert_eq!(by_jwt.closed_with().await, FORBIDDEN);
}
