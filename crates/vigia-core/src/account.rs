//! Users, the accounts they hold, and on whose behalf a call runs.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sui_sdk_types::Address;

/// Longest external id in bytes (I-13).
pub const EXTERNAL_ID_BYTES_MAX: usize = 200;
/// Longest display name in bytes (I-13).
pub const DISPLAY_NAME_BYTES_MAX: usize = 400;

/// Checks the texts that name an account or user, `what`; the error says which one is wrong.
pub fn check_names(what: &str, external_id: &str, display_name: &str) -> Result<(), String> {
    if external_id.is_empty() {
        return Err(format!("the {what} has no external id"));
    }
    for (name, text, bytes_max) in [
        ("external id", external_id, EXTERNAL_ID_BYTES_MAX),
        ("display name", display_name, DISPLAY_NAME_BYTES_MAX),
    ] {
        if text.contains('\0') {
            return Err(format!("the {what}'s {name} holds a zero character"));
        }
        if text.len() > bytes_max {
            let found = text.len();
            return Err(format!(
                "the {what}'s {name} has {found} bytes; at most {bytes_max} fit"
            ));
        }
    }
    Ok(())
}

/// Key of a user in this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UserId(pub i64);

/// Key of an account in this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub i64);

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Key in this database.
    pub id: UserId,
    /// The application's own key for the user.
    pub external_id: String,
    /// Name shown to others.
    pub display_name: String,
    /// Language of texts for the user.
    pub locale: Locale,
}

/// Something that holds addresses: a person's wallet or a business with members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Key in this database.
    pub id: AccountId,
    /// The application's own key for the account.
    pub external_id: String,
    /// Personal or business.
    pub kind: AccountKind,
    /// Name shown to others.
    pub display_name: String,
}

/// Whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// One person's.
    Personal,
    /// A business with members.
    Business,
}

impl AccountKind {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Business => "business",
        }
    }
}

impl std::str::FromStr for AccountKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "personal" => Ok(Self::Personal),
            "business" => Ok(Self::Business),
            _ => Err(format!(
                "{text:?} is not a kind of account (personal, business)"
            )),
        }
    }
}

/// A language vigia writes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Spanish.
    #[default]
    Es,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

impl Locale {
    /// The language subtag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
            Self::Pt => "pt",
        }
    }
}

impl std::str::FromStr for Locale {
    type Err = String;

    /// Accepts a language tag of any region: `es-AR`, `pt_BR`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text
            .split(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "es" => Ok(Self::Es),
            "en" => Ok(Self::En),
            "pt" => Ok(Self::Pt),
            _ => Err(format!(
                "{text:?} is not a language vigia writes in (es, en, pt)"
            )),
        }
    }
}

/// What a user may do beside reading the accounts they are a member of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UserRole {
    /// Nothing else.
    #[default]
    User,
    /// Read every account and run operator commands.
    Operator,
    /// The same, and say who is what.
    Admin,
}

impl UserRole {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it sees every account.
    pub fn is_operator(self) -> bool {
        self != Self::User
    }
}

impl std::str::FromStr for UserRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "user" => Ok(Self::User),
            "operator" => Ok(Self::Operator),
            "admin" => Ok(Self::Admin),
            _ => Err(format!("{text:?} is not a role (user, operator, admin)")),
        }
    }
}

/// On whose behalf a call reads or changes data (I-14).
///
/// An authenticator makes it; resolvers and stores only ask it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The operator at the machine vigia runs on.
    LocalOperator,
    /// A user who operates vigia, and sees every account.
    Operator(UserId),
    /// The same, who says who is what besides.
    Admin(UserId),
    /// A user, who sees the accounts they are a member of.
    User(UserId),
}

/// Which accounts a query may touch; every read of users' data takes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every account.
    All,
    /// The accounts this user is a member of.
    MemberOf(UserId),
}

impl Principal {
    /// What the principal may read.
    pub fn scope(&self) -> Scope {
        match self {
            Self::LocalOperator | Self::Operator(_) | Self::Admin(_) => Scope::All,
            Self::User(user) => Scope::MemberOf(*user),
        }
    }

