//! From the start of the binary to the first match with a million addresses, and what it takes to follow mainnet's rate
//! while nothing concerns anybody.

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

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::node::{NodeConfig, NodeProcess};
use support::program::{Program, packages};
use support::report::Report;
use support::usage;
use vigia_core::SystemClock;
use vigia_store::{IngestStore, SqlStore, SqliteOptions, WatchStore};

/// Mainnet's rate.
const CHECKPOINTS_PER_S: u64 = 5;
const PER_CHECKPOINT: u32 = 30;
/// Bytes of a transaction, its effects and events as BCS on mainnet, and of the simulated node's.
const BYTES: [u64; 2] = [2_500, 1_100];
/// How long a start may take.
const START_WITHIN: Duration = Duration::from_secs(120);

fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    free.local_addr().expect("a port").port()
}

/// Whether the process says that it has matched a checkpoint.
fn has_matched(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let asked =
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut text = String::new();
    // What cannot be read says nothing yet.
    let read = asked.and_then(|()| stream.read_to_string(&mut text));
    let count = |line: &str| {
        line.strip_prefix("vigia_match_duration_seconds_count ")
            .map(str::to_owned)
    };
    read.is_ok()
        && text
            .lines()
            .find_map(count)
            .is_some_and(|count| count != "0")
}

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    let (watched, idle) = match support::is_quick() {
        true => (100_000, Duration::from_secs(5)),
        false => (1_000_000, Duration::from_secs(60)),
    };
    let metrics = free_port();
    let program = Program::new(&format!(
        "[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n{}",
        packages()
    ));
    let mut lines = String::from("address\n");
    for n in 0..watched {
        let _ = writeln!(lines, "{}", support::watched_address(n, &[]));
    }
    std::fs::write(program.path("watched.csv"), lines).expect("a file");
    let imported = program.run(&["watch", "import", "watched.csv"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let options = SqliteOptions::new(program.path("vigia-data/vigia.db"));
    let store = runtime.block_on(SqlStore::open(options, Arc::new(SystemClock)));
    let store = store.expect("a database");
    let reading = Instant::now();
    let rows = runtime.block_on(store.watch_targets()).expect("rows");
    let read_s = reading.elapsed().as_secs_f64();
    assert!(rows.targets.len() as u64 >= watched);
    drop(rows);

    let seconds = START_WITHIN.as_secs() + idle.as_secs();
    let transactions = seconds * CHECKPOINTS_PER_S * u64::from(PER_CHECKPOINT);
    let node = NodeProcess::start(&NodeConfig {
        per_checkpoint: PER_CHECKPOINT,
        relevant_per_mille: 0,
        live: true,
        interval_ms: 1_000 / CHECKPOINTS_PER_S,
        huge_bytes: Some(u64::from(PER_CHECKPOINT) * (BYTES[0] - BYTES[1])),
        ..NodeConfig::with_transactions(transactions)
    });
    let begun = Instant::now();
    let up = program.start(&["poll", "--provider", &node.ready.url]);
    while !has_matched(metrics) {
        assert!(begun.elapsed() < START_WITHIN, "nothing is matched");
        std::thread::sleep(Duration::from_millis(2));
    }
    let start_s = begun.elapsed().as_secs_f64();
    let watermark = || runtime.block_on(store.watermark()).expect("a watermark");
    let cpu = || usage::cpu_time_of(up.id()).expect("it runs").as_secs_f64();
    let start_cpu_s = cpu();
    // What was behind is caught up with by then.
    std::thread::sleep(Duration::from_secs(3));
    let before = (
        cpu(),
        Instant::now(),
        watermark().map(|mark| mark.checkpoint),
    );
    std::thread::sleep(idle);
    let spent = (cpu() - before.0) / before.1.elapsed().as_secs_f64();
    let after = watermark().map(|mark| mark.checkpoint);
    let followed = after.unwrap_or_default() - before.2.unwrap_or_default();

    let mut report = Report::new("startup");
    report.figure("start_s", start_s);
    report.figure("start_cpu_s", start_cpu_s);
    report.figure("read_rows_s", read_s);
    report.figure("ratio_to_reading_rows", start_s / read_s);
    report.figure("idle_cpu_percent", spent * 100.0);
    report.figure(
        "idle_mb",
        usage::pss_kib_of(up.id()).expect("it runs") as f64 / 1024.0,
    );
    report.figure(
        "peak_rss_mb",
        usage::peak_rss_kib_of(up.id()).expect("it runs") as f64 / 1024.0,
    );
    report.figure(
        "idle_checkpoints_per_s",
        followed as f64 / idle.as_secs_f64(),
    );
    report.figure("import_s", imported.wall.as_secs_f64());
    report.setting("watched_addresses", watched);
    report.setting("checkpoints_per_s", CHECKPOINTS_PER_S);
    report.setting(
        "transactions_per_s",
        CHECKPOINTS_PER_S * u64::from(PER_CHECKPOINT),
    );
    report.setting("bcs_bytes_per_transaction", BYTES[0]);
    report.setting("database", "SQLite");
    report.finish();
    drop(up);
    runtime.block_on(store.close());
    node.stop();
}
