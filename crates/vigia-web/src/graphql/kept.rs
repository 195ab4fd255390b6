//! Transactions found by digest, as far as they are still kept: activities outlive evidence.

use async_graphql::{Context, Object, Result};
use vigia_core::{Digest, Place};
use vigia_store::{ActivityFilter, ActivityRow, TransactionRemains};

use super::activity::Activity;
use super::error::internal;
use super::page;
use super::query::{reader, web};
use super::scalar::UInt53;
use super::transaction::{BalanceEffect, RawTransaction};

/// The raw transaction of this digest, where the reader may see it.
pub(super) async fn raw(ctx: &Context<'_>, digest: &Digest) -> Result<Option<RawTransaction>> {
    let scope = reader(ctx).scope();
    let row = web(ctx).store.raw_transaction(&scope, digest).await;
    Ok(match row.map_err(internal)? {
        None => None,
        Some(row) => Some(RawTransaction {
            row,
            activities: activities(ctx, digest).await?,
        }),
    })
}

/// The transaction of this digest, kept or not, where the reader may see it.
pub(super) async fn find(ctx: &Context<'_>, digest: &Digest) -> Result<Option<Transaction>> {
    if let Some(raw) = raw(ctx, digest).await? {
        return Ok(Some(Transaction::Kept(Box::new(raw))));
    }
    let scope = reader(ctx).scope();
    let remains = web(ctx).store.transaction_remains(&scope, digest).await;
    Ok(match remains.map_err(internal)? {
        None => None,
        Some(remains) => Some(Transaction::Expired {
            digest: *digest,
            remains,
            activities: activities(ctx, digest).await?,
        }),
    })
}

async fn activities(ctx: &Context<'_>, digest: &Digest) -> Result<Vec<ActivityRow>> {
    let filter = ActivityFilter {
        address: None,
        digest: Some(*digest),
        ..ActivityFilter::default()
    };
    let scope = reader(ctx).scope();
    let store = &web(ctx).store;
    let rows = store.activity_page(&scope, &filter, None, page::FIRST_MAX);
    rows.await.map_err(internal)
}

/// A transaction with the activities the reader may see.
pub(super) enum Transaction {
    /// With its evidence.
    Kept(Box<RawTransaction>),
    /// Its evidence was older than its retention.
    Expired {
        digest: Digest,
        remains: TransactionRemains,
        activities: Vec<ActivityRow>,
    },
}

impl Transaction {
    fn place(&self) -> Place {
        match self {
            Self::Kept(kept) => kept.row.raw.place,
            Self::Expired { remains, .. } => remains.place,
        }
    }
}

/// A relevant transaction, as far as it is still kept.
#[Object]
impl Transaction {
    /// Its digest.
    async fn digest(&self) -> String {
        match self {
            Self::Kept(kept) => kept.row.raw.digest.to_string(),
            Self::Expired { digest, .. } => digest.to_string(),
        }
    }

    /// Checkpoint it stands in.
    async fn checkpoint(&self) -> UInt53 {
        UInt53(self.place().checkpoint)
    }

    /// Position in the checkpoint.
    async fn transaction_index(&self) -> u32 {
        self.place().index
    }

    /// Time of the checkpoint, in milliseconds since 1970.
    async fn timestamp_ms(&self) -> UInt53 {
        UInt53(match self {
            Self::Kept(kept) => kept.row.raw.timestamp_ms,
            Self::Expired { remains, .. } => remains.timestamp_ms,
        })
    }

    /// What it did to watched balances.
    async fn balance_effects(&self, ctx: &Context<'_>) -> Result<Vec<BalanceEffect>> {
        let effects = match self {
            Self::Kept(kept) => &kept.row.balance_effects,
            Self::Expired { remains, .. } => &remains.balance_effects,
        };
        BalanceEffect::list(ctx, effects).await
    }

    /// What it meant, for the accounts the reader may see.
    async fn activities(&self) -> Vec<Activity> {
        let rows = match self {
            Self::Kept(kept) => &kept.activities,
            Self::Expired { activities, .. } => activities,
        };
        rows.iter().cloned().map(Activity::from).collect()
    }

    /// Whether its evidence is not kept any more, being older than the retention of raw transactions.
    async fn evidence_expired(&self) -> bool {
        matches!(self, Self::Expired { .. })
    }

    /// Its evidence; null where that is not kept any more.
    async fn evidence(&self) -> Option<&RawTransaction> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Expired { .. } => None,
        }
    }
}
