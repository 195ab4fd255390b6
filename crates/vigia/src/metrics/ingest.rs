//! Reading and matching.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use vigia_core::{Frame, ReasonKind};

use super::durations;

/// What a poller counts.
#[derive(Clone, Debug)]
pub struct IngestMetrics {
    checkpoints: Counter,
    transactions: Counter,
    relevant: Counter,
    reasons: Family<ReasonLabel, Counter>,
    matching: Histogram,
    breaks: Counter,
    unproven: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl Default for IngestMetrics {
    fn default() -> Self {
        Self {
            checkpoints: Counter::default(),
            transactions: Counter::default(),
            relevant: Counter::default(),
            reasons: Family::default(),
            matching: durations(),
            breaks: Counter::default(),
            unproven: Counter::default(),
        }
    }
}

impl IngestMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for (name, help, counter) in [
            (
                "vigia_checkpoints_received",
                "Checkpoints read and matched, repeats included",
                &metrics.checkpoints,
            ),
            (
                "vigia_transactions_received",
                "Transactions read and matched, repeats included",
                &metrics.transactions,
            ),
            (
                "vigia_transactions_relevant",
                "Transactions that concern somebody, repeats included",
                &metrics.relevant,
            ),
            (
                "vigia_stream_breaks",
                "Times that a stream of checkpoints broke and was opened again",
                &metrics.breaks,
            ),
            (
                "vigia_proof_failures",
                "Times that what was read could not be proven, or did not link to what came before",
                &metrics.unproven,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        // What has not happened yet is 0, not absent.
        for kind in ReasonKind::ALL {
            let _at_nothing = metrics.reasons.get_or_create(&label(kind));
        }
        registry.register(
            "vigia_match_reasons",
            "Why transactions are relevant; one may be for several reasons",
            metrics.reasons.clone(),
        );
        registry.register(
            "vigia_match_duration_seconds",
            "How long matching and proving what came together took",
            metrics.matching.clone(),
        );
        metrics
    }

    /// That checkpoints with so many transactions came.
    pub(crate) fn received(&self, checkpoints: usize, transactions: usize) {
        self.checkpoints.inc_by(checkpoints as u64);
        self.transactions.inc_by(transactions as u64);
    }

    /// What matching them took, and came to.
    pub(crate) fn matched(&self, frames: &[Frame], took: Duration) {
        self.matching.observe(took.as_secs_f64());
        let relevant: usize = frames.iter().map(|frame| frame.relevant.len()).sum();
        self.relevant.inc_by(relevant as u64);
        for reason in frames
            .iter()
            .flat_map(|frame| &frame.relevant)
            .flat_map(|relevant| &relevant.reasons)
        {
            self.reasons.get_or_create(&label(reason.kind)).inc();
        }
    }

    /// That a stream broke.
    pub(crate) fn broke(&self) {
        self.breaks.inc();
    }

    /// That something could not be proven.
    pub(crate) fn is_unproven(&self) {
        self.unproven.inc();
    }
}

fn label(kind: ReasonKind) -> ReasonLabel {
    ReasonLabel {
        reason: kind.as_str(),
    }
}
