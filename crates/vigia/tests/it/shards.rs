//! Pollers that share a chain by shards: one that dies is replaced by the others, one that joins gets
//! its part, and together they read what one alone would.
//!
//! Short by default; `VIGIA_FULL=rescue` (`cargo xtask test --full rescue`) runs the full size.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vigia_core::{LEASE_RESCUE_MS_MAX, ShardPlan};
use vigia_devnet::{ChainConfig, Pace};
use vigia_store::{LeaseStore, SqlStore, shard_lease};

use crate::app::{App, PATIENCE, Running};
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{PostgresDatabase, Redis};

const SHARDS: u32 = 4;

fn kills() -> usize {
    match std::env::var("VIGIA_FULL").as_deref() {
        Ok("rescue") => 50,
        _ => 2,
    }
}

/// Who holds which shard now, by the process ids in their names.
async fn holders(store: &SqlStore) -> BTreeMap<u32, u32> {
    let plan = ShardPlan::new(SHARDS).expect("a plan");
    let mut holders = BTreeMap::new();
    for shard in 0..SHARDS {
        let name = shard_lease(plan, shard);
        for row in store.lease_list(&name).await.expect("leases") {
            let process = row
                .holder
                .as_ref()
                .and_then(|holder| holder.rsplit('-').next());
            if let Some(process) = process.filter(|_| row.remaining_ms > 0) {
                holders.insert(shard, process.parse().expect("a process id"));
            }
        }
    }
    holders
}

/// Waits until exactly `pollers` hold all shards, none more than one above another; says how long it
/// took.
async fn settled(store: &SqlStore, pollers: &BTreeSet<u32>) -> Duration {
    let begun = Instant::now();
    loop {
        let holders = holders(store).await;
        let mut counts: BTreeMap<u32, u32> = pollers.iter().map(|id| (*id, 0)).collect();
        for process in holders.values() {
            *counts.entry(*process).or_default() += 1;
        }
        let fair = counts.values().max().unwrap_or(&0) - counts.values().min().unwrap_or(&0) <= 1;
        if holders.len() == SHARDS as usize && counts.len() == pollers.len() && fair {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "{pollers:?} hold {holders:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the shards of a dead poller are others'.
async fn rescued(store: &SqlStore, dead: u32) -> Duration {
    let begun = Instant::now();
    loop {
        let holders = holders(store).await;
        if holders.len() == SHARDS as usize && holders.values().all(|process| *process != dead) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "{dead} is dead: {holders:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn ids(pollers: &[Running]) -> BTreeSet<u32> {
    pollers.iter().map(|poller| poller.child.id()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pollers_share_a_chain_and_take_over_from_the_dead() {
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    // A chain that goes on for as long as pollers are killed.
    let kills = kills();
    let chain = ChainConfig {
        tps: 100,
        interval_ms: 100,
        ..busy_chain(2_000 + kills as u64 * 1_300)
    };
    let node = start(chain, Pace::Live, 50).await;
    let undisturbed = app_watching(&node, |index| index % 4 != 0);
    let config = format!(
        "[store]\nurl = \"{}\"\n[poll]\nshards = {SHARDS}\n\
         [transport]\nkind = \"redis\"\nredis_url = \"{}\"\n{}",
        database.url(),
        redis.url(),
        contracts()
    );
    let app = App::with_config(&config);
    watch_users(&app, &node, |index| index % 4 != 0);
    let url = node.url();
    let poll = ["poll", "--provider", &url, "--from", "0", "--log", "warn"];
    let calm = undisturbed.start(&poll);
    let worker = app.start(&["work", "--log", "warn"]);
    let store = database.store().await;

    let mut pollers = vec![app.start(&poll), app.start(&poll)];
    settled(&store, &ids(&pollers)).await;
    let status = app.status();
    let shown: BTreeMap<u64, bool> = status["shards"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let shard = row["shard"].as_u64().expect("a number");
            (shard, row["holder"].is_string())
        })
        .collect();
    let all = (0..u64::from(SHARDS)).map(|shard| (shard, true)).collect();
    assert_eq!(shown, all, "{status}");
    pollers.push(app.start(&poll));
    let joined = settled(&store, &ids(&pollers)).await;
    let mut rescues = Vec::new();
    for kill in 0..kills {
        let victim = kill % pollers.len();
        let mut dead = pollers.swap_remove(victim);
        let process = dead.child.id();
        dead.child.kill().expect("it was running");
        dead.child.wait().expect("it is gone");
        rescues.push(rescued(&store, process).await);
        pollers.push(app.start(&poll));
        settled(&store, &ids(&pollers)).await;
    }
    // One that is told to stop gives its shards away at once.
    let leaving = pollers.swap_remove(0);
    let process = leaving.child.id();
    leaving.stop();
    let handed_over = rescued(&store, process).await;

    let patience = Duration::from_secs(300);
    let rows = finished_rows(&node, &undisturbed.store().await, patience).await;
    let found = finished_rows(&node, &store, patience).await;
    assert_same(&rows, &found);
    rescues.sort_unstable();
    println!(
        "{} rescues, median {:?}, longest {:?}; a newcomer's share after {joined:?}, handed over \
         after {handed_over:?}; {} rows equal",
        rescues.len(),
        rescues[rescues.len() / 2],
        rescues[rescues.len() - 1],
        rows.len()
    );
    let longest_ms = rescues[rescues.len() - 1].as_millis();
    assert!(longest_ms <= u128::from(LEASE_RESCUE_MS_MAX), "{rescues:?}");
    calm.stop();
    worker.stop();
    for poller in pollers {
        poller.stop();
    }
    store.close().await;
    node.shutdown().await.expect("the node stops");
}
