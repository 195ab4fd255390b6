//! `/ingestion` as operators see it: curves of the last minutes, what is missing, what is fetched; and that it is told when
//! there is something new.

use vigia_core::Clock as _;
use vigia_store::{BackfillStore as _, IngestStore as _, ProviderReport, RangeProgress};

use crate::app::{TestApp, USER_HEADER, read_events};

fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

/// The page some seconds later.
async fn later(app: &TestApp, seconds: u64) -> String {
    app.clock.set(app.clock.now_ms() + seconds * 1_000);
    app.seen(None, "/ingestion").await.1
}

#[tokio::test]
async fn the_last_minutes_are_curves_and_a_table() {
    let app = TestApp::with_transfers().await;
    let (_, page) = app.seen(None, "/ingestion").await;
    shows(
        &page,
        &["Measuring begins", "data-live=\"/live/ingestion\""],
    );
    assert!(!page.contains("<svg"), "{page}");
    later(&app, 60).await;
    for checkpoint in 2..7 {
        app.transfer(checkpoint).await;
    }
    let page = later(&app, 10).await;
    shows(
        &page,
        &[
            "data-chart=\"lag-checkpoints\"",
            "<b data-latest>0</b>",
            // Seven checkpoints are a second apart, and 190 seconds have passed since the first.
            "aria-label=\"Lag in seconds: 184",
            "aria-label=\"Checkpoints per second: 0.5",
            "aria-label=\"Transactions kept per second: 0.5",
            "<polyline points=\"",
            "<th scope=\"col\">Ckpt/s</th>",
            "<th scope=\"row\">",
        ],
    );
    assert_eq!(page.matches("<polyline").count(), 4, "{page}");
    // Without seconds in between nothing new is drawn.
    let again = app.seen(None, "/ingestion").await.1;
    assert_eq!(
        again.matches("scope=\"row\"").count(),
        page.matches("scope=\"row\"").count()
    );
    // A quarter of an hour later all that is over.
    let page = later(&app, 16 * 60).await;
    shows(&page, &["Measuring begins"]);
}

#[tokio::test]
async fn what_is_missing_and_under_way_is_listed() {
    let app = TestApp::with_transfers().await;
    let (_, page) = app.seen(None, "/ingestion").await;
    shows(
        &page,
        &[
            "data-gaps=\"none\"",
            "data-histories=\"none\"",
            "No process has told how it finds its providers.",
            "The chain is not divided",
        ],
    );
    app.transfer(9).await;
    let progress = RangeProgress {
        position: 30,
        last_digest: None,
        watch_version: 1,
    };
    app.store
        .backfill_range_record(10, 49, &progress)
        .await
        .unwrap();
    let (_, page) = app.seen(None, "/ingestion").await;
    shows(
        &page,
        &[
            "data-gap=\"2-8\"",
            "A range that was asked for",
            "<progress value=\"20\" max=\"40\"",
        ],
    );
    let empty = TestApp::empty().await;
    let (_, page) = empty.seen(None, "/ingestion").await;
    shows(&page, &["No checkpoint is committed yet."]);
}

#[tokio::test]
async fn who_tells_nothing_new_is_seen() {
    let app = TestApp::with_transfers().await;
    let report = ProviderReport {
        url: "https://node.example".to_owned(),
        tip: Some(1),
        error: None,
        at_ms: app.clock.now_ms(),
    };
    app.store.provider_report(&report).await.unwrap();
    assert!(!later(&app, 119).await.contains("data-silent"));
    shows(
        &later(&app, 2).await,
        &["data-silent", "Nothing new from who reads since"],
    );
}

#[tokio::test]
async fn operators_are_told_when_there_is_something_new() {
    let app = TestApp::with_transfers().await;
    later(&app, 10).await;
    let stream = app.get("/live/ingestion").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    later(&app, 10).await;
    let events = read_events(stream, 1).await;
    assert_eq!(events.len(), 1);
    assert!(events[0].1.parse::<u64>().is_ok(), "{events:?}");

    let unknown = app.seen(Some("ana"), "/nowhere").await;
    assert_eq!(app.seen(Some("ana"), "/live/ingestion").await, unknown);
    let page = app.get("/ingestion").header(USER_HEADER, "ana");
    let page = page.send().await.unwrap().text().await.unwrap();
    for part in [
        "data-charts",
        "data-gaps",
        "/live/ingestion",
        "data-histories",
    ] {
        assert!(!page.contains(part), "{part}: {page}");
    }
}
