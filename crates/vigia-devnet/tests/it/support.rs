//! Nodes for tests: small, quick, on a free port.

use std::time::Duration;

use futures::TryStreamExt;
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        Checkpoint, GetCheckpointRequest, ListCheckpointsRequest, QueryOptions,
        SubscribeCheckpointsRequest, SubscribeCheckpointsResponse,
    },
};
use tonic::{Status, Streaming};
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Faults, Pace};

/// Long enough for anything a live node does in a test.
pub(crate) const LIVE: Duration = Duration::from_secs(20);

pub(crate) fn chain_config() -> ChainConfig {
    ChainConfig {
        users: 10,
        tps: 100,
        interval_ms: 50,
        epoch_checkpoints: 20,
        relevant_per_mille: 500,
        upgrade_at: Some(12),
        ..ChainConfig::default()
    }
}

/// A node that grows by itself.
pub(crate) async fn live(history: u64) -> Devnet {
    start(history, Pace::Live).await
}

/// A node that only grows when told to.
pub(crate) async fn manual(history: u64) -> Devnet {
    start(history, Pace::Manual).await
}

async fn start(history: u64, pace: Pace) -> Devnet {
    let config = DevnetConfig {
        chain: chain_config(),
        history,
        pace,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

/// What a client asks for that trusts nobody, and decoded fields beside it.
pub(crate) const FULL: &str =
    "sequence_number,digest,summary,signature,contents,transactions,objects";

pub(crate) fn faults(specs: &[&str]) -> Faults {
    Faults::parse(7, specs.iter().copied()).unwrap()
}

/// A node that only grows when told to, and misbehaves.
pub(crate) async fn faulty(history: u64, specs: &[&str]) -> Devnet {
    let config = DevnetConfig {
        chain: chain_config(),
        history,
        pace: Pace::Manual,
        faults: faults(specs),
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

pub(crate) fn client(url: &str) -> Client {
    let client = Client::new(url).unwrap();
    client.with_max_decoding_message_size(128 << 20)
}

pub(crate) async fn get(url: &str, number: u64) -> Result<Checkpoint, Status> {
    let request =
        GetCheckpointRequest::by_sequence_number(number).with_read_mask(FieldMask::from_str(FULL));
    let response = client(url).ledger_client().get_checkpoint(request).await?;
    Ok(response.into_inner().checkpoint.unwrap())
}

pub(crate) async fn list(url: &str, start: u64) -> Result<Vec<Checkpoint>, Status> {
    let request = ListCheckpointsRequest::default()
        .with_read_mask(FieldMask::from_str(FULL))
        .with_start_checkpoint(start)
        .with_options(QueryOptions::default().with_limit(100));
    let response = client(url)
        .ledger_client()
        .list_checkpoints(request)
        .await?;
    let frames: Vec<_> = response.into_inner().try_collect().await?;
    Ok(frames
        .into_iter()
        .filter_map(|frame| frame.checkpoint)
        .collect())
}

pub(crate) async fn subscribe(
    client: &mut Client,
) -> Result<Streaming<SubscribeCheckpointsResponse>, Status> {
    let mask = FieldMask::from_str("sequence_number,digest,transactions.digest");
    let request = SubscribeCheckpointsRequest::default().with_read_mask(mask);
    let mut subscriptions = client.subscription_client();
    let response = subscriptions.subscribe_checkpoints(request).await?;
    Ok(response.into_inner())
}

/// Fails a test that waits for something that does not come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIVE, future)
        .await
        .expect("comes soon")
}
