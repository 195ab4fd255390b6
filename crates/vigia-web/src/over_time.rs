//! What there was of a coin over time, for the page and for GraphQL.

use vigia_core::{Address, CoinInfo, Scope};
use vigia_store::{BalanceRow, StoreError};

use crate::WebContext;
use crate::chart::{Chart, Span};

/// A balance over a span.
pub(crate) struct OverTime {
    /// The address, with all it has.
    pub(crate) row: BalanceRow,
    pub(crate) coin_type: String,
    pub(crate) coin: Option<CoinInfo>,
    /// None before a whole hour is known.
    pub(crate) chart: Option<Chart>,
}

impl OverTime {
    /// None where the scope has no such address.
    pub(crate) async fn read(
        web: &WebContext,
        scope: &Scope,
        (address, coin_type): (Address, String),
        span: Span,
    ) -> Result<Option<Self>, StoreError> {
        let store = &web.store;
        let now_ms = web.clock.now_ms();
        let history = store
            .balance_history(scope, &address, &coin_type, span.begin_ms(now_ms))
            .await?;
        let row = store.balance_of(scope, &address).await?;
        let Some((history, row)) = history.zip(row) else {
            return Ok(None);
        };
        let coins = store.coin_find(std::slice::from_ref(&coin_type)).await?;
        let chart = Chart::new(&history, current(&row, &coin_type), span, now_ms);
        Ok(Some(Self {
            row,
            coin_type,
            coin: coins.into_iter().next(),
            chart,
        }))
    }

    /// What there is now.
    pub(crate) fn current(&self) -> i128 {
        current(&self.row, &self.coin_type)
    }
}

fn current(row: &BalanceRow, coin_type: &str) -> i128 {
    let mut amounts = row.amounts.iter();
    let amount = amounts.find(|amount| amount.coin_type == coin_type);
    amount.map_or(0, |amount| amount.amount)
}
