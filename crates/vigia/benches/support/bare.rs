//! The rows of a run inserted again and nothing else: what the database alone takes for them.
//!
//! Tables with the same columns and indexes are filled from those of the run by `INSERT ... SELECT`, as many checkpoints in a
//! transaction as a commit holds: no rows travel, nothing is looked up, nothing is decided. It is the least that the database
//! can do, and less than any program that has the rows elsewhere.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use vigia_core::SystemClock;
use vigia_store::{SqlStore, SqliteOptions};

use super::usage;

/// Tables that a commit writes, and which of their rows are of checkpoints from `{a}` up to `{b}`.
const TABLES: &[(&str, &str)] = &[
    ("raw_transaction", "checkpoint >= {a} AND checkpoint < {b}"),
    ("balance_effect", "checkpoint >= {a} AND checkpoint < {b}"),
    ("activity", "checkpoint >= {a} AND checkpoint < {b}"),
    ("business_event", "checkpoint >= {a} AND checkpoint < {b}"),
    (
        "notification",
        "activity_id IN (SELECT id FROM {source}.activity WHERE checkpoint >= {a} AND checkpoint < {b})",
    ),
];

/// What inserting took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

fn statements(to: &str, from: &str, checkpoints: std::ops::Range<u64>) -> Vec<String> {
    let statement = |(table, condition): &(&str, &str)| {
        let condition = condition
            .replace("{a}", &checkpoints.start.to_string())
            .replace("{b}", &checkpoints.end.to_string())
            .replace("{source}", from);
        format!("INSERT INTO {to}.{table} SELECT * FROM {from}.{table} WHERE {condition}")
    };
    TABLES.iter().map(statement).collect()
}

/// The rows of the file at `path`, up to checkpoint `tip`, into a new file beside it.
pub(crate) async fn sqlite(path: &Path, tip: u64, per_commit: u64) -> Bare {
    let bare = path.with_file_name("bare.db");
    let store = SqlStore::open(SqliteOptions::new(&bare), std::sync::Arc::new(SystemClock)).await;
    store.expect("a database").close().await;
    let options = SqliteConnectOptions::new()
        .filename(&bare)
        .foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .expect("a file");
    let source = path.display().to_string();
    for prepare in [
        format!("ATTACH '{source}' AS source"),
        "PRAGMA main.synchronous = FULL".to_owned(),
        "PRAGMA main.cache_size = -65536".to_owned(),
        "CREATE INDEX source.bare_source ON business_event (checkpoint)".to_owned(),
    ] {
        let prepared = connection.execute(AssertSqlSafe(prepare)).await;
        prepared.expect("it is prepared");
    }
    let (begun, cpu) = (Instant::now(), usage::cpu_time());
    for from in (0..=tip).step_by(usize::try_from(per_commit).expect("it fits")) {
        let mut tx = connection
            .begin_with("BEGIN IMMEDIATE")
            .await
            .expect("a write");
        for statement in statements("main", "source", from..from + per_commit) {
            let done = tx.execute(AssertSqlSafe(statement)).await;
            done.expect("it is inserted");
        }
        tx.commit().await.expect("it is committed");
    }
    let taken = Bare {
        wall: begun.elapsed(),
        cpu: usage::cpu_time() - cpu,
    };
    connection.close().await.expect("it is open");
    taken
}

/// The rows of the database at `url`, whose server is this process, into a schema beside them.
pub(crate) async fn postgres(url: &str, server: u32, tip: u64, per_commit: u64) -> Bare {
    let mut connection = PgConnection::connect(url).await.expect("a server");
    let mut prepare = String::from(
        "SET jit = off; CREATE SCHEMA bare; CREATE INDEX bare_source ON vigia.business_event (checkpoint);",
    );
    for (table, _) in TABLES {
        prepare += &format!("CREATE TABLE bare.{table} (LIKE vigia.{table} INCLUDING ALL);");
    }
    prepare += "ANALYZE;";
    let prepared = connection.execute(AssertSqlSafe(prepare)).await;
    prepared.expect("it is prepared");
    let (begun, cpu) = (Instant::now(), usage::family_cpu_time(server));
    for from in (0..=tip).step_by(usize::try_from(per_commit).expect("it fits")) {
        let mut tx = connection.begin().await.expect("a write");
        for statement in statements("bare", "vigia", from..from + per_commit) {
            let done = tx.execute(AssertSqlSafe(statement)).await;
            done.expect("it is inserted");
        }
        tx.commit().await.expect("it is committed");
    }
    let taken = Bare {
        wall: begun.elapsed(),
        cpu: usage::family_cpu_time(server) - cpu,
    };
    let dropped = connection
        .execute("DROP SCHEMA bare CASCADE; DROP INDEX vigia.bare_source")
        .await;
    dropped.expect("it is dropped");
    connection.close().await.expect("it is open");
    taken
}
