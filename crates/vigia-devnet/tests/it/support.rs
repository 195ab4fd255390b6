//! Nodes for tests: small, quick, on a free port.

use std::time::Duration;

use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Pace};

/// Long enough for anything a live node does in a test.
pub(crate) const LIVE: Duration = Duration::from_secs(20);

pub(crate) fn chain_config() -> ChainConfig {
    ChainConfig {
        users: 10,
        tps: 100,
        interval_ms: 50,
        epoch_checkpoints: 20,
        relevant_per_mille: 500,
        upgrade_at: Some(12),
        ..ChainConfig::default()
    }
}

/// A node that grows by itself.
pub(crate) async fn live(history: u64) -> Devnet {
    start(history, Pace::Live).await
}

/// A node that only grows when told to.
pub(crate) async fn manual(history: u64) -> Devnet {
    start(history, Pace::Manual).await
}

async fn start(history: u64, pace: Pace) -> Devnet {
    let config = DevnetConfig {
        chain: chain_config(),
        history,
        pace,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}
