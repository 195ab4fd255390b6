//! `/metrics`: what Prometheus reads, and that only operators do; and the listener that is there for nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_store::StoreError;
use vigia_web::{MetricsServer, MetricsText};

use crate::app::{TestApp, USER_HEADER, client};

/// Figures that nobody counted.
pub(crate) struct Figures;

#[async_trait]
impl MetricsText for Figures {
    async fn metrics(&self) -> Result<String, StoreError> {
        Ok("vigia_lag_checkpoints 7\n# EOF\n".to_owned())
    }
}

/// Figures that cannot be read.
struct Broken;

#[async_trait]
impl MetricsText for Broken {
    async fn metrics(&self) -> Result<String, StoreError> {
        Err(StoreError::OutOfRange {
            what: "number",
            value: "secret".to_owned(),
        })
    }
}

#[tokio::test]
async fn operators_read_figures() {
    let app = TestApp::with_people("Ana").await;
    let response = app.get("/metrics").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    let text = response.text().await.unwrap();
    assert_eq!(text, "vigia_lag_checkpoints 7\n# EOF\n");
    for (user, status) in [("ana", 404), ("nobody", 401)] {
        let request = app.get("/metrics").header(USER_HEADER, user);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{user}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("vigia_lag"), "{user}: {text}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_listener_of_its_own_tells_figures_and_nothing_else() {
    for (metrics, status, part) in [
        (Arc::new(Figures) as Arc<dyn MetricsText>, 200, "# EOF\n"),
        (Arc::new(Broken), 503, "see the log"),
    ] {
        let server = MetricsServer::bind("127.0.0.1:0".parse().unwrap(), metrics);
        let server = server.await.unwrap();
        let address = server.address();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        let response = client()
            .get(format!("http://{address}/metrics"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status);
        let text = response.text().await.unwrap();
        assert!(text.contains(part) && !text.contains("secret"), "{text}");
        for path in ["", "graphql", "healthz"] {
            let response = client()
                .get(format!("http://{address}/{path}"))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 404, "{path}");
        }
        drop(stop);
        serving.await.unwrap().unwrap();
    }
}
