//! `LeaseStore`: one statement a method, on the database's clock.

use async_trait::async_trait;
use vigia_core::Fence;

use super::SqlStore;
use super::codec::int;
use crate::db::{Row, Tx, get, get_opt, query};
use crate::sql::sql;
use crate::{LeaseRow, LeaseStore, Result};

/// The longest lease, about thirty thousand years: its end stays within 63 bits.
const TTL_MS_MAX: u64 = 1_000_000_000_000_000;

#[async_trait]
impl LeaseStore for SqlStore {
    async fn lease_claim(&self, name: &str, holder: &str, ttl_ms: u64) -> Result<Option<Fence>> {
        self.trying(|| self.lease_claim_once(name, holder, ttl_ms))
            .await
    }

    async fn lease_renew(&self, name: &str, fence: Fence, ttl_ms: u64) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let renewed = query(sql!(dialects "lease_renew"))
            .bind(name)
            .bind(int("fence", fence.0)?)
            .bind(int("time to live", ttl_ms.min(TTL_MS_MAX))?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(renewed > 0)
    }

    async fn lease_release(&self, name: &str, fence: Fence) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let released = query(sql!("lease_release"))
            .bind(name)
            .bind(int("fence", fence.0)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(released > 0)
    }

    async fn lease_list(&self, prefix: &str) -> Result<Vec<LeaseRow>> {
        let rows = query(sql!(dialects "lease_list"))
            .bind(prefix)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(from_row).collect()
    }

    async fn lease_prune(&self, prefix: &str, age_ms: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!(dialects "lease_prune"))
            .bind(prefix)
            .bind(int("age", age_ms.min(TTL_MS_MAX))?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }
}

impl SqlStore {
    async fn lease_claim_once(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Fence>> {
        let mut tx = self.database.write().await?;
        let row = query(sql!(dialects "lease_claim"))
            .bind(name)
            .bind(holder)
            .bind(int("time to live", ttl_ms.min(TTL_MS_MAX))?)
            .fetch_optional(&mut tx)
            .await?;
        tx.commit().await?;
        row.map(|row| get(&row, "fence").map(Fence)).transpose()
    }
}

/// Whether `fence` is current, and stays it until the end of the transaction: what is written in it
/// takes effect only then.
pub(super) async fn hold(tx: &mut Tx, name: &str, fence: Fence) -> Result<bool> {
    let row = query(sql!(dialects "lease_hold"))
        .bind(name)
        .bind(int("fence", fence.0)?)
        .fetch_optional(tx)
        .await?;
    Ok(row.is_some())
}

fn from_row(row: &Row) -> Result<LeaseRow> {
    let holder: Option<String> = get_opt(row, "holder")?;
    let remaining_ms: i64 = get(row, "remaining_ms")?;
    let remaining_ms = u64::try_from(remaining_ms).unwrap_or(0);
    Ok(LeaseRow {
        name: get(row, "name")?,
        fence: Fence(get(row, "fence")?),
        remaining_ms: holder.as_ref().map_or(0, |_| remaining_ms),
        holder,
    })
}
