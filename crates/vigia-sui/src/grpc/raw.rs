//! Calls whose answers are left as bytes: what of them is decoded is decided by whoever reads them.
//!
//! The SDK's client decodes all of every message that it receives. These calls have a connection of their own to the same
//! provider, with the same TLS, headers, windows, watchdog, limits and counts; a checkpoint comes out of them as the slice of
//! the frame that it is, uncopied.

use bytes::Bytes;
use prost::Message;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tonic::client::Grpc;
use tonic::codec::{CompressionEncoding, Streaming};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower::Layer as _;

use super::meter::{MeterLayer, Metered};
use super::watchdog::Watched;
use super::{MESSAGE_BYTES_MAX, ProviderClient, ProviderConfig, channel};
use crate::SourceError;
use crate::wire::{Form, WireMessage};

const SUBSCRIBE: &str = "/sui.rpc.v2.SubscriptionService/SubscribeCheckpoints";
const LIST: &str = "/sui.rpc.v2.LedgerService/ListCheckpoints";
const GET: &str = "/sui.rpc.v2.LedgerService/GetCheckpoint";

/// A connection to a provider for answers that are left as bytes. Clones share it.
#[derive(Clone)]
pub(super) struct RawChannel {
    channel: Watched<Channel>,
    headers: MetadataMap,
    meter: MeterLayer,
}

/// An answer whose field 1 is a checkpoint: `GetCheckpointResponse`, `ListCheckpointsResponse`. A field that comes twice is
/// one message in two parts, as protobuf has it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct First {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    checkpoint: Vec<Bytes>,
}

/// An answer whose field 2 is a checkpoint: `SubscribeCheckpointsResponse`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Second {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    checkpoint: Vec<Bytes>,
}

/// An answer that may hold a checkpoint.
pub(crate) trait Answer: Message + Default + 'static {
    /// The bytes of its checkpoint.
    fn checkpoint(self) -> Option<Bytes>;
}

impl Answer for First {
    fn checkpoint(self) -> Option<Bytes> {
        joined(self.checkpoint)
    }
}

impl Answer for Second {
    fn checkpoint(self) -> Option<Bytes> {
        joined(self.checkpoint)
    }
}

fn joined(mut parts: Vec<Bytes>) -> Option<Bytes> {
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(parts.concat().into()),
    }
}

/// A stream of answers.
pub(crate) struct Checkpoints<A: Answer> {
    stream: Streaming<A>,
    form: Form,
}

impl<A: Answer> Checkpoints<A> {
    /// The next answer, which may hold no checkpoint; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Option<WireMessage>>, Status> {
        match self.stream.message().await? {
            None => Ok(None),
            Some(answer) => decoded(answer, self.form).map(Some),
        }
    }
}

fn decoded<A: Answer>(answer: A, form: Form) -> Result<Option<WireMessage>, Status> {
    let decode = |bytes| {
        WireMessage::decode(form, bytes)
            .map_err(|error| Status::internal(format!("cannot decode its message: {error}")))
    };
    answer.checkpoint().map(decode).transpose()
}

impl RawChannel {
    /// Connects at first use.
    pub(super) fn new(config: &ProviderConfig, meter: MeterLayer) -> Result<Self, SourceError> {
        let (endpoint, headers) = channel::endpoint_and_headers(config)?;
        Ok(Self {
            channel: Watched::new(endpoint.connect_lazy(), channel::SILENCE_MAX),
            headers: headers.headers().clone(),
            meter,
        })
    }

    fn grpc(&self, bytes_max: usize) -> Grpc<Metered<Watched<Channel>>> {
        Grpc::new(self.meter.layer(self.channel.clone()))
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(bytes_max)
    }

    fn request<Q>(&self, message: Q) -> Request<Q> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.headers.clone();
        request
    }

    async fn stream<Q, A>(
        &self,
        path: &'static str,
        message: Q,
        form: Form,
    ) -> Result<Checkpoints<A>, Status>
    where
        Q: Message + Send + Sync + 'static,
        A: Answer,
    {
        let codec = ProstCodec::<Q, A>::default();
        let path = PathAndQuery::from_static(path);
        let mut grpc = self.grpc(MESSAGE_BYTES_MAX);
        let opened = grpc.server_streaming(self.request(message), path, codec);
        Ok(Checkpoints {
            stream: opened.await?.into_inner(),
            form,
        })
    }
}

impl ProviderClient {
    /// Opens a subscription to the newest checkpoints.
    pub(super) async fn subscribe_raw(
        &self,
        mask: &[&str],
        form: Form,
    ) -> Result<Checkpoints<Second>, Status> {
        let mut request = proto::SubscribeCheckpointsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(mask));
        self.raw.stream(SUBSCRIBE, request, form).await
    }

    /// Opens a list.
    pub(super) async fn list_raw(
        &self,
        request: proto::ListCheckpointsRequest,
        form: Form,
    ) -> Result<Checkpoints<First>, Status> {
        self.raw.stream(LIST, request, form).await
    }

    /// Gets one.
    pub(super) async fn get_raw(
        &self,
        sequence: u64,
        mask: &[&str],
        bytes_max: usize,
        form: Form,
    ) -> Result<WireMessage, Status> {
        let request = proto::GetCheckpointRequest::by_sequence_number(sequence)
            .with_read_mask(FieldMask::from_paths(mask));
        let codec = ProstCodec::<proto::GetCheckpointRequest, First>::default();
        let path = PathAndQuery::from_static(GET);
        let mut grpc = self.raw.grpc(bytes_max);
        let answer = grpc.unary(self.raw.request(request), path, codec).await?;
        let message = decoded(answer.into_inner(), form)?;
        message.ok_or_else(|| Status::data_loss("it sent an empty checkpoint"))
    }
}
