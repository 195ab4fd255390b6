//! Pushes that are due become messages: those of one device that come together are one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use vigia_core::{Channel, DeliveryId, Locale, Muted, Platform, UserId};

use super::super::SqlStore;
use super::super::codec::int;
use super::super::inbox::without_amounts;
use super::{device, push};
use crate::db::{Row, Tx, get, get_opt, parsed, query};
use crate::push::{BUNDLE_SHOWN_MAX, ClaimedPush, DeviceRow, PushLane, PushRow};
use crate::sql::sql;
use crate::{NotificationRow, Result};

/// What was taken of one message.
#[derive(Default)]
struct Taken {
    pushes: Vec<(PushRow, i64)>,
    rescued: u32,
}

/// A device with how its user is to be told.
struct Told {
    device: DeviceRow,
    user: String,
    locale: Locale,
    hides_amounts: bool,
    muted: Muted,
}

/// Notifications, and what each user may be told of their accounts.
struct Knowledge {
    notifications: HashMap<i64, (Option<i64>, NotificationRow)>,
    /// Whether a user may read an account; absent where they are not to be told.
    may_read: HashMap<(i64, i64), bool>,
}

impl SqlStore {
    pub(super) async fn claim_pushes(
        &self,
        holder: &str,
        platform: Platform,
        lane: PushLane,
        limit: u32,
        lease_ms: u64,
    ) -> Result<Vec<ClaimedPush>> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.database.write().await?;
        let rows = query(sql!(dialects "push_claim"))
            .bind(platform.as_str())
            .bind(lane.number())
            .bind(int("time", now_ms)?)
            .bind(limit)
            .bind(holder)
            .bind(int("time", now_ms.saturating_add(lease_ms))?)
            .fetch_all(&mut tx)
            .await?;
        if rows.is_empty() {
            tx.commit().await?;
            return Ok(Vec::new());
        }
        let mut messages = BTreeMap::<(i64, DeliveryId), Taken>::new();
        for row in &rows {
            let taken = push(row, String::new())?;
            let fence = get(row, "fence")?;
            let key = (taken.device, taken.bundle);
            let message = messages.entry(key).or_default();
            message.rescued += get::<u32>(row, "is_rescued")?;
            message.pushes.push((taken, fence));
        }
        let devices = devices(&mut tx, messages.keys().map(|(device, _)| *device)).await?;
        let mut before = HashMap::new();
        for ((device, bundle), Taken { pushes, .. }) in &mut messages {
            pushes.sort_unstable_by_key(|(push, _)| push.notification);
            let stands_alone = pushes.len() == 1 && pushes[0].0.id == *bundle;
            if !stands_alone {
                before.insert((*device, *bundle), told_before(&mut tx, *bundle).await?);
            }
        }
        let new = messages
            .values()
            .flat_map(|taken| &taken.pushes)
            .map(|(push, _)| push.notification);
        let old = before.values().flat_map(|(seqs, _)| seqs.iter().copied());
        let seqs: BTreeSet<i64> = new.chain(old).collect();
        let knowledge = self.knowledge(&mut tx, &seqs, &devices).await?;
        tx.commit().await?;
        let claimed = messages.into_iter().filter_map(|(key, taken)| {
            let told = devices.get(&key.0)?;
            let before = before.get(&key);
            Some(message(told, key.1, taken, before, &knowledge, lane))
        });
        Ok(claimed.collect())
    }

    async fn knowledge(
        &self,
        tx: &mut Tx,
        seqs: &BTreeSet<i64>,
        devices: &HashMap<i64, Told>,
    ) -> Result<Knowledge> {
        let list = |ids: Vec<i64>| Value::from(ids).to_string();
        let rows = query(sql!(dialects "push_notifications"))
            .bind(list(seqs.iter().copied().collect()))
            .fetch_all(tx)
            .await?;
        let found = self.notifications(tx, &rows).await?;
        let mut notifications = HashMap::new();
        for (row, notification) in rows.iter().zip(found) {
            let account: Option<i64> = get_opt(row, "account_id")?;
            notifications.insert(notification.seq, (account, notification));
        }
        let accounts: BTreeSet<i64> = notifications
            .values()
            .filter_map(|(account, _)| *account)
            .collect();
        let users: BTreeSet<i64> = devices.values().map(|told| told.device.user.0).collect();
        let rows = query(sql!(dialects "push_told"))
            .bind(list(users.into_iter().collect()))
            .bind(list(accounts.into_iter().collect()))
            .fetch_all(tx)
            .await?;
        let told = |row: &Row| {
            let key = (get(row, "user_id")?, get(row, "account_id")?);
            Ok((key, get(row, "may_read")?))
        };
        Ok(Knowledge {
            notifications,
            may_read: rows.iter().map(told).collect::<Result<_>>()?,
        })
    }
}

