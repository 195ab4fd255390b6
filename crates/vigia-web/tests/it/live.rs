//! The event stream: nothing missed, nothing repeated, whatever the connection does.

use crate::app::{TestApp, read_events};

#[tokio::test]
async fn news_arrives_as_rows() {
    let app = TestApp::with_transfers().await;
    let stream = app.get("/live?lang=en").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    app.transfer(2).await;
    let events = read_events(stream, 2).await;
    assert_eq!(events[0].0, "5");
    assert_eq!(events[1].0, "6");
    assert!(
        events[1].1.contains("data-activity=\"6\""),
        "{}",
        events[1].1
    );
    assert!(events[1].1.contains("+5.00 cUSD"));
    assert!(events[1].1.contains("Received"));
}

#[tokio::test]
async fn resuming_misses_and_repeats_nothing() {
    let app = TestApp::with_transfers().await;
    let mut seen: Vec<String> = Vec::new();
    for checkpoint in 2..6 {
        let last = seen.last().cloned().unwrap_or_else(|| "0".to_owned());
        // The header wins over what the page asked for first.
        let request = app.get("/live?after=3").header("last-event-id", last);
        app.transfer(checkpoint).await;
        let stream = request.send().await.unwrap();
        let events = read_events(stream, 1).await;
        seen.extend(events.into_iter().take(1).map(|(id, _)| id));
    }
    assert_eq!(seen, ["1", "2", "3", "4"]);
    let rest = app
        .get("/live")
        .header("last-event-id", "4")
        .send()
        .await
        .unwrap();
    let rest: Vec<String> = read_events(rest, 8)
        .await
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(rest, ["5", "6", "7", "8", "9", "10", "11", "12"]);
}

#[tokio::test]
async fn many_rows_come_in_order() {
    let app = TestApp::with_people("Ana").await;
    for checkpoint in 0..60 {
        app.transfer(checkpoint).await;
    }
    let stream = app.get("/live?after=0").send().await.unwrap();
    let ids: Vec<String> = read_events(stream, 120)
        .await
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let expected: Vec<String> = (1..=120).map(|id| id.to_string()).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let app = TestApp::empty().await;
    assert_eq!(app.get("/live?after=x").send().await.unwrap().status(), 400);
    let header = app
        .get("/live")
        .header("last-event-id", "1;2")
        .send()
        .await
        .unwrap();
    assert_eq!(header.status(), 400);
}
