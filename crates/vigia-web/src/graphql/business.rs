//! Payments, trades and invitations as business objects.

use async_graphql::{Context, Json, Object, Result, SimpleObject};
use vigia_core::{BusinessEvent, BusinessKey, Digest};
use vigia_store::BusinessRow;

use super::error::internal;
use super::loaders::{EventsOf, read};
use super::query::{reader, web};
use super::scalar::UInt53;

/// Coins that a contract holds until something is settled.
#[derive(SimpleObject)]
struct HeldCoins {
    /// The address whose they were, and whose they are again if nothing comes of it.
    from: String,
    /// The address that is to get them; null while nobody is.
    to: Option<String>,
    /// Their type in canonical form.
    coin_type: String,
    /// How many, in minor units, as a decimal text.
    amount: String,
}

/// An event of a business object.
#[derive(SimpleObject)]
struct ObjectEvent {
    /// `module::Name` of its type.
    name: String,
    /// Digest of its transaction.
    digest: String,
    /// Checkpoint of its transaction.
    checkpoint: UInt53,
    /// Time of the checkpoint, in milliseconds since 1970.
    timestamp_ms: UInt53,
    /// Its index in the transaction.
    event_index: u32,
    /// Its decoded fields.
    fields: Json<serde_json::Value>,
}

impl From<(BusinessEvent, Digest, u64)> for ObjectEvent {
    fn from((event, digest, timestamp_ms): (BusinessEvent, Digest, u64)) -> Self {
        Self {
            name: event.name,
            digest: digest.to_string(),
            checkpoint: UInt53(event.place.checkpoint),
            timestamp_ms: UInt53(timestamp_ms),
            event_index: event.event_index,
            fields: Json(event.fields),
        }
    }
}

/// A payment, trade or invitation: what all stored events of one id amount to.
pub(super) struct BusinessObject(pub(super) BusinessRow);

/// A payment, trade or invitation: what all stored events of one id amount to.
#[Object]
impl BusinessObject {
    /// Name of the declared contract.
    async fn contract(&self) -> &str {
        &self.0.key.contract
    }

    /// What it is, in the contract's word: `payment`, `trade`, `invitation`.
    async fn object(&self) -> &str {
        &self.0.key.object
    }

    /// Its id in the contract.
    async fn business_id(&self) -> &str {
        &self.0.key.id
    }

    /// The state it is in, in the contract's word.
    async fn state(&self) -> &str {
        &self.0.state
    }

    /// Until when something has to happen, in milliseconds since 1970; null once nothing is waited for.
    async fn deadline_ms(&self) -> Option<UInt53> {
        self.0.deadline_ms.map(UInt53)
    }

    /// Whether that time has passed. The chain does not say so: the contract may still let it be completed.
    async fn is_overdue(&self, ctx: &Context<'_>) -> bool {
        self.0.is_overdue(web(ctx).clock.now_ms())
    }

    /// What its contract holds; null once nothing is waited for.
    async fn held(&self) -> Option<HeldCoins> {
        self.0.escrow.as_ref().map(|escrow| HeldCoins {
            from: escrow.from.to_string(),
            to: escrow.to.map(|to| to.to_string()),
            coin_type: escrow.coin_type.clone(),
            amount: escrow.amount.to_string(),
        })
    }

    /// Its known fields, as a JSON object; under `$received` what was paid under its id.
    async fn data(&self) -> Json<&serde_json::Value> {
        Json(&self.0.data)
    }

    /// Its events, in the order of the chain.
    #[graphql(complexity = "20 * child_complexity")]
    async fn events(&self, ctx: &Context<'_>) -> Result<Vec<ObjectEvent>> {
        let events = read(ctx, EventsOf(self.0.key.clone())).await?;
        let events = events.unwrap_or_default().into_iter();
        Ok(events.map(ObjectEvent::from).collect())
    }
}

pub(super) async fn find(ctx: &Context<'_>, key: BusinessKey) -> Result<Option<BusinessObject>> {
    let scope = reader(ctx).scope();
    let found = web(ctx).store.business_find(&scope, &key).await;
    Ok(found
        .map_err(internal)?
        .map(|found| BusinessObject(found.row)))
}
