//! Follows another application's accounts.

use async_trait::async_trait;

use super::Job;
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

    async fn run(&self) -> anyhow::Result<String> {
        match self.follower.refresh(false).await? {
            Followed::Done(done) => Ok(done.to_string()),
            Followed::Elsewhere => Ok("another process follows the source right now".to_owned()),
        }
    }
}
