//! How endpoints and platforms of push do, for operators alone.

use async_graphql::{Context, Json, Object, Result, SimpleObject};
use vigia_store::{DeliveryStats, Latency};

use super::delivery::EndpointState;
use super::device::Platform;
use super::error::internal;
use super::failed::check_operator;
use super::query::web;
use super::scalar::UInt53;
use crate::targets::{self, EndpointTarget, PlatformTarget};

/// How attempts of the last 24 hours went, of the newest 10,000 of all.
#[derive(SimpleObject)]
struct Reach {
    /// Attempts of the last 24 hours that were looked at: the newest 10,000 of all.
    attempts: UInt53,
    /// Of a thousand of those attempts so many arrived, rounded down: 1000 means all. Null where there were none.
    success_permille: Option<u32>,
    /// Half of those attempts took no longer, in milliseconds; null where there were none.
    attempt_p50_ms: Option<UInt53>,
    /// Of a hundred of those attempts 99 took no longer, in milliseconds; null where there were none.
    attempt_p99_ms: Option<UInt53>,
    /// Half of what arrived did no later after it was made, in milliseconds; null where nothing arrived.
    received_p50_ms: Option<UInt53>,
    /// Of a hundred that arrived 99 did no later after they were made, in milliseconds; null where nothing arrived.
    received_p99_ms: Option<UInt53>,
}

impl From<Option<DeliveryStats>> for Reach {
    fn from(stats: Option<DeliveryStats>) -> Self {
        let attempt = stats.map(|stats| stats.attempt);
        let received = stats.and_then(|stats| stats.received);
        let p50 = |latency: Latency| UInt53(latency.p50_ms);
        let p99 = |latency: Latency| UInt53(latency.p99_ms);
        Self {
            attempts: UInt53(stats.map_or(0, |stats| stats.attempts)),
            success_permille: stats.map(|stats| stats.success_permille()),
            attempt_p50_ms: attempt.map(p50),
            attempt_p99_ms: attempt.map(p99),
            received_p50_ms: received.map(p50),
            received_p99_ms: received.map(p99),
        }
    }
}

/// A receiver of webhooks.
#[derive(SimpleObject)]
pub(super) struct WebhookEndpoint {
    /// Its name.
    pub(super) name: String,
    /// Where it is.
    url: String,
    /// Which activities it is told of, as a JSON object.
    filter: Json<serde_json::Value>,
    /// Whether it is told anything.
    state: EndpointState,
    /// Why it is not.
    reason: Option<String>,
    /// The number of its last delivery; they begin at 1 and have no gap.
    sequence: UInt53,
    /// Since when every attempt has failed, in milliseconds since 1970; null where the last one did not.
    failing_since_ms: Option<UInt53>,
    /// Deliveries that are to be tried.
    pending: UInt53,
    /// Deliveries that were given up.
    dead: UInt53,
    /// Deliveries that arrived, as far as they are kept.
    delivered: UInt53,
    #[graphql(flatten)]
    reach: Reach,
}

impl From<EndpointTarget> for WebhookEndpoint {
    fn from(EndpointTarget { row, counts, stats }: EndpointTarget) -> Self {
        Self {
            pending: UInt53(counts.pending),
            dead: UInt53(counts.dead),
            delivered: UInt53(counts.delivered),
            filter: Json(serde_json::to_value(&row.spec.filter).unwrap_or_default()),
            name: row.spec.name,
            url: row.spec.url,
            state: row.state.into(),
            reason: row.reason,
            sequence: UInt53(row.sequence),
            failing_since_ms: row.failing_since_ms.map(UInt53),
            reach: stats.into(),
        }
    }
}

/// Who brings pushes, and how that goes.
#[derive(SimpleObject)]
struct PushPlatform {
    /// Which.
    platform: Platform,
    /// Devices that are told.
    devices_active: UInt53,
    /// Pushes that are to be tried.
    pending: UInt53,
    /// Pushes that arrived, as far as they are kept.
    delivered: UInt53,
    /// Pushes that were given up.
    dead: UInt53,
    /// Pushes that were not to be sent.
    cancelled: UInt53,
    #[graphql(flatten)]
    reach: Reach,
}

impl From<PlatformTarget> for PushPlatform {
    fn from(target: PlatformTarget) -> Self {
        Self {
            platform: target.platform.into(),
            devices_active: UInt53(target.devices_active),
            pending: UInt53(target.counts.pending),
            delivered: UInt53(target.counts.delivered),
            dead: UInt53(target.counts.dead),
            cancelled: UInt53(target.counts.cancelled),
            reach: target.stats.into(),
        }
    }
}

/// All endpoints, with how many deliveries of each are how far.
pub(super) async fn endpoints(ctx: &Context<'_>) -> Result<Vec<WebhookEndpoint>> {
    check_operator(ctx)?;
    let all = targets::endpoints(web(ctx)).await.map_err(internal)?;
    Ok(all.into_iter().map(WebhookEndpoint::from).collect())
}

/// The part of queries about whoever is told.
#[derive(Default)]
pub(crate) struct TargetQueries;

/// What can be asked of them.
#[Object]
impl TargetQueries {
    /// Receivers of webhooks. For operators.
    #[graphql(complexity = "20 * child_complexity")]
    async fn endpoints(&self, ctx: &Context<'_>) -> Result<Vec<WebhookEndpoint>> {
        endpoints(ctx).await
    }

    /// Platforms of push, each with what waits and how well devices are reached. For operators.
    #[graphql(complexity = "20 * child_complexity")]
    async fn push_platforms(&self, ctx: &Context<'_>) -> Result<Vec<PushPlatform>> {
        check_operator(ctx)?;
        let all = targets::platforms(web(ctx)).await.map_err(internal)?;
        Ok(all.into_iter().map(PushPlatform::from).collect())
    }
}
