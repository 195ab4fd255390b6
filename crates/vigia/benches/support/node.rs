//! The simulated node as a process of its own: the bench's binary run again, so that its CPU time is
//! told apart. Checkpoints are generated and encoded before the first request.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde::{Deserialize, Serialize};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use vigia_core::Address;
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Faults, Huge, Pace};
use vigia_sui::{CommitteePin, LIVE_MASK, ProvenCheckpoint, committee_digest};

use super::usage;

/// The chain to serve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NodeConfig {
    pub(crate) transactions: u64,
    pub(crate) per_checkpoint: u32,
    pub(crate) relevant_per_mille: u32,
    pub(crate) users: usize,
    /// Bytes of padding of every checkpoint, where they are to be huge.
    pub(crate) huge_bytes: Option<u64>,
    /// Whether it serves lists.
    pub(crate) lists: bool,
    /// Whether it grows with time after the first checkpoint; else it is all there from the start.
    pub(crate) live: bool,
    /// Time between checkpoints.
    pub(crate) interval_ms: u64,
    /// Whether what it is asked for most, and has encoded before, is what all has to be proven with.
    pub(crate) proven: bool,
}

impl NodeConfig {
    /// The chain that all benches read, half of which concerns the wallet's users.
    pub(crate) fn with_transactions(transactions: u64) -> Self {
        Self {
            transactions,
            per_checkpoint: 200,
            relevant_per_mille: 500,
            users: 1_000,
            huge_bytes: None,
            lists: true,
            live: false,
            interval_ms: 250,
            proven: false,
        }
    }
}

/// What a node says once it serves.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub(crate) url: String,
    pub(crate) tip: u64,
    /// Addresses of the wallet's users.
    pub(crate) users: Vec<Address>,
    /// The committee to begin with where all has to be proven, `EPOCH:DIGEST`.
    pub(crate) committee: String,
    /// BCS bytes of transactions, effects and events in a checkpoint, on average.
    pub(crate) bcs_bytes_per_checkpoint: usize,
}

/// A running node process.
pub(crate) struct NodeProcess {
    pub(crate) ready: Ready,
    /// Whether what it sends is to be proven.
    pub(crate) is_proven: bool,
    child: Child,
    stdin: Option<ChildStdin>,
}

/// The argument by which a bench's binary becomes a node.
const NODE: &str = "--node";

/// Where this process was asked to be a node, is one until its input ends, and says so.
pub(crate) fn served() -> bool {
    let mut arguments = std::env::args().skip_while(|argument| argument != NODE);
    let Some(config) = arguments.nth(1) else {
        return false;
    };
    let config: NodeConfig = serde_json::from_str(&config).expect("a node's configuration");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let node = Devnet::start(devnet_config(&config))
            .await
            .expect("the node starts");
        let before = usage::cpu_time();
        let ready = Ready {
            url: node.url(),
            tip: node.tip().expect("a chain"),
            users: node.users().into_iter().map(|user| user.address).collect(),
            committee: committee(&node).to_string(),
            bcs_bytes_per_checkpoint: bcs_bytes_per_checkpoint(&node),
        };
        println!("{}", serde_json::to_string(&ready).expect("JSON"));
        let wait = || {
            std::io::stdin()
                .lines()
                .map_while(Result::ok)
                .for_each(drop)
        };
        tokio::task::spawn_blocking(wait).await.expect("input ends");
        println!("{}", (usage::cpu_time() - before).as_millis());
    });
    std::process::exit(0);
}

fn committee(node: &Devnet) -> CommitteePin {
    let committee = node.genesis_committee().expect("a chain of its own");
    CommitteePin {
        epoch: 0,
        digest: committee_digest(&committee),
    }
}

/// Averaged over every tenth checkpoint.
fn bcs_bytes_per_checkpoint(node: &Devnet) -> usize {
    let tip = node.tip().expect("a chain");
    let sizes: Vec<usize> = (1..=tip)
        .step_by(10)
        .filter_map(|sequence| node.checkpoint(sequence))
        .map(|data| {
            let executed = data.transactions.iter();
            let bytes = executed.map(|executed| {
                bcs::serialized_size(&executed.transaction.transaction).expect("BCS")
                    + bcs::serialized_size(&executed.effects).expect("BCS")
                    + bcs::serialized_size(&executed.events).expect("BCS")
            });
            bytes.sum()
        })
        .collect();
    sizes.iter().sum::<usize>() / sizes.len().max(1)
}

/// Transactions a second.
fn tps(config: &NodeConfig) -> u32 {
    let tps = u64::from(config.per_checkpoint) * 1_000 / config.interval_ms;
    u32::try_from(tps).expect("not that many")
}

fn devnet_config(config: &NodeConfig) -> DevnetConfig {
    DevnetConfig {
        chain: ChainConfig {
            users: config.users,
            tps: tps(config),
            interval_ms: config.interval_ms,
            relevant_per_mille: config.relevant_per_mille,
            transactions: Some(config.transactions),
            huge: config.huge_bytes.map(|bytes| Huge {
                bytes,
                every: 1,
                from: 1,
                times: None,
            }),
            ..ChainConfig::default()
        },
        faults: match config.lists {
            true => Faults::none(),
            false => Faults::parse(0, ["no-list"]).expect("a fault"),
        },
        pace: match config.live {
            true => Pace::Live,
            false => Pace::Complete,
        },
        retention: usize::MAX,
        compression: false,
        pre_encode: Some(match config.proven {
            true => FieldMask::from_paths(ProvenCheckpoint::MASK),
            false => FieldMask::from_paths(LIVE_MASK),
        }),
        ..DevnetConfig::default()
    }
}

impl NodeProcess {
    /// Starts it and waits until its chain is made.
    pub(crate) fn start(config: &NodeConfig) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("a bench is a file"))
            .args([NODE, &serde_json::to_string(config).expect("JSON")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the node process starts");
        let line = read_line(&mut child);
        let stdin = child.stdin.take();
        Self {
            ready: serde_json::from_str(&line).expect("a node's word"),
            is_proven: config.proven,
            child,
            stdin,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, and says how much CPU time serving took it, in milliseconds.
    pub(crate) fn stop(mut self) -> u64 {
        if let Some(mut stdin) = self.stdin.take() {
            let _flushed = stdin.flush();
        }
        usage::look();
        let cpu_ms = read_line(&mut self.child).trim().parse().expect("a number");
        let _ended = self.child.wait();
        cpu_ms
    }
}

fn read_line(child: &mut Child) -> String {
    let stdout = child.stdout.as_mut().expect("stdout is piped");
    // One byte at a time would be slow for nobody here: two lines in all.
    let mut line = String::new();
    BufReader::with_capacity(1, stdout)
        .read_line(&mut line)
        .expect("a line");
    line
}
