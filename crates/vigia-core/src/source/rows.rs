//! Reading rows, and finding what contradicts itself.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{Kept, SourceAccount, SourceRefusal, SourceSnapshot, SourceUser};
use crate::{AccountKind, Address, Permissions, check_names, parse_address};

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
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(D::Error::custom(format!(
                "{other} is neither a text nor a number"
            ))),
        }
    }
}

/// Words in an array, or in a text, apart by spaces or commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

/// An account or user as the rows so far have it.
struct Seen<T> {
    value: T,
    /// Why it is refused; rows disagree about it, or it cannot be kept.
    problem: Option<String>,
}

/// Takes rows and makes a snapshot of them.
#[derive(Default)]
pub struct SourceBuilder {
    rows: u64,
    accounts: Named<SourceAccount>,
    users: Named<SourceUser>,
    /// Who claims an address.
    claims: HashMap<Address, Claim>,
    /// What is said of a user in an account; none where rows disagree.
    members: HashMap<(u32, u32), Option<u32>>,
    permissions: Vec<Permissions>,
    permission_positions: HashMap<Permissions, u32>,
    refused: Vec<SourceRefusal>,
    kept: Kept,
}

enum Claim {
    One(u32),
    Several(Vec<u32>),
}

/// Accounts or users by their keys.
struct Named<T> {
    seen: Vec<Seen<T>>,
    positions: HashMap<String, u32>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self {
            seen: Vec::new(),
            positions: HashMap::new(),
        }
    }
}

