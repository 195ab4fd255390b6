//! Endpoints and what they were told, for operators alone: they are told of many accounts.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use vigia_core::DeliveryId;
use vigia_store::{AttemptRow, DeliveryRow};

use super::error::{bad_input, internal};
use super::failed::check_operator;
use super::loaders::{AttemptsOf, EndpointOf, read};
use super::query::{check_writer, web};
use super::scalar::UInt53;
use super::target::{WebhookEndpoint, endpoints};

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_store::EndpointState")]
pub(super) enum EndpointState {
    /// It is.
    Enabled,
    /// It said that it is gone, failed for too long, or an operator disabled it. What happens is kept for it.
    Disabled,
    /// No setting names it any more.
    Removed,
}

/// How far a delivery is.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_store::DeliveryState")]
pub(super) enum DeliveryState {
    /// It is to be tried, now or later.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Dead,
    /// Somebody said that it is not to be sent, or a correction withdrew what it is about.
    Cancelled,
}

/// What an endpoint is told of an activity.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(name = "DeliveryEvent", remote = "vigia_store::DeliveryKind")]
enum DeliveryKind {
    /// That it is there.
    Created,
    /// That it is not what it was said to be.
    Corrected,
    /// That it was none.
    Withdrawn,
    /// Nothing: somebody tries whether the endpoint is reached.
    Test,
}

/// One try of a delivery.
#[derive(SimpleObject)]
pub(super) struct DeliveryAttempt {
    /// When it began, in milliseconds since 1970.
    started_at_ms: UInt53,
    /// How long it took, in milliseconds.
    duration_ms: UInt53,
    /// The HTTP status; null where no answer came.
    status: Option<u16>,
    /// What went wrong, in a word; null where nothing did.
    error: Option<String>,
    /// How the answer began.
    response_head: String,
}

impl From<AttemptRow> for DeliveryAttempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            started_at_ms: UInt53(row.started_at_ms),
            duration_ms: UInt53(row.duration_ms),
            status: row.status,
            error: row.error,
            response_head: row.response_head,
        }
    }
}

/// One activity on its way to one endpoint.
pub(super) struct Delivery(pub(super) DeliveryRow);

/// One activity on its way to one endpoint.
#[Object]
impl Delivery {
    /// Its id for ever: the header `webhook-id`.
    async fn id(&self) -> String {
        self.0.id.to_string()
    }

    /// Name of the endpoint.
    async fn endpoint(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        read(ctx, EndpointOf(self.0.endpoint)).await
    }

    /// Its number at the endpoint.
    async fn sequence(&self) -> UInt53 {
        UInt53(self.0.sequence)
    }

    /// What it tells.
    async fn event(&self) -> DeliveryKind {
        self.0.kind.into()
    }

    /// Id of the activity; 0 for a test.
    async fn activity_id(&self) -> String {
        self.0.activity.to_string()
    }

    /// How far it is.
    async fn state(&self) -> DeliveryState {
        self.0.state.into()
    }

    /// How often it was tried.
    async fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// When it is to be tried next, in milliseconds since 1970, where it is pending.
    async fn due_at_ms(&self) -> UInt53 {
        UInt53(self.0.due_at_ms)
    }

    /// When it was made, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.0.created_at_ms)
    }

    /// When it ended, in milliseconds since 1970.
    async fn finished_at_ms(&self) -> Option<UInt53> {
        self.0.finished_at_ms.map(UInt53)
    }

    /// Its attempts, the first one first.
    #[graphql(complexity = "10 * child_complexity")]
    async fn log(&self, ctx: &Context<'_>) -> Result<Vec<DeliveryAttempt>> {
        let attempts = read(ctx, AttemptsOf(self.0.id)).await?;
        let attempts = attempts.unwrap_or_default().into_iter();
        Ok(attempts.map(DeliveryAttempt::from).collect())
    }
}

/// The key of an endpoint by its name.
pub(super) async fn endpoint_id(ctx: &Context<'_>, name: &str) -> Result<i64> {
    let rows = web(ctx).store.endpoint_list().await.map_err(internal)?;
    let mut rows = rows.iter();
    let found = rows.find(|row| row.spec.name == name).map(|row| row.id);
    found.ok_or_else(|| {
        let problem = format!("there is no endpoint {name:?}");
        bad_input("endpoint", problem, "a name from `endpoints`")
    })
}

pub(super) fn id_of(text: &str) -> Result<DeliveryId> {
    let id: std::result::Result<DeliveryId, String> = text.parse();
    id.map_err(|problem| bad_input("id", problem, "id as it came"))
}

pub(super) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Delivery>> {
    check_operator(ctx)?;
    let found = web(ctx).store.delivery_find(&id_of(id)?).await;
    Ok(found.map_err(internal)?.map(|(row, _)| Delivery(row)))
}

/// Mutations of deliveries.
#[derive(Default)]
pub(crate) struct DeliveryMutation;

/// What can be changed of deliveries.
#[Object]
impl DeliveryMutation {
    /// Has a delivery sent again at once, under the same id, whatever became of it; null where there is none. For
    /// operators.
    async fn retry_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Option<Delivery>> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let retried = web(ctx).store.delivery_retry(&id_of(&id)?).await;
        retried.map_err(internal)?;
        find(ctx, &id).await
    }

    /// Says that a pending delivery is not to be sent; one that is not pending stays. Null where there is none. For
    /// operators.
    async fn cancel_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Option<Delivery>> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let cancelled = web(ctx).store.delivery_cancel(&id_of(&id)?).await;
        cancelled.map_err(internal)?;
        find(ctx, &id).await
    }

    /// Enables an endpoint, which is then told what happened meanwhile, or disables it. For operators.
    async fn set_endpoint_enabled(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] endpoint: String,
        #[graphql(desc = "Whether it is to be told.")] enabled: bool,
    ) -> Result<WebhookEndpoint> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        endpoint_id(ctx, &endpoint).await?;
        let store = &web(ctx).store;
        store
            .endpoint_enable(&endpoint, enabled)
            .await
            .map_err(internal)?;
        let mut all = endpoints(ctx).await?.into_iter();
        all.find(|row| row.name == endpoint).ok_or_else(|| {
            let problem = format!("there is no endpoint {endpoint:?}");
            bad_input("endpoint", problem, "a name from `endpoints`")
        })
    }
}
