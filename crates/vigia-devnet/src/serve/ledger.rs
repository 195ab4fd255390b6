//! `LedgerService`: checkpoints, transactions, objects and epochs by name, and lists of them.

use std::sync::Arc;

use futures::StreamExt;
use sui_rpc::{
    field::FieldMaskTree,
    merge::Merge,
    proto::{
        google::rpc::Status as RpcStatus,
        sui::rpc::v2::{
            self as proto, get_checkpoint_request::CheckpointId,
            ledger_service_server::LedgerService,
        },
        timestamp_ms_to_proto,
    },
};
use sui_sdk_types::Digest;
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::{
    face::Face,
    filter::{Filter, parse_address},
    items, mask,
    node::EpochRecord,
    scan::{Frame, Item, Query, scan},
    stored::Stored,
    view::View,
};

const BATCH_MAX: usize = 200;
const REFERENCE_GAS_PRICE: u64 = 1_000;

/// The ledger of a node.
pub(crate) struct Ledger {
    pub(crate) face: Arc<Face>,
    pub(crate) chain: String,
}

#[tonic::async_trait]
impl LedgerService for Ledger {
    async fn get_service_info(
        &self,
        _: Request<proto::GetServiceInfoRequest>,
    ) -> Result<Response<proto::GetServiceInfoResponse>, Status> {
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let mut info = proto::GetServiceInfoResponse::default();
        info.chain_id = view.chain_id().map(|digest| digest.to_string());
        info.chain = Some(self.chain.clone());
        info.server = Some(concat!("vigia-devnet/", env!("CARGO_PKG_VERSION")).to_owned());
        if let Some(newest) = view.newest() {
            info.checkpoint_height = Some(newest.sequence_number());
            info.epoch = Some(newest.data.checkpoint_summary.checkpoint.epoch);
            info.timestamp = Some(timestamp_ms_to_proto(newest.timestamp_ms()));
            info.lowest_available_checkpoint = view.lowest();
            info.lowest_available_checkpoint_objects = view.lowest();
        }
        Ok(Response::new(info))
    }

    async fn get_object(
        &self,
        request: Request<proto::GetObjectRequest>,
    ) -> Result<Response<proto::GetObjectResponse>, Status> {
        let request = request.into_inner();
        let mask =
            mask::read_mask::<proto::Object>(request.read_mask.clone(), mask::OBJECT_DEFAULT)?;
        let node = self.face.node();
        let object = self.object(&self.face.view(&node), &request, &mask)?;
        Ok(Response::new(proto::GetObjectResponse::new(object)))
    }

    async fn batch_get_objects(
        &self,
        request: Request<proto::BatchGetObjectsRequest>,
    ) -> Result<Response<proto::BatchGetObjectsResponse>, Status> {
        let request = request.into_inner();
        check_batch(request.requests.len())?;
        let mask = mask::read_mask::<proto::Object>(request.read_mask, mask::OBJECT_DEFAULT)?;
        let node = self.face.node();
        let view = self.face.view(&node);
        let results = request.requests.iter().map(|wanted| {
            self.object(&view, wanted, &mask).map_or_else(
                |status| proto::GetObjectResult::new_error(rpc_status(&status)),
                proto::GetObjectResult::new_object,
            )
        });
        let response = proto::BatchGetObjectsResponse::new(results.collect());
        Ok(Response::new(response))
    }

