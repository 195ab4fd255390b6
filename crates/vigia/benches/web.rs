//! The web process as an application asks it: `vigia web` with sign-in, over a database of a million activities, on the
//! same cores as whoever asks.
//!
//! Three parts: how many times a second a page of 20 activities is read, each time by another user; how long that takes at
//! 500 a second; and with 5,000 users following their activities over web sockets, the memory of the process, and how long
//! after its commit an activity that concerns all of them has reached each.

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

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use support::asking::{self, Connection, Subscriber};
use support::deployment::Database;
use support::people::People;
use support::program::{Process, Program};
use support::report::Report;
use support::telling::percentile;
use support::usage;
use tokio::sync::mpsc;

/// A page of the feed, as an application shows it.
const FEED: &str = "{ activities(first: 20) { nodes { id digest timestampMs kind direction status amount amountText \
                    coin { symbol decimals } counterparty counterpartyName businessId } \
                    pageInfo { hasNextPage endCursor } } }";
/// What each subscriber follows.
const FOLLOWED: &str = "subscription { activityAdded { id kind direction amount amountText counterparty timestampMs } }";
/// Users whose feed is read.
const OWNERS: u64 = 1_000;
/// Connections that ask without a pause.
const CONNECTIONS: usize = 16;
/// Connections for a rate: more than are ever busy.
const CONNECTIONS_AT_RATE: usize = 128;
/// Activities that all subscribers are told of, one after the other.
const TOLD: u64 = 20;
/// How often one of them is committed.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// Sockets that are opened at the same time.
const OPENED_AT_ONCE: usize = 32;

/// How much of it all.
struct Size {
    activities: u64,
    subscribers: u64,
    lasting: Duration,
}

fn main() {
    usage::watch_processes();
    let size = match support::is_quick() {
        true => Size {
            activities: 50_000,
            subscribers: 1_000,
            lasting: Duration::from_secs(5),
        },
        false => Size {
            activities: 1_000_000,
            subscribers: 5_000,
            lasting: Duration::from_secs(20),
        },
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let is_postgres = std::env::args().any(|argument| argument == "--postgres");
    let (database, store) = match is_postgres {
        true => {
            let url = support::told("VIGIA_BENCH_POSTGRES_URL");
            (Database::postgres(), format!("url = {url:?}"))
        }
        false => {
            let database = Database::sqlite(folder.path());
            let path = database.path.clone().expect("a file");
            (database, format!("path = {:?}", path.display().to_string()))
        }
    };
    let listen = free_address();
    let program = Program::new(&format!(
        "[store]\n{store}\n[web]\nlisten = \"{listen}\"\nsign_in = true\nuser_per_second = 0\n\
         [web.limits]\nlive_readers_max = 10000\n"
    ));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut report = Report::new(match is_postgres {
        true => "web-postgres",
        false => "web",
    });
    let mut people = runtime.block_on(People::new(
        &database,
        size.subscribers.max(OWNERS),
        OWNERS,
        size.activities,
    ));
    if is_postgres {
        runtime.block_on(analyzed());
    }
    let process = program.start(&["web"]);
    runtime.block_on(answers(listen));
    runtime.block_on(feed(
        &database,
        &process,
        listen,
        &people,
        &size,
        &mut report,
    ));
    runtime.block_on(followers(&process, listen, &mut people, &size, &mut report));
    report.setting("database", database.description);
    report.setting("activities", size.activities);
    report.setting("subscribers", size.subscribers);
    report.setting("layout", "vigia web and whoever asks it on the same cores");
    report.finish();
    drop(process);
    runtime.block_on(people.store.close());
}

/// Lets the server know how much it holds, as its autovacuum does within a minute: plans that are made before that are for
/// empty tables.
async fn analyzed() {
    let url = support::told("VIGIA_BENCH_POSTGRES_URL");
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("a server");
    let analyze = sqlx::raw_sql("VACUUM ANALYZE");
    analyze.execute(&mut connection).await.expect("it does so");
    connection.close().await.expect("it ends");
}

/// An address that nobody listens on.
fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    free.local_addr().expect("a port")
}

