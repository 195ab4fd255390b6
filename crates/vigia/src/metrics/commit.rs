//! Interpreting and committing.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use vigia_core::{CommitOutcome, Frame};

use super::{durations, seconds};

/// What a worker counts.
#[derive(Clone, Debug)]
pub struct CommitMetrics {
    commits: Family<OutcomeLabel, Counter>,
    stages: Family<StageLabel, Histogram, fn() -> Histogram>,
    transactions: Counter,
    activities: Counter,
    notifications: Counter,
    age: Histogram,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

/// A part of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitStage {
    /// Asking whose addresses take part.
    Accounts,
    /// Saying what transactions mean.
    Interpret,
    /// Writing it.
    Write,
}

impl CommitStage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Interpret => "interpret",
            Self::Write => "write",
        }
    }
}

impl Default for CommitMetrics {
    fn default() -> Self {
        Self {
            commits: Family::default(),
            stages: Family::new_with_constructor(durations),
            transactions: Counter::default(),
            activities: Counter::default(),
            notifications: Counter::default(),
            age: durations(),
        }
    }
}

impl CommitMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        // What has not happened yet is 0, not absent.
        for outcome in ["applied", "stale_watch_list", "failed"] {
            let _at_nothing = metrics.commits.get_or_create(&OutcomeLabel { outcome });
        }
        for stage in [
            CommitStage::Accounts,
            CommitStage::Interpret,
            CommitStage::Write,
        ] {
            let stage = stage.as_str();
            let _at_nothing = metrics.stages.get_or_create(&StageLabel { stage });
        }
        registry.register(
            "vigia_commits",
            "Commits that were tried, by what came of them: applied, stale_watch_list (it is matched again) or failed",
            metrics.commits.clone(),
        );
        registry.register(
            "vigia_commit_duration_seconds",
            "How long the parts of a commit take: accounts, interpret and write",
            metrics.stages.clone(),
        );
        for (name, help, counter) in [
            (
                "vigia_transactions_committed",
                "Relevant transactions that were committed live and new to the database",
                &metrics.transactions,
            ),
            (
                "vigia_activities_committed",
                "Activities that were committed live and new to the database",
                &metrics.activities,
            ),
            (
                "vigia_notifications_committed",
                "Notifications that were committed live and new to the database",
                &metrics.notifications,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "vigia_checkpoint_age_seconds",
            "How long after a checkpoint was made, by its own time, it was committed",
            metrics.age.clone(),
        );
        metrics
    }

    /// How long a part took.
    pub(crate) fn took(&self, stage: CommitStage, duration: Duration) {
        let label = StageLabel {
            stage: stage.as_str(),
        };
        let histogram = self.stages.get_or_create(&label);
        histogram.observe(duration.as_secs_f64());
    }

    /// What came of a commit; none where it failed.
    pub(crate) fn ended(&self, outcome: Option<&CommitOutcome>) {
        let outcome = match outcome {
            None => "failed",
            Some(CommitOutcome::StaleWatchList { .. }) => "stale_watch_list",
            Some(CommitOutcome::Applied {
                raw_transactions_new,
                activities_new,
                notifications_new,
            }) => {
                self.transactions.inc_by(*raw_transactions_new);
                self.activities.inc_by(*activities_new);
                self.notifications.inc_by(*notifications_new);
                "applied"
            }
        };
        self.commits.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// How old checkpoints are that are committed now.
    pub(crate) fn committed<'f>(&self, frames: impl Iterator<Item = &'f Frame>, now_ms: u64) {
        for frame in frames {
            let age_ms = now_ms.saturating_sub(frame.header.timestamp_ms);
            self.age.observe(seconds(age_ms));
        }
    }
}
