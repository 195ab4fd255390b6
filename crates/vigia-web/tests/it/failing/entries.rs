//! The same for who signs in, and for schedules.

use async_trait::async_trait;
use vigia_core::{Fence, UserId, UserRole};
use vigia_store::{
    Login, RoleOutcome, ScheduleRow, ScheduleRun, ScheduleSpec, ScheduleStore, SecretHash,
    SessionRow, SessionSpec, SignInStore, SignedIn, TokenRow, TokenSpec, UserSpec,
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
