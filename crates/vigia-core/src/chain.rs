//! What the chain says: checkpoints and executed transactions as decoded, typed values.
//!
//! Everything here is read from BCS, the bytes that digests and signatures bind. The one exception
//! is `balance_changes`, which nodes compute for convenience; `vigia_core::derive_balance_changes`
//! is the rule they follow.

use std::fmt;

use bytes::Bytes;
use sui_sdk_types::{
    Address, BalanceChange, Digest, Event, ExecutionStatus, Transaction, TransactionEffects,
};

use crate::Proof;

/// The digest of the genesis checkpoint, which names a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChainId(pub Digest);

/// A chain id is the base58 digest of a genesis checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("not a chain id: {text:?} (expected the base58 digest of the genesis checkpoint)")]
pub struct InvalidChainId {
    text: String,
}

impl std::str::FromStr for ChainId {
    type Err = InvalidChainId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::parse_digest(text)
            .map(Self)
            .map_err(|_| InvalidChainId {
                text: text.to_owned(),
            })
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ChainId {
    /// The eight hexadecimal digits by which people know a chain: `35834a8a` is mainnet.
    pub fn short(&self) -> String {
        hex::encode(&self.0.inner()[..4])
    }

    /// The public name of a well-known chain.
    pub fn name(&self) -> Option<&'static str> {
        match self.short().as_str() {
            "35834a8a" => Some("mainnet"),
            "4c78adac" => Some("testnet"),
            _ => None,
        }
    }
}

/// Where a transaction stands on the chain. Ordering is chain order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Sequence number of the checkpoint.
    pub checkpoint: u64,
    /// Position of the transaction in the checkpoint's contents.
    pub index: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.checkpoint, self.index)
    }
}

/// The part of a checkpoint summary that vigia keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointHeader {
    /// Height of the checkpoint.
    pub sequence: u64,
    /// Digest of its summary.
    pub digest: Digest,
    /// Digest of the summary before it; only genesis has none.
    pub previous_digest: Option<Digest>,
    /// Epoch it belongs to.
    pub epoch: u64,
    /// Consensus time in milliseconds since 1970.
    pub timestamp_ms: u64,
}

/// A checkpoint with its transactions, in order.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its header.
    pub header: CheckpointHeader,
    /// Its transactions, all of them unless it was scanned.
    pub transactions: Vec<ExecutedTransaction>,
    /// What its other transactions were left out by: they concern nobody.
    pub scanned: Option<ScannedAt>,
}

impl Checkpoint {
    /// How many transactions it has on the chain.
    pub fn count(&self) -> usize {
        let scanned = self.scanned.map(|scanned| scanned.transactions);
        scanned.unwrap_or(self.transactions.len())
    }
}

/// How a checkpoint was scanned for what concerns somebody, before it was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScannedAt {
    /// The version of the watch list.
    pub watch_version: u64,
    /// How many transactions there were.
    pub transactions: usize,
}

/// The signed bytes of one transaction, kept as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// BCS of `Transaction`.
    pub transaction: Bytes,
    /// BCS of `TransactionEffects`.
    pub effects: Bytes,
    /// BCS of `TransactionEvents`, where the transaction emitted any.
    pub events: Option<Bytes>,
}

impl Evidence {
    /// The same bytes by themselves. As they come they are parts of a whole checkpoint's message, which
    /// stays in memory for as long as any part of it does.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            transaction: Bytes::copy_from_slice(&self.transaction),
            effects: Bytes::copy_from_slice(&self.effects),
            events: self.events.as_deref().map(Bytes::copy_from_slice),
        }
    }
}

/// A transaction and what executing it did.
#[derive(Clone, Debug)]
pub struct ExecutedTransaction {
    /// Where it stands.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// Time of its checkpoint, in milliseconds since 1970.
    pub timestamp_ms: u64,
    /// The transaction as signed by its sender.
    pub transaction: Transaction,
    /// The effects, bound by the checkpoint contents.
    pub effects: TransactionEffects,
    /// The events, bound by the effects.
    pub events: Vec<Event>,
    /// Net coin movements by address and coin type, gas included.
    pub balance_changes: Vec<BalanceChange>,
    /// How far all of this is proven.
    pub proof: Proof,
    /// Owners before execution, for version 1 effects only, which do not state them.
    pub owners_before: Vec<Address>,
    /// The bytes all of this was decoded from.
    pub evidence: Evidence,
}

impl ExecutedTransaction {
    /// Whether execution succeeded; a failed transaction still pays gas.
    pub fn succeeded(&self) -> bool {
        matches!(self.effects.status(), ExecutionStatus::Success)
    }

    /// Why execution failed, as the protocol names it.
    pub fn failure(&self) -> Option<String> {
        match self.effects.status() {
            ExecutionStatus::Success => None,
            ExecutionStatus::Failure { error, command } => Some(match command {
                Some(command) => format!("{error:?} in command {command}"),
                None => format!("{error:?}"),
            }),
        }
    }

    /// What execution cost the gas payer, in MIST: computation and storage less the rebate.
    pub fn gas_cost(&self) -> i128 {
        let gas = self.effects.gas_summary();
        i128::from(gas.computation_cost) + i128::from(gas.storage_cost)
            - i128::from(gas.storage_rebate)
    }

    /// The address that paid for gas; differs from the sender when sponsored.
    pub fn gas_payer(&self) -> Address {
        self.transaction.gas_payment.owner
    }

    /// About how much memory this value holds, for byte budgets.
    pub fn bytes(&self) -> usize {
        let evidence = &self.evidence;
        // Decoded values take about as much again as the bytes they came from.
        2 * (evidence.transaction.len()
            + evidence.effects.len()
            + evidence.events.as_ref().map_or(0, Bytes::len))
            + 512
    }
}
