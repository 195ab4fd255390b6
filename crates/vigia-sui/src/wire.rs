//! A checkpoint as it comes over the wire, decoded no further than somebody wants to know.
//!
//! Of a message in the form `Scanned` only the frame of each transaction is decoded: where its signed bytes and balance changes
//! lie. Those are scanned in place (`WatchList::scan`), and what may concern somebody is decoded by the same code as
//! everything else. Fields that were not asked for are passed over unread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use prost::{DecodeError, Message};
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Address, Checkpoint, CheckpointHeader, Place, ScannedAt, TypeTag};
use vigia_watch::{Decode, SharedWatchList, WatchList};

use crate::SourceError;
use crate::decode::{Decoded, from_proto, lone_transaction, summary_from_proto};

/// Texts of coin types whose meaning is remembered; a chain has more, but few that are not rare.
const COINS_MAX: usize = 4_096;

/// How far messages are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As far as it takes to scan them.
    Scanned,
    /// All of it.
    Full,
}

/// A message of a provider about a checkpoint.
pub(crate) enum WireMessage {
    Scanned(Box<WireCheckpoint>, usize),
    Full(Box<proto::Checkpoint>, usize),
}

impl WireMessage {
    pub(crate) fn decode(form: Form, bytes: Bytes) -> Result<Self, DecodeError> {
        let size = bytes.len();
        Ok(match form {
            Form::Scanned => Self::Scanned(Box::new(WireCheckpoint::decode(bytes)?), size),
            Form::Full => Self::Full(Box::new(proto::Checkpoint::decode(bytes)?), size),
        })
    }

    pub(crate) fn sequence_number(&self) -> Option<u64> {
        match self {
            Self::Scanned(message, _) => message.sequence_number,
            Self::Full(message, _) => message.sequence_number,
        }
    }

    /// Bytes that it had on the wire.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Scanned(_, bytes) | Self::Full(_, bytes) => *bytes,
        }
    }

    /// All of it, where all of it was decoded.
    pub(crate) fn full(&self) -> Result<&proto::Checkpoint, SourceError> {
        match self {
            Self::Full(message, _) => Ok(message),
            // Trust has changed since it was asked for.
            Self::Scanned(message, _) => Err(SourceError::Missing {
                sequence: message.sequence_number.unwrap_or_default().to_string(),
                what: "what proves it".to_owned(),
            }),
        }
    }

    /// All of it.
    pub(crate) fn into_full(self) -> Result<proto::Checkpoint, SourceError> {
        match self {
            Self::Scanned(message, _) => message.into_full(),
            Self::Full(message, _) => Ok(*message),
        }
    }
}

/// `sui.rpc.v2.Checkpoint`, as far as a live stream asks for it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct WireCheckpoint {
    #[prost(uint64, optional, tag = "1")]
    sequence_number: Option<u64>,
    #[prost(message, optional, tag = "3")]
    summary: Option<proto::CheckpointSummary>,
    #[prost(message, repeated, tag = "6")]
    transactions: Vec<WireTransaction>,
}

/// `sui.rpc.v2.ExecutedTransaction`, likewise.
#[derive(Clone, PartialEq, Message)]
struct WireTransaction {
    #[prost(message, optional, tag = "2")]
    transaction: Option<WireSigned>,
    #[prost(message, optional, tag = "4")]
    effects: Option<WireSigned>,
    #[prost(message, optional, tag = "5")]
    events: Option<WireSigned>,
    #[prost(message, repeated, tag = "8")]
    balance_changes: Vec<WireBalanceChange>,
    #[prost(uint64, optional, tag = "10")]
    transaction_index: Option<u64>,
}

/// `Transaction`, `TransactionEffects` or `TransactionEvents`: field 1 is their BCS in each.
#[derive(Clone, PartialEq, Message)]
struct WireSigned {
    #[prost(message, optional, tag = "1")]
    bcs: Option<WireBcs>,
}

/// `sui.rpc.v2.Bcs`
#[derive(Clone, PartialEq, Message)]
struct WireBcs {
    #[prost(bytes = "bytes", optional, tag = "1")]
    name: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    value: Option<Bytes>,
}

/// `sui.rpc.v2.BalanceChange`, whose texts are looked at as bytes.
#[derive(Clone, PartialEq, Message)]
struct WireBalanceChange {
    #[prost(bytes = "bytes", optional, tag = "1")]
    address: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    coin_type: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    amount: Option<Bytes>,
}

