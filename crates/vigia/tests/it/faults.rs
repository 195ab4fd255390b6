//! Providers that cut, stall, lag, prune, garble and disappear, one by one and combined by seed, while
//! vigia is killed: the rows that remain are those of a run that nothing disturbed, and nothing hangs.
//!
//! Short by default; `VIGIA_FULL=faults` (`cargo xtask test --full faults`) runs the full size. Prints a
//! line a case and a total.

mod lies;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, FaultKind, Faults, Pace};

use crate::app::{App, Running};
use crate::kills::assert_same;
use crate::node::{busy_chain, contracts, finished_rows, watch_users};

/// Nothing may take longer than this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Checkpoints that exist when a case begins; the others come while it runs.
const HISTORY: u64 = 40;
/// Time between two checkpoints.
const GROWTH: Duration = Duration::from_millis(30);
/// Cases that run beside one another: they mostly wait.
const AT_ONCE: usize = 4;

/// What is done to whom.
struct Case {
    name: String,
    faults: Faults,
    /// Whether a second provider stands by, and what is wrong with that.
    backup: Option<Faults>,
    /// Moments at which vigia is killed, after its start.
    kills: Vec<Duration>,
    /// Whether each fault has to strike, lest the case pass for want of it. In combinations one may
    /// keep another from its turn.
    strikes_surely: bool,
}

impl Case {
    fn alone(spec: &str) -> Self {
        Self {
            name: format!("{spec}, alone"),
            faults: faults(spec),
            backup: None,
            kills: vec![],
            strikes_surely: true,
        }
    }

    fn with_backup(spec: &str) -> Self {
        Self {
            name: format!("{spec}, with a backup"),
            backup: Some(Faults::none()),
            ..Self::alone(spec)
        }
    }

    /// One or two providers with combined faults, and one to three kills.
    fn combined(seed: u64) -> Self {
        let kinds: Vec<FaultKind> = FaultKind::all()
            .filter(|kind| !kind.is_lie() && *kind != FaultKind::Huge)
            .collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let combination = |seed| Faults::combination_of(seed, &kinds);
        let backup = random
            .random_bool(0.5)
            .then(|| combination(seed.wrapping_add(1 << 32)));
        let kills = (0..random.random_range(1..=3))
            .map(|_| Duration::from_millis(random.random_range(50..1_500)))
            .collect();
        let faults = combination(seed);
        Self {
            name: format!("seed {seed}: {}", listed(&faults)),
            faults,
            backup,
            kills,
            strikes_surely: false,
        }
    }
}

fn faults(spec: &str) -> Faults {
    Faults::parse(1, spec.split(' ')).expect("a fault")
}

