//! Through a pooler that hands out connections per transaction, with an address past it for hearing.

use std::time::{Duration, Instant};

use vigia_devnet::Pace;

use crate::app::{App, PATIENCE};
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{Pooler, PostgresDatabase, Redis};

/// Nobody watches it.
const STRANGER: &str = "0x00000000000000000000000000000000000000000000000000000000000abcde";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_through_a_pooler_equal_those_of_an_undisturbed_run() {
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    let Some(pooler) = Pooler::start(&database) else {
        return;
    };
    let node = start(busy_chain(4_000), Pace::Live, 50).await;
    let undisturbed = app_watching(&node, |index| index % 4 != 0);
    let pooled = format!("[store]\nurl = \"{}\"\n", pooler.url());
    let direct = format!("direct_url = \"{}\"\n", database.url());
    let rest = format!(
        "[poll]\nshards = 4\n[transport]\nkind = \"redis\"\nredis_url = \"{}\"\n{}",
        redis.url(),
        contracts()
    );
    let app = App::with_config(&format!("{pooled}{direct}{rest}"));
    watch_users(&app, &node, |index| index % 4 != 0);
    let url = node.url();
    let poll = ["poll", "--provider", &url, "--from", "0", "--log", "info"];
    let calm = undisturbed.start(&poll);
    let (polls, log) = app.start_logged(&poll);
    let works = [(); 2].map(|()| app.start(&["work", "--log", "warn"]));

    let patience = Duration::from_secs(120);
    let rows = finished_rows(&node, &undisturbed.store().await, patience).await;
    let store = database.store().await;
    let found = finished_rows(&node, &store, patience).await;
    assert_same(&rows, &found);

    // A change is told past the pooler.
    app.ok(&["watch", "add", STRANGER]);
    let (begun, changes) = (Instant::now(), || {
        let lines = log.lines();
        lines
            .iter()
            .filter(|line| line.contains("watch list changed"))
            .count()
    });
    while changes() == 0 {
        assert!(begun.elapsed() < PATIENCE, "the change is not heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let heard_after = begun.elapsed();
    println!(
        "{} rows equal, a change heard after {heard_after:?}",
        rows.len()
    );
    assert!(heard_after < Duration::from_secs(1), "{heard_after:?}");

    let doctor = ["doctor", "--provider", &url];
    let said = app.ok(&doctor);
    assert!(said.contains("changes are heard at once"), "{said}");
    app.configure(&format!("{pooled}{rest}"));
    let output = app.run(&doctor);
    let said = crate::app::text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    // By what it does to prepared statements, by a connection that is mixed up, or by the silence.
    for words in ["PROBLEM", "PgBouncer", "store.direct_url"] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    calm.stop();
    polls.stop();
    works.into_iter().for_each(crate::app::Running::stop);
    store.close().await;
    node.shutdown().await.unwrap();
}
