//! What a commit writes, in order, inside one transaction.
//!
//! Every insert leaves alone what is there already (I-2), so the same commit may come again, whole or
//! in part, from a broker, another worker or an overlapping import.

use std::collections::HashMap;

use vigia_core::{
    Activity, BalanceEffect, BusinessFolder, CheckpointRange, Commit, Digest, Lane, Place,
    RawTransaction,
};

use super::activities::{self, Followed};
use super::codec::{self, address_opt, amount, int};
use super::{balance, business, notify_query, ranges};
use crate::db::{Lock, Query, Trip, Tx, Value, get, get_opt, insert_returning, query};
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
pub(super) struct Bounds {
    /// The retention horizon; 0 before the first clean-up.
    horizon: u64,
    /// Where the live lane begins. It has before anything is sent to be committed, and stays; a lane
    /// without a beginning has nothing below it.
    live_first: u64,
    /// The checkpoint through which balance effects are folded.
    folded: u64,
    /// The newest watch-list version, if one of the ranges was matched with a list older than a change
    /// that is live in it.
    pub(super) version_min: Option<u64>,
}

impl Bounds {
    /// Reads them; the watch list is locked.
    pub(super) async fn read(tx: &mut Tx, ranges: &[CheckpointRange]) -> Result<Self> {
        let first = ranges.first();
        // No change is newer than the newest.
        let version = first.map_or(Ok(i64::MAX), |range| {
            int("watch-list version", range.watch_version)
        });
        let checkpoint = first.map_or(Ok(0), |range| int("checkpoint", range.last.sequence));
        let row = query(sql!("commit_begin"))
            .bind(version?)
            .bind(checkpoint?)
            .fetch_one(tx)
            .await?;
        let mut version_min = get_opt(&row, "version_min")?;
        if version_min.is_none() {
            version_min = ranges::stale_version(tx, ranges.get(1..).unwrap_or_default()).await?;
        }
        Ok(Self {
            horizon: get_opt(&row, "retention_horizon")?.unwrap_or(0),
            live_first: get_opt(&row, "first_checkpoint")?.unwrap_or(0),
            folded: get_opt(&row, "folded")?.unwrap_or(0),
            version_min,
        })
    }
}

/// Digest and time of the transaction at a place.
pub(super) type Places = HashMap<Place, (Digest, u64)>;

/// Writes `commit` within `bounds` and tells of it; the caller has checked its watch-list versions and commits
/// the transaction.
pub(super) async fn write(
    tx: &mut Tx,
    commit: &Commit,
    bounds: &Bounds,
    folder: &dyn BusinessFolder,
    now_ms: u64,
) -> Result<Written> {
    let mut places = places_of(&commit.raw_transactions);
    let events = commit.business_events.iter().map(|e| e.place);
    places_find(tx, &mut places, events).await?;
    let mut effects = &commit.balance_effects[..];
    // Live ranges are above the watermark, unless they come again. What is imported may be anywhere, and may be
    // folded past in this very moment: there it matters which are new.
    let is_late = |e: &BalanceEffect| e.place.checkpoint <= bounds.folded;
    let mut maybe_late = Vec::new();
    if commit.lane == Lane::Import || effects.iter().any(is_late) {
        maybe_late = effects_new(tx, effects).await?;
        effects = &[];
    }
    let (raw_new, failed_new) = facts(tx, commit, effects, bounds.horizon, &places).await?;

    let objects = business::load(tx, &commit.business_events, &mut places).await?;
    let mut followed = match commit.lane {
        Lane::Live => Followed::of(commit),
        Lane::Import => Followed::default(),
    };
    let parties = business::parties(&objects, folder);
    let book = followed.read_with(tx, &parties).await?;
    let outcomes = business::fold(&objects, folder, &book);
    balance::add_late(tx, &maybe_late, &places).await?;
    // From here on commits take turns, so that ids rise in the order in which they become visible and
    // a reader that goes on from an id misses none.
    business::store(Trip::default(), tx, &outcomes)
        .await?
        .lock(Lock::CommitOrder, tx)
        .run(tx)
        .await?;
    let folded = business::activities(outcomes);
    places_find(tx, &mut places, commit.activities.iter().map(|a| a.place)).await?;

    let all: Vec<&Activity> = commit.activities.iter().chain(&folded).collect();
    let new = activities::insert(tx, &all, &places).await?;
    counter_add(tx, "unread", activities::unread(&new)).await?;
    let telling = match commit.lane {
        // What lies below the live lane was imported, even if only a live event says whose it
        // is (I-16).
        Lane::Live => followed.telling(tx, &new, bounds.live_first).await?,
        Lane::Import => Vec::new(),
    };
    let written = Written {
        raw_transactions: raw_new,
        activities: u64::try_from(new.len()).unwrap_or(u64::MAX),
        notifications: u64::try_from(telling.len()).unwrap_or(u64::MAX),
        last_activity_id: new.iter().map(|new| new.id).max().unwrap_or(0),
    };
    let trip = activities::notify(Trip::default(), tx, &telling, &places, now_ms).await?;
    let trip = activities::coins_seen(trip, tx, &new).await?;
    end(tx, trip, commit, written, failed_new).await
}

