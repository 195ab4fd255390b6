//! Coins that something is known about.

use async_graphql::connection::Connection;
use async_graphql::{Context, Object, Result};
use vigia_core::CoinInfo;

use super::activity::Coin;
use super::error::internal;
use super::page;
use super::query::web;
use crate::cursor;

/// The part of queries about coins.
#[derive(Default)]
pub(crate) struct CoinQueries;

/// What can be asked of coins.
#[Object]
impl CoinQueries {
    /// Coins that something is known about, by type.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn coins(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last coin of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, Coin>> {
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_coin)?;
        let after = after.unwrap_or_default();
        let rows = web(ctx).store.coin_page(&after, size + 1).await;
        let cursor = |row: &CoinInfo| cursor::of_coin(&row.coin_type);
        let node = |row: CoinInfo| Coin::from(&row);
        Ok(page::connection(
            rows.map_err(internal)?,
            size,
            cursor,
            node,
        ))
    }

    /// A coin by its code or type; null where nothing is known about it.
    async fn coin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code of a declared coin, or `0xPACKAGE::module::NAME`.")] coin: String,
    ) -> Result<Option<Coin>> {
        let web = web(ctx);
        let Some(coin_type) = web.registry.get().coin_type(&coin) else {
            return Ok(None);
        };
        let found = web.store.coin_find(&[coin_type]).await.map_err(internal)?;
        Ok(found.first().map(Coin::from))
    }
}
