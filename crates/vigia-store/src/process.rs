//! Which processes run on a database.

use async_trait::async_trait;

use crate::Result;

/// What a process says of itself now and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRow {
    /// Its name: host and number.
    pub holder: String,
    /// The command that it is: `up`, `poll`, `work` or `web`.
    pub role: String,
    /// Version of vigia.
    pub version: String,
    /// The commit that it was built from.
    pub build: String,
    /// A hash of the settings that all processes have to agree on.
    pub settings: String,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: u64,
    /// When it said this.
    pub seen_at_ms: u64,
    /// Why it cannot do its work; none where it can.
    pub problem: Option<String>,
}

/// Processes, as they say themselves.
#[async_trait]
pub trait ProcessStore: Send + Sync {
    /// Writes what a process says, in place of what it said before.
    async fn process_record(&self, row: &ProcessRow) -> Result<()>;

    /// Those that said something at this time or later, by role and name.
    async fn process_list(&self, since_ms: u64) -> Result<Vec<ProcessRow>>;

    /// That a process has ended.
    async fn process_forget(&self, holder: &str) -> Result<()>;

    /// Forgets those that last said something before this time. Returns how many.
    async fn process_prune(&self, before_ms: u64) -> Result<u64>;
}
