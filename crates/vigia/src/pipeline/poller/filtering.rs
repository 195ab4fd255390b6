//! What a poller's stream is made of: filtered by the provider, where the list is short and the provider
//! filters; from a bucket, as far as providers have pruned; else whole checkpoints.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use vigia_sui::{CheckpointSource, CheckpointStream, Providers, ServerFilter, Start};

use super::{Ended, Poller};

/// How often it is looked whether filters would pay.
pub(super) const REVIEW_INTERVAL: Duration = Duration::from_secs(2);
/// After a filtered stream has failed whole checkpoints are read for so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A stream, and what it is made of.
pub(super) struct Opened {
    pub(super) stream: CheckpointStream,
    /// Whose it is.
    pub(super) source: Providers,
    /// What the provider filters by.
    pub(super) filter: Option<ServerFilter>,
    /// What is below comes from a bucket.
    pub(super) pruned_below: Option<u64>,
}

/// Says where filtering begins.
fn say(filter: Option<&ServerFilter>, start: Start) {
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
    /// Opens a stream of what comes from `start` on.
    pub(super) async fn open(&self, start: Start) -> Opened {
        let source = self.source_for_matching();
        let Start::Checkpoint(from) = start else {
            return Opened {
                stream: source.stream(start),
                source,
                filter: None,
                pruned_below: None,
            };
        };
        let pruned_below = match self.archived {
            Some(_) => self.source.pruned(from).await,
            None => None,
        };
        let filter = match pruned_below {
            Some(_) => None,
            None => self.server_filter(),
        };
        say(filter.as_ref(), start);
        let stream = match (&filter, &self.archived) {
            (Some(filter), _) => source.stream_filtered(from, filter),
            (None, Some(archived)) => {
                let archived = archived.with_all_amounts(source.wants_all_amounts());
                archived.stream(start)
            }
            (None, None) => source.stream(start),
        };
        Opened {
            stream,
            source,
            filter,
            pruned_below,
        }
    }

    /// The filter to leave to the provider, where that pays: a short list, and a provider that filters.
    fn server_filter(&self) -> Option<ServerFilter> {
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
