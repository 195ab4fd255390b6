//! Activities and the notifications they cause: written once per (place, account, slot).

use std::collections::{BTreeSet, HashMap};

use vigia_core::{
    AccountId, Activity, Address, AddressBook, BalanceEffect, NotificationId, Place, Slot,
};

use super::book;
use super::codec::{self, address_opt, amount, int};
use super::commit::Places;
use crate::db::{Tx, Value, get, insert as insert_rows, insert_returning};
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
    coins_seen(tx, &new).await?;
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
    ])
}

/// Puts the coins of new activities among those to be looked up.
async fn coins_seen(tx: &mut Tx, new: &[New<'_>]) -> Result<()> {
    let coin_types: BTreeSet<&String> = new
        .iter()
        .filter_map(|new| new.activity.coin_type.as_ref())
        .collect();
    let coin_types: Vec<&String> = coin_types.into_iter().collect();
    insert_rows(tx, sql!("coin_seen"), &coin_types, |coin_type| {
        Ok(vec![(*coin_type).clone().into()])
    })
    .await?;
    Ok(())
}

/// Whether what a transaction meant is new to an account, rather than history of an address that it
/// added since: of the addresses that the transaction touched, one at least was live by then.
struct Followed<'a> {
    book: AddressBook,
    /// Addresses whose balance of a coin changed at a place.
    moved: HashMap<(Place, &'a str), Vec<Address>>,
}

impl<'a> Followed<'a> {
    async fn read(tx: &mut Tx, asking: &[&Activity], effects: &'a [BalanceEffect]) -> Result<Self> {
        let places: BTreeSet<Place> = asking.iter().map(|activity| activity.place).collect();
        let mut moved = HashMap::<_, Vec<_>>::new();
        for effect in effects
            .iter()
            .filter(|effect| places.contains(&effect.place))
        {
            let key = (effect.place, effect.coin_type.as_str());
            moved.entry(key).or_default().push(effect.address);
        }
        let named = asking.iter().filter_map(|activity| activity.address);
        let touched: BTreeSet<Address> = moved.values().flatten().copied().chain(named).collect();
        let touched: Vec<Address> = touched.into_iter().collect();
        let mut book = AddressBook::default();
        book::holdings(tx, &mut book, &touched).await?;
        Ok(Self { book, moved })
    }

    fn is_live(&self, activity: &Activity) -> bool {
        let place = activity.place;
        let moved = activity.coin_type.as_deref();
        let moved = moved.and_then(|coin_type| self.moved.get(&(place, coin_type)));
        let touched = activity.address.iter().chain(moved.into_iter().flatten());
        let held_from =
            touched.filter_map(|address| self.book.held_from(address, activity.account));
        // One that touches no address of the account's was asked for by itself.
        held_from.min().is_none_or(|from| from <= place.checkpoint)
    }
}

/// Writes a notification for each new activity that asks for one and is at `live_first` or later;
/// returns how many.
pub(super) async fn notify(
    tx: &mut Tx,
    new: &[New<'_>],
    effects: &[BalanceEffect],
    places: &Places,
    live_first: u64,
    now_ms: u64,
) -> Result<u64> {
    let mut asking: Vec<_> = new
        .iter()
        .filter(|new| new.activity.place.checkpoint >= live_first)
        .filter_map(|new| new.activity.notify.as_ref().map(|kind| (new, kind)))
        .collect();
    // What comes live again, or is folded anew, may be older than an address that was added since.
    let activities: Vec<&Activity> = asking.iter().map(|(new, _)| new.activity).collect();
    let followed = Followed::read(tx, &activities, effects).await?;
    asking.retain(|(new, _)| followed.is_live(new.activity));
    let created_at_ms = int("time", now_ms)?;
    insert_rows(tx, sql!("notification_insert"), &asking, |(new, kind)| {
        let Activity {
            place,
            account,
            slot,
            ..
        } = new.activity;
        let (digest, _) = places
            .get(place)
            .ok_or(StoreError::NoTransaction { place: *place })?;
        let id = NotificationId::of_activity(digest, *account, slot);
        Ok(vec![
            id.as_bytes().to_vec().into(),
            new.id.into(),
            account.0.into(),
            kind.as_str().into(),
            created_at_ms.into(),
        ])
    })
    .await
}
