//! Who may do what only one may do at a time (I-9): `vigia_core::LeaseState`, shared.

use async_trait::async_trait;
use vigia_core::Fence;

use crate::Result;

/// Leases by name, on the database's clock, which is the one that all processes share.
///
/// Each method is one compare-and-set. What a holder did takes effect in the transaction of a method
/// that takes the fence and finds it current, such as `ScheduleStore::schedule_finish`.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Claims `name` for `holder` where it is free or theirs already; none where another has it. Every
    /// claim has a higher fence than those before it.
    async fn lease_claim(&self, name: &str, holder: &str, ttl_ms: u64) -> Result<Option<Fence>>;

    /// Prolongs the lease to `ttl_ms` from now; false where `fence` is not its last claim's any more.
    async fn lease_renew(&self, name: &str, fence: Fence, ttl_ms: u64) -> Result<bool>;

    /// Gives the lease back; false where `fence` is not its last claim's any more.
    async fn lease_release(&self, name: &str, fence: Fence) -> Result<bool>;

    /// Leases whose names begin with `prefix`, by name.
    async fn lease_list(&self, prefix: &str) -> Result<Vec<LeaseRow>>;

    /// Removes leases whose names begin with `prefix` and that ran out more than `age_ms` ago or were
    /// given back. Their fences begin anew, so only for names by which nothing is written (I-9): a
    /// process that announces itself. Returns how many there were.
    async fn lease_prune(&self, prefix: &str, age_ms: u64) -> Result<u64>;
}

/// A lease as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its name.
    pub name: String,
    /// The fence of its last claim.
    pub fence: Fence,
    /// Who holds it; none where it was given back.
    pub holder: Option<String>,
    /// How long it still holds; 0 where anybody may claim it.
    pub remaining_ms: u64,
}
