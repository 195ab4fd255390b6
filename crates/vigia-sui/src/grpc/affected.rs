//! Transactions that affect some addresses, as a provider's index lists them: one page of
//! `ListTransactions` a call.

use bytes::Bytes;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2::{self as proto, QueryEndReason};
use tonic::Status;
use vigia_core::{Address, ExecutedTransaction};

use super::ProviderClient;
use super::filter::{affected, any_of};
use crate::SourceError;
use crate::decode::{LISTED_MASK, Listed, listed_from_proto};

/// Transactions in a page; nodes give 500 at most.
const PAGE_TRANSACTIONS_MAX: u32 = 500;
/// Bytes of evidence at which a page is cut off: the next goes on behind it.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What to list.
pub(crate) struct AffectedQuery<'q> {
    pub(crate) addresses: &'q [Address],
    pub(crate) from: u64,
    pub(crate) to_exclusive: u64,
    /// Where the page before ended, at this provider.
    pub(crate) after: Option<Bytes>,
}

/// A page.
pub(crate) struct Page {
    pub(crate) transactions: Vec<Listed>,
    pub(crate) cursor: Option<Bytes>,
    /// All checkpoints up to this one are covered.
    pub(crate) covered: Option<u64>,
    pub(crate) end: PageEnd,
}

/// Why a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageEnd {
    /// There may be more behind its cursor.
    More,
    /// All that was asked for is covered.
    Complete,
    /// The provider has no more yet.
    Tip,
}

impl ProviderClient {
    /// Asks for a page.
    pub(crate) async fn affected(&self, query: &AffectedQuery<'_>) -> Result<Page, Status> {
        let mut client = self.client.clone();
        let mut ledger = client.ledger_client();
        let opened = ledger.list_transactions(request(query)).await?;
        let mut frames = opened.into_inner();
        let mut page = Page {
            transactions: Vec::new(),
            cursor: query.after.clone(),
            covered: None,
            end: PageEnd::More,
        };
        let mut bytes = 0;
        while let Some(frame) = frames.message().await? {
            if let Some(watermark) = frame.watermark {
                page.cursor = watermark.cursor.or(page.cursor);
                page.covered = watermark.checkpoint.max(page.covered);
            }
            if let Some(executed) = frame.transaction {
                let listed = listed_from_proto(&executed, query.from..query.to_exclusive);
                let listed = listed.map_err(|error| Status::data_loss(error.to_string()))?;
                bytes += listed.bytes();
                page.transactions.push(listed);
            }
            if let Some(end) = frame.end {
                page.end = page_end(end.reason());
                return Ok(page);
            }
            if bytes >= PAGE_BYTES_MAX && page.cursor.is_some() {
                return Ok(page);
            }
        }
        Err(Status::unavailable("a list broke off"))
    }

    /// A listed transaction that says too little, from its checkpoint with the objects.
    pub(crate) async fn complete_listed(
        &self,
        checkpoint: u64,
        index: u32,
    ) -> Result<ExecutedTransaction, SourceError> {
        let message = self
            .get_checkpoint(
                checkpoint,
                &crate::decode::LIVE_MASK,
                super::MESSAGE_BYTES_MAX,
            )
            .await
            .map_err(|status| self.error(&status))?;
        let transactions = self.complete(message).await?.transactions;
        let mut transactions = transactions.into_iter();
        transactions.nth(index as usize).ok_or_else(|| {
            self.problem(format!(
                "it lists transaction {index} of checkpoint {checkpoint}, which has fewer"
            ))
        })
    }
}

fn page_end(reason: QueryEndReason) -> PageEnd {
    match reason {
        QueryEndReason::CheckpointBound | QueryEndReason::CursorBound => PageEnd::Complete,
        QueryEndReason::LedgerTip => PageEnd::Tip,
        _ => PageEnd::More,
    }
}

fn request(query: &AffectedQuery<'_>) -> proto::ListTransactionsRequest {
    let mut options = proto::QueryOptions::default();
    options.limit = Some(PAGE_TRANSACTIONS_MAX);
    options.after = query.after.clone();
    let addresses = query.addresses.iter();
    let mut request = proto::ListTransactionsRequest::default();
    request.read_mask = Some(FieldMask::from_paths(LISTED_MASK));
    request.start_checkpoint = Some(query.from);
    request.end_checkpoint = Some(query.to_exclusive);
    request.filter = Some(any_of(
        addresses.map(|address| affected(&address.to_string())),
    ));
    request.options = Some(options);
    request
}
