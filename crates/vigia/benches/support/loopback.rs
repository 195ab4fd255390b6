//! The work that there is without any: a node's checkpoints received over loopback and thrown away.

use bytes::Bytes;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;
use vigia_sui::LIVE_MASK;

/// As large a message as the client of vigia takes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 128 << 20;

/// `ListCheckpointsResponse` with its checkpoint as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Listed {
    #[prost(bytes = "bytes", optional, tag = "1")]
    checkpoint: Option<Bytes>,
}

/// The number and the transactions of a checkpoint, which are left as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Counted {
    #[prost(uint64, tag = "1")]
    sequence_number: u64,
    #[prost(bytes = "bytes", repeated, tag = "6")]
    transactions: Vec<Bytes>,
}

/// Reads the lists of a node's checkpoints up to its tip and looks at nothing of them; returns how many transactions they have.
pub(crate) async fn read(url: &str, tip: u64) -> usize {
    let endpoint = tonic::transport::Endpoint::from_shared(url.to_owned()).expect("an address");
    let endpoint = endpoint
        .initial_stream_window_size(2 * 1024 * 1024)
        .initial_connection_window_size(64 * 1024 * 1024);
    let channel = endpoint.connect().await.expect("a node");
    let path = PathAndQuery::from_static("/sui.rpc.v2.LedgerService/ListCheckpoints");
    let mut transactions = 0;
    let mut next = 1;
    while next <= tip {
        let mut options = proto::QueryOptions::default();
        options.limit = Some(100);
        let mut request = proto::ListCheckpointsRequest::default();
        request.read_mask = Some(FieldMask::from_paths(LIVE_MASK));
        request.start_checkpoint = Some(next);
        request.end_checkpoint = Some(tip + 1);
        request.options = Some(options);
        let mut grpc = Grpc::new(channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        grpc.ready().await.expect("a node");
        let codec = ProstCodec::<proto::ListCheckpointsRequest, Listed>::default();
        let listed = grpc.server_streaming(tonic::Request::new(request), path.clone(), codec);
        let mut listed = listed.await.expect("a list").into_inner();
        while let Some(message) = listed.message().await.expect("a message") {
            let Some(checkpoint) = message.checkpoint else {
                continue;
            };
            let counted = <Counted as prost::Message>::decode(checkpoint).expect("a checkpoint");
            transactions += counted.transactions.len();
            next = counted.sequence_number + 1;
        }
    }
    transactions
}
