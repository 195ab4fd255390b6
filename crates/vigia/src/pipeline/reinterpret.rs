//! A transaction that failed, tried again: from its stored evidence to what it means today (I-8).
//!
//! Evidence is what the chain bound, so nothing has to be fetched. What matching alone needs (owners
//! before version 1 effects) is not stored and not asked for.

use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use sui_sdk_types::TransactionEvents;
use vigia_contracts::Interpreter;
use vigia_core::{
    Commit, Digest, Evidence, ExecutedTransaction, RawTransaction, Relevant, error_chain,
};
use vigia_store::{FailedRetry, FailedStore, IngestStore, Result};
use vigia_web::FailedRetrier;

use super::assemble::{assemble_again, assemble_failed_again};

/// What trying again came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reinterpreted {
    /// It is interpreted now.
    Resolved {
        /// Activities that are new.
        activities_new: u64,
        /// Notifications that are new.
        notifications_new: u64,
    },
    /// It still cannot be, for this reason.
    StillFailed(String),
    /// There is no failed transaction with this digest.
    NotFailed,
}

/// Tries failed transactions again.
pub struct Reinterpreter<S> {
    store: Arc<S>,
    interpreter: Interpreter,
}

impl<S: FailedStore + IngestStore> Reinterpreter<S> {
    /// Tries those of `store`.
    pub fn new(store: Arc<S>, interpreter: Interpreter) -> Self {
        Self { store, interpreter }
    }

    /// Tries one, discarded or not, and writes what it means, or why that cannot be said still.
    pub async fn retry(&self, digest: &Digest) -> Result<Reinterpreted> {
        let Some(failed) = self.store.failed_find(digest).await? else {
            return Ok(Reinterpreted::NotFailed);
        };
        let interpreter = self.interpreter.current();
        let commit = self.commit(failed.raw.clone(), &interpreter).await?;
        let retried = match self.store.failed_retry(&commit, &interpreter).await {
            // Understood, but not to be stored: that is a reason to stay failed.
            Err(error) if !error.is_transient() => {
                let problem = format!("cannot be stored: {}", error_chain(&error));
                let commit = assemble_failed_again(failed.raw, problem.clone());
                let kept = self.store.failed_retry(&commit, &interpreter).await?;
                return Ok(reinterpreted(kept, problem));
            }
            retried => retried?,
        };
        let problem = commit.raw_transactions.into_iter().next();
        let problem = problem.and_then(|raw| raw.processing_error);
        Ok(reinterpreted(retried, problem.unwrap_or_default()))
    }

    /// What the transaction means to the accounts there are now.
    async fn commit(&self, raw: RawTransaction, interpreter: &Interpreter) -> Result<Commit> {
        let transaction = match executed(&raw) {
            Ok(transaction) => transaction,
            Err(problem) => return Ok(assemble_failed_again(raw, problem)),
        };
        let parties: Vec<_> = interpreter.parties(&transaction).into_iter().collect();
        let targets = interpreter.observed_targets(&transaction);
        let targets: Vec<_> = targets.into_iter().collect();
        let book = self.store.address_book(&parties, &targets).await?;
        let relevant = Relevant {
            transaction,
            reasons: raw.reasons,
        };
        Ok(assemble_again(&relevant, interpreter, &book))
    }
}

/// For the web role, which reads the reason of one that still fails where it is kept.
#[async_trait]
impl<S: FailedStore + IngestStore> FailedRetrier for Reinterpreter<S> {
    async fn retry(&self, digest: &Digest) -> Result<FailedRetry> {
        Ok(match Self::retry(self, digest).await? {
            Reinterpreted::Resolved {
                activities_new,
                notifications_new,
            } => FailedRetry::Resolved {
                activities_new,
                notifications_new,
            },
            Reinterpreted::StillFailed(_) => FailedRetry::StillFailed,
            Reinterpreted::NotFailed => FailedRetry::NotFailed,
        })
    }
}

fn reinterpreted(retried: FailedRetry, problem: String) -> Reinterpreted {
    match retried {
        FailedRetry::Resolved {
            activities_new,
            notifications_new,
        } => Reinterpreted::Resolved {
            activities_new,
            notifications_new,
        },
        FailedRetry::StillFailed => Reinterpreted::StillFailed(problem),
        FailedRetry::NotFailed => Reinterpreted::NotFailed,
    }
}

/// The transaction as it came, out of what is stored.
pub(crate) fn executed(raw: &RawTransaction) -> std::result::Result<ExecutedTransaction, String> {
    let events = match &raw.events_bcs {
        Some(bytes) => decode::<TransactionEvents>("events", bytes)?.0,
        None => Vec::new(),
    };
    Ok(ExecutedTransaction {
        place: raw.place,
        digest: raw.digest,
        timestamp_ms: raw.timestamp_ms,
        transaction: decode("transaction", &raw.transaction_bcs)?,
        effects: decode("effects", &raw.effects_bcs)?,
        events,
        balance_changes: raw.balance_changes.clone(),
        proof: raw.proof.clone(),
        owners_before: Vec::new(),
        evidence: Evidence {
            transaction: raw.transaction_bcs.clone(),
            effects: raw.effects_bcs.clone(),
            events: raw.events_bcs.clone(),
        },
    })
}

fn decode<T: DeserializeOwned>(part: &str, bytes: &[u8]) -> std::result::Result<T, String> {
    bcs::from_bytes(bytes).map_err(|error| format!("its stored {part} cannot be read: {error}"))
}
