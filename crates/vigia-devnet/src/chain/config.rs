//! What can be chosen about a chain. Plain values with defaults fit for a demo.

/// Settings of a generated chain. Equal settings make equal chains, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    /// Seeds every key, choice and amount.
    pub seed: u64,
    /// How many people use the made-up wallet; at least two. Those beyond the first 2,000 own nothing
    /// at the start and only receive.
    pub users: usize,
    /// Transactions per second, unrelated ones included, system ones not.
    pub tps: u32,
    /// Time between two checkpoints.
    pub interval_ms: u64,
    /// How many of a thousand transactions are of the wallet; 0 makes a chain without any.
    pub relevant_per_mille: u32,
    /// Checkpoints per epoch.
    pub epoch_checkpoints: u64,
    /// Generation stops after this many transactions, system ones not counted.
    pub transactions: Option<u64>,
    /// Timestamp of genesis. A live node replaces it by one that makes the tip "now".
    pub start_ms: u64,
    /// Checkpoint in which the payment contract is upgraded.
    pub upgrade_at: Option<u64>,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            users: 50,
            tps: 5,
            interval_ms: 250,
            relevant_per_mille: 250,
            epoch_checkpoints: 200,
            transactions: None,
            start_ms: 1_790_000_000_000,
            upgrade_at: Some(60),
        }
    }
}
