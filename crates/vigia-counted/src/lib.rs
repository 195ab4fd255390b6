//! The chain whose transactions are counted: `corpus.bcs`, made by the simulated node, whose tests say that it still is.

use serde::{Deserialize, Serialize};
use vigia_core::Address;

/// What `corpus.bcs` holds.
#[derive(Debug, Deserialize, Serialize, PartialEq)]
pub struct Corpus {
    /// Contracts by name, with the ids of their versions.
    pub packages: Vec<(String, Vec<Address>)>,
    /// Transactions, in order.
    pub transactions: Vec<Recorded>,
}

/// A transaction as it comes.
#[derive(Debug, Deserialize, Serialize, PartialEq)]
pub struct Recorded {
    /// BCS of `Transaction`.
    pub transaction: Vec<u8>,
    /// BCS of `TransactionEffects`.
    pub effects: Vec<u8>,
    /// BCS of `TransactionEvents`.
    pub events: Option<Vec<u8>>,
    /// Address, coin type and amount of each balance change.
    pub balance_changes: Vec<(Address, String, i128)>,
}
