//! `/metrics`: figures as Prometheus reads them (`OpenMetrics` 1.0), for operators, and on a listener of its own for whoever
//! reaches that.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use vigia_core::error_chain;
use vigia_store::StoreError;

use crate::WebError;
use crate::app::App;
use crate::pages::{ErrorPage, internal_error};
use crate::plain::PlainServer;
use crate::reader::Reader;

const TEXT_FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Has the figures of a process.
#[async_trait]
pub trait MetricsText: Send + Sync {
    /// All of them now, as `OpenMetrics` text. They hold no secret.
    async fn metrics(&self) -> Result<String, StoreError>;
}

/// Serves the figures.
pub(crate) async fn metrics(State(app): State<Arc<App>>, reader: Reader) -> Response {
    if !reader.principal.is_operator() {
        return ErrorPage {
            status: StatusCode::NOT_FOUND,
            locale: reader.locale,
            detail: None,
        }
        .into_response();
    }
    match app.context.metrics.metrics().await {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Serves a process's figures to whoever reaches it: it belongs on an inner network.
pub struct MetricsServer(PlainServer);

impl MetricsServer {
    /// Listens, or says why not.
    pub async fn bind(listen: SocketAddr, metrics: Arc<dyn MetricsText>) -> Result<Self, WebError> {
        let told = |State(metrics): State<Arc<dyn MetricsText>>| async move {
            match metrics.metrics().await {
                Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
                Err(error) => {
                    let error = error_chain(&error);
                    tracing::warn!(error, "figures cannot be read");
                    let why = "figures cannot be read: see the log\n";
                    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
                }
            }
        };
        let router = Router::new()
            .route("/metrics", get(told))
            .with_state(metrics);
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
