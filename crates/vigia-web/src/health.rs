//! How a process says whether it is alive and whether it can do its work, to those who start and stop
//! processes. Anybody may ask, so answers hold no internals.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::WebError;
use crate::plain::PlainServer;

/// Whether a process can do its work just now.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Why it cannot, in words that anybody may read; none where it can. Answers soon.
    async fn problem(&self) -> Option<String>;
}

/// For a process in whose way nothing is.
pub struct AlwaysReady;

#[async_trait]
impl Readiness for AlwaysReady {
    async fn problem(&self) -> Option<String> {
        None
    }
}

/// `/healthz`: it lives.
pub(crate) async fn healthz() -> (StatusCode, &'static str) {
    (StatusCode::OK, "ok")
}

/// `/readyz`: it can do its work, or why it cannot.
pub(crate) async fn readyz(readiness: &dyn Readiness) -> (StatusCode, String) {
    match readiness.problem().await {
        None => (StatusCode::OK, "ready".to_owned()),
        Some(problem) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {problem}"),
        ),
    }
}

/// Serves the two for a process that serves nothing else.
pub struct HealthServer(PlainServer);

impl HealthServer {
    /// Listens, or says why not.
    pub async fn bind(listen: SocketAddr, readiness: Arc<dyn Readiness>) -> Result<Self, WebError> {
        let ready =
            |State(readiness): State<Arc<dyn Readiness>>| async move { readyz(&*readiness).await };
        let router = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(ready))
            .with_state(readiness);
        PlainServer::bind(listen, router).await.map(Self)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Serves until `shutdown`.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), WebError> {
        self.0.run(shutdown).await
    }
}
