//! Whether the database takes writes just now, and copies of it.

use std::path::Path;
use std::time::Duration;

use super::SqlStore;
use crate::db::{Database, Tx, get, query};
use crate::sql::sql;
use crate::{Result, StoreError};

impl SqlStore {
    /// Copies a database that is a file into another file, which must not be there yet, as of one moment. One on a server is
    /// copied by the server's own means.
    pub async fn backup_to(&self, file: &Path) -> Result<()> {
        let problem = |problem: &str| StoreError::CopyRefused {
            problem: problem.to_owned(),
        };
        let Database::Sqlite(database) = &self.database else {
            return Err(problem("the database is on a server: use its own means"));
        };
        let file = file.to_str();
        let file = file.ok_or_else(|| problem("its name is not Unicode"))?;
        database.copy_into(file).await
    }

    /// Whether a write could begin now: an error says what is in the way. Nothing is written, so a disk
    /// that is full is found by those who write.
    pub async fn check_writable(&self, within: Duration) -> Result<()> {
        tokio::time::timeout(within, self.begin_write())
            .await
            .unwrap_or(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)))
    }

    async fn begin_write(&self) -> Result<()> {
        let mut tx = self.database.write().await?;
        let session = match &tx {
            Tx::Sqlite(_) => return Ok(()),
            Tx::Postgres { session, .. } => session.clone(),
        };
        let row = query(sql!("postgres/writable")).fetch_one(&mut tx).await?;
        if get(&row, "writable")? {
            return Ok(());
        }
        session.give_up_connections();
        let problem = "a transaction begins read-only".to_owned();
        Err(StoreError::ReadOnly(sqlx::Error::Protocol(problem)))
    }
}
