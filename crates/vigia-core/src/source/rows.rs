//! Reading rows, and finding what contradicts itself.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::{Kept, SourceAccount, SourceRefusal, SourceSnapshot, SourceUser};
use crate::{AccountKind, Address, Locale, Permissions, check_names, parse_address};

/// The columns a query may return; `address` and `account_id` it has to.
pub const SOURCE_COLUMNS: [&str; 8] = [
    "address",
    "account_id",
    "account_kind",
    "account_name",
    "user_id",
    "user_name",
    "locale",
    "permissions",
];

/// Rows that are not of the shape they have to have: the query is wrong, not what is in the database.
#[derive(Debug, thiserror::Error)]
#[error(
    "row {row} of the query does not fit: {problem}; its columns are {}, of which address and account_id \
     are required",
    SOURCE_COLUMNS.join(", ")
)]
pub struct SourceRowError {
    /// Which row, from 1 on.
    pub row: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// One row: an address of an account, and a user who belongs to the account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    #[serde(deserialize_with = "present")]
    address: Option<Key>,
    #[serde(deserialize_with = "present")]
    account_id: Option<Key>,
    account_kind: Option<Key>,
    account_name: Option<Key>,
    user_id: Option<Key>,
    user_name: Option<Key>,
    locale: Option<Key>,
    permissions: Option<Words>,
}

/// A column that may be null and may not be absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Key>, D::Error> {
    Option::deserialize(deserializer)
}

