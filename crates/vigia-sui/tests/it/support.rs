//! Checkpoints in files and in comparable form.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use futures::StreamExt;
use prost::Message;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::CheckpointData;
use vigia_core::{Address, Checkpoint, CheckpointHeader, Digest, Event, Evidence, Place};
use vigia_devnet::{ChainConfig, FileFormat, generate, write_checkpoint};
use vigia_sui::{CheckpointSource, FileSource, SourceError, Start};

pub(crate) fn chain_config() -> ChainConfig {
    ChainConfig {
        users: 8,
        tps: 40,
        relevant_per_mille: 700,
        upgrade_at: Some(6),
        epoch_checkpoints: 9,
        transactions: Some(150),
        ..ChainConfig::default()
    }
}

pub(crate) static CHAIN: LazyLock<Vec<CheckpointData>> =
    LazyLock::new(|| generate(chain_config()).collect());

/// The protobuf message of a checkpoint, as a node's bucket holds it.
pub(crate) fn message(data: &CheckpointData) -> proto::Checkpoint {
    let folder = tempfile::tempdir().expect("a folder");
    write_checkpoint(folder.path(), data.clone(), FileFormat::BinpbZst).expect("written");
    let number = data.checkpoint_summary.checkpoint.sequence_number;
    let packed = fs::read(folder.path().join(format!("{number}.binpb.zst"))).expect("there");
    let bytes = zstd::decode_all(&packed[..]).expect("zstd");
    proto::Checkpoint::decode(&bytes[..]).expect("a message")
}

/// Everything of a transaction that others read, comparable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    place: Place,
    digest: Digest,
    timestamp_ms: u64,
    transaction: String,
    effects: String,
    events: Vec<Event>,
    balance_changes: Vec<String>,
    owners_before: Vec<Address>,
    evidence: Evidence,
}

pub(crate) fn comparable(checkpoint: &Checkpoint) -> (CheckpointHeader, Vec<Read>) {
    let read = checkpoint.transactions.iter().map(|transaction| {
        let mut balance_changes: Vec<String> = transaction
            .balance_changes
            .iter()
            .map(|change| format!("{} {} {}", change.address, change.coin_type, change.amount))
            .collect();
        balance_changes.sort();
        Read {
            place: transaction.place,
            digest: transaction.digest,
            timestamp_ms: transaction.timestamp_ms,
            transaction: format!("{:?}", transaction.transaction),
            effects: format!("{:?}", transaction.effects),
            events: transaction.events.clone(),
            balance_changes,
            owners_before: transaction.owners_before.clone(),
            evidence: transaction.evidence.clone(),
        }
    });
    (checkpoint.header.clone(), read.collect())
}

/// What a folder holds: checkpoints and errors as they come, files refused first.
pub(crate) async fn read_folder(folder: &Path) -> (Vec<Checkpoint>, Vec<SourceError>) {
    let mut errors = vec![];
    let source = FileSource::index(folder, &mut |error| errors.push(error));
    let source = source.expect("the folder is there");
    let mut checkpoints = vec![];
    let mut stream = source.stream(Start::Checkpoint(0));
    while let Some(item) = stream.next().await {
        match item {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(error) => errors.push(error),
        }
    }
    (checkpoints, errors)
}

impl Read {
    /// Equal, save what the summary says: number and time, which only its signature binds.
    pub(crate) fn same_but_time(&self, other: &Self) -> bool {
        let of_summary = Self {
            timestamp_ms: other.timestamp_ms,
            place: Place {
                checkpoint: other.place.checkpoint,
                ..self.place
            },
            ..self.clone()
        };
        of_summary == *other
    }
}
