//! Adding to the watch list: what is new in a request, and the accounts and users it names.
//!
//! A whole request is looked up and written with a handful of statements: a million addresses are
//! registered in batches of thousands.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use vigia_core::{WatchTarget, check_names};

use crate::db::{Row, Tx, Value, byte_strings, get, get_opt, insert, query, texts};
use crate::sql::{Sql, sql};
use crate::{AccountSpec, Refused, Result, StoreError, UserSpec, WatchEntry};

/// Most members named for one account in one entry.
const MEMBERS_MAX: usize = 100;

/// What a request amounts to.
#[derive(Default)]
pub(super) struct Plan {
    /// Positions of entries to add.
    pub(super) new: Vec<usize>,
    /// Entries that are so already.
    pub(super) unchanged: u64,
    /// Entries that cannot be.
    pub(super) refused: Vec<Refused>,
}

/// Sorts out a request against what is watched, and against itself: the first of two wins.
pub(super) async fn plan(tx: &mut Tx, entries: &[WatchEntry]) -> Result<Plan> {
    let mut watched = Watched::load(tx, entries).await?;
    let mut plan = Plan::default();
    for (index, entry) in entries.iter().enumerate() {
        match watched.add(entry) {
            Ok(true) => plan.new.push(index),
            Ok(false) => plan.unchanged += 1,
            Err(reason) => plan.refused.push(Refused { index, reason }),
        }
    }
    Ok(plan)
}

/// Who watches the targets of a request.
struct Watched {
    /// External id of the holder of an address.
    holders: HashMap<Vec<u8>, String>,
    /// Kind, target and observer of contracts and coins.
    observed: HashSet<(String, Vec<u8>, Option<String>)>,
}

impl Watched {
    async fn load(tx: &mut Tx, entries: &[WatchEntry]) -> Result<Self> {
        let (mut addresses, mut contracts) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.target {
                WatchTarget::Address(address) => addresses.push(address.as_bytes()),
                contract => contracts.push(contract.to_string()),
            }
        }
        let held = query(sql!(dialects "watch_held"))
            .bind(byte_strings(addresses))
            .fetch_all(tx)
            .await?;
        let observed = query(sql!(dialects "watch_observed"))
            .bind(texts(contracts))
            .fetch_all(tx)
            .await?;
        Ok(Self {
            holders: held.iter().map(holder).collect::<Result<_>>()?,
            observed: observed.iter().map(observer).collect::<Result<_>>()?,
        })
    }

    /// Whether the entry is new; the error says why it is refused.
    fn add(&mut self, entry: &WatchEntry) -> std::result::Result<bool, String> {
        if let Some(account) = &entry.account {
            check_account(account)?;
        }
        let external_id = entry.account.as_ref().map(|spec| spec.external_id.clone());
        let key = entry.target.to_key();
        let WatchTarget::Address(address) = &entry.target else {
            let kind = entry.target.kind().to_owned();
            return Ok(self.observed.insert((kind, key, external_id)));
        };
        let external_id = external_id
            .ok_or_else(|| format!("{address} has no account: an address is watched for one"))?;
        match self.holders.get(&key) {
            Some(holder) if *holder == external_id => Ok(false),
            Some(holder) => Err(format!(
                "{address} belongs to account {holder:?}; it can move to {external_id:?} after \
                 its watch is removed"
            )),
            None => {
                self.holders.insert(key, external_id);
                Ok(true)
            }
        }
    }
}

fn holder(row: &Row) -> Result<(Vec<u8>, String)> {
    Ok((get(row, "target")?, get(row, "external_id")?))
}

fn observer(row: &Row) -> Result<(String, Vec<u8>, Option<String>)> {
    Ok((
        get(row, "kind")?,
        get(row, "target")?,
        get_opt(row, "external_id")?,
    ))
}

fn check_account(spec: &AccountSpec) -> std::result::Result<(), String> {
    check_names("account", &spec.external_id, &spec.display_name)?;
    if spec.members.len() > MEMBERS_MAX {
        let found = spec.members.len();
        return Err(format!(
            "{found} members are named at once; at most {MEMBERS_MAX} can be"
        ));
    }
    for user in &spec.members {
        check_names("user", &user.external_id, &user.display_name)?;
    }
    Ok(())
}

