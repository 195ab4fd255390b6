//! What a commit writes, in order, inside one transaction.
//!
//! Every insert leaves alone what is there already (I-2), so the same commit may come again, whole or
//! in part, from a broker, another worker or an overlapping import.

use std::collections::HashMap;

use sqlx::SqliteConnection;
use vigia_core::{
    Activity, BalanceEffect, BusinessFolder, Commit, Digest, Lane, Place, RawTransaction,
};

use super::codec::{self, address_opt, amount, get, int};
use super::{activities, business, ranges, rows, sql};
use crate::{Result, StoreError};

/// What was new in a commit.
pub(super) struct Written {
    pub(super) raw_transactions: u64,
    pub(super) activities: u64,
    pub(super) notifications: u64,
    /// Highest id among the new activities; 0 when there is none.
    pub(super) last_activity_id: i64,
}

/// Digest and time of the transaction at a place.
pub(super) type Places = HashMap<Place, (Digest, u64)>;

/// Writes `commit`; the caller has checked its watch-list versions and commits the transaction.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    commit: &Commit,
    folder: &dyn BusinessFolder,
    now_ms: u64,
) -> Result<Written> {
    let (raw_new, failed_new) = raw_transactions(conn, &commit.raw_transactions).await?;
    balance_effects(conn, &commit.balance_effects).await?;

    let mut places = places_of(&commit.raw_transactions);
    places_find(
        conn,
        &mut places,
        commit.business_events.iter().map(|e| e.place),
    )
    .await?;
    business::events_insert(conn, &commit.business_events, &places).await?;
    let folded = business::fold(conn, &commit.business_events, folder, &mut places).await?;
    places_find(conn, &mut places, commit.activities.iter().map(|a| a.place)).await?;

    let all: Vec<&Activity> = commit.activities.iter().chain(&folded).collect();
    let new = activities::insert(conn, &all, &places).await?;
    let notifications = match commit.lane {
        Lane::Live => {
            // What lies below the live lane was imported, even if only a live event says whose it
            // is (I-16). A lane without a beginning has nothing below it.
            let live_first = ranges::live_first(conn).await?.unwrap_or(0);
            activities::notify(conn, &new, &places, live_first, now_ms).await?
        }
        Lane::Import => 0,
    };

    ranges::complete(conn, commit.lane, &commit.ranges).await?;
    let activities_new = u64::try_from(new.len()).unwrap_or(u64::MAX);
    counter_add(conn, "raw_transactions", raw_new).await?;
    counter_add(conn, "failed", failed_new).await?;
    counter_add(conn, "activities", activities_new).await?;
    counter_add(conn, "notifications", notifications).await?;
    Ok(Written {
        raw_transactions: raw_new,
        activities: activities_new,
        notifications,
        last_activity_id: new.iter().map(|new| new.id).max().unwrap_or(0),
    })
}

/// Adds to one of the numbers that `status` shows.
pub(super) async fn counter_add(
    conn: &mut SqliteConnection,
    name: &'static str,
    by: u64,
) -> Result<()> {
    if by > 0 {
        sqlx::query(sql!("counter_add"))
            .bind(name)
            .bind(int("count", by)?)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Returns how many were new, and how many of those could not be interpreted.
async fn raw_transactions(
    conn: &mut SqliteConnection,
    raws: &[RawTransaction],
) -> Result<(u64, u64)> {
    // Apart, so that the number of new rows says it all and none has to come back.
    let (failed, understood): (Vec<_>, Vec<_>) =
        raws.iter().partition(|raw| raw.processing_error.is_some());
    let sql = sql!("raw_transaction_insert");
    let failed_new = rows::insert(conn, sql, &failed, bind_raw).await?;
    let understood_new = rows::insert(conn, sql, &understood, bind_raw).await?;
    Ok((understood_new + failed_new, failed_new))
}

fn bind_raw(query: rows::Query, raw: &&RawTransaction) -> Result<rows::Query> {
    Ok(query
        .bind(int("checkpoint", raw.place.checkpoint)?)
        .bind(raw.place.index)
        .bind(raw.digest.inner().to_vec())
        .bind(int("time of checkpoint", raw.timestamp_ms)?)
        .bind(int("epoch", raw.epoch)?)
        .bind(raw.sender.as_bytes().to_vec())
        .bind(address_opt(raw.package.as_ref()))
        .bind(raw.module.clone())
        .bind(raw.function.clone())
        .bind(raw.failure.clone())
        .bind(amount(raw.gas_cost))
        .bind(codec::reasons(&raw.reasons))
        .bind(raw.transaction_bcs.to_vec())
        .bind(raw.effects_bcs.to_vec())
        .bind(raw.events_bcs.as_ref().map(|bcs| bcs.to_vec()))
        .bind(codec::balance_changes(&raw.balance_changes))
        .bind(raw.processing_error.clone()))
}

async fn balance_effects(conn: &mut SqliteConnection, effects: &[BalanceEffect]) -> Result<()> {
    rows::insert(
        conn,
        sql!("balance_effect_insert"),
        effects,
        |query, effect| {
            Ok(query
                .bind(int("checkpoint", effect.place.checkpoint)?)
                .bind(effect.place.index)
                .bind(effect.address.as_bytes().to_vec())
                .bind(effect.coin_type.clone())
                .bind(amount(effect.amount)))
        },
    )
    .await?;
    Ok(())
}

fn places_of(raws: &[RawTransaction]) -> Places {
    raws.iter()
        .map(|raw| (raw.place, (raw.digest, raw.timestamp_ms)))
        .collect()
}

/// Looks up the places that are not known yet among the raw transactions stored before.
async fn places_find(
    conn: &mut SqliteConnection,
    places: &mut Places,
    wanted: impl Iterator<Item = Place>,
) -> Result<()> {
    for place in wanted {
        if places.contains_key(&place) {
            continue;
        }
        let row = sqlx::query(sql!("place_find"))
            .bind(int("checkpoint", place.checkpoint)?)
            .bind(place.index)
            .fetch_optional(&mut *conn)
            .await?
            .ok_or(StoreError::NoTransaction { place })?;
        places.insert(place, (get(&row, "digest")?, get(&row, "timestamp_ms")?));
    }
    Ok(())
}
