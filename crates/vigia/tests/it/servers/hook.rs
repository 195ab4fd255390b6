//! A receiver of webhooks that counts how often it is told each id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;

use crate::app::App;

type Told = Arc<Mutex<BTreeMap<String, u32>>>;

/// It answers until the test is over.
pub(crate) struct Hook {
    url: String,
    told: Told,
}

async fn hear(State(told): State<Told>, headers: HeaderMap) {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let id = id.unwrap_or_default().to_owned();
    *told.lock().unwrap().entry(id).or_default() += 1;
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
        let all = told.values().map(|times| u64::from(*times)).sum();
        (all, told.values().filter(|times| **times > 1).count())
    }

    /// Forgets what it was told.
    pub(crate) fn clear(&self) {
        self.told.lock().unwrap().clear();
    }
}
