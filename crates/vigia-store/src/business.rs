//! Business objects as people look for them, and invoices.

use async_trait::async_trait;
use vigia_core::{
    AccountId, Address, BusinessEvent, BusinessKey, Digest, Escrow, Invoice, Receipts, Scope,
};

use crate::Result;

/// A business object after all its stored events.
#[derive(Clone, Debug, PartialEq)]
pub struct BusinessRow {
    /// Position in the list, rising in the order in which its parties were learnt of; 0 outside of the list.
    pub id: i64,
    /// What it is.
    pub key: BusinessKey,
    /// The state it is in.
    pub state: String,
    /// Its known fields.
    pub data: serde_json::Value,
    /// When it runs out unless something happens, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
    /// What its contract holds.
    pub escrow: Option<Escrow>,
}

impl BusinessRow {
    /// Whether its deadline has passed at `now_ms` and nothing has happened: the chain does not say so.
    pub fn is_overdue(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline| deadline < now_ms)
    }
}

/// A business object with all its stored events, in the order of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct BusinessDetail {
    /// The object.
    pub row: BusinessRow,
    /// Its events, each with digest and time of its transaction.
    pub events: Vec<(BusinessEvent, Digest, u64)>,
}

/// An invoice as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct InvoiceRow {
    /// Its key in this database, rising in the order in which invoices were created.
    pub id: i64,
    /// The invoice.
    pub invoice: Invoice,
    /// External id and name of the account that asks.
    pub account: (String, String),
    /// When it was created.
    pub created_at_ms: u64,
    /// When it was cancelled, where it was.
    pub cancelled_at_ms: Option<u64>,
    /// What was paid under its id, to anybody and in any coin.
    pub receipts: Receipts,
}

impl InvoiceRow {
    /// How far it is settled at `now_ms`.
    pub fn settlement(&self, now_ms: u64) -> vigia_core::Settlement {
        let is_cancelled = self.cancelled_at_ms.is_some();
        self.invoice.settle(&self.receipts, is_cancelled, now_ms)
    }
}

/// What became of an invoice that was to be created.
#[derive(Clone, Debug, PartialEq)]
pub enum InvoiceOutcome {
    /// It is there: new, or as it was.
    There(Box<InvoiceRow>),
    /// There is another of the account with the id, and it stays as it is.
    Taken(Box<InvoiceRow>),
    /// There is no such account, as far as who asks may know.
    NoAccount,
    /// Who asks may not create invoices for the account.
    NotAllowed,
    /// The account does not hold the address now.
    NotHeld,
}

/// What an invoice is created from: the invoice, whose account is named by its external id.
#[derive(Clone, Debug)]
pub struct InvoiceSpec {
    /// External id of the account that asks.
    pub account: String,
    /// The invoice; its account is filled in.
    pub invoice: Invoice,
}

/// Business objects and invoices. Every read and write takes a scope (I-14).
#[async_trait]
pub trait BusinessStore: Send + Sync {
    /// Objects that go through several states, in which an account of the scope takes part: those with an id
    /// below `before`, newest first, at most `limit`.
    async fn business_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<BusinessRow>>;

    /// An object of any kind, where the scope has an activity of one of its events.
    async fn business_find(
        &self,
        scope: &Scope,
        key: &BusinessKey,
    ) -> Result<Option<BusinessDetail>>;

    /// Creates an invoice; the same one again changes nothing. A user needs the permission `invoice`.
    async fn invoice_create(&self, scope: &Scope, spec: &InvoiceSpec) -> Result<InvoiceOutcome>;

    /// Says that an invoice is not to be paid any more; what was paid stays. None where the scope has none of
    /// this id, or may not.
    async fn invoice_cancel(&self, scope: &Scope, id: i64) -> Result<Option<InvoiceRow>>;

    /// Whether the scope has an invoice of this id and may say that it is not to be paid any more.
    async fn invoice_may_cancel(&self, scope: &Scope, id: i64) -> Result<bool>;

    /// Invoices with an id below `before`, newest first, at most `limit`.
    async fn invoice_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<InvoiceRow>>;

    /// An invoice by its id.
    async fn invoice_find(&self, scope: &Scope, id: i64) -> Result<Option<InvoiceRow>>;
}

/// An account as somebody may act for it.
pub(crate) struct Holder {
    pub(crate) account: AccountId,
    /// Whether it holds the address asked about.
    pub(crate) holds: bool,
    /// What a user may do with it; none for a stranger, everything for an operator.
    pub(crate) may_invoice: bool,
    pub(crate) may_read: bool,
}

/// What contracts hold of an address's coins, and for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) pending: i128,
    pub(crate) incoming: i128,
}

/// Adds what one contract holds to what `address` waits for.
pub(crate) fn add_held(held: &mut Held, escrow: &Escrow, address: &Address) {
    let add = |sum: &mut i128| *sum = sum.saturating_add(escrow.amount);
    if escrow.from == *address {
        add(&mut held.pending);
    }
    if escrow.to.as_ref() == Some(address) {
        add(&mut held.incoming);
    }
}
