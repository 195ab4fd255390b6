//! `/metrics`: what Prometheus reads, and that only operators do.

use vigia_store::{WatchReconciliation, WatchStore};

use crate::app::{TestApp, USER_HEADER};

#[tokio::test]
async fn operators_read_how_watch_lists_compare() {
    let app = TestApp::with_people("Ana").await;
    let found = WatchReconciliation {
        holder: "host/7".to_owned(),
        entries: 2,
        missing: 1,
        extra: 0,
    };
    app.store.watch_reconciled(&found).await.unwrap();
    let response = app.get("/metrics").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = response.text().await.unwrap();
    for line in [
        "vigia_watch_entries{poller=\"host/7\"} 2",
        "vigia_watch_missing{poller=\"host/7\"} 1",
        "vigia_watch_extra{poller=\"host/7\"} 0",
        "# TYPE vigia_text_fallbacks_total counter",
        "vigia_text_fallbacks_total 7",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    for (user, status) in [("ana", 404), ("nobody", 401)] {
        let request = app.get("/metrics").header(USER_HEADER, user);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{user}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("host/7"), "{user}: {text}");
    }
    app.stop().await;
}
