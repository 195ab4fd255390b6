//! The schema's versions: embedded numbered migrations, the same numbers for both databases.
//!
//! Migrations only go forward and a released file is never edited. They expand first and contract one
//! release later: the schema says which binaries can still use it, and only older ones are refused,
//! so that a rolling upgrade never has to stop everything.

use super::row::get;
use super::{Query, Tx, query};
use crate::sql::sql;
use crate::{Result, StoreError};

/// A step of the schema in both dialects.
pub(super) struct Migration {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
    /// Oldest schema version whose binaries can use a database that has this step.
    compatible_from: usize,
}

macro_rules! migration {
    ($name:literal, compatible_from: $compatible_from:literal) => {
        Migration {
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
            compatible_from: $compatible_from,
        }
    };
}

/// The migrations; the position plus one is the version.
pub(super) const MIGRATIONS: &[Migration] = &[
    migration!("0001_initial", compatible_from: 1),
    migration!("0002_several_processes", compatible_from: 2),
    migration!("0003_jobs", compatible_from: 2),
    migration!("0004_api_views", compatible_from: 2),
    migration!("0005_sources", compatible_from: 2),
    migration!("0006_epochs", compatible_from: 2),
    migration!("0007_providers", compatible_from: 2),
    migration!("0008_committees", compatible_from: 2),
    migration!("0009_backfills", compatible_from: 2),
    migration!("0010_proof", compatible_from: 2),
    migration!("0011_coin_icon", compatible_from: 2),
    migration!("0012_sign_in", compatible_from: 2),
    migration!("0013_balances", compatible_from: 2),
    migration!("0014_contracts", compatible_from: 2),
    migration!("0015_revisions", compatible_from: 2),
    migration!("0016_folding", compatible_from: 16),
    migration!("0017_balance_agreed", compatible_from: 16),
    migration!("0018_labels", compatible_from: 16),
    migration!("0019_business", compatible_from: 16),
    migration!("0020_announcements", compatible_from: 16),
    migration!("0021_deliveries", compatible_from: 16),
    migration!("0022_people_told", compatible_from: 16),
    migration!("0023_endpoints", compatible_from: 16),
    migration!("0024_endpoint_changes", compatible_from: 16),
    migration!("0025_applications", compatible_from: 16),
    migration!("0026_wallets", compatible_from: 16),
    migration!("0027_balance_hours", compatible_from: 16),
    migration!("0028_searched", compatible_from: 16),
    migration!("0029_operating", compatible_from: 16),
    migration!("0030_rescued", compatible_from: 16),
    migration!("0031_vacuum", compatible_from: 16),
    migration!("0032_vacuum_sooner", compatible_from: 16),
];

/// Writes which version the schema has, and since when binaries can use it.
pub(super) async fn record(tx: &mut Tx, version: usize) -> Result<()> {
    if matches!(tx, Tx::Sqlite(_)) && version < SQLITE_RECORDED_FROM {
        return Ok(());
    }
    let compatible_from = MIGRATIONS[version - 1].compatible_from;
    let statement = query(sql!("schema_record"));
    let statement = bind_version(bind_version(statement, version)?, compatible_from)?;
    statement.execute(tx).await?;
    Ok(())
}

/// The version that brought the table of versions to SQLite, which has a number of its own besides.
const SQLITE_RECORDED_FROM: usize = 2;

fn bind_version(query: Query, version: usize) -> Result<Query> {
    let version = i64::try_from(version).map_err(|_| StoreError::OutOfRange {
        what: "schema version",
        value: version.to_string(),
    })?;
    Ok(query.bind(version))
}

/// How many migrations a SQLite file has.
pub(super) async fn sqlite_done(tx: &mut Tx) -> Result<usize> {
    let row = query(sql!("sqlite/schema_user_version"))
        .fetch_one(tx)
        .await?;
    let found: i64 = get(&row, "user_version")?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let compatible_from = match found > known {
        true => Some(recorded(tx).await?.map_or(found, |(_, from)| from)),
        false => None,
    };
    done(found, compatible_from)
}

/// Version and oldest compatible version as the table of versions says; none before there is one.
pub(super) async fn recorded(tx: &mut Tx) -> Result<Option<(i64, i64)>> {
    let there = query(sql!(dialects "schema_table"))
        .fetch_optional(tx)
        .await?;
    if there.is_none() {
        return Ok(None);
    }
    let row = query(sql!("schema_recorded")).fetch_optional(tx).await?;
    row.map(|row| Ok((get(&row, "version")?, get(&row, "compatible_from")?)))
        .transpose()
}

/// How many of this binary's migrations are there; all of them where a newer binary has gone further
/// and this one can still use what it left.
pub(super) fn done(found: i64, compatible_from: Option<i64>) -> Result<usize> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known && compatible_from.is_none_or(|from| from > known) {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    usize::try_from(found.min(known)).map_err(|_| StoreError::Damaged {
        what: "schema version",
        problem: format!("{found} is out of range"),
    })
}

#[cfg(test)]
mod tests {
    /// A file that nobody names is a step that no database takes.
    #[test]
    fn every_file_is_a_step() {
        for (dialect, step) in [("sqlite", 0), ("postgres", 1)] {
            let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
                .join("src/migrations");
            let files = std::fs::read_dir(folder.join(dialect)).unwrap();
            let mut texts: Vec<(std::ffi::OsString, String)> = files
                .map(|file| {
                    let file = file.unwrap();
                    (
                        file.file_name(),
                        std::fs::read_to_string(file.path()).unwrap(),
                    )
                })
                .collect();
            texts.sort();
            let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
            let steps = super::MIGRATIONS.iter();
            let steps: Vec<&str> = steps.map(|m| [m.sqlite, m.postgres][step]).collect();
            assert_eq!(texts, steps, "{dialect}");
        }
    }
}
