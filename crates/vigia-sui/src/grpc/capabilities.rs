//! Asks a provider for very little of each method that not all serve.

use std::time::Duration;

use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tonic::{Code, Status};

use super::ProviderClient;
use super::filter::{affected, any_of};
use crate::providers::Capabilities;

impl ProviderClient {
    /// What it serves, `tip` being its newest checkpoint.
    pub(crate) async fn capabilities(&self, tip: u64, within: Duration) -> Capabilities {
        let (list_checkpoints, list_transactions, subscribe_transactions) = tokio::join!(
            answer(within, self.list_one_checkpoint(tip)),
            answer(within, self.list_one_transaction(tip)),
            answer(within, self.subscribe_for_nothing()),
        );
        Capabilities {
            list_checkpoints,
            list_transactions,
            subscribe_transactions,
        }
    }

    async fn list_one_checkpoint(&self, tip: u64) -> Result<(), Status> {
        let mut request = proto::ListCheckpointsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(["sequence_number"]));
        request.start_checkpoint = Some(tip);
        request.options = Some(one());
        let mut client = self.client.clone();
        let mut stream = client
            .ledger_client()
            .list_checkpoints(request)
            .await?
            .into_inner();
        stream.message().await.map(drop)
    }

    async fn list_one_transaction(&self, tip: u64) -> Result<(), Status> {
        let mut request = proto::ListTransactionsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(["digest"]));
        request.start_checkpoint = Some(tip);
        request.filter = Some(nobody());
        request.options = Some(one());
        let mut client = self.client.clone();
        let mut stream = client
            .ledger_client()
            .list_transactions(request)
            .await?
            .into_inner();
        stream.message().await.map(drop)
    }

    async fn subscribe_for_nothing(&self) -> Result<(), Status> {
        let mut request = proto::SubscribeTransactionsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(["digest"]));
        request.filter = Some(nobody());
        let mut client = self.client.clone();
        let opened = client
            .subscription_client()
            .subscribe_transactions(request)
            .await?;
        // The first frame of a filtered stream tells of progress, at once.
        opened.into_inner().message().await.map(drop)
    }
}

fn one() -> proto::QueryOptions {
    let mut options = proto::QueryOptions::default();
    options.limit = Some(1);
    options
}

/// A filter that no transaction of anybody passes: affected addresses are never this.
fn nobody() -> proto::TransactionFilter {
    any_of([affected(&format!("0x{}", "f".repeat(64)))])
}

/// Whether it is served: an error other than that it is not leaves it open.
async fn answer(within: Duration, asked: impl Future<Output = Result<(), Status>>) -> Option<bool> {
    match tokio::time::timeout(within, asked).await {
        Ok(Ok(())) => Some(true),
        Ok(Err(status)) if status.code() == Code::Unimplemented => Some(false),
        Ok(Err(_)) | Err(_) => None,
    }
}
