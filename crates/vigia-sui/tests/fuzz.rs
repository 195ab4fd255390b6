//! Fuzz target: messages of nodes, mutated. What scanning them finds is what decoding all of them finds.
//!
//! Short in `cargo test`, as long as `cargo xtask fuzz` says there.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Checkpoint, MatchReason, ReasonKind, WatchTarget};
use vigia_devnet::{ChainConfig, checkpoint_message, generate};
use vigia_sui::{LIVE_MASK, Scanner, SourceError, decode_message};
use vigia_watch::{SharedWatchList, WatchList};

/// How long a target runs in `cargo test`.
const SHORT: Duration = Duration::from_millis(1_500);

fn test_time() -> Duration {
    let seconds = std::env::var("VIGIA_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    seconds.map_or(SHORT, Duration::from_secs)
}

/// `sui.rpc.v2.Checkpoint` with the fields that are asked for and nothing else, all of them read.
#[derive(Clone, PartialEq, Message)]
struct Asked {
    #[prost(uint64, optional, tag = "1")]
    sequence_number: Option<u64>,
    #[prost(message, optional, tag = "3")]
    summary: Option<proto::CheckpointSummary>,
    #[prost(message, repeated, tag = "6")]
    transactions: Vec<AskedTransaction>,
}

#[derive(Clone, PartialEq, Message)]
struct AskedTransaction {
    #[prost(message, optional, tag = "2")]
    transaction: Option<AskedBcs>,
    #[prost(message, optional, tag = "4")]
    effects: Option<AskedBcs>,
    #[prost(message, optional, tag = "5")]
    events: Option<AskedBcs>,
    #[prost(message, repeated, tag = "8")]
    balance_changes: Vec<proto::BalanceChange>,
    #[prost(uint64, optional, tag = "10")]
    transaction_index: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct AskedBcs {
    #[prost(message, optional, tag = "1")]
    bcs: Option<proto::Bcs>,
}

/// Messages as a node sends them, small and large ones.
static MESSAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let config = ChainConfig {
        users: 8,
        tps: 16,
        relevant_per_mille: 600,
        upgrade_at: Some(6),
        transactions: Some(60),
        ..ChainConfig::default()
    };
    let messages = generate(config).map(|data| {
        let mask = FieldMask::from_paths(LIVE_MASK);
        checkpoint_message(data, mask).encode_to_vec()
    });
    messages.collect()
});

/// Lists that some of what the messages say concerns, and one that nothing does.
static LISTS: LazyLock<Vec<Arc<SharedWatchList>>> = LazyLock::new(|| {
    let mut targets = BTreeSet::new();
    let mut everything = WatchList::new(1);
    for message in MESSAGES.iter() {
        let Ok(checkpoint) = decode_message(message.clone().into()) else {
            continue; // the first one needs objects
        };
        for transaction in &checkpoint.transactions {
            targets.insert(transaction.transaction.sender);
            targets.extend(
                transaction
                    .balance_changes
                    .iter()
                    .map(|change| change.address),
            );
            targets.extend(transaction.events.iter().map(|event| event.package_id));
            for change in &transaction.balance_changes {
                everything.insert(WatchTarget::CoinType(change.coin_type.clone()));
            }
        }
    }
    let mut lists = vec![WatchList::new(3), everything];
    for (version, target) in (0..).zip(&targets).step_by(5) {
        let mut list = WatchList::new(version);
        list.insert(WatchTarget::Address(*target));
        list.insert(WatchTarget::Package(*target));
        lists.push(list);
    }
    let shared = lists
        .into_iter()
        .map(|list| Arc::new(SharedWatchList::new(list)));
    shared.collect()
});

type Found = Result<(u64, Vec<(u32, Vec<MatchReason>)>), ()>;

fn found(list: &SharedWatchList, read: Result<Checkpoint, SourceError>) -> Found {
    let checkpoint = read.map_err(|_| ())?;
    let list = list.read();
    let matched = checkpoint.transactions.iter().filter_map(|transaction| {
        let reasons = list.match_transaction(transaction);
        (!reasons.is_empty()).then_some((transaction.place.index, reasons))
    });
    Ok((checkpoint.header.sequence, matched.collect()))
}

/// Bytes as a source of choices; zeros once they are spent.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            None => 0,
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        let wide = usize::from(self.next()) << 16 | usize::from(self.next()) << 8;
        (wide | usize::from(self.next())) % bound.max(1)
    }
}

