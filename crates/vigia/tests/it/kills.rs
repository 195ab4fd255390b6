//! SIGKILL at random moments: the rows that remain are those of an undisturbed run.
//!
//! Short by default; `VIGIA_FULL=kills` (`cargo xtask test --full kills`) runs the full size.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_devnet::{ChainConfig, Pace};

use crate::node::{app_watching, busy_chain, finished_rows, start};

struct Size {
    transactions: u64,
    kills: u32,
    patience: Duration,
}

fn size() -> Size {
    match std::env::var("VIGIA_FULL").as_deref() {
        Ok("kills") => Size {
            transactions: 100_000,
            kills: 100,
            patience: Duration::from_secs(1_200),
        },
        _ => Size {
            transactions: 4_000,
            kills: 8,
            patience: Duration::from_secs(100),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_runs_end_with_the_rows_of_an_undisturbed_one() {
    let seed: u64 = std::env::var("VIGIA_SEED").map_or(7, |text| text.parse().expect("a seed"));
    let size = size();
    // Half of it is history, which is listed; the other half happens while the processes follow.
    let chain = ChainConfig {
        tps: 400,
        ..busy_chain(size.transactions)
    };
    let per_checkpoint = u64::from(chain.tps) * chain.interval_ms / 1000;
    let history = size.transactions / per_checkpoint / 2;
    let node = start(chain, Pace::Live, history).await;

    let undisturbed = app_watching(&node, |index| index % 4 != 0);
    let disturbed = app_watching(&node, |index| index % 4 != 0);
    let url = node.url();
    let arguments = ["poll", "--provider", &url, "--from", "0", "--log", "warn"];
    let calm = undisturbed.start(&arguments);

    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let begun = Instant::now();
    let mut kills = 0;
    while kills < size.kills || !node.is_finished() {
        let mut running = disturbed.start(&arguments);
        // From before the first statement to well into the stream.
        let lives_ms = random.random_range(5..900);
        tokio::time::sleep(Duration::from_millis(lives_ms)).await;
        running.child.kill().expect("it was running");
        running.child.wait().expect("it is gone");
        kills += 1;
        assert!(begun.elapsed() < size.patience, "the kills took too long");
    }
    let last = disturbed.start(&arguments);
    let (store, disturbed_store) = (undisturbed.store().await, disturbed.store().await);
    let rows = finished_rows(&node, &store, size.patience).await;
    let found = finished_rows(&node, &disturbed_store, size.patience).await;
    store.close().await;
    disturbed_store.close().await;
    let tip = node.final_tip().expect("it is finished");
    calm.stop();
    last.stop();

    let relevant = rows.iter().filter(|row| row.starts_with("raw ")).count();
    println!(
        "seed {seed}: {} transactions, {} checkpoints, {relevant} relevant, {kills} kills, {} rows",
        size.transactions,
        tip + 1,
        rows.len()
    );
    assert!(
        relevant as u64 > size.transactions / 10,
        "enough was at stake"
    );
    assert_same(&rows, &found);
    node.shutdown().await.expect("the node stops");
}

pub(crate) fn assert_same(expected: &[String], found: &[String]) {
    if expected == found {
        return;
    }
    let difference = |of: &[String], without: &[String]| -> Vec<String> {
        let without: HashSet<&String> = without.iter().collect();
        of.iter()
            .filter(|row| !without.contains(row))
            .take(5)
            .cloned()
            .collect()
    };
    panic!(
        "{} rows expected, {} found; missing {:#?}; extra {:#?}",
        expected.len(),
        found.len(),
        difference(expected, found),
        difference(found, expected)
    );
}
