//! `ProviderStore`: a handful of rows a process, one a provider and day.

use async_trait::async_trait;

use super::SqlStore;
use super::codec::int;
use super::epoch::int_opt;
use crate::db::{Row, get, get_opt, query};
use crate::sql::sql;
use crate::{ProviderRow, ProviderStore, ProviderUsage, Result};

#[async_trait]
impl ProviderStore for SqlStore {
    async fn provider_record(
        &self,
        holder: &str,
        rows: &[ProviderRow],
        usage: &[ProviderUsage],
    ) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("provider_state_forget"))
            .bind(holder.to_owned())
            .execute(&mut tx)
            .await?;
        for row in rows {
            query(sql!("provider_state_record"))
                .bind(holder.to_owned())
                .bind(row.provider.clone())
                .bind(i64::from(row.position))
                .bind(row.url.clone())
                .bind(i64::from(row.is_current))
                .bind(i64::from(row.is_usable))
                .bind(row.standing.clone())
                .bind(int_opt("tip", row.tip)?)
                .bind(int_opt("oldest checkpoint", row.lowest)?)
                .bind(int_opt("latency", row.latency_ms)?)
                .bind(row.serves.clone())
                .bind(int("time of report", row.at_ms)?)
                .execute(&mut tx)
                .await?;
        }
        for used in usage {
            query(sql!("provider_usage_add"))
                .bind(int("day", used.day)?)
                .bind(used.provider.clone())
                .bind(int("requests", used.requests)?)
                .bind(int("bytes", used.bytes)?)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await
    }

    async fn provider_list(&self) -> Result<Vec<ProviderRow>> {
        let mut tx = self.database.read().await?;
        let rows = query(sql!("provider_state_list"))
            .fetch_all(&mut tx)
            .await?;
        rows.iter().map(state).collect()
    }

    async fn provider_usage(&self, from_day: u64) -> Result<Vec<ProviderUsage>> {
        let rows = query(sql!("provider_usage_list"))
            .bind(int("day", from_day)?)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let usage = |row: &Row| {
            Ok(ProviderUsage {
                day: get(row, "day")?,
                provider: get(row, "provider")?,
                requests: get(row, "requests")?,
                bytes: get(row, "bytes")?,
            })
        };
        rows.iter().map(usage).collect()
    }

    async fn provider_prune(&self, before_ms: u64, before_day: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let states = query(sql!("provider_state_prune"))
            .bind(int("time", before_ms)?)
            .execute(&mut tx)
            .await?;
        let days = query(sql!("provider_usage_prune"))
            .bind(int("day", before_day)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(states + days)
    }
}

fn state(row: &Row) -> Result<ProviderRow> {
    let flag = |name| get::<i64>(row, name).map(|flag| flag != 0);
    Ok(ProviderRow {
        holder: get(row, "holder")?,
        provider: get(row, "provider")?,
        position: get(row, "position")?,
        url: get(row, "url")?,
        is_current: flag("is_current")?,
        is_usable: flag("is_usable")?,
        standing: get(row, "standing")?,
        tip: get_opt(row, "tip")?,
        lowest: get_opt(row, "lowest")?,
        latency_ms: get_opt(row, "latency_ms")?,
        serves: get_opt(row, "serves")?,
        at_ms: get(row, "at_ms")?,
    })
}
