//! Spans of traces.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// What whoever traces counts.
#[derive(Clone, Debug, Default)]
pub struct TraceMetrics {
    exported: Counter,
    dropped: Counter,
}

impl TraceMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "vigia_trace_spans_exported",
            "Spans that the collector took",
            metrics.exported.clone(),
        );
        registry.register(
            "vigia_trace_spans_dropped",
            "Spans that were dropped, because the collector is away or slower than they are made",
            metrics.dropped.clone(),
        );
        metrics
    }

    /// That the collector took so many.
    pub(crate) fn exported(&self, spans: u64) {
        self.exported.inc_by(spans);
    }

    /// That so many were dropped.
    pub(crate) fn dropped(&self, spans: u64) {
        self.dropped.inc_by(spans);
    }

    /// How many were dropped.
    #[cfg(test)]
    pub(crate) fn dropped_total(&self) -> u64 {
        self.dropped.get()
    }
}