/// What came of scanning a checkpoint.
pub(crate) enum Scanned {
    /// It, with the transactions that may concern somebody.
    Complete(Checkpoint),
    /// Some transaction says too little without objects.
    NeedsObjects(Box<proto::Checkpoint>),
}

/// Decodes checkpoints no further than a watch list asks for. Clones share what they have learnt.
#[derive(Clone)]
pub struct Scanner {
    watched: Arc<SharedWatchList>,
    coins: Arc<Mutex<KnownCoins>>,
}

impl Scanner {
    /// For what is on the list, as it changes.
    pub fn new(watched: Arc<SharedWatchList>) -> Self {
        Self {
            watched,
            coins: Arc::default(),
        }
    }

    /// Reads one `sui.rpc.v2.Checkpoint` as a live stream asks for it ([`crate::LIVE_MASK`]): transactions that concern nobody are
    /// left out. An error as of [`decode_message`] for what was asked for; what was not is passed over.
    pub fn scan_message(&self, message: Bytes) -> Result<Checkpoint, SourceError> {
        match self.scan(WireCheckpoint::decode(message).map_err(not_protobuf)?)? {
            Scanned::Complete(checkpoint) => Ok(checkpoint),
            Scanned::NeedsObjects(message) => decode_checkpoint(&message),
        }
    }

    /// Decodes what may concern somebody, by the list as it is now.
    pub(crate) fn scan(&self, message: WireCheckpoint) -> Result<Scanned, SourceError> {
        let header = message.header()?;
        let candidates = {
            let list = self.watched.read();
            let mut coins = self.coins.lock().unwrap_or_else(PoisonError::into_inner);
            let candidates = message.candidates(&list, &mut coins);
            (candidates, list.version())
        };
        let (candidates, watch_version) = candidates;
        let mut transactions = Vec::with_capacity(candidates.len());
        for index in candidates {
            let executed = message.transactions[index].to_full(header.sequence)?;
            let place = Place {
                checkpoint: header.sequence,
                index: u32::try_from(index).unwrap_or(u32::MAX),
            };
            match lone_transaction(place, header.timestamp_ms, &executed)? {
                Some(transaction) => transactions.push(transaction),
                None => return Ok(Scanned::NeedsObjects(Box::new(message.into_full()?))),
            }
        }
        Ok(Scanned::Complete(Checkpoint {
            header,
            transactions,
            scanned: Some(ScannedAt {
                watch_version,
                transactions: message.transactions.len(),
            }),
        }))
    }
}

/// Reads one `sui.rpc.v2.Checkpoint` and decodes all of it: what a scan has to agree with.
pub fn decode_message(message: Bytes) -> Result<Checkpoint, SourceError> {
    decode_checkpoint(&proto::Checkpoint::decode(message).map_err(not_protobuf)?)
}

/// Decodes all of a message that the SDK has read.
pub fn decode_checkpoint(message: &proto::Checkpoint) -> Result<Checkpoint, SourceError> {
    match from_proto(message)? {
        Decoded::Complete(checkpoint) => Ok(checkpoint),
        Decoded::NeedsObjects(sequence) => Err(SourceError::Missing {
            sequence: sequence.to_string(),
            what: "objects".to_owned(),
        }),
    }
}

fn not_protobuf(error: DecodeError) -> SourceError {
    SourceError::Missing {
        sequence: "(unknown)".to_owned(),
        what: format!("protobuf: {error}"),
    }
}

impl WireCheckpoint {
    fn header(&self) -> Result<CheckpointHeader, SourceError> {
        let mut message = proto::Checkpoint::default();
        message.sequence_number = self.sequence_number;
        message.summary.clone_from(&self.summary);
        summary_from_proto(&message).map(|(_, header)| header)
    }

    /// Positions of the transactions that have to be decoded.
    fn candidates(&self, list: &WatchList, coins: &mut KnownCoins) -> Vec<usize> {
        let transactions = (0_u64..).zip(&self.transactions).zip(0..);
        let candidates = transactions.filter_map(|((index, transaction), position)| {
            let is_candidate = transaction.concerns_somebody(index, list, coins);
            is_candidate.then_some(position)
        });
        candidates.collect()
    }

    fn into_full(self) -> Result<proto::Checkpoint, SourceError> {
        let sequence = self.sequence_number.unwrap_or_default();
        let mut message = proto::Checkpoint::default();
        message.sequence_number = self.sequence_number;
        message.summary = self.summary;
        let transactions = self.transactions.iter();
        let transactions = transactions.map(|transaction| transaction.to_full(sequence));
        message.transactions = transactions.collect::<Result<_, _>>()?;
        Ok(message)
    }
}

