//! A deployment that goes on for long under load, with a provider that fails now and then: memory, open files and the database's dead
//! rows stay where they are. Prints the slopes.
//!
//! Short by default; `VIGIA_FULL=soak` (`cargo xtask test --full soak`) runs it for an hour.

#![expect(clippy::float_arithmetic, reason = "figures for people, not money")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use vigia_devnet::{ChainConfig, Faults, Pace};
use vigia_store::{DeliveryState, DeliveryStore as _, ReadStore as _};

use crate::app::{App, Running};
use crate::node::{busy_chain, contracts, start, watch_users};
use crate::servers::{Hook, PostgresDatabase, Redis};

/// How long, and how often it is looked at.
struct Size {
    lasting: Duration,
    look: Duration,
    is_full: bool,
}

fn size() -> Size {
    let is_full = std::env::var("VIGIA_FULL").as_deref() == Ok("soak");
    match is_full {
        true => Size {
            lasting: Duration::from_secs(3_600),
            look: Duration::from_secs(15),
            is_full,
        },
        false => Size {
            lasting: Duration::from_secs(30),
            look: Duration::from_millis(500),
            is_full,
        },
    }
}

/// Faults of the provider, one after the other, with quiet between them.
const FAULTS: [&str; 4] = [
    "cut:400ms,status",
    "stall:3s,times=2",
    "cut:400ms,reset",
    "cut:400ms,connection",
];

/// Something that is measured as time goes by.
#[derive(Default)]
struct Series {
    name: String,
    /// Seconds since the beginning, and the figure.
    points: Vec<(f64, f64)>,
}

impl Series {
    fn new(name: String) -> Self {
        Self {
            name,
            points: Vec::new(),
        }
    }

    /// What it is in the second half, in the middle; and how much it rises in an hour there, by least squares.
    fn settled(&self) -> (f64, f64) {
        let half = &self.points[self.points.len() / 2..];
        let count = u32::try_from(half.len()).map(f64::from).unwrap_or(1.0);
        let mean = |of: fn(&(f64, f64)) -> f64| half.iter().map(of).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
        let covariance: f64 = half.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let variance: f64 = half.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        (mean_y, covariance / variance.max(f64::EPSILON) * 3_600.0)
    }

    fn greatest(&self, second_half: bool) -> f64 {
        let (first, second) = self.points.split_at(self.points.len() / 2);
        let half = if second_half { second } else { first };
        half.iter().map(|point| point.1).fold(0.0, f64::max)
    }
}

/// Memory in MiB that a process has, and files that it has open.
fn used(process: &Running) -> (f64, f64) {
    let id = process.child.id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: f64 = kib.and_then(|kib| kib.parse().ok()).expect("a number");
    let files = std::fs::read_dir(format!("/proc/{id}/fd")).expect("its files");
    let files = u32::try_from(files.count()).expect("it fits");
    (kib / 1_024.0, f64::from(files))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_takes_stays_what_it_is() {
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    let size = size();
    let chain = ChainConfig {
        tps: 200,
        interval_ms: 200,
        epoch_checkpoints: 3_000,
        transactions: None,
        ..busy_chain(0)
    };
    let node = start(chain, Pace::Live, 20).await;
    let hook = Hook::listen().await;
    let app = App::new();
    app.configure(&format!(
        "[store]\nurl = \"{}\"\n[transport]\nkind = \"redis\"\nredis_url = \"{}\"\n{}{}",
        database.url(),
        redis.url(),
        contracts(),
        hook.declared(&app)
    ));
    watch_users(&app, &node, |_| true);
    let url = node.url();
    let poll = ["poll", "--provider", &url, "--from", "0", "--log", "error"];
    let web = ["web", "--listen", "127.0.0.1:0", "--log", "error"];
    let processes = [
        ("poll", app.start(&poll)),
        ("work", app.start(&["work", "--log", "error"])),
        ("web", app.start(&web)),
    ];
    let store = database.store().await;
    let mut server = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    let mut memory = processes
        .each_ref()
        .map(|(name, _)| Series::new(format!("{name} memory, MiB")));
    let mut files = processes
        .each_ref()
        .map(|(name, _)| Series::new(format!("{name} files")));
    let mut dead = Series::new("dead rows".to_owned());
    let mut dead_by_table: BTreeMap<String, Series> = BTreeMap::new();

    let begun = Instant::now();
    let mut looks = 0_usize;
    while begun.elapsed() < size.lasting {
        // Not waiting for anything: what is measured is the passing of time.
        tokio::time::sleep(size.look).await;
        let faults = match looks % 4 {
            0 => Faults::parse(looks as u64, [FAULTS[looks / 4 % FAULTS.len()]].into_iter())
                .expect("a fault"),
            _ => Faults::none(),
        };
        node.set_faults(faults);
        let at = begun.elapsed().as_secs_f64();
        for (n, (_, process)) in processes.iter().enumerate() {
            let (mib, open) = used(process);
            memory[n].points.push((at, mib));
            files[n].points.push((at, open));
        }
        let rows =
            "SELECT relname::text, n_dead_tup FROM pg_stat_user_tables WHERE schemaname = 'vigia'";
        let rows: Vec<(String, i64)> = sqlx::query_as(rows).fetch_all(&mut server).await.unwrap();
        let mut all = 0.0;
        for (table, rows) in rows {
            let rows = f64::from(i32::try_from(rows).unwrap_or(i32::MAX));
            all += rows;
            let series = dead_by_table.entry(table.clone());
            let series = series.or_insert_with(|| Series::new(format!("  {table}")));
            series.points.push((at, rows));
        }
        dead.points.push((at, all));
        looks += 1;
    }
    node.set_faults(Faults::none());

    println!("{looks} looks in {:?}", begun.elapsed());
    let tables = dead_by_table.values();
    let tables = tables.filter(|series| series.greatest(true).max(series.greatest(false)) > 500.0);
    let printed = memory.iter().chain(&files).chain([&dead]);
    for series in printed.chain(tables) {
        let (mean, slope) = series.settled();
        println!(
            "{:<22} {mean:>10.1} in the second half, {slope:>+10.2} an hour, at most {:.1} and {:.1}",
            series.name,
            series.greatest(false),
            series.greatest(true)
        );
    }
    // All that happened is told in the end.
    let begun = Instant::now();
    let activities = store.status().await.unwrap().activities;
    let is_told = async || {
        let counts = store.delivery_counts().await.unwrap();
        let delivered = counts
            .iter()
            .filter(|row| row.1 == DeliveryState::Delivered);
        delivered.map(|row| row.2).sum::<u64>() >= activities
    };
    while !is_told().await {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{activities} activities are not told"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (told, _) = hook.times();
    println!("{activities} activities, told {told} times");
    assert!(activities > 100 && told >= activities);
    for series in &files {
        assert!(
            series.greatest(true) <= series.greatest(false) + 16.0,
            "{} rises",
            series.name
        );
    }
    if size.is_full {
        for series in &memory {
            let (mean, slope) = series.settled();
            assert!(
                slope < mean * 0.1,
                "{} rises by {slope:.1} an hour",
                series.name
            );
        }
        assert!(
            dead.greatest(true) <= dead.greatest(false) * 1.5,
            "dead rows pile up"
        );
    }
    for (_, process) in processes {
        process.stop();
    }
    server.close().await.unwrap();
    store.close().await;
    node.shutdown().await.unwrap();
}
