//! Asks the full node about the epoch that goes on, and about those that ended since.
//!
//! What is said anew replaces what was said before, so a second run is harmless.

use std::sync::Arc;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use vigia_store::{EpochStore, IngestStore};
use vigia_sui::Providers;

use super::{Job, JobDone};

/// Most epochs that one run makes up for; an epoch takes a day.
const EPOCHS_MAX: u64 = 30;
/// How often it is done.
const INTERVAL_MS: u64 = 1_800_000;

/// The job `epoch_tracking`.
pub struct EpochTracking {
    epochs: Arc<dyn EpochStore>,
    ingest: Arc<dyn IngestStore>,
    source: Providers,
}

impl EpochTracking {
    /// Records in `store` what `source` tells.
    pub fn new<S: EpochStore + IngestStore + 'static>(store: Arc<S>, source: Providers) -> Self {
        Self {
            epochs: store.clone(),
            ingest: store,
            source,
        }
    }
}

#[async_trait]
impl Job for EpochTracking {
    fn name(&self) -> &'static str {
        "epoch_tracking"
    }

    fn pattern(&self) -> &str {
        "every 30m"
    }

    fn begins_ago_ms(&self) -> u64 {
        INTERVAL_MS
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let served = self.source.info().await?.chain;
        match self.ingest.chain().await? {
            None => return Ok(JobDone::unchanged("the database has no chain yet")),
            Some(chain) => ensure!(
                chain == served,
                "the provider serves chain {served}, the database belongs to {chain}"
            ),
        }
        let current = self.source.epoch(None).await?;
        let current = current.context("the provider knows no epoch")?;
        let newest = self.epochs.epoch_list(1).await?;
        // The newest one known had not ended when it was asked about.
        let from = newest.first().map_or(current.epoch, |known| known.epoch);
        let from = from.max(current.epoch.saturating_sub(EPOCHS_MAX));
        let mut found = Vec::new();
        for epoch in from..current.epoch {
            // A node may have forgotten it.
            found.extend(self.source.epoch(Some(epoch)).await?);
        }
        let words = format!("epoch {} goes on", current.epoch);
        let changed = newest
            .first()
            .is_none_or(|known| known.epoch < current.epoch);
        found.push(current);
        self.epochs.epoch_record(&found).await?;
        Ok(JobDone { words, changed })
    }
}
