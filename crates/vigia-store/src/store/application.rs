//! `ApplicationStore`: one transaction for a batch, what there is before what belongs to it, what ends last.

mod erasure;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use vigia_core::{Address, WatchTarget, check_names};

use super::watch::Next;
use super::{SqlStore, commit, delivery, register};
use crate::application::{
    ApplicationChange, ApplicationOutcome, ApplicationReceipt, ApplicationStore,
};
use crate::db::{Lock, Tx, Value, byte_strings, get, insert, query, texts};
use crate::sql::sql;
use crate::{AccountSpec, Result, WatchEntry};

/// Why devices of a disabled user are told nothing.
const USER_DISABLED: &str = "its user is disabled";
/// Why devices are told nothing that the application ended.
const DEVICE_ENDED: &str = "the application removed it";

#[async_trait]
impl ApplicationStore for SqlStore {
    async fn application_apply(&self, changes: &[ApplicationChange]) -> Result<ApplicationReceipt> {
        self.trying(|| self.application_apply_once(changes)).await
    }
}

/// A batch under way.
struct Batch<'c> {
    changes: &'c [ApplicationChange],
    /// Reasons of those that are refused, by position.
    refused: BTreeMap<usize, String>,
    /// Since when addresses are live, by position.
    live: BTreeMap<usize, u64>,
    users: HashMap<String, i64>,
    accounts: HashMap<String, i64>,
    /// Accounts, with their keys, that end with the user who is erased.
    alone: BTreeMap<i64, Vec<(i64, String)>>,
}

impl SqlStore {
    async fn application_apply_once(
        &self,
        changes: &[ApplicationChange],
    ) -> Result<ApplicationReceipt> {
        let now_ms = self.now()?;
        let mut batch = Batch::new(changes);
        let mut tx = self.database.write().await?;
        // Whoever changes the list takes its lock first.
        if changes.iter().any(changes_list) {
            Lock::WatchList.take(&mut tx).await?;
        }
        batch.entities(&mut tx, now_ms).await?;
        batch.members(&mut tx).await?;
        self.people(&mut tx, &mut batch).await?;
        let receipt = batch.ended_and_addresses(&mut tx, now_ms).await?;
        erasure::erase(&mut tx, &batch, self.now()?).await?;
        self.changed(tx, &receipt).await?;
        self.known_sign_ins.forget();
        let is_erased =
            |change: &ApplicationChange| matches!(change, ApplicationChange::UserErased { .. });
        if changes.iter().any(is_erased) {
            self.database.forget_deleted().await;
        }
        let outcome = |index| match (batch.refused.remove(&index), batch.live.get(&index)) {
            (Some(reason), _) => ApplicationOutcome::Refused(reason),
            (None, Some(from)) => ApplicationOutcome::Live { from: *from },
            (None, None) => ApplicationOutcome::Done,
        };
        Ok(ApplicationReceipt {
            watch_version: receipt.version,
            effective_from: receipt.effective_from,
            outcomes: (0..changes.len()).map(outcome).collect(),
        })
    }

