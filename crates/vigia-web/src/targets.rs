//! Whoever is told, for operators: endpoints and platforms of push, what waits for each, and how well they are reached.

use std::collections::HashMap;

use vigia_core::Platform;
use vigia_store::{DeliveryState, DeliveryStats, EndpointRow, STATS_WINDOW_MS, StoreError};

use crate::WebContext;

/// How many deliveries or pushes are how far, of those that are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) pending: u64,
    pub(crate) delivered: u64,
    pub(crate) dead: u64,
    pub(crate) cancelled: u64,
}

impl Counts {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            pending: self.pending + other.pending,
            delivered: self.delivered + other.delivered,
            dead: self.dead + other.dead,
            cancelled: self.cancelled + other.cancelled,
        }
    }

    /// Whether there is anything.
    pub(crate) fn any(self) -> bool {
        self.pending + self.delivered + self.dead + self.cancelled > 0
    }

    /// How many are so far.
    pub(crate) fn of(self, state: DeliveryState) -> u64 {
        match state {
            DeliveryState::Pending => self.pending,
            DeliveryState::Delivered => self.delivered,
            DeliveryState::Dead => self.dead,
            DeliveryState::Cancelled => self.cancelled,
        }
    }

    fn set(&mut self, state: DeliveryState, count: u64) {
        *match state {
            DeliveryState::Pending => &mut self.pending,
            DeliveryState::Delivered => &mut self.delivered,
            DeliveryState::Dead => &mut self.dead,
            DeliveryState::Cancelled => &mut self.cancelled,
        } = count;
    }
}

/// An endpoint and how it does.
pub(crate) struct EndpointTarget {
    pub(crate) row: EndpointRow,
    pub(crate) counts: Counts,
    /// None where nothing was tried lately.
    pub(crate) stats: Option<DeliveryStats>,
}

/// A platform of push and how it does.
pub(crate) struct PlatformTarget {
    pub(crate) platform: Platform,
    pub(crate) devices_active: u64,
    pub(crate) counts: Counts,
    /// None where nothing was tried lately.
    pub(crate) stats: Option<DeliveryStats>,
}

/// All endpoints, in order of key.
pub(crate) async fn endpoints(context: &WebContext) -> Result<Vec<EndpointTarget>, StoreError> {
    let store = &context.store;
    let rows = store.endpoint_list().await?;
    let mut counts = HashMap::<i64, Counts>::new();
    for (endpoint, state, count) in store.delivery_counts().await? {
        counts.entry(endpoint).or_default().set(state, count);
    }
    let stats: HashMap<_, _> = store
        .delivery_stats(since_ms(context))
        .await?
        .into_iter()
        .collect();
    let target = |row: EndpointRow| EndpointTarget {
        counts: counts.get(&row.id).copied().unwrap_or_default(),
        stats: stats.get(&row.id).copied(),
        row,
    };
    Ok(rows.into_iter().map(target).collect())
}

/// All platforms, also those that nobody has a device of.
pub(crate) async fn platforms(context: &WebContext) -> Result<Vec<PlatformTarget>, StoreError> {
    let store = &context.store;
    let all = store.push_counts().await?;
    let stats = store.push_stats(since_ms(context)).await?;
    let devices = store.device_counts().await?;
    let target = |platform| {
        let mut counts = Counts::default();
        for (_, state, count) in all.iter().filter(|(of, _, _)| *of == platform) {
            counts.set(*state, *count);
        }
        let devices = devices.iter().find(|(of, _)| *of == platform);
        let stats = stats.iter().find(|(of, _)| *of == platform);
        PlatformTarget {
            platform,
            devices_active: devices.map_or(0, |(_, count)| *count),
            counts,
            stats: stats.map(|(_, stats)| *stats),
        }
    };
    Ok(Platform::ALL.into_iter().map(target).collect())
}

/// Since when attempts are looked at.
fn since_ms(context: &WebContext) -> u64 {
    context.clock.now_ms().saturating_sub(STATS_WINDOW_MS)
}
