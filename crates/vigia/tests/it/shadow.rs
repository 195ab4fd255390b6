//! A shadow run records everything and sends nothing; channels are switched on one by one, each for what happens from then on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use vigia_core::Platform;
use vigia_devnet::Pace;
use vigia_store::{
    DeliveryState, DeliveryStore as _, DeviceSpec, PushStore as _, ReadStore as _, SqlStore,
};

use crate::app::{App, PATIENCE};
use crate::google::Google;
use crate::node::{busy_chain, contracts, start, watch_users};

/// Counts what it is told.
async fn listen() -> (String, Arc<Mutex<u64>>) {
    let count = Arc::<Mutex<u64>>::default();
    let router = Router::new()
        .route(
            "/hook",
            post(|State(count): State<Arc<Mutex<u64>>>| async move { *count.lock().unwrap() += 1 }),
        )
        .with_state(Arc::clone(&count));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, count)
}

/// How many webhooks and pushes are in this state.
async fn count(store: &SqlStore, wanted: DeliveryState) -> (u64, u64) {
    let deliveries = store.delivery_counts().await.unwrap().into_iter();
    let pushes = store.push_counts().await.unwrap().into_iter();
    (
        deliveries
            .filter(|row| row.1 == wanted)
            .map(|row| row.2)
            .sum(),
        pushes.filter(|row| row.1 == wanted).map(|row| row.2).sum(),
    )
}

/// Waits until all activities so far have become deliveries and none is to be sent any more.
async fn settled(store: &SqlStore) -> (u64, u64) {
    let begun = std::time::Instant::now();
    loop {
        let activities = store.status().await.unwrap().activities;
        let counts = store.delivery_counts().await.unwrap();
        let made: u64 = counts.iter().map(|row| row.2).sum();
        let pending = count(store, DeliveryState::Pending).await;
        if made >= activities && pending == (0, 0) {
            return count(store, DeliveryState::Cancelled).await;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{activities} activities, {counts:?}, {pending:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_in_shadow_and_nothing_old_afterwards() {
    let (url, told) = listen().await;
    let google = Google::start().await;
    let node = start(busy_chain(4_000), Pace::Live, 10).await;
    let app = App::new();
    app.ok(&["webhooks", "key", "hook.key"]);
    let config = |channels: &str| {
        format!(
            "[provider]\nurl = \"{}\"\n[web]\nlisten = \"127.0.0.1:0\"\n{channels}{}burst_window_ms = 0\n{}\
             [[webhooks]]\nname = \"hook\"\nurl = \"{url}\"\nkey_files = [\"hook.key\"]\n",
            node.url(),
            google.settings(&app),
            contracts(),
        )
    };
    app.configure(&config(""));
    watch_users(&app, &node, |_| true);
    let store = app.store().await;
    let user = store.user_find("user-1").await.unwrap().unwrap();
    let phone = DeviceSpec {
        platform: Platform::Fcm,
        token: "phone".to_owned(),
        locale: None,
        app_version: String::new(),
    };
    store.device_register(user.id, &phone).await.unwrap();

    let running = app.start(&["up", "--from", "0", "--shadow", "--log", "error"]);
    app.wait_for("enough", |status| {
        status["activities"].as_u64() >= Some(700)
    });
    let begun = std::time::Instant::now();
    while count(&store, DeliveryState::Cancelled).await.0 <= 100 {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.stop();
    // What was under way when it stopped is ended by the next one, which sends webhooks alone.
    let in_shadow = count(&store, DeliveryState::Cancelled).await;
    assert!(in_shadow.0 > 100 && in_shadow.1 > 0, "{in_shadow:?}");
    assert_eq!(count(&store, DeliveryState::Delivered).await, (0, 0));
    assert_eq!((*told.lock().unwrap(), google.pushed().len()), (0, 0));

    app.configure(&config("[delivery]\nchannels = [\"webhook\"]\n"));
    let running = app.start(&["up", "--log", "error"]);
    app.wait_for("everything", |status| {
        node.final_tip().is_some() && status["watermark"].as_u64() == node.final_tip()
    });
    let cancelled = settled(&store).await;
    running.stop();
    let delivered = count(&store, DeliveryState::Delivered).await;
    assert!(delivered.0 > 100, "{delivered:?}");
    assert_eq!(delivered.1, 0);
    // What was cancelled stays so, and is what was due in the shadow: nothing of it is told later.
    assert_eq!(cancelled.0, in_shadow.0);
    assert_eq!(*told.lock().unwrap(), delivered.0);
    // How many pushes were left for the second one depends on how far the first one came.
    assert!(cancelled.1 >= in_shadow.1 && google.pushed().is_empty());
    store.close().await;
    node.shutdown().await.unwrap();
}
