//! All services on one port: gRPC, gRPC-Web over HTTP/1.1 and reflection, as a real node has them.

use std::sync::Arc;

use futures::stream;
use sui_rpc::proto::sui::rpc::v2::{
    FILE_DESCRIPTOR_SET, ledger_service_server::LedgerServiceServer,
    move_package_service_server::MovePackageServiceServer,
    state_service_server::StateServiceServer,
    subscription_service_server::SubscriptionServiceServer,
};
use tokio::net::TcpListener;
use tonic::{codec::CompressionEncoding, transport::Server};
use tonic_web::GrpcWebLayer;

use super::{
    encoded::EncodedLayer, face::Face, gate::Gate, headers::ChainHeaders, ledger::Ledger,
    packages::Packages, socket::Door, state::State, subscription::Subscriptions,
};

/// How the node presents itself.
#[derive(Clone)]
pub(crate) struct WireOptions {
    /// Name of the chain, such as "devnet".
    pub(crate) chain: String,
    /// Whether to compress for clients that accept it.
    pub(crate) compression: bool,
}

/// Serves until the shutdown resolves, then lets open streams end.
pub(crate) async fn serve(
    face: Arc<Face>,
    listener: TcpListener,
    options: WireOptions,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let WireOptions { chain, compression } = options;
    // A checkpoint may be larger than the 4 MiB that tonic allows by default.
    macro_rules! service {
        ($server:ident, $service:expr) => {{
            let server = $server::from_arc($service).max_encoding_message_size(usize::MAX);
            let server = server.accept_compressed(CompressionEncoding::Zstd);
            if compression {
                server.send_compressed(CompressionEncoding::Zstd)
            } else {
                server
            }
        }};
    }
    let ledger = Arc::new(Ledger {
        face: face.clone(),
        chain: chain.clone(),
    });
    let subscriptions = Arc::new(Subscriptions { face: face.clone() });
    let state = Arc::new(State { face: face.clone() });
    let packages = Arc::new(Packages { face: face.clone() });
    let encoded = EncodedLayer {
        ledger: ledger.clone(),
        subscriptions: subscriptions.clone(),
        mask: face.node().ahead(),
        compression,
    };
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(sui_rpc::proto::google::rpc::FILE_DESCRIPTOR_SET)
    };
    let gate = Gate { face: face.clone() };
    let door = Door {
        listener,
        face: face.clone(),
    };
    let incoming = stream::unfold(door, |door| async move {
        let opened = door.open().await.map(|(socket, _)| socket);
        Some((opened, door))
    });
    Server::builder()
        .accept_http1(true)
        .layer(ChainHeaders { face, chain })
        .layer(GrpcWebLayer::new())
        .layer(gate)
        .layer(encoded)
        .add_service(service!(LedgerServiceServer, ledger))
        .add_service(service!(SubscriptionServiceServer, subscriptions))
        .add_service(service!(StateServiceServer, state))
        .add_service(service!(MovePackageServiceServer, packages))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .serve_with_incoming_shutdown(incoming, shutdown)
        .await?;
    Ok(())
}
