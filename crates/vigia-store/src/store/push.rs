//! `PushStore`: devices, and the life of a push.

mod claim;
mod sequence;

pub(super) use sequence::{Waiting, make};

use std::collections::BTreeSet;

use async_trait::async_trait;
use vigia_core::{DeliveryId, Hasher, Platform, UserId};

use super::SqlStore;
use super::codec::int;
use super::delivery::{attempt, attempts_json, ended_json};
use super::stats::{last_attempts, stats};
use crate::db::{Row, Tx, get, get_opt, parsed, query};
use crate::delivery::{ATTEMPTS_MAX, DeliveryState};
use crate::push::{
    ClaimedPush, DEVICE_FAILURES_MAX, DEVICES_MAX, DeviceRow, DeviceSpec, PushCompletion, PushEnd,
    PushLane, PushRow, PushSettings, PushStore,
};
use crate::sql::{Sql, sql, sql_text};
use crate::{AttemptRow, DeliveryStats, Result, STATS_ATTEMPTS_MAX, StoreError};

/// A query that goes on from the columns of a table with the WHERE of the named file.
macro_rules! joined_sql {
    ($columns:literal, $name:literal) => {{
        let text = concat!(sql_text!($columns), sql_text!($name));
        Sql {
            sqlite: text,
            postgres: text,
        }
    }};
}

#[async_trait]
impl PushStore for SqlStore {
    async fn device_register(&self, user: UserId, spec: &DeviceSpec) -> Result<(DeviceRow, bool)> {
        let mut tx = self.database.write().await?;
        let registered = self.register_device(&mut tx, user, spec).await?;
        tx.commit().await?;
        Ok(registered)
    }