/// A text, or a number as applications use for keys.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_str<E>(self, text: &str) -> Result<Key, E> {
        Ok(Key(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Key, E> {
        Ok(Key(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Key, E> {
        Ok(Key(number.to_string()))
    }
}

/// Words in an array, or in a text, apart by spaces or commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

/// An account or user as the rows so far have it; the key stands in the map.
struct Seen<T> {
    /// In which order it came.
    number: u32,
    value: T,
    /// Why it is refused: rows disagree about it, or it cannot be kept.
    problem: Option<Box<str>>,
}

/// Takes rows and makes a snapshot of them.
#[derive(Default)]
pub struct SourceBuilder {
    rows: u64,
    accounts: Named<(AccountKind, Box<str>)>,
    users: Named<(Locale, Box<str>)>,
    /// Who claims an address first.
    claims: HashMap<Address, u32>,
    /// Who else does.
    counterclaims: HashMap<Address, BTreeSet<u32>>,
    /// What is said of a user in an account; none where rows disagree.
    members: HashMap<(u32, u32), Option<u32>>,
    permissions: Vec<Permissions>,
    permission_positions: HashMap<Permissions, u32>,
    refused: Vec<SourceRefusal>,
    kept: Kept,
}

/// Accounts or users by their keys.
struct Named<T>(HashMap<String, Seen<T>>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: PartialEq> Named<T> {
    /// The number of `key`; what rows before said of it has to be the same.
    fn number(&mut self, key: String, value: T, problem: Option<String>, doubt: &str) -> u32 {
        let next = number_of(self.0.len());
        let problem = problem.map(String::into_boxed_str);
        match self.0.entry(key) {
            Entry::Vacant(entry) => {
                let seen = Seen {
                    number: next,
                    value,
                    problem,
                };
                entry.insert(seen).number
            }
            Entry::Occupied(mut entry) => {
                let seen = entry.get_mut();
                if seen.problem.is_none() && (seen.value != value || problem.is_some()) {
                    seen.problem = Some(problem.unwrap_or_else(|| doubt.into()));
                }
                seen.number
            }
        }
    }

    /// Keys by number, of those that the rows are in doubt about or `wanted` by number.
    fn keys(&self, wanted: &HashSet<u32>) -> HashMap<u32, &str> {
        let named = self.0.iter();
        named
            .filter(|(_, seen)| seen.problem.is_some() || wanted.contains(&seen.number))
            .map(|(key, seen)| (seen.number, &**key))
            .collect()
    }

    /// Those that nothing is wrong with, in order of their keys, and for each number the new one.
    fn in_order(self) -> (Vec<Option<u32>>, Vec<(String, T)>) {
        let mut order = vec![None; self.0.len()];
        let good = self
            .0
            .into_iter()
            .filter(|(_, seen)| seen.problem.is_none());
        let mut good: Vec<(String, T, u32)> = good
            .map(|(key, seen)| (key, seen.value, seen.number))
            .collect();
        good.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        for (new, (.., old)) in (0..).zip(&good) {
            order[*old as usize] = Some(new);
        }
        let good = good.into_iter().map(|(key, value, _)| (key, value));
        (order, good.collect())
    }
}

/// A position among rows, which are limited to far less than this holds.
fn number_of(length: usize) -> u32 {
    u32::try_from(length).expect("rows are limited")
}

impl SourceBuilder {
    /// Rows taken so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a row as the JSON object that Postgres' `row_to_json` makes of it.
    pub fn push(&mut self, json: &str) -> Result<(), SourceRowError> {
        self.rows += 1;
        let row: SourceRow = serde_json::from_str(json).map_err(|error| SourceRowError {
            row: self.rows,
            problem: without_position(&error.to_string()),
        })?;
        let Some(Key(account_id)) = row.account_id else {
            let subject = row.address.map_or_else(String::new, |address| address.0);
            self.refuse(subject, "a row names no account for it".to_owned());
            return Ok(());
        };
        let address = row.address.as_ref().map(|Key(text)| parse_address(text));
        let address = match (address, row.address) {
            (Some(Ok(address)), _) => Some(address),
            (Some(Err(error)), Some(Key(text))) => {
                self.kept.holders.insert(account_id.clone());
                self.refuse(text, error.to_string());
                None
            }
            _ => {
                self.kept.holders.insert(account_id.clone());
                self.refuse(account_id.clone(), "a row has no address for it".to_owned());
                None
            }
        };
        let account = self.account(account_id, row.account_kind, row.account_name);
        if let Some(address) = address {
            self.claim(address, account);
        }
        if let Some(Key(user)) = row.user_id {
            let subject = row.permissions.is_some().then(|| user.clone());
            let user = self.user(user, row.user_name, row.locale);
            self.member(account, user, subject, row.permissions);
        }
        Ok(())
    }

    /// The snapshot of all rows.
    pub fn finish(mut self) -> SourceSnapshot {
        self.keep_the_doubtful();
        let (account_order, accounts) = self.accounts.in_order();
        let (user_order, users) = self.users.in_order();
        let mut addresses: Vec<(Address, u32)> = Vec::with_capacity(self.claims.len());
        for (address, account) in self.claims {
            let is_sure = !self.counterclaims.contains_key(&address);
            if let (true, Some(account)) = (is_sure, account_order[account as usize]) {
                addresses.push((address, account));
            }
        }
        addresses.sort_unstable();
        let mut members: Vec<(u32, u32, u32)> = Vec::with_capacity(self.members.len());
        for ((account, user), permissions) in self.members {
            let places = (account_order[account as usize], user_order[user as usize]);
            if let ((Some(account), Some(user)), Some(permissions)) = (places, permissions) {
                members.push((account, user, permissions));
            }
        }
        members.sort_unstable();
        self.refused.sort_unstable();
        self.refused.dedup();
        let accounts = accounts.into_iter();
        let accounts = accounts.map(|(external_id, (kind, name))| SourceAccount {
            external_id,
            kind,
            display_name: name.into_string(),
        });
        let users = users.into_iter();
        let users = users.map(|(external_id, (locale, name))| SourceUser {
            external_id,
            display_name: name.into_string(),
            locale,
        });
        SourceSnapshot {
            rows: self.rows,
            accounts: accounts.collect(),
            users: users.collect(),
            addresses,
            members,
            permissions: self.permissions,
            refused: self.refused,
            kept: self.kept,
        }
    }

    fn refuse(&mut self, subject: String, reason: String) {
        self.refused.push(SourceRefusal { subject, reason });
    }

    fn account(&mut self, external_id: String, kind: Option<Key>, name: Option<Key>) -> u32 {
        let name = name.map_or_else(|| external_id.clone(), |name| name.0);
        let mut problem = check_names("account", &external_id, &name).err();
        let kind = kind.map_or(Ok(AccountKind::Personal), |kind| kind.0.parse());
        let kind = kind.unwrap_or_else(|error| {
            problem.get_or_insert(error);
            AccountKind::Personal
        });
        let doubt = "rows disagree about the account's kind or name";
        let value = (kind, name.into_boxed_str());
        self.accounts.number(external_id, value, problem, doubt)
    }

    fn user(&mut self, external_id: String, name: Option<Key>, locale: Option<Key>) -> u32 {
        let name = name.map_or_else(|| external_id.clone(), |name| name.0);
        let problem = check_names("user", &external_id, &name).err();
        // A language that no texts are in is no reason to leave somebody out.
        let locale = locale.and_then(|locale| locale.0.parse().ok());
        let doubt = "rows disagree about the user's name or language";
        let value = (locale.unwrap_or_default(), name.into_boxed_str());
        self.users.number(external_id, value, problem, doubt)
    }

    fn claim(&mut self, address: Address, account: u32) {
        let first = *self.claims.entry(address).or_insert(account);
        if first != account {
            self.counterclaims
                .entry(address)
                .or_default()
                .insert(account);
        }
    }

    fn member(&mut self, account: u32, user: u32, subject: Option<String>, words: Option<Words>) {
        let permissions = match &words {
            None => Ok(Permissions::all()),
            Some(Words::Text(text)) => text.parse(),
            Some(Words::List(words)) => Permissions::new(words.iter().map(String::as_str)),
        };
        let permissions = match permissions {
            Ok(permissions) => Some(self.permissions_position(permissions)),
            Err(error) => {
                self.refuse(subject.unwrap_or_default(), error);
                None
            }
        };
        let known = self.members.entry((account, user)).or_insert(permissions);
        if *known != permissions {
            *known = None;
        }
    }

    fn permissions_position(&mut self, permissions: Permissions) -> u32 {
        let next = number_of(self.permissions.len());
        let remember = |permissions: &Permissions| {
            self.permissions.push(permissions.clone());
            next
        };
        let positions = &mut self.permission_positions;
        *positions.entry(permissions).or_insert_with_key(remember)
    }

    /// Refuses what rows disagree about, and notes what it has to stay with.
    fn keep_the_doubtful(&mut self) {
        let mut refused: Vec<(String, String)> = Vec::new();
        for (key, seen) in &self.accounts.0 {
            if let Some(problem) = &seen.problem {
                self.kept.accounts.insert(key.clone());
                self.kept.holders.insert(key.clone());
                refused.push((key.clone(), problem.to_string()));
            }
        }
        for (key, seen) in &self.users.0 {
            if let Some(problem) = &seen.problem {
                self.kept.users.insert(key.clone());
                refused.push((key.clone(), problem.to_string()));
            }
        }
        let disputed = self.members.iter().filter(|(_, words)| words.is_none());
        let disputed: Vec<(u32, u32)> = disputed.map(|(pair, _)| *pair).collect();
        let mut wanted: HashSet<u32> = disputed.iter().map(|(account, _)| *account).collect();
        for (address, others) in &self.counterclaims {
            wanted.extend(others);
            wanted.extend(self.claims.get(address));
        }
        let accounts = self.accounts.keys(&wanted);
        let in_doubt = |account: &u32| {
            let key = accounts.get(account);
            key.is_some_and(|key| self.kept.accounts.contains(*key))
        };
        for (address, account) in &self.claims {
            if in_doubt(account) {
                self.kept.addresses.insert(*address);
            }
        }
        for (address, others) in &self.counterclaims {
            self.kept.addresses.insert(*address);
            let claimants = others.iter().chain(self.claims.get(address));
            let names: BTreeSet<&str> = claimants.map(|account| accounts[account]).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let reason = format!(
                "it belongs to {} accounts at once: {}; an address has one",
                names.len(),
                names.join(", ")
            );
            refused.push((address.to_string(), reason));
        }
        let users = self
            .users
            .keys(&disputed.iter().map(|(_, user)| *user).collect());
        for (account, user) in &disputed {
            let (account, user) = (accounts[account], users[user]);
            let pair = (account.to_owned(), user.to_owned());
            self.kept.members.insert(pair);
            let reason =
                format!("its permissions in account {account} cannot be read, or rows disagree");
            refused.push((user.to_owned(), reason));
        }
        let refused = refused.into_iter();
        self.refused
            .extend(refused.map(|(subject, reason)| SourceRefusal { subject, reason }));
    }
}

/// Every row is a text of its own: where in it something stands says nothing.
fn without_position(problem: &str) -> String {
    let end = problem.find(" at line ").unwrap_or(problem.len());
    problem[..end].to_owned()
}
