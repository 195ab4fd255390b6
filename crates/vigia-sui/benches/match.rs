//! Whom do transactions concern: from the bytes of a message to its matches, on one core and without a network, scanned in
//! place and, in the same run, decoded in full.
//!
//! Messages are those of mainnet's and testnet's checkpoints in `../shared/chain-data` (or `VIGIA_CHAIN_DATA`) as a node sends
//! them to `LIVE_MASK`, and the simulated node's where that is absent; addresses watched are strangers, as almost all are, and
//! as many as wanted of those that take part. Rates are per second of CPU time.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

#[allow(dead_code, reason = "every bench uses a part of it")]
#[path = "../../vigia/benches/support/report.rs"]
mod report;
#[allow(dead_code, reason = "every bench uses a part of it")]
#[path = "../../vigia/benches/support/usage.rs"]
mod usage;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use report::Report;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Address, Checkpoint, Hasher, WatchTarget};
use vigia_devnet::{ChainConfig, checkpoint_message, generate, read_chk_directory};
use vigia_sui::{LIVE_MASK, Scanner, decode_message};
use vigia_watch::{SharedWatchList, WatchList};

/// One transaction of so many concerns somebody who is watched.
const RELEVANT_ONE_IN: usize = 100;

/// Messages, and how many transactions they have.
struct Messages {
    name: &'static str,
    messages: Vec<Bytes>,
    checkpoints: Vec<Checkpoint>,
}

fn main() {
    usage::watch_processes();
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let (watched, lasting) = match is_quick {
        true => (100_000, Duration::from_secs(1)),
        false => (1_000_000, Duration::from_secs(8)),
    };
    let mut report = Report::new("match");
    let measured = [real(), simulated()];
    for messages in measured.into_iter().flatten() {
        measure(&mut report, &messages, watched, lasting);
    }
    report.setting("watched_addresses", watched);
    report.setting("relevant_one_in", RELEVANT_ONE_IN);
    report.setting("fields", LIVE_MASK.join(","));
    report.finish();
}

fn measure(report: &mut Report, of: &Messages, watched: u64, lasting: Duration) {
    let transactions = of.checkpoints.iter().map(Checkpoint::count).sum::<usize>();
    let bytes: usize = of.messages.iter().map(Bytes::len).sum();
    let list = Arc::new(SharedWatchList::new(list(of, watched)));
    let nobody = Arc::new(SharedWatchList::new(WatchList::new(1)));
    let scanned = |list: &Arc<SharedWatchList>| {
        let scanner = Scanner::new(Arc::clone(list));
        rate(&of.messages, transactions, lasting, |message| {
            let checkpoint = scanner.scan_message(message).expect("a checkpoint");
            black_box(matches(list, &checkpoint));
        })
    };
    let scan = scanned(&list);
    let without_lookup = scanned(&nobody);
    let full = rate(&of.messages, transactions, lasting, |message| {
        let checkpoint = decode_message(message).expect("a checkpoint");
        black_box(matches(&list, &checkpoint));
    });
    let protobuf = rate(&of.messages, transactions, lasting, |message| {
        black_box(proto::Checkpoint::decode(message).expect("a message"));
    });
    let name = |figure: &str| format!("{}_{figure}", of.name);
    report.figure(&name("tx_per_s_per_core"), scan);
    report.figure(&name("tx_per_s_per_core_without_lookup"), without_lookup);
    report.figure(&name("tx_per_s_per_core_full_decode"), full);
    report.figure(&name("tx_per_s_per_core_protobuf_alone"), protobuf);
    report.figure(&name("ratio_to_full_decode"), scan / full);
    let scanner = Scanner::new(list);
    let decoded = of.messages.iter().map(|message| {
        let checkpoint = scanner.scan_message(message.clone());
        checkpoint.expect("a checkpoint").transactions.len()
    });
    let decoded: usize = decoded.sum();
    report.figure(
        &name("decoded_percent"),
        decoded as f64 * 100.0 / transactions as f64,
    );
    report.setting(&name("bytes_per_transaction"), bytes / transactions);
    report.setting(&name("transactions"), transactions);
}

fn matches(list: &SharedWatchList, checkpoint: &Checkpoint) -> usize {
    let list = list.read();
    let transactions = checkpoint.transactions.iter();
    let reasons = transactions.map(|transaction| list.match_transaction(transaction).len());
    reasons.sum()
}

/// Transactions a second of CPU time, over all messages again and again.
fn rate(
    messages: &[Bytes],
    transactions: usize,
    lasting: Duration,
    mut read: impl FnMut(Bytes),
) -> f64 {
    let begun = usage::cpu_time();
    let mut done = 0;
    loop {
        // A while between looks, which are of hundredths of a second.
        for _ in 0..20 {
            messages.iter().cloned().for_each(&mut read);
        }
        done += 20 * transactions;
        let spent = usage::cpu_time() - begun;
        if spent >= lasting {
            return done as f64 / spent.as_secs_f64();
        }
    }
}

/// Strangers, and senders of one transaction in so many.
fn list(of: &Messages, watched: u64) -> WatchList {
    let mut list = WatchList::new(1);
    list.reserve_addresses(usize::try_from(watched).expect("it fits"));
    for n in 0..watched {
        let mut hasher = Hasher::new();
        hasher.update(n.to_le_bytes());
        let stranger = Address::new(*hasher.finalize().inner());
        list.insert(WatchTarget::Address(stranger));
    }
    let all = of.checkpoints.iter().flat_map(|found| &found.transactions);
    let wanted = all.clone().count() / RELEVANT_ONE_IN;
    // Who sends but one of these, since a busy one would make many of them relevant.
    let senders: Vec<Address> = all
        .map(|transaction| transaction.transaction.sender)
        .collect();
    let once = senders
        .iter()
        .filter(|sender| senders.iter().filter(|other| other == sender).count() == 1);
    for sender in once.take(wanted.max(1)) {
        list.insert(WatchTarget::Address(*sender));
    }
    list
}

/// Those of real networks whose effects are of version 2, as all are since 2024; none where there are none here.
fn real() -> Option<Messages> {
    let root = std::env::var_os("VIGIA_CHAIN_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/chain-data"),
        PathBuf::from,
    );
    let networks = ["mainnet", "testnet"].map(|network| root.join("checkpoints").join(network));
    let checkpoints = networks
        .iter()
        .filter_map(|folder| read_chk_directory(folder).ok());
    let messages = Messages::of("real", checkpoints.flatten().map(message));
    (!messages.messages.is_empty()).then_some(messages)
}

fn simulated() -> Option<Messages> {
    let config = ChainConfig {
        users: 500,
        tps: 200,
        relevant_per_mille: 10,
        transactions: Some(4_000),
        ..ChainConfig::default()
    };
    Some(Messages::of("simulated", generate(config).map(message)))
}

fn message(data: sui_sdk_types::CheckpointData) -> Bytes {
    let message = checkpoint_message(data, FieldMask::from_paths(LIVE_MASK));
    message.encode_to_vec().into()
}

impl Messages {
    /// Those that can be read without objects.
    fn of(name: &'static str, messages: impl Iterator<Item = Bytes>) -> Self {
        let read = messages.filter_map(|message| {
            let checkpoint = decode_message(message.clone()).ok()?;
            (checkpoint.count() > 1).then_some((message, checkpoint))
        });
        let (messages, checkpoints) = read.unzip();
        Self {
            name,
            messages,
            checkpoints,
        }
    }
}