    async fn get_transaction(
        &self,
        request: Request<proto::GetTransactionRequest>,
    ) -> Result<Response<proto::GetTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask = transaction_mask(request.read_mask)?;
        let digest = required(request.digest, "digest")?;
        let transaction = self.transaction(&digest, &mask)?;
        let response = proto::GetTransactionResponse::new(transaction);
        Ok(Response::new(response))
    }

    async fn batch_get_transactions(
        &self,
        request: Request<proto::BatchGetTransactionsRequest>,
    ) -> Result<Response<proto::BatchGetTransactionsResponse>, Status> {
        let request = request.into_inner();
        check_batch(request.digests.len())?;
        let mask = transaction_mask(request.read_mask)?;
        let results = request.digests.iter().map(|digest| {
            self.transaction(digest, &mask).map_or_else(
                |status| proto::GetTransactionResult::new_error(rpc_status(&status)),
                proto::GetTransactionResult::new_transaction,
            )
        });
        let response = proto::BatchGetTransactionsResponse::new(results.collect());
        Ok(Response::new(response))
    }

    async fn get_checkpoint(
        &self,
        request: Request<proto::GetCheckpointRequest>,
    ) -> Result<Response<proto::GetCheckpointResponse>, Status> {
        let request = request.into_inner();
        let mask = checkpoint_mask(request.read_mask)?;
        let stored = self.find_checkpoint(request.checkpoint_id)?;
        let checkpoint = self.face.tell_checkpoint(&stored, &mask);
        let response = proto::GetCheckpointResponse::new(checkpoint);
        Ok(Response::new(response))
    }

    async fn get_epoch(
        &self,
        request: Request<proto::GetEpochRequest>,
    ) -> Result<Response<proto::GetEpochResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::read_mask::<proto::Epoch>(request.read_mask, mask::EPOCH_DEFAULT)?;
        let node = self.face.node();
        let view = self.face.view(&node);
        let current = view.newest();
        let current = current.map(|stored| stored.data.checkpoint_summary.checkpoint.epoch);
        let number = request.epoch.or(current).unwrap_or_default();
        let record = view.epoch(number);
        let record = record.ok_or_else(|| Status::not_found(format!("epoch {number}")))?;
        let epoch = proto::Epoch::merge_from(&epoch_message(number, &record), &mask);
        Ok(Response::new(proto::GetEpochResponse::new(epoch)))
    }

    async fn list_checkpoints(
        &self,
        request: Request<proto::ListCheckpointsRequest>,
    ) -> Result<Response<BoxStream<proto::ListCheckpointsResponse>>, Status> {
        let mut request = request.into_inner();
        let mask = checkpoint_mask(request.read_mask.take())?;
        let filter = request.filter.take();
        let filter = filter.map(Filter::transactions).transpose()?;
        let frames = self.scan_checkpoints(request, filter.as_ref())?;
        let face = self.face.clone();
        Ok(respond(frames, move |frame| {
            let mut response = proto::ListCheckpointsResponse::default();
            response.checkpoint = frame
                .item
                .map(|(stored, _)| face.tell_checkpoint(&stored, &mask));
            response.watermark = Some(frame.watermark);
            response.end = frame.end;
            response
        }))
    }

    async fn list_transactions(
        &self,
        request: Request<proto::ListTransactionsRequest>,
    ) -> Result<Response<BoxStream<proto::ListTransactionsResponse>>, Status> {
        let request = request.into_inner();
        let mask = transaction_mask(request.read_mask)?;
        let filter = request.filter.map(Filter::transactions).transpose()?;
        let query = Query {
            start: request.start_checkpoint,
            end: request.end_checkpoint,
            options: request.options,
            limit_default: 50,
            limit_max: 500,
            filtered: filter.is_some(),
        };
        let frames = self.scan(query, |stored| items::transactions(stored, filter.as_ref()))?;
        let face = self.face.clone();
        Ok(respond(frames, move |frame| {
            let mut response = proto::ListTransactionsResponse::default();
            response.transaction = frame.item.and_then(|(stored, item)| match item {
                Item::Transaction(index) => face.tell_transaction(&stored, index, &mask),
                _ => None,
            });
            response.watermark = Some(frame.watermark);
            response.end = frame.end;
            response
        }))
    }

    async fn list_events(
        &self,
        request: Request<proto::ListEventsRequest>,
    ) -> Result<Response<BoxStream<proto::ListEventsResponse>>, Status> {
        let request = request.into_inner();
        let mask = mask::read_mask::<proto::Event>(request.read_mask, mask::EVENT_DEFAULT)?;
        let filter = request.filter.map(Filter::events).transpose()?;
        let query = Query {
            start: request.start_checkpoint,
            end: request.end_checkpoint,
            options: request.options,
            limit_default: 50,
            limit_max: 1_000,
            filtered: filter.is_some(),
        };
        let frames = self.scan(query, |stored| items::events(stored, filter.as_ref()))?;
        let face = self.face.clone();
        Ok(respond(frames, move |frame| {
            let mut response = proto::ListEventsResponse::default();
            response.event = frame.item.and_then(|(stored, item)| match item {
                Item::Event(transaction, index) => {
                    face.tell_event(&stored, (transaction, index), &mask)
                }
                _ => None,
            });
            response.watermark = Some(frame.watermark);
            response.end = frame.end;
            response
        }))
    }
}

impl Ledger {
    /// Frames of a list of checkpoints, not rendered yet.
    pub(crate) fn scan_checkpoints(
        &self,
        request: proto::ListCheckpointsRequest,
        filter: Option<&Filter>,
    ) -> Result<Vec<Frame>, Status> {
        let query = Query {
            start: request.start_checkpoint,
            end: request.end_checkpoint,
            options: request.options,
            limit_default: 10,
            limit_max: 100,
            filtered: filter.is_some(),
        };
        self.scan(query, |stored| items::checkpoints(stored, filter))
    }

