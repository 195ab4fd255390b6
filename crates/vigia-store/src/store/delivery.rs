//! `DeliveryStore`: activities become deliveries, workers take them, what came of it is written.

mod backlog;
mod claim;
mod directory;
mod endpoint;
mod sequence;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use serde_json::{Value, json};
use vigia_core::{AccountId, DeliveryId, UserId};

pub(super) use self::directory::KeptDirectory;
use self::directory::endpoint_changes;
pub(super) use self::directory::endpoints_changed;
use self::endpoint::{Heard, disabled_notices, list};
use super::SqlStore;
use super::codec::int;
use super::correction::revision;
use super::inbox::tell;
use super::read::{activities_sql, row};
use super::stats::{last_attempts, stats};
use crate::db::{Row, Tx, get, get_opt, parsed, query};
use crate::delivery::{
    ATTEMPTS_MAX, AccountEndpoint, AttemptRow, ClaimedDelivery, Completion, DeliveryEnd,
    DeliveryEvent, DeliveryRow, DeliveryState, DeliveryStore, EndpointRow, EndpointSpec,
    EndpointState, OutboxBacklog, Sequenced,
};
use crate::sql::sql;
use crate::{ActivityRevision, ActivityRow, DeliveryStats, Result, STATS_ATTEMPTS_MAX};

#[async_trait]
impl DeliveryStore for SqlStore {
    async fn endpoint_declare(&self, endpoints: &[EndpointSpec]) -> Result<()> {
        self.declare_endpoints(endpoints).await
    }

    async fn endpoint_create(&self, endpoint: &AccountEndpoint) -> Result<Option<i64>> {
        self.create_endpoint(endpoint).await
    }

    async fn endpoint_update(&self, spec: &EndpointSpec, label: &str) -> Result<bool> {
        self.update_endpoint(spec, label).await
    }

    async fn endpoint_secrets(&self, name: &str, before: &str, after: &str) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let touched = query(sql!("endpoint_secrets"))
            .bind(name)
            .bind(before)
            .bind(after)
            .execute(&mut tx)
            .await?;
        endpoints_changed(&mut tx).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    async fn endpoint_remove(&self, name: &str) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let touched = query(sql!("endpoint_remove"))
            .bind(name)
            .execute(&mut tx)
            .await?;
        endpoints_changed(&mut tx).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    async fn endpoint_owned(&self, user: UserId) -> Result<Vec<(AccountId, String)>> {
        let rows = query(sql!("endpoint_owned"))
            .bind(user.0)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let owned = rows
            .iter()
            .map(|row| Ok((get(row, "id")?, get(row, "external_id")?)));
        owned.collect()
    }

    async fn account_find(&self, external_id: &str) -> Result<Option<AccountId>> {
        let row = query(sql!("account_find"))
            .bind(external_id)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map(|row| get(&row, "id")).transpose()
    }

    async fn endpoint_test(&self, name: &str) -> Result<Option<DeliveryId>> {
        self.test_endpoint(name).await
    }

    async fn endpoint_list(&self) -> Result<Vec<EndpointRow>> {
        list(&mut self.database.read().await?).await
    }

    async fn endpoint_changes(&self) -> Result<u64> {
        endpoint_changes(&mut self.database.read().await?).await
    }

