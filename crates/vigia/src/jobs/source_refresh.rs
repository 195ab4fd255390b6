//! Follows another application's accounts.

use async_trait::async_trait;

use super::{Job, JobDone};
use crate::config::SourceSettings;
use crate::source::{Followed, SourceFollower};

/// The job `source_refresh`.
pub struct SourceRefresh {
    follower: SourceFollower,
    pattern: String,
}

impl SourceRefresh {
    /// Refreshes when `[source]` says so.
    pub fn new(settings: &SourceSettings, follower: SourceFollower) -> Self {
        Self {
            follower,
            pattern: settings.schedule.clone(),
        }
    }
}

#[async_trait]
impl Job for SourceRefresh {
    fn name(&self) -> &'static str {
        "source_refresh"
    }

    fn pattern(&self) -> &str {
        &self.pattern
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        match self.follower.refresh(false).await? {
            Followed::Done(done) => Ok(JobDone {
                words: done.to_string(),
                changed: done.has_changed(),
            }),
            Followed::Elsewhere => Ok(JobDone::unchanged(
                "another process follows the source right now",
            )),
        }
    }
}