/// What a message tells, of what its user may still be told.
fn message(
    told: &Told,
    bundle: DeliveryId,
    taken: Taken,
    before: Option<&(Vec<i64>, u32)>,
    knowledge: &Knowledge,
    lane: PushLane,
) -> ClaimedPush {
    let Taken { pushes, rescued } = taken;
    let new: Vec<i64> = pushes.iter().map(|(push, _)| push.notification).collect();
    let shown = |seq: &i64| knowledge.shown(*seq, told);
    let fresh: Vec<NotificationRow> = new.iter().filter_map(shown).collect();
    let (old, old_count) = match before {
        Some((seqs, count)) => (seqs.iter().filter_map(shown).collect(), *count),
        None => (Vec::new(), 0),
    };
    let count = old_count.saturating_add(u32::try_from(fresh.len()).unwrap_or(u32::MAX));
    let mut notifications = match fresh.is_empty() {
        true => Vec::new(),
        false => [old, fresh].concat(),
    };
    notifications.sort_unstable_by_key(|notification| notification.seq);
    notifications.dedup_by_key(|notification| notification.seq);
    let shown_max = usize::try_from(BUNDLE_SHOWN_MAX).unwrap_or(usize::MAX);
    let cut = notifications.len().saturating_sub(shown_max);
    notifications.drain(..cut);
    ClaimedPush {
        device: told.device.clone(),
        user: told.user.clone(),
        lane,
        locale: told.locale,
        hides_amounts: told.hides_amounts,
        bundle,
        pushes,
        rescued,
        notifications,
        count,
    }
}

impl Knowledge {
    /// A notification as a device's user may be told of it; none where they may not any more.
    fn shown(&self, seq: i64, told: &Told) -> Option<NotificationRow> {
        let (account, notification) = self.notifications.get(&seq)?;
        let is_muted = told.muted.contains(Channel::Push, notification.category);
        if is_muted || !told.device.is_active {
            return None;
        }
        let Some(account) = account else {
            return Some(notification.clone());
        };
        let UserId(user) = told.device.user;
        let may_read = *self.may_read.get(&(user, *account))?;
        let mut shown = notification.clone();
        shown.may_read = may_read;
        if !may_read {
            shown.about = shown.about.map(without_amounts);
        }
        Some(shown)
    }
}

async fn devices(tx: &mut Tx, ids: impl Iterator<Item = i64>) -> Result<HashMap<i64, Told>> {
    let ids: BTreeSet<i64> = ids.collect();
    let rows = query(sql!(dialects "push_devices"))
        .bind(Value::from(ids.into_iter().collect::<Vec<_>>()).to_string())
        .fetch_all(tx)
        .await?;
    let told = |row: &Row| {
        let device = device(row)?;
        let of_user: Locale = get(row, "user_locale")?;
        let muted: String = get(row, "muted")?;
        let told = Told {
            locale: device.spec.locale.unwrap_or(of_user),
            hides_amounts: get(row, "hides_amounts")?,
            muted: parsed("muted categories", muted.parse())?,
            user: get(row, "user_external_id")?,
            device,
        };
        Ok((told.device.id, told))
    };
    rows.iter().map(told).collect()
}

/// What messages of a bundle have told: the last of it, and how much it was.
async fn told_before(tx: &mut Tx, bundle: DeliveryId) -> Result<(Vec<i64>, u32)> {
    let rows = query(sql!("push_bundle"))
        .bind(bundle.as_bytes().to_vec())
        .bind(BUNDLE_SHOWN_MAX)
        .fetch_all(tx)
        .await?;
    let seqs = rows.iter().map(|row| get(row, "notification_seq"));
    let count = query(sql!("push_bundle_count"))
        .bind(bundle.as_bytes().to_vec())
        .fetch_one(tx)
        .await?;
    Ok((seqs.collect::<Result<_>>()?, get(&count, "count")?))
}