    /// A scan of what the face shows, without what it hides from filters.
    fn scan(
        &self,
        query: Query,
        items: impl Fn(&Stored) -> Vec<Item>,
    ) -> Result<Vec<Frame>, Status> {
        let filtered = query.filtered;
        let node = self.face.node();
        scan(&self.face.view(&node), query, |stored| {
            let mut items = items(stored);
            if filtered && !items.is_empty() && self.face.hides(stored) {
                items.clear();
            }
            items
        })
    }

    fn object(
        &self,
        view: &View<'_>,
        request: &proto::GetObjectRequest,
        mask: &FieldMaskTree,
    ) -> Result<proto::Object, Status> {
        let id = parse_address(&required(request.object_id.clone(), "object_id")?)?;
        let found = match request.version {
            None => view.object(&id),
            Some(version) => view.object_at(&id, version),
        };
        let object = found.ok_or_else(|| Status::not_found(format!("object {id}")))?;
        Ok(self.face.tell_object(object, mask))
    }

    fn transaction(
        &self,
        digest: &str,
        mask: &FieldMaskTree,
    ) -> Result<proto::ExecutedTransaction, Status> {
        let parsed = parse_digest(digest)?;
        let node = self.face.node();
        let stored = self.face.view(&node).transaction(&parsed).cloned();
        let told = stored.and_then(|stored| {
            let index = stored.position(&parsed)?;
            self.face.tell_transaction(&stored, index, mask)
        });
        told.ok_or_else(|| Status::not_found(format!("transaction {digest}")))
    }

    fn find_checkpoint(&self, id: Option<CheckpointId>) -> Result<Arc<Stored>, Status> {
        let node = self.face.node();
        let view = self.face.view(&node);
        let number = match &id {
            None => view.newest().map(|stored| stored.sequence_number()),
            Some(CheckpointId::SequenceNumber(number)) => Some(*number),
            Some(CheckpointId::Digest(digest)) => view.by_digest(&parse_digest(digest)?),
            Some(_) => return Err(Status::invalid_argument("unknown checkpoint_id")),
        };
        let found = number.and_then(|number| view.checkpoint(number));
        found.cloned().ok_or_else(|| {
            let named = match id {
                Some(CheckpointId::Digest(digest)) => digest,
                _ => number.map_or("of the tip".to_owned(), |n| n.to_string()),
            };
            Status::not_found(format!("checkpoint {named} is pruned or unknown"))
        })
    }
}

fn epoch_message(number: u64, record: &EpochRecord) -> proto::Epoch {
    let mut config = proto::ProtocolConfig::default();
    config.protocol_version = Some(crate::chain::PROTOCOL_VERSION);
    let mut epoch = proto::Epoch::default();
    epoch.epoch = Some(number);
    epoch.committee = record.committee.clone().map(Into::into);
    epoch.first_checkpoint = record.first_checkpoint;
    epoch.last_checkpoint = record.last_checkpoint;
    epoch.start = record.start_ms.map(timestamp_ms_to_proto);
    epoch.end = record.end_ms.map(timestamp_ms_to_proto);
    epoch.reference_gas_price = Some(REFERENCE_GAS_PRICE);
    epoch.protocol_config = Some(config);
    epoch
}

/// Frames are rendered one by one, as the client reads them.
fn respond<T: Send + 'static>(
    frames: Vec<Frame>,
    render: impl Fn(Frame) -> T + Send + 'static,
) -> Response<BoxStream<T>> {
    let messages = futures::stream::iter(frames).map(move |frame| Ok(render(frame)));
    Response::new(Box::pin(messages))
}

pub(crate) fn checkpoint_mask(
    mask: Option<prost_types::FieldMask>,
) -> Result<FieldMaskTree, Status> {
    mask::read_mask::<proto::Checkpoint>(mask, mask::CHECKPOINT_DEFAULT)
}

pub(crate) fn transaction_mask(
    mask: Option<prost_types::FieldMask>,
) -> Result<FieldMaskTree, Status> {
    mask::read_mask::<proto::ExecutedTransaction>(mask, mask::TRANSACTION_DEFAULT)
}

/// A field without which the request means nothing.
pub(crate) fn required<T>(field: Option<T>, name: &str) -> Result<T, Status> {
    field.ok_or_else(|| Status::invalid_argument(format!("missing {name}")))
}

fn parse_digest(text: &str) -> Result<Digest, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("invalid digest {text:?}: {error}")))
}

fn check_batch(length: usize) -> Result<(), Status> {
    if length <= BATCH_MAX {
        return Ok(());
    }
    let message = format!("{length} requests in a batch, at most {BATCH_MAX} are allowed");
    Err(Status::invalid_argument(message))
}

fn rpc_status(status: &Status) -> RpcStatus {
    RpcStatus {
        code: status.code() as i32,
        message: status.message().to_owned(),
        details: vec![],
    }
}
