//! A running node: a chain that grows, and the server that shows it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, mpsc},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use prost_types::FieldMask;
use sui_sdk_types::{Address, CheckpointData, Digest, ValidatorCommittee};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    chain::{Chain, ChainConfig, Coin, Party, WalletUser},
    serve::{EncodedMask, Node, Stored, WireOptions, serve},
};

/// How long open streams have to end before the node drops them.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

/// Settings of a node.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// The chain to generate.
    pub chain: ChainConfig,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Checkpoints that exist before the node answers its first request, genesis included.
    pub history: u64,
    /// What makes the chain grow after that.
    pub pace: Pace,
    /// How many checkpoints the node keeps; older ones are pruned.
    pub retention: usize,
    /// What the node calls its chain.
    pub chain_name: String,
    /// Whether to compress for clients that accept it.
    pub compression: bool,
    /// A read mask for which checkpoints are encoded when they are made, so that serving them costs
    /// next to nothing. For benches; combine with no compression.
    pub pre_encode: Option<FieldMask>,
}

impl Default for DevnetConfig {
    fn default() -> Self {
        Self {
            chain: ChainConfig::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            history: 1,
            pace: Pace::Live,
            retention: 20_000,
            chain_name: "devnet".to_owned(),
            compression: true,
            pre_encode: None,
        }
    }
}

/// What makes a chain grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A timer, one checkpoint per interval, with timestamps of now.
    Live,
    /// Only `Devnet::advance`, with timestamps at the chain's own pace.
    Manual,
    /// Nothing: all transactions the chain is to have are made before the node answers.
    Complete,
}

/// A running node. Dropping it stops it, without waiting for open streams.
pub struct Devnet {
    node: Arc<Node>,
    chain: Option<Arc<Mutex<Chain>>>,
    address: SocketAddr,
    server: JoinHandle<Result<()>>,
    shutdown: Option<oneshot::Sender<()>>,
    /// Dropping it stops the timer.
    timer: Option<mpsc::Sender<()>>,
}

impl Devnet {
    /// Generates the history, then listens, then lets the chain grow.
    pub async fn start(mut config: DevnetConfig) -> Result<Self> {
        if config.pace == Pace::Complete {
            anyhow::ensure!(
                config.chain.transactions.is_some(),
                "a complete chain needs a number of transactions"
            );
        }
        if config.pace == Pace::Live {
            config.chain.start_ms =
                now_ms().saturating_sub(config.history * config.chain.interval_ms);
        }
        let chain_config = config.chain.clone();
        let (history, pace, retention) = (config.history, config.pace, config.retention);
        let ahead = config.pre_encode.clone().map(EncodedMask::new);
        let prepare = move || {
            let mut chain = Chain::new(chain_config);
            let node = Node::new(Some(chain.genesis_committee()), retention, ahead);
            let wanted = |made| pace == Pace::Complete || made < history;
            let mut made = 0;
            while wanted(made) && !chain.is_finished() {
                node.append(Stored::new(chain.next_checkpoint()));
                made += 1;
            }
            (chain, node)
        };
        let (mut chain, node) = tokio::task::spawn_blocking(prepare).await?;
        // Whoever starts a demo sees the wallet at work within a second.
        chain.wallet_next();
        let mut devnet = Self::listen(node, &config).await?;
        let chain = Arc::new(Mutex::new(chain));
        if config.pace == Pace::Live {
            let interval = Duration::from_millis(config.chain.interval_ms);
            devnet.timer = Some(spawn_timer(devnet.node.clone(), chain.clone(), interval));
        }
        devnet.chain = Some(chain);
        Ok(devnet)
    }

    /// Serves checkpoints made elsewhere. They need not be adjacent; the chain never grows.
    pub async fn replay(checkpoints: Vec<CheckpointData>, config: &DevnetConfig) -> Result<Self> {
        let ahead = config.pre_encode.clone().map(EncodedMask::new);
        let node = Node::new(None, usize::MAX, ahead);
        let mut checkpoints = checkpoints;
        checkpoints.sort_by_key(|data| data.checkpoint_summary.checkpoint.sequence_number);
        for data in checkpoints {
            node.append(Stored::new(data));
        }
        Self::listen(node, config).await
    }

    async fn listen(node: Node, config: &DevnetConfig) -> Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let node = Arc::new(node);
        let options = WireOptions {
            chain: config.chain_name.clone(),
            compression: config.compression,
        };
        let (shutdown, stopped) = oneshot::channel();
        let closing = node.clone();
        let stopped = async move {
            // A dropped sender stops the node as well.
            let _ = stopped.await;
            closing.close();
        };
        Ok(Self {
            server: tokio::spawn(serve(node.clone(), listener, options, stopped)),
            node,
            chain: None,
            address,
            shutdown: Some(shutdown),
            timer: None,
        })
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Digest of the first checkpoint.
    pub fn chain_id(&self) -> Option<Digest> {
        self.node.read().chain_id
    }

