//! What has to change so that the watch list follows a source.

use super::{SourceAccount, SourceMember, SourceSnapshot, SourceUser};
use crate::{AccountKind, Address, Locale, Permissions};

/// How much may be gone from a source at once before that is taken for its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// Share of what was there, in per cent.
    pub gone_percent_max: u32,
    /// As many may always be gone, unless nothing at all would be left.
    pub gone_min: u64,
}

/// Far fewer than before: nothing is changed until somebody has looked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the source names {found} {what} where there were {known}, and {gone} would go at once, more than \
     {allowed}; nothing was changed. If that is right, run vigia source refresh --accept-fewer"
)]
pub struct SourceShrunk {
    /// Addresses or memberships.
    pub what: &'static str,
    /// How many the source named when it was last followed.
    pub known: u64,
    /// How many it names now.
    pub found: u64,
    /// How many would go.
    pub gone: u64,
    /// How many may go.
    pub allowed: u64,
}

impl SourceLimits {
    fn check(
        &self,
        what: &'static str,
        known: u64,
        found: u64,
        gone: u64,
    ) -> Result<(), SourceShrunk> {
        let share = known.saturating_mul(u64::from(self.gone_percent_max)) / 100;
        let allowed = match found {
            0 => 0,
            _ => share.max(self.gone_min),
        };
        match gone > allowed {
            true => Err(SourceShrunk {
                what,
                known,
                found,
                gone,
                allowed,
            }),
            false => Ok(()),
        }
    }
}

/// A part of the changes to make, in one database transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceChange {
    /// Memberships to end, by account and user.
    pub members_gone: Vec<(String, String)>,
    /// Accounts that are new or not as they should be.
    pub accounts: Vec<SourceAccount>,
    /// Users who are new or not as they should be.
    pub users: Vec<SourceUser>,
    /// Addresses, and the account that holds each from now on; none where nobody does any more. What
    /// the operator watches for the same account becomes the source's.
    pub addresses: Vec<(Address, Option<String>)>,
    /// Memberships to set.
    pub members: Vec<SourceMember>,
}

/// The changes to make, as positions in the snapshot that asks for them.
#[derive(Debug)]
pub struct SourcePlan<'s> {
    snapshot: &'s SourceSnapshot,
    members_gone: Vec<(String, String)>,
    accounts: Vec<u32>,
    users: Vec<u32>,
    addresses_gone: Vec<Address>,
    addresses: Vec<u32>,
    members: Vec<u32>,
}

impl SourcePlan<'_> {
    /// Whether all is as it should be.
    pub fn is_empty(&self) -> bool {
        self.members_gone.is_empty()
            && self.addresses_gone.is_empty()
            && [&self.accounts, &self.users, &self.addresses, &self.members]
                .iter()
                .all(|positions| positions.is_empty())
    }

    /// How many accounts are written.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// How many users are written.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// How many addresses begin or move.
    pub fn addresses_begun(&self) -> usize {
        self.addresses.len()
    }

    /// How many addresses nobody holds any more.
    pub fn addresses_ended(&self) -> usize {
        self.addresses_gone.len()
    }

    /// How many memberships are set.
    pub fn members_set(&self) -> usize {
        self.members.len()
    }

    /// How many memberships end.
    pub fn members_gone(&self) -> usize {
        self.members_gone.len()
    }

    /// The plan in parts of at most `rows` of one kind each, to be applied in order: who goes first,
    /// then what others refer to.
    pub fn parts(&self, rows: usize) -> impl Iterator<Item = SourceChange> {
        let gone = self.members_gone.chunks(rows).map(|pairs| SourceChange {
            members_gone: pairs.to_vec(),
            ..SourceChange::default()
        });
        let accounts = self.accounts.chunks(rows).map(|positions| SourceChange {
            accounts: picked(&self.snapshot.accounts, positions)
                .cloned()
                .collect(),
            ..SourceChange::default()
        });
        let users = self.users.chunks(rows).map(|positions| SourceChange {
            users: picked(&self.snapshot.users, positions).cloned().collect(),
            ..SourceChange::default()
        });
        let ended = self.addresses_gone.chunks(rows).map(|gone| SourceChange {
            addresses: gone.iter().map(|address| (*address, None)).collect(),
            ..SourceChange::default()
        });
        let begun = self.addresses.chunks(rows).map(|positions| SourceChange {
            addresses: picked(&self.snapshot.addresses, positions)
                .map(|(address, holder)| (*address, Some(self.account(*holder))))
                .collect(),
            ..SourceChange::default()
        });
        let members = self.members.chunks(rows).map(|positions| SourceChange {
            members: picked(&self.snapshot.members, positions)
                .map(|member| self.member(*member))
                .collect(),
            ..SourceChange::default()
        });
        gone.chain(accounts)
            .chain(users)
            .chain(ended)
            .chain(begun)
            .chain(members)
    }

    fn account(&self, position: u32) -> String {
        self.snapshot.accounts[position as usize]
            .external_id
            .clone()
    }

    fn member(&self, (account, user, permissions): (u32, u32, u32)) -> SourceMember {
        SourceMember {
            account: self.account(account),
            user: self.snapshot.users[user as usize].external_id.clone(),
            permissions: self.snapshot.permissions[permissions as usize].clone(),
        }
    }
}

/// The values at these positions.
fn picked<'t, T>(of: &'t [T], positions: &'t [u32]) -> impl Iterator<Item = &'t T> {
    positions.iter().map(|position| &of[*position as usize])
}

