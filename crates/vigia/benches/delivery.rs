//! From a commit to a receiver of webhooks, on the Postgres cluster that `cargo xtask bench delivery` starts, with the
//! receiver on the same cores.
//!
//! Three parts: how long it takes from the commit of an activity until it is received, at 200 activities a second; how
//! long with a thousand endpoints of which half hang, compared with the same load without those; and how many webhooks a
//! second are signed, sent, answered and written down, of a backlog.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use support::deployment::Database;
use support::receiver::Receiver;
use support::report::Report;
use support::telling::{Load, Told, percentile as duration_of};
use support::usage;

/// Activities of the backlog; each endpoint is told of all.
const BACKLOG: u64 = 12_000;
/// Endpoints of the backlog.
const BACKLOG_ENDPOINTS: u64 = 4;
/// Requests that wait for an answer at once, as many as the endpoints of the backlog may have.
const IN_FLIGHT: usize = 128;
/// About as long as what an endpoint is told of an activity.
const BODY_BYTES: usize = 700;
/// Endpoints of which half hang.
const MANY_ENDPOINTS: u64 = 1_000;
/// Turns that each variant gets.
const ISOLATION_ROUNDS: usize = 4;

fn main() {
    vigia::memory::share_arenas(vigia::memory::FOLLOWING);
    usage::watch_processes();
    let quick = support::is_quick();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut database = Database::postgres();
    database.bench = "delivery";
    let receiver = Arc::new(Receiver::start());
    let mut report = Report::new(database.bench);
    let database = Arc::new(database);
    // The backlog last: for a while after it the server writes its files, which is no part of the others.
    runtime.block_on(latency(&database, &receiver, quick, &mut report));
    runtime.block_on(isolation(&database, &receiver, quick, &mut report));
    runtime.block_on(throughput(&database, &receiver, quick, &mut report));
    report.figure("peak_rss_mb", usage::peak_rss_kib() as f64 / 1024.0);
    report.setting("database", database.description);
    report.setting("signature", "ed25519 (v1a)");
    report.finish();
}

async fn throughput(
    database: &Database,
    receiver: &Arc<Receiver>,
    quick: bool,
    report: &mut Report,
) {
    let backlog = if quick { BACKLOG / 4 } else { BACKLOG };
    let told = Told::new(database, "throughput", BACKLOG_ENDPOINTS, 0, receiver).await;
    for _ in 0..backlog / 100 {
        told.commit(100).await;
    }
    let wanted = backlog * BACKLOG_ENDPOINTS;
    let cpu_before = database.cpu_time();
    let begun = Instant::now();
    let running = told.run();
    told.wait_delivered(wanted).await;
    let took = begun.elapsed().as_secs_f64();
    let cpu_after = database.cpu_time();
    running.stop().await;
    assert_eq!(receiver.take().len() as u64, wanted, "each once");
    let cpu = (cpu_after.0 - cpu_before.0, cpu_after.1 - cpu_before.1);
    report.figure("webhooks_per_s", wanted as f64 / took);
    report.figure(
        "cpu_us_per_webhook",
        cpu.0.as_micros() as f64 / wanted as f64,
    );
    report.figure(
        "server_cpu_us_per_webhook",
        cpu.1.as_micros() as f64 / wanted as f64,
    );
    told.close().await;
    report.figure("client_alone_per_s", client_alone(receiver, wanted).await);
}

/// What the HTTP client does of the same when there is nothing else to do: bodies of the same size to the same receiver, as many
/// at once, no signature and no rows.
async fn client_alone(receiver: &Receiver, wanted: u64) -> f64 {
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.expect("a client");
    let body = bytes::Bytes::from(format!(
        "{{\"checkpoint\":1,\"filler\":{:?}}}",
        "x".repeat(BODY_BYTES)
    ));
    let begun = Instant::now();
    let posts = (0..wanted).map(|n| {
        let endpoint = n % BACKLOG_ENDPOINTS;
        let post = client.post(format!("http://{}/{endpoint}", receiver.address));
        let post = post.header("content-type", "application/json");
        post.body(body.clone()).send()
    });
    let mut posts = futures::stream::iter(posts).buffer_unordered(IN_FLIGHT);
    while let Some(answer) = posts.next().await {
        assert!(answer.expect("an answer").status().is_success());
    }
    let took = begun.elapsed();
    assert_eq!(receiver.take().len() as u64, wanted);
    wanted as f64 / took.as_secs_f64()
}

async fn latency(database: &Database, receiver: &Arc<Receiver>, quick: bool, report: &mut Report) {
    let told = Told::new(database, "latency", 1, 0, receiver).await;
    let running = told.run();
    let seconds = if quick { 5 } else { 30 };
    let times = told.load(Duration::from_secs(seconds), 20, 10).await;
    running.stop().await;
    report.figure("received_p50_ms", percentile(&times, 50));
    report.figure("received_p99_ms", percentile(&times, 99));
    report.setting("load", "20 commits of 10 activities a second");
    told.close().await;
}

async fn isolation(
    database: &Database,
    receiver: &Arc<Receiver>,
    quick: bool,
    report: &mut Report,
) {
    // Receivers that hang do so for 15 s: the first half of a turn has everything that a start among them brings, the second
    // goes on with them known.
    let seconds = Duration::from_secs(if quick { 8 } else { 40 });
    let rounds = if quick { 1 } else { ISOLATION_ROUNDS };
    let half = MANY_ENDPOINTS / 2;
    let variants = [("well", half, 0), ("hanging", half, half)];
    let mut times = [Load::default(), Load::default()];
    for round in 0..rounds {
        // A machine whose pace changes within minutes is as much to the one as to the other when they take turns, and
        // neither is always the first of a pair.
        for turn in 0..variants.len() {
            let variant = (round + turn) % variants.len();
            let (name, healthy, hanging) = variants[variant];
            let told = Told::new(database, name, healthy, hanging, receiver).await;
            let running = told.run();
            // What is committed is the same: 200 activities a second for endpoints that answer, and as many for others.
            let mut load = told.load_round(seconds, 20, 10).await;
            times[variant].earlier.append(&mut load.earlier);
            times[variant].later.append(&mut load.later);
            running.stop().await;
            told.close().await;
        }
    }
    let [well, hanging] = &mut times;
    for (part, well, hanging, ratio) in [
        (
            "received",
            &mut well.later,
            &mut hanging.later,
            "hanging_half_p99_ratio",
        ),
        (
            "started",
            &mut well.earlier,
            &mut hanging.earlier,
            "hanging_half_started_p99_ratio",
        ),
    ] {
        for (name, times) in [("well", &mut *well), ("hanging", &mut *hanging)] {
            times.sort_unstable();
            report.figure(&format!("{name}_{part}_p50_ms"), percentile(times, 50));
            report.figure(&format!("{name}_{part}_p99_ms"), percentile(times, 99));
        }
        report.figure(ratio, percentile(hanging, 99) / percentile(well, 99));
    }
    report.setting(
        "isolation",
        "turns of 40 s each; received: of their second halves, started: of their first, all together",
    );
}

/// The milliseconds below which so many of a hundred are.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    duration_of(sorted, percent).as_secs_f64() * 1_000.0
}
