//! What else answers on the node's port: gRPC-Web over HTTP/1.1, and reflection.

use futures::stream;
use prost::Message;
use sui_rpc::proto::sui::rpc::v2::{GetServiceInfoResponse, ledger_service_server::SERVICE_NAME};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::transport::Channel;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn grpc_web_answers_over_http_1() {
    let devnet = support::manual(3).await;
    let url = devnet.url();
    let host = url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST /{SERVICE_NAME}/GetServiceInfo HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = vec![];
    connection.read_to_end(&mut response).await.unwrap();

    let text = String::from_utf8_lossy(&response).to_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}");
    assert!(text.contains("x-sui-checkpoint-height: 2"), "{text}");
    assert!(text.contains("grpc-status:0"), "{text}");
    let chain_id = devnet.chain_id().unwrap().to_string();
    let body = find_last(&response, chain_id.as_bytes()).unwrap();
    // The message begins with its first field: one tag byte, one length byte, the chain's id.
    let start = body - 2;
    let length = u32::from_be_bytes(response[start - 4..start].try_into().unwrap());
    let end = start + usize::try_from(length).unwrap();
    let info = GetServiceInfoResponse::decode(&response[start..end]).unwrap();
    assert_eq!(info.checkpoint_height(), 2);
}

/// The id is in a header too; the body comes last.
fn find_last(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .rposition(|window| window == needle)
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_names_the_services() {
    let devnet = support::manual(1).await;
    let channel = Channel::from_shared(devnet.url()).unwrap();
    let mut client = ServerReflectionClient::new(channel.connect().await.unwrap());
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let responses = client.server_reflection_info(stream::iter([request])).await;
    let response = responses
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = response.message_response else {
        panic!("no list of services");
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for service in [
        "LedgerService",
        "SubscriptionService",
        "StateService",
        "MovePackageService",
    ] {
        assert!(
            names.contains(&format!("sui.rpc.v2.{service}")),
            "{names:?}"
        );
    }
}