    async fn device_list(
        &self,
        user: Option<UserId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeviceRow>> {
        let rows = query(joined_sql!("device_columns", "device_list"))
            .bind(user.map(|user| user.0))
            .bind(after)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(device).collect()
    }

    async fn device_remove(&self, user: Option<UserId>, id: i64, reason: &str) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("device_remove"))
            .bind(user.map(|user| user.0))
            .bind(id)
            .bind(reason)
            .execute(&mut tx)
            .await?;
        if removed > 0 {
            self.cancel_of_device(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(removed > 0)
    }

    async fn push_sequence(&self, settings: &PushSettings) -> Result<u64> {
        self.sequence_pushes(settings).await
    }

    async fn push_claim(
        &self,
        holder: &str,
        platform: Platform,
        lane: PushLane,
        limit: u32,
        lease_ms: u64,
    ) -> Result<Vec<ClaimedPush>> {
        self.claim_pushes(holder, platform, lane, limit, lease_ms)
            .await
    }

    async fn push_renew(&self, holder: &str, ids: &[DeliveryId], lease_ms: u64) -> Result<u64> {
        self.renew(sql!(dialects "push_renew"), holder, ids, lease_ms)
            .await
    }

    async fn push_complete(&self, completions: &[PushCompletion]) -> Result<u64> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.database.write().await?;
        let ended = completions.iter().map(|completion| {
            let (state, due_at_ms) = match completion.end {
                PushEnd::Delivered => (DeliveryState::Delivered, now_ms),
                PushEnd::Retry { at_ms } => (DeliveryState::Pending, at_ms),
                PushEnd::Dead | PushEnd::Refused | PushEnd::Gone { .. } => {
                    (DeliveryState::Dead, now_ms)
                }
                PushEnd::Cancelled => (DeliveryState::Cancelled, now_ms),
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
        let counted = query(sql!(dialects "push_complete"))
            .bind(serde_json::Value::from(ended).to_string())
            .fetch_all(&mut tx)
            .await?;
        let counted: BTreeSet<DeliveryId> = counted
            .iter()
            .map(|row| Ok(DeliveryId::from_bytes(get(row, "id")?)))
            .collect::<Result<_>>()?;
        let attempts = completions
            .iter()
            .filter_map(|completion| Some((completion.id, completion.attempt.as_ref()?)));
        query(sql!(dialects "push_attempt_insert"))
            .bind(attempts_json(attempts)?)
            .execute(&mut tx)
            .await?;
        let said = completions
            .iter()
            .filter(|completion| counted.contains(&completion.id));
        let (well, mut ill): (Vec<_>, Vec<_>) = said
            .map(|completion| (completion.device, completion.end))
            .partition(|(_, end)| *end == PushEnd::Delivered);
        let well: BTreeSet<i64> = well.into_iter().map(|(device, _)| device).collect();
        if !well.is_empty() {
            query(sql!(dialects "device_well"))
                .bind(serde_json::Value::from(well.into_iter().collect::<Vec<_>>()).to_string())
                .bind(int("time", now_ms)?)
                .execute(&mut tx)
                .await?;
        }
        // Along one order, so that no two processes wait for each other.
        ill.sort_unstable_by_key(|(device, _)| *device);
        ill.dedup();
        for (device, end) in ill {
            self.device_heard(&mut tx, device, end, now_ms).await?;
        }
        tx.commit().await?;
        Ok(counted.len() as u64)
    }

    async fn push_next_due(&self) -> Result<Option<u64>> {
        let row = query(sql!("push_next_due"))
            .fetch_one(&mut self.database.read().await?)
            .await?;
        get_opt(&row, "due_at_ms")
    }

    async fn push_page(
        &self,
        state: Option<DeliveryState>,
        before: Option<(u64, DeliveryId)>,
        limit: u32,
    ) -> Result<Vec<PushRow>> {
        let (at_ms, id) = match before {
            Some((at_ms, id)) => (int("time", at_ms)?, id.as_bytes().to_vec()),
            None => (i64::MAX, Vec::new()),
        };
        let rows = query(joined_sql!("push_columns", "push_page"))
            .bind(state.map(|state| state.as_str().to_owned()))
            .bind(at_ms)
            .bind(id)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let user = |row: &Row| get(row, "user_external_id");
        rows.iter().map(|row| push(row, user(row)?)).collect()
    }

    async fn push_find(&self, id: &DeliveryId) -> Result<Option<(PushRow, Vec<AttemptRow>)>> {
        let mut tx = self.database.read().await?;
        let row = query(joined_sql!("push_columns", "push_find"))
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let attempts = query(sql!("push_attempt_list"))
            .bind(id.as_bytes().to_vec())
            .bind(ATTEMPTS_MAX)
            .fetch_all(&mut tx)
            .await?;
        let attempts = attempts.iter().rev().map(attempt);
        let found = push(&row, get(&row, "user_external_id")?)?;
        Ok(Some((found, attempts.collect::<Result<_>>()?)))
    }

    async fn push_retry(&self, id: &DeliveryId) -> Result<bool> {
        self.delivery_change(sql!("push_retry"), id).await
    }

    async fn push_cancel(&self, id: &DeliveryId) -> Result<bool> {
        self.delivery_change(sql!("push_cancel"), id).await
    }

    async fn push_counts(&self) -> Result<Vec<(Platform, DeliveryState, u64)>> {
        let rows = query(sql!("push_counts"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let count = |row: &Row| Ok((platform(row)?, state(row)?, get(row, "count")?));
        rows.iter().map(count).collect()
    }

    async fn push_stats(&self, since_ms: u64) -> Result<Vec<(Platform, DeliveryStats)>> {
        let rows = query(sql!("push_stats"))
            .bind(int("time", since_ms)?)
            .bind(STATS_ATTEMPTS_MAX)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let of = |row: &Row| Ok((platform(row)?, stats(row)?));
        rows.iter().map(of).collect()
    }

    async fn push_last_attempts(
        &self,
        ids: &[DeliveryId],
    ) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        let mut tx = self.database.read().await?;
        let sql = sql!(dialects "push_last_attempts");
        last_attempts(&mut tx, sql, ids.iter().copied()).await
    }

    async fn device_counts(&self) -> Result<Vec<(Platform, u64)>> {
        let rows = query(sql!("device_counts"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let count = |row: &Row| Ok((platform(row)?, get(row, "count")?));
        rows.iter().map(count).collect()
    }

    async fn push_prune(&self, before_ms: u64, limit: u32) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let before_ms = int("time", before_ms)?;
        query(sql!("push_attempt_prune"))
            .bind(before_ms)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        let removed = query(sql!("push_prune"))
            .bind(before_ms)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }
}

impl SqlStore {
    /// The device with its row, and whether it is new.
    pub(super) async fn register_device(
        &self,
        tx: &mut Tx,
        user: UserId,
        spec: &DeviceSpec,
    ) -> Result<(DeviceRow, bool)> {
        let (platform, token) = (spec.platform, &*spec.token);
        let known = self.device_of_token(tx, user, platform, token).await?;
        query(sql!("device_register"))
            .bind(user.0)
            .bind(platform.as_str())
            .bind(token)
            .bind(Hasher::digest(token.as_bytes()).inner().to_vec())
            .bind(spec.locale.map(|locale| locale.as_str().to_owned()))
            .bind(spec.app_version.clone())
            .bind(self.now()?)
            .execute(tx)
            .await?;
        query(sql!("device_make_room"))
            .bind(user.0)
            .bind(DEVICES_MAX)
            .execute(tx)
            .await?;
        let registered = self.device_of_token(tx, user, platform, token).await?;
        let registered = registered.ok_or_else(|| StoreError::Damaged {
            what: "device",
            problem: "it is not there after it was written".to_owned(),
        })?;
        Ok((registered, known.is_none()))
    }

    pub(super) async fn device_of_token(
        &self,
        tx: &mut Tx,
        user: UserId,
        platform: Platform,
        token: &str,
    ) -> Result<Option<DeviceRow>> {
        let row = query(joined_sql!("device_columns", "device_of_token"))
            .bind(user.0)
            .bind(platform.as_str())
            .bind(Hasher::digest(token.as_bytes()).inner().to_vec())
            .fetch_optional(tx)
            .await?;
        row.as_ref().map(device).transpose()
    }

    /// Takes in what an attempt says about its device.
    async fn device_heard(
        &self,
        tx: &mut Tx,
        device: i64,
        end: PushEnd,
        now_ms: u64,
    ) -> Result<()> {
        match end {
            PushEnd::Refused => {
                query(sql!("device_refused"))
                    .bind(device)
                    .bind(DEVICE_FAILURES_MAX)
                    .bind("the provider refused too many pushes in a row")
                    .execute(tx)
                    .await?;
                self.cancel_of_device(tx, device).await?;
            }
            PushEnd::Gone { since_ms } => {
                query(sql!("device_gone"))
                    .bind(device)
                    .bind(int("time", since_ms.unwrap_or(now_ms))?)
                    .bind("the provider says that it is gone")
                    .execute(tx)
                    .await?;
                self.cancel_of_device(tx, device).await?;
            }
            PushEnd::Delivered | PushEnd::Retry { .. } | PushEnd::Dead | PushEnd::Cancelled => {}
        }
        Ok(())
    }

    async fn cancel_of_device(&self, tx: &mut Tx, device: i64) -> Result<()> {
        query(sql!("push_cancel_of_device"))
            .bind(self.now()?)
            .bind(device)
            .execute(tx)
            .await?;
        Ok(())
    }
}

fn device(row: &Row) -> Result<DeviceRow> {
    let state: String = get(row, "state")?;
    Ok(DeviceRow {
        id: get(row, "id")?,
        user: UserId(get(row, "user_id")?),
        spec: DeviceSpec {
            platform: platform(row)?,
            token: get(row, "token")?,
            locale: get_opt(row, "locale")?,
            app_version: get(row, "app_version")?,
        },
        is_active: match &*state {
            "active" => true,
            "inactive" => false,
            _ => {
                return Err(StoreError::Damaged {
                    what: "state of a device",
                    problem: format!("{state:?} is none"),
                });
            }
        },
        reason: get_opt(row, "reason")?,
        failures: get(row, "failures")?,
        created_at_ms: get(row, "created_at_ms")?,
        registered_at_ms: get(row, "registered_at_ms")?,
        delivered_at_ms: get_opt(row, "delivered_at_ms")?,
    })
}

fn push(row: &Row, user: String) -> Result<PushRow> {
    Ok(PushRow {
        id: DeliveryId::from_bytes(get(row, "id")?),
        device: get(row, "device_id")?,
        user,
        platform: platform(row)?,
        notification: get(row, "notification_seq")?,
        bundle: DeliveryId::from_bytes(get(row, "bundle_id")?),
        state: state(row)?,
        attempts: get(row, "attempts")?,
        due_at_ms: get(row, "due_at_ms")?,
        created_at_ms: get(row, "created_at_ms")?,
        finished_at_ms: get_opt(row, "finished_at_ms")?,
    })
}

fn platform(row: &Row) -> Result<Platform> {
    let platform: String = get(row, "platform")?;
    parsed("platform", platform.parse())
}

fn state(row: &Row) -> Result<DeliveryState> {
    let state: String = get(row, "state")?;
    parsed("state of a push", state.parse())
}
