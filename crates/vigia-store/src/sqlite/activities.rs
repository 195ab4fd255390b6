//! Activities and the notifications they cause: written once per (place, account, slot).

use std::collections::{BTreeSet, HashMap};

use sqlx::SqliteConnection;
use vigia_core::{AccountId, Activity, NotificationId, Place, Slot};

use super::codec::{self, address_opt, amount, get, int};
use super::commit::Places;
use super::{rows, sql};
use crate::{Result, StoreError};

/// An activity that was not there before.
pub(super) struct New<'a> {
    pub(super) id: i64,
    activity: &'a Activity,
}

/// Inserts activities; returns the new ones in order of id.
pub(super) async fn insert<'a>(
    conn: &mut SqliteConnection,
    activities: &[&'a Activity],
    places: &Places,
) -> Result<Vec<New<'a>>> {
    let rows = rows::insert_returning(
        conn,
        sql!("activity_insert"),
        activities,
        |query, activity| bind(query, activity, places),
    )
    .await?;
    // Two activities of one key in one commit: the first was written.
    let mut by_key = HashMap::<(Place, AccountId, &Slot), &'a Activity>::new();
    for activity in activities.iter().copied().rev() {
        by_key.insert((activity.place, activity.account, &activity.slot), activity);
    }
    let mut new = Vec::with_capacity(rows.len());
    for row in &rows {
        let slot: Slot = get(row, "slot")?;
        let key = (codec::place(row)?, get(row, "account_id")?, &slot);
        let activity = *by_key
            .get(&key)
            .expect("only what was inserted is returned");
        new.push(New {
            id: get(row, "id")?,
            activity,
        });
    }
    new.sort_unstable_by_key(|new| new.id);
    coins_seen(conn, &new).await?;
    Ok(new)
}

fn bind(query: rows::Query, activity: &Activity, places: &Places) -> Result<rows::Query> {
    let place = activity.place;
    let (digest, timestamp_ms) = places
        .get(&place)
        .ok_or(StoreError::NoTransaction { place })?;
    Ok(query
        .bind(int("checkpoint", place.checkpoint)?)
        .bind(place.index)
        .bind(activity.account.0)
        .bind(activity.slot.to_string())
        .bind(digest.inner().to_vec())
        .bind(int("time of checkpoint", *timestamp_ms)?)
        .bind(activity.kind.clone())
        .bind(activity.direction.as_str())
        .bind(activity.status.as_str())
        .bind(address_opt(activity.address.as_ref()))
        .bind(activity.coin_type.clone())
        .bind(activity.amount.map(amount))
        .bind(address_opt(activity.counterparty.as_ref()))
        .bind(activity.contract.clone())
        .bind(activity.business_id.clone())
        .bind(activity.details.to_string()))
}

/// Puts the coins of new activities among those to be looked up.
async fn coins_seen(conn: &mut SqliteConnection, new: &[New<'_>]) -> Result<()> {
    let coin_types: BTreeSet<&String> = new
        .iter()
        .filter_map(|new| new.activity.coin_type.as_ref())
        .collect();
    let coin_types: Vec<&String> = coin_types.into_iter().collect();
    rows::insert(conn, sql!("coin_seen"), &coin_types, |query, coin_type| {
        Ok(query.bind((*coin_type).clone()))
    })
    .await?;
    Ok(())
}

/// Writes a notification for each new activity that asks for one and is at `live_first` or later;
/// returns how many.
pub(super) async fn notify(
    conn: &mut SqliteConnection,
    new: &[New<'_>],
    places: &Places,
    live_first: u64,
    now_ms: u64,
) -> Result<u64> {
    let asking: Vec<_> = new
        .iter()
        .filter(|new| new.activity.place.checkpoint >= live_first)
        .filter_map(|new| new.activity.notify.as_ref().map(|kind| (new, kind)))
        .collect();
    let created_at_ms = int("time", now_ms)?;
    rows::insert(
        conn,
        sql!("notification_insert"),
        &asking,
        |query, (new, kind)| {
            let Activity {
                place,
                account,
                slot,
                ..
            } = new.activity;
            let (digest, _) = places
                .get(place)
                .ok_or(StoreError::NoTransaction { place: *place })?;
            Ok(query
                .bind(
                    NotificationId::of_activity(digest, *account, slot)
                        .as_bytes()
                        .to_vec(),
                )
                .bind(new.id)
                .bind(account.0)
                .bind(kind.as_str().to_owned())
                .bind(created_at_ms))
        },
    )
    .await
}
