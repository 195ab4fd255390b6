//! Looks up coins that activities mention and nothing is known about, and later again those of which no
//! node could tell anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vigia_core::{CoinInfo, parse_coin_type};
use vigia_store::Store;
use vigia_sui::Providers;

use super::Trouble;

/// Coins looked up at once.
const LOOKUPS_MAX: u32 = 20;
/// After how long so many of those of which nothing could be told are asked about again.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

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
        let (mut again_at, mut asked) = (Instant::now() + AGAIN_AFTER, 0);
        loop {
            let mut looked = self.look_once().await;
            if looked.is_ok() && Instant::now() >= again_at {
                looked = self.look_again(asked).await;
                (again_at, asked) = (Instant::now() + AGAIN_AFTER, asked + LOOKUPS_MAX as usize);
            }
            match looked {
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
        let unknown = self.store.coin_unknown(LOOKUPS_MAX).await?;
        self.look_up(unknown).await
    }

    /// Asks again about those of which nothing could be told, in turn, `asked` of them so far: metadata may
    /// be made after the first coin has moved.
    async fn look_again(&self, asked: usize) -> anyhow::Result<()> {
        let coins = self.store.coin_list().await?.into_iter();
        let nameless = coins.filter(|coin| coin.decimals.is_none());
        let mut nameless: Vec<String> = nameless.map(|coin| coin.coin_type).collect();
        if nameless.is_empty() {
            return Ok(());
        }
        let start = asked % nameless.len();
        nameless.rotate_left(start);
        nameless.truncate(LOOKUPS_MAX as usize);
        self.look_up(nameless).await
    }

    /// Writes what could be told; one that the node fails at stops none of the others.
    async fn look_up(&self, coin_types: Vec<String>) -> anyhow::Result<()> {
        let (mut found, mut failure) = (Vec::new(), None);
        for text in coin_types {
            let asked = match parse_coin_type(&text) {
                Ok(coin_type) => self.source.coin_info(&coin_type).await,
                Err(_) => Ok(None),
            };
            match asked {
                Ok(known) => found.push(known.unwrap_or_else(|| nameless(text))),
                Err(error) => failure = Some(error),
            }
        }
        if !found.is_empty() {
            self.store.coin_upsert(&found).await?;
        }
        failure.map_or(Ok(()), |error| Err(error.into()))
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
        icon_url: None,
        name: symbol.clone(),
        symbol,
        coin_type,
    }
}
