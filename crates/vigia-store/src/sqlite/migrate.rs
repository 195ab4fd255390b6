//! Brings the schema up to date: embedded numbered migrations, each in its own transaction.
//!
//! The version is SQLite's `user_version`, which changes in the same transaction as the tables do.
//! Migrations only go forward; a released file is never edited.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::{Result, StoreError};

/// The migrations; the position plus one is the version.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_initial.sql")];

/// Turning a new file to WAL mode does not wait for the busy timeout, so two processes that create
/// it at the same moment can meet here: worth another try at once, but not once the timeout itself
/// has been waited out.
const OPEN_TRY_FOR: Duration = Duration::from_secs(1);
const OPEN_RETRY: Duration = Duration::from_millis(50);

/// Connects the writer and migrates through it.
pub(super) async fn connect(
    pool: SqlitePoolOptions,
    options: &SqliteConnectOptions,
) -> Result<SqlitePool> {
    let begun = Instant::now();
    loop {
        match try_connect(pool.clone(), options).await {
            Err(error) if error.is_transient() && begun.elapsed() < OPEN_TRY_FOR => {
                tokio::time::sleep(OPEN_RETRY).await;
            }
            done => return done,
        }
    }
}

async fn try_connect(
    pool: SqlitePoolOptions,
    options: &SqliteConnectOptions,
) -> Result<SqlitePool> {
    let pool = pool.connect_with(options.clone()).await?;
    migrate(&mut *pool.acquire().await?).await?;
    Ok(pool)
}

async fn migrate(conn: &mut SqliteConnection) -> Result<()> {
    // Looking takes no lock: a process that only reads never waits for one that writes.
    if done_migrations(conn).await? == MIGRATIONS.len() {
        return Ok(());
    }
    // Not at one go: a crash between two migrations goes on with the second.
    while migrate_one(conn).await? {}
    Ok(())
}

/// How many migrations the file has.
async fn done_migrations(conn: &mut SqliteConnection) -> Result<usize> {
    let row = sqlx::query("PRAGMA user_version").fetch_one(conn).await?;
    let (found, known) = (row.try_get::<i64, _>(0)?, MIGRATIONS.len());
    usize::try_from(found)
        .ok()
        .filter(|done| *done <= known)
        .ok_or(StoreError::SchemaTooNew {
            found,
            known: i64::try_from(known).unwrap_or(i64::MAX),
        })
}

/// Runs the next migration; false when there is none left.
async fn migrate_one(conn: &mut SqliteConnection) -> Result<bool> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let next = done_migrations(&mut tx).await?;
    let Some(migration) = MIGRATIONS.get(next) else {
        return Ok(false);
    };
    sqlx::raw_sql(*migration).execute(&mut *tx).await?;
    // A pragma takes no parameters; the number is our own.
    let version = format!("PRAGMA user_version = {}", next + 1);
    sqlx::raw_sql(AssertSqlSafe(version))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    tracing::info!(schema.version = next + 1, "database schema migrated");
    Ok(true)
}
