//! Telling people and systems.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use vigia_core::NotificationText;
use vigia_notify::{Attempt, Outcome};

use super::process::TextFigures;
use super::{durations, seconds};

/// Ways to tell: webhooks, and the platforms of pushes.
const CHANNELS: [&str; 4] = ["webhook", "fcm", "apns", "web"];
/// What comes of an attempt.
const RESULTS: [&str; 5] = ["delivered", "retry", "slow_down", "refused", "gone"];

/// What whoever sends webhooks and pushes counts.
#[derive(Clone, Debug)]
pub struct ToldMetrics {
    attempts: Family<AttemptLabel, Counter>,
    durations: Family<ChannelLabel, Histogram, fn() -> Histogram>,
    rescues: Family<ChannelLabel, Counter>,
    texts: TextFigures,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabel {
    channel: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ChannelLabel {
    channel: &'static str,
}

impl Default for ToldMetrics {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            durations: Family::new_with_constructor(durations),
            rescues: Family::default(),
            texts: TextFigures::default(),
        }
    }
}

impl ToldMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        // What has not happened yet is 0, not absent.
        for channel in CHANNELS {
            for result in RESULTS {
                let label = AttemptLabel { channel, result };
                let _at_nothing = metrics.attempts.get_or_create(&label);
            }
            let _at_nothing = metrics.durations.get_or_create(&ChannelLabel { channel });
            let _at_nothing = metrics.rescues.get_or_create(&ChannelLabel { channel });
        }
        registry.register(
            "vigia_delivery_attempts",
            "Attempts to deliver, by channel (webhook, fcm, apns, web) and result (delivered, retry, slow_down, refused, gone)",
            metrics.attempts.clone(),
        );
        registry.register(
            "vigia_delivery_attempt_duration_seconds",
            "How long attempts to deliver take",
            metrics.durations.clone(),
        );
        registry.register(
            "vigia_delivery_rescues",
            "Deliveries that were taken over from a process that was lost while it had them",
            metrics.rescues.clone(),
        );
        registry.register_collector(Box::new(metrics.texts.clone()));
        metrics
    }

    /// That something was tried on a channel.
    pub(crate) fn attempt(&self, channel: &'static str, attempt: &Attempt) {
        let result = match attempt.outcome {
            Outcome::Delivered => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::SlowDown { .. } => "slow_down",
            Outcome::Refused(_) => "refused",
            Outcome::Gone => "gone",
        };
        let label = AttemptLabel { channel, result };
        self.attempts.get_or_create(&label).inc();
        let histogram = self.durations.get_or_create(&ChannelLabel { channel });
        histogram.observe(seconds(attempt.duration_ms));
    }

    /// That so many deliveries were taken over.
    pub(crate) fn rescued(&self, channel: &'static str, deliveries: u64) {
        if deliveries > 0 {
            let rescues = self.rescues.get_or_create(&ChannelLabel { channel });
            rescues.inc_by(deliveries);
        }
    }

    /// Has texts told that could not be made as written.
    pub(crate) fn watch_texts(&self, text: Arc<dyn NotificationText>) {
        self.texts.add(text);
    }
}
