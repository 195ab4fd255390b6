//! A backup that is restored later goes on where it was: what it misses of the chain is read again, and told under the ids it had.

use std::collections::BTreeSet;
use std::time::Duration;

use vigia_devnet::Pace;
use vigia_store::{DeliveryStore as _, ReadStore as _};

use crate::app::{App, text};
use crate::kills::assert_same;
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};
use crate::quorum;
use crate::servers::Hook;

/// Waits until all that happened is told.
async fn all_told(app: &App, hook: &Hook) -> BTreeSet<String> {
    let store = app.store().await;
    let begun = std::time::Instant::now();
    loop {
        let activities = store.status().await.unwrap().activities;
        let counts = store.delivery_counts().await.unwrap();
        let made: u64 = counts.iter().map(|row| row.2).sum();
        let ids = hook.ids();
        if activities > 0 && made == activities && ids.len() as u64 == activities {
            store.close().await;
            return ids;
        }
        let found = ids.len();
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{activities} activities, {made} deliveries, {found} told"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_goes_on_where_it_was() {
    let node = start(busy_chain(3_000), Pace::Live, 20).await;
    let hook = Hook::listen().await;
    let app = App::new();
    app.configure(&format!("{}{}", contracts(), hook.declared(&app)));
    watch_users(&app, &node, |index| index % 2 == 0);
    let url = node.url();
    let running = app.follow(&url);
    app.wait_for("some of it is committed", |status| {
        status["activities"].as_u64() > Some(50)
    });
    // While it goes on.
    let backup = app.path("backup.db");
    let to = backup.display().to_string();
    app.ok(&["backup", "--to", &to]);
    let refused = app.run(&["backup", "--to", &to]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    let before = app.status()["watermark"].as_u64().unwrap();

    let store = app.store().await;
    let rows = finished_rows(&node, &store, Duration::from_secs(60)).await;
    store.close().await;
    let ids = all_told(&app, &hook).await;
    running.stop();

    // The disk is lost, and the backup is what there is.
    hook.clear();
    let database = app.data_dir().join("vigia.db");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", database.display()));
    }
    std::fs::rename(&backup, &database).unwrap();
    let restored = app.status()["watermark"].as_u64().unwrap();
    assert!(
        restored <= before && Some(restored) < node.final_tip(),
        "{restored}"
    );
    let running = app.follow(&url);
    let store = app.store().await;
    let again = finished_rows(&node, &store, Duration::from_secs(60)).await;
    assert_same(&rows, &again);
    let delivered =
        |rows: &[(i64, vigia_store::DeliveryState, u64)]| rows.iter().map(|row| row.2).sum::<u64>();
    let begun = std::time::Instant::now();
    while delivered(&store.delivery_counts().await.unwrap()) < ids.len() as u64
        || hook.ids().is_empty()
    {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "not all are told again"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.close().await;
    running.stop();
    let strange: Vec<String> = hook.ids().difference(&ids).cloned().collect();
    assert_eq!(
        strange, [""; 0],
        "told under ids that were not there before"
    );
    let (report, _) = quorum::audit(&app, &node, node.final_tip().unwrap());
    let [gaps, missing, differing, _] = quorum::found(&report);
    assert_eq!([gaps, missing, differing], [0; 3], "{report}");
    node.shutdown().await.unwrap();
}
