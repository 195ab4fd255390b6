//! How users show who they are: passwords, sessions of browsers, tokens of programs.
//!
//! Secrets come here as hashes and leave as hashes. What has expired is as good as gone: no method
//! returns it, and [`SignInStore::sign_in_prune`] removes it.

use std::fmt;

use async_trait::async_trait;
use vigia_core::{User, UserId, UserRole};

use crate::{Result, UserSpec};

/// SHA-256 of a secret of 32 random bytes.
pub type SecretHash = [u8; 32];

/// Uses of a session or token that are closer together than this are written down as one.
pub const USED_WITHIN_MS: u64 = 60_000;
/// Most sessions or tokens that are listed, and that a user may have.
pub const CREDENTIALS_MAX: u32 = 100;

/// A user with what they sign in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Who it is.
    pub user: User,
    /// What they may do.
    pub role: UserRole,
    /// Argon2id in the PHC string format; none where tokens are the only way.
    pub password_hash: Option<String>,
}

/// What became of a role that was to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleOutcome {
    /// The user has it, and had this one before; the same where nothing changed.
    Set(UserRole),
    /// There is no user of this external id.
    NoUser,
    /// The user is the only admin, and nobody could make another.
    LastAdmin,
}

/// What a token may be used for; never for more than its user may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenScope {
    /// To read the accounts that its user is a member of.
    #[default]
    Read,
    /// To do all that its user may do.
    Full,
    /// To do for an application what these say, for all its users; to read no more than `Read`.
    Application(ApplicationScopes),
}

/// Something that an application's token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationScope {
    /// To say who its users are, their accounts, memberships and addresses.
    Accounts,
    /// To say which devices users have, and how they want to be told.
    Devices,
    /// To ask for payments, and to take that back.
    Invoices,
    /// To announce transactions.
    Announce,
}

/// What an application's token may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplicationScopes(u8);

impl ApplicationScope {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::Accounts,
        Self::Devices,
        Self::Invoices,
        Self::Announce,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Devices => "devices",
            Self::Invoices => "invoices",
            Self::Announce => "announce",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Accounts => 1,
            Self::Devices => 2,
            Self::Invoices => 4,
            Self::Announce => 8,
        }
    }
}

impl ApplicationScopes {
    /// These.
    pub fn new(scopes: impl IntoIterator<Item = ApplicationScope>) -> Self {
        Self(scopes.into_iter().fold(0, |all, scope| all | scope.bit()))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this is among them.
    pub fn contains(self, scope: ApplicationScope) -> bool {
        self.0 & scope.bit() != 0
    }
}

/// Who a session or token is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// What may be done with it: a token's scope is counted in.
    pub role: UserRole,
    /// Whether anything may be changed with it.
    pub may_write: bool,
    /// What may be done for an application with it.
    pub application: ApplicationScopes,
}

/// A session to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSpec {
    /// Hash of its secret.
    pub secret_hash: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// What the browser says it is, cut to a bearable length.
    pub client: String,
    /// When it ends, unless it is used until then.
    pub expires_at_ms: u64,
}

/// A session as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Key, ascending.
    pub id: i64,
    /// External id of its user.
    pub user: String,
    /// What the browser says it is.
    pub client: String,
    /// When it began.
    pub created_at_ms: u64,
    /// When it was used last, to the minute.
    pub used_at_ms: u64,
    /// When it ends.
    pub expires_at_ms: u64,
}

/// A token to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSpec {
    /// Hash of its secret.
    pub secret_hash: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may be used for.
    pub scope: TokenScope,
    /// When it ends; none: never.
    pub expires_at_ms: Option<u64>,
}

/// A token as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Key, ascending.
    pub id: i64,
    /// External id of its user.
    pub user: String,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at_ms: u64,
    /// When it was used last, to the minute; none: never.
    pub used_at_ms: Option<u64>,
    /// When it ends; none: never.
    pub expires_at_ms: Option<u64>,
}

/// Passwords, sessions and tokens.
#[async_trait]
pub trait SignInStore: Send + Sync {
    /// Creates a user, or says again what one may do and by which password; without a hash the one
    /// that is there stays. A new password ends the user's sessions.
    async fn login_set(
        &self,
        user: &UserSpec,
        role: UserRole,
        password_hash: Option<&str>,
    ) -> Result<UserId>;

    /// Says what a user may do. Whoever has a session or token may do so from their next request on. The last admin
    /// stays one.
    async fn role_set(&self, external_id: &str, role: UserRole) -> Result<RoleOutcome>;

    /// The user of this external id, with what they sign in by.
    async fn login_find(&self, external_id: &str) -> Result<Option<Login>>;

