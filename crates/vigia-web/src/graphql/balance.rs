//! Balances of watched addresses.

use std::collections::BTreeSet;

use async_graphql::{Enum, Result, SimpleObject};
use vigia_core::CoinInfo;
use vigia_store::{BalanceRow, BalanceState, Store};

use super::activity::Coin;
use super::error::internal;
use super::scalar::UInt53;

/// What a watched address has.
#[derive(SimpleObject)]
pub(super) struct Balance {
    /// The address.
    address: String,
    /// The application's key of the account that holds it.
    account: String,
    /// Name of the account.
    account_name: String,
    /// How far it is, in a word.
    state: BalanceStateWord,
    /// Through which checkpoint a node's word is the basis; transactions above it are added. Null while
    /// waiting.
    baseline_checkpoint: Option<UInt53>,
    /// Whether it began with a node's word although all is to be proven: no validator signs a balance.
    unproven: bool,
    /// Through which checkpoint it agreed with a node's last; null where it was never compared.
    agreed_checkpoint: Option<UInt53>,
    /// When it was compared with what a node says last, in milliseconds since 1970.
    compared_at_ms: Option<UInt53>,
    /// By coin; a coin of which nothing is left is not here.
    amounts: Vec<BalanceAmount>,
}

/// What there is of a coin.
#[derive(SimpleObject)]
struct BalanceAmount {
    /// The coin's type in canonical form.
    coin_type: String,
    /// What is known about it; null where nothing is.
    coin: Option<Coin>,
    /// How much is available, in minor units, as a decimal text.
    amount: String,
    /// What contracts hold of it until something is settled, in minor units; not in `amount`.
    pending: String,
    /// What contracts hold that is to come to it if something comes of it, in minor units; not in `amount`.
    incoming: String,
    /// What a node had more when they were compared last, in minor units; null where it agreed.
    difference: Option<String>,
}

/// How far a balance is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(name = "BalanceState")]
enum BalanceStateWord {
    /// No node has said yet what there was to begin with.
    Waiting,
    /// It agrees with what nodes say, or was not compared yet.
    Known,
    /// Nodes say otherwise: not to be relied on.
    Differs,
}

/// What is known about the coins of balances.
pub(super) async fn coins(store: &dyn Store, rows: &[BalanceRow]) -> Result<Vec<CoinInfo>> {
    let amounts = rows.iter().flat_map(|row| &row.amounts);
    let types: BTreeSet<&String> = amounts.map(|amount| &amount.coin_type).collect();
    let types: Vec<String> = types.into_iter().cloned().collect();
    store.coin_find(&types).await.map_err(internal)
}

impl Balance {
    pub(super) fn new(row: BalanceRow, coins: &[CoinInfo]) -> Self {
        let (account, account_name) = row.account;
        let amounts = row.amounts.into_iter().map(|amount| BalanceAmount {
            coin: coins
                .iter()
                .find(|coin| coin.coin_type == amount.coin_type)
                .map(Coin::from),
            coin_type: amount.coin_type,
            amount: amount.amount.to_string(),
            pending: amount.pending.to_string(),
            incoming: amount.incoming.to_string(),
            difference: amount.difference.map(|difference| difference.to_string()),
        });
        Self {
            address: row.address.to_string(),
            account,
            account_name,
            state: match row.state {
                BalanceState::Waiting => BalanceStateWord::Waiting,
                BalanceState::Known => BalanceStateWord::Known,
                BalanceState::Differs => BalanceStateWord::Differs,
            },
            baseline_checkpoint: row.baseline.map(UInt53),
            unproven: row.unproven,
            agreed_checkpoint: row.agreed.map(UInt53),
            compared_at_ms: row.compared_at_ms.map(UInt53),
            amounts: amounts.collect(),
        }
    }
}
