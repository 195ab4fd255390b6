//! From gRPC to matches, without a database: how much of a core it takes to follow a chain, transactions scanned in place and
//! in the same run decoded in full, read by the SDK's own stream, and not read at all.
//!
//! The simulated node is a process of its own that serves checkpoints made and encoded before, of 200 transactions with as
//! many bytes as mainnet's, one in a hundred of which concerns somebody among a million addresses. Rates are per second of
//! this process's CPU time: HTTP/2, protobuf, BCS, lookups.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use sui_rpc::Client;
use sui_rpc::client::{CheckpointStreamRequest, CheckpointStreamStart};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use support::loopback::{self, MESSAGE_BYTES_MAX};
use support::node::{NodeConfig, NodeProcess};
use support::report::Report;
use support::usage;
use vigia_core::{Checkpoint, SystemClock, WatchTarget};
use vigia_sui::{
    CheckpointSource as _, LIVE_MASK, ProviderConfig, Providers, Start, decode_checkpoint,
};
use vigia_watch::{SharedWatchList, WatchList};

/// Bytes of a transaction, its effects and events as BCS on mainnet, and of the simulated node's.
const BYTES: [u64; 2] = [2_500, 1_100];

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    let (transactions, watched) = match support::is_quick() {
        true => (20_000, 100_000),
        false => (200_000, 1_000_000),
    };
    let mut config = NodeConfig::with_transactions(transactions);
    config.relevant_per_mille = 10;
    config.huge_bytes = Some(u64::from(config.per_checkpoint) * (BYTES[0] - BYTES[1]));
    let node = NodeProcess::start(&config);
    let mut list = WatchList::new(1);
    list.reserve_addresses(usize::try_from(watched).expect("it fits"));
    for n in 0..watched {
        let address = support::watched_address(n, &node.ready.users);
        list.insert(WatchTarget::Address(address));
    }
    let list = Arc::new(SharedWatchList::new(list));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Clients that connect later want to know where.
    let _entered = runtime.enter();
    let mut report = Report::new("ingest");
    let ours = || {
        let provider = ProviderConfig::new(node.ready.url.clone());
        Providers::one(&provider, Arc::new(SystemClock), |_| {}).expect("a provider")
    };
    let tip = node.ready.tip;
    // Whoever is first finds the node's pages cold.
    runtime.block_on(bytes_alone(&node.ready.url, tip));
    let scanned = Run::of(|| {
        let source = ours().scanning_for(Arc::clone(&list));
        runtime.block_on(followed(&source, &list, tip))
    });
    let decoded = Run::of(|| runtime.block_on(followed(&ours(), &list, tip)));
    let sdk = Run::of(|| runtime.block_on(by_sdk(&node.ready.url, &list, tip, true)));
    let sdk_alone = Run::of(|| runtime.block_on(by_sdk(&node.ready.url, &list, tip, false)));
    let bytes = Run::of(|| runtime.block_on(bytes_alone(&node.ready.url, tip)));
    assert_eq!(scanned.found.matched, decoded.found.matched);
    assert_eq!(scanned.found.matched, sdk.found.matched);
    for (name, run) in [
        ("", &scanned),
        ("_full_decode", &decoded),
        ("_sdk_stream", &sdk),
        ("_sdk_stream_unread", &sdk_alone),
        ("_bytes_alone", &bytes),
    ] {
        report.figure(&format!("tx_per_s_per_core{name}"), run.rate());
    }
    report.figure("ratio_to_sdk_stream", scanned.rate() / sdk.rate());
    report.figure(
        "ratio_to_sdk_stream_unread",
        scanned.rate() / sdk_alone.rate(),
    );
    report.figure("ratio_to_full_decode", scanned.rate() / decoded.rate());
    report.figure("ratio_to_bytes_alone", scanned.rate() / bytes.rate());
    report.figure("checkpoints_per_s", tip as f64 / scanned.wall.as_secs_f64());
    report.figure("matched", scanned.found.matched as f64);
    report.figure("peak_rss_mb", usage::peak_rss_kib() as f64 / 1024.0);
    report.setting("transactions", scanned.found.transactions);
    report.setting("transactions_per_checkpoint", config.per_checkpoint);
    report.setting(
        "bcs_bytes_per_checkpoint",
        node.ready.bcs_bytes_per_checkpoint,
    );
    report.setting("watched_addresses", watched);
    report.setting("fields", LIVE_MASK.join(","));
    report.finish();
    node.stop();
}

/// What was read.
#[derive(Default)]
struct Found {
    transactions: usize,
    matched: usize,
}

/// What reading took.
struct Run {
    found: Found,
    cpu: Duration,
    wall: Duration,
}

impl Run {
    fn of(read: impl FnOnce() -> Found) -> Self {
        let (cpu, begun) = (usage::cpu_time(), Instant::now());
        let found = read();
        Self {
            found,
            cpu: usage::cpu_time() - cpu,
            wall: begun.elapsed(),
        }
    }

    fn rate(&self) -> f64 {
        self.found.transactions as f64 / self.cpu.as_secs_f64()
    }
}

impl Found {
    fn add(&mut self, list: &SharedWatchList, checkpoint: &Checkpoint) {
        self.transactions += checkpoint.count();
        let list = list.read();
        let matched = checkpoint.transactions.iter();
        let matched = matched.filter(|found| !list.match_transaction(found).is_empty());
        self.matched += matched.count();
    }
}

/// As vigia follows a chain.
async fn followed(source: &Providers, list: &SharedWatchList, tip: u64) -> Found {
    let mut stream = source.stream(Start::Checkpoint(1));
    let mut found = Found::default();
    while let Some(item) = stream.next().await {
        let checkpoint = item.expect("a checkpoint");
        found.add(list, &checkpoint);
        if checkpoint.header.sequence >= tip {
            break;
        }
    }
    found
}

/// As the SDK does, which hands out messages; they are decoded and matched where they are to be `read`.
async fn by_sdk(url: &str, list: &SharedWatchList, tip: u64, read: bool) -> Found {
    let client = Client::new(url.to_owned()).expect("a client");
    let client = client.with_max_decoding_message_size(MESSAGE_BYTES_MAX);
    let request = CheckpointStreamRequest::new()
        .with_read_mask(FieldMask::from_paths(LIVE_MASK))
        .with_start(CheckpointStreamStart::Checkpoint(1));
    let mut stream = std::pin::pin!(client.stream_checkpoints(request));
    let mut found = Found::default();
    while let Some(frame) = stream.next().await {
        let Some(message) = frame.expect("a frame").checkpoint else {
            continue;
        };
        match read {
            true => found.add(list, &decode_checkpoint(&message).expect("a checkpoint")),
            false => found.transactions += message.transactions.len(),
        }
        let sequence = message.sequence_number;
        black_box(message);
        if sequence >= Some(tip) {
            break;
        }
    }
    found
}

/// Nothing of what comes is looked at.
async fn bytes_alone(url: &str, tip: u64) -> Found {
    Found {
        transactions: loopback::read(url, tip).await,
        matched: 0,
    }
}
