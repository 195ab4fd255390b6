//! The full nodes of a process, how they are doing, and what proves what they send.

use std::sync::Arc;

use vigia_store::SqlStore;
use vigia_sui::{Providers, StreamNotice};

use crate::commands::providers_of;
use crate::config::Settings;
use crate::exit::Exit;
use crate::pipeline::PollerStatus;
use crate::trust::Quorum;

/// The full node to follow, and how it is doing.
pub(super) struct Provider {
    pub(super) grpc: Providers,
    pub(super) status: Arc<PollerStatus>,
    /// What proves what they send; none where they are believed.
    pub(super) quorum: Option<Arc<Quorum>>,
}

impl Provider {
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let status = Arc::new(PollerStatus::default());
        let heard = Arc::clone(&status);
        let found = providers_of(settings, move |notice| match notice {
            StreamNotice::Retrying { problem } => heard.failing(problem),
            StreamNotice::Recovered => heard.well(),
        })?;
        match found {
            Some(grpc) => Ok(Self {
                grpc,
                status,
                quorum: None,
            }),
            None => Err(Exit::bad_input(
                "no provider is set: name a Sui full node with --provider URL (for example \
                 https://fullnode.mainnet.sui.io:443) or in the configuration, or try \
                 `vigia up --devnet`, which simulates one",
            )
            .into()),
        }
    }

    /// From here on what is sent has to be proven, where the settings want that.
    pub(super) fn demand_proof(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
    ) -> anyhow::Result<()> {
        let root = settings.trust_root()?;
        self.quorum = root.map(|root| Arc::new(Quorum::new(root, store, &self.grpc)));
        Ok(())
    }
}
