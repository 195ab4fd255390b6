//! Endpoints: how they are, and who is told when they are told no more.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigia_core::{DeliveryId, NotificationId, NotificationKind, UserId};

use super::super::SqlStore;
use super::super::codec::int;
use super::directory::endpoints_changed;
use super::progress_wait;
use super::sequence::{NewDelivery, deliveries_insert};
use crate::db::{Lock, Row, Tx, get, get_opt, parsed, query};
use crate::delivery::{
    ACCOUNT_ENDPOINTS_MAX, AccountEndpoint, DeliveryKind, EndpointRow, EndpointSpec, EndpointState,
};
use crate::sql::sql;
use crate::{Notice, Result};

/// Why an endpoint is disabled.
const GONE: &str = "it answered 410 Gone";
/// Why another is.
const FAILED: &str = "every attempt has failed for too long";

/// What attempts said about endpoints.
#[derive(Default)]
pub(super) struct Heard {
    /// Those of which one arrived at least.
    pub(super) well: BTreeSet<i64>,
    /// Those of which one failed at least.
    pub(super) failing: BTreeSet<i64>,
    /// Those that say that they are gone.
    pub(super) gone: BTreeSet<i64>,
}

impl Heard {
    /// Remembers since when endpoints fail; those that do for too long, or say that they are gone, are told no more. Returns
    /// those that were disabled, and why.
    pub(super) async fn remember(
        mut self,
        tx: &mut Tx,
        now_ms: u64,
        disable_after_ms: u64,
    ) -> Result<Vec<(i64, &'static str)>> {
        self.failing
            .retain(|endpoint| !self.well.contains(endpoint));
        let mut disabled = Vec::new();
        if !self.gone.is_empty() {
            let rows = query(sql!(dialects "endpoint_disable"))
                .bind(list_text(&self.gone))
                .bind(GONE)
                .fetch_all(tx)
                .await?;
            disabled.extend(ids(&rows)?.into_iter().map(|id| (id, GONE)));
        }
        if !self.well.is_empty() {
            query(sql!(dialects "endpoint_well"))
                .bind(list_text(&self.well))
                .execute(tx)
                .await?;
        }
        if !self.failing.is_empty() {
            let failing = list_text(&self.failing);
            query(sql!(dialects "endpoint_failing"))
                .bind(failing.clone())
                .bind(int("time", now_ms)?)
                .execute(tx)
                .await?;
            let rows = query(sql!(dialects "endpoint_failed_since"))
                .bind(failing)
                .bind(int("time", now_ms.saturating_sub(disable_after_ms))?)
                .bind(FAILED)
                .fetch_all(tx)
                .await?;
            disabled.extend(ids(&rows)?.into_iter().map(|id| (id, FAILED)));
        }
        if !disabled.is_empty() {
            endpoints_changed(tx).await?;
        }
        Ok(disabled)
    }
}

fn list_text(ids: &BTreeSet<i64>) -> String {
    Value::from(ids.iter().copied().collect::<Vec<_>>()).to_string()
}

fn ids(rows: &[Row]) -> Result<Vec<i64>> {
    rows.iter().map(|row| get(row, "id")).collect()
}

