//! What travels from matching to the database: frames in, one commit out.

use bytes::Bytes;
use sui_sdk_types::{Address, BalanceChange, Digest};

use crate::{
    Activity, BusinessEvent, CheckpointHeader, ExecutedTransaction, MatchReason, Place, Proof,
};

/// A transaction that concerns somebody, and why.
#[derive(Clone, Debug)]
pub struct Relevant {
    /// The transaction.
    pub transaction: ExecutedTransaction,
    /// Why it matched; never empty.
    pub reasons: Vec<MatchReason>,
}

/// One matched checkpoint on its way from a poller to a worker.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The checkpoint.
    pub header: CheckpointHeader,
    /// Version of the watch list it was matched with (I-7).
    pub watch_version: u64,
    /// Its relevant transactions, in order; often none.
    pub relevant: Vec<Relevant>,
}

impl Frame {
    /// About how much memory it holds, for byte budgets.
    pub fn bytes(&self) -> usize {
        256 + self
            .relevant
            .iter()
            .map(|relevant| relevant.transaction.bytes())
            .sum::<usize>()
    }
}

/// Where a commit's checkpoints come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The live stream and its catch-up: moves the watermark, tells people.
    Live,
    /// An explicit import of history: moves no watermark and tells nobody (I-16).
    Import,
}

/// Checkpoints that a commit completes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRange {
    /// First checkpoint.
    pub from: u64,
    /// Last checkpoint, with its digest and time.
    pub last: CheckpointHeader,
    /// Oldest watch-list version among the frames of the range.
    pub watch_version: u64,
}

/// A relevant transaction as it is kept: evidence and extracted columns.
#[derive(Clone, Debug)]
pub struct RawTransaction {
    /// Where it stands; its key.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// Time of its checkpoint.
    pub timestamp_ms: u64,
    /// Epoch it was executed in.
    pub epoch: u64,
    /// Who sent it.
    pub sender: Address,
    /// Package of its first Move call.
    pub package: Option<Address>,
    /// Module of its first Move call.
    pub module: Option<String>,
    /// Function of its first Move call.
    pub function: Option<String>,
    /// Why execution failed, where it did.
    pub failure: Option<String>,
    /// What it cost the gas payer, in MIST.
    pub gas_cost: i128,
    /// Why it is kept.
    pub reasons: Vec<MatchReason>,
    /// BCS of the transaction.
    pub transaction_bcs: Bytes,
    /// BCS of the effects.
    pub effects_bcs: Bytes,
    /// BCS of the events.
    pub events_bcs: Option<Bytes>,
    /// Coin movements as delivered or derived.
    pub balance_changes: Vec<BalanceChange>,
    /// How far all of this is proven.
    pub proof: Proof,
    /// Why vigia could not interpret it; it is kept and can be retried (I-8).
    pub processing_error: Option<String>,
}

/// What a transaction did to one watched balance, whatever it meant (I-2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceEffect {
    /// Where the transaction stands.
    pub place: Place,
    /// Whose balance.
    pub address: Address,
    /// Of which coin, in canonical form.
    pub coin_type: String,
    /// By how much, gas included.
    pub amount: i128,
}

/// Everything one database transaction writes.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Live or import.
    pub lane: Lane,
    /// The checkpoints it completes; ascending, not overlapping.
    pub ranges: Vec<CheckpointRange>,
    /// Relevant transactions in chain order.
    pub raw_transactions: Vec<RawTransaction>,
    /// Activities that need no stored event to be known.
    pub activities: Vec<Activity>,
    /// Balance effects of watched addresses.
    pub balance_effects: Vec<BalanceEffect>,
    /// Events of business objects, folded in the same database transaction.
    pub business_events: Vec<BusinessEvent>,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Written, or found written before.
    Applied {
        /// Raw transactions that were new.
        raw_transactions_new: u64,
        /// Activities that were new.
        activities_new: u64,
        /// Notifications that were new.
        notifications_new: u64,
    },
    /// Nothing written: a range was matched with a watch list older than a change that is live in
    /// it, so its checkpoints have to be matched again (I-7).
    StaleWatchList {
        /// The version to match with, at least.
        version_min: u64,
    },
}