    /// The user it is, where it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::LocalOperator => None,
            Self::Operator(user) | Self::Admin(user) | Self::User(user) => Some(*user),
        }
    }

    /// Whether the principal may run operator commands.
    pub fn is_operator(&self) -> bool {
        self.scope() == Scope::All
    }

    /// Whether the principal may say what others may do; whoever is at the machine may.
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::LocalOperator | Self::Admin(_))
    }
}

/// That an account held an address over a range of checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The holder.
    pub account: AccountId,
    /// First checkpoint of the range.
    pub from_inclusive: u64,
    /// End of the range; open while held.
    pub to_exclusive: Option<u64>,
}

/// Who held which address when: what interpretation needs to know about accounts.
///
/// The past is never re-attributed: an activity belongs to the holder at its checkpoint. The first
/// holding of an address also covers its history before that.
#[derive(Clone, Debug, Default)]
pub struct AddressBook {
    holdings: HashMap<Address, Vec<Holding>>,
    /// Accounts that asked to observe a contract or coin, by canonical watch target.
    observers: HashMap<String, Vec<AccountId>>,
}

impl AddressBook {
    /// Records that `address` was held so.
    pub fn insert(&mut self, address: Address, holding: Holding) {
        let holdings = self.holdings.entry(address).or_default();
        holdings.push(holding);
        holdings.sort_by_key(|holding| holding.from_inclusive);
    }

    /// Records that `account` observes `target`, a contract or coin.
    pub fn observe(&mut self, target: impl Into<String>, account: AccountId) {
        self.observers
            .entry(target.into())
            .or_default()
            .push(account);
    }

    /// The account that held `address` at `checkpoint`.
    pub fn account_at(&self, address: &Address, checkpoint: u64) -> Option<AccountId> {
        let holdings = self.holdings.get(address)?;
        let started = holdings
            .iter()
            .rev()
            .find(|holding| holding.from_inclusive <= checkpoint);
        let holding = started.or(holdings.first())?;
        let held = holding.to_exclusive.is_none_or(|end| checkpoint < end);
        held.then_some(holding.account)
    }

    /// The first checkpoint from which `account` holds `address`, that of its history left out.
    pub fn held_from(&self, address: &Address, account: AccountId) -> Option<u64> {
        let holdings = self.holdings.get(address)?.iter();
        let of_account = holdings.filter(|holding| holding.account == account);
        of_account.map(|holding| holding.from_inclusive).min()
    }

    /// Whether anybody observes anything.
    pub fn has_observers(&self) -> bool {
        !self.observers.is_empty()
    }

    /// The accounts observing `target`.
    pub fn observers_of(&self, target: &str) -> &[AccountId] {
        self.observers.get(target).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_stays_with_whom_it_happened_to() {
        let address = Address::new([7; 32]);
        let (first, second) = (AccountId(1), AccountId(2));
        let mut book = AddressBook::default();
        book.insert(
            address,
            Holding {
                account: second,
                from_inclusive: 30,
                to_exclusive: None,
            },
        );
        book.insert(
            address,
            Holding {
                account: first,
                from_inclusive: 10,
                to_exclusive: Some(20),
            },
        );

        assert_eq!(
            book.account_at(&address, 5),
            Some(first),
            "history before the first holding"
        );
        assert_eq!(book.account_at(&address, 19), Some(first));
        assert_eq!(
            book.account_at(&address, 20),
            None,
            "held by nobody in between"
        );
        assert_eq!(book.account_at(&address, 30), Some(second));
        assert_eq!(book.account_at(&Address::ZERO, 30), None);
        assert_eq!(book.held_from(&address, first), Some(10), "without history");
        assert_eq!(book.held_from(&address, second), Some(30));
        assert_eq!(book.held_from(&address, AccountId(3)), None);
    }

    #[test]
    fn locales_accept_any_region() {
        assert_eq!("es-AR".parse(), Ok(Locale::Es));
        assert_eq!("pt_BR".parse(), Ok(Locale::Pt));
        assert!("de".parse::<Locale>().is_err());
    }
}
