//! A fake of Google's push servers on loopback: HTTP/2, access tokens, and their words for devices that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use vigia_core::{Clock as _, SystemClock};

use crate::app::App;

/// A key made for tests, of nobody.
const RSA_KEY: &str = include_str!("../../../vigia-notify/tests/it/keys/test_rsa.pem");

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) token: String,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) tag: String,
    pub(crate) data: BTreeMap<String, String>,
    /// When it came, in milliseconds since 1970.
    pub(crate) at_ms: u64,
}

#[derive(Default)]
struct Shared {
    pushed: Mutex<Vec<Pushed>>,
    /// Tokens of devices that are gone.
    dead: Mutex<BTreeSet<String>>,
    /// Whether it has a fault of its own.
    is_down: Mutex<bool>,
    came: tokio::sync::Notify,
}

/// Google's servers.
pub(crate) struct Google {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Google {
    /// Starts them; they end with the test.
    pub(crate) async fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/token", post(token))
            .route("/v1/projects/confio/messages:send", post(send))
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// Writes credentials beside the configuration of `app`, and returns the settings that name them.
    pub(crate) fn settings(&self, app: &App) -> String {
        let url = format!("http://{}", self.address);
        let account = json!({
            "type": "service_account",
            "project_id": "confio",
            "private_key_id": "key-1",
            "private_key": RSA_KEY,
            "client_email": "push@confio.iam.gserviceaccount.com",
            "token_uri": format!("{url}/token"),
        });
        let file = app.path("fcm.json");
        std::fs::write(&file, account.to_string()).expect("a file");
        format!("[push]\nfcm_credentials = {file:?}\nfcm_url = \"{url}\"\n")
    }

    /// Says of a device that it is gone.
    pub(crate) fn forget(&self, token: &str) {
        self.shared.dead.lock().unwrap().insert(token.to_owned());
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        *self.shared.is_down.lock().unwrap() = is_down;
    }

    /// What came so far.
    pub(crate) fn pushed(&self) -> Vec<Pushed> {
        self.shared.pushed.lock().unwrap().clone()
    }

    /// Waits until what came is as wanted.
    pub(crate) async fn wait(&self, what: &str, holds: impl Fn(&[Pushed]) -> bool) -> Vec<Pushed> {
        let waiting = async {
            loop {
                let came = self.shared.came.notified();
                let pushed = self.pushed();
                if holds(&pushed) {
                    return pushed;
                }
                came.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(60), waiting).await {
            Ok(pushed) => pushed,
            Err(_) => panic!("{what} does not come: {:?}", self.pushed()),
        }
    }
}

async fn token() -> Json<Value> {
    Json(json!({ "access_token": "access", "expires_in": 3_600, "token_type": "Bearer" }))
}

async fn send(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let message = &body["message"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let token = text(&message["token"]);
    if *shared.is_down.lock().unwrap() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    if shared.dead.lock().unwrap().contains(&token) {
        let detail = json!({
            "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
            "errorCode": "UNREGISTERED",
        });
        let error = json!({ "code": 404, "status": "NOT_FOUND", "details": [detail] });
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error })));
    }
    let data: BTreeMap<String, String> =
        serde_json::from_value(message["data"].clone()).expect("texts only");
    let pushed = Pushed {
        token,
        title: text(&message["notification"]["title"]),
        body: text(&message["notification"]["body"]),
        tag: text(&message["android"]["notification"]["tag"]),
        data,
        at_ms: SystemClock.now_ms(),
    };
    shared.pushed.lock().unwrap().push(pushed);
    shared.came.notify_waiters();
    (
        StatusCode::OK,
        Json(json!({ "name": "projects/confio/messages/1" })),
    )
}
