//! What happened to an address in a range, fetched once more: where a balance is not what a node says, a
//! transaction may be missing.
//!
//! Lists say it in a few requests. What is there already stays as it is (I-2), so a second run is harmless. Where
//! all has to be proven no list is enough, and `vigia audit` and `vigia backfill` read whole checkpoints.

use std::sync::Arc;

use vigia_contracts::Interpreter;
use vigia_core::Address;
use vigia_store::SqlStore;
use vigia_sui::Providers;

use super::ledger::Ledger;

/// Pages that are read at most: an address with more in a range is nothing to read in passing (I-13).
const PAGES_MAX: u32 = 50;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refetched {
    /// Transactions that were missing.
    pub new: u64,
    /// Requests that it took.
    pub requests: u64,
}

/// Fetches again.
pub struct Refetch {
    /// Where it goes.
    pub store: Arc<SqlStore>,
    /// Says what it means.
    pub interpreter: Arc<Interpreter>,
}

impl Refetch {
    /// Fetches what happened to `address` from a checkpoint to another, both included.
    pub async fn range(
        &self,
        providers: &Providers,
        address: Address,
        from: u64,
        to_inclusive: u64,
    ) -> anyhow::Result<Refetched> {
        let mut refetched = Refetched::default();
        if from > to_inclusive || !providers.lists_affected() {
            return Ok(refetched);
        }
        let ledger = Ledger::load(self.store.clone(), self.interpreter.clone()).await?;
        let mut run = providers.affected_run(vec![address], from, to_inclusive + 1);
        for _ in 0..PAGES_MAX {
            let page = run.next_page().await;
            refetched.requests += run.take_requests();
            let page = page?;
            let imported = ledger.commit_transactions(page.transactions).await?;
            refetched.new += imported.raw_transactions_new;
            if page.is_last {
                break;
            }
        }
        Ok(refetched)
    }
}
