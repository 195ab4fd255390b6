//! Activities and the notifications they cause: written once per (place, account, slot).

use std::collections::{BTreeSet, HashMap, HashSet};

use vigia_core::{
    AccountId, Activity, Address, AddressBook, Category, Commit, NotificationId, Place, Slot,
    Suppressed,
};

use super::book;
use super::codec::{self, address_opt, amount, int};
use super::commit::Places;
use crate::db::{Trip, Tx, Value, get, insert as insert_rows, insert_returning, query};
use crate::sql::sql;
use crate::{Result, StoreError};

/// An activity that was not there before.
pub(super) struct New<'a> {
    pub(super) id: i64,
    activity: &'a Activity,
}

/// Inserts activities; returns the new ones in order of id.
pub(super) async fn insert<'a>(
    tx: &mut Tx,
    activities: &[&'a Activity],
    places: &Places,
) -> Result<Vec<New<'a>>> {
    match tx {
        Tx::Sqlite(_) => insert_numbered(tx, activities, places).await,
        Tx::Postgres { .. } => insert_returned(tx, activities, places).await,
    }
}

/// With ids that are known before, since a write on SQLite is alone: that as many rows are new as were given says it all, and
/// no row comes back.
async fn insert_numbered<'a>(
    tx: &mut Tx,
    activities: &[&'a Activity],
    places: &Places,
) -> Result<Vec<New<'a>>> {
    if activities.is_empty() {
        return Ok(Vec::new());
    }
    let high = query(sql!(dialects "identity_high"))
        .bind("activity")
        .bind("id")
        .fetch_one(tx)
        .await?;
    let first = get::<i64>(&high, "high")? + 1;
    let numbered = (first..).zip(activities);
    let mut new: Vec<New<'a>> = numbered
        .map(|(id, activity)| New { id, activity })
        .collect();
    let sql = sql!("sqlite/activity_insert_numbered");
    let inserted = insert_rows(tx, sql, &new, |new| {
        let mut all = vec![new.id.into()];
        all.append(&mut values(new.activity, places)?);
        Ok(all)
    })
    .await?;
    if inserted < new.len() as u64 {
        let rows = query(sql!("sqlite/activity_ids_from"))
            .bind(first)
            .fetch_all(tx)
            .await?;
        let ids = rows.iter().map(|row| get(row, "id"));
        let ids: HashSet<i64> = ids.collect::<Result<_>>()?;
        new.retain(|new| ids.contains(&new.id));
    }
    Ok(new)
}

/// With ids that the database gives out.
async fn insert_returned<'a>(
    tx: &mut Tx,
    activities: &[&'a Activity],
    places: &Places,
) -> Result<Vec<New<'a>>> {
    let rows = insert_returning(tx, sql!("activity_insert"), activities, |activity| {
        values(activity, places)
    })
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
    Ok(new)
}

fn values(activity: &Activity, places: &Places) -> Result<Vec<Value>> {
    let place = activity.place;
    let (digest, timestamp_ms) = places
        .get(&place)
        .ok_or(StoreError::NoTransaction { place })?;
    Ok(vec![
        int("checkpoint", place.checkpoint)?.into(),
        place.index.into(),
        activity.account.0.into(),
        activity.slot.to_string().into(),
        digest.inner().to_vec().into(),
        int("time of checkpoint", *timestamp_ms)?.into(),
        activity.kind.clone().into(),
        activity.direction.as_str().into(),
        activity.status.as_str().into(),
        address_opt(activity.address.as_ref()).into(),
        activity.coin_type.clone().into(),
        activity.amount.map(amount).into(),
        address_opt(activity.counterparty.as_ref()).into(),
        activity.contract.clone().into(),
        activity.business_id.clone().into(),
        activity.details.to_string().into(),
        activity.suppressed.map(Suppressed::as_str).into(),
    ])
}

