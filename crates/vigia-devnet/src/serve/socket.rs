//! Connections under HTTP: silent while the node is half open, reset when a fault cuts them.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use futures::{FutureExt, future::BoxFuture, task::AtomicWaker};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tonic::transport::server::Connected;

use super::face::Face;
use crate::fault::FaultKind;

/// Accepts connections of a face.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) face: Arc<Face>,
}

impl Door {
    /// The next connection.
    pub(crate) async fn open(&self) -> io::Result<(Socket, SocketAddr)> {
        let (stream, address) = self.listener.accept().await?;
        // Frames are small and clients wait for each.
        stream.set_nodelay(true)?;
        let socket = Socket {
            stream,
            face: self.face.clone(),
            line: Line::default(),
            silence: None,
            loss: loss(self.face.clone()).boxed(),
        };
        Ok((socket, address))
    }
}

/// One connection.
pub(crate) struct Socket {
    stream: TcpStream,
    face: Arc<Face>,
    line: Line,
    /// Resolves when the node is half open no more.
    silence: Option<BoxFuture<'static, ()>>,
    /// Resolves when the node is gone.
    loss: BoxFuture<'static, ()>,
}

/// A handle on a connection, with which it can be cut.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<(AtomicBool, AtomicWaker)>);

impl Line {
    pub(crate) fn cut(&self) {
        self.0.0.store(true, Relaxed);
        self.0.1.wake();
    }

    fn is_cut(&self, cx: &Context<'_>) -> bool {
        self.0.1.register(cx.waker());
        self.0.0.load(Relaxed)
    }
}

impl Connected for Socket {
    type ConnectInfo = Line;

    fn connect_info(&self) -> Line {
        self.line.clone()
    }
}

impl Socket {
    /// Ready when bytes may pass.
    fn poll_passable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.line.is_cut(cx) && self.loss.poll_unpin(cx).is_ready() {
            self.face.faults.note(FaultKind::Gone);
            self.line.cut();
        }
        if self.line.is_cut(cx) {
            // Closing then sends RST rather than FIN.
            self.stream.set_zero_linger()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        loop {
            if let Some(silence) = &mut self.silence {
                ready!(silence.poll_unpin(cx));
                self.silence = None;
            }
            let half_open = self.face.faults.ongoing(FaultKind::HalfOpen).is_some();
            if !half_open || *self.face.closing().borrow() {
                return Poll::Ready(Ok(()));
            }
            self.face.faults.note(FaultKind::HalfOpen);
            self.silence = Some(silence(self.face.clone()).boxed());
        }
    }
}

async fn loss(face: Arc<Face>) {
    let mut changes = face.faults.changes();
    while face.faults.ongoing(FaultKind::Gone).is_none() {
        changes.next().await;
    }
}

async fn silence(face: Arc<Face>) {
    let (mut changes, mut closing) = (face.faults.changes(), face.closing());
    tokio::select! {
        () = changes.sleep_while(FaultKind::HalfOpen, None) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_passable(cx))?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_passable(cx))?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_passable(cx))?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
