//! Who there is: users, accounts, and who is a member of which.

use async_trait::async_trait;
use vigia_core::{
    Account, AccountId, BusinessEvent, BusinessKey, CoinInfo, DeliveryId, Digest, Permissions,
    Scope, User, UserId, UserRole,
};

use crate::{AttemptRow, Result, WatchRow};

/// A user as operators see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Who it is.
    pub user: User,
    /// What they may do where people sign in; none: they cannot with a password.
    pub role: Option<UserRole>,
    /// When the application disabled them.
    pub disabled_at_ms: Option<u64>,
}

/// A membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Of this account.
    pub account: Account,
    /// This user.
    pub user: User,
    /// What they may.
    pub permissions: Permissions,
    /// The source that says so; none where the operator or the application did.
    pub source: Option<String>,
}

/// Reads who there is, many at once: what pages and GraphQL show of each row of a list is one statement for all rows.
#[async_trait]
pub trait DirectoryStore: Send + Sync {
    /// Users with keys above `after`, in the order in which they were learnt of; those that were erased are none.
    async fn user_page(&self, after: i64, limit: u32) -> Result<Vec<UserRow>>;

    /// A user.
    async fn user_row(&self, external_id: &str) -> Result<Option<UserRow>>;

    /// Accounts in a scope with keys above `after`, in the order in which they were learnt of.
    async fn account_page(&self, scope: &Scope, after: i64, limit: u32) -> Result<Vec<Account>>;

    /// An account in a scope.
    async fn account_row(&self, scope: &Scope, external_id: &str) -> Result<Option<Account>>;

    /// Members of these accounts, at most so many of each, by account and external id.
    async fn account_members(
        &self,
        accounts: &[AccountId],
        each_max: u32,
    ) -> Result<Vec<MemberRow>>;

    /// Memberships of these users, at most so many of each, by user and external id.
    async fn user_accounts(&self, users: &[UserId], each_max: u32) -> Result<Vec<MemberRow>>;

    /// Watched addresses of these accounts, at most so many of each, by account and key.
    async fn account_addresses(
        &self,
        accounts: &[AccountId],
        each_max: u32,
    ) -> Result<Vec<(AccountId, WatchRow)>>;

    /// Events of these business objects, each with digest and time of its transaction, in the order of the chain. Whoever asks has
    /// been shown the objects.
    async fn business_events(
        &self,
        keys: &[BusinessKey],
    ) -> Result<Vec<(BusinessEvent, Digest, u64)>>;

    /// Attempts of these deliveries, the last [`crate::ATTEMPTS_MAX`] of each, the first one first.
    async fn delivery_attempts(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>>;

    /// The same of pushes.
    async fn push_attempts(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>>;

    /// What is known about these coins.
    async fn coin_find(&self, coin_types: &[String]) -> Result<Vec<CoinInfo>>;

    /// Known coins whose type comes after `after`, by type.
    async fn coin_page(&self, after: &str, limit: u32) -> Result<Vec<CoinInfo>>;
}
