//! Processes that are replaced one by one under load, as an upgrade does, lose nothing and tell nothing twice.

use std::time::{Duration, Instant};

use vigia_devnet::{ChainConfig, Pace};
use vigia_store::{DeliveryState, DeliveryStore as _, ReadStore as _, SqlStore};

use crate::app::{App, Running};
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{Hook, PostgresDatabase, Redis};

/// How long the whole of it may take.
const WITHIN: Duration = Duration::from_secs(110);

/// Waits until so many activities are committed.
async fn committed(store: &SqlStore, wanted: u64, begun: Instant) {
    while store.status().await.unwrap().activities < wanted {
        assert!(begun.elapsed() < WITHIN, "{wanted} activities");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What coins are called is looked up beside it, when there is time.
fn without_coins(rows: Vec<String>) -> Vec<String> {
    let mut rows = rows;
    rows.retain(|row| !row.starts_with("coin "));
    rows
}

/// Starts the new one, then stops the old one.
fn replace(app: &App, old: &mut Running, arguments: &[&str]) {
    let new = app.start(arguments);
    std::mem::replace(old, new).stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_replaced_under_load() {
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    // 200 transactions a second.
    let chain = ChainConfig {
        tps: 200,
        ..busy_chain(4_000)
    };
    let node = start(chain, Pace::Live, 20).await;
    let hook = Hook::listen().await;
    let calm = app_watching(&node, |index| index % 4 != 0);
    let app = App::new();
    app.configure(&format!(
        "[store]\nurl = \"{}\"\n[transport]\nkind = \"redis\"\nredis_url = \"{}\"\n{}{}",
        database.url(),
        redis.url(),
        contracts(),
        hook.declared(&app)
    ));
    watch_users(&app, &node, |index| index % 4 != 0);
    let url = node.url();
    let poll = ["poll", "--provider", &url, "--from", "0", "--log", "warn"];
    let work = ["work", "--log", "warn"];
    let undisturbed = calm.follow(&url);
    let mut works = [app.start(&work), app.start(&work)];
    let mut polls = app.start(&poll);

    let begun = Instant::now();
    let store = database.store().await;
    let mut replaced = 0;
    for wanted in (100..=600).step_by(100) {
        committed(&store, wanted, begun).await;
        // Workers first, then pollers, as the upgrade notes say.
        replace(&app, &mut works[replaced % 2], &work);
        if replaced % 2 == 1 {
            replace(&app, &mut polls, &poll);
        }
        replaced += 1;
    }
    let rows = finished_rows(&node, &calm.store().await, WITHIN).await;
    let found = finished_rows(&node, &store, WITHIN).await;
    assert_same(&without_coins(rows), &without_coins(found));
    let activities = store.status().await.unwrap().activities;
    loop {
        let counts = store.delivery_counts().await.unwrap();
        let delivered = counts
            .iter()
            .filter(|row| row.1 == DeliveryState::Delivered);
        if delivered.map(|row| row.2).sum::<u64>() == activities {
            break;
        }
        assert!(begun.elapsed() < WITHIN, "{counts:?} of {activities}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (told, twice) = (hook.ids().len() as u64, hook.times().1);
    assert_eq!((told, twice), (activities, 0), "each is told once");
    println!("{replaced} workers and pollers replaced, {activities} activities, each told once");
    undisturbed.stop();
    polls.stop();
    works.into_iter().for_each(Running::stop);
    store.close().await;
    node.shutdown().await.unwrap();
}
