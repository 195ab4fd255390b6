//! The same for who signs in, and for schedules.

use async_trait::async_trait;
use vigia_core::{
    Account, AccountId, BusinessEvent, BusinessKey, CoinInfo, DeliveryId, Digest, Fence, Scope,
    UserId, UserRole,
};
use vigia_store::{
    AttemptRow, DirectoryStore, Login, MemberRow, RoleOutcome, ScheduleRow, ScheduleRun,
    ScheduleSpec, ScheduleStore, SecretHash, SessionRow, SessionSpec, SignInStore, SignedIn,
    TokenRow, TokenSpec, UserRow, UserSpec, WatchRow,
};

use super::store::{FailingStore, Result};

#[async_trait]
impl SignInStore for FailingStore {
    async fn login_set(&self, _: &UserSpec, _: UserRole, _: Option<&str>) -> Result<UserId> {
        self.fail()
    }

    async fn role_set(&self, _: &str, _: UserRole) -> Result<RoleOutcome> {
        self.fail()
    }

    async fn login_find(&self, _: &str) -> Result<Option<Login>> {
        self.fail()
    }

    async fn login_list(&self, _: &str, _: u32) -> Result<Vec<Login>> {
        self.fail()
    }

    async fn session_begin(&self, _: &SessionSpec) -> Result<()> {
        self.fail()
    }

    async fn session_use(&self, _: &SecretHash, _: u64) -> Result<Option<SignedIn>> {
        self.fail()
    }

    async fn session_end(&self, _: &SecretHash) -> Result<()> {
        self.fail()
    }

    async fn session_end_all(&self, _: UserId) -> Result<u64> {
        self.fail()
    }

    async fn session_key(&self, _: &SecretHash) -> Result<Option<i64>> {
        self.fail()
    }

    async fn session_end_one(&self, _: UserId, _: i64) -> Result<bool> {
        self.fail()
    }

    async fn session_end_others(&self, _: UserId, _: i64) -> Result<u64> {
        self.fail()
    }

    async fn session_list(&self, _: Option<UserId>) -> Result<Vec<SessionRow>> {
        self.fail()
    }

    async fn token_create(&self, _: &TokenSpec) -> Result<Option<i64>> {
        self.fail()
    }

    async fn token_use(&self, _: &SecretHash) -> Result<Option<SignedIn>> {
        self.fail()
    }

    async fn token_revoke(&self, _: i64) -> Result<bool> {
        self.fail()
    }

    async fn token_list(&self, _: Option<UserId>) -> Result<Vec<TokenRow>> {
        self.fail()
    }

    async fn sign_in_prune(&self, _: u64) -> Result<(u64, u64)> {
        self.fail()
    }
}

#[async_trait]
impl ScheduleStore for FailingStore {
    async fn schedule_declare(&self, _: &ScheduleSpec) -> Result<()> {
        self.fail()
    }

    async fn schedule_list(&self) -> Result<Vec<ScheduleRow>> {
        self.fail()
    }

    async fn schedule_fire(&self, _: &str, _: u64, _: Option<u64>, _: Option<u64>) -> Result<bool> {
        self.fail()
    }

    async fn schedule_finish(&self, _: &str, _: Fence, _: &ScheduleRun) -> Result<bool> {
        self.fail()
    }

    async fn schedule_pause(&self, _: &str, _: bool) -> Result<bool> {
        self.fail()
    }
}

#[async_trait]
impl DirectoryStore for FailingStore {
    async fn user_page(&self, _: i64, _: u32) -> Result<Vec<UserRow>> {
        self.fail()
    }

    async fn user_row(&self, _: &str) -> Result<Option<UserRow>> {
        self.fail()
    }

    async fn account_page(&self, _: &Scope, _: i64, _: u32) -> Result<Vec<Account>> {
        self.fail()
    }

    async fn account_row(&self, _: &Scope, _: &str) -> Result<Option<Account>> {
        self.fail()
    }

    async fn account_members(&self, _: &[AccountId], _: u32) -> Result<Vec<MemberRow>> {
        self.fail()
    }

    async fn user_accounts(&self, _: &[UserId], _: u32) -> Result<Vec<MemberRow>> {
        self.fail()
    }

    async fn account_addresses(
        &self,
        _: &[AccountId],
        _: u32,
    ) -> Result<Vec<(AccountId, WatchRow)>> {
        self.fail()
    }

    async fn business_events(
        &self,
        _: &[BusinessKey],
    ) -> Result<Vec<(BusinessEvent, Digest, u64)>> {
        self.fail()
    }

    async fn delivery_attempts(&self, _: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        self.fail()
    }

    async fn push_attempts(&self, _: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        self.fail()
    }

    async fn coin_find(&self, _: &[String]) -> Result<Vec<CoinInfo>> {
        self.fail()
    }

    async fn coin_page(&self, _: &str, _: u32) -> Result<Vec<CoinInfo>> {
        self.fail()
    }
}
