//! Notifications become pushes: who is told of each, on which devices, and when.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use vigia_core::{
    Bundle, Category, Channel, DeliveryId, NotificationId, Platform, Preferences, plan_push,
};

use super::super::SqlStore;
use super::super::codec::int;
use super::super::delivery::{progress, progress_set};
use super::super::inbox::preferences_of;
use super::platform;
use crate::Result;
use crate::db::{Row, Tx, get, get_opt, insert, parsed, query};
use crate::push::{PUSHES_SEQUENCED_MAX, PushLane, PushSettings};
use crate::sql::sql;

/// A notification that is to be pushed.
pub(in crate::store) struct Waiting {
    pub(in crate::store) seq: i64,
    pub(in crate::store) id: NotificationId,
    pub(in crate::store) category: Category,
    pub(in crate::store) account: Option<i64>,
    pub(in crate::store) user: Option<i64>,
    pub(in crate::store) created_at_ms: u64,
    pub(in crate::store) happened_at_ms: u64,
}

/// A device that may be told, and what it has open.
struct Target {
    device: i64,
    platform: Platform,
    created_at_ms: u64,
    preferences: Preferences,
}

/// The devices of all that are told of some notifications.
#[derive(Default)]
struct Targets {
    by_device: BTreeMap<i64, Target>,
    of_account: HashMap<i64, Vec<i64>>,
    of_user: HashMap<i64, Vec<i64>>,
    bundles: HashMap<i64, Bundle>,
    /// Devices whose bundle is another than the stored one.
    changed: BTreeSet<i64>,
}

/// A push to be inserted.
struct NewPush {
    id: DeliveryId,
    device: i64,
    notification: i64,
    platform: Platform,
    bundle: DeliveryId,
    due_at_ms: u64,
}

impl SqlStore {
    pub(super) async fn sequence_pushes(&self, settings: &PushSettings) -> Result<u64> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.database.write().await?;
        let Some(position) = progress(&mut tx, "notification").await? else {
            return Ok(0); // another process is at it
        };
        let rows = query(sql!("push_waiting"))
            .bind(position)
            .bind(PUSHES_SEQUENCED_MAX)
            .fetch_all(&mut tx)
            .await?;
        let Some(last) = rows.last() else {
            // Ended here and now: a transaction that is dropped keeps its lock a moment longer.
            tx.commit().await?;
            return Ok(0);
        };
        let last: i64 = get(last, "seq")?;
        let mut waiting = Vec::new();
        for row in &rows {
            let is_broadcast: bool = get(row, "is_broadcast")?;
            let one = waiting_of(row)?;
            let is_old = now_ms.saturating_sub(one.created_at_ms) > settings.age_ms_max;
            if !is_broadcast && !is_old {
                waiting.push(one);
            }
        }
        make(&mut tx, &waiting, PushLane::Live, settings, now_ms).await?;
        progress_set(&mut tx, "notification", last).await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// Makes the pushes of notifications; returns how many.
pub(in crate::store) async fn make(
    tx: &mut Tx,
    waiting: &[Waiting],
    lane: PushLane,
    settings: &PushSettings,
    now_ms: u64,
) -> Result<usize> {
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut targets = Targets::load(tx, waiting).await?;
    let mut pushes = Vec::new();
    for notification in waiting {
        for device in targets.told(notification) {
            pushes.extend(targets.plan(device, notification, lane, settings, now_ms));
        }
    }
    insert(tx, sql!("push_insert"), &pushes, |push| {
        Ok(vec![
            push.id.as_bytes().to_vec().into(),
            push.device.into(),
            push.notification.into(),
            push.platform.as_str().to_owned().into(),
            lane.number().into(),
            push.bundle.as_bytes().to_vec().into(),
            int("time", push.due_at_ms)?.into(),
            int("time", now_ms)?.into(),
        ])
    })
    .await?;
    targets.store(tx).await?;
    Ok(pushes.len())
}

impl Targets {
    async fn load(tx: &mut Tx, waiting: &[Waiting]) -> Result<Self> {
        let ids = |of: fn(&Waiting) -> Option<i64>| {
            let ids: BTreeSet<i64> = waiting.iter().filter_map(of).collect();
            Value::from(ids.into_iter().collect::<Vec<_>>()).to_string()
        };
        let rows = query(sql!(dialects "push_targets"))
            .bind(ids(|one| one.account))
            .bind(ids(|one| one.user))
            .fetch_all(tx)
            .await?;
        let mut targets = Self::default();
        for row in &rows {
            let device: i64 = get(row, "id")?;
            match get_opt(row, "account_id")? {
                Some(account) => targets.of_account.entry(account).or_default().push(device),
                None => {
                    let user = get(row, "user_id")?;
                    targets.of_user.entry(user).or_default().push(device);
                }
            }
            if let Some(bundle) = bundle(row)? {
                targets.bundles.insert(device, bundle);
            }
            targets.by_device.insert(
                device,
                Target {
                    device,
                    platform: platform(row)?,
                    created_at_ms: get(row, "created_at_ms")?,
                    preferences: preferences_of(row)?,
                },
            );
        }
        Ok(targets)
    }