/// What is true whoever it concerns: raw transactions, what they did to balances, and the events of business
/// objects, which are locked with it. Returns how many raw transactions were new, and how many of those
/// could not be interpreted.
async fn facts(
    tx: &mut Tx,
    commit: &Commit,
    effects: &[BalanceEffect],
    horizon: u64,
    places: &Places,
) -> Result<(u64, u64)> {
    // Apart, so that the number of new rows says it all and none has to come back. Below the retention
    // horizon only those that failed are stored, which the clean-up leaves too.
    let raws = commit.raw_transactions.iter();
    let (failed, mut understood): (Vec<_>, Vec<_>) =
        raws.partition(|raw| raw.processing_error.is_some());
    understood.retain(|raw| raw.place.checkpoint >= horizon);
    let sql = sql!("raw_transaction_insert");
    let trip = Trip::default()
        .rows(tx, sql, &failed, |raw| raw_values(raw))
        .await?
        .rows(tx, sql, &understood, |raw| raw_values(raw))
        .await?;
    let sql = sql!("balance_effect_insert");
    let trip = trip.rows(tx, sql, effects, effect_values).await?;
    let trip = business::events(trip, tx, &commit.business_events, places).await?;
    let new = trip.run(tx).await?;
    Ok((new[0] + new[1], new[0]))
}

/// What ends a commit: with the trip's two parts, notifications and coins, go completed ranges, numbers, and
/// that others hear of it.
async fn end(
    tx: &mut Tx,
    mut trip: Trip,
    commit: &Commit,
    mut written: Written,
    failed_new: u64,
) -> Result<Written> {
    let (first, others) = match commit.ranges.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, &[][..]),
    };
    let extending = first.and_then(|range| ranges::extend(commit.lane, range).transpose());
    let extends = extending.is_some();
    if let Some(query) = extending {
        trip = trip.statement(query?);
    }
    // As many notifications as there will be, but for those that are there already.
    if let Some(query) = count(&written, failed_new)? {
        trip = trip.statement(query);
    }
    if let Some(query) = notify_query(tx, "activity", written.last_activity_id) {
        trip = trip.statement(query);
    }
    let touched = trip.run(tx).await?;
    if touched[0] < written.notifications {
        counter_subtract(tx, "notifications", written.notifications - touched[0]).await?;
        written.notifications = touched[0];
    }
    if let Some(first) = first
        && !(extends && touched[2] > 0)
    {
        ranges::merge(tx, commit.lane, first).await?;
    }
    ranges::complete(tx, commit.lane, others).await?;
    Ok(written)
}

/// Adds raw transactions, those that failed, activities and notifications to the numbers that `status`
/// shows.
fn count(written: &Written, failed_new: u64) -> Result<Option<Query>> {
    let new = [
        written.raw_transactions,
        failed_new,
        written.activities,
        written.notifications,
    ];
    if new == [0; 4] {
        return Ok(None);
    }
    let mut statement = query(sql!("commit_count"));
    for new in new {
        statement = statement.bind(int("count", new)?);
    }
    Ok(Some(statement))
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

/// Stores effects; those that were not there before.
async fn effects_new(tx: &mut Tx, effects: &[BalanceEffect]) -> Result<Vec<BalanceEffect>> {
    let sql = sql!("balance_effect_insert_new");
    let rows = insert_returning(tx, sql, effects, effect_values).await?;
    let new = rows.iter().map(|row| {
        Ok(BalanceEffect {
            place: codec::place(row)?,
            address: get(row, "address")?,
            coin_type: get(row, "coin_type")?,
            amount: get(row, "amount")?,
        })
    });
    new.collect()
}

fn effect_values(effect: &BalanceEffect) -> Result<Vec<Value>> {
    Ok(vec![
        int("checkpoint", effect.place.checkpoint)?.into(),
        effect.place.index.into(),
        effect.address.as_bytes().to_vec().into(),
        effect.coin_type.clone().into(),
        amount(effect.amount).into(),
    ])
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
