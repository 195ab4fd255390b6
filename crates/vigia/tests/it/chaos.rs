//! Several pollers and workers on one Postgres database, with everything around them failing: the rows
//! that remain are those of one undisturbed process. Processes are killed and stopped, the broker is
//! emptied, a fifth of its messages is repeated and another fifth comes late, and the database's server
//! is stopped, killed and started again.
//!
//! Short by default; `VIGIA_FULL=chaos` (`cargo xtask test --full chaos`) runs the full size, and
//! `VIGIA_CHAOS=redis` (`sqs`, `in-process`) only that transport.

mod carrier;
mod fleet;
mod redis_repeater;

use std::time::{Duration, Instant};

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_devnet::{ChainConfig, Devnet, Pace};
use vigia_store::{IngestStore, SqlStore};

use crate::app::{App, Running};
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{Cluster, PostgresDatabase, Shutdown};
use carrier::Carrier;
use fleet::{Fleet, POLLERS, WORKERS};

struct Size {
    transactions: u64,
    /// Of them, those that happen while processes follow.
    live: u64,
    tps: u32,
    disturbances: usize,
    /// For how long processes are stopped, in milliseconds.
    stops_ms: &'static [u64],
    patience: Duration,
}

fn size() -> Size {
    match std::env::var("VIGIA_FULL").as_deref() {
        // About two of five are relevant.
        Ok("chaos") => Size {
            transactions: 270_000,
            live: 135_000,
            tps: 800,
            disturbances: 200,
            // The longest is longer than leases and than the patience of the database.
            stops_ms: &[200, 1_000, 4_000, 12_000],
            patience: Duration::from_secs(1_800),
        },
        _ => Size {
            transactions: 6_000,
            live: 3_000,
            tps: 300,
            disturbances: 20,
            stops_ms: &[200, 1_000, 4_000],
            patience: Duration::from_secs(110),
        },
    }
}

/// Whether this transport is tested now.
fn is_chosen(transport: &str) -> bool {
    let chosen = std::env::var("VIGIA_CHAOS").map_or(true, |chosen| chosen == transport);
    if !chosen {
        eprintln!("skipped: VIGIA_CHAOS names another transport");
    }
    chosen
}

