//! `ProcessStore`: a row a process.

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use crate::db::{Row, get, get_opt, query};
use crate::sql::sql;
use crate::{ProcessRow, ProcessStore, Result};

#[async_trait]
impl ProcessStore for SqlStore {
    async fn process_record(&self, row: &ProcessRow) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("process_record"))
            .bind(row.holder.clone())
            .bind(row.role.clone())
            .bind(row.version.clone())
            .bind(row.build.clone())
            .bind(row.settings.clone())
            .bind(int("time of start", row.started_at_ms)?)
            .bind(int("time of report", row.seen_at_ms)?)
            .bind(row.problem.clone())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn process_list(&self, since_ms: u64) -> Result<Vec<ProcessRow>> {
        let find = query(sql!("process_list")).bind(int("time", since_ms)?);
        let rows = find.fetch_alone(&self.database).await?;
        rows.iter().map(process).collect()
    }

    async fn process_forget(&self, holder: &str) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("process_forget"))
            .bind(holder.to_owned())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn process_prune(&self, before_ms: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let gone = query(sql!("process_prune"))
            .bind(int("time", before_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(gone)
    }
}

fn process(row: &Row) -> Result<ProcessRow> {
    Ok(ProcessRow {
        holder: get(row, "holder")?,
        role: get(row, "role")?,
        version: get(row, "version")?,
        build: get(row, "build")?,
        settings: get(row, "settings")?,
        started_at_ms: get(row, "started_at_ms")?,
        seen_at_ms: get(row, "seen_at_ms")?,
        problem: get_opt(row, "problem")?,
    })
}
