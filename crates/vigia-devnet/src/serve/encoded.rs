//! The two streams of checkpoints from bytes that are already there.
//!
//! A bench wants the node to cost as little as possible. With a mask to encode ahead, every
//! checkpoint is encoded once, when it is made; requests with that very mask and no filter are
//! answered with a header before those bytes. All others are rendered as usual. What goes over the
//! wire is the same either way.

use std::{
    convert::Infallible,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes};
use futures::{FutureExt, TryStreamExt, future::BoxFuture};
use http::{Request, Response};
use prost::{
    Message,
    encoding::{WireType, encode_key, encode_varint},
};
use prost_types::FieldMask;
use sui_rpc::{
    field::{FieldMaskTree, FieldMaskUtil},
    proto::sui::rpc::v2::{
        self as proto, ListCheckpointsRequest, SubscribeCheckpointsRequest,
        ledger_service_server::LedgerService, subscription_service_server::SubscriptionService,
    },
};
use tonic::{
    Status,
    body::Body,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::BoxStream,
    server::{Grpc, ServerStreamingService},
};
use tower::{Layer, Service};

use super::{
    face::Face, ledger::Ledger, render, scan::Item, stored::Stored, subscription::Subscriptions,
};

const LIST: &str = "/sui.rpc.v2.LedgerService/ListCheckpoints";
const SUBSCRIBE: &str = "/sui.rpc.v2.SubscriptionService/SubscribeCheckpoints";
/// Numbers of the field `checkpoint` in the responses of the two methods.
const LIST_FIELD: u32 = 1;
const SUBSCRIBE_FIELD: u32 = 2;

/// A mask that is encoded ahead.
#[derive(Clone, Debug)]
pub(crate) struct EncodedMask {
    tree: FieldMaskTree,
    normal: FieldMask,
}

impl EncodedMask {
    pub(crate) fn new(mask: FieldMask) -> Self {
        Self {
            tree: FieldMaskTree::from_field_mask(&mask),
            normal: mask.normalize(),
        }
    }

    fn is(&self, mask: Option<&FieldMask>) -> bool {
        mask.is_some_and(|mask| mask.clone().normalize() == self.normal)
    }

    /// What a face says: what is encoded already, unless faults alter it.
    fn tell(&self, face: &Face, stored: &Arc<Stored>) -> Bytes {
        if !face.faults.alters_answers() {
            face.note_huge(stored.sequence_number());
            return stored.encoded(self);
        }
        let message = face.tell_checkpoint(stored, &self.tree);
        message.encode_to_vec().into()
    }

    pub(crate) fn encode(&self, stored: &Stored) -> Bytes {
        let message = render::checkpoint(stored, &self.tree);
        message.encode_to_vec().into()
    }
}

/// Answers the two methods itself and leaves the others to the services inside.
#[derive(Clone)]
pub(crate) struct EncodedLayer {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) mask: Option<Arc<EncodedMask>>,
    pub(crate) compression: bool,
}

impl<S> Layer<S> for EncodedLayer {
    type Service = EncodedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        EncodedService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The services with the two methods in front.
#[derive(Clone)]
pub(crate) struct EncodedService<S> {
    inner: S,
    layer: EncodedLayer,
}

impl<S> Service<Request<Body>> for EncodedService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let layer = self.layer.clone();
        let (path, ahead) = (request.uri().path(), layer.mask.clone());
        match (path, ahead) {
            (LIST, Some(mask)) => {
                let method = List(layer.ledger.clone(), mask);
                async move { Ok(layer.grpc().server_streaming(method, request).await) }.boxed()
            }
            (SUBSCRIBE, Some(mask)) => {
                let method = Subscribe(layer.subscriptions.clone(), mask);
                async move { Ok(layer.grpc().server_streaming(method, request).await) }.boxed()
            }
            _ => self.inner.call(request).boxed(),
        }
    }
}

impl EncodedLayer {
    fn grpc<T: Message + Default + 'static>(&self) -> Grpc<EncodedCodec<T>> {
        let grpc = Grpc::new(EncodedCodec(PhantomData));
        let grpc = grpc.accept_compressed(CompressionEncoding::Zstd);
        if self.compression {
            grpc.send_compressed(CompressionEncoding::Zstd)
        } else {
            grpc
        }
    }
}

type Responses = tonic::Response<BoxStream<Encoded>>;

struct List(Arc<Ledger>, Arc<EncodedMask>);

