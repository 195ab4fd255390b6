//! Labels of addresses: those that operators keep in the database, under those that settings declare.

use async_trait::async_trait;
use vigia_core::{Address, Label};

use crate::Result;

/// Labels that are listed at once.
pub const LABELS_MAX: u32 = 500;

/// Where a label is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOrigin {
    /// The settings of this process.
    Configuration,
    /// The database: an operator set it.
    Database,
}

impl LabelOrigin {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Database => "database",
        }
    }
}

/// The label that an address has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRow {
    /// The label.
    pub label: Label,
    /// Where it is from.
    pub origin: LabelOrigin,
}

/// Labels of addresses. One of the settings wins over the database's for the same address.
#[async_trait]
pub trait LabelStore: Send + Sync {
    /// Keeps a label, in place of the one that the address had in the database. Where the settings have
    /// one, nothing is kept, since it would not be seen; that one is returned.
    async fn label_set(&self, label: &Label) -> Result<Option<Label>>;

    /// Removes the label that an address has in the database; false where it has none there.
    async fn label_remove(&self, address: &Address) -> Result<bool>;

    /// The label of an address.
    async fn label_find(&self, address: &Address) -> Result<Option<LabelRow>>;

    /// Labels of addresses above `after`, ascending, one an address and at most `limit` of them.
    async fn label_list(&self, after: Option<Address>, limit: u32) -> Result<Vec<LabelRow>>;
}
