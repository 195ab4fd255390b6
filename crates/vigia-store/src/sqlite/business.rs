//! Business objects: their events are stored, then each touched object is folded again (I-11).
//!
//! The writer's transaction is the lock. Folding over all stored events in chain order makes the
//! outcome independent of the order in which commits bring them.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use vigia_core::{
    Activity, AddressBook, BusinessEvent, BusinessFolder, BusinessKey, BusinessOutcome,
};

use super::codec::{self, get, int};
use super::commit::Places;
use super::{book, rows, sql};
use crate::{Result, StoreError};

/// Stores events; those that are there stay as they are.
pub(super) async fn events_insert(
    conn: &mut SqliteConnection,
    events: &[BusinessEvent],
    places: &Places,
) -> Result<()> {
    rows::insert(
        conn,
        sql!("business_event_insert"),
        events,
        |query, event| {
            let place = event.place;
            let (digest, timestamp_ms) = places
                .get(&place)
                .ok_or(StoreError::NoTransaction { place })?;
            Ok(query
                .bind(event.key.contract.clone())
                .bind(event.key.object.clone())
                .bind(event.key.id.clone())
                .bind(int("checkpoint", place.checkpoint)?)
                .bind(place.index)
                .bind(event.event_index)
                .bind(event.name.clone())
                .bind(event.fields.to_string())
                .bind(digest.inner().to_vec())
                .bind(int("time of checkpoint", *timestamp_ms)?))
        },
    )
    .await?;
    Ok(())
}

/// Folds every object that `touched` belongs to, stores its state, and returns the activities its
/// events amount to. Adds the places of older events to `places`.
pub(super) async fn fold(
    conn: &mut SqliteConnection,
    touched: &[BusinessEvent],
    folder: &dyn BusinessFolder,
    places: &mut Places,
) -> Result<Vec<Activity>> {
    let keys: BTreeSet<&BusinessKey> = touched.iter().map(|event| &event.key).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let objects = events_load(conn, &keys, places).await?;
    let book = parties_book(conn, &objects, folder).await?;
    let outcomes: Vec<(&BusinessKey, BusinessOutcome)> = objects
        .iter()
        .map(|(key, events)| (*key, folder.fold(key, events, &book)))
        .collect();
    rows::insert(
        conn,
        sql!("business_object_upsert"),
        &outcomes,
        |query, (key, outcome)| {
            Ok(query
                .bind(key.contract.clone())
                .bind(key.object.clone())
                .bind(key.id.clone())
                .bind(outcome.state.clone())
                .bind(outcome.data.to_string()))
        },
    )
    .await?;
    Ok(outcomes
        .into_iter()
        .flat_map(|(_, outcome)| outcome.activities)
        .collect())
}

/// An object with all its stored events in chain order.
type Object<'k> = (&'k BusinessKey, Vec<BusinessEvent>);

async fn events_load<'k>(
    conn: &mut SqliteConnection,
    keys: &BTreeSet<&'k BusinessKey>,
    places: &mut Places,
) -> Result<Vec<Object<'k>>> {
    let wanted = keys
        .iter()
        .map(|key| Value::from(vec![&*key.contract, &*key.object, &*key.id]));
    let rows = sqlx::query(sql!("business_event_list"))
        .bind(Value::Array(wanted.collect()).to_string())
        .fetch_all(conn)
        .await?;
    let mut objects: Vec<Object<'k>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for row in &rows {
        let position = usize::try_from(get::<u32>(row, "position")?).unwrap_or(usize::MAX);
        let Some((key, events)) = objects.get_mut(position) else {
            continue; // not among the keys asked for
        };
        let event = event_from_row(key, row)?;
        places.insert(
            event.place,
            (get(row, "digest")?, get(row, "timestamp_ms")?),
        );
        events.push(event);
    }
    Ok(objects)
}

fn event_from_row(key: &BusinessKey, row: &SqliteRow) -> Result<BusinessEvent> {
    Ok(BusinessEvent {
        key: key.clone(),
        place: codec::place(row)?,
        event_index: get(row, "event_index")?,
        name: get(row, "name")?,
        fields: get(row, "fields")?,
    })
}

async fn parties_book(
    conn: &mut SqliteConnection,
    objects: &[Object<'_>],
    folder: &dyn BusinessFolder,
) -> Result<AddressBook> {
    let mut parties: Vec<_> = objects
        .iter()
        .flat_map(|(key, events)| folder.parties(key, events))
        .collect();
    parties.sort_unstable();
    parties.dedup();
    let mut book = AddressBook::default();
    book::holdings(conn, &mut book, &parties).await?;
    Ok(book)
}