impl ServerStreamingService<ListCheckpointsRequest> for List {
    type Response = Encoded;
    type ResponseStream = BoxStream<Encoded>;
    type Future = BoxFuture<'static, Result<Responses, Status>>;

    fn call(&mut self, request: tonic::Request<ListCheckpointsRequest>) -> Self::Future {
        let (ledger, mask) = (self.0.clone(), self.1.clone());
        async move {
            let asked = request.get_ref();
            if asked.filter.is_some() || !mask.is(asked.read_mask.as_ref()) {
                return ledger.list_checkpoints(request).await.map(encode_each);
            }
            let frames = ledger.scan_checkpoints(request.into_inner(), None)?;
            let face = ledger.face.clone();
            let frames = frames.into_iter().map(move |frame| {
                let mut rest = proto::ListCheckpointsResponse::default();
                rest.watermark = Some(frame.watermark);
                rest.end = frame.end;
                let stored = frame.item.map(|(stored, _): (Arc<Stored>, Item)| stored);
                let checkpoint = stored.map(|stored| (LIST_FIELD, mask.tell(&face, &stored)));
                Ok(Encoded::new(&rest, checkpoint))
            });
            let frames: BoxStream<Encoded> = Box::pin(futures::stream::iter(frames));
            Ok(tonic::Response::new(frames))
        }
        .boxed()
    }
}

struct Subscribe(Arc<Subscriptions>, Arc<EncodedMask>);

impl ServerStreamingService<SubscribeCheckpointsRequest> for Subscribe {
    type Response = Encoded;
    type ResponseStream = BoxStream<Encoded>;
    type Future = BoxFuture<'static, Result<Responses, Status>>;

    fn call(&mut self, request: tonic::Request<SubscribeCheckpointsRequest>) -> Self::Future {
        let (subscriptions, mask) = (self.0.clone(), self.1.clone());
        async move {
            let asked = request.get_ref();
            if asked.filter.is_some() || !mask.is(asked.read_mask.as_ref()) {
                let typed = subscriptions.subscribe_checkpoints(request).await;
                return typed.map(encode_each);
            }
            let face = subscriptions.face.clone();
            Ok(subscriptions.every_checkpoint(move |stored| {
                let mut rest = proto::SubscribeCheckpointsResponse::default();
                let number = stored.sequence_number();
                rest.cursor = (!face.lacks_cursor(number)).then_some(number);
                Encoded::new(&rest, Some((SUBSCRIBE_FIELD, mask.tell(&face, stored))))
            }))
        }
        .boxed()
    }
}

fn encode_each<T: Message + 'static>(responses: tonic::Response<BoxStream<T>>) -> Responses {
    responses.map(|stream| {
        let encoded: BoxStream<Encoded> =
            Box::pin(stream.map_ok(|message| Encoded::new(&message, None)));
        encoded
    })
}

/// A message whose large field is encoded already. Protobuf allows fields in any order.
struct Encoded {
    head: Vec<u8>,
    checkpoint: Bytes,
}

impl Encoded {
    fn new<T: Message>(rest: &T, checkpoint: Option<(u32, Bytes)>) -> Self {
        let mut head = rest.encode_to_vec();
        let (field, checkpoint) = checkpoint.unwrap_or_default();
        if !checkpoint.is_empty() {
            encode_key(field, WireType::LengthDelimited, &mut head);
            encode_varint(checkpoint.len() as u64, &mut head);
        }
        Self { head, checkpoint }
    }
}

/// Reads requests as usual and writes `Encoded` responses.
struct EncodedCodec<T>(PhantomData<T>);

impl<T: Message + Default + 'static> Codec for EncodedCodec<T> {
    type Encode = Encoded;
    type Decode = T;
    type Encoder = EncodedEncoder;
    type Decoder = MessageDecoder<T>;

    fn encoder(&mut self) -> Self::Encoder {
        EncodedEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageDecoder(PhantomData)
    }
}

struct EncodedEncoder;

impl Encoder for EncodedEncoder {
    type Item = Encoded;
    type Error = Status;

    fn encode(&mut self, item: Encoded, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(item.head.len() + item.checkpoint.len());
        buffer.put_slice(&item.head);
        buffer.put_slice(&item.checkpoint);
        Ok(())
    }
}

struct MessageDecoder<T>(PhantomData<T>);

impl<T: Message + Default> Decoder for MessageDecoder<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        let message = T::decode(buffer);
        let message = message.map_err(|error| Status::internal(error.to_string()))?;
        Ok(Some(message))
    }
}
