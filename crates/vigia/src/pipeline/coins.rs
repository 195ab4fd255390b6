//! Looks up coins that activities mention and nothing is known about.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_core::{CoinInfo, parse_coin_type};
use vigia_store::Store;
use vigia_sui::Providers;

use super::Trouble;

/// Coins looked up at once.
const LOOKUPS_MAX: u32 = 20;

/// Asks a full node about coins.
pub struct CoinLookup {
    /// Where coins are kept.
    pub store: Arc<dyn Store>,
    /// Whom to ask.
    pub source: Providers,
    /// How often to look.
    pub interval: Duration,
}

impl CoinLookup {
    /// Looks until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot look up coins");
        loop {
            match self.look_once().await {
                Ok(()) => trouble.well(),
                Err(error) => trouble.failing(&*error),
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    async fn look_once(&self) -> anyhow::Result<()> {
        let mut found = Vec::new();
        for text in self.store.coin_unknown(LOOKUPS_MAX).await? {
            let known = match parse_coin_type(&text) {
                Ok(coin_type) => self.source.coin_info(&coin_type).await?,
                Err(_) => None,
            };
            found.push(known.unwrap_or_else(|| nameless(text)));
        }
        if !found.is_empty() {
            self.store.coin_upsert(&found).await?;
        }
        Ok(())
    }
}

/// What to call a coin about which the node knows nothing: the last part of its type. Its amounts
/// are shown in minor units.
fn nameless(coin_type: String) -> CoinInfo {
    let symbol = coin_type
        .split('<')
        .next()
        .and_then(|path| path.rsplit("::").next());
    let symbol = symbol.unwrap_or_default().to_owned();
    CoinInfo {
        decimals: None,
        name: symbol.clone(),
        symbol,
        coin_type,
    }
}