/// What its owners are told of an endpoint that is told no more.
pub(super) async fn disabled_notices(
    tx: &mut Tx,
    endpoint: i64,
    reason: &str,
    now_ms: u64,
) -> Result<Vec<Notice>> {
    let endpoints = list(tx).await?;
    let found = endpoints.into_iter().find(|row| row.id == endpoint);
    let owner = found.as_ref().and_then(|row| row.account.clone());
    let name = found.map_or_else(String::new, |row| match row.label.is_empty() {
        true => row.spec.name,
        false => row.label,
    });
    // The operator's endpoints are the operators', an account's those of its members who may manage them.
    let operators = match owner {
        None => query(sql!("operator_list")),
        Some((account, _)) => query(sql!("endpoint_owners")).bind(account.0),
    };
    let operators = operators.fetch_all(tx).await?;
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

impl SqlStore {
    pub(super) async fn declare_endpoints(&self, endpoints: &[EndpointSpec]) -> Result<()> {
        let mut tx = self.database.write().await?;
        begin_at_newest(&mut tx).await?;
        let mut is_changed = !endpoints.is_empty();
        let named: BTreeSet<&str> = endpoints.iter().map(|endpoint| &*endpoint.name).collect();
        for known in list(&mut tx).await? {
            if known.account.is_none() && !named.contains(&*known.spec.name) {
                let removed = query(sql!("endpoint_remove"))
                    .bind(known.spec.name)
                    .execute(&mut tx)
                    .await?;
                is_changed |= removed > 0;
            }
        }
        for endpoint in endpoints {
            query(sql!("endpoint_declare"))
                .bind(endpoint.name.clone())
                .bind(endpoint.url.clone())
                .bind(filter_text(endpoint))
                .bind(endpoint.per_second.map(i64::from))
                .bind(self.now()?)
                .execute(&mut tx)
                .await?;
        }
        if is_changed {
            endpoints_changed(&mut tx).await?;
        }
        tx.commit().await
    }

    pub(super) async fn create_endpoint(&self, endpoint: &AccountEndpoint) -> Result<Option<i64>> {
        let spec = &endpoint.spec;
        let mut tx = self.database.write().await?;
        begin_at_newest(&mut tx).await?;
        let row = query(sql!("endpoint_create"))
            .bind(spec.name.clone())
            .bind(spec.url.clone())
            .bind(filter_text(spec))
            .bind(spec.per_second.map(i64::from))
            .bind(self.now()?)
            .bind(endpoint.account.0)
            .bind(endpoint.label.clone())
            .bind(endpoint.secrets.clone())
            .bind(ACCOUNT_ENDPOINTS_MAX)
            .fetch_optional(&mut tx)
            .await?;
        endpoints_changed(&mut tx).await?;
        tx.commit().await?;
        row.map(|row| get(&row, "id")).transpose()
    }

    pub(super) async fn update_endpoint(&self, spec: &EndpointSpec, label: &str) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let touched = query(sql!("endpoint_update"))
            .bind(spec.name.clone())
            .bind(spec.url.clone())
            .bind(filter_text(spec))
            .bind(spec.per_second.map(i64::from))
            .bind(label)
            .execute(&mut tx)
            .await?;
        endpoints_changed(&mut tx).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    pub(super) async fn test_endpoint(&self, name: &str) -> Result<Option<DeliveryId>> {
        let mut tx = self.database.write().await?;
        // Numbers are given out by one transaction at a time.
        progress_wait(&mut tx, "activity").await?;
        let row = query(sql!("endpoint_next"))
            .bind(name)
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (endpoint, sequence): (i64, u64) = (get(&row, "id")?, get(&row, "sequence")?);
        let cause = format!("test/{sequence}");
        let about = NotificationId::of_cause(UserId(0), &cause);
        let id = DeliveryId::to_endpoint(about, endpoint);
        let test = NewDelivery {
            id,
            endpoint,
            sequence,
            activity: 0,
            kind: DeliveryKind::Test,
            revision: None,
        };
        deliveries_insert(&mut tx, &[test], self.now()?).await?;
        tx.commit().await?;
        Ok(Some(id))
    }
}

/// Where nothing was made so far, nothing is to be made now of what happened before.
async fn begin_at_newest(tx: &mut Tx) -> Result<()> {
    // Ids rise in the order of commits, of which none may be under way.
    Lock::CommitOrder.take(tx).await?;
    let known = list(tx).await?;
    let mut states = known.iter().map(|known| known.state);
    if states.all(|state| state == EndpointState::Removed) {
        query(sql!("delivery_progress_newest")).execute(tx).await?;
        query(sql!("delivery_progress_newest_revision"))
            .execute(tx)
            .await?;
    }
    Ok(())
}

fn filter_text(spec: &EndpointSpec) -> String {
    let text = serde_json::to_string(&spec.filter);
    text.expect("words and numbers always have JSON")
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
            per_second: get_opt(row, "per_second")?,
        },
        state: parsed("state of an endpoint", state.parse())?,
        reason: get_opt(row, "reason")?,
        sequence: get(row, "sequence")?,
        failing_since_ms: get_opt(row, "failing_since_ms")?,
        account: match get_opt(row, "account_id")? {
            Some(id) => Some((id, get(row, "account_external_id")?)),
            None => None,
        },
        label: get(row, "label")?,
        secrets: get_opt(row, "secrets")?,
        created_at_ms: get(row, "created_at_ms")?,
    })
}
