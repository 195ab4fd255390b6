//! What is found by the words that people know of it: ids, names and their beginnings.

use async_trait::async_trait;
use vigia_core::{AccountKind, Scope};

use crate::{BusinessDetail, InvoiceRow, LabelRow, Login, Result};

/// Most that is found of one kind.
pub const SEARCH_MAX: u32 = 20;

/// An account that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundAccount {
    /// The application's key.
    pub external_id: String,
    /// Personal or business.
    pub kind: AccountKind,
    /// Name shown to others.
    pub display_name: String,
}

/// Finds things by what people know of them, each kind at most `limit` and [`SEARCH_MAX`] times.
///
/// No text has a zero byte. Who is no operator finds what is theirs alone (I-14), and is told nothing else by what is not
/// found; users and labels are the operators' to list, so those methods take no scope.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// Business objects with this id, of any of these contracts and kinds, with their events.
    async fn search_objects(
        &self,
        scope: &Scope,
        kinds: &[(String, String)],
        id: &str,
        limit: u32,
    ) -> Result<Vec<BusinessDetail>>;

    /// Invoices under this business id, newest first.
    async fn search_invoices(
        &self,
        scope: &Scope,
        business_id: &str,
        limit: u32,
    ) -> Result<Vec<InvoiceRow>>;

    /// Accounts whose external id begins so, in its order.
    async fn search_accounts(
        &self,
        scope: &Scope,
        start: &str,
        limit: u32,
    ) -> Result<Vec<FoundAccount>>;

    /// Users whose external id begins so, in its order.
    async fn search_users(&self, start: &str, limit: u32) -> Result<Vec<Login>>;

    /// Labels whose name begins so, in its order; the case of ASCII letters does not matter.
    async fn search_labels(&self, start: &str, limit: u32) -> Result<Vec<LabelRow>>;
}
