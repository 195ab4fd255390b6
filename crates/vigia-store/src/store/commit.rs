//! What a commit writes, in order, inside one transaction.
//!
//! Every insert leaves alone what is there already (I-2), so the same commit may come again, whole or
//! in part, from a broker, another worker or an overlapping import.

use std::collections::HashMap;

use vigia_core::{
    Activity, BalanceEffect, BusinessFolder, Commit, Digest, Lane, Place, RawTransaction,
};

use super::codec::{self, address_opt, amount, int};
use super::{activities, business, ranges};
use crate::db::{Lock, Tx, Value, get, get_opt, insert, query};
use crate::sql::sql;
use crate::{Result, StoreError};

/// What was new in a commit.
pub(super) struct Written {
    pub(super) raw_transactions: u64,
    pub(super) activities: u64,
    pub(super) notifications: u64,
    /// Highest id among the new activities; 0 when there is none.
    pub(super) last_activity_id: i64,
}

/// What a commit has to keep to.
#[derive(Default)]
struct Bounds {
    /// The retention horizon; 0 before the first clean-up.
    horizon: u64,
    /// Where the live lane begins. It has before anything is sent to be committed, and stays; a lane
    /// without a beginning has nothing below it.
    live_first: u64,
}

impl Bounds {
    async fn read(tx: &mut Tx) -> Result<Self> {
        let row = query(sql!("commit_bounds")).fetch_optional(tx).await?;
        let Some(row) = row else {
            return Ok(Self::default());
        };
        Ok(Self {
            horizon: get_opt(&row, "retention_horizon")?.unwrap_or(0),
            live_first: get_opt(&row, "first_checkpoint")?.unwrap_or(0),
        })
    }
}

/// Digest and time of the transaction at a place.
pub(super) type Places = HashMap<Place, (Digest, u64)>;

/// Writes `commit`; the caller has checked its watch-list versions and commits the transaction.
pub(super) async fn write(
    tx: &mut Tx,
    commit: &Commit,
    folder: &dyn BusinessFolder,
    now_ms: u64,
) -> Result<Written> {
    let bounds = Bounds::read(tx).await?;
    let (raw_new, failed_new) =
        raw_transactions(tx, &commit.raw_transactions, bounds.horizon).await?;
    balance_effects(tx, &commit.balance_effects).await?;

    let mut places = places_of(&commit.raw_transactions);
    places_find(
        tx,
        &mut places,
        commit.business_events.iter().map(|e| e.place),
    )
    .await?;
    business::events_insert(tx, &commit.business_events, &places).await?;
    let folded = business::fold(tx, &commit.business_events, folder, &mut places).await?;
    places_find(tx, &mut places, commit.activities.iter().map(|a| a.place)).await?;

    // From here on commits take turns, so that ids rise in the order in which they become visible and
    // a reader that goes on from an id misses none.
    Lock::CommitOrder.take(tx).await?;
    let all: Vec<&Activity> = commit.activities.iter().chain(&folded).collect();
    let new = activities::insert(tx, &all, &places).await?;
    let notifications = match commit.lane {
        Lane::Live => {
            // What lies below the live lane was imported, even if only a live event says whose it
            // is (I-16).
            let effects = &commit.balance_effects;
            activities::notify(tx, &new, effects, &places, bounds.live_first, now_ms).await?
        }
        Lane::Import => 0,
    };

    ranges::complete(tx, commit.lane, &commit.ranges).await?;
    let activities_new = u64::try_from(new.len()).unwrap_or(u64::MAX);
    count(tx, [raw_new, failed_new, activities_new, notifications]).await?;
    Ok(Written {
        raw_transactions: raw_new,
        activities: activities_new,
        notifications,
        last_activity_id: new.iter().map(|new| new.id).max().unwrap_or(0),
    })
}

/// Adds raw transactions, those that failed, activities and notifications to the numbers that `status`
/// shows.
async fn count(tx: &mut Tx, new: [u64; 4]) -> Result<()> {
    if new == [0; 4] {
        return Ok(());
    }
    let mut statement = query(sql!("commit_count"));
    for new in new {
        statement = statement.bind(int("count", new)?);
    }
    statement.execute(tx).await?;
    Ok(())
}

