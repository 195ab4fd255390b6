//! Users, accounts, and who is a member of which.

use async_graphql::connection::Connection;
use async_graphql::{Context, Object, Result};
use vigia_store::{MemberRow, UserRow};

use super::address::WatchedAddress;
use super::error::internal;
use super::failed::check_operator;
use super::loaders::{AccountsOf, AddressesOf, MembersOf, read};
use super::notification::Locale;
use super::page;
use super::query::{reader, web};
use super::role::UserRole;
use super::scalar::UInt53;
use crate::cursor;

/// Something that holds addresses: a person's wallet or a business with members.
pub(super) struct Account(pub(super) vigia_core::Account);

/// Something that holds addresses: a person's wallet or a business with members.
#[Object]
impl Account {
    /// The application's own key for it.
    async fn external_id(&self) -> &str {
        &self.0.external_id
    }

    /// Personal or business.
    async fn kind(&self) -> &'static str {
        self.0.kind.as_str()
    }

    /// Name shown to others.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// Its watched addresses, in the order in which they were added; the first 50.
    #[graphql(complexity = "50 * child_complexity")]
    async fn addresses(&self, ctx: &Context<'_>) -> Result<Vec<WatchedAddress>> {
        let rows = read(ctx, AddressesOf(self.0.id)).await?.unwrap_or_default();
        Ok(rows.into_iter().map(WatchedAddress::from).collect())
    }

    /// Who acts for it, by external id; the first 50.
    #[graphql(complexity = "50 * child_complexity")]
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<Membership>> {
        let rows = read(ctx, MembersOf(self.0.id)).await?.unwrap_or_default();
        Ok(rows.into_iter().map(Membership).collect())
    }
}

/// That a user acts for an account.
struct Membership(MemberRow);

/// That a user acts for an account.
#[Object]
impl Membership {
    /// The account.
    async fn account(&self) -> Account {
        Account(self.0.account.clone())
    }

    /// External id of the user.
    async fn user(&self) -> &str {
        &self.0.user.external_id
    }

    /// Name of the user.
    async fn user_name(&self) -> &str {
        &self.0.user.display_name
    }

    /// What they may: `read` its activities, `notify`: be told of them, `invoice`: ask for payments; and other words of the
    /// application's.
    async fn permissions(&self) -> Vec<&str> {
        self.0.permissions.words().collect()
    }

    /// The source of accounts that says so; null where the operator or the application did.
    async fn source(&self) -> Option<&String> {
        self.0.source.as_ref()
    }
}

/// A user.
struct User(UserRow);

/// A user: whoever is told of accounts.
#[Object]
impl User {
    /// The application's own key for them.
    async fn external_id(&self) -> &str {
        &self.0.user.external_id
    }

    /// Their name.
    async fn display_name(&self) -> &str {
        &self.0.user.display_name
    }

    /// Their language.
    async fn locale(&self) -> Locale {
        self.0.user.locale.into()
    }

    /// What they may do where people sign in; null: they have no way to sign in of their own here.
    async fn role(&self) -> Option<UserRole> {
        self.0.role.map(Into::into)
    }

    /// When they were disabled, in milliseconds since 1970; null where they are not.
    async fn disabled_at_ms(&self) -> Option<UInt53> {
        self.0.disabled_at_ms.map(UInt53)
    }

    /// For which accounts they act, by external id; the first 50.
    #[graphql(complexity = "50 * child_complexity")]
    async fn accounts(&self, ctx: &Context<'_>) -> Result<Vec<Membership>> {
        let rows = read(ctx, AccountsOf(self.0.user.id)).await?;
        let rows = rows.unwrap_or_default().into_iter();
        Ok(rows.map(Membership).collect())
    }
}

/// The part of queries about people.
#[derive(Default)]
pub(crate) struct PeopleQueries;

/// What can be asked of people.
#[Object]
impl PeopleQueries {
    /// Who asks; null where people do not sign in.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(external_id) = &reader(ctx).user else {
            return Ok(None);
        };
        let found = web(ctx).store.user_row(external_id).await;
        Ok(found.map_err(internal)?.map(User))
    }

    /// Users, in the order in which they were learnt of. For operators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last user of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, User>> {
        check_operator(ctx)?;
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_user)?;
        let rows = web(ctx).store.user_page(after.unwrap_or(0), size + 1).await;
        let cursor = |row: &UserRow| cursor::of_user(row.user.id.0);
        let rows = rows.map_err(internal)?;
        Ok(page::connection(rows, size, cursor, User))
    }

    /// A user; null where there is none. For operators.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key for them.")] external_id: String,
    ) -> Result<Option<User>> {
        check_operator(ctx)?;
        let found = web(ctx).store.user_row(&external_id).await;
        Ok(found.map_err(internal)?.map(User))
    }

    /// The reader's accounts, of an operator all, in the order in which they were learnt of.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last account of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, Account>> {
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_account)?;
        let scope = reader(ctx).scope();
        let rows = web(ctx)
            .store
            .account_page(&scope, after.unwrap_or(0), size + 1)
            .await;
        let cursor = |row: &vigia_core::Account| cursor::of_account(row.id.0);
        let rows = rows.map_err(internal)?;
        Ok(page::connection(rows, size, cursor, Account))
    }

    /// An account of the reader's; null where they have none of this key.
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key for it.")] external_id: String,
    ) -> Result<Option<Account>> {
        let scope = reader(ctx).scope();
        let found = web(ctx).store.account_row(&scope, &external_id).await;
        Ok(found.map_err(internal)?.map(Account))
    }
}
