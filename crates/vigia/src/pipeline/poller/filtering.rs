//! When a poller leaves filtering to the provider: where the list is short and the provider filters.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use vigia_sui::{ServerFilter, Start};

use super::{Ended, Poller};

/// How often it is looked whether filters would pay.
pub(super) const REVIEW_INTERVAL: Duration = Duration::from_secs(2);
/// After a filtered stream has failed whole checkpoints are read for so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Says where filtering begins.
pub(super) fn say(filter: Option<&ServerFilter>, start: Start) {
    if let Some(filter) = filter {
        let (literals, version) = (filter.literals, filter.version);
        tracing::info!(
            literals,
            watch.version = version,
            ?start,
            "the provider filters"
        );
    }
}

impl Poller {
    /// The filter to leave to the provider, where that pays: a short list, and a provider that filters.
    pub(super) fn server_filter(&self) -> Option<ServerFilter> {
        // What a filter leaves out nobody can prove.
        if self.filter_literals_max == 0 || self.source.wants_proof() || !self.source.filters() {
            return None;
        }
        let broken = self.filters_broke.lock();
        let broken = *broken.unwrap_or_else(PoisonError::into_inner);
        if broken.is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
            return None;
        }
        ServerFilter::of(&self.watch.list().read(), self.filter_literals_max)
    }

    /// For a while whole checkpoints are read instead.
    pub(super) fn without_filters(&self) -> Ended {
        let broke = self.filters_broke.lock();
        *broke.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ended::Rewind
    }

    /// Whether the list has changed since the filter was made of it, or one can be made by now.
    pub(super) fn is_outdated(&self, filter: Option<&ServerFilter>, review: bool) -> bool {
        let Some(filter) = filter else {
            return review && self.server_filter().is_some();
        };
        let version = self.watch.list().read().version();
        if filter.version != version {
            tracing::info!(
                watch.version = version,
                "the watch list has changed, filtering anew"
            );
        }
        filter.version != version
    }
}