fn listed(faults: &Faults) -> String {
    let texts: Vec<String> = faults.list.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

/// Every fault that a client can get over which trusts its provider.
fn single() -> Vec<Case> {
    let alone = [
        "cut:400ms,status",
        "cut:400ms,reset",
        "cut:400ms,connection",
        "stall:3s,times=2",
        "half-open:4s,after=500ms",
        "gone:3s,after=500ms",
        "slow-drip:20KB,for=4s",
        "truncate,every=5,times=6",
        "reorder,every=3",
        "duplicate,every=3",
        "unavailable:3s",
        "rate-limit:15/1s no-list",
        "no-list",
        "not-found,every=4,times=8 no-list",
        "lag:15,for=4s",
        "list-behind-live:5,for=4s",
        "list-behind-live:5 no-list",
        "missing-fields,every=6,times=6",
    ];
    let with_backup = [
        "stall",
        "half-open:30s",
        "gone:30s",
        "unavailable:30s",
        "lag:15",
        "prune:10",
        "wrong-chain,keep-id,from=50",
        "missing-fields,sequence_number",
        "missing-fields,transactions.effects.bcs",
        "missing-fields,transactions.balance_changes",
    ];
    let alone = alone.into_iter().map(Case::alone);
    // The one has no more what is needed, the other is too far behind to follow, for a while.
    let left_behind = Case {
        name: "prune:10, with a backup that lags".to_owned(),
        backup: Some(faults("lag:20,after=700ms,for=3s")),
        strikes_surely: false,
        ..Case::alone("prune:10")
    };
    alone
        .chain(with_backup.into_iter().map(Case::with_backup))
        .chain([left_behind])
        .collect()
}

fn chain() -> ChainConfig {
    ChainConfig {
        tps: 200,
        ..busy_chain(900)
    }
}

async fn node() -> Devnet {
    let config = DevnetConfig {
        chain: chain(),
        history: HISTORY,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.expect("the node starts")
}

/// Lets the chain grow to its end.
async fn grow(node: &Devnet) {
    let mut ticks = tokio::time::interval(GROWTH);
    while !node.is_finished() {
        ticks.tick().await;
        node.advance(1);
    }
}

fn app(node: &Devnet, backup: Option<&str>) -> App {
    let backup = backup.map(|url| format!("[providers.backup]\nurl = \"{url}\"\npreference = 1\n"));
    let settings = "[poll]\nreturn_after_ms = 1000\nprobe_interval_ms = 500\nlag_max = 8\n";
    let config = format!("{settings}{}{}", backup.unwrap_or_default(), contracts());
    let app = App::with_config(&config);
    watch_users(&app, node, |index| index % 4 != 0);
    app
}

fn poll(app: &App, url: &str) -> Running {
    app.start(&["poll", "--provider", url, "--from", "0", "--log", "warn"])
}

/// Rows of a run that nothing disturbs. Chains of equal settings are equal.
async fn undisturbed() -> Vec<String> {
    let node = node().await;
    let app = app(&node, None);
    let running = poll(&app, &node.url());
    grow(&node).await;
    let store = app.store().await;
    let rows = finished_rows(&node, &store, PATIENCE).await;
    store.close().await;
    running.stop();
    node.shutdown().await.expect("the node stops");
    rows
}

/// Runs a case; says what happened.
async fn run(case: Case, expected: Arc<Vec<String>>) -> Outcome {
    let mut node = node().await;
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let first = node.also_listen(any_port, Faults::none()).await;
    let first = first.expect("a face");
    let second = match &case.backup {
        Some(faults) => Some(
            node.also_listen(any_port, faults.clone())
                .await
                .expect("a face"),
        ),
        None => None,
    };
    let app = app(&node, second.as_ref().map(|face| face.url()).as_deref());
    let begun = Instant::now();
    // Times of faults count from here, however long the watch list took.
    first.set_faults(case.faults.clone());
    let mut running = poll(&app, &first.url());
    let killing = async {
        for after in &case.kills {
            tokio::time::sleep(*after).await;
            running.child.kill().expect("it was running");
            running.child.wait().expect("it is gone");
            running = poll(&app, &first.url());
        }
    };
    tokio::join!(grow(&node), killing);
    let store = app.store().await;
    let rows = finished_rows(&node, &store, PATIENCE).await;
    store.close().await;
    running.stop();
    let struck = first.struck();
    let strikes: u64 = struck.values().sum();
    println!(
        "{}: rows equal after {:.1} s, {} strikes {:?}, {} kills",
        case.name,
        begun.elapsed().as_secs_f32(),
        strikes,
        struck,
        case.kills.len()
    );
    assert_same(&expected, &rows);
    node.shutdown().await.expect("the node stops");
    let kinds = case.faults.list.iter().map(|fault| fault.kind.name());
    let idle = kinds.filter(|kind| case.strikes_surely && !struck.contains_key(*kind));
    Outcome {
        idle: idle
            .map(|kind| format!("{kind} in {}", case.name))
            .collect(),
        strikes,
        kills: case.kills.len(),
        took: begun.elapsed(),
    }
}

struct Outcome {
    /// What had to strike and did not.
    idle: Vec<String>,
    strikes: u64,
    kills: usize,
    took: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_those_of_a_clean_run_whatever_providers_do() {
    let full = std::env::var("VIGIA_FULL").as_deref() == Ok("faults");
    let seed: u64 = std::env::var("VIGIA_SEED").map_or(1, |text| text.parse().expect("a seed"));
    let combinations = if full { 200 } else { 6 };
    let mut cases = single();
    cases.extend((seed..seed + combinations).map(Case::combined));
    let total = cases.len();
    let expected = Arc::new(undisturbed().await);
    assert!(expected.len() > 1_000, "enough was at stake");
    let outcomes: Vec<Outcome> = futures::stream::iter(cases)
        .map(|case| run(case, Arc::clone(&expected)))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let strikes: u64 = outcomes.iter().map(|outcome| outcome.strikes).sum();
    let kills: usize = outcomes.iter().map(|outcome| outcome.kills).sum();
    let longest = outcomes.iter().map(|outcome| outcome.took).max();
    println!(
        "{total} cases, {combinations} of them combinations: {} rows equal in each, {strikes} strikes, \
         {kills} kills, longest {:.1} s",
        expected.len(),
        longest.unwrap_or_default().as_secs_f32()
    );
    let idle = outcomes.iter().flat_map(|outcome| &outcome.idle);
    let idle: Vec<&String> = idle.collect();
    assert!(idle.is_empty(), "never struck: {idle:?}");
    assert!(strikes > total as u64, "the faults struck");
}