impl WireTransaction {
    /// Whether it has to be decoded: it concerns somebody, or is not as expected.
    fn concerns_somebody(&self, index: u64, list: &WatchList, coins: &mut KnownCoins) -> bool {
        let is_here = self.transaction_index.is_none_or(|said| said == index);
        let (Some(transaction), Some(effects)) = (
            signed(self.transaction.as_ref()),
            signed(self.effects.as_ref()),
        ) else {
            return true;
        };
        let events = match &self.events {
            None => None,
            events => match signed(events.as_ref()) {
                Some(events) => Some(events),
                None => return true,
            },
        };
        let changes = &self.balance_changes;
        if !is_here || changes.iter().any(|change| !change.passes(list, coins)) {
            return true;
        }
        match list.scan(transaction, effects, events) {
            // Without a change of balances it may say too little (`decode::says_too_little`), or leave them out.
            Ok(passed) => changes.is_empty() && (passed.gas_cost != 0 || passed.writes_owned),
            Err(Decode) => true,
        }
    }

    fn to_full(&self, sequence: u64) -> Result<proto::ExecutedTransaction, SourceError> {
        let text = |bytes: &Option<Bytes>| {
            let text = bytes.as_deref().map(str::from_utf8).transpose();
            let text = text.map_err(|error| SourceError::invalid(sequence, error));
            text.map(|text| text.map(str::to_owned))
        };
        let bcs = |signed: &Option<WireSigned>| -> Result<Option<proto::Bcs>, SourceError> {
            let Some(WireSigned { bcs: Some(bcs) }) = signed else {
                return Ok(None);
            };
            let mut full = proto::Bcs::default();
            full.name = text(&bcs.name)?;
            full.value.clone_from(&bcs.value);
            Ok(Some(full))
        };
        let mut full = proto::ExecutedTransaction::default();
        if self.transaction.is_some() {
            let transaction = full.transaction.get_or_insert_default();
            transaction.bcs = bcs(&self.transaction)?;
        }
        if self.effects.is_some() {
            full.effects.get_or_insert_default().bcs = bcs(&self.effects)?;
        }
        if self.events.is_some() {
            full.events.get_or_insert_default().bcs = bcs(&self.events)?;
        }
        for change in &self.balance_changes {
            let mut said = proto::BalanceChange::default();
            said.address = text(&change.address)?;
            said.coin_type = text(&change.coin_type)?;
            said.amount = text(&change.amount)?;
            full.balance_changes.push(said);
        }
        full.transaction_index = self.transaction_index;
        Ok(full)
    }
}

/// The signed bytes, where they are there and named as they may be.
fn signed(signed: Option<&WireSigned>) -> Option<&[u8]> {
    let bcs = signed?.bcs.as_ref()?;
    let is_text = bcs.name.as_ref().is_none_or(|name| name.is_ascii());
    bcs.value.as_deref().filter(|_| is_text)
}

impl WireBalanceChange {
    /// Whether it is as expected and concerns nobody.
    fn passes(&self, list: &WatchList, coins: &mut KnownCoins) -> bool {
        let (Some(address), Some(coin_type), Some(amount)) =
            (&self.address, &self.coin_type, &self.amount)
        else {
            return false;
        };
        is_amount(amount)
            && address_of(address).is_some_and(|address| !list.watches_address(&address))
            && coins.passes(coin_type, list)
    }
}

/// A whole number with as many digits as fit in any case.
fn is_amount(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    (1..=38).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

/// An address in the form that nodes write.
fn address_of(text: &[u8]) -> Option<Address> {
    let digits = text.strip_prefix(b"0x")?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(Address::new(bytes))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Texts of coin types that were seen, and what they mean: the same few, a million times over.
#[derive(Default)]
struct KnownCoins(HashMap<Box<[u8]>, TypeTag>);

impl KnownCoins {
    /// Whether a text is a coin type, and not a watched one.
    fn passes(&mut self, text: &[u8], list: &WatchList) -> bool {
        if !self.0.contains_key(text) && !self.learn(text) {
            return false;
        }
        !list.watches_coins() || !self.0.get(text).is_some_and(|coin| list.watches_coin(coin))
    }

    fn learn(&mut self, text: &[u8]) -> bool {
        let parsed = str::from_utf8(text).ok().map(str::parse::<TypeTag>);
        let Some(Ok(coin)) = parsed else {
            return false;
        };
        if self.0.len() >= COINS_MAX {
            self.0.clear();
        }
        self.0.insert(text.into(), coin);
        true
    }
}
