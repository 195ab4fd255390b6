//! Encoding ahead changes what an answer costs and nothing else.

use futures::{StreamExt, TryStreamExt};
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        ListCheckpointsRequest, ListCheckpointsResponse, QueryOptions, SubscribeCheckpointsRequest,
        SubscribeCheckpointsResponse, TransactionFilter,
    },
};
use vigia_devnet::{Devnet, DevnetConfig, Pace};

use crate::support::chain_config;

const MASK: &str = "sequence_number,digest,summary.bcs,signature,contents.bcs,transactions.digest,\
    transactions.effects.bcs,transactions.balance_changes";

async fn node(pre_encode: bool) -> Devnet {
    let config = DevnetConfig {
        chain: chain_config(),
        history: 30,
        pace: Pace::Manual,
        pre_encode: pre_encode.then(|| FieldMask::from_str(MASK)),
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

async fn listed(devnet: &Devnet, mask: &str) -> Vec<ListCheckpointsResponse> {
    let request = ListCheckpointsRequest::default()
        .with_read_mask(FieldMask::from_str(mask))
        .with_start_checkpoint(3)
        .with_options(QueryOptions::default().with_limit(20));
    let mut client = Client::new(devnet.url()).unwrap();
    let response = client
        .ledger_client()
        .list_checkpoints(request)
        .await
        .unwrap();
    response.into_inner().try_collect().await.unwrap()
}

async fn streamed(devnet: &Devnet, mask: &str) -> Vec<SubscribeCheckpointsResponse> {
    let request = SubscribeCheckpointsRequest::default().with_read_mask(FieldMask::from_str(mask));
    let mut client = Client::new(devnet.url()).unwrap();
    let response = client
        .subscription_client()
        .subscribe_checkpoints(request)
        .await;
    devnet.advance(5);
    let frames = response.unwrap().into_inner().take(5);
    frames.try_collect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_same() {
    let (ahead, usual) = (node(true).await, node(false).await);
    // The order of paths in a mask means nothing.
    let (first, rest) = MASK.split_once(',').unwrap();
    let reordered = format!("{rest},{first}");
    for mask in [MASK, &reordered, "sequence_number,transactions.digest"] {
        assert_eq!(listed(&ahead, mask).await, listed(&usual, mask).await);
        assert_eq!(streamed(&ahead, mask).await, streamed(&usual, mask).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_errors_are_the_usual_ones() {
    let ahead = node(true).await;
    let mut client = Client::new(ahead.url()).unwrap();
    let request = ListCheckpointsRequest::default()
        .with_read_mask(FieldMask::from_str(MASK))
        .with_filter(TransactionFilter::default());
    let error = client
        .ledger_client()
        .list_checkpoints(request)
        .await
        .unwrap_err();
    assert_eq!(error.code(), tonic::Code::InvalidArgument);
}
