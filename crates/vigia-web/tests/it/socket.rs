//! Subscriptions over a real WebSocket.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::app::{PATIENCE, TestApp, USER_HEADER};

/// A client that speaks `graphql-transport-ws`.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(app: &TestApp, user: Option<&str>) -> Self {
        let mut socket = Self::connect(app, user, None).await.unwrap();
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.next().await["type"], "connection_ack");
        socket
    }

    async fn connect(
        app: &TestApp,
        user: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Self, Error> {
        let user = user.map(|user| (USER_HEADER, user));
        let origin = origin.map(|origin| ("origin", origin));
        let headers: Vec<_> = user.into_iter().chain(origin).collect();
        Self::connect_with(app, &headers).await
    }

    pub(crate) async fn connect_with(
        app: &TestApp,
        further: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{}/graphql/ws", app.address).into_client_request()?;
        let mut headers = vec![("sec-websocket-protocol", "graphql-transport-ws")];
        headers.extend(further);
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    /// Begins with a payload.
    pub(crate) async fn init(&mut self, payload: Value) {
        self.send(json!({ "type": "connection_init", "payload": payload }))
            .await;
    }

    async fn send(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    pub(crate) async fn next(&mut self) -> Value {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        let message = message.expect("the socket is open").unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        let payload = json!({ "query": query });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
    }

    /// The data of the next reply to subscription `id`.
    pub(crate) async fn next_data(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!(
            (&message["id"], &message["type"]),
            (&json!(id), &json!("next")),
            "{message}"
        );
        assert!(message["payload"]["errors"].is_null(), "{message}");
        message["payload"]["data"].clone()
    }

    /// The code with which the server closes, before it says anything else.
    pub(crate) async fn closed_with(&mut self) -> u16 {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        match message {
            Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
            other => panic!("not closed: {other:?}"),
        }
    }

    pub(crate) async fn until_closed(&mut self) {
        while let Some(Ok(_)) = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap() {}
    }
}

const ADDED: &str = "subscription { activityAdded { id } }";

fn added_after(id: i64) -> String {
    format!("subscription {{ activityAdded(after: \"{id}\") {{ id }} }}")
}

#[tokio::test]
async fn a_commit_arrives() {
    let app = TestApp::with_transfers().await;
    let mut socket = Socket::open(&app, None).await;
    socket
        .subscribe(
            "a",
            "subscription { activityAdded { id amountText account { externalId } } }",
        )
        .await;
    // Subscribing is confirmed by nothing; a query on the same socket comes after it.
    socket.subscribe("q", "{ status { version } }").await;
    assert_eq!(socket.next_data("q").await["status"]["version"], "0.0-test");
    assert_eq!(socket.next().await["type"], "complete");
    app.transfer(2).await;
    let first = socket.next_data("a").await;
    let expected =
        json!({ "id": "5", "amountText": "5.00 cUSD", "account": { "externalId": "ana" } });
    assert_eq!(first["activityAdded"], expected);
    assert_eq!(socket.next_data("a").await["activityAdded"]["id"], "6");
}

#[tokio::test]
async fn resuming_misses_and_repeats_nothing() {
    let app = TestApp::with_transfers().await;
    let mut last = 0;
    for checkpoint in 2..5 {
        let mut socket = Socket::open(&app, None).await;
        socket.subscribe("a", &added_after(last)).await;
        app.transfer(checkpoint).await;
        for _ in 0..2 {
            let id = socket.next_data("a").await["activityAdded"]["id"].clone();
            assert_eq!(id, (last + 1).to_string());
            last += 1;
        }
    }
}

#[tokio::test]
async fn bad_ids_are_refused() {
    let app = TestApp::empty().await;
    let mut socket = Socket::open(&app, None).await;
    socket
        .subscribe("a", "subscription { activityAdded(after: \"x\") { id } }")
        .await;
    let message = socket.next().await;
    let error = message["payload"]["errors"][0].clone();
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{message}");
}

#[tokio::test]
async fn subscriptions_of_a_socket_are_limited() {
    let app = TestApp::with(|config| config.limits.subscriptions_max = 2).await;
    app.register("Ana").await;
    app.transfer(0).await;
    let mut socket = Socket::open(&app, None).await;
    for id in ["a", "b"] {
        socket.subscribe(id, &added_after(1)).await;
        assert_eq!(socket.next_data(id).await["activityAdded"]["id"], "2");
    }
    socket.subscribe("c", ADDED).await;
    let message = socket.next().await;
    let error = message["payload"]["errors"][0].clone();
    assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{message}");
}

#[tokio::test]
async fn documents_are_limited_here_too() {
    let app = TestApp::with(|config| config.limits.query_tokens_max = 5).await;
    let mut socket = Socket::open(&app, None).await;
    socket
        .subscribe("a", "{ status { version tip failed } }")
        .await;
    let message = socket.next().await;
    assert!(message.to_string().contains("BAD_QUERY"), "{message}");
}

#[tokio::test]
async fn other_origins_cannot_connect() {
    let app = TestApp::empty().await;
    let own = format!("http://{}", app.address);
    assert!(Socket::connect(&app, None, Some(&own)).await.is_ok());
    let refused = Socket::connect(&app, None, Some("http://evil.example")).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 403));
}

#[tokio::test]
async fn sockets_that_never_begin_are_closed() {
    let app = TestApp::with(|config| {
        config.limits.init_timeout = Duration::from_secs(1);
        config.limits.live_readers_max = 2;
    })
    .await;
    let mut greeted = Socket::open(&app, None).await;
    let mut silent = Socket::connect(&app, None, None).await.unwrap();
    // Words that begin nothing do not help.
    silent.send(json!({ "type": "pong" })).await;
    assert_eq!(silent.closed_with().await, 4408);
    // That deadline came after the first one's, which had begun in time.
    greeted.subscribe("q", "{ status { version } }").await;
    let status = greeted.next_data("q").await;
    assert_eq!(status["status"]["version"], "0.0-test");

    let freed = async {
        while Socket::connect(&app, None, None).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.unwrap();
}

#[tokio::test]
async fn sockets_take_places_among_the_live_readers() {
    let app = TestApp::with(|config| config.limits.live_readers_max = 1).await;
    let _first = Socket::open(&app, None).await;
    let refused = Socket::connect(&app, None, None).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 503));
}
