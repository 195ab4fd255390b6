//! The SDK's own stream over history and live checkpoints.

use std::time::Duration;

use futures::StreamExt;
use sui_rpc::{
    Client,
    client::{CheckpointStreamRequest, CheckpointStreamStart},
    field::{FieldMask, FieldMaskUtil},
};
use sui_sdk_types::{
    CheckpointContents, CheckpointData, CheckpointSummary, CheckpointTransaction,
    SignedCheckpointSummary, SignedTransaction, TransactionEffects::V2,
};
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Pace, verify_chain};

use crate::support::{self, LIVE};

const MASK: &str = "sequence_number,digest,summary.bcs,signature,contents.bcs,transactions.digest,\
    transactions.transaction.bcs,transactions.signatures.bcs,transactions.effects.bcs,\
    transactions.events.bcs,objects.objects.bcs";

fn request(start: CheckpointStreamStart) -> CheckpointStreamRequest {
    CheckpointStreamRequest::new()
        .with_read_mask(FieldMask::from_str(MASK))
        .with_start(start)
}

async fn numbers(devnet: &Devnet, start: CheckpointStreamStart, count: usize) -> Vec<u64> {
    let client = Client::new(devnet.url()).unwrap();
    let stream = client.stream_checkpoints(request(start));
    let frames = stream.take(count).map(|frame| frame.unwrap().cursor);
    tokio::time::timeout(LIVE, frames.collect()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_history_and_live_without_a_gap() {
    let devnet = support::live(30).await;
    let seen = numbers(&devnet, CheckpointStreamStart::Checkpoint(0), 60).await;
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn begins_at_the_tip() {
    let devnet = support::live(30).await;
    let seen = numbers(&devnet, CheckpointStreamStart::Tip, 10).await;
    assert!(seen[0] >= 29);
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1));
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_verifies_and_is_what_was_made() {
    let devnet = support::manual(0).await;
    devnet.advance(64);
    let client = Client::new(devnet.url()).unwrap();
    let start = CheckpointStreamStart::Checkpoint(0);
    let stream = client.stream_checkpoints(request(start));
    let checkpoints = stream.take(64).map(|frame| {
        let checkpoint = frame.unwrap().checkpoint.unwrap();
        let data = from_wire(&checkpoint);
        let made = devnet.checkpoint(checkpoint.sequence_number()).unwrap();
        assert_eq!(data.checkpoint_summary, made.checkpoint_summary);
        data
    });
    let checkpoints: Vec<_> = checkpoints.collect().await;
    assert_eq!(
        checkpoints
            .last()
            .unwrap()
            .checkpoint_summary
            .checkpoint
            .epoch,
        3
    );
    let committee = devnet.genesis_committee().unwrap();
    assert_eq!(verify_chain(committee, checkpoints).unwrap(), 64);
    devnet.shutdown().await.unwrap();
}

/// Puts a checkpoint together from nothing but its BCS parts.
fn from_wire(message: &sui_rpc::proto::sui::rpc::v2::Checkpoint) -> CheckpointData {
    let summary: CheckpointSummary = message.summary().bcs().deserialize().unwrap();
    let contents: CheckpointContents = message.contents().bcs().deserialize().unwrap();
    let objects: Vec<sui_sdk_types::Object> = message
        .objects()
        .objects()
        .iter()
        .map(|object| object.bcs().deserialize().unwrap())
        .collect();
    let transactions = message.transactions().iter().map(|executed| {
        let effects: sui_sdk_types::TransactionEffects =
            executed.effects().bcs().deserialize().unwrap();
        let digest = *effects.transaction_digest();
        let (mut input_objects, mut output_objects) = (vec![], vec![]);
        for object in &objects {
            let id = object.object_id();
            let V2(effects) = &effects else {
                panic!("version 2 effects")
            };
            if object.previous_transaction() == digest {
                output_objects.push(object.clone());
            } else if effects.changed_objects.iter().any(|change| {
                matches!(&change.input_state, sui_sdk_types::ObjectIn::Exist { version, .. }
                    if change.object_id == id && *version == object.version())
            }) {
                input_objects.push(object.clone());
            }
        }
        CheckpointTransaction {
            transaction: SignedTransaction {
                transaction: executed.transaction().bcs().deserialize().unwrap(),
                signatures: executed
                    .signatures()
                    .iter()
                    .map(|s| sui_sdk_types::UserSignature::from_bytes(s.bcs().value()).unwrap())
                    .collect(),
            },
            events: executed
                .events_opt()
                .map(|events| events.bcs().deserialize().unwrap()),
            effects,
            input_objects,
            output_objects,
        }
    });
    let transactions = transactions.collect();
    CheckpointData {
        checkpoint_summary: SignedCheckpointSummary {
            checkpoint: summary,
            signature: message.signature().try_into().unwrap(),
        },
        checkpoint_contents: contents,
        transactions,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_stream_stays_open_when_all_is_made() {
    let config = DevnetConfig {
        pace: Pace::Complete,
        chain: ChainConfig {
            transactions: Some(50),
            tps: 40,
            ..ChainConfig::default()
        },
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let tip = devnet.tip().unwrap();
    let client = Client::new(devnet.url()).unwrap();
    let start = CheckpointStreamStart::Checkpoint(0);
    let mut stream = Box::pin(client.stream_checkpoints(request(start)));
    for expected in 0..=tip {
        assert_eq!(stream.next().await.unwrap().unwrap().cursor, expected);
    }
    let silence = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
    assert!(silence.is_err());
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_frees_the_port_while_streams_are_open() {
    let devnet = support::live(1).await;
    let url = devnet.url();
    let client = Client::new(&url).unwrap();
    let mut stream = Box::pin(client.stream_checkpoints(request(CheckpointStreamStart::Tip)));
    stream.next().await.unwrap().unwrap();
    devnet.shutdown().await.unwrap();
    let address = url.trim_start_matches("http://");
    std::net::TcpListener::bind(address).unwrap();
}
