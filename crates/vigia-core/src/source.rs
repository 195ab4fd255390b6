//! A list of accounts that another application keeps, and what following it amounts to.
//!
//! Rows come in, one for each address and member of an account; out comes a snapshot in which nothing
//! contradicts itself (`rows`), and from it and what is there now, the changes to make (`difference`).
//! Whatever a row leaves in doubt is refused and listed, and keeps what it has: order never decides.

mod difference;
mod rows;

pub use difference::{SourceDifference, SourceLimits, SourcePlan, SourceShrunk};
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

/// Everything a source says at one moment, free of contradictions.
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
        let mut text = |text: &str| {
            hasher.update(text.len().to_le_bytes());
            hasher.update(text);
        };
        for account in &self.accounts {
            text(&account.external_id);
            text(account.kind.as_str());
            text(&account.display_name);
        }
        text("users");
        for user in &self.users {
            text(&user.external_id);
            text(user.locale.as_str());
            text(&user.display_name);
        }
        text("members");
        for (account, user, permissions) in &self.members {
            text(&self.permissions[*permissions as usize].to_string());
            text(&format!("{account} {user}"));
        }
        text("addresses");
        for (address, account) in &self.addresses {
            text(&format!("{address} {account}"));
        }
        text("refused");
        for refusal in &self.refused {
            text(&refusal.subject);
            text(&refusal.reason);
        }
        hasher.finalize()
    }

    fn account_of(&self, address: &Address) -> Option<&SourceAccount> {
        let found = self.addresses.binary_search_by(|(a, _)| a.cmp(address));
        let position = self.addresses[found.ok()?].1;
        Some(&self.accounts[position as usize])
    }
}
