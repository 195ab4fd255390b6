//! What is due is taken: what happens before what is sent again, and of throttled endpoints what all may try together.

use std::collections::BTreeSet;

use serde_json::Value;
use vigia_core::permits;

use super::super::SqlStore;
use super::super::codec::int;
use super::delivery;
use crate::Result;
use crate::db::{Tx, get, query};
use crate::delivery::{ClaimedDelivery, DeliveryRow};
use crate::sql::sql;

/// As it happens.
const LIVE: i64 = 0;
/// Again, when there is room.
const AGAIN: i64 = 1;

/// One that was taken.
struct Taken {
    row: DeliveryRow,
    fence: i64,
    is_rescued: bool,
}

/// Who takes, when, and for how long.
struct Claim<'c> {
    holder: &'c str,
    now_ms: u64,
    until_ms: u64,
}

impl SqlStore {
    pub(super) async fn claim_deliveries(
        &self,
        holder: &str,
        endpoints: &[i64],
        each_max: u32,
        lease_ms: u64,
    ) -> Result<Vec<ClaimedDelivery>> {
        if endpoints.is_empty() || each_max == 0 {
            return Ok(Vec::new());
        }
        let now_ms = self.clock.now_ms();
        let claim = Claim {
            holder,
            now_ms,
            until_ms: now_ms.saturating_add(lease_ms),
        };
        let mut tx = self.database.write().await?;
        let mut free = endpoints.to_vec();
        let mut taken = claim.throttled(&mut tx, &mut free, each_max).await?;
        taken.extend(claim.lanes(&mut tx, &free, each_max).await?);
        taken.sort_unstable_by_key(|Taken { row, .. }| (row.endpoint, row.due_at_ms, row.sequence));
        let rows: Vec<DeliveryRow> = taken.iter().map(|taken| taken.row.clone()).collect();
        let events = self.events(&mut tx, rows).await?;
        tx.commit().await?;
        let claimed = events.into_iter().zip(taken);
        Ok(claimed
            .map(|(event, taken)| ClaimedDelivery {
                event,
                fence: taken.fence,
                is_rescued: taken.is_rescued,
            })
            .collect())
    }
}

impl Claim<'_> {
    /// Takes what throttled ones of these endpoints may try now, each under its row's lock, and leaves the others.
    async fn throttled(
        &self,
        tx: &mut Tx,
        endpoints: &mut Vec<i64>,
        each_max: u32,
    ) -> Result<Vec<Taken>> {
        let throttled = query(sql!("endpoint_has_throttle")).fetch_all(tx).await?;
        if throttled.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Value::from(&**endpoints).to_string();
        // One that another process asks about in this moment is left to it as well.
        for row in &throttled {
            let id: i64 = get(row, "id")?;
            endpoints.retain(|endpoint| *endpoint != id);
        }
        let rows = query(sql!(dialects "endpoint_throttled"))
            .bind(asked)
            .fetch_all(tx)
            .await?;
        let mut taken = Vec::new();
        let now_us = self.now_ms.saturating_mul(1_000);
        for row in &rows {
            let (id, per_second): (i64, u32) = (get(row, "id")?, get(row, "per_second")?);
            let taken_until_us: u64 = get(row, "taken_until_us")?;
            let allowed = permits(taken_until_us, now_us, per_second, each_max).0;
            if allowed == 0 {
                continue;
            }
            let claimed = self.live_first(tx, id, allowed).await?;
            let count = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
            let (_, taken_until_us) = permits(taken_until_us, now_us, per_second, count);
            query(sql!("endpoint_taken"))
                .bind(id)
                .bind(int("time", taken_until_us)?)
                .execute(tx)
                .await?;
            taken.extend(claimed);
        }
        Ok(taken)
    }

    /// At most so many of each of these endpoints, and as many of what is sent again, so that neither waits for the other's
    /// end; a single place is for what happens first.
    async fn lanes(&self, tx: &mut Tx, endpoints: &[i64], each_max: u32) -> Result<Vec<Taken>> {
        if each_max > 1 {
            return self.lane(tx, endpoints, &[LIVE, AGAIN], each_max).await;
        }
        let mut taken = self.lane(tx, endpoints, &[LIVE], 1).await?;
        let busy: BTreeSet<i64> = taken.iter().map(|taken| taken.row.endpoint).collect();
        let mut idle = endpoints.to_vec();
        idle.retain(|endpoint| !busy.contains(endpoint));
        taken.extend(self.lane(tx, &idle, &[AGAIN], 1).await?);
        Ok(taken)
    }

    /// At most so many of one endpoint, what happens first.
    async fn live_first(&self, tx: &mut Tx, endpoint: i64, max: u32) -> Result<Vec<Taken>> {
        let mut taken = self.lane(tx, &[endpoint], &[LIVE], max).await?;
        let left = max.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        if left > 0 {
            taken.extend(self.lane(tx, &[endpoint], &[AGAIN], left).await?);
        }
        Ok(taken)
    }

    async fn lane(
        &self,
        tx: &mut Tx,
        endpoints: &[i64],
        lanes: &[i64],
        each_max: u32,
    ) -> Result<Vec<Taken>> {
        if endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let rows = query(sql!(dialects "delivery_claim"))
            .bind(Value::from(endpoints).to_string())
            .bind(int("time", self.now_ms)?)
            .bind(each_max)
            .bind(self.holder)
            .bind(int("time", self.until_ms)?)
            .bind(Value::from(lanes).to_string())
            .fetch_all(tx)
            .await?;
        let taken = rows.iter().map(|row| {
            Ok(Taken {
                row: delivery(row)?,
                fence: get(row, "fence")?,
                is_rescued: get(row, "is_rescued")?,
            })
        });
        taken.collect()
    }
}
