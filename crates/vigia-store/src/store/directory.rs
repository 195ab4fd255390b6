//! `DirectoryStore`: who there is.

use async_trait::async_trait;
use serde_json::Value;
use vigia_core::{
    Account, AccountId, BusinessEvent, BusinessKey, CoinInfo, DeliveryId, Digest, Scope, UserId,
};

use super::delivery::attempt;
use super::read::{row, user_of};
use super::sign_in::role;
use super::watch::watch_from_row;
use super::{SqlStore, business};
use crate::db::{Row, byte_strings, get, get_opt, parsed, query, texts};
use crate::directory::{DirectoryStore, MemberRow, UserRow};
use crate::sql::{Sql, sql};
use crate::{ATTEMPTS_MAX, AttemptRow, Result, WatchRow};

#[async_trait]
impl DirectoryStore for SqlStore {
    async fn user_page(&self, after: i64, limit: u32) -> Result<Vec<UserRow>> {
        let page = query(sql!("user_page")).bind(after).bind(limit);
        let rows = page.fetch_alone(&self.database).await?;
        rows.iter().map(user_row).collect()
    }

    async fn user_row(&self, external_id: &str) -> Result<Option<UserRow>> {
        let find = query(sql!("user_row")).bind(external_id);
        let rows = find.fetch_alone(&self.database).await?;
        rows.first().map(user_row).transpose()
    }

    async fn account_page(&self, scope: &Scope, after: i64, limit: u32) -> Result<Vec<Account>> {
        let page = match user_of(scope) {
            None => query(sql!("account_page")).bind(after).bind(limit),
            Some(user) => query(sql!("account_page_member"))
                .bind(after)
                .bind(limit)
                .bind(user),
        };
        let rows = page.fetch_alone(&self.database).await?;
        rows.iter().map(row::account).collect()
    }

    async fn account_row(&self, scope: &Scope, external_id: &str) -> Result<Option<Account>> {
        let find = query(sql!("account_row"))
            .bind(external_id)
            .bind(user_of(scope));
        let rows = find.fetch_alone(&self.database).await?;
        rows.first().map(row::account).transpose()
    }

    async fn account_members(
        &self,
        accounts: &[AccountId],
        each_max: u32,
    ) -> Result<Vec<MemberRow>> {
        let ids = accounts.iter().map(|account| account.0);
        let find = query(sql!(dialects "account_members"));
        let find = find.bind(numbers(ids)).bind(each_max);
        let rows = find.fetch_alone(&self.database).await?;
        rows.iter().map(member_row).collect()
    }

    async fn user_accounts(&self, users: &[UserId], each_max: u32) -> Result<Vec<MemberRow>> {
        let ids = users.iter().map(|user| user.0);
        let find = query(sql!(dialects "user_accounts"));
        let find = find.bind(numbers(ids)).bind(each_max);
        let rows = find.fetch_alone(&self.database).await?;
        rows.iter().map(member_row).collect()
    }

    async fn account_addresses(
        &self,
        accounts: &[AccountId],
        each_max: u32,
    ) -> Result<Vec<(AccountId, WatchRow)>> {
        let ids = accounts.iter().map(|account| account.0);
        let find = query(sql!(dialects "account_addresses"));
        let find = find.bind(numbers(ids)).bind(each_max);
        let rows = find.fetch_alone(&self.database).await?;
        let pair = |row| Ok((get(row, "account_id")?, watch_from_row(row)?));
        rows.iter().map(pair).collect()
    }

    async fn business_events(
        &self,
        keys: &[BusinessKey],
    ) -> Result<Vec<(BusinessEvent, Digest, u64)>> {
        let mut tx = self.database.read().await?;
        business::events_of(&mut tx, keys.iter().collect()).await
    }

    async fn delivery_attempts(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        self.attempts(sql!(dialects "delivery_attempts"), ids).await
    }

    async fn push_attempts(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        self.attempts(sql!(dialects "push_attempts"), ids).await
    }

    async fn coin_find(&self, coin_types: &[String]) -> Result<Vec<CoinInfo>> {
        let find = query(sql!(dialects "coin_find")).bind(texts(coin_types));
        let rows = find.fetch_alone(&self.database).await?;
        rows.iter().map(row::coin).collect()
    }

    async fn coin_page(&self, after: &str, limit: u32) -> Result<Vec<CoinInfo>> {
        let page = query(sql!("coin_page")).bind(after).bind(limit);
        let rows = page.fetch_alone(&self.database).await?;
        rows.iter().map(row::coin).collect()
    }
}

impl SqlStore {
    async fn attempts(
        &self,
        sql: Sql,
        ids: &[DeliveryId],
    ) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        let ids = ids.iter().map(DeliveryId::as_bytes);
        let find = query(sql).bind(byte_strings(ids)).bind(ATTEMPTS_MAX);
        let rows = find.fetch_alone(&self.database).await?;
        let pair = |row| Ok((DeliveryId::from_bytes(get(row, "id")?), attempt(row)?));
        rows.iter().map(pair).collect()
    }
}

/// Numbers as one parameter: a JSON array.
fn numbers(numbers: impl Iterator<Item = i64>) -> String {
    Value::from(numbers.collect::<Vec<_>>()).to_string()
}

fn user_row(row: &Row) -> Result<UserRow> {
    let has_role = get_opt::<String>(row, "role")?.is_some();
    Ok(UserRow {
        user: row::user(row)?,
        role: has_role.then(|| role(row)).transpose()?,
        disabled_at_ms: get_opt(row, "disabled_at_ms")?,
    })
}

fn member_row(row: &Row) -> Result<MemberRow> {
    let permissions: String = get(row, "permissions")?;
    Ok(MemberRow {
        account: row::account(row)?,
        user: row::user(row)?,
        permissions: parsed("permissions", permissions.parse())?,
        source: get_opt(row, "source")?,
    })
}