/// Compares a snapshot with what is there, which is shown to it row by row.
pub struct SourceDifference<'s> {
    snapshot: &'s SourceSnapshot,
    accounts_seen: Seen,
    users_seen: Seen,
    addresses_seen: Seen,
    members_seen: Seen,
    members_gone: Vec<(String, String)>,
    addresses_gone: Vec<Address>,
    /// How many of each the source named before.
    addresses_known: u64,
    members_known: u64,
}

/// Which of a list were seen, and were as they should be.
struct Seen(Vec<bool>);

impl Seen {
    fn new(length: usize) -> Self {
        Self(vec![false; length])
    }

    fn mark(&mut self, position: usize) {
        self.0[position] = true;
    }

    /// The positions of those that were not.
    fn others(&self) -> Vec<u32> {
        let all = (0..).zip(&self.0);
        all.filter_map(|(position, seen)| (!seen).then_some(position))
            .collect()
    }
}

impl<'s> SourceDifference<'s> {
    /// Nothing shown yet.
    pub fn new(snapshot: &'s SourceSnapshot) -> Self {
        Self {
            accounts_seen: Seen::new(snapshot.accounts.len()),
            users_seen: Seen::new(snapshot.users.len()),
            addresses_seen: Seen::new(snapshot.addresses.len()),
            members_seen: Seen::new(snapshot.members.len()),
            members_gone: Vec::new(),
            addresses_gone: Vec::new(),
            addresses_known: 0,
            members_known: 0,
            snapshot,
        }
    }

    /// An account there is.
    pub fn account(&mut self, external_id: &str, kind: AccountKind, display_name: &str) {
        let accounts = &self.snapshot.accounts;
        let found = accounts.binary_search_by(|account| (*account.external_id).cmp(external_id));
        if let Ok(position) = found {
            let account = &accounts[position];
            if account.kind == kind && account.display_name == display_name {
                self.accounts_seen.mark(position);
            }
        }
    }

    /// A user there is.
    pub fn user(&mut self, external_id: &str, display_name: &str, locale: Locale) {
        let users = &self.snapshot.users;
        let found = users.binary_search_by(|user| (*user.external_id).cmp(external_id));
        if let Ok(position) = found {
            let user = &users[position];
            if user.locale == locale && user.display_name == display_name {
                self.users_seen.mark(position);
            }
        }
    }

    /// An address that an account holds; because a source says so, or the operator.
    pub fn address(&mut self, address: Address, account: &str, by_source: bool) {
        self.addresses_known += u64::from(by_source);
        let kept = &self.snapshot.kept;
        let wanted = self.snapshot.account_of(&address);
        match wanted {
            Some(wanted) if wanted.external_id == account => {
                if by_source {
                    self.address_is_settled(&address);
                }
            }
            // What the operator gave to somebody else is refused when it is applied.
            Some(_) if !by_source => {}
            _ if !by_source || kept.addresses.contains(&address) => {}
            // Whoever has a row that cannot be read may mean this very address by it.
            _ if kept.holders.contains(account) => {
                self.address_is_settled(&address);
            }
            Some(_) => {}
            None => {
                self.addresses_gone.push(address);
            }
        }
    }

    fn address_is_settled(&mut self, address: &Address) {
        let addresses = &self.snapshot.addresses;
        if let Ok(position) = addresses.binary_search_by(|(known, _)| known.cmp(address)) {
            self.addresses_seen.mark(position);
        }
    }

    /// A membership there is; because a source says so, or the operator.
    pub fn member(
        &mut self,
        account: &str,
        user: &str,
        permissions: &Permissions,
        by_source: bool,
    ) {
        self.members_known += u64::from(by_source);
        match self.member_position(account, user) {
            Some(position) => {
                let wanted = self.snapshot.members[position].2;
                let is_so = self.snapshot.permissions[wanted as usize] == *permissions;
                if by_source && is_so {
                    self.members_seen.mark(position);
                }
            }
            None if by_source && !self.is_kept(account, user) => {
                let pair = (account.to_owned(), user.to_owned());
                self.members_gone.push(pair);
            }
            None => {}
        }
    }

    fn member_position(&self, account: &str, user: &str) -> Option<usize> {
        let SourceSnapshot {
            accounts, users, ..
        } = self.snapshot;
        let account = accounts.binary_search_by(|known| (*known.external_id).cmp(account));
        let user = users.binary_search_by(|known| (*known.external_id).cmp(user));
        let pair = (u32::try_from(account.ok()?), u32::try_from(user.ok()?));
        let (Ok(account), Ok(user)) = pair else {
            return None;
        };
        let members = &self.snapshot.members;
        let found = members.binary_search_by(|(a, u, _)| (*a, *u).cmp(&(account, user)));
        found.ok()
    }

    fn is_kept(&self, account: &str, user: &str) -> bool {
        let kept = &self.snapshot.kept;
        kept.accounts.contains(account)
            || kept.users.contains(user)
            || kept
                .members
                .contains(&(account.to_owned(), user.to_owned()))
    }

    /// The plan, once everything was shown; or that too much would go, where `limits` are given.
    pub fn finish(self, limits: Option<&SourceLimits>) -> Result<SourcePlan<'s>, SourceShrunk> {
        let snapshot = self.snapshot;
        if let Some(limits) = limits {
            let (found, gone) = (snapshot.addresses(), self.addresses_gone.len() as u64);
            limits.check("addresses", self.addresses_known, found, gone)?;
            let gone = self.members_gone.len() as u64;
            limits.check("memberships", self.members_known, snapshot.members(), gone)?;
        }
        Ok(SourcePlan {
            snapshot,
            members_gone: self.members_gone,
            accounts: self.accounts_seen.others(),
            users: self.users_seen.others(),
            addresses_gone: self.addresses_gone,
            addresses: self.addresses_seen.others(),
            members: self.members_seen.others(),
        })
    }
}
