//! Business objects: their events are stored, then each touched object is folded again (I-11).
//!
//! Touched objects are locked first, so that of two commits with events of one object the second
//! folds over the events of both. Folding over all stored events in chain order makes the outcome
//! independent of the order in which commits bring them.

use std::collections::BTreeSet;

use serde_json::Value;
use vigia_core::{
    AccountId, Activity, Address, AddressBook, BusinessEvent, BusinessFolder, BusinessKey,
    BusinessOutcome, Digest,
};

use super::book;
use super::codec::{self, address_opt, amount, int};
use super::commit::Places;
use crate::db::{Row, Trip, Tx, get, query};
use crate::sql::sql;
use crate::{Result, StoreError};

/// Adds to a trip what stores events; those that are there stay as they are. Their objects are locked, in
/// order of key, and created where they are new: a write on SQLite is alone.
pub(super) async fn events(
    trip: Trip,
    tx: &mut Tx,
    events: &[BusinessEvent],
    places: &Places,
) -> Result<Trip> {
    let trip = lock(trip, tx, &keys(events)).await?;
    trip.rows(tx, sql!("business_event_insert"), events, |event| {
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
    .await
}

/// Adds to a trip what locks objects, in order of key, and creates those that are new. A write on SQLite is
/// alone.
async fn lock(trip: Trip, tx: &mut Tx, keys: &BTreeSet<&BusinessKey>) -> Result<Trip> {
    if matches!(tx, Tx::Sqlite(_)) {
        return Ok(trip);
    }
    let keys: Vec<&BusinessKey> = keys.iter().copied().collect();
    trip.rows(tx, sql!("postgres/business_object_lock"), &keys, |key| {
        Ok(vec![
            key.contract.clone().into(),
            key.object.clone().into(),
            key.id.clone().into(),
        ])
    })
    .await
}

/// Locks objects by themselves.
pub(super) async fn objects_lock(tx: &mut Tx, keys: &BTreeSet<&BusinessKey>) -> Result<()> {
    lock(Trip::default(), tx, keys).await?.run(tx).await?;
    Ok(())
}

fn keys(events: &[BusinessEvent]) -> BTreeSet<&BusinessKey> {
    events.iter().map(|event| &event.key).collect()
}

/// Every object that `touched` belongs to, with all its stored events. Adds the places of older events to
/// `places`.
pub(super) async fn load<'k>(
    tx: &mut Tx,
    touched: &'k [BusinessEvent],
    places: &mut Places,
) -> Result<Vec<Object<'k>>> {
    load_keys(tx, &keys(touched), places).await
}

/// The same of objects by their keys.
async fn load_keys<'k>(
    tx: &mut Tx,
    keys: &BTreeSet<&'k BusinessKey>,
    places: &mut Places,
) -> Result<Vec<Object<'k>>> {
    match keys.is_empty() {
        true => Ok(Vec::new()),
        false => events_load(tx, keys, places).await,
    }
}

/// Whose holdings matter to what `objects` amount to.
pub(super) fn parties(objects: &[Object<'_>], folder: &dyn BusinessFolder) -> BTreeSet<Address> {
    objects
        .iter()
        .flat_map(|(key, events)| folder.parties(key, events))
        .collect()
}

/// Folds objects: their states, and the activities that their events amount to.
pub(super) fn fold<'k>(
    objects: &[Object<'k>],
    folder: &dyn BusinessFolder,
    book: &AddressBook,
) -> Vec<(&'k BusinessKey, BusinessOutcome)> {
    objects
        .iter()
        .map(|(key, events)| (*key, folder.fold(key, events, book)))
        .collect()
}

/// Adds to a trip what stores their states.
pub(super) async fn store(
    trip: Trip,
    tx: &mut Tx,
    outcomes: &[(&BusinessKey, BusinessOutcome)],
) -> Result<Trip> {
    let sql = sql!("business_object_upsert");
    let trip = trip.rows(tx, sql, outcomes, |(key, outcome)| {
        let escrow = outcome.escrow.as_ref();
        let deadline = outcome
            .deadline_ms
            .map(|deadline| int("deadline", deadline));
        Ok(vec![
            key.contract.clone().into(),
            key.object.clone().into(),
            key.id.clone().into(),
            outcome.state.clone().into(),
            outcome.data.to_string().into(),
            deadline.transpose()?.into(),
            address_opt(escrow.map(|escrow| &escrow.from)).into(),
            address_opt(escrow.and_then(|escrow| escrow.to.as_ref())).into(),
            escrow.map(|escrow| escrow.coin_type.clone()).into(),
            escrow.map(|escrow| amount(escrow.amount)).into(),
        ])
    });
    let trip = trip.await?;
    let parties = parties_of(outcomes);
    let sql = sql!("business_party_insert");
    trip.rows(tx, sql, &parties, |(key, account)| {
        Ok(vec![
            key.contract.clone().into(),
            key.object.clone().into(),
            key.id.clone().into(),
            account.0.into(),
        ])
    })
    .await
}

/// Who takes part in objects that are listed.
fn parties_of<'k>(
    outcomes: &[(&'k BusinessKey, BusinessOutcome)],
) -> Vec<(&'k BusinessKey, AccountId)> {
    let listed = outcomes.iter().filter(|(_, outcome)| outcome.is_listed);
    let parties: BTreeSet<(&BusinessKey, AccountId)> = listed
        .flat_map(|(key, outcome)| outcome.activities.iter().map(|a| (*key, a.account)))
        .collect();
    parties.into_iter().collect()
}

/// Folds objects by their keys, stores their states, and returns the activities that their events amount to.
/// Adds the places of older events to `places`.
pub(super) async fn fold_keys(
    tx: &mut Tx,
    keys: &BTreeSet<&BusinessKey>,
    folder: &dyn BusinessFolder,
    places: &mut Places,
) -> Result<Vec<Activity>> {
    let objects = load_keys(tx, keys, places).await?;
    let mut book = AddressBook::default();
    for (address, holding) in book::holdings(tx, parties(&objects, folder).iter()).await? {
        book.insert(address, holding);
    }
    let outcomes = fold(&objects, folder, &book);
    store(Trip::default(), tx, &outcomes).await?.run(tx).await?;
    Ok(activities(outcomes))
}

/// The activities among outcomes.
pub(super) fn activities(outcomes: Vec<(&BusinessKey, BusinessOutcome)>) -> Vec<Activity> {
    outcomes
        .into_iter()
        .flat_map(|(_, outcome)| outcome.activities)
        .collect()
}

/// An object with all its stored events in chain order.
pub(super) type Object<'k> = (&'k BusinessKey, Vec<BusinessEvent>);

/// All stored events of objects, of each in chain order, each with digest and time of its transaction.
pub(super) async fn events_of(
    tx: &mut Tx,
    keys: BTreeSet<&BusinessKey>,
) -> Result<Vec<(BusinessEvent, Digest, u64)>> {
    let mut places = Places::new();
    let objects = events_load(tx, &keys, &mut places).await?;
    let events = objects.into_iter().flat_map(|(_, events)| events);
    let placed = events.filter_map(|event| {
        let (digest, timestamp_ms) = *places.get(&event.place)?;
        Some((event, digest, timestamp_ms))
    });
    Ok(placed.collect())
}

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