/// Creates or finds the accounts of all entries that are not refused, with their members. Entries
/// that change nothing count too: that is how a member joins an account later.
pub(super) async fn accounts(
    tx: &mut Tx,
    plan: &Plan,
    entries: &[WatchEntry],
    now_ms: i64,
) -> Result<HashMap<String, i64>> {
    let refused: HashSet<usize> = plan.refused.iter().map(|refused| refused.index).collect();
    let specs: Vec<&AccountSpec> = entries
        .iter()
        .enumerate()
        .filter(|(index, _)| !refused.contains(index))
        .filter_map(|(_, entry)| entry.account.as_ref())
        .collect();
    let account_ids = accounts_upsert(tx, &specs, now_ms).await?;
    let users: Vec<&UserSpec> = specs.iter().flat_map(|spec| &spec.members).collect();
    let user_ids = users_upsert(tx, &users, now_ms).await?;
    // In order: a million at once touch each page of the index of accounts once and not at random.
    let members: BTreeSet<(i64, i64)> = specs
        .iter()
        .flat_map(|spec| {
            let account = account_ids[&spec.external_id];
            let users = spec.members.iter();
            users.map(move |user| (account, &user.external_id))
        })
        .map(|(account, user)| (account, user_ids[user]))
        .collect();
    let members: Vec<_> = members.into_iter().collect();
    insert(
        tx,
        sql!("account_member_insert"),
        &members,
        |(account, user)| Ok(vec![(*account).into(), (*user).into()]),
    )
    .await?;
    Ok(account_ids)
}

async fn accounts_upsert(
    tx: &mut Tx,
    specs: &[&AccountSpec],
    now_ms: i64,
) -> Result<HashMap<String, i64>> {
    let once = named_once(specs, |spec| (&*spec.external_id, &*spec.display_name));
    insert(tx, sql!("account_upsert"), &once, |(spec, display_name)| {
        Ok(vec![
            spec.external_id.clone().into(),
            spec.kind.as_str().into(),
            (*display_name).into(),
            now_ms.into(),
        ])
    })
    .await?;
    account_ids(tx, once.iter().map(|(spec, _)| &*spec.external_id)).await
}

/// Creates or finds one user; the error says what is wrong with its names.
pub(super) async fn user_upsert(tx: &mut Tx, user: &UserSpec, now_ms: i64) -> Result<i64> {
    check_names("user", &user.external_id, &user.display_name)
        .map_err(|problem| StoreError::BadName { problem })?;
    let ids = users_upsert(tx, &[user], now_ms).await?;
    Ok(ids[&user.external_id])
}

async fn users_upsert(
    tx: &mut Tx,
    users: &[&UserSpec],
    now_ms: i64,
) -> Result<HashMap<String, i64>> {
    let once = named_once(users, |user| (&*user.external_id, &*user.display_name));
    insert(tx, sql!("user_upsert"), &once, |(user, display_name)| {
        Ok(vec![
            user.external_id.clone().into(),
            (*display_name).into(),
            user.locale.as_str().into(),
            now_ms.into(),
        ])
    })
    .await?;
    user_ids(tx, once.iter().map(|(user, _)| &*user.external_id)).await
}

/// Each key once, in order of key, with the first name that is one: a statement may touch a row only
/// once, and rows are locked in one order by everybody.
fn named_once<'a, S>(
    specs: &[&'a S],
    key_and_name: impl Fn(&'a S) -> (&'a str, &'a str),
) -> Vec<(&'a S, &'a str)> {
    let mut once = BTreeMap::new();
    for spec in specs.iter().copied() {
        let (key, name) = key_and_name(spec);
        let known = once.entry(key).or_insert((spec, name));
        if known.1.is_empty() {
            known.1 = name;
        }
    }
    once.into_values().collect()
}

/// Ids of accounts by their keys.
pub(super) async fn account_ids(
    tx: &mut Tx,
    keys: impl Iterator<Item = &str>,
) -> Result<HashMap<String, i64>> {
    ids(tx, sql!(dialects "account_ids"), texts(keys)).await
}

/// Ids of users by their keys.
pub(super) async fn user_ids(
    tx: &mut Tx,
    keys: impl Iterator<Item = &str>,
) -> Result<HashMap<String, i64>> {
    ids(tx, sql!(dialects "user_ids"), texts(keys)).await
}

async fn ids(tx: &mut Tx, sql: Sql, wanted: Value) -> Result<HashMap<String, i64>> {
    let rows = query(sql).bind(wanted).fetch_all(tx).await?;
    rows.iter()
        .map(|row| Ok((get(row, "external_id")?, get(row, "id")?)))
        .collect()
}