async fn answers(server: SocketAddr) {
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(server).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it answers");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn feed(
    database: &Database,
    process: &Process,
    server: SocketAddr,
    people: &People,
    size: &Size,
    report: &mut Report,
) {
    let owners = usize::try_from(OWNERS).expect("it fits");
    let tokens = people.tokens[..owners].iter();
    let requests = Arc::new(tokens.map(|token| asking::request(FEED, token)).collect());
    check(server, &requests).await;
    // The first use of a token is written down, and statements are compiled.
    let warm = Duration::from_secs(2);
    asking::closed_loop(server, &requests, CONNECTIONS, warm).await;
    let cpu = || usage::cpu_time_of(process.id()).expect("it runs");
    let (before, database_before) = (cpu(), database.cpu_time());
    let (answered, took) = asking::closed_loop(server, &requests, CONNECTIONS, size.lasting).await;
    let (after, database_after) = (cpu(), database.cpu_time());
    let each = |cpu: Duration| cpu.as_micros() as f64 / answered as f64;
    report.figure("feed_requests_per_s", answered as f64 / took.as_secs_f64());
    report.figure("feed_cpu_us", each(after - before));
    report.figure(
        "feed_client_cpu_us",
        each(database_after.0 - database_before.0),
    );
    report.figure(
        "feed_database_cpu_us",
        each(database_after.1 - database_before.1),
    );
    let times = asking::open_loop(server, &requests, CONNECTIONS_AT_RATE, 500, size.lasting).await;
    report.figure("feed_p50_ms", milliseconds(percentile(&times, 50)));
    report.figure("feed_p99_ms", milliseconds(percentile(&times, 99)));
}

/// What is measured is a page with 20 activities.
async fn check(server: SocketAddr, requests: &Arc<Vec<Vec<u8>>>) {
    let mut connection = Connection::open(server).await;
    let reply = connection.ask(&requests[0]).await;
    let reply: serde_json::Value = serde_json::from_slice(reply).expect("JSON");
    let nodes = &reply["data"]["activities"]["nodes"];
    assert_eq!(nodes.as_array().map(Vec::len), Some(20), "{reply}");
    assert!(nodes[0]["amountText"].is_string(), "{reply}");
}

async fn followers(
    process: &Process,
    server: SocketAddr,
    people: &mut People,
    size: &Size,
    report: &mut Report,
) {
    let count = usize::try_from(size.subscribers).expect("it fits");
    let (arrive, mut arrived) = mpsc::unbounded_channel();
    let mut open = Vec::new();
    for tokens in people.tokens[..count].chunks(OPENED_AT_ONCE) {
        let opening = tokens
            .iter()
            .map(|token| Subscriber::open(server, token, FOLLOWED));
        for mut subscriber in futures::future::join_all(opening).await {
            let arrive = arrive.clone();
            open.push(tokio::spawn(async move {
                loop {
                    let message = subscriber.next().await;
                    assert_eq!(message["type"], "next", "{message}");
                    if arrive.send(Instant::now()).is_err() {
                        return;
                    }
                }
            }));
        }
    }
    // Whoever subscribes without a cursor is told of what comes from then on, and is not told when that begins.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let everybody = people.everybody;
    let mut times = Vec::new();
    let mut cpu_us = Vec::new();
    for _ in 0..TOLD {
        let cpu_before = usage::cpu_time_of(process.id()).expect("it runs");
        people.commit(&[everybody]).await;
        let committed = Instant::now();
        for _ in 0..count {
            let at = tokio::time::timeout(Duration::from_secs(30), arrived.recv()).await;
            let at = at.expect("all are told").expect("its sender is here");
            times.push(at.saturating_duration_since(committed));
        }
        let cpu = usage::cpu_time_of(process.id()).expect("it runs") - cpu_before;
        cpu_us.push(cpu.as_micros() as f64 / count as f64);
        tokio::time::sleep_until((committed + TOLD_EVERY).into()).await;
    }
    times.sort_unstable();
    let peak = usage::peak_rss_kib_of(process.id()).expect("it runs");
    report.figure("subscribers_mb", peak as f64 / 1024.0);
    report.figure("fanout_p50_ms", milliseconds(percentile(&times, 50)));
    report.figure("fanout_p99_ms", milliseconds(percentile(&times, 99)));
    report.figure("fanout_max_ms", milliseconds(percentile(&times, 100)));
    let sum: f64 = cpu_us.iter().sum();
    report.figure("fanout_cpu_us_per_subscriber", sum / cpu_us.len() as f64);
    for task in open {
        task.abort();
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
