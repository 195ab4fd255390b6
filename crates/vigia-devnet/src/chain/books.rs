//! A second account of every coin, kept from what the story meant to happen and never from coin
//! objects. Comparing both is how a wrong object or a wrong derivation shows.

use std::collections::BTreeMap;

use sui_sdk_types::Address;

use super::coins::Coin;

/// Where a coin can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// In the hands of an address, as coin objects or as an address balance.
    Address(Address),
    /// Held by a contract, named by its module.
    Contract(&'static str),
    /// Not issued yet, or burnt again.
    Issuer,
    /// Paid for computation and storage.
    Gas,
}

/// An amount that goes from one party to another. Negative gas is a storage refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) coin: Coin,
    pub(crate) from: Party,
    pub(crate) to: Party,
    pub(crate) amount: i128,
}

/// Balances by party and coin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    balances: BTreeMap<(Party, Coin), i128>,
}

impl Books {
    pub(crate) fn post(&mut self, posting: Posting) {
        *self
            .balances
            .entry((posting.from, posting.coin))
            .or_default() -= posting.amount;
        *self.balances.entry((posting.to, posting.coin)).or_default() += posting.amount;
    }

    pub(crate) fn balances(&self) -> BTreeMap<(Party, Coin), i128> {
        let mut balances = self.balances.clone();
        balances.retain(|_, amount| *amount != 0);
        balances
    }
}
