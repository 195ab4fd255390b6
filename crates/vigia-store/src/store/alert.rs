//! `AlertStore`: a row for each alert that is not over.

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use crate::db::{Row, get, query};
use crate::sql::sql;
use crate::{AlertRow, AlertStore, Result};

#[async_trait]
impl AlertStore for SqlStore {
    async fn alert_list(&self) -> Result<Vec<AlertRow>> {
        let rows = query(sql!("alert_list"))
            .fetch_alone(&self.database)
            .await?;
        rows.iter().map(alert).collect()
    }

    async fn alert_record(&self, row: &AlertRow) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("alert_record"))
            .bind(row.name.clone())
            .bind(row.words.clone())
            .bind(int("time of begin", row.since_ms)?)
            .bind(int("time of telling", row.told_at_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn alert_end(&self, name: &str) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("alert_end"))
            .bind(name.to_owned())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}

fn alert(row: &Row) -> Result<AlertRow> {
    Ok(AlertRow {
        name: get(row, "name")?,
        words: get(row, "words")?,
        since_ms: get(row, "since_ms")?,
        told_at_ms: get(row, "told_at_ms")?,
    })
}
