//! The providers that processes read from: how each is found, and what was asked of it in a day.

use async_trait::async_trait;

use crate::Result;

/// How one process finds one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRow {
    /// The process.
    pub holder: String,
    /// What the provider is called.
    pub provider: String,
    /// Its place in the order of preference, from 0.
    pub position: u32,
    /// Its address, without secrets.
    pub url: String,
    /// Whether the process reads from it.
    pub is_current: bool,
    /// Whether it could.
    pub is_usable: bool,
    /// Why it is used or not, in words.
    pub standing: String,
    /// Its newest checkpoint, as last heard.
    pub tip: Option<u64>,
    /// Its oldest checkpoint, as last heard.
    pub lowest: Option<u64>,
    /// How long it takes to answer.
    pub latency_ms: Option<u64>,
    /// What it serves, in words.
    pub serves: Option<String>,
    /// When this was so.
    pub at_ms: u64,
}

/// What was asked of a provider in a day, by all processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUsage {
    /// The day, counted from 1970 in UTC.
    pub day: u64,
    /// What the provider is called.
    pub provider: String,
    /// Requests made.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
}

/// What is known of providers.
#[async_trait]
pub trait ProviderStore: Send + Sync {
    /// Replaces what `holder` said before by `rows`, and adds `usage` to what is counted.
    async fn provider_record(
        &self,
        holder: &str,
        rows: &[ProviderRow],
        usage: &[ProviderUsage],
    ) -> Result<()>;

    /// What all processes say, most preferred first.
    async fn provider_list(&self) -> Result<Vec<ProviderRow>>;

    /// What was asked from that day on, oldest first.
    async fn provider_usage(&self, from_day: u64) -> Result<Vec<ProviderUsage>>;

    /// Forgets what was said before a time, and counts of days before one. Returns how many rows went.
    async fn provider_prune(&self, before_ms: u64, before_day: u64) -> Result<u64>;
}
