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
    /// Checkpoints that are very large, if there are any.
    pub huge: Option<Huge>,
}

/// Large checkpoints: honest transactions with padding that does not compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Huge {
    /// Bytes of padding per checkpoint. Transactions stay below the 128 KiB that a chain takes, so
    /// there are many.
    pub bytes: u64,
    /// The distance from one to the next.
    pub every: u64,
    /// The first one; genesis is none.
    pub from: u64,
    /// How many there are; no limit if none is given.
    pub times: Option<u64>,
}

impl Huge {
    /// Whether a checkpoint is one of them.
    pub(crate) fn is_at(&self, sequence_number: u64) -> bool {
        let every = self.every.max(1);
        let first = if self.from == 0 { every } else { self.from };
        let Some(distance) = sequence_number.checked_sub(first) else {
            return false;
        };
        let before = distance / every;
        distance % every == 0 && self.times.is_none_or(|times| before < times)
    }
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
            huge: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Huge;

    fn at(from: u64, times: Option<u64>) -> Vec<u64> {
        let huge = Huge {
            bytes: 1,
            every: 50,
            from,
            times,
        };
        (0..200).filter(|number| huge.is_at(*number)).collect()
    }

    #[test]
    fn huge_checkpoints_are_where_they_were_asked_for() {
        assert_eq!(at(0, None), [50, 100, 150]);
        assert_eq!(at(7, Some(2)), [7, 57]);
        assert_eq!(at(300, None), [0; 0]);
    }
}
