//! Business objects: their events are stored, then each touched object is folded again (I-11).
//!
//! Touched objects are locked first, so that of two commits with events of one object the second
//! folds over the events of both. Folding over all stored events in chain order makes the outcome
//! independent of the order in which commits bring them.

use std::collections::BTreeSet;

use serde_json::Value;
use vigia_core::{
    Activity, AddressBook, BusinessEvent, BusinessFolder, BusinessKey, BusinessOutcome,
};

use super::book;
use super::codec::{self, int};
use super::commit::Places;
use crate::db::{Row, Tx, get, insert, query};
use crate::sql::sql;
use crate::{Result, StoreError};

/// Stores events; those that are there stay as they are.
pub(super) async fn events_insert(
    tx: &mut Tx,
    events: &[BusinessEvent],
    places: &Places,
) -> Result<()> {
    let keys: BTreeSet<&BusinessKey> = events.iter().map(|event| &event.key).collect();
    objects_lock(tx, &keys).await?;
    insert(tx, sql!("business_event_insert"), events, |event| {
        let place = event.place;
        let (digest, timestamp_ms) = places
            .get(&place)
            .ok_or(StoreError::NoTransaction { place })?;
        Ok(vec![
            event.key.contract.clone().into(),
            event.key.object.clone().into(),
            event.key.id.clone().into(),
            int("checkpoint", place.checkpoint)?.into(),
            place.index.into(),
            event.event_index.into(),
            event.name.clone().into(),
            event.fields.to_string().into(),
            digest.inner().to_vec().into(),
            int("time of checkpoint", *timestamp_ms)?.into(),
        ])
    })
    .await?;
    Ok(())
}

/// Locks objects in order of key, creating those that are new. A write on SQLite is alone.
pub(super) async fn objects_lock(tx: &mut Tx, keys: &BTreeSet<&BusinessKey>) -> Result<()> {
    if matches!(tx, Tx::Sqlite(_)) {
        return Ok(());
    }
    let keys: Vec<&BusinessKey> = keys.iter().copied().collect();
    insert(tx, sql!("postgres/business_object_lock"), &keys, |key| {
        Ok(vec![
            key.contract.clone().into(),
            key.object.clone().into(),
            key.id.clone().into(),
        ])
    })
    .await?;
    Ok(())
}

/// Folds every object that `touched` belongs to, stores its state, and returns the activities its
/// events amount to. Adds the places of older events to `places`.
pub(super) async fn fold(
    tx: &mut Tx,
    touched: &[BusinessEvent],
    folder: &dyn BusinessFolder,
    places: &mut Places,
) -> Result<Vec<Activity>> {
    let keys: BTreeSet<&BusinessKey> = touched.iter().map(|event| &event.key).collect();
    fold_keys(tx, &keys, folder, places).await
}

/// The same of objects by their keys.
pub(super) async fn fold_keys(
    tx: &mut Tx,
    keys: &BTreeSet<&BusinessKey>,
    folder: &dyn BusinessFolder,
    places: &mut Places,
) -> Result<Vec<Activity>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let objects = events_load(tx, keys, places).await?;
    let book = parties_book(tx, &objects, folder).await?;
    let outcomes: Vec<(&BusinessKey, BusinessOutcome)> = objects
        .iter()
        .map(|(key, events)| (*key, folder.fold(key, events, &book)))
        .collect();
    insert(
        tx,
        sql!("business_object_upsert"),
        &outcomes,
        |(key, outcome)| {
            Ok(vec![
                key.contract.clone().into(),
                key.object.clone().into(),
                key.id.clone().into(),
                outcome.state.clone().into(),
                outcome.data.to_string().into(),
            ])
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
    tx: &mut Tx,
    keys: &BTreeSet<&'k BusinessKey>,
    places: &mut Places,
) -> Result<Vec<Object<'k>>> {
    let wanted = keys
        .iter()
        .map(|key| Value::from(vec![&*key.contract, &*key.object, &*key.id]));
    let rows = query(sql!(dialects "business_event_list"))
        .bind(Value::Array(wanted.collect()).to_string())
        .fetch_all(tx)
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

fn event_from_row(key: &BusinessKey, row: &Row) -> Result<BusinessEvent> {
    Ok(BusinessEvent {
        key: key.clone(),
        place: codec::place(row)?,
        event_index: get(row, "event_index")?,
        name: get(row, "name")?,
        fields: get(row, "fields")?,
    })
}

async fn parties_book(
    tx: &mut Tx,
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
    book::holdings(tx, &mut book, &parties).await?;
    Ok(book)
}
