//! A node in front of a node: counts what goes through, and misbehaves on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::{StreamExt, TryStreamExt};
use prost::Message;
use sui_rpc::proto::sui::rpc::v2::{
    self as proto,
    ledger_service_client::LedgerServiceClient,
    ledger_service_server::{LedgerService, LedgerServiceServer},
    subscription_service_client::SubscriptionServiceClient,
    subscription_service_server::{SubscriptionService, SubscriptionServiceServer},
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::codegen::BoxStream;
use tonic::transport::{Channel, Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

/// A running proxy. Dropping it stops it.
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) conduct: Arc<Conduct>,
    server: JoinHandle<()>,
}

/// What it does, and what it has seen.
pub(crate) struct Conduct {
    /// Whether it serves lists.
    pub(crate) lists: AtomicBool,
    /// How many of the next calls for a checkpoint fail.
    pub(crate) failures: AtomicUsize,
    /// Whether calls for checkpoints are answered; else they wait.
    pub(crate) is_open: watch::Sender<bool>,
    /// Calls for a checkpoint that are under way.
    pub(crate) under_way: watch::Sender<usize>,
    pub(crate) under_way_max: AtomicUsize,
    /// Calls for a checkpoint that were answered, well or badly.
    pub(crate) answered: watch::Sender<usize>,
    pub(crate) list_calls: AtomicUsize,
    /// Size of all checkpoints sent, in whatever way.
    pub(crate) bytes: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn start(node_url: &str) -> Self {
        let conduct = Arc::new(Conduct {
            lists: AtomicBool::new(true),
            failures: AtomicUsize::new(0),
            is_open: watch::Sender::new(true),
            under_way: watch::Sender::new(0),
            under_way_max: AtomicUsize::new(0),
            answered: watch::Sender::new(0),
            list_calls: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        });
        let node = Channel::from_shared(node_url.to_owned()).expect("an address");
        let front = Front {
            node: node.connect_lazy(),
            conduct: Arc::clone(&conduct),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = Server::builder()
            .add_service(LedgerServiceServer::new(front.clone()))
            .add_service(SubscriptionServiceServer::new(front))
            .serve_with_incoming(TcpIncoming::from(listener));
        let server = tokio::spawn(async move { serving.await.expect("it serves") });
        Self {
            url,
            conduct,
            server,
        }
    }

    pub(crate) fn answered(&self) -> usize {
        *self.conduct.answered.borrow()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.conduct.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Front {
    node: Channel,
    conduct: Arc<Conduct>,
}

impl Front {
    fn ledger(&self) -> LedgerServiceClient<Channel> {
        LedgerServiceClient::new(self.node.clone()).max_decoding_message_size(usize::MAX)
    }

    /// Hands a stream on and counts it.
    fn counted<T: Message + 'static>(&self, stream: tonic::Streaming<T>) -> Response<BoxStream<T>> {
        let conduct = Arc::clone(&self.conduct);
        let counted = stream.inspect_ok(move |message| {
            conduct
                .bytes
                .fetch_add(message.encoded_len(), Ordering::SeqCst);
        });
        Response::new(counted.boxed())
    }

    async fn answer(
        &self,
        request: proto::GetCheckpointRequest,
    ) -> Result<proto::GetCheckpointResponse, Status> {
        let conduct = &self.conduct;
        let mut is_open = conduct.is_open.subscribe();
        is_open.wait_for(|open| *open).await.expect("it is kept");
        let fail = |left: usize| left.checked_sub(1);
        let failures = &conduct.failures;
        if failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail)
            .is_ok()
        {
            return Err(Status::unavailable("not now"));
        }
        let response = self.ledger().get_checkpoint(request).await?.into_inner();
        conduct
            .bytes
            .fetch_add(response.encoded_len(), Ordering::SeqCst);
        Ok(response)
    }
}

#[tonic::async_trait]
impl LedgerService for Front {
    async fn get_service_info(
        &self,
        request: Request<proto::GetServiceInfoRequest>,
    ) -> Result<Response<proto::GetServiceInfoResponse>, Status> {
        self.ledger().get_service_info(request.into_inner()).await
    }

    async fn get_checkpoint(
        &self,
        request: Request<proto::GetCheckpointRequest>,
    ) -> Result<Response<proto::GetCheckpointResponse>, Status> {
        let conduct = &self.conduct;
        conduct.under_way.send_modify(|count| {
            *count += 1;
            conduct.under_way_max.fetch_max(*count, Ordering::SeqCst);
        });
        let answer = self.answer(request.into_inner()).await;
        conduct.under_way.send_modify(|count| *count -= 1);
        conduct.answered.send_modify(|count| *count += 1);
        answer.map(Response::new)
    }

    async fn list_checkpoints(
        &self,
        request: Request<proto::ListCheckpointsRequest>,
    ) -> Result<Response<BoxStream<proto::ListCheckpointsResponse>>, Status> {
        self.conduct.list_calls.fetch_add(1, Ordering::SeqCst);
        if !self.conduct.lists.load(Ordering::SeqCst) {
            return Err(Status::unimplemented("lists are not served here"));
        }
        let stream = self.ledger().list_checkpoints(request.into_inner()).await?;
        Ok(self.counted(stream.into_inner()))
    }
}

#[tonic::async_trait]
impl SubscriptionService for Front {
    async fn subscribe_checkpoints(
        &self,
        request: Request<proto::SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeCheckpointsResponse>>, Status> {
        let mut client =
            SubscriptionServiceClient::new(self.node.clone()).max_decoding_message_size(usize::MAX);
        let stream = client.subscribe_checkpoints(request.into_inner()).await?;
        Ok(self.counted(stream.into_inner()))
    }
}
