//! What pollers and workers ask of a store.

use async_trait::async_trait;
use vigia_core::{
    Address, AddressBook, BusinessFolder, ChainId, CoinInfo, Commit, CommitOutcome, Digest,
};

use crate::Result;

/// How far the live lane is committed without a gap (I-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// Highest checkpoint such that it and all before it, from `first_checkpoint` on, are
    /// committed.
    pub checkpoint: u64,
    /// Its digest, which the next checkpoint must name as the one before.
    pub digest: Digest,
    /// Its time.
    pub timestamp_ms: u64,
}

/// How a poller is doing, for `status` and pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    /// Where it reads, without secrets.
    pub url: String,
    /// Newest checkpoint it has heard of.
    pub tip: Option<u64>,
    /// What is wrong, while something is.
    pub error: Option<String>,
    /// When it said so.
    pub at_ms: u64,
}

/// The write side of ingestion.
#[async_trait]
pub trait IngestStore: Send + Sync {
    /// Ties the database to `chain` at first use; later only the same chain is accepted.
    async fn chain_bind(&self, chain: ChainId) -> Result<()>;

    /// The chain the database belongs to, once it belongs to one.
    async fn chain(&self) -> Result<Option<ChainId>>;

    /// Records where the live lane begins, once: a second call changes nothing. Returns the first
    /// checkpoint in force.
    async fn live_begin(&self, first_checkpoint: u64) -> Result<u64>;

    /// The watermark; none until the first live checkpoint is committed, which is not checkpoint 0
    /// (I-4).
    async fn watermark(&self) -> Result<Option<Watermark>>;

    /// Completed ranges of the live lane, inclusive, ascending and disjoint: few, since neighbours are
    /// one range.
    async fn range_list(&self) -> Result<Vec<(u64, u64)>>;

    /// Who holds `addresses`, and which accounts observe `targets` (canonical text of contract and
    /// coin watches).
    async fn address_book(&self, addresses: &[Address], targets: &[String]) -> Result<AddressBook>;

    /// Writes a commit in one database transaction: raw transactions, activities, balance effects,
    /// folded business objects, notifications, completed ranges and the watermark (I-1, I-2, I-11).
    ///
    /// Only live commits notify, and only of activities in the live lane: what is below it was
    /// imported, whenever it turns out whose it is (I-16).
    ///
    /// What is already there stays as it is. Refused whole when a range was matched with a watch
    /// list older than a change that is live in it (I-7).
    async fn commit_apply(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<CommitOutcome>;

    /// Records how the poller is doing.
    async fn provider_report(&self, report: &ProviderReport) -> Result<()>;

    /// Coin types of stored activities about which nothing is known yet, at most `limit`.
    async fn coin_unknown(&self, limit: u32) -> Result<Vec<String>>;

    /// Adds or replaces what is known about coins.
    async fn coin_upsert(&self, coins: &[CoinInfo]) -> Result<()>;
}
