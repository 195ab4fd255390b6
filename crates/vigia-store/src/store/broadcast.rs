//! `BroadcastStore`: users in the order of their keys, some at a time, each once.

use async_trait::async_trait;
use serde_json::{Value, json};
use vigia_core::{Category, NotificationId, NotificationKind, UserId};

use super::SqlStore;
use super::codec::int;
use super::push::{Waiting, make};
use crate::broadcast::{
    BroadcastRow, BroadcastSpec, BroadcastState, BroadcastStore, BroadcastTexts,
};
use crate::db::{Lock, Row, Tx, get, get_opt, insert_returning, parsed, query};
use crate::push::{PushLane, PushSettings};
use crate::sql::sql;
use crate::{Result, StoreError};

/// Kind of the notifications of broadcasts; `push_waiting.sql` leaves them out.
const KIND: &str = "BROADCAST";
/// What a broadcast may do at once after a pause, in seconds of its rate.
const BURST_S: u64 = 1;

#[async_trait]
impl BroadcastStore for SqlStore {
    async fn broadcast_begin(&self, spec: &BroadcastSpec) -> Result<i64> {
        let text = |value: serde_json::Result<String>| {
            value.expect("words, numbers and text always have JSON")
        };
        let mut tx = self.database.write().await?;
        let row = query(sql!("broadcast_begin"))
            .bind(text(serde_json::to_string(&spec.texts)))
            .bind(text(serde_json::to_string(&spec.segment)))
            .bind(spec.rate_per_s)
            .bind(self.now()?)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        get(&row, "id")
    }

    async fn broadcast_list(&self, limit: u32) -> Result<Vec<BroadcastRow>> {
        let rows = query(sql!("broadcast_list"))
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(broadcast).collect()
    }

    async fn broadcast_stop(&self, id: i64) -> Result<bool> {
        let now_ms = self.now()?;
        let mut tx = self.database.write().await?;
        let stopped = query(sql!("broadcast_stop"))
            .bind(id)
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        if stopped > 0 {
            query(sql!("broadcast_cancel"))
                .bind(format!("{{\"broadcast\":{id}}}"))
                .bind(now_ms)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(stopped > 0)
    }

    async fn broadcast_step(&self, settings: &PushSettings, users_max: u32) -> Result<u64> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.database.write().await?;
        let row = query(sql!(dialects "broadcast_next"))
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else {
            tx.commit().await?;
            return Ok(0);
        };
        let running = broadcast(&row)?;
        let stepped_at_ms: u64 = get(&row, "stepped_at_ms")?;
        let position: i64 = get(&row, "position")?;
        let rate = u64::from(running.spec.rate_per_s);
        let earned_ms = now_ms.saturating_sub(stepped_at_ms).min(BURST_S * 1_000);
        let users = (earned_ms * rate / 1_000).min(users_max.into());
        if users == 0 {
            tx.commit().await?;
            return Ok(0);
        }
        // What was earned and not used by whole users stays earned.
        let used_ms = (users * 1_000).div_ceil(rate);
        let stepped_at_ms = now_ms.saturating_sub(earned_ms.saturating_sub(used_ms));
        let found = self
            .broadcast_users(&mut tx, &running, position, users)
            .await?;
        let told = tell(&mut tx, &running, &found, settings, now_ms).await?;
        let is_done = (found.len() as u64) < users;
        let last = found.last().map_or(position, |user| user.0);
        query(sql!("broadcast_stepped"))
            .bind(running.id)
            .bind(last)
            .bind(int("count", told)?)
            .bind(int("time", stepped_at_ms)?)
            .bind(i64::from(is_done))
            .bind(int("time", now_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.signals.notification.look();
        Ok(found.len() as u64 + u64::from(is_done))
    }
}

impl SqlStore {
    async fn broadcast_users(
        &self,
        tx: &mut Tx,
        running: &BroadcastRow,
        after: i64,
        limit: u64,
    ) -> Result<Vec<UserId>> {
        let segment = &running.spec.segment;
        let locales = segment.locales.iter().map(|locale| locale.as_str());
        let locales: Vec<&str> = locales.collect();
        let rows = query(sql!(dialects "broadcast_users"))
            .bind(after)
            .bind(int("count", limit)?)
            .bind(Value::from(locales).to_string())
            .bind(segment.account_kind.clone())
            .bind(Value::from(segment.users.clone()).to_string())
            .fetch_all(tx)
            .await?;
        rows.iter().map(|row| Ok(UserId(get(row, "id")?))).collect()
    }
}

/// Writes the notifications of users and their pushes; returns how many were new.
async fn tell(
    tx: &mut Tx,
    running: &BroadcastRow,
    users: &[UserId],
    settings: &PushSettings,
    now_ms: u64,
) -> Result<u64> {
    if users.is_empty() {
        return Ok(0);
    }
    // Positions rise in the order of commits.
    Lock::CommitOrder.take(tx).await?;
    let category = Category::of(&NotificationKind::new(KIND));
    let cause = format!("broadcast/{}", running.id);
    let details = json!({ "broadcast": running.id }).to_string();
    let id_of = |user: UserId| NotificationId::of_cause(user, &cause);
    let created_at_ms = int("time", now_ms)?;
    let rows = insert_returning(tx, sql!("broadcast_tell"), users, |user| {
        Ok(vec![
            id_of(*user).as_bytes().to_vec().into(),
            user.0.into(),
            KIND.to_owned().into(),
            category.as_str().to_owned().into(),
            details.clone().into(),
            created_at_ms.into(),
        ])
    })
    .await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        waiting.push(Waiting {
            seq: get(row, "seq")?,
            id: NotificationId::from_bytes(get(row, "id")?),
            category,
            account: None,
            user: Some(get(row, "user_id")?),
            created_at_ms: now_ms,
            happened_at_ms: now_ms,
        });
    }
    super::commit::counter_add(tx, "notifications", waiting.len() as u64).await?;
    make(tx, &waiting, PushLane::Bulk, settings, now_ms).await?;
    Ok(waiting.len() as u64)
}

fn broadcast(row: &Row) -> Result<BroadcastRow> {
    let (texts, segment): (Value, Value) = (get(row, "texts")?, get(row, "segment")?);
    let state: String = get(row, "state")?;
    let damaged = |what| {
        move |error: serde_json::Error| StoreError::Damaged {
            what,
            problem: error.to_string(),
        }
    };
    Ok(BroadcastRow {
        id: get(row, "id")?,
        spec: BroadcastSpec {
            texts: serde_json::from_value::<BroadcastTexts>(texts)
                .map_err(damaged("texts of a broadcast"))?,
            segment: serde_json::from_value(segment).map_err(damaged("segment of a broadcast"))?,
            rate_per_s: get(row, "rate_per_s")?,
        },
        state: parsed("state of a broadcast", state.parse::<BroadcastState>())?,
        told: get(row, "told")?,
        total: get(row, "total")?,
        created_at_ms: get(row, "created_at_ms")?,
        finished_at_ms: get_opt(row, "finished_at_ms")?,
    })
}