impl<T: PartialEq> Named<T> {
    /// The position of `value`; what rows before said of it has to be the same.
    fn position(&mut self, key: &str, value: T, problem: Option<String>, doubt: &str) -> u32 {
        let Some(position) = self.positions.get(key) else {
            let position = u32::try_from(self.seen.len()).expect("rows are limited");
            self.seen.push(Seen { value, problem });
            self.positions.insert(key.to_owned(), position);
            return position;
        };
        let seen = &mut self.seen[*position as usize];
        if seen.problem.is_none() && (seen.value != value || problem.is_some()) {
            seen.problem = Some(problem.unwrap_or_else(|| doubt.to_owned()));
        }
        *position
    }
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
        let account = self.account(&account_id, row.account_kind, row.account_name);
        match row.address.as_ref().map(|Key(text)| parse_address(text)) {
            Some(Ok(address)) => self.claim(address, account),
            Some(Err(error)) => {
                let Some(Key(text)) = row.address else {
                    return Ok(());
                };
                self.kept.holders.insert(account_id);
                self.refuse(text, error.to_string());
            }
            None => {
                self.kept.holders.insert(account_id.clone());
                self.refuse(account_id, "a row has no address for it".to_owned());
            }
        }
        if let Some(Key(user_id)) = row.user_id {
            let user = self.user(&user_id, row.user_name, row.locale);
            self.member(account, user, row.permissions);
        }
        Ok(())
    }

    /// The snapshot of all rows.
    pub fn finish(mut self) -> SourceSnapshot {
        self.keep_the_doubtful();
        let (account_order, accounts) = in_order(self.accounts, |account| &account.external_id);
        let (user_order, users) = in_order(self.users, |user| &user.external_id);
        let mut addresses: Vec<(Address, u32)> = Vec::with_capacity(self.claims.len());
        for (address, claim) in self.claims {
            if let Claim::One(account) = claim
                && let Some(account) = account_order[account as usize]
            {
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
        SourceSnapshot {
            rows: self.rows,
            accounts,
            users,
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

    fn account(&mut self, external_id: &str, kind: Option<Key>, name: Option<Key>) -> u32 {
        let display_name = name.map_or_else(|| external_id.to_owned(), |name| name.0);
        let mut problem = check_names("account", external_id, &display_name).err();
        let kind = kind.map_or(Ok(AccountKind::Personal), |kind| kind.0.parse());
        let kind = kind.unwrap_or_else(|error| {
            problem.get_or_insert(error);
            AccountKind::Personal
        });
        let account = SourceAccount {
            external_id: external_id.to_owned(),
            kind,
            display_name,
        };
        let doubt = "rows disagree about the account's kind or name";
        self.accounts.position(external_id, account, problem, doubt)
    }

    fn user(&mut self, external_id: &str, name: Option<Key>, locale: Option<Key>) -> u32 {
        let display_name = name.map_or_else(|| external_id.to_owned(), |name| name.0);
        let problem = check_names("user", external_id, &display_name).err();
        // A language that no texts are in is no reason to leave somebody out.
        let locale = locale.and_then(|locale| locale.0.parse().ok());
        let user = SourceUser {
            external_id: external_id.to_owned(),
            display_name,
            locale: locale.unwrap_or_default(),
        };
        let doubt = "rows disagree about the user's name or language";
        self.users.position(external_id, user, problem, doubt)
    }

    fn claim(&mut self, address: Address, account: u32) {
        let claim = self.claims.entry(address).or_insert(Claim::One(account));
        match claim {
            Claim::One(other) if *other == account => {}
            Claim::One(other) => *claim = Claim::Several(vec![*other, account]),
            Claim::Several(claimants) => claimants.push(account),
        }
    }

    fn member(&mut self, account: u32, user: u32, words: Option<Words>) {
        let permissions = match &words {
            None => Ok(Permissions::all()),
            Some(Words::Text(text)) => text.parse(),
            Some(Words::List(words)) => Permissions::new(words.iter().map(String::as_str)),
        };
        let permissions = match permissions {
            Ok(permissions) => Some(self.permissions_position(permissions)),
            Err(error) => {
                let user = &self.users.seen[user as usize].value.external_id;
                let subject = user.clone();
                self.refuse(subject, error);
                None
            }
        };
        let known = self.members.entry((account, user)).or_insert(permissions);
        if *known != permissions {
            *known = None;
        }
    }

    fn permissions_position(&mut self, permissions: Permissions) -> u32 {
        let next = u32::try_from(self.permissions.len()).expect("rows are limited");
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
        for seen in &self.accounts.seen {
            if let Some(problem) = &seen.problem {
                let key = &seen.value.external_id;
                self.kept.accounts.insert(key.clone());
                self.kept.holders.insert(key.clone());
                refused.push((key.clone(), problem.clone()));
            }
        }
        for seen in &self.users.seen {
            if let Some(problem) = &seen.problem {
                let key = &seen.value.external_id;
                self.kept.users.insert(key.clone());
                refused.push((key.clone(), problem.clone()));
            }
        }
        for (address, claim) in &self.claims {
            let claimants: &[u32] = match claim {
                Claim::One(account) => std::slice::from_ref(account),
                Claim::Several(claimants) => claimants,
            };
            let of = |account: &u32| &self.accounts.seen[*account as usize];
            if let Claim::Several(_) = claim {
                let names: BTreeSet<&str> = claimants
                    .iter()
                    .map(|account| &*of(account).value.external_id)
                    .collect();
                let names: Vec<&str> = names.into_iter().collect();
                let reason = format!(
                    "it belongs to {} accounts at once: {}; an address has one",
                    names.len(),
                    names.join(", ")
                );
                refused.push((address.to_string(), reason));
            }
            let in_doubt = claimants.len() > 1 || of(&claimants[0]).problem.is_some();
            if in_doubt {
                self.kept.addresses.insert(*address);
            }
        }
        for ((account, user), permissions) in &self.members {
            if permissions.is_none() {
                let account = &self.accounts.seen[*account as usize].value.external_id;
                let user = &self.users.seen[*user as usize].value.external_id;
                let pair = (account.clone(), user.clone());
                self.kept.members.insert(pair);
                let reason = format!(
                    "its permissions in account {account} cannot be read, or rows disagree"
                );
                refused.push((user.clone(), reason));
            }
        }
        let refused = refused.into_iter();
        self.refused
            .extend(refused.map(|(subject, reason)| SourceRefusal { subject, reason }));
    }
}

/// The values that nothing is wrong with, in order of their keys, and for each position the new one.
fn in_order<T>(named: Named<T>, key: impl Fn(&T) -> &String) -> (Vec<Option<u32>>, Vec<T>) {
    let mut order = vec![None; named.seen.len()];
    let mut good: Vec<(usize, T)> = Vec::with_capacity(named.seen.len());
    for (position, seen) in named.seen.into_iter().enumerate() {
        if seen.problem.is_none() {
            good.push((position, seen.value));
        }
    }
    good.sort_unstable_by(|(_, a), (_, b)| key(a).cmp(key(b)));
    for (new, (old, _)) in (0..).zip(&good) {
        order[*old] = Some(new);
    }
    (order, good.into_iter().map(|(_, value)| value).collect())
}

/// Every row is a text of its own: where in it something stands says nothing.
fn without_position(problem: &str) -> String {
    let end = problem.find(" at line ").unwrap_or(problem.len());
    problem[..end].to_owned()
}
