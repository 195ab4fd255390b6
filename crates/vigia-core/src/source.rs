//! A list of accounts that another application keeps, and what following it amounts to.
//!
//! Rows come in, one for each address and member of an account; out comes a snapshot in which nothing
//! contradicts itself (`rows`), and from it and what is there now, the changes to make (`difference`).
//! Whatever a row leaves in doubt is refused and listed, and keeps what it has: order never decides.

mod difference;
mod rows;

pub use difference::{SourceChange, SourceDifference, SourceLimits, SourcePlan, SourceShrunk};
pub use rows::{SOURCE_COLUMNS, SourceBuilder, SourceRowError};

use std::collections::HashSet;

use crate::{AccountKind, Address, Digest, Locale, Permissions};

/// An account as the application has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAccount {
    /// The application's key.
    pub external_id: String,
    /// Personal or business.
    pub kind: AccountKind,
    /// Name shown to others.
    pub display_name: String,
}

/// A user as the application has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUser {
    /// The application's key: the subject of the token the user signs in with.
    pub external_id: String,
    /// Name shown to others.
    pub display_name: String,
    /// Language of texts for the user.
    pub locale: Locale,
}

/// That a user belongs to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMember {
    /// Key of the account.
    pub account: String,
    /// Key of the user.
    pub user: String,
    /// What they may do.
    pub permissions: Permissions,
}

/// Something in the rows that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceRefusal {
    /// What it is about: an address as it was written, an account or a user.
    pub subject: String,
    /// Why, and how to mend it.
    pub reason: String,
}

/// Everything a source says at one moment, free of contradictions. There may be millions of everything,
/// so that each text stands in it once.
#[derive(Clone, Debug, Default)]
pub struct SourceSnapshot {
    /// Rows it was made of.
    pub rows: u64,
    /// In order of their keys.
    accounts: Vec<SourceAccount>,
    /// In order of their keys.
    users: Vec<SourceUser>,
    /// In order, with the position of the account.
    addresses: Vec<(Address, u32)>,
    /// Positions of account and user, in order, and that of the permissions.
    members: Vec<(u32, u32, u32)>,
    /// Kinds of permissions: few, shared by many members.
    permissions: Vec<Permissions>,
    refused: Vec<SourceRefusal>,
    kept: Kept,
}

/// What refused rows are about: it stays as it is.
#[derive(Clone, Debug, Default)]
struct Kept {
    addresses: HashSet<Address>,
    /// Accounts whose addresses stay.
    holders: HashSet<String>,
    /// Accounts whose members stay.
    accounts: HashSet<String>,
    users: HashSet<String>,
    members: HashSet<(String, String)>,
}

impl SourceSnapshot {
    /// How many addresses it names without contradiction.
    pub fn addresses(&self) -> u64 {
        self.addresses.len() as u64
    }

    /// How many memberships it names without contradiction.
    pub fn members(&self) -> u64 {
        self.members.len() as u64
    }

    /// What cannot be followed, in order.
    pub fn refused(&self) -> &[SourceRefusal] {
        &self.refused
    }

    /// A digest of everything it says: the same for the same rows in any order.
    pub fn fingerprint(&self) -> Digest {
        let mut hasher = crate::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(bytes.len().to_le_bytes());
            hasher.update(bytes);
        };
        part(b"accounts");
        for account in &self.accounts {
            part(account.external_id.as_bytes());
            part(account.kind.as_str().as_bytes());
            part(account.display_name.as_bytes());
        }
        part(b"users");
        for user in &self.users {
            part(user.external_id.as_bytes());
            part(user.locale.as_str().as_bytes());
            part(user.display_name.as_bytes());
        }
        part(b"members");
        let permissions: Vec<String> = self.permissions.iter().map(ToString::to_string).collect();
        for (account, user, words) in &self.members {
            part(&account.to_le_bytes());
            part(&user.to_le_bytes());
            part(permissions[*words as usize].as_bytes());
        }
        part(b"addresses");
        for (address, account) in &self.addresses {
            part(address.as_bytes());
            part(&account.to_le_bytes());
        }
        part(b"refused");
        for refusal in &self.refused {
            part(refusal.subject.as_bytes());
            part(refusal.reason.as_bytes());
        }
        hasher.finalize()
    }

    fn account_of(&self, address: &Address) -> Option<&SourceAccount> {
        let found = self.addresses.binary_search_by(|(a, _)| a.cmp(address));
        let position = self.addresses[found.ok()?].1;
        Some(&self.accounts[position as usize])
    }
}
