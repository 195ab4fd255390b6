//! `CorrectionStore`: a correction and its trial are one transaction; the trial is not committed.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use vigia_core::{
    AccountId, Activity, BusinessEvent, BusinessFolder, BusinessKey, Place, RawTransaction, Slot,
    Suppressed,
};

use super::SqlStore;
use super::activities;
use super::business;
use super::codec::{self, address_opt, amount, int};
use super::commit::{self, Places, counter_subtract};
use super::read::row;
use crate::db::{Lock, Query, Row, Trip, Tx, get, get_opt, query};
use crate::sql::{Sql, sql};
use crate::{ActivityChange, ActivityRevision, Correction, CorrectionStore, Result, activity_json};

/// What tells activities apart.
type Key = (Place, AccountId, Slot);

#[async_trait]
impl CorrectionStore for SqlStore {
    async fn raw_page(
        &self,
        after: Option<Place>,
        to: u64,
        limit: u32,
    ) -> Result<Vec<RawTransaction>> {
        let (checkpoint, index): (i64, i64) = match after {
            None => (-1, -1),
            Some(place) => (int("checkpoint", place.checkpoint)?, place.index.into()),
        };
        let rows = query(sql!("raw_page"))
            .bind(checkpoint)
            .bind(index)
            .bind(i64::try_from(to).unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(row::raw_transaction).collect()
    }

    async fn correct(
        &self,
        correction: &Correction<'_>,
        folder: &dyn BusinessFolder,
    ) -> Result<Vec<ActivityChange>> {
        self.trying(|| self.correct_once(correction, folder)).await
    }

    async fn business_event_redecode(
        &self,
        events: &[BusinessEvent],
        folder: &dyn BusinessFolder,
    ) -> Result<u64> {
        self.trying(|| self.redecode_once(events, folder)).await
    }

    async fn activity_revision_list(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ActivityRevision>> {
        let rows = query(sql!("activity_revision_list"))
            .bind(after)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(revision).collect()
    }
}

impl SqlStore {
    async fn correct_once(
        &self,
        correction: &Correction<'_>,
        folder: &dyn BusinessFolder,
    ) -> Result<Vec<ActivityChange>> {
        let meaning = correction.meaning;
        let corrected: BTreeSet<Place> = correction.places.iter().copied().collect();
        let mut tx = self.database.write().await?;
        Lock::WatchListShared.take(&mut tx).await?;

        let mut keys = keys_at(&mut tx, &corrected).await?;
        keys.extend(
            meaning
                .business_events
                .iter()
                .map(|event| event.key.clone()),
        );
        let keys: BTreeSet<&BusinessKey> = keys.iter().collect();
        business::objects_lock(&mut tx, &keys).await?;
        for place in &corrected {
            at(sql!("business_event_withdraw"), *place)?
                .execute(&mut tx)
                .await?;
        }
        let mut places = Places::new();
        commit::places_find(&mut tx, &mut places, corrected.iter().copied()).await?;
        business::events(Trip::default(), &mut tx, &meaning.business_events, &places)
            .await?
            .run(&mut tx)
            .await?;
        let folded = business::fold_keys(&mut tx, &keys, folder, &mut places).await?;
        for key in &keys {
            prune(&mut tx, key).await?;
        }

        Lock::CommitOrder.take(&mut tx).await?;
        let stored = stored(&mut tx, &corrected, &keys, &places).await?;
        let changes = changes(&stored, meaning.activities.iter().chain(&folded));
        if !correction.applies {
            return Ok(changes); // the transaction is dropped, and nothing was written
        }
        self.write_changes(&mut tx, correction.reason, &stored, &changes, &places)
            .await?;
        tx.commit().await?;
        Ok(changes)
    }

    async fn redecode_once(
        &self,
        events: &[BusinessEvent],
        folder: &dyn BusinessFolder,
    ) -> Result<u64> {
        if events.is_empty() {
            return Ok(0);
        }
        let mut tx = self.database.write().await?;
        let keys: BTreeSet<&BusinessKey> = events.iter().map(|event| &event.key).collect();
        business::objects_lock(&mut tx, &keys).await?;
        let mut changed = Vec::new();
        for event in events {
            if redecode(&mut tx, event).await? > 0 {
                changed.push(event.clone());
            }
        }
        let changed_keys = changed.iter().map(|event| &event.key).collect();
        business::fold_keys(&mut tx, &changed_keys, folder, &mut Places::new()).await?;
        for key in &keys {
            prune(&mut tx, key).await?;
        }
        tx.commit().await?;
        Ok(changed.len() as u64)
    }

    async fn write_changes(
        &self,
        tx: &mut Tx,
        reason: &str,
        stored: &BTreeMap<Key, (i64, Activity)>,
        changes: &[ActivityChange],
        places: &Places,
    ) -> Result<()> {
        let added: Vec<&Activity> = changes
            .iter()
            .filter(|change| change.before.is_none())
            .filter_map(|change| change.after.as_ref())
            .collect();
        let added = activities::insert(tx, &added, places).await?.len();
        let (mut withdrawn, mut silenced) = (0, 0);
        for change in changes {
            let key = (change.place, change.account, change.slot.clone());
            let id = stored.get(&key).map(|(id, _)| *id);
            match (id, &change.after) {
                (Some(id), Some(after)) => update(tx, id, after).await?,
                (Some(id), None) => {
                    let silence = query(sql!("notification_withdraw")).bind(id);
                    silenced += silence.execute(tx).await?;
                    withdrawn += query(sql!("activity_withdraw"))
                        .bind(id)
                        .execute(tx)
                        .await?;
                }
                (None, _) => {}
            }
            self.revise(tx, change, id, reason).await?;
        }
        commit::counter_add(tx, "activities", added as u64).await?;
        counter_subtract(tx, "activities", withdrawn).await?;
        counter_subtract(tx, "notifications", silenced).await
    }

    async fn revise(
        &self,
        tx: &mut Tx,
        change: &ActivityChange,
        id: Option<i64>,
        reason: &str,
    ) -> Result<()> {
        let text = |activity: &Option<Activity>| {
            let json = activity.as_ref().map(activity_json);
            json.map(|json| json.to_string())
        };
        query(sql!("activity_revision_insert"))
            .bind(int("checkpoint", change.place.checkpoint)?)
            .bind(change.place.index)
            .bind(change.account.0)
            .bind(change.slot.to_string())
            .bind(text(&change.before))
            .bind(text(&change.after))
            .bind(reason.to_owned())
            .bind(int("time", self.clock.now_ms())?)
            .bind(id)
            .execute(tx)
            .await?;
        Ok(())
    }
}

/// A statement about one place.
fn at(sql: Sql, place: Place) -> Result<Query> {
    Ok(query(sql)
        .bind(int("checkpoint", place.checkpoint)?)
        .bind(place.index))
}

/// Objects that stored events of these transactions are of.
async fn keys_at(tx: &mut Tx, places: &BTreeSet<Place>) -> Result<BTreeSet<BusinessKey>> {
    let mut keys = BTreeSet::new();
    for place in places {
        for row in at(sql!("business_event_at"), *place)?.fetch_all(tx).await? {
            keys.insert(BusinessKey {
                contract: get(&row, "contract")?,
                object: get(&row, "object")?,
                id: get(&row, "object_id")?,
            });
        }
    }
    Ok(keys)
}

async fn redecode(tx: &mut Tx, event: &BusinessEvent) -> Result<u64> {
    query(sql!("business_event_redecode"))
        .bind(event.key.contract.clone())
        .bind(event.key.object.clone())
        .bind(event.key.id.clone())
        .bind(int("checkpoint", event.place.checkpoint)?)
        .bind(event.place.index)
        .bind(event.event_index)
        .bind(event.fields.to_string())
        .execute(tx)
        .await
}

async fn prune(tx: &mut Tx, key: &BusinessKey) -> Result<()> {
    query(sql!("business_object_prune"))
        .bind(key.contract.clone())
        .bind(key.object.clone())
        .bind(key.id.clone())
        .execute(tx)
        .await?;
    Ok(())
}

/// Stored activities that a correction may change: all of its transactions, and those of events elsewhere
/// that are of the same objects.
async fn stored(
    tx: &mut Tx,
    corrected: &BTreeSet<Place>,
    keys: &BTreeSet<&BusinessKey>,
    places: &Places,
) -> Result<BTreeMap<Key, (i64, Activity)>> {
    let objects: BTreeSet<(&str, &str)> =
        keys.iter().map(|key| (&*key.contract, &*key.id)).collect();
    let is_of_object = |activity: &Activity| {
        let object = (
            activity.contract.as_deref(),
            activity.business_id.as_deref(),
        );
        let is_event = matches!(activity.slot, Slot::Event(_));
        is_event
            && matches!(object, (Some(contract), Some(id)) if objects.contains(&(contract, id)))
    };
    let wanted: BTreeSet<Place> = places.keys().chain(corrected).copied().collect();
    let mut stored = BTreeMap::new();
    for place in wanted {
        for row in at(sql!("activity_at"), place)?.fetch_all(tx).await? {
            let activity = row::activity_alone(&row)?;
            if corrected.contains(&place) || is_of_object(&activity) {
                let key = (place, activity.account, activity.slot.clone());
                stored.insert(key, (get(&row, "id")?, activity));
            }
        }
    }
    Ok(stored)
}

/// What differs between what is stored and what is meant; the first of two with one key counts, as in a
/// commit.
fn changes<'a>(
    stored: &BTreeMap<Key, (i64, Activity)>,
    meant: impl Iterator<Item = &'a Activity>,
) -> Vec<ActivityChange> {
    let mut wanted = BTreeMap::<Key, &Activity>::new();
    for activity in meant {
        let key = (activity.place, activity.account, activity.slot.clone());
        wanted.entry(key).or_insert(activity);
    }
    let keys: BTreeSet<&Key> = stored.keys().chain(wanted.keys()).collect();
    let change = |key: &Key| {
        let before = stored.get(key).map(|(_, activity)| activity);
        let after = wanted.get(key).copied();
        if before.map(activity_json) == after.map(activity_json) {
            return None;
        }
        let (place, account, slot) = key.clone();
        Some(ActivityChange {
            place,
            account,
            slot,
            before: before.cloned(),
            after: after.cloned(),
        })
    };
    keys.into_iter().filter_map(change).collect()
}

async fn update(tx: &mut Tx, id: i64, activity: &Activity) -> Result<()> {
    query(sql!("activity_correct"))
        .bind(id)
        .bind(activity.kind.clone())
        .bind(activity.direction.as_str())
        .bind(activity.status.as_str())
        .bind(address_opt(activity.address.as_ref()))
        .bind(activity.coin_type.clone())
        .bind(activity.amount.map(amount))
        .bind(address_opt(activity.counterparty.as_ref()))
        .bind(activity.contract.clone())
        .bind(activity.business_id.clone())
        .bind(activity.details.to_string())
        .bind(activity.suppressed.map(Suppressed::as_str))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) fn revision(row: &Row) -> Result<ActivityRevision> {
    let json = |column: &'static str| -> Result<Option<serde_json::Value>> { get_opt(row, column) };
    Ok(ActivityRevision {
        id: get(row, "id")?,
        place: codec::place(row)?,
        account: get(row, "account_id")?,
        slot: get(row, "slot")?,
        before: json("before")?,
        after: json("after")?,
        reason: get(row, "reason")?,
        at_ms: get(row, "at_ms")?,
    })
}
