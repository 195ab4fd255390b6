//! What every handler shares.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use vigia_contracts::CurrentRegistry;
use vigia_core::{Clock, NotificationText};
use vigia_store::Store;

use crate::feed::Feeds;
use crate::graphql::{self, Graph};
use crate::rate::Rates;
use crate::samples::Samples;
use crate::shared::{Shared, SharedCounts};
use crate::wallet::Domain;
use crate::{Authenticator, EndpointKeeper, FailedRetrier, MetricsText, Readiness, WebConfig};

/// What the web role works with.
#[derive(Clone)]
pub struct WebContext {
    /// Where everything is read from.
    pub store: Arc<dyn Store>,
    /// Tells what the fields of declared events are.
    pub registry: Arc<CurrentRegistry>,
    /// Tries again what could not be interpreted.
    pub retrier: Arc<dyn FailedRetrier>,
    /// Renders notifications.
    pub text: Arc<dyn NotificationText>,
    /// Says who is asking.
    pub authenticator: Arc<dyn Authenticator>,
    /// Says whether this process can do its work.
    pub readiness: Arc<dyn Readiness>,
    /// Figures of this process and of the whole system.
    pub metrics: Arc<dyn MetricsText>,
    /// Tells the time, for "5 minutes ago".
    pub clock: Arc<dyn Clock>,
    /// Keys of accounts' endpoints; none where accounts have no endpoints.
    pub endpoints: Option<Arc<dyn EndpointKeeper>>,
    /// Counts that all web processes share; none where each counts for itself.
    pub counts: Option<Arc<dyn SharedCounts>>,
    /// How long notifications stay in the inbox, in milliseconds.
    pub inbox_keep_ms: u64,
    /// Version of vigia, shown and reported.
    pub version: &'static str,
}

impl WebContext {
    /// Since when notifications are shown.
    pub(crate) fn inbox_not_before_ms(&self) -> u64 {
        self.clock.now_ms().saturating_sub(self.inbox_keep_ms)
    }
}

/// The state behind the router.
pub(crate) struct App {
    pub(crate) context: WebContext,
    pub(crate) config: WebConfig,
    pub(crate) graph: Graph,
    pub(crate) domain: Domain,
    pub(crate) stopping: Stopping,
    pub(crate) rates: Rates,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) samples: Samples,
    live_readers: Arc<Semaphore>,
    newcomers: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(config: WebConfig, context: WebContext, stopping: Stopping) -> Arc<Self> {
        let domain = Domain(config.domain());
        let feeds = Arc::new(Feeds::new(context.store.clone()));
        let shared = graphql::Shared {
            context: context.clone(),
            feeds: Arc::clone(&feeds),
            domain: domain.clone(),
            stopping: stopping.clone(),
        };
        let graph = graphql::graph(&config, shared);
        Arc::new(Self {
            feeds,
            live_readers: Arc::new(Semaphore::new(config.limits.live_readers_max)),
            newcomers: Arc::new(Semaphore::new(config.limits.newcomers_max)),
            rates: Rates::new(Shared::new(context.counts.clone(), context.clock.clone())),
            samples: Samples::default(),
            context,
            config,
            graph,
            domain,
            stopping,
        })
    }

    /// A place among the live readers, while there is one.
    pub(crate) fn live_reader(&self) -> Option<OwnedSemaphorePermit> {
        self.live_readers.clone().try_acquire_owned().ok()
    }

    /// A place among those who have not said who they are, while there is one: they take none of the readers'.
    pub(crate) fn newcomer(&self) -> Option<OwnedSemaphorePermit> {
        self.newcomers.clone().try_acquire_owned().ok()
    }
}

/// Knows when the server is stopping: what never ends by itself ends then.
#[derive(Clone)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// The receiver, and what tells it.
    pub(crate) fn new() -> (watch::Sender<bool>, Self) {
        let (stop, stopping) = watch::channel(false);
        (stop, Self(stopping))
    }

    /// Waits until the server stops, or its teller is gone.
    pub(crate) async fn stopped(mut self) {
        // Only a dropped sender is an error, and means the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
