//! A listener of its own for what machines ask of a process.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

use crate::WebError;

/// Serves a few paths.
pub(crate) struct PlainServer {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

impl PlainServer {
    /// Listens, or says why not.
    pub(crate) async fn bind(listen: SocketAddr, router: Router) -> Result<Self, WebError> {
        let bind_error = |source| WebError::Bind { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        Ok(Self {
            listener,
            address,
            router,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`.
    pub(crate) async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), WebError> {
        let serving = axum::serve(self.listener, self.router).into_future();
        tokio::select! {
            // Who asks now gets no answer, which says it as well.
            () = shutdown => Ok(()),
            served = serving => served.map_err(WebError::Serve),
        }
    }
}
