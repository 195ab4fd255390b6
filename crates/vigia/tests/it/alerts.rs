//! Operators are told what is wrong: once when it begins, once when it is over, over each channel.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};
use vigia::alerts::{Alarm, Channel, Heartbeat, Limits, Looked};
use vigia_core::{Clock as _, ManualClock};
use vigia_store::{AlertStore as _, ProviderRow, ProviderStore as _, SqlStore, SqliteOptions};
use vigia_sui::Secret;

use crate::app::App;
use crate::node::{app_watching, busy_chain, start};

/// What came at each path, and the paths at which nobody is well.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<(Came, Vec<String>)>>, Arc<tokio::sync::Notify>);

/// Bodies by path.
type Came = BTreeMap<String, Vec<Value>>;

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let router = Router::new()
            .route("/{*path}", any(receive))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn take(&self) -> Came {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    /// What came, once something came at this path.
    async fn wait_for(&self, path: &str) -> Came {
        let waiting = async {
            loop {
                let more = self.1.notified();
                let came = self.0.lock().unwrap().0.clone();
                if came.contains_key(path) {
                    return came;
                }
                more.await;
            }
        };
        let came = tokio::time::timeout(crate::app::PATIENCE, waiting).await;
        came.unwrap_or_else(|_| panic!("nothing comes at {path}"))
    }

    fn breaks(&self, paths: &[&str]) {
        self.0.lock().unwrap().1 = paths.iter().map(|path| (*path).to_owned()).collect();
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(path): Path<String>,
    body: Option<Json<Value>>,
) -> StatusCode {
    let mut held = receiver.0.lock().unwrap();
    if held.1.contains(&path) {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    let body = body.map_or(Value::Null, |Json(body)| body);
    held.0.entry(path).or_default().push(body);
    receiver.1.notify_waiters();
    StatusCode::OK
}

fn provider(is_usable: bool, at_ms: u64) -> ProviderRow {
    ProviderRow {
        holder: "a".to_owned(),
        provider: "main".to_owned(),
        position: 0,
        url: "https://node".to_owned(),
        is_current: true,
        is_usable,
        standing: String::new(),
        tip: None,
        lowest: None,
        latency_ms: None,
        serves: None,
        at_ms,
    }
}

#[tokio::test]
async fn each_channel_is_told_once_and_when_it_is_over() {
    let (receiver, url) = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_790_000_000_000));
    let options = SqliteOptions::new(folder.path().join("vigia.db"));
    let store = Arc::new(SqlStore::open(options, clock.clone()).await.unwrap());
    let at = |path: &str| format!("{url}/{path}").parse().unwrap();
    let telegram = Channel::telegram(at(""), Secret::new("12:hush"), "-7".to_owned());
    let channels = vec![
        Channel::webhook(at("hook")).unwrap(),
        Channel::slack(at("slack")).unwrap(),
        telegram.unwrap(),
    ];
    let heartbeat = Some(Heartbeat::new(at("beat")).unwrap());
    let limits = Limits {
        lag_ms_max: 1_000,
        due_ms_max: 1_000,
        source_ms_max: 1_000,
    };
    let source = "accounts".to_owned();
    let alarm = Alarm::new(
        store.clone(),
        clock.clone(),
        (channels, heartbeat),
        limits,
        60_000,
        source,
    );
    let look = async || alarm.look().await.unwrap();
    let looked = |open, told| Looked { open, told };
    assert_eq!(look().await, looked(0, 0));
    assert_eq!(receiver.take().keys().collect::<Vec<_>>(), ["beat"]);

    let record = async |is_usable| {
        let row = provider(is_usable, clock.now_ms());
        store.provider_record("a", &[row], &[]).await.unwrap();
    };
    record(false).await;
    // Nobody can be told: it is tried again.
    receiver.breaks(&["hook", "slack", "bot12:hush/sendMessage"]);
    assert_eq!(look().await, looked(1, 0));
    assert_eq!(receiver.take().keys().collect::<Vec<_>>(), ["beat"]);
    // One of three is enough.
    receiver.breaks(&["hook"]);
    assert_eq!(look().await, looked(1, 1));
    let told = receiver.take();
    let text = "vigia: no provider can be read from: `vigia providers` says why";
    assert_eq!(told["slack"], [json!({ "text": text })]);
    assert_eq!(
        told["bot12:hush/sendMessage"],
        [json!({ "chat_id": "-7", "text": text })]
    );
    // Once.
    receiver.breaks(&[]);
    assert_eq!(look().await, looked(1, 0));
    assert_eq!(receiver.take().keys().collect::<Vec<_>>(), ["beat"]);
    // Again after a while, since when it was is kept.
    let begun_ms = clock.now_ms();
    clock.set(begun_ms + 60_000);
    record(false).await;
    assert_eq!(look().await, looked(1, 1));
    let told = receiver.take();
    assert_eq!(
        told["hook"],
        [
            json!({ "alert": "no_provider", "state": "firing", "text": text, "atMs": begun_ms + 60_000 })
        ]
    );
    assert_eq!(store.alert_list().await.unwrap()[0].since_ms, begun_ms);
    record(true).await;
    assert_eq!(look().await, looked(0, 1));
    let told = receiver.take();
    assert_eq!(told["hook"][0]["state"], "resolved");
    assert_eq!(told["slack"].len(), 1);
    assert_eq!(store.alert_list().await.unwrap(), []);
    assert_eq!(look().await, looked(0, 0));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_system_tells_that_it_is_alive_and_what_stands_still() {
    let (receiver, url) = Receiver::start().await;
    // The chain of this node stands at its end, and what is committed is of long ago by its own time.
    let node = start(busy_chain(500), vigia_devnet::Pace::Complete, 1).await;
    let app: App = app_watching(&node, |_| true);
    let config = std::fs::read_to_string(app.path("vigia.toml")).unwrap();
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[poll]\nstart = \"0\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [alerts]\nwebhook_url = \"{url}/hook\"\nheartbeat_url = \"{url}/beat\"\nlag_ms_max = 1\n{config}",
        node.url()
    ));
    let running = app.start(&["up", "--log", "error"]);
    app.wait_for("everything", |status| {
        status["watermark"].as_u64() == node.final_tip()
    });
    app.ok(&["schedules", "run", "alerts"]);
    let told = receiver.wait_for("hook").await;
    let hook = &told["hook"];
    assert_eq!(hook.len(), 1, "{hook:?}");
    assert_eq!(
        (&hook[0]["alert"], &hook[0]["state"]),
        (&json!("no_progress"), &json!("firing"))
    );
    let listed = app.ok(&["schedules", "list"]);
    assert!(listed.contains("alerts"), "{listed}");
    running.stop();
    node.shutdown().await.unwrap();
}
