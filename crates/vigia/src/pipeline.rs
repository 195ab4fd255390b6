//! The one way through: source, match, transport, interpret, commit.
//!
//! A poller turns checkpoints into matched frames, a worker turns frames into commits, and the
//! database's watermark is the only position there is. When the watch list changes under frames in
//! flight the store refuses their commit, the worker drops what was matched too early and tells the
//! poller, which goes back to the watermark with the newer list (I-7).

mod assemble;
mod coins;
mod correct;
mod depot;
mod outstanding;
mod poller;
mod provider_watch;
mod proving;
mod reinterpret;
mod shard_keeper;
mod trouble;
mod watch_sync;
mod worker;

pub use assemble::assemble;
use assemble::assemble_failed;
pub use coins::{CoinLookup, CoinSource};
pub use correct::{Corrected, Corrector};
pub use depot::StoreDepot;
pub use outstanding::Outstanding;
pub(crate) use poller::match_checkpoint;
pub use poller::{OutstandingMemory, Poller, PollerStatus, Shards};
pub use provider_watch::ProviderWatch;
pub(crate) use provider_watch::row as provider_row;
pub(crate) use proving::{prove_matched, prove_unmatched};
pub(crate) use reinterpret::executed;
pub use reinterpret::{Reinterpreted, Reinterpreter};
pub use shard_keeper::ShardKeeper;
pub use trouble::Trouble;
pub use watch_sync::{WatchDifference, WatchSync};
pub use worker::{Worker, WorkerLimits, WorkerStatus};

use tokio::sync::Notify;

/// Tells a poller to go back to the watermark: frames it sent were not committed.
#[derive(Debug, Default)]
pub struct Rewind(Notify);

impl Rewind {
    /// Asks for it.
    pub fn ask(&self) {
        self.0.notify_one();
    }

    /// Resolves when asked; asking several times before counts once.
    pub async fn asked(&self) {
        self.0.notified().await;
    }
}

/// Waits out a failure: doubles from a quarter of a second to 15 s, and starts over on success.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST_MS: u64 = 250;
    const LAST_MS: u64 = 15_000;

    /// Sleeps as long as the failures in a row demand.
    pub async fn wait(&mut self) {
        let delay_ms = Self::FIRST_MS
            .saturating_mul(1 << self.failures.min(10))
            .min(Self::LAST_MS);
        self.failures += 1;
        tokio::time::sleep(std::time::Duration::from_millis(delay_ms)).await;
    }

    /// Forgets the failures.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}