fn seed() -> u64 {
    std::env::var("VIGIA_SEED").map_or(5, |text| text.parse().expect("a seed"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_in_process_equal_those_of_an_undisturbed_run() {
    if is_chosen("in-process") {
        run("in process", Carrier::InProcess).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_over_redis_equal_those_of_an_undisturbed_run() {
    if is_chosen("redis")
        && let Some(redis) = Carrier::redis(seed())
    {
        run("redis", redis).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_over_sqs_equal_those_of_an_undisturbed_run() {
    if is_chosen("sqs")
        && let Some(sqs) = Carrier::sqs(seed()).await
    {
        run("sqs", sqs).await;
    }
}

/// What is done next.
#[derive(Clone, Copy)]
enum Disturbance {
    Kill,
    Stop,
    EmptyBroker,
    RestartDatabase,
}

/// In ten disturbances, so many of each.
const TEN: [Disturbance; 10] = {
    use Disturbance::{EmptyBroker, Kill, RestartDatabase, Stop};
    [
        Kill,
        Kill,
        Kill,
        Kill,
        Stop,
        Stop,
        Stop,
        Stop,
        EmptyBroker,
        RestartDatabase,
    ]
};

/// What was done to whom.
#[derive(Debug, Default)]
struct Done {
    killed: u32,
    stopped: u32,
    brokers_emptied: u32,
    databases_ended: u32,
    databases_killed: u32,
    databases_disconnected: u32,
}

async fn run(name: &str, carrier: Carrier) {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let (seed, size) = (seed(), size());
    let chain = ChainConfig {
        tps: size.tps,
        ..busy_chain(size.transactions)
    };
    let per_checkpoint = u64::from(chain.tps) * chain.interval_ms / 1000;
    let history = (size.transactions - size.live) / per_checkpoint;
    let node = start(chain, Pace::Live, history).await;
    let url = node.url();
    let undisturbed = app_watching(&node, |index| index % 4 != 0);
    let calm = [
        undisturbed.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]),
        undisturbed.start(&["work", "--provider", &url, "--log", "warn"]),
    ];

    let database = cluster.database().await;
    let app = App::with_config(&config(&database, &carrier));
    let app = carrier.prepare(app);
    watch_users(&app, &node, |index| index % 4 != 0);
    let begun = Instant::now();
    let mut chaos = Chaos {
        fleet: Fleet::start(&app, &url),
        carrier,
        database,
        cluster,
        random: ChaCha8Rng::seed_from_u64(seed),
        done: Done::default(),
    };
    chaos.disturb(&size).await;
    // The last to be dropped is the first named.
    let Chaos {
        cluster: _cluster,
        database,
        carrier,
        fleet,
        done,
        ..
    } = chaos;
    let rows = all_rows(&node, undisturbed.store().await, size.patience).await;
    let found = all_rows(&node, database.store().await, size.patience).await;
    calm.into_iter().for_each(Running::stop);
    fleet.end();

    let relevant = rows.iter().filter(|row| row.starts_with("raw ")).count();
    let messages = carrier.repeats().map(|repeats| format!("{repeats}, "));
    println!(
        "{name}, seed {seed}: {} transactions, {relevant} relevant, {} rows, {}{done:?}, {:?}",
        size.transactions,
        rows.len(),
        messages.unwrap_or_default(),
        begun.elapsed()
    );
    assert!(
        relevant as u64 > size.transactions / 10,
        "enough was at stake"
    );
    if let Some(repeats) = carrier.repeats() {
        let (repeated, moved) = repeats.per_mille();
        // What was on its way while the broker was emptied is missing of a fifth.
        assert!(repeated > 100 && moved > 100, "{repeats}");
    }
    assert_same(&rows, &found);
    node.shutdown().await.expect("the node stops");
}

/// The rows once all of the chain is committed and all coins were looked up.
async fn all_rows(node: &Devnet, store: SqlStore, patience: Duration) -> Vec<String> {
    finished_rows(node, &store, patience).await;
    let begun = Instant::now();
    while !store.coin_unknown(1).await.expect("coins").is_empty() {
        assert!(begun.elapsed() < patience, "coins stay unknown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let rows = store.dump_rows().await.expect("rows");
    store.close().await;
    rows
}

fn config(database: &PostgresDatabase, carrier: &Carrier) -> String {
    format!(
        "[store]\nurl = \"{}\"\nidle_timeout_ms = 2000\n[poll]\nshards = 4\n\
         [transport]\nresend_after_ms = 3000\n{}{}",
        database.url(),
        carrier.config(),
        contracts()
    )
}

/// A deployment, and what it stands on.
struct Chaos<'a> {
    fleet: Fleet<'a>,
    carrier: Carrier,
    database: PostgresDatabase,
    cluster: Cluster,
    random: ChaCha8Rng,
    done: Done,
}

impl Chaos<'_> {
    async fn disturb(&mut self, size: &Size) {
        let begun = Instant::now();
        let mut ten = Vec::new();
        for _ in 0..size.disturbances {
            let pause_ms = self.random.random_range(100..900);
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            self.fleet.wake(false);
            if ten.is_empty() {
                ten = TEN.to_vec();
                ten.shuffle(&mut self.random);
            }
            let disturbance = ten.pop().expect("ten of them");
            self.disturb_once(disturbance, size.stops_ms).await;
            assert!(begun.elapsed() < size.patience, "the chaos took too long");
        }
        self.fleet.wake(true);
    }

    async fn disturb_once(&mut self, disturbance: Disturbance, stops_ms: &[u64]) {
        let index = self.random.random_range(0..POLLERS + WORKERS);
        match disturbance {
            Disturbance::Kill => {
                self.fleet.kill(index);
                self.done.killed += 1;
            }
            Disturbance::Stop => {
                let span_ms = stops_ms.choose(&mut self.random).expect("there are some");
                self.fleet.stop(index, Duration::from_millis(*span_ms));
                self.done.stopped += 1;
            }
            Disturbance::EmptyBroker => {
                self.done.brokers_emptied += u32::from(self.carrier.empty().await);
            }
            Disturbance::RestartDatabase => self.restart_database().await,
        }
    }

    async fn restart_database(&mut self) {
        // All kinds, also where there are few of them.
        let done = &mut self.done;
        let so_far = done.databases_killed + done.databases_ended + done.databases_disconnected;
        let (shutdown, count) = match so_far % 4 {
            0 => (Shutdown::Kill, &mut done.databases_killed),
            1 => (Shutdown::Fast, &mut done.databases_ended),
            2 => (Shutdown::Immediate, &mut done.databases_ended),
            _ => {
                done.databases_disconnected += 1;
                return self.database.disconnect_all().await;
            }
        };
        *count += 1;
        self.cluster.stop(shutdown);
        let away_ms = self.random.random_range(0..1_500);
        tokio::time::sleep(Duration::from_millis(away_ms)).await;
        self.cluster.go_on();
    }
}
