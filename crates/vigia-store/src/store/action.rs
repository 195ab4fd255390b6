//! `ActionStore`: a log.

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use crate::Result;
use crate::action::{Action, ActionRow, ActionStore};
use crate::db::{Row, get, get_opt, parsed, query};
use crate::sql::sql;

#[async_trait]
impl ActionStore for SqlStore {
    async fn action_record(&self, action: &Action) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("action_insert"))
            .bind(self.now()?)
            .bind(&*action.actor)
            .bind(action.way.as_str())
            .bind(&*action.action)
            .bind(action.subject.to_string())
            .bind(action.problem.clone())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn action_page(
        &self,
        actor: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ActionRow>> {
        let rows = query(sql!("action_page"))
            .bind(before.unwrap_or(i64::MAX))
            .bind(actor.map(str::to_owned))
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(action).collect()
    }

    async fn action_prune(&self, before_ms: u64, limit: u32) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("action_prune"))
            .bind(int("time", before_ms)?)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }
}

fn action(row: &Row) -> Result<ActionRow> {
    Ok(ActionRow {
        id: get(row, "id")?,
        at_ms: get(row, "at_ms")?,
        action: Action {
            actor: get(row, "actor")?,
            way: parsed("way of an action", get::<String>(row, "way")?.parse())?,
            action: get(row, "action")?,
            subject: get(row, "subject")?,
            problem: get_opt(row, "problem")?,
        },
    })
}
