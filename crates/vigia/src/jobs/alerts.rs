//! Tells operators what is wrong.

use async_trait::async_trait;
use vigia_store::SqlStore;

use super::{Job, JobDone};
use crate::alerts::{Alarm, Looked};

/// The job `alerts`.
pub struct Alerts(pub Alarm<SqlStore>);

#[async_trait]
impl Job for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    fn pattern(&self) -> &str {
        "every 15s"
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let Looked { open, told } = self.0.look().await?;
        Ok(JobDone {
            words: format!("{open} alerts, {told} messages sent"),
            changed: told > 0,
        })
    }
}
