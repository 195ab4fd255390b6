//! What vigia has recorded is compared with the ledger that the system before it keeps in its own database.

use std::time::Duration;

use serde_json::Value;
use sqlx::Connection as _;
use vigia_core::{Scope, Status};
use vigia_devnet::Pace;
use vigia_store::{ActivityFilter, ReadStore as _};

use crate::app::{App, text};
use crate::node::{app_watching, busy_chain, finished_rows, start};
use crate::servers::PostgresDatabase;

const QUERY: &str = "SELECT t.digest, t.owner AS account, t.minor_units AS amount, t.at_ms AS timestamp_ms\nFROM ledger t;\n";

/// The report, and how it ended.
fn compare(app: &App, more: &[&str]) -> (Value, Option<i32>) {
    let mut arguments = vec![
        "compare",
        "--query",
        "ledger.sql",
        "--url-file",
        "ledger.url",
        "--json",
    ];
    arguments.extend(more);
    let output = app.run(&arguments);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    (report, output.status.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_ledgers_are_compared() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let node = start(busy_chain(400), Pace::Complete, 1).await;
    let app = app_watching(&node, |index| index % 2 == 0);
    let running = app.follow(&node.url());
    let store = app.store().await;
    finished_rows(&node, &store, Duration::from_secs(60)).await;
    running.stop();

    let mut ledger = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE ledger (digest text, owner text, minor_units numeric, at_ms bigint)",
    )
    .execute(&mut ledger)
    .await
    .unwrap();
    let filter = ActivityFilter::default();
    let rows = store
        .activity_page(&Scope::All, &filter, None, 10_000)
        .await
        .unwrap();
    let moved = rows
        .iter()
        .filter(|row| row.activity.status == Status::Completed);
    let mut count = 0_u64;
    for row in moved {
        sqlx::query("INSERT INTO ledger VALUES ($1, $2, $3::numeric, $4)")
            .bind(row.digest.to_string())
            .bind(&row.account.external_id)
            .bind(row.activity.amount.map(|amount| amount.to_string()))
            .bind(i64::try_from(row.timestamp_ms).unwrap())
            .execute(&mut ledger)
            .await
            .unwrap();
        count += 1;
    }
    assert!(count > 50, "{count} of {}", rows.len());
    store.close().await;
    std::fs::write(app.path("ledger.sql"), QUERY).unwrap();
    std::fs::write(app.path("ledger.url"), format!("{}\n", database.url())).unwrap();
    let (report, code) = compare(&app, &[]);
    assert_eq!(
        (report["equal"].as_bool(), code),
        (Some(true), Some(0)),
        "{report}"
    );
    let same = report["same"].as_u64().unwrap();
    assert!(same > 50, "{report}");

    // One is missing, one is too much, one is another amount, and one is from before vigia.
    let last = rows
        .iter()
        .find(|row| row.activity.status == Status::Completed)
        .unwrap();
    let other = rows.iter().rfind(|row| row.activity.amount.is_some());
    let (gone, other) = (last.digest.to_string(), other.unwrap().digest.to_string());
    let stranger = vigia_core::Digest::new([9; 32]).to_string();
    for change in [
        format!("DELETE FROM ledger WHERE digest = '{gone}'"),
        format!("UPDATE ledger SET minor_units = minor_units + 1 WHERE digest = '{other}'"),
        format!(
            "INSERT INTO ledger SELECT '{stranger}', owner, 5, at_ms FROM ledger WHERE digest = '{other}' LIMIT 1"
        ),
        format!("INSERT INTO ledger VALUES ('{stranger}', 'old', 5, 1)"),
    ] {
        let change = sqlx::raw_sql(sqlx::AssertSqlSafe(change));
        change.execute(&mut ledger).await.unwrap();
    }
    let (report, code) = compare(&app, &["--limit", "5"]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["outside"], 1, "{report}");
    assert_eq!(report["onlyThere"]["count"], 1, "{report}");
    assert_eq!(report["onlyThere"]["first"][0]["digest"], stranger.as_str());
    assert_eq!(report["onlyHere"]["first"][0]["digest"], gone.as_str());
    assert_eq!(
        report["amountsDiffer"]["first"][0]["of"]["digest"],
        other.as_str()
    );
    let output = app.run(&[
        "compare",
        "--query",
        "ledger.sql",
        "--url-file",
        "ledger.url",
    ]);
    let said = text(&output.stdout);
    assert!(
        said.contains("1 are only in the other ledger:") && said.contains(&stranger),
        "{said}"
    );

    // What is wrong is said, without the password.
    std::fs::write(app.path("ledger.sql"), "SELECT 'x' AS digest").unwrap();
    let output = app.run(&[
        "compare",
        "--query",
        "ledger.sql",
        "--url-file",
        "ledger.url",
    ]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("row 1") && said.contains("base58") && !said.contains("hush"),
        "{said}"
    );
    ledger.close().await.unwrap();
    node.shutdown().await.unwrap();
}
