//! Starting and stopping.

use std::time::{Duration, Instant};

use crate::app::TestApp;
use crate::socket::Socket;

#[tokio::test]
async fn health() {
    let app = TestApp::empty().await;
    assert_eq!(app.page("/healthz").await, "ok");
}

#[tokio::test]
async fn stops_although_readers_are_connected() {
    let app = TestApp::with_transfers().await;
    let mut stream = app.get("/live").send().await.unwrap();
    let mut socket = Socket::open(&app, None).await;
    socket
        .subscribe("a", "subscription { activityAdded { id } }")
        .await;
    let started = Instant::now();
    app.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "within the drain limit"
    );
    while stream.chunk().await.unwrap().is_some() {}
    socket.until_closed().await;
}