    /// Height of the newest checkpoint.
    pub fn tip(&self) -> Option<u64> {
        self.node.tip()
    }

    /// Height of the oldest checkpoint that is still available.
    pub fn lowest_available_checkpoint(&self) -> Option<u64> {
        self.node.read().lowest()
    }

    /// A checkpoint as it was made, if the node still has it.
    pub fn checkpoint(&self, sequence_number: u64) -> Option<CheckpointData> {
        let stored = self.node.checkpoint(sequence_number)?;
        Some(stored.data.clone())
    }

    /// Waits until the chain is at least this high.
    pub async fn wait_for_checkpoint(&self, sequence_number: u64) {
        let reached = |tip: &Option<u64>| tip.is_some_and(|tip| tip >= sequence_number);
        let mut tip = self.node.follow();
        tip.wait_for(reached)
            .await
            .expect("this node, which sends the tip, is alive");
    }

    /// Adds checkpoints now, at the chain's own pace of timestamps. A finished chain stays as it is.
    pub fn advance(&self, checkpoints: u64) {
        let Some(chain) = &self.chain else {
            return;
        };
        for _ in 0..checkpoints {
            let mut chain = lock(chain);
            if !chain.is_finished() {
                self.node.append(Stored::new(chain.next_checkpoint()));
            }
        }
    }

    /// Whether the chain has all the transactions it is to have; a replay always has.
    pub fn is_finished(&self) -> bool {
        self.chain
            .as_ref()
            .is_none_or(|chain| lock(chain).is_finished())
    }

    /// Height of the last checkpoint there will be, once the chain is finished.
    ///
    /// To ask [`Devnet::tip`] and [`Devnet::is_finished`] one after the other is a race: the last
    /// checkpoint may come between the two.
    pub fn final_tip(&self) -> Option<u64> {
        self.is_finished().then(|| self.tip()).flatten()
    }

    /// The wallet's users; none in a replay.
    pub fn users(&self) -> Vec<WalletUser> {
        self.chain.as_ref().map_or(vec![], |c| lock(c).users())
    }

    /// The first committee, which a client that verifies has to trust; none in a replay.
    pub fn genesis_committee(&self) -> Option<ValidatorCommittee> {
        self.chain.as_ref().map(|c| lock(c).genesis_committee())
    }

    /// What every address owns by the generator's own books, and the height they are of.
    pub fn balances(&self) -> (Option<u64>, BTreeMap<(Address, Coin), i128>) {
        let Some(chain) = &self.chain else {
            return (self.tip(), BTreeMap::new());
        };
        let chain = lock(chain);
        let balances = chain.balances().into_iter();
        let of_addresses = balances.filter_map(|((party, coin), amount)| match party {
            Party::Address(address) => Some(((address, coin), amount)),
            _ => None,
        });
        (self.tip(), of_addresses.collect())
    }

    /// Stops growing and serving. Open streams end with `Unavailable`; the port is free afterwards.
    pub async fn shutdown(mut self) -> Result<()> {
        self.timer = None;
        if let Some(shutdown) = self.shutdown.take() {
            // The server may have ended by itself.
            let _ = shutdown.send(());
        }
        match tokio::time::timeout(SHUTDOWN_PATIENCE, &mut self.server).await {
            Ok(ended) => ended?,
            Err(_) => {
                self.server.abort();
                Ok(())
            }
        }
    }
}

fn lock(chain: &Mutex<Chain>) -> MutexGuard<'_, Chain> {
    chain
        .lock()
        .expect("no thread panics while it holds the chain")
}

/// Adds a checkpoint per interval until the chain is finished or the sender is dropped.
fn spawn_timer(node: Arc<Node>, chain: Arc<Mutex<Chain>>, interval: Duration) -> mpsc::Sender<()> {
    let (sender, stopped) = mpsc::channel();
    let mut next = Instant::now() + interval;
    thread::spawn(move || {
        loop {
            let patience = next.saturating_duration_since(Instant::now());
            if stopped.recv_timeout(patience) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
            let mut chain = lock(&chain);
            if chain.is_finished() {
                return;
            }
            node.append(Stored::new(chain.next_checkpoint_at(now_ms())));
            next += interval;
        }
    });
    sender
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.expect("the clock is past 1970");
    u64::try_from(since.as_millis()).expect("milliseconds fit for ages")
}