    /// All users that have a role or a password, in order of external id, after `after`, at most
    /// `limit`.
    async fn login_list(&self, after: &str, limit: u32) -> Result<Vec<Login>>;

    /// Begins a session; beyond [`CREDENTIALS_MAX`] of a user the one that was used longest ago ends.
    async fn session_begin(&self, spec: &SessionSpec) -> Result<()>;

    /// Who a session is of, while it lasts. From a use on it lasts `lifetime_ms`.
    async fn session_use(
        &self,
        secret_hash: &SecretHash,
        lifetime_ms: u64,
    ) -> Result<Option<SignedIn>>;

    /// Ends a session; one that is not there is as good.
    async fn session_end(&self, secret_hash: &SecretHash) -> Result<()>;

    /// Ends all sessions of a user; returns how many there were.
    async fn session_end_all(&self, user: UserId) -> Result<u64>;

    /// The key of a session, while it lasts.
    async fn session_key(&self, secret_hash: &SecretHash) -> Result<Option<i64>>;

    /// Ends a session of a user by its key; false where the user has none of this key.
    async fn session_end_one(&self, user: UserId, id: i64) -> Result<bool>;

    /// Ends all sessions of a user but the one of this key; returns how many there were.
    async fn session_end_others(&self, user: UserId, id: i64) -> Result<u64>;

    /// Sessions of a user, or of all, in order of key.
    async fn session_list(&self, user: Option<UserId>) -> Result<Vec<SessionRow>>;

    /// Makes a token and returns its key; none where its user has [`CREDENTIALS_MAX`] already.
    async fn token_create(&self, spec: &TokenSpec) -> Result<Option<i64>>;

    /// Who a token is of, while it lasts.
    async fn token_use(&self, secret_hash: &SecretHash) -> Result<Option<SignedIn>>;

    /// Takes a token back; false where there is none that lasts.
    async fn token_revoke(&self, id: i64) -> Result<bool>;

    /// Tokens that last, of a user or of all, in order of key.
    async fn token_list(&self, user: Option<UserId>) -> Result<Vec<TokenRow>>;

    /// Removes sessions and tokens that expired before `before_ms`; returns how many of each.
    async fn sign_in_prune(&self, before_ms: u64) -> Result<(u64, u64)>;
}

impl TokenScope {
    /// What a user of `role` may do through a token of this scope.
    pub fn limit(self, role: UserRole) -> UserRole {
        match self {
            Self::Read | Self::Application(_) => UserRole::User,
            Self::Full => role,
        }
    }

    /// What may be done for an application through it.
    pub fn application(self) -> ApplicationScopes {
        match self {
            Self::Read | Self::Full => ApplicationScopes::default(),
            Self::Application(scopes) => scopes,
        }
    }
}

impl fmt::Display for TokenScope {
    /// The word for it, or the words, apart by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Full => f.write_str("full"),
            Self::Application(scopes) => {
                let all = ApplicationScope::ALL.into_iter();
                let words = all.filter(|scope| scopes.contains(*scope));
                let words: Vec<&str> = words.map(ApplicationScope::as_str).collect();
                f.write_str(&words.join(","))
            }
        }
    }
}

impl std::str::FromStr for TokenScope {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let scope = |word: &str| {
            let mut all = ApplicationScope::ALL.into_iter();
            all.find(|scope| scope.as_str() == word)
        };
        let words: Option<Vec<_>> = text.split(',').map(|word| scope(word.trim())).collect();
        match (text, words) {
            ("read", _) => Ok(Self::Read),
            ("full", _) => Ok(Self::Full),
            (_, Some(scopes)) => Ok(Self::Application(ApplicationScopes::new(scopes))),
            (_, None) => Err(format!(
                "{text:?} is not a scope of tokens: read, full, or for applications one or several of \
                 accounts, devices, invoices and announce, apart by commas"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_come_back_from_their_words() {
        for text in [
            "read",
            "full",
            "accounts",
            "accounts,devices,invoices,announce",
        ] {
            let scope: TokenScope = text.parse().unwrap();
            assert_eq!(scope.to_string(), text);
        }
        let scope: TokenScope = "invoices, accounts".parse().unwrap();
        assert_eq!(scope.to_string(), "accounts,invoices");
        assert_eq!(scope.limit(UserRole::Admin), UserRole::User);
        assert!(scope.application().contains(ApplicationScope::Invoices));
        assert!(!scope.application().contains(ApplicationScope::Devices));
        for wrong in ["", "read,accounts", "everything", "accounts,"] {
            let problem = wrong.parse::<TokenScope>().unwrap_err();
            assert!(problem.contains("accounts, devices"), "{problem}");
        }
    }
}
