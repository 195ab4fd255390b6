//! Endpoints: how they are, and who is told when they are told no more.

use serde_json::{Value, json};
use vigia_core::{NotificationKind, UserId};

use super::super::codec::int;
use crate::db::{Row, Tx, get, get_opt, parsed, query};
use crate::delivery::{EndpointRow, EndpointSpec};
use crate::sql::sql;
use crate::{Notice, Result};

/// Why an endpoint is disabled.
const GONE: &str = "it answered 410 Gone";
/// Why another is.
const FAILED: &str = "every attempt has failed for too long";

/// Remembers since when an endpoint fails; one that does for too long, or says that it is gone, is told no more. Returns
/// why it was disabled, where it was.
pub(super) async fn endpoint_health(
    tx: &mut Tx,
    endpoint: i64,
    (well, failing, gone): (bool, bool, bool),
    now_ms: u64,
    disable_after_ms: u64,
) -> Result<Option<&'static str>> {
    if gone {
        let disabled = query(sql!("endpoint_disable"))
            .bind(endpoint)
            .bind(GONE)
            .execute(tx)
            .await?;
        return Ok((disabled > 0).then_some(GONE));
    }
    if well {
        query(sql!("endpoint_well"))
            .bind(endpoint)
            .execute(tx)
            .await?;
    } else if failing {
        query(sql!("endpoint_failing"))
            .bind(endpoint)
            .bind(int("time", now_ms)?)
            .execute(tx)
            .await?;
        let disabled = query(sql!("endpoint_failed_since"))
            .bind(endpoint)
            .bind(int("time", now_ms.saturating_sub(disable_after_ms))?)
            .bind(FAILED)
            .execute(tx)
            .await?;
        return Ok((disabled > 0).then_some(FAILED));
    }
    Ok(None)
}

/// What operators are told of an endpoint that is told no more.
pub(super) async fn disabled_notices(
    tx: &mut Tx,
    endpoint: i64,
    reason: &str,
    now_ms: u64,
) -> Result<Vec<Notice>> {
    let endpoints = list(tx).await?;
    let name = endpoints
        .into_iter()
        .find(|row| row.id == endpoint)
        .map_or_else(|| endpoint.to_string(), |row| row.spec.name);
    let operators = query(sql!("operator_list")).fetch_all(tx).await?;
    let notice = |row: &Row| {
        Ok(Notice {
            user: UserId(get(row, "user_id")?),
            kind: NotificationKind::new("WEBHOOK_DISABLED"),
            cause: format!("endpoint/{endpoint}/{now_ms}"),
            details: json!({ "endpoint": name, "reason": reason }),
        })
    };
    operators.iter().map(notice).collect()
}

pub(super) async fn list(tx: &mut Tx) -> Result<Vec<EndpointRow>> {
    let rows = query(sql!("endpoint_list")).fetch_all(tx).await?;
    rows.iter().map(endpoint).collect()
}

fn endpoint(row: &Row) -> Result<EndpointRow> {
    let filter: Value = get(row, "filter")?;
    let state: String = get(row, "state")?;
    Ok(EndpointRow {
        id: get(row, "id")?,
        spec: EndpointSpec {
            name: get(row, "name")?,
            url: get(row, "url")?,
            filter: parsed(
                "filter of an endpoint",
                serde_json::from_value(filter).map_err(|error| error.to_string()),
            )?,
        },
        state: parsed("state of an endpoint", state.parse())?,
        reason: get_opt(row, "reason")?,
        sequence: get(row, "sequence")?,
        failing_since_ms: get_opt(row, "failing_since_ms")?,
    })
}