/// One change: what a broken or lying node, or a newer one, might send.
fn mutate(bytes: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = choices.below(bytes.len() + 1);
    match choices.below(9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << choices.below(8),
        1 if at < bytes.len() => bytes[at] = choices.next(),
        2 => bytes.truncate(at),
        3 => {
            let end = (at + 1 + choices.below(40)).min(bytes.len());
            drop(bytes.drain(at..end));
        }
        4 => {
            let end = (at + 1 + choices.below(80)).min(bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        5 => {
            let count = choices.below(12);
            let new: Vec<u8> = (0..count).map(|_| choices.next()).collect();
            bytes.splice(at..at, new);
        }
        // Unknown fields: a varint, a group, eight bytes, some text.
        6 => {
            let unknown: [&[u8]; 5] = [
                &[0xf8, 0x07, 0x05],
                &[0xfb, 0x07, 0x08, 0x01, 0xfc, 0x07],
                &[0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8],
                &[0xfa, 0x07, 3, b'a', b'b', b'c'],
                &[0xfb, 0x07],
            ];
            bytes.extend(unknown[choices.below(unknown.len())]);
        }
        // A varint that is longer than needed, or than there may be.
        7 if at < bytes.len() => {
            let value = bytes[at] & 0x7f;
            let mut long = vec![value | 0x80];
            long.extend(vec![0x80; choices.below(12)]);
            long.push(choices.next() & 1);
            bytes.splice(at..=at, long);
        }
        // A scalar or a message that comes again.
        _ => bytes.extend([0x08, choices.next() & 0x7f]),
    }
}

fn scanning_agrees_with_decoding(program: &[u8]) {
    let mut choices = Choices(program);
    let mut message = MESSAGES[choices.below(MESSAGES.len())].clone();
    for _ in 0..choices.below(5) {
        mutate(&mut message, &mut choices);
    }
    let list = &LISTS[choices.below(LISTS.len())];
    let message = Bytes::from(message);
    let scanned = found(
        list,
        Scanner::new(Arc::clone(list)).scan_message(message.clone()),
    );
    // All that was asked for, read by the SDK's own types.
    let asked = match Asked::decode(message.clone()) {
        Ok(asked) => found(list, decode_message(asked.encode_to_vec().into())),
        Err(_) => Err(()),
    };
    assert_eq!(scanned, asked);
    // And where the rest can be read as well, all of it.
    let all = found(list, decode_message(message));
    assert!(all.is_err() || all == scanned, "{all:?} {scanned:?}");
}

#[test]
fn scanner() {
    bolero::check!()
        .with_iterations(usize::MAX)
        .with_test_time(test_time())
        .with_max_len(96)
        .for_each(|bytes: &[u8]| scanning_agrees_with_decoding(bytes));
}

/// What is not mutated is found, for each reason there is.
#[test]
fn nothing_is_missed() {
    let mut kinds = BTreeSet::new();
    for list in LISTS.iter() {
        let scanner = Scanner::new(Arc::clone(list));
        for message in MESSAGES.iter() {
            let message = Bytes::from(message.clone());
            let all = found(list, decode_message(message.clone()));
            let scanned = scanner.scan_message(message);
            if let Ok(checkpoint) = &scanned {
                let left_out = checkpoint.scanned.expect("it is scanned").transactions;
                assert!(left_out >= checkpoint.transactions.len());
            }
            let scanned = found(list, scanned);
            assert_eq!(all, scanned);
            let matched = scanned.into_iter().flat_map(|(_, matched)| matched);
            kinds.extend(
                matched
                    .flat_map(|(_, reasons)| reasons)
                    .map(|reason| reason.kind),
            );
        }
    }
    for kind in [
        ReasonKind::Sender,
        ReasonKind::BalanceOwner,
        ReasonKind::ObjectOwnerBefore,
        ReasonKind::ObjectOwnerAfter,
        ReasonKind::CallPackage,
        ReasonKind::EventPackage,
        ReasonKind::CoinType,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} of {kinds:?}");
    }
}

/// Almost all transactions of a chain concern nobody, and are not decoded.
#[test]
fn what_concerns_nobody_is_left_out() {
    let scanner = Scanner::new(Arc::new(SharedWatchList::new(WatchList::new(1))));
    let (mut all, mut decoded) = (0, 0);
    for message in MESSAGES.iter() {
        let Ok(checkpoint) = scanner.scan_message(message.clone().into()) else {
            continue;
        };
        all += checkpoint.count();
        decoded += checkpoint.transactions.len();
    }
    // What is left are errors that are rare.
    assert!(decoded * 20 < all, "{decoded} of {all}");
}