    /// Whether users may do anything, their devices and preferences.
    async fn people(&self, tx: &mut Tx, batch: &mut Batch<'_>) -> Result<()> {
        let now_ms = self.now()?;
        for (index, change) in batch.taken() {
            let Some((user, id)) = batch.user_of(change) else {
                continue;
            };
            match change {
                ApplicationChange::UserEnabled { enabled: true, .. } => {
                    query(sql!("user_enable")).bind(id).execute(tx).await?;
                }
                ApplicationChange::UserEnabled { .. } => self.disable(tx, id).await?,
                ApplicationChange::Device { spec, .. } => {
                    if is_disabled(tx, user).await? {
                        let reason = format!("user {user:?} is disabled");
                        batch.refused.insert(index, reason);
                        continue;
                    }
                    self.register_device(tx, vigia_core::UserId(id), spec)
                        .await?;
                }
                ApplicationChange::DeviceEnded {
                    platform, token, ..
                } => {
                    let user = vigia_core::UserId(id);
                    let found = self.device_of_token(tx, user, *platform, token).await?;
                    if let Some(device) = found {
                        query(sql!("device_remove"))
                            .bind(id)
                            .bind(device.id)
                            .bind(DEVICE_ENDED)
                            .execute(tx)
                            .await?;
                        query(sql!("push_cancel_of_device"))
                            .bind(now_ms)
                            .bind(device.id)
                            .execute(tx)
                            .await?;
                    }
                }
                ApplicationChange::Preferences { preferences, .. } => {
                    self.set_preferences(tx, vigia_core::UserId(id), preferences)
                        .await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn disable(&self, tx: &mut Tx, user: i64) -> Result<()> {
        let now_ms = self.now()?;
        query(sql!("user_disable"))
            .bind(user)
            .bind(now_ms)
            .execute(tx)
            .await?;
        query(sql!("session_end_all"))
            .bind(user)
            .execute(tx)
            .await?;
        query(sql!("device_disable_all"))
            .bind(user)
            .bind(USER_DISABLED)
            .execute(tx)
            .await?;
        query(sql!("push_cancel_of_user"))
            .bind(now_ms)
            .bind(user)
            .execute(tx)
            .await?;
        Ok(())
    }
}

impl<'c> Batch<'c> {
    fn new(changes: &'c [ApplicationChange]) -> Self {
        let mut batch = Self {
            changes,
            refused: BTreeMap::new(),
            live: BTreeMap::new(),
            users: HashMap::new(),
            accounts: HashMap::new(),
            alone: BTreeMap::new(),
        };
        let mut said = HashSet::new();
        for (index, change) in changes.iter().enumerate() {
            if !said.insert(subject(change)) {
                let reason = "this is said twice in one batch: send one of the two".to_owned();
                batch.refused.insert(index, reason);
            }
        }
        batch
    }

    /// Those that are not refused so far, with their positions.
    fn taken(&self) -> Vec<(usize, &'c ApplicationChange)> {
        let all = self.changes.iter().enumerate();
        all.filter(|(index, _)| !self.refused.contains_key(index))
            .collect()
    }

    /// Users and accounts that there are to be, and the keys of all that are named.
    async fn entities(&mut self, tx: &mut Tx, now_ms: i64) -> Result<()> {
        let (mut users, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        for (index, change) in self.taken() {
            let checked = match change {
                ApplicationChange::User(user) => {
                    let checked = check_names("user", &user.external_id, &user.display_name);
                    checked.map(|()| {
                        users.insert(&*user.external_id, user);
                    })
                }
                ApplicationChange::Account {
                    account,
                    kind,
                    display_name,
                } => check_names("account", account, display_name).map(|()| {
                    accounts.insert(&**account, (kind, display_name));
                }),
                _ => Ok(()),
            };
            if let Err(reason) = checked {
                self.refused.insert(index, reason);
            }
        }
        let accounts: Vec<_> = accounts.into_iter().collect();
        insert(
            tx,
            sql!("source_account_upsert"),
            &accounts,
            |(account, (kind, display_name))| {
                Ok(vec![
                    (*account).into(),
                    kind.as_str().into(),
                    (&***display_name).into(),
                    now_ms.into(),
                ])
            },
        )
        .await?;
        let users: Vec<_> = users.into_values().collect();
        insert(tx, sql!("source_user_upsert"), &users, |user| {
            Ok(vec![
                (&*user.external_id).into(),
                (&*user.display_name).into(),
                user.locale.as_str().into(),
                now_ms.into(),
            ])
        })
        .await?;
        let named = self.changes.iter().map(names);
        let (named_users, named_accounts): (BTreeSet<_>, BTreeSet<_>) = named.unzip();
        self.users = register::user_ids(tx, named_users.into_iter().flatten()).await?;
        self.accounts = register::account_ids(tx, named_accounts.into_iter().flatten()).await?;
        self.missing();
        Ok(())
    }

    /// Refuses what is about a user or an account that there is none of; what ends is as good as ended.
    fn missing(&mut self) {
        for (index, change) in self.taken() {
            let (user, account) = names(change);
            let user = user.filter(|user| !self.users.contains_key(*user));
            let account = account.filter(|account| !self.accounts.contains_key(*account));
            let missing = user
                .map(|user| ("user", user))
                .or(account.map(|account| ("account", account)));
            let Some((what, key)) = missing.filter(|_| !ends(change)) else {
                continue;
            };
            let reason =
                format!("there is no {what} {key:?}: say that there is, before or in this batch");
            self.refused.insert(index, reason);
        }
    }

    /// The key and row of the user that a change is about.
    fn user_of(&self, change: &'c ApplicationChange) -> Option<(&'c str, i64)> {
        let user = names(change).0?;
        Some((user, *self.users.get(user)?))
    }

    fn account_of(&self, change: &ApplicationChange) -> Option<i64> {
        self.accounts.get(names(change).1?).copied()
    }

    async fn members(&mut self, tx: &mut Tx) -> Result<()> {
        let mut members = BTreeMap::new();
        for (_, change) in self.taken() {
            if let ApplicationChange::Member { permissions, .. } = change
                && let (Some((_, user)), Some(account)) =
                    (self.user_of(change), self.account_of(change))
            {
                members.insert((account, user), permissions.to_string());
            }
        }
        let members: Vec<_> = members.into_iter().collect();
        insert(
            tx,
            sql!("source_member_upsert"),
            &members,
            |((account, user), permissions)| {
                Ok(vec![
                    (*account).into(),
                    (*user).into(),
                    (&**permissions).into(),
                    Value::Text(None),
                ])
            },
        )
        .await?;
        Ok(())
    }

    /// What ends, and then what accounts hold; one version of the list for all of it.
    async fn ended_and_addresses(
        &mut self,
        tx: &mut Tx,
        now_ms: i64,
    ) -> Result<crate::WatchReceipt> {
        let next = Next::read(tx).await?;
        let (mut changed, mut ended) = (0, 0);
        for (index, change) in self.taken() {
            let Some(account) = self.account_of(change) else {
                continue;
            };
            match change {
                ApplicationChange::MemberEnded { .. } => {
                    let Some((_, user)) = self.user_of(change) else {
                        continue;
                    };
                    query(sql!("member_delete"))
                        .bind(account)
                        .bind(user)
                        .execute(tx)
                        .await?;
                }
                ApplicationChange::AddressEnded { address, .. } => {
                    let count = query(sql!("account_address_end"))
                        .bind(account)
                        .bind(address.as_bytes().to_vec())
                        .bind(next.effective_from)
                        .bind(next.version + 1)
                        .execute(tx)
                        .await?;
                    ended += count;
                    changed += count;
                    let held = held(tx, &[*address]).await?;
                    if count == 0 && held.get(address).is_some_and(|holder| holder.0 == account) {
                        let reason = "the source names it: it ends when the source does so no more";
                        self.refused.insert(index, reason.to_owned());
                    }
                }
                ApplicationChange::AccountEnded { .. } => {
                    let (all, addresses) = end_account(tx, &next, account).await?;
                    changed += all;
                    ended += addresses;
                }
                _ => {}
            }
        }
        for account in self.alone(tx).await? {
            let (all, addresses) = end_account(tx, &next, account).await?;
            changed += all;
            ended += addresses;
        }
        let added = self.addresses(tx, &next).await?;
        commit::counter_add(tx, "watched_addresses", added).await?;
        commit::counter_subtract(tx, "watched_addresses", ended).await?;
        next.receipt(tx, changed + added, 0, Vec::new(), now_ms)
            .await
    }

    /// Finds the accounts that end with users who are erased: those of which each is the only member.
    async fn alone(&mut self, tx: &mut Tx) -> Result<Vec<i64>> {
        let mut found = Vec::new();
        for (_, change) in self.taken() {
            let ApplicationChange::UserErased { user } = change else {
                continue;
            };
            let Some(id) = self.users.get(user).copied() else {
                continue;
            };
            let rows = query(sql!("accounts_alone")).bind(id).fetch_all(tx).await?;
            for row in &rows {
                let account: i64 = get(row, "account_id")?;
                let alone = self.alone.entry(id).or_default();
                alone.push((account, get(row, "external_id")?));
                found.push(account);
            }
        }
        Ok(found)
    }

    /// Returns how many addresses are new.
    async fn addresses(&mut self, tx: &mut Tx, next: &Next) -> Result<u64> {
        let mut entries = Vec::new();
        for (index, change) in self.taken() {
            if let ApplicationChange::Address { account, address } = change {
                entries.push((index, entry(account, *address)));
            }
        }
        if entries.is_empty() {
            return Ok(0);
        }
        let (indices, entries): (Vec<usize>, Vec<WatchEntry>) = entries.into_iter().unzip();
        let plan = register::plan(tx, &entries).await?;
        for refused in plan.refused {
            self.refused.insert(indices[refused.index], refused.reason);
        }
        let added: Vec<&WatchEntry> = plan.new.iter().map(|index| &entries[*index]).collect();
        next.insert(tx, &added, &self.accounts).await?;
        let addresses: Vec<Address> = entries.iter().filter_map(address_of).collect();
        let held = held(tx, &addresses).await?;
        for (index, entry) in indices.iter().zip(&entries) {
            let from = address_of(entry).and_then(|address| held.get(&address));
            if let Some((_, from)) = from.filter(|_| !self.refused.contains_key(index)) {
                self.live.insert(*index, *from);
            }
        }
        Ok(added.len() as u64)
    }
}

/// Ends all that is watched for an account, its memberships and its endpoints; returns how many entries of the list that are,
/// and how many of those are addresses.
async fn end_account(tx: &mut Tx, next: &Next, account: i64) -> Result<(u64, u64)> {
    let kinds = query(sql!("account_watch_end"))
        .bind(account)
        .bind(next.effective_from)
        .bind(next.version + 1)
        .fetch_all(tx)
        .await?;
    let mut addresses = 0;
    for row in &kinds {
        addresses += u64::from(get::<String>(row, "kind")? == "address");
    }
    query(sql!("account_members_delete"))
        .bind(account)
        .execute(tx)
        .await?;
    let endpoints = query(sql!("endpoint_remove_of_account"))
        .bind(account)
        .execute(tx)
        .await?;
    if endpoints > 0 {
        delivery::endpoints_changed(tx).await?;
    }
    Ok((kinds.len() as u64, addresses))
}

fn entry(account: &str, address: Address) -> WatchEntry {
    WatchEntry {
        target: WatchTarget::Address(address),
        account: Some(AccountSpec {
            external_id: account.to_owned(),
            kind: vigia_core::AccountKind::Personal,
            display_name: String::new(),
            members: Vec::new(),
        }),
    }
}

fn address_of(entry: &WatchEntry) -> Option<Address> {
    match entry.target {
        WatchTarget::Address(address) => Some(address),
        _ => None,
    }
}

/// Who holds addresses, and since which checkpoint they are live.
async fn held(tx: &mut Tx, addresses: &[Address]) -> Result<HashMap<Address, (i64, u64)>> {
    let rows = query(sql!(dialects "watch_live_from"))
        .bind(byte_strings(addresses.iter().map(Address::as_bytes)))
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                get(row, "target")?,
                (get(row, "account_id")?, get(row, "live_from")?),
            ))
        })
        .collect()
}

async fn is_disabled(tx: &mut Tx, user: &str) -> Result<bool> {
    let rows = query(sql!(dialects "users_disabled"))
        .bind(texts([user]))
        .fetch_all(tx)
        .await?;
    Ok(!rows.is_empty())
}

/// Whether a change is one of the watch list.
fn changes_list(change: &ApplicationChange) -> bool {
    matches!(
        change,
        ApplicationChange::Address { .. }
            | ApplicationChange::AddressEnded { .. }
            | ApplicationChange::AccountEnded { .. }
            // With the accounts that are theirs alone.
            | ApplicationChange::UserErased { .. }
    )
}

/// Whether a change says that something is no more.
fn ends(change: &ApplicationChange) -> bool {
    matches!(
        change,
        ApplicationChange::UserErased { .. }
            | ApplicationChange::AccountEnded { .. }
            | ApplicationChange::MemberEnded { .. }
            | ApplicationChange::AddressEnded { .. }
            | ApplicationChange::DeviceEnded { .. }
    )
}

/// The user and the account that a change names, but for those that it makes.
fn names(change: &ApplicationChange) -> (Option<&str>, Option<&str>) {
    match change {
        ApplicationChange::User(user) => (Some(&user.external_id), None),
        ApplicationChange::UserEnabled { user, .. }
        | ApplicationChange::UserErased { user }
        | ApplicationChange::Device { user, .. }
        | ApplicationChange::DeviceEnded { user, .. }
        | ApplicationChange::Preferences { user, .. } => (Some(user), None),
        ApplicationChange::Account { account, .. }
        | ApplicationChange::AccountEnded { account }
        | ApplicationChange::Address { account, .. }
        | ApplicationChange::AddressEnded { account, .. } => (None, Some(account)),
        ApplicationChange::Member { account, user, .. }
        | ApplicationChange::MemberEnded { account, user } => (Some(user), Some(account)),
    }
}

/// What a change is about: a batch says one thing of each.
fn subject(change: &ApplicationChange) -> (&'static str, Option<&str>, Option<&str>, String) {
    let (user, account) = names(change);
    let (what, more) = match change {
        ApplicationChange::User(_) => ("user", String::new()),
        ApplicationChange::UserEnabled { .. } | ApplicationChange::UserErased { .. } => {
            ("user's state", String::new())
        }
        ApplicationChange::Account { .. } | ApplicationChange::AccountEnded { .. } => {
            ("account", String::new())
        }
        ApplicationChange::Member { .. } | ApplicationChange::MemberEnded { .. } => {
            ("member", String::new())
        }
        ApplicationChange::Preferences { .. } => ("preferences", String::new()),
        // One address may be said of two accounts, which the second is refused for.
        ApplicationChange::Address { address, .. }
        | ApplicationChange::AddressEnded { address, .. } => ("address", address.to_string()),
        ApplicationChange::Device { spec, .. } => (
            "device",
            format!("{}/{}", spec.platform.as_str(), spec.token),
        ),
        ApplicationChange::DeviceEnded {
            platform, token, ..
        } => ("device", format!("{}/{token}", platform.as_str())),
    };
    (what, user, account, more)
}
