//! Apple and the push service of a browser, on loopback: what `vigia` sends reaches both through processes, under the id of
//! its delivery, and devices that they say are gone are told nothing more.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};
use vigia_core::Platform;
use vigia_devnet::Pace;
use vigia_store::{DeviceSpec, PushStore, ReadStore, SqlStore};

use crate::app::App;
use crate::node::{busy_chain, contracts, start, watch_users};

const IPHONE: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
const BROWSER_SECRET: [u8; 32] = [5; 32];
const BROWSER_AUTH: [u8; 16] = [6; 16];

/// A request as it came.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Shared {
    got: Mutex<Vec<Got>>,
    came: tokio::sync::Notify,
    /// Whether every device is gone.
    is_gone: Mutex<bool>,
}

/// Apple's servers and a push service at once: paths tell them apart.
struct Providers {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Providers {
    async fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came to a path so far, once it is as wanted.
    async fn wait(&self, what: &str, path: &str, holds: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let got = || -> Vec<Got> {
            let got = self.shared.got.lock().unwrap();
            got.iter().filter(|got| got.path == path).cloned().collect()
        };
        let waiting = async {
            loop {
                let came = self.shared.came.notified();
                let got = got();
                if holds(&got) {
                    return got;
                }
                came.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(60), waiting).await {
            Ok(got) => got,
            Err(_) => panic!("{what} does not come: {:?}", got()),
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    version: Version,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let is_apple = path.starts_with("/3/device/");
    shared.got.lock().unwrap().push(Got {
        path,
        version,
        headers,
        body,
    });
    shared.came.notify_waiters();
    match (*shared.is_gone.lock().unwrap(), is_apple) {
        (false, true) => StatusCode::OK.into_response(),
        (false, false) => StatusCode::CREATED.into_response(),
        (true, true) => {
            let now_ms = vigia_core::Clock::now_ms(&vigia_core::SystemClock);
            let reason = json!({ "reason": "Unregistered", "timestamp": now_ms });
            (StatusCode::GONE, axum::Json(reason)).into_response()
        }
        (true, false) => StatusCode::GONE.into_response(),
    }
}

fn credentials(app: &App, providers: &Providers) -> String {
    let apple = SecretKey::from_slice(&[7; 32]).unwrap();
    let apple = apple.to_pkcs8_pem(LineEnding::LF).unwrap();
    let apple =
        json!({ "team_id": "TEAM567890", "key_id": "KEY4567890", "private_key": apple.as_str() });
    let web = URL_SAFE_NO_PAD.encode([9; 32]);
    let web = json!({ "private_key": web, "subject": "mailto:ops@confio.test" });
    let files = [("apns.json", apple), ("web.json", web)].map(|(name, text)| {
        let file = app.path(name);
        std::fs::write(&file, text.to_string()).unwrap();
        file
    });
    format!(
        "[delivery]\naccount_networks = [\"127.0.0.1/32\"]\naccount_ports = [{}]\naccount_plain_http = true\n\
         [push]\nburst_window_ms = 0\napns_credentials = {:?}\napns_topic = \"app.confio\"\napns_url = \"{}\"\n\
         web_credentials = {:?}\n",
        providers.address.port(),
        files[0],
        providers.url(),
        files[1],
    )
}

fn browser(providers: &Providers) -> String {
    let public = SecretKey::from_slice(&BROWSER_SECRET).unwrap().public_key();
    let public = URL_SAFE_NO_PAD.encode(public.to_encoded_point(false).as_bytes());
    json!({
        "endpoint": format!("{}/push/browser-1", providers.url()),
        "expirationTime": null,
        "keys": { "p256dh": public, "auth": URL_SAFE_NO_PAD.encode(BROWSER_AUTH) },
    })
    .to_string()
}

async fn register(store: &SqlStore, platform: Platform, token: &str) {
    let user = store.user_find("user-1").await.unwrap().unwrap();
    let device = DeviceSpec {
        platform,
        token: token.to_owned(),
        locale: None,
        app_version: "1.0.0".to_owned(),
    };
    store.device_register(user.id, &device).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_iphone_and_a_browser_are_told_until_they_are_gone() {
    let node = start(busy_chain(6_000), Pace::Live, 10).await;
    let providers = Providers::start().await;
    let app = App::new();
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n{}{}",
        node.url(),
        credentials(&app, &providers),
        contracts(),
    ));
    watch_users(&app, &node, |_| true);
    let store = app.store().await;
    register(&store, Platform::Apns, IPHONE).await;
    register(&store, Platform::Web, &browser(&providers)).await;
    let worker = app.start(&["work", "--log", "error"]);
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);

    let path = format!("/3/device/{IPHONE}");
    let is_deposit = |body: &Value| body["kind"] == "SEND_RECEIVED";
    let apple = |got: &Got| -> Value { serde_json::from_slice(&got.body).unwrap() };
    let got = providers
        .wait("a deposit on the iPhone", &path, |got| {
            got.iter().any(|got| is_deposit(&apple(got)))
        })
        .await;
    let deposit = got.iter().find(|got| is_deposit(&apple(got))).unwrap();
    let body = apple(deposit);
    assert_eq!(deposit.version, Version::HTTP_2);
    assert_eq!(deposit.header("apns-topic"), "app.confio");
    assert_eq!(deposit.header("apns-collapse-id"), body["delivery_id"]);
    assert!(deposit.header("authorization").starts_with("Bearer "));
    let text = body["aps"]["alert"]["body"].as_str().unwrap();
    assert!(text.starts_with("Recibiste "), "{text}");

    let secret = SecretKey::from_slice(&BROWSER_SECRET).unwrap();
    let browser = |got: &Got| -> Value {
        let clear =
            web_push_native::decrypt(got.body.to_vec(), &secret, &BROWSER_AUTH.into()).unwrap();
        serde_json::from_slice(&clear).unwrap()
    };
    let path = "/push/browser-1";
    let is_told = |got: &[Got]| got.iter().any(|got| is_deposit(&browser(got)["data"]));
    let got = providers
        .wait("a deposit in the browser", path, is_told)
        .await;
    let deposit = got
        .iter()
        .find(|got| is_deposit(&browser(got)["data"]))
        .unwrap();
    let body = browser(deposit);
    assert_eq!(deposit.header("topic"), body["data"]["delivery_id"]);
    assert_eq!(deposit.header("content-encoding"), "aes128gcm");
    assert!(deposit.header("authorization").starts_with("vapid t="));

    // Both say that their device is gone: it is told nothing more.
    *providers.shared.is_gone.lock().unwrap() = true;
    let user = store.user_find("user-1").await.unwrap().unwrap();
    let gone = async {
        loop {
            let came = providers.shared.came.notified();
            let devices = store.device_list(Some(user.id), 0, 10).await.unwrap();
            if devices.iter().all(|device| !device.is_active) {
                return;
            }
            // What they said is written a moment after it came.
            let _ = tokio::time::timeout(Duration::from_millis(100), came).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(60), gone);
    within.await.expect("both devices are known to be gone");
    poller.stop();
    worker.stop();
    store.close().await;
}
