//! Several pollers and workers on one Postgres database, with everything around them failing: the rows
//! that remain are those of one undisturbed process.
//!
//! Short by default; `VIGIA_FULL=chaos` (`cargo xtask test --full chaos`) runs the full size.

use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_devnet::{ChainConfig, Pace};

use crate::app::{App, Running};
use crate::kills::assert_same;
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{PostgresDatabase, Redis};

const POLLERS: usize = 2;
const WORKERS: usize = 3;

struct Size {
    transactions: u64,
    tps: u32,
    disturbances: u32,
    patience: Duration,
}

fn size() -> Size {
    match std::env::var("VIGIA_FULL").as_deref() {
        // About two of five are relevant.
        Ok("chaos") => Size {
            transactions: 270_000,
            tps: 800,
            disturbances: 200,
            patience: Duration::from_secs(1_800),
        },
        _ => Size {
            transactions: 5_000,
            tps: 400,
            disturbances: 12,
            patience: Duration::from_secs(110),
        },
    }
}

/// What was done to whom.
#[derive(Debug, Default)]
struct Done {
    killed: u32,
    stopped: u32,
    brokers_emptied: u32,
    databases_disconnected: u32,
}

/// The processes of one deployment.
struct Fleet<'a> {
    app: &'a App,
    commands: Vec<Vec<String>>,
    running: Vec<Running>,
    /// Those under SIGSTOP, and until when.
    stopped: Vec<(usize, Instant)>,
}

impl<'a> Fleet<'a> {
    fn start(app: &'a App, provider: &str) -> Self {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let poll = words(&format!("poll --provider {provider} --from 0 --log error"));
        let work = words("work --log error");
        let mut commands = vec![poll; POLLERS];
        commands.extend(vec![work; WORKERS]);
        let running = commands
            .iter()
            .map(|command| launch(app, command))
            .collect();
        Self {
            app,
            commands,
            running,
            stopped: Vec::new(),
        }
    }

    fn kill(&mut self, index: usize) {
        self.stopped.retain(|(stopped, _)| *stopped != index);
        self.running[index].child.kill().expect("it was running");
        self.running[index].child.wait().expect("it is gone");
        self.running[index] = launch(self.app, &self.commands[index]);
    }

    fn stop(&mut self, index: usize, span: Duration) {
        if self.stopped.iter().all(|(stopped, _)| *stopped != index) {
            self.running[index].signal(libc::SIGSTOP);
            self.stopped.push((index, Instant::now() + span));
        }
    }

    /// Wakes those whose time has come, or all.
    fn wake(&mut self, all: bool) {
        let now = Instant::now();
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.stopped)
            .into_iter()
            .partition(|(_, until)| all || *until <= now);
        for (index, _) in due {
            self.running[index].signal(libc::SIGCONT);
        }
        self.stopped = rest;
    }

    fn end(mut self) {
        self.wake(true);
        for running in self.running {
            running.stop();
        }
    }
}

fn launch(app: &App, command: &[String]) -> Running {
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    app.start(&arguments)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_over_redis_equal_those_of_an_undisturbed_run() {
    let (Some(database), Some(mut redis)) = (PostgresDatabase::create().await, Redis::start())
    else {
        return;
    };
    let seed: u64 = std::env::var("VIGIA_SEED").map_or(5, |text| text.parse().expect("a seed"));
    let size = size();
    let chain = ChainConfig {
        tps: size.tps,
        ..busy_chain(size.transactions)
    };
    let per_checkpoint = u64::from(chain.tps) * chain.interval_ms / 1000;
    let node = start(chain, Pace::Live, size.transactions / per_checkpoint / 2).await;

    let undisturbed = app_watching(&node, |index| index % 4 != 0);
    let config = format!(
        "[store]\nurl = \"{}\"\nidle_timeout_ms = 2000\n\
         [transport]\nkind = \"redis\"\nredis_url = \"{}\"\nresend_after_ms = 3000\n{}",
        database.url(),
        redis.url(),
        contracts()
    );
    let app = App::with_config(&config);
    watch_users(&app, &node, |index| index % 4 != 0);
    let url = node.url();
    let calm = undisturbed.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]);
    let mut fleet = Fleet::start(&app, &url);

    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut done = Done::default();
    let begun = Instant::now();
    for _ in 0..size.disturbances {
        tokio::time::sleep(Duration::from_millis(random.random_range(100..900))).await;
        fleet.wake(false);
        let index = random.random_range(0..POLLERS + WORKERS);
        match random.random_range(0..10) {
            0..4 => {
                fleet.kill(index);
                done.killed += 1;
            }
            4..8 => {
                let spans = [200, 1_000, 4_000];
                let span = *spans.choose(&mut random).expect("there are some");
                fleet.stop(index, Duration::from_millis(span));
                done.stopped += 1;
            }
            8 => {
                redis.restart_empty();
                done.brokers_emptied += 1;
            }
            _ => {
                database.disconnect_all().await;
                done.databases_disconnected += 1;
            }
        }
        assert!(begun.elapsed() < size.patience, "the chaos took too long");
    }
    fleet.wake(true);
    let store = database.store().await;
    let rows = finished_rows(&node, &undisturbed.store().await, size.patience).await;
    let found = finished_rows(&node, &store, size.patience).await;
    calm.stop();
    fleet.end();
    store.close().await;

    let relevant = rows.iter().filter(|row| row.starts_with("raw ")).count();
    println!(
        "seed {seed}: {} transactions, {relevant} relevant, {} rows, {done:?}, {:?}",
        size.transactions,
        rows.len(),
        begun.elapsed()
    );
    assert!(
        relevant as u64 > size.transactions / 10,
        "enough was at stake"
    );
    assert_same(&rows, &found);
    node.shutdown().await.expect("the node stops");
}