/// Adds to one of the numbers that `status` shows.
pub(super) async fn counter_add(tx: &mut Tx, name: &'static str, by: u64) -> Result<()> {
    if by > 0 {
        query(sql!("counter_add"))
            .bind(name)
            .bind(int("count", by)?)
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Takes from one of the numbers that `status` shows.
pub(super) async fn counter_subtract(tx: &mut Tx, name: &'static str, by: u64) -> Result<()> {
    if by > 0 {
        query(sql!("counter_add"))
            .bind(name)
            .bind(-int("count", by)?)
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Returns how many were new, and how many of those could not be interpreted. Below the retention
/// horizon only the latter are stored, which the clean-up leaves too.
async fn raw_transactions(
    tx: &mut Tx,
    raws: &[RawTransaction],
    horizon: u64,
) -> Result<(u64, u64)> {
    if raws.is_empty() {
        return Ok((0, 0));
    }
    // Apart, so that the number of new rows says it all and none has to come back.
    let (failed, mut understood): (Vec<_>, Vec<_>) =
        raws.iter().partition(|raw| raw.processing_error.is_some());
    understood.retain(|raw| raw.place.checkpoint >= horizon);
    let sql = sql!("raw_transaction_insert");
    let failed_new = insert(tx, sql, &failed, |raw| raw_values(raw)).await?;
    let understood_new = insert(tx, sql, &understood, |raw| raw_values(raw)).await?;
    Ok((understood_new + failed_new, failed_new))
}

fn raw_values(raw: &RawTransaction) -> Result<Vec<Value>> {
    Ok(vec![
        int("checkpoint", raw.place.checkpoint)?.into(),
        raw.place.index.into(),
        raw.digest.inner().to_vec().into(),
        int("time of checkpoint", raw.timestamp_ms)?.into(),
        int("epoch", raw.epoch)?.into(),
        raw.sender.as_bytes().to_vec().into(),
        address_opt(raw.package.as_ref()).into(),
        raw.module.clone().into(),
        raw.function.clone().into(),
        raw.failure.clone().into(),
        amount(raw.gas_cost).into(),
        codec::reasons(&raw.reasons).into(),
        raw.transaction_bcs.to_vec().into(),
        raw.effects_bcs.to_vec().into(),
        raw.events_bcs.as_ref().map(|bcs| bcs.to_vec()).into(),
        codec::balance_changes(&raw.balance_changes).into(),
        raw.processing_error.clone().into(),
        codec::proof(&raw.proof).into(),
    ])
}

async fn balance_effects(tx: &mut Tx, effects: &[BalanceEffect]) -> Result<()> {
    insert(tx, sql!("balance_effect_insert"), effects, |effect| {
        Ok(vec![
            int("checkpoint", effect.place.checkpoint)?.into(),
            effect.place.index.into(),
            effect.address.as_bytes().to_vec().into(),
            effect.coin_type.clone().into(),
            amount(effect.amount).into(),
        ])
    })
    .await?;
    Ok(())
}

fn places_of(raws: &[RawTransaction]) -> Places {
    raws.iter()
        .map(|raw| (raw.place, (raw.digest, raw.timestamp_ms)))
        .collect()
}

/// Looks up the places that are not known yet among the raw transactions stored before.
pub(super) async fn places_find(
    tx: &mut Tx,
    places: &mut Places,
    wanted: impl Iterator<Item = Place>,
) -> Result<()> {
    for place in wanted {
        if places.contains_key(&place) {
            continue;
        }
        let row = query(sql!("place_find"))
            .bind(int("checkpoint", place.checkpoint)?)
            .bind(place.index)
            .fetch_optional(tx)
            .await?
            .ok_or(StoreError::NoTransaction { place })?;
        places.insert(place, (get(&row, "digest")?, get(&row, "timestamp_ms")?));
    }
    Ok(())
}
