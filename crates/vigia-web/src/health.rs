//! How a process says whether it is alive and whether it can do its work, to those who start and stop
//! processes. Anybody may ask, so answers hold no internals.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::WebError;

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
pub struct HealthServer {
    listener: TcpListener,
    address: SocketAddr,
    readiness: Arc<dyn Readiness>,
}

impl HealthServer {
    /// Listens, or says why not.
    pub async fn bind(listen: SocketAddr, readiness: Arc<dyn Readiness>) -> Result<Self, WebError> {
        let bind_error = |source| WebError::Bind { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        Ok(Self {
            listener,
            address,
            readiness,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), WebError> {
        let ready =
            |State(readiness): State<Arc<dyn Readiness>>| async move { readyz(&*readiness).await };
        let router = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(ready))
            .with_state(self.readiness);
        let serving = axum::serve(self.listener, router).into_future();
        tokio::select! {
            // Who asks now gets no answer, which says it as well.
            () = shutdown => Ok(()),
            served = serving => served.map_err(WebError::Serve),
        }
    }
}
