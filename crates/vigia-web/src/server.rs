//! Listening, serving, stopping.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::app::{App, Stopping};
use crate::stall::StallListener;
use crate::{WebConfig, WebContext, WebError, router, samples};

/// Bytes that wait in the system for each connection; the system may take twice as many.
const SEND_BUFFER_BYTES: u32 = 128 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// A web server that listens but does not serve yet, so that its address can be told first.
pub struct WebServer {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    drain_timeout: Duration,
}

impl WebServer {
    /// Listens, or says why not. Without sign-in only loopback is listened on.
    pub async fn bind(mut config: WebConfig, context: WebContext) -> Result<Self, WebError> {
        let listen = config.listen;
        let open = context.authenticator.sign_in().is_none();
        if open && !listen.ip().is_loopback() && !config.insecure_no_auth {
            return Err(WebError::NotLoopback { listen });
        }
        let bind_error = |source| WebError::Bind { listen, source };
        let listener = bounded_listener(listen).map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        config.listen = address;

        let (stop, stopping) = Stopping::new();
        Ok(Self {
            listener,
            address,
            drain_timeout: config.limits.drain_timeout,
            app: App::new(config, context, stopping),
            stop,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then lets open requests end within the drain limit. Live readers
    /// are told at once: they reconnect elsewhere and go on where they were.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), WebError> {
        let stopped = self.app.stopping.clone().stopped();
        tokio::spawn(samples::keep(self.app.clone()));
        let listener = StallListener {
            listener: self.listener,
            patience: self.app.config.limits.stalled_timeout,
        };
        let server = axum::serve(
            listener,
            router::router(self.app).into_make_service_with_connect_info::<Peer>(),
        )
        .with_graceful_shutdown(stopped)
        .into_future();
        let mut server = std::pin::pin!(server);
        tokio::select! {
            done = &mut server => return done.map_err(WebError::Serve),
            () = shutdown => {}
        }
        let _ = self.stop.send(true);
        match tokio::time::timeout(self.drain_timeout, server).await {
            Ok(done) => done.map_err(WebError::Serve),
            Err(_) => {
                tracing::warn!("connections did not end within the drain limit and are cut");
                Ok(())
            }
        }
    }
}

/// The other side of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, StallListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, StallListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Listens; what the system keeps of a connection whose other side takes nothing is bounded, since it would be
/// megabytes of each otherwise.
fn bounded_listener(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match listen {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}
