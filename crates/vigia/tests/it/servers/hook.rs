//! A receiver of webhooks that counts how often it is told each id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;

use crate::app::App;

type Told = Arc<Mutex<BTreeMap<String, Telling>>>;

/// What it was told under one id.
#[derive(Default)]
struct Telling {
    times: u32,
    trace_parent: Option<String>,
}

/// It answers until the test is over.
pub(crate) struct Hook {
    url: String,
    told: Told,
}

async fn hear(State(told): State<Told>, headers: HeaderMap) {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let id = header("webhook-id").unwrap_or_default().to_owned();
    let mut told = told.lock().unwrap();
    let telling = told.entry(id).or_default();
    telling.times += 1;
    telling.trace_parent = header("traceparent").map(str::to_owned);
}

impl Hook {
    /// Listens on a port of its own.
    pub(crate) async fn listen() -> Self {
        let told = Told::default();
        let router = Router::new()
            .route("/hook", post(hear))
            .with_state(Arc::clone(&told));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, told }
    }

    /// Makes a key, and says what declares this receiver; goes at the end of a configuration.
    pub(crate) fn declared(&self, app: &App) -> String {
        app.ok(&["webhooks", "key", "hook.key"]);
        let url = &self.url;
        format!("[[webhooks]]\nname = \"hook\"\nurl = \"{url}\"\nkey_files = [\"hook.key\"]\n")
    }

    /// The ids that it was told so far.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.told.lock().unwrap().keys().cloned().collect()
    }

    /// How often it was told anything, and how many ids it was told more than once.
    pub(crate) fn times(&self) -> (u64, usize) {
        let told = self.told.lock().unwrap();
        let all = told.values().map(|telling| u64::from(telling.times));
        let twice = told.values().filter(|telling| telling.times > 1);
        (all.sum(), twice.count())
    }

    /// The span that it was told of last with each id.
    pub(crate) fn trace_parents(&self) -> BTreeMap<String, Option<String>> {
        let told = self.told.lock().unwrap();
        let parents = told.iter();
        let parents = parents.map(|(id, telling)| (id.clone(), telling.trace_parent.clone()));
        parents.collect()
    }

    /// Forgets what it was told.
    pub(crate) fn clear(&self) {
        self.told.lock().unwrap().clear();
    }
}