    /// The devices that are told of a notification.
    fn told(&self, notification: &Waiting) -> Vec<i64> {
        let of = |map: &HashMap<i64, Vec<i64>>, key: Option<i64>| {
            key.and_then(|key| map.get(&key).cloned())
        };
        let of_account = of(&self.of_account, notification.account);
        let of_user = of(&self.of_user, notification.user);
        of_account.or(of_user).unwrap_or_default()
    }

    /// The push of a notification to a device; none where its user does not want it, or it cannot be sent.
    fn plan(
        &mut self,
        device: i64,
        notification: &Waiting,
        lane: PushLane,
        settings: &PushSettings,
        now_ms: u64,
    ) -> Option<NewPush> {
        let target = self.by_device.get(&device)?;
        let is_wanted = settings.platforms.contains(&target.platform)
            // A device is told of nothing that was before it.
            && target.created_at_ms <= notification.created_at_ms
            && !target
                .preferences
                .muted
                .contains(Channel::Push, notification.category);
        if !is_wanted {
            return None;
        }
        let id = DeliveryId::to_device(notification.id, target.device);
        let (category, preferences) = (notification.category, &target.preferences);
        let platform = target.platform;
        let (due_at_ms, bundle) = match lane {
            PushLane::Live => {
                let planned = plan_push(
                    id,
                    category,
                    notification.happened_at_ms,
                    now_ms,
                    preferences,
                    self.bundles.get(&device),
                    &settings.bundles,
                );
                (planned.due_at_ms, planned.bundle)
            }
            // What goes to many is no part of what happens to one.
            PushLane::Bulk => {
                let quiet_until_ms = preferences.quiet_until_ms(category, now_ms);
                (quiet_until_ms.unwrap_or(now_ms), None)
            }
        };
        if let Some(bundle) = bundle {
            self.bundles.insert(device, bundle);
            self.changed.insert(device);
        }
        Some(NewPush {
            id,
            device,
            notification: notification.seq,
            platform,
            bundle: bundle.map_or(id, |bundle| bundle.id),
            due_at_ms,
        })
    }

    /// Writes down the bundles that were opened or joined.
    async fn store(self, tx: &mut Tx) -> Result<()> {
        let bundles = self.changed.iter().filter_map(|device| {
            let bundle = self.bundles.get(device)?;
            Some(json!({
                "device": device,
                "id": bundle.id.to_string(),
                "kind": bundle.kind.as_str(),
                "began": bundle.began_at_ms,
                "due": bundle.due_at_ms,
                "count": bundle.count,
            }))
        });
        let bundles = Value::from(bundles.collect::<Vec<_>>());
        query(sql!(dialects "device_bundles"))
            .bind(bundles.to_string())
            .execute(tx)
            .await?;
        Ok(())
    }
}

fn waiting_of(row: &Row) -> Result<Waiting> {
    let category: String = get(row, "category")?;
    Ok(Waiting {
        seq: get(row, "seq")?,
        id: NotificationId::from_bytes(get(row, "id")?),
        category: parsed("category of a notification", category.parse())?,
        account: get_opt(row, "account_id")?,
        user: get_opt(row, "user_id")?,
        created_at_ms: get(row, "created_at_ms")?,
        happened_at_ms: get(row, "happened_at_ms")?,
    })
}

fn bundle(row: &Row) -> Result<Option<Bundle>> {
    let Some(id) = get_opt(row, "bundle_id")? else {
        return Ok(None);
    };
    let kind: String = get(row, "bundle_kind")?;
    Ok(Some(Bundle {
        id: DeliveryId::from_bytes(id),
        kind: parsed("kind of a bundle", kind.parse())?,
        began_at_ms: get(row, "bundle_began_ms")?,
        due_at_ms: get(row, "bundle_due_ms")?,
        count: get(row, "bundle_count")?,
    }))
}
