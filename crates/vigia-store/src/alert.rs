//! What operators are alarmed of.

use async_trait::async_trait;

use crate::Result;

/// Something that operators were told of and that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// What it is, in a word.
    pub name: String,
    /// The same in a sentence.
    pub words: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// When operators were told last.
    pub told_at_ms: u64,
}

/// Alerts that are not over.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// All of them, by name.
    async fn alert_list(&self) -> Result<Vec<AlertRow>>;

    /// That operators were told of it.
    async fn alert_record(&self, row: &AlertRow) -> Result<()>;

    /// That it is over.
    async fn alert_end(&self, name: &str) -> Result<()>;
}
