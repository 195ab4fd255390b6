//! The pipeline in several processes: `poll`, `work`, Redis Streams between them and Postgres behind, all
//! on the same cores, and the CPU time of all of them. The real binary throughout.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::node::NodeProcess;
use support::program::{Program, packages};
use support::redis::Redis;
use support::report::Report;
use support::usage;
use vigia_core::{Address, SystemClock};
use vigia_store::{IngestStore, PostgresOptions, ReadStore, SqlStore};

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    let (node_config, watched) = support::pipeline_size();
    let node = NodeProcess::start(&node_config);
    let url = support::told("VIGIA_BENCH_POSTGRES_URL");
    let postgres = support::told("VIGIA_BENCH_POSTGRES_PID");
    let postgres: u32 = postgres.parse().expect("a process id");
    let redis = Redis::start();
    let program = Program::new(&config(&url, &redis));
    std::fs::write(program.path("users.csv"), users(watched, &node.ready.users)).expect("a file");
    program.run(&["watch", "import", "users.csv"]);

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let options = PostgresOptions::new(&url).expect("an address");
    let store = SqlStore::open(options, Arc::new(SystemClock));
    let store = runtime.block_on(store).expect("a database");
    let (postgres_before, redis_before) = (usage::family_cpu_time(postgres), redis.cpu_time());
    let begun = Instant::now();
    let worker = program.start(&["work"]);
    let poller = program.start(&["poll", "--provider", &node.ready.url, "--from", "0"]);
    let reached = || {
        let watermark = runtime.block_on(store.watermark()).expect("a watermark");
        watermark.map(|mark| mark.checkpoint)
    };
    while reached() != Some(node.ready.tip) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let wall = begun.elapsed().as_secs_f64();
    let cpu = |process: u32| usage::cpu_time_of(process).expect("it runs").as_secs_f64();
    let (poll_cpu, work_cpu) = (cpu(poller.id()), cpu(worker.id()));
    let postgres_cpu = (usage::family_cpu_time(postgres) - postgres_before).as_secs_f64();
    let redis_cpu = (redis.cpu_time() - redis_before).as_secs_f64();
    let peak = |process: u32| usage::peak_rss_kib_of(process).expect("it runs") as f64 / 1024.0;
    let status = runtime.block_on(store.status()).expect("a status");
    let relevant = status.raw_transactions as f64;
    let all = poll_cpu + work_cpu + postgres_cpu + redis_cpu;

    let mut report = Report::new("pipeline-redis");
    report.figure("relevant_tx_per_s", relevant / wall);
    report.figure("tx_per_s", node_config.transactions as f64 / wall);
    report.figure("cpu_ms_per_tx", all * 1000.0 / relevant);
    report.figure("poll_cpu_s", poll_cpu);
    report.figure("work_cpu_s", work_cpu);
    report.figure("redis_cpu_s", redis_cpu);
    report.figure("database_cpu_s", postgres_cpu);
    report.figure("wall_s", wall);
    report.figure("poll_peak_rss_mb", peak(poller.id()));
    report.figure("work_peak_rss_mb", peak(worker.id()));
    report.setting("transactions", node_config.transactions);
    report.setting("transactions_per_checkpoint", node_config.per_checkpoint);
    report.setting("watched_addresses", watched);
    report.setting(
        "processes",
        "poll, work, Redis, Postgres (fsync on) on the same cores, from their start",
    );
    report.setting("trust", "provider");
    report.finish();
    runtime.block_on(store.close());
    drop((poller, worker));
    node.stop();
}

fn config(url: &str, redis: &Redis) -> String {
    format!(
        "[store]\nurl = \"{url}\"\n[transport]\nkind = \"redis\"\n\
         redis_url = \"redis://127.0.0.1:{}\"\n{}",
        redis.port,
        packages()
    )
}

/// The wallet's users, and strangers up to the number wanted.
fn users(watched: u64, users: &[Address]) -> String {
    let mut lines = String::from("address\n");
    for n in 0..watched {
        let _ = writeln!(lines, "{}", support::watched_address(n, users));
    }
    lines
}
