//! A running node: a chain that grows, and the addresses under which it is shown.

mod bucket;
mod face;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use prost_types::FieldMask;
use sui_sdk_types::{Address, CheckpointData, Digest, ValidatorCommittee};

use crate::{
    chain::{Chain, ChainConfig, Coin, Party, WalletUser},
    fault::{FaultKind, Faults},
    serve::{EncodedMask, Node, Shelf, Stored, WireOptions, huge_of, serve, serve_bucket},
};

pub use bucket::Bucket;
pub use face::DevnetFace;
use face::{Growing, Outlet, lock};

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
    /// What is wrong with the first face. `Devnet::also_listen` adds others.
    pub faults: Faults,
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
            faults: Faults::none(),
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
    chain: Option<Growing>,
    /// Settings of the chain as it was begun.
    config: Option<ChainConfig>,
    options: WireOptions,
    /// What listens, the first face first.
    outlets: Vec<Outlet>,
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
        let mut huge = config
            .faults
            .list
            .iter()
            .filter(|f| f.kind == FaultKind::Huge);
        if let Some(fault) = huge.next() {
            config.chain.huge = Some(huge_of(fault));
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
                node.append(Arc::new(Stored::new(chain.next_checkpoint())));
                made += 1;
            }
            (chain, node)
        };
        let (mut chain, node) = tokio::task::spawn_blocking(prepare).await?;
        // Whoever starts a demo sees the wallet at work within a second.
        chain.wallet_next();
        let chain = Arc::new(Mutex::new(chain));
        let mut devnet = Self::listen(node, Some(chain.clone()), &config).await?;
        if config.pace == Pace::Live {
            let interval = Duration::from_millis(config.chain.interval_ms);
            devnet.timer = Some(spawn_timer(devnet.node.clone(), chain, interval));
        }
        Ok(devnet)
    }

    /// Serves checkpoints made elsewhere. They need not be adjacent; the chain never grows, so that
    /// faults which concern its making are refused.
    pub async fn replay(checkpoints: Vec<CheckpointData>, config: &DevnetConfig) -> Result<Self> {
        let mut faults = config.faults.list.iter();
        if let Some(fault) =
            faults.find(|f| matches!(f.kind, FaultKind::Huge | FaultKind::WrongChain))
        {
            anyhow::bail!("{fault} needs a chain that is generated");
        }
        let ahead = config.pre_encode.clone().map(EncodedMask::new);
        let node = Node::new(None, usize::MAX, ahead);
        let mut checkpoints = checkpoints;
        checkpoints.sort_by_key(|data| data.checkpoint_summary.checkpoint.sequence_number);
        for data in checkpoints {
            node.append(Arc::new(Stored::new(data)));
        }
        Self::listen(node, None, config).await
    }

    async fn listen(node: Node, chain: Option<Growing>, config: &DevnetConfig) -> Result<Self> {
        let settings = chain.as_ref().map(|chain| lock(chain).config().clone());
        let mut devnet = Self {
            node: Arc::new(node),
            chain,
            config: settings,
            options: WireOptions {
                chain: config.chain_name.clone(),
                compression: config.compression,
            },
            outlets: vec![],
            timer: None,
        };
        devnet
            .also_listen(config.listen, config.faults.clone())
            .await?;
        Ok(devnet)
    }

    /// Shows the same chain under another address with faults of its own, as another provider does.
    pub async fn also_listen(&mut self, listen: SocketAddr, faults: Faults) -> Result<DevnetFace> {
        let options = self.options.clone();
        let outlet = Outlet::open(listen, self.face_with(faults), |face, listener, stopped| {
            serve(face, listener, options, stopped)
        });
        self.add(outlet.await?)
    }

    /// Serves the chain's checkpoints as files over HTTP, as a bucket does, with faults of its own.
    pub async fn also_bucket(&mut self, listen: SocketAddr, faults: Faults) -> Result<DevnetFace> {
        let outlet = Outlet::open(listen, self.face_with(faults), |face, listener, stopped| {
            serve_bucket(face, Shelf::Chain, listener, stopped)
        });
        self.add(outlet.await?)
    }

    fn face_with(&self, faults: Faults) -> DevnetFace {
        DevnetFace::new(
            self.node.clone(),
            self.chain.clone(),
            self.config.clone(),
            faults,
        )
    }

    fn add(&mut self, outlet: Outlet) -> Result<DevnetFace> {
        let face = outlet.face.clone();
        self.outlets.push(outlet);
        Ok(face)
    }

    /// Everything that listens, in the order in which it was added; the first is the node itself.
    pub fn faces(&self) -> Vec<DevnetFace> {
        let outlets = self.outlets.iter();
        outlets.map(|outlet| outlet.face.clone()).collect()
    }

    fn first(&self) -> &DevnetFace {
        &self.outlets[0].face
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        self.first().url()
    }

    /// Replaces the faults of the first face.
    pub fn set_faults(&self, faults: Faults) {
        self.first().set_faults(faults);
    }

    /// Ends all faults of all faces.
    pub fn heal(&self) {
        for outlet in &self.outlets {
            outlet.face.heal();
        }
    }

    /// How often each kind of fault has struck, all faces together.
    pub fn struck(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for outlet in &self.outlets {
            for (kind, count) in outlet.face.struck() {
                *sums.entry(kind).or_default() += count;
            }
        }
        sums
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
                let made = Stored::new(chain.next_checkpoint());
                self.node.append(Arc::new(made));
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

    /// Stops growing and serving. Open streams end with `Unavailable`; the ports are free afterwards.
    pub async fn shutdown(mut self) -> Result<()> {
        self.timer = None;
        // Streams of all faces end, also of those whose faults say otherwise.
        self.node.close();
        let closing = self.outlets.into_iter().map(Outlet::close);
        let closed = futures::future::join_all(closing).await;
        closed.into_iter().collect()
    }
}

/// Adds a checkpoint per interval until the chain is finished or the sender is dropped.
fn spawn_timer(node: Arc<Node>, chain: Growing, interval: Duration) -> mpsc::Sender<()> {
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
            let made = Stored::new(chain.next_checkpoint_at(now_ms()));
            node.append(Arc::new(made));
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
