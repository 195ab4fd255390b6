//! Looks up coins that activities mention and nothing is known about, and later again those of which no
//! node could tell anything.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use vigia_core::{Clock, CoinInfo, TypeTag, parse_coin_type};
use vigia_store::Store;
use vigia_sui::{Providers, SourceError};

use super::Trouble;

/// Coins looked up at once.
const LOOKUPS_MAX: u32 = 20;

/// Who is asked about coins.
#[async_trait]
pub trait CoinSource: Send + Sync {
    /// What is known about a coin; none where nothing is.
    async fn coin_info(&self, coin_type: &TypeTag) -> Result<Option<CoinInfo>, SourceError>;
}

#[async_trait]
impl CoinSource for Providers {
    async fn coin_info(&self, coin_type: &TypeTag) -> Result<Option<CoinInfo>, SourceError> {
        Providers::coin_info(self, coin_type).await
    }
}

/// Asks a full node about coins.
pub struct CoinLookup {
    /// Where coins are kept.
    pub store: Arc<dyn Store>,
    /// Whom to ask.
    pub source: Arc<dyn CoinSource>,
    /// How often to look for new ones.
    pub interval: Duration,
    /// After how long some of those of which nothing could be told are asked about again.
    pub again_after_ms: u64,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// When and where asking again goes on.
struct Again {
    at_ms: u64,
    asked: usize,
}

impl CoinLookup {
    /// Looks until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot look up coins");
        let mut again = self.again();
        loop {
            match self.look(&mut again).await {
                Ok(()) => trouble.well(),
                Err(error) => trouble.failing(&*error),
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    fn again(&self) -> Again {
        Again {
            at_ms: self.again_at_ms(),
            asked: 0,
        }
    }

    fn again_at_ms(&self) -> u64 {
        self.clock.now_ms().saturating_add(self.again_after_ms)
    }

    /// Asks about new coins, and where it is time for it again about some others.
    async fn look(&self, again: &mut Again) -> anyhow::Result<()> {
        let unknown = self.store.coin_unknown(LOOKUPS_MAX).await?;
        self.look_up(unknown).await?;
        if self.clock.now_ms() < again.at_ms {
            return Ok(());
        }
        // A node that fails now is not asked the same every moment from then on.
        again.at_ms = self.again_at_ms();
        self.look_again(again.asked).await?;
        again.asked += LOOKUPS_MAX as usize;
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use vigia_core::{ManualClock, type_text};
    use vigia_store::{IngestStore, ReadStore, SqlStore, SqliteOptions};

    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1_000;

    /// Counts what it is asked, and knows what it has been told.
    #[derive(Default)]
    struct Node {
        asked: Mutex<Vec<String>>,
        known: Mutex<BTreeSet<String>>,
    }

    #[async_trait]
    impl CoinSource for Node {
        async fn coin_info(&self, coin_type: &TypeTag) -> Result<Option<CoinInfo>, SourceError> {
            let text = type_text(coin_type);
            self.asked.lock().unwrap().push(text.clone());
            let is_known = self.known.lock().unwrap().contains(&text);
            Ok(is_known.then(|| CoinInfo {
                decimals: Some(6),
                ..nameless(text)
            }))
        }
    }

    struct Bench {
        lookup: CoinLookup,
        node: Arc<Node>,
        clock: Arc<ManualClock>,
        store: Arc<SqlStore>,
        _folder: tempfile::TempDir,
    }

    /// A look-up over a store in which `count` coins are nameless.
    async fn bench(count: usize) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(1_000));
        let options = SqliteOptions::new(folder.path().join("vigia.db"));
        let store = Arc::new(SqlStore::open(options, clock.clone()).await.unwrap());
        let coins = (0..count).map(|n| nameless(coin_type(n)));
        store.coin_upsert(&coins.collect::<Vec<_>>()).await.unwrap();
        let node = Arc::new(Node::default());
        let lookup = CoinLookup {
            store: store.clone(),
            source: node.clone(),
            interval: Duration::from_secs(1),
            again_after_ms: HOUR_MS,
            clock: clock.clone(),
        };
        Bench {
            lookup,
            node,
            clock,
            store,
            _folder: folder,
        }
    }

    fn coin_type(n: usize) -> String {
        format!("0x{:064x}::coin::C", n + 1)
    }

    impl Bench {
        /// Looks once at a time; what was asked.
        async fn looked(&self, again: &mut Again, at_ms: u64) -> Vec<String> {
            self.clock.set(at_ms);
            self.lookup.look(again).await.unwrap();
            std::mem::take(&mut self.node.asked.lock().unwrap())
        }
    }

    #[tokio::test]
    async fn unknown_coins_are_asked_about_again_after_the_interval_and_not_before() {
        let bench = bench(1).await;
        let mut again = bench.lookup.again();
        let none: [String; 0] = [];
        let one = [coin_type(0)];
        assert_eq!(bench.looked(&mut again, 1_000).await, none);
        assert_eq!(bench.looked(&mut again, 1_000 + HOUR_MS - 1).await, none);
        assert_eq!(bench.looked(&mut again, 1_000 + HOUR_MS).await, one);
        // The next hour begins when it was asked.
        assert_eq!(
            bench.looked(&mut again, 1_000 + 2 * HOUR_MS - 1).await,
            none
        );
        bench.node.known.lock().unwrap().insert(coin_type(0));
        assert_eq!(bench.looked(&mut again, 1_000 + 2 * HOUR_MS).await, one);
        let coins = bench.store.coin_list().await.unwrap();
        assert_eq!(coins[0].decimals, Some(6));
        // What is known is asked about no more.
        assert_eq!(bench.looked(&mut again, 1_000 + 9 * HOUR_MS).await, none);
        bench.store.close().await;
    }

    #[tokio::test]
    async fn many_take_turns() {
        let count = LOOKUPS_MAX as usize + 5;
        let bench = bench(count).await;
        let mut again = bench.lookup.again();
        let mut asked = BTreeSet::new();
        for hour in 1..=2 {
            let now = bench.looked(&mut again, 1_000 + hour * HOUR_MS).await;
            assert_eq!(now.len(), LOOKUPS_MAX as usize);
            asked.extend(now);
        }
        assert_eq!(asked.len(), count);
        bench.store.close().await;
    }
}