/// Adds to a trip the coins of new activities, to be looked up where nothing is known about them yet.
pub(super) async fn coins_seen(trip: Trip, tx: &mut Tx, new: &[New<'_>]) -> Result<Trip> {
    let coin_types: BTreeSet<&String> = new
        .iter()
        .filter_map(|new| new.activity.coin_type.as_ref())
        .collect();
    let coin_types: Vec<&String> = coin_types.into_iter().collect();
    trip.rows(tx, sql!("coin_seen"), &coin_types, |coin_type| {
        Ok(vec![(*coin_type).clone().into()])
    })
    .await
}

/// How many of them have an amount that could not be told.
pub(super) fn unread(new: &[New<'_>]) -> u64 {
    let unread = new
        .iter()
        .filter(|new| new.activity.details.get("unread").is_some());
    unread.count() as u64
}

/// Whether what a transaction meant is new to an account, rather than history of an address that it
/// added since: of the addresses that the transaction touched, one at least was live by then.
#[derive(Default)]
pub(super) struct Followed<'a> {
    book: AddressBook,
    /// Addresses whose holdings are in the book, or will be when it is read.
    asked: BTreeSet<Address>,
    /// Addresses whose balance of a coin changed at a place.
    moved: HashMap<(Place, &'a str), Vec<Address>>,
}

impl<'a> Followed<'a> {
    /// What a commit has to ask for, as far as can be said before its business objects are folded.
    pub(super) fn of(commit: &'a Commit) -> Self {
        let asking = commit.activities.iter().filter(|a| a.notify.is_some());
        let events = commit.business_events.iter().map(|event| event.place);
        let places: BTreeSet<Place> = asking.clone().map(|a| a.place).chain(events).collect();
        let mut asked: BTreeSet<Address> = asking.filter_map(|a| a.address).collect();
        let mut moved = HashMap::<_, Vec<_>>::new();
        for effect in &commit.balance_effects {
            let key = (effect.place, effect.coin_type.as_str());
            moved.entry(key).or_default().push(effect.address);
            if places.contains(&effect.place) {
                asked.insert(effect.address);
            }
        }
        Self {
            book: AddressBook::default(),
            asked,
            moved,
        }
    }

    /// Reads the holdings asked for, and with them those of `parties`, which come back by themselves.
    pub(super) async fn read_with(
        &mut self,
        tx: &mut Tx,
        parties: &BTreeSet<Address>,
    ) -> Result<AddressBook> {
        self.asked.extend(parties);
        let mut of_parties = AddressBook::default();
        for (address, holding) in book::holdings(tx, self.asked.iter()).await? {
            if parties.contains(&address) {
                of_parties.insert(address, holding);
            }
            self.book.insert(address, holding);
        }
        Ok(of_parties)
    }

    /// Those of `new` activities that somebody is told of: they ask for it, and are in the live lane.
    pub(super) async fn telling<'n>(
        &mut self,
        tx: &mut Tx,
        new: &'n [New<'n>],
        live_first: u64,
    ) -> Result<Vec<&'n New<'n>>> {
        let asking = |new: &&New<'_>| {
            new.activity.notify.is_some() && new.activity.place.checkpoint >= live_first
        };
        let mut telling: Vec<&New<'_>> = new.iter().filter(asking).collect();
        // A folded activity may name an address that nothing else in the commit does.
        let touched = telling.iter().flat_map(|new| self.touched(new.activity));
        let missing: BTreeSet<Address> = touched
            .filter(|address| !self.asked.contains(*address))
            .copied()
            .collect();
        for (address, holding) in book::holdings(tx, missing.iter()).await? {
            self.book.insert(address, holding);
        }
        // What comes live again, or is folded anew, may be older than an address that was added since.
        telling.retain(|new| self.is_live(new.activity));
        Ok(telling)
    }

    fn is_live(&self, activity: &Activity) -> bool {
        let held_from = self
            .touched(activity)
            .filter_map(|address| self.book.held_from(address, activity.account));
        // One that touches no address of the account's was asked for by itself.
        let from = held_from.min();
        from.is_none_or(|from| from <= activity.place.checkpoint)
    }

    fn touched<'b>(&'b self, activity: &'b Activity) -> impl Iterator<Item = &'b Address> {
        let coin_type = activity.coin_type.as_deref();
        let moved = coin_type.and_then(|coin_type| self.moved.get(&(activity.place, coin_type)));
        activity.address.iter().chain(moved.into_iter().flatten())
    }
}

/// Adds to a trip a notification for each activity that somebody is told of.
pub(super) async fn notify(
    trip: Trip,
    tx: &mut Tx,
    telling: &[&New<'_>],
    places: &Places,
    now_ms: u64,
) -> Result<Trip> {
    let created_at_ms = int("time", now_ms)?;
    trip.rows(tx, sql!("notification_insert"), telling, |new| {
        let Activity {
            place,
            account,
            slot,
            notify,
            ..
        } = new.activity;
        let (digest, _) = places
            .get(place)
            .ok_or(StoreError::NoTransaction { place: *place })?;
        let id = NotificationId::of_activity(*place, digest, *account, slot);
        let category = notify.as_ref().map(Category::of);
        Ok(vec![
            id.as_bytes().to_vec().into(),
            new.id.into(),
            account.0.into(),
            notify.as_ref().map(|kind| kind.as_str().to_owned()).into(),
            category.map(|category| category.as_str().to_owned()).into(),
            created_at_ms.into(),
        ])
    })
    .await
}