    async fn endpoint_enable(&self, name: &str, enabled: bool) -> Result<bool> {
        let state = match enabled {
            true => EndpointState::Enabled,
            false => EndpointState::Disabled,
        };
        let mut tx = self.database.write().await?;
        let touched = query(sql!("endpoint_enable"))
            .bind(name.to_owned())
            .bind(state.as_str())
            .bind((!enabled).then(|| "an operator disabled it".to_owned()))
            .execute(&mut tx)
            .await?;
        endpoints_changed(&mut tx).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    async fn delivery_sequence(&self) -> Result<Sequenced> {
        self.sequence_deliveries().await
    }

    async fn delivery_position(&self, log: &str) -> Result<i64> {
        let row = query(sql!("delivery_position"))
            .bind(log)
            .fetch_one(&mut self.database.read().await?)
            .await?;
        get(&row, "position")
    }

    async fn delivery_claim(
        &self,
        holder: &str,
        endpoints: &[i64],
        each_max: u32,
        lease_ms: u64,
    ) -> Result<Vec<ClaimedDelivery>> {
        self.claim_deliveries(holder, endpoints, each_max, lease_ms)
            .await
    }

    async fn delivery_renew(&self, holder: &str, ids: &[DeliveryId], lease_ms: u64) -> Result<u64> {
        self.renew(sql!(dialects "delivery_renew"), holder, ids, lease_ms)
            .await
    }

    async fn delivery_complete(
        &self,
        completions: &[Completion],
        disable_after_ms: u64,
    ) -> Result<u64> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.database.write().await?;
        let ended = completions.iter().map(|completion| {
            let (state, due_at_ms) = match completion.end {
                DeliveryEnd::Delivered => (DeliveryState::Delivered, now_ms),
                DeliveryEnd::Retry { at_ms } => (DeliveryState::Pending, at_ms),
                DeliveryEnd::Dead | DeliveryEnd::Gone => (DeliveryState::Dead, now_ms),
                DeliveryEnd::Cancelled => (DeliveryState::Cancelled, now_ms),
            };
            let is_tried = completion.attempt.is_some();
            ended_json(
                completion.id,
                completion.fence,
                state,
                due_at_ms,
                is_tried,
                now_ms,
            )
        });
        let ended = ended.collect::<Result<Vec<_>>>()?;
        let counted = query(sql!(dialects "delivery_complete"))
            .bind(Value::from(ended).to_string())
            .fetch_all(&mut tx)
            .await?;
        let endpoints: HashMap<DeliveryId, i64> = counted
            .iter()
            .map(|row| {
                let id = DeliveryId::from_bytes(get(row, "id")?);
                Ok((id, get(row, "endpoint_id")?))
            })
            .collect::<Result<_>>()?;
        let mut heard = Heard::default();
        for completion in completions {
            let Some(endpoint) = endpoints.get(&completion.id) else {
                continue;
            };
            let of_kind = match completion.end {
                DeliveryEnd::Delivered => &mut heard.well,
                DeliveryEnd::Retry { .. } | DeliveryEnd::Dead => &mut heard.failing,
                DeliveryEnd::Gone => &mut heard.gone,
                DeliveryEnd::Cancelled => continue,
            };
            of_kind.insert(*endpoint);
        }
        let attempts = completions
            .iter()
            .filter_map(|completion| Some((completion.id, completion.attempt.as_ref()?)));
        query(sql!(dialects "delivery_attempt_insert"))
            .bind(attempts_json(attempts)?)
            .execute(&mut tx)
            .await?;
        let disabled = heard.remember(&mut tx, now_ms, disable_after_ms).await?;
        let mut notices = Vec::new();
        for (endpoint, reason) in disabled {
            notices.extend(disabled_notices(&mut tx, endpoint, reason, now_ms).await?);
        }
        let (_, newest) = tell(&mut tx, &notices, now_ms).await?;
        super::notify(&mut tx, "notification", newest).await?;
        tx.commit().await?;
        self.signals.notification.raise(newest);
        Ok(endpoints.len() as u64)
    }

    async fn delivery_next_due(&self) -> Result<Option<u64>> {
        let row = query(sql!("delivery_next_due"))
            .fetch_one(&mut self.database.read().await?)
            .await?;
        get_opt(&row, "due_at_ms")
    }

    async fn delivery_page(
        &self,
        endpoint: Option<i64>,
        state: Option<DeliveryState>,
        before: Option<(u64, DeliveryId)>,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>> {
        let (at_ms, id) = below(before)?;
        let rows = query(sql!("delivery_page"))
            .bind(endpoint)
            .bind(state.map(|state| state.as_str().to_owned()))
            .bind(at_ms)
            .bind(id)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(delivery).collect()
    }

    async fn delivery_heads(
        &self,
        endpoints: &[i64],
        state: Option<DeliveryState>,
        before: Option<(u64, DeliveryId)>,
        each_max: u32,
    ) -> Result<Vec<DeliveryRow>> {
        let (at_ms, id) = below(before)?;
        let rows = query(sql!(dialects "delivery_heads"))
            .bind(Value::from(endpoints).to_string())
            .bind(state.map(|state| state.as_str().to_owned()))
            .bind(at_ms)
            .bind(id)
            .bind(each_max)
            .fetch_alone(&self.database)
            .await?;
        rows.iter().map(delivery).collect()
    }

    async fn delivery_events(
        &self,
        endpoint: &str,
        after: u64,
        limit: u32,
    ) -> Result<Option<Vec<DeliveryEvent>>> {
        let mut tx = self.database.read().await?;
        let endpoints = list(&mut tx).await?;
        let found = endpoints.iter().find(|row| row.spec.name == endpoint);
        let Some(endpoint) = found else {
            return Ok(None);
        };
        let rows = query(sql!("delivery_events"))
            .bind(endpoint.id)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&mut tx)
            .await?;
        let rows = rows.iter().map(delivery).collect::<Result<_>>()?;
        self.events(&mut tx, rows).await.map(Some)
    }

