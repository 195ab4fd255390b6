//! One address under which a chain is served, with faults of its own.
//!
//! Several faces show one chain, as several providers do. What a face shows is the node's, unless a
//! fault makes it another chain's; how far it has come and how far back it goes is in its `View`.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::sync::watch;

use super::{misbehaviour::Misbehaviour, node::Node, stored::Stored, view::View};
use crate::{
    chain::{Chain, ChainConfig, Huge},
    fault::{Fault, FaultKind, Faults},
};

/// Makes the other chain's keys and people differ from this one's.
const OTHER_SEED: u64 = 0x6f74_6865_7220_6368;

/// What a client sees of a node.
pub(crate) struct Face {
    truth: Arc<Node>,
    pub(crate) faults: Misbehaviour,
    /// Settings of the true chain, if it is generated.
    config: Option<ChainConfig>,
    other: Mutex<Option<OtherChain>>,
    /// The highest checkpoint that was ever live, and the highest that could be asked for: a node
    /// that falls behind does not go back.
    live: AtomicU64,
    listed: AtomicU64,
}

impl Face {
    pub(crate) fn new(truth: Arc<Node>, config: Option<ChainConfig>, faults: Faults) -> Self {
        Self {
            truth,
            faults: Misbehaviour::new(faults),
            config,
            other: Mutex::new(None),
            live: AtomicU64::new(0),
            listed: AtomicU64::new(0),
        }
    }

    /// The seed of the true chain's validators, if they are made up.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.config.as_ref().map(|config| config.seed)
    }

    /// The node that answers now.
    pub(crate) fn node(&self) -> Arc<Node> {
        let wrong = self.faults.ongoing(FaultKind::WrongChain);
        let wrong = wrong.filter(|fault| self.truth.tip() >= Some(fault.when.from));
        match (wrong, &self.config) {
            (Some(fault), Some(config)) => self.other_node(&fault, config),
            _ => self.truth.clone(),
        }
    }

    fn other_node(&self, fault: &Fault, config: &ChainConfig) -> Arc<Node> {
        let mut other = self.other.lock().expect("nothing panics in here");
        let fitting = other.take().filter(|other| other.fault == *fault);
        let chain = other.insert(fitting.unwrap_or_else(|| {
            self.faults.note(FaultKind::WrongChain);
            OtherChain::new(fault.clone(), config, &self.truth)
        }));
        chain.grow(&self.truth);
        chain.node.clone()
    }

    /// The highest checkpoint that subscribers have been or may be sent.
    pub(crate) fn live_tip(&self) -> Option<u64> {
        let tip = self.truth.tip()?;
        Some(self.behind(FaultKind::Lag, tip, &self.live))
    }

    /// The highest checkpoint that can be asked for.
    pub(crate) fn listed_tip(&self) -> Option<u64> {
        let tip = self.live_tip()?;
        Some(self.behind(FaultKind::ListBehindLive, tip, &self.listed))
    }

    fn behind(&self, kind: FaultKind, tip: u64, shown: &AtomicU64) -> u64 {
        let fault = self.faults.ongoing(kind);
        let distance = fault.map_or(0, |fault| fault.count());
        let wanted = tip.saturating_sub(distance);
        let before = shown.fetch_max(wanted, Relaxed);
        let seen = before.max(wanted).min(tip);
        if seen < tip {
            self.faults.note(kind);
        }
        seen
    }

    /// What can be asked for.
    pub(crate) fn view<'a>(&self, node: &'a Node) -> View<'a> {
        View::new(node.read(), self.listed_tip(), self.kept())
    }

    /// What the node says about itself.
    pub(crate) fn live_view<'a>(&self, node: &'a Node) -> View<'a> {
        View::new(node.read(), self.live_tip(), self.kept())
    }

    /// How many checkpoints are available, if a fault limits it.
    fn kept(&self) -> Option<u64> {
        let prune = self.faults.ongoing(FaultKind::Prune)?;
        if self.truth.tip() >= Some(prune.count()) {
            self.faults.note(FaultKind::Prune);
        }
        Some(prune.count())
    }

    /// A checkpoint for subscribers.
    pub(crate) fn checkpoint(&self, sequence_number: u64) -> Option<Arc<Stored>> {
        self.node().checkpoint(sequence_number)
    }

    /// Follows the true tip; what of it is shown is asked for after each change.
    pub(crate) fn follow(&self) -> watch::Receiver<Option<u64>> {
        self.truth.follow()
    }

    /// Ends the streams of all subscribers, those of other faces too.
    pub(crate) fn close(&self) {
        self.truth.close();
    }

    /// Resolves when the node is about to stop.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.truth.closing()
    }
}

/// A chain that is not the one asked for, as high as that one.
struct OtherChain {
    fault: Fault,
    chain: Chain,
    node: Arc<Node>,
    next: u64,
}

impl OtherChain {
    fn new(fault: Fault, config: &ChainConfig, truth: &Node) -> Self {
        let config = ChainConfig {
            seed: config.seed ^ OTHER_SEED,
            transactions: None,
            ..config.clone()
        };
        let node = Arc::new(truth.empty_twin());
        Self {
            fault,
            chain: Chain::new(config),
            node,
            next: 0,
        }
    }

    /// Adds what the true chain has grown by: its own checkpoints up to the point of departure, the
    /// other chain's after that.
    fn grow(&mut self, truth: &Node) {
        while truth.tip() >= Some(self.next) {
            let honest = truth.checkpoint(self.next);
            let data = match &honest {
                Some(honest) => self.chain.next_checkpoint_at(honest.timestamp_ms()),
                None => self.chain.next_checkpoint(),
            };
            let made = Arc::new(Stored::new(data));
            let other_id = (self.next == 0).then_some(made.digest);
            if self.next >= self.fault.when.from {
                self.node.append(made);
            } else if let Some(honest) = honest {
                self.node.append(honest);
            }
            let true_id = truth.read().chain_id;
            let keeps_id = self.fault.part == Some("keep-id");
            if let Some(id) = if keeps_id { true_id } else { other_id } {
                self.node.rename(id);
            }
            self.next += 1;
        }
    }
}

/// What a fault of kind `Huge` puts into the chain itself.
pub(crate) fn huge_of(fault: &Fault) -> Huge {
    Huge {
        bytes: fault.count(),
        every: fault.when.every,
        from: fault.when.from,
        times: fault.when.times,
    }
}
