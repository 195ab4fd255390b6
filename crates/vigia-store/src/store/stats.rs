//! Rows of what attempts say about endpoints and platforms.

use serde_json::Value;
use vigia_core::DeliveryId;

use super::delivery::attempt;
use crate::db::{Row, Tx, get, get_opt, query};
use crate::sql::Sql;
use crate::{AttemptRow, DeliveryStats, Latency, Result};

/// How attempts went, as both queries have it.
pub(super) fn stats(row: &Row) -> Result<DeliveryStats> {
    let received = get_opt(row, "received_p50_ms")?.zip(get_opt(row, "received_p99_ms")?);
    Ok(DeliveryStats {
        attempts: get(row, "attempts")?,
        succeeded: get(row, "succeeded")?,
        attempt: Latency {
            p50_ms: get(row, "attempt_p50_ms")?,
            p99_ms: get(row, "attempt_p99_ms")?,
        },
        received: received.map(|(p50_ms, p99_ms)| Latency { p50_ms, p99_ms }),
    })
}

/// The last attempt of each of these, where there was one.
pub(super) async fn last_attempts(
    tx: &mut Tx,
    sql: Sql,
    ids: impl Iterator<Item = DeliveryId>,
) -> Result<Vec<(DeliveryId, AttemptRow)>> {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    let rows = query(sql)
        .bind(Value::from(ids).to_string())
        .fetch_all(tx)
        .await?;
    let last = |row: &Row| Ok((DeliveryId::from_bytes(get(row, "id")?), attempt(row)?));
    rows.iter().map(last).collect()
}