    async fn delivery_prune(&self, before_ms: u64, limit: u32) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let before_ms = int("time", before_ms)?;
        query(sql!("delivery_attempt_prune"))
            .bind(before_ms)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        let removed = query(sql!("delivery_prune"))
            .bind(before_ms)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }

    async fn delivery_find(
        &self,
        id: &DeliveryId,
    ) -> Result<Option<(DeliveryRow, Vec<AttemptRow>)>> {
        let mut tx = self.database.read().await?;
        let row = query(sql!("delivery_find"))
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let attempts = query(sql!("delivery_attempt_list"))
            .bind(id.as_bytes().to_vec())
            .bind(ATTEMPTS_MAX)
            .fetch_all(&mut tx)
            .await?;
        let attempts = attempts.iter().rev().map(attempt);
        Ok(Some((delivery(&row)?, attempts.collect::<Result<_>>()?)))
    }

    async fn delivery_retry(&self, id: &DeliveryId) -> Result<bool> {
        self.delivery_change(sql!("delivery_retry"), id).await
    }

    async fn delivery_replay(
        &self,
        endpoint: i64,
        from: u64,
        to: u64,
        only_dead: bool,
        limit: u32,
    ) -> Result<u64> {
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut tx = self.database.write().await?;
        let replayed = query(sql!("delivery_replay"))
            .bind(endpoint)
            .bind(bound(from))
            .bind(bound(to))
            .bind(i64::from(only_dead))
            .bind(limit)
            .bind(self.now()?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(replayed)
    }

    async fn delivery_cancel(&self, id: &DeliveryId) -> Result<bool> {
        self.delivery_change(sql!("delivery_cancel"), id).await
    }

    async fn delivery_counts(&self) -> Result<Vec<(i64, DeliveryState, u64)>> {
        let rows = query(sql!("delivery_counts"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter()
            .map(|row| Ok((get(row, "endpoint_id")?, state(row)?, get(row, "count")?)))
            .collect()
    }

    async fn outbox_backlog(&self) -> Result<Vec<OutboxBacklog>> {
        self.backlog().await
    }

    async fn delivery_stats(&self, since_ms: u64) -> Result<Vec<(i64, DeliveryStats)>> {
        let rows = query(sql!("delivery_stats"))
            .bind(int("time", since_ms)?)
            .bind(STATS_ATTEMPTS_MAX)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let of = |row: &Row| Ok((get(row, "endpoint_id")?, stats(row)?));
        rows.iter().map(of).collect()
    }

    async fn delivery_details(
        &self,
        rows: Vec<DeliveryRow>,
    ) -> Result<Vec<(DeliveryEvent, Option<AttemptRow>)>> {
        let mut tx = self.database.read().await?;
        let ids = rows.iter().map(|row| row.id);
        let last = last_attempts(&mut tx, sql!(dialects "delivery_last_attempts"), ids).await?;
        let mut last: HashMap<DeliveryId, AttemptRow> = last.into_iter().collect();
        let events = self.events(&mut tx, rows).await?.into_iter();
        let detail = events.map(|event| {
            let last = last.remove(&event.row.id);
            (event, last)
        });
        Ok(detail.collect())
    }
}

impl SqlStore {
    /// Deliveries with what they are about.
    async fn events(&self, tx: &mut Tx, rows: Vec<DeliveryRow>) -> Result<Vec<DeliveryEvent>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: BTreeSet<i64> = rows.iter().map(|row| row.activity).collect();
        let ids = Value::from(ids.into_iter().collect::<Vec<_>>()).to_string();
        let about = self.activities_by_id(tx, &ids).await?;
        let historical = historical(tx, &ids).await?;
        let revisions = revisions(tx, rows.iter().filter_map(|row| row.revision)).await?;
        let events = rows.into_iter().map(|row| DeliveryEvent {
            about: about.get(&row.activity).cloned(),
            revision: row.revision.and_then(|id| revisions.get(&id).cloned()),
            is_historical: historical.contains(&row.activity),
            row,
        });
        Ok(events.collect())
    }

    /// Holds on to what `holder` has taken.
    pub(super) async fn renew(
        &self,
        sql: crate::sql::Sql,
        holder: &str,
        ids: &[DeliveryId],
        lease_ms: u64,
    ) -> Result<u64> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let until_ms = self.clock.now_ms().saturating_add(lease_ms);
        let mut tx = self.database.write().await?;
        let renewed = query(sql)
            .bind(holder)
            .bind(Value::from(ids).to_string())
            .bind(int("time", until_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(renewed)
    }

    pub(super) async fn activities_by_id(
        &self,
        tx: &mut Tx,
        ids: &str,
    ) -> Result<HashMap<i64, ActivityRow>> {
        let rows = activities_sql!(dialects "activity_by_id")
            .bind(ids.to_owned())
            .fetch_all(tx)
            .await?;
        let found = row::activities(&rows, &self.labels())?;
        Ok(found.into_iter().map(|row| (row.id, row)).collect())
    }

    pub(super) async fn delivery_change(
        &self,
        sql: crate::sql::Sql,
        id: &DeliveryId,
    ) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let touched = query(sql)
            .bind(id.as_bytes().to_vec())
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(touched > 0)
    }
}

/// Up to where a log is turned into deliveries, held until the transaction ends; none while another process does it.
pub(super) async fn progress(tx: &mut Tx, log: &'static str) -> Result<Option<i64>> {
    let row = query(sql!(dialects "delivery_progress"))
        .bind(log)
        .fetch_optional(tx)
        .await?;
    row.map(|row| get(&row, "position")).transpose()
}

pub(super) async fn progress_set(tx: &mut Tx, log: &'static str, position: i64) -> Result<()> {
    query(sql!("delivery_progress_set"))
        .bind(position)
        .bind(log)
        .execute(tx)
        .await?;
    Ok(())
}

/// Waits for whoever turns a log into deliveries, and keeps others from it until the transaction ends.
async fn progress_wait(tx: &mut Tx, log: &'static str) -> Result<()> {
    query(sql!(dialects "delivery_progress_wait"))
        .bind(log)
        .fetch_optional(tx)
        .await?;
    Ok(())
}

async fn revisions(
    tx: &mut Tx,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, ActivityRevision>> {
    let ids: BTreeSet<i64> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = query(sql!(dialects "revision_by_id"))
        .bind(Value::from(ids.into_iter().collect::<Vec<_>>()).to_string())
        .fetch_all(tx)
        .await?;
    let found = rows.iter().map(|row| {
        let revision = revision(row)?;
        Ok((revision.id, revision))
    });
    found.collect()
}

async fn historical(tx: &mut Tx, ids: &str) -> Result<BTreeSet<i64>> {
    let rows = query(sql!(dialects "activity_historical"))
        .bind(ids.to_owned())
        .fetch_all(tx)
        .await?;
    rows.iter().map(|row| get(row, "id")).collect()
}

/// That an attempt at a delivery or push has ended, as the statements take it.
pub(super) fn ended_json(
    id: DeliveryId,
    fence: i64,
    state: DeliveryState,
    due_at_ms: u64,
    is_tried: bool,
    now_ms: u64,
) -> Result<Value> {
    let is_over = state != DeliveryState::Pending;
    let finished_at_ms = is_over.then(|| int("time", now_ms)).transpose()?;
    Ok(json!({
        "id": id.to_string(),
        "fence": fence,
        "state": state.as_str(),
        "due": int("time", due_at_ms)?,
        "finished": finished_at_ms,
        "tried": i64::from(is_tried),
    }))
}

/// Attempts as the statements take them.
pub(super) fn attempts_json<'a>(
    attempts: impl Iterator<Item = (DeliveryId, &'a AttemptRow)>,
) -> Result<String> {
    let json = attempts.map(|(id, attempt)| {
        Ok(json!({
            "id": id.to_string(),
            "started": int("time", attempt.started_at_ms)?,
            "duration": int("duration", attempt.duration_ms)?,
            "status": attempt.status,
            "error": attempt.error,
            "head": attempt.response_head,
        }))
    });
    Ok(Value::from(json.collect::<Result<Vec<_>>>()?).to_string())
}

/// Where a page ends above: time and id.
fn below(before: Option<(u64, DeliveryId)>) -> Result<(i64, Vec<u8>)> {
    Ok(match before {
        Some((at_ms, id)) => (int("time", at_ms)?, id.as_bytes().to_vec()),
        None => (i64::MAX, Vec::new()),
    })
}

fn state(row: &Row) -> Result<DeliveryState> {
    let state: String = get(row, "state")?;
    parsed("state of a delivery", state.parse())
}

fn delivery(row: &Row) -> Result<DeliveryRow> {
    Ok(DeliveryRow {
        id: DeliveryId::from_bytes(get(row, "id")?),
        endpoint: get(row, "endpoint_id")?,
        sequence: get(row, "sequence")?,
        kind: parsed("event of a delivery", get::<String>(row, "event")?.parse())?,
        activity: get(row, "activity_id")?,
        revision: get_opt(row, "revision_id")?,
        state: state(row)?,
        attempts: get(row, "attempts")?,
        due_at_ms: get(row, "due_at_ms")?,
        created_at_ms: get(row, "created_at_ms")?,
        finished_at_ms: get_opt(row, "finished_at_ms")?,
    })
}

pub(super) fn attempt(row: &Row) -> Result<AttemptRow> {
    let status: Option<u32> = get_opt(row, "status")?;
    Ok(AttemptRow {
        started_at_ms: get(row, "started_at_ms")?,
        duration_ms: get(row, "duration_ms")?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        error: get_opt(row, "error")?,
        response_head: get(row, "response_head")?,
    })
}
