//! Transactions that could not be interpreted (I-8), for operators alone: whoever is none gets the same
//! refusal whatever is asked, before anything is looked up.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use vigia_core::{Digest, parse_digest};
use vigia_store::{FailedRetry, FailedRow};

use super::error::{bad_input, internal, operators_only};
use super::query::{reader, web};
use super::scalar::UInt53;

/// A transaction that could not be interpreted. Its evidence is that of `rawTransaction`.
#[derive(SimpleObject)]
pub(super) struct FailedTransaction {
    /// Its digest.
    digest: String,
    /// Checkpoint it stands in.
    checkpoint: UInt53,
    /// Position in the checkpoint.
    transaction_index: u32,
    /// Time of the checkpoint, in milliseconds since 1970.
    timestamp_ms: UInt53,
    /// Why it could not be interpreted.
    error: String,
    /// When somebody discarded it, in milliseconds since 1970; null where nobody did.
    discarded_at_ms: Option<UInt53>,
}

impl From<FailedRow> for FailedTransaction {
    fn from(row: FailedRow) -> Self {
        Self {
            digest: row.digest.to_string(),
            checkpoint: UInt53(row.place.checkpoint),
            transaction_index: row.place.index,
            timestamp_ms: UInt53(row.timestamp_ms),
            error: row.error,
            discarded_at_ms: None,
        }
    }
}

impl From<vigia_store::FailedTransaction> for FailedTransaction {
    fn from(found: vigia_store::FailedTransaction) -> Self {
        Self {
            discarded_at_ms: found.discarded_at_ms.map(UInt53),
            ..FailedRow {
                place: found.raw.place,
                digest: found.raw.digest,
                timestamp_ms: found.raw.timestamp_ms,
                error: found.raw.processing_error.unwrap_or_default(),
            }
            .into()
        }
    }
}

/// One of them, discarded or not.
pub(super) async fn find(ctx: &Context<'_>, digest: &Digest) -> Result<Option<FailedTransaction>> {
    let found = web(ctx).store.failed_find(digest).await.map_err(internal)?;
    Ok(found.map(FailedTransaction::from))
}

/// Refuses whoever is no operator; before anything else is looked at.
pub(super) fn check_operator(ctx: &Context<'_>) -> Result<()> {
    match reader(ctx).principal.is_operator() {
        true => Ok(()),
        false => Err(operators_only()),
    }
}

/// A digest as it is written.
pub(super) fn digest_of(text: &str) -> Result<Digest> {
    parse_digest(text).map_err(|error| bad_input("digest", error, "the base58 text of 32 bytes"))
}

/// What became of trying again.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
pub(super) enum RetryOutcome {
    /// It is interpreted now.
    Resolved,
    /// It still cannot be.
    StillFailed,
    /// There is no failed transaction with this digest: it is not kept, or interpreted already.
    NotFailed,
}

/// What trying again did.
#[derive(SimpleObject)]
pub(super) struct RetryFailedTransaction {
    /// What became of it.
    outcome: RetryOutcome,
    /// Activities that are new.
    activities_new: UInt53,
    /// Notifications that are new.
    notifications_new: UInt53,
    /// The transaction with its reason, while it is still failed.
    failed_transaction: Option<FailedTransaction>,
}

/// What became of discarding.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
pub(super) enum DiscardOutcome {
    /// It counts as failed no longer, since now or before.
    Discarded,
    /// There is no failed transaction with this digest: it is not kept, or interpreted.
    NotFailed,
}

/// What discarding did.
#[derive(SimpleObject)]
pub(super) struct DiscardFailedTransaction {
    /// What became of it.
    outcome: DiscardOutcome,
    /// The transaction with the time of its first discarding.
    failed_transaction: Option<FailedTransaction>,
}

/// Mutations of failed transactions.
#[derive(Default)]
pub(crate) struct FailedMutation;

/// What can be changed of failed transactions.
#[Object]
impl FailedMutation {
    /// Interprets a failed transaction again, discarded or not, with the contracts as they are
    /// declared now. For operators.
    async fn retry_failed_transaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Digest in base58.")] digest: String,
    ) -> Result<RetryFailedTransaction> {
        check_operator(ctx)?;
        let digest = digest_of(&digest)?;
        let retried = web(ctx).retrier.retry(&digest).await.map_err(internal)?;
        let (outcome, activities_new, notifications_new) = match retried {
            FailedRetry::Resolved {
                activities_new,
                notifications_new,
            } => (RetryOutcome::Resolved, activities_new, notifications_new),
            FailedRetry::StillFailed => (RetryOutcome::StillFailed, 0, 0),
            FailedRetry::NotFailed => (RetryOutcome::NotFailed, 0, 0),
        };
        let failed_transaction = match outcome {
            RetryOutcome::StillFailed => find(ctx, &digest).await?,
            _ => None,
        };
        Ok(RetryFailedTransaction {
            outcome,
            activities_new: UInt53(activities_new),
            notifications_new: UInt53(notifications_new),
            failed_transaction,
        })
    }

    /// Keeps a failed transaction, but counts it as failed no longer. For operators.
    async fn discard_failed_transaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Digest in base58.")] digest: String,
    ) -> Result<DiscardFailedTransaction> {
        check_operator(ctx)?;
        let digest = digest_of(&digest)?;
        let discarded = web(ctx).store.failed_discard(&digest).await;
        discarded.map_err(internal)?;
        let failed_transaction = find(ctx, &digest).await?;
        let outcome = match failed_transaction {
            Some(_) => DiscardOutcome::Discarded,
            None => DiscardOutcome::NotFailed,
        };
        Ok(DiscardFailedTransaction {
            outcome,
            failed_transaction,
        })
    }
}
