//! A handle on one address under which a chain is shown, and the task that serves it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    chain::{Chain, ChainConfig},
    fault::{FaultKind, Faults},
    serve::{Face, Node, huge_of},
};

/// How long open streams have to end before the node drops them.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

/// A chain that is still being made.
pub(super) type Growing = Arc<Mutex<Chain>>;

pub(super) fn lock(chain: &Mutex<Chain>) -> MutexGuard<'_, Chain> {
    chain
        .lock()
        .expect("no thread panics while it holds the chain")
}

/// One address under which a chain is shown. Clones are the same one.
#[derive(Clone)]
pub struct DevnetFace {
    face: Arc<Face>,
    chain: Option<Growing>,
    address: SocketAddr,
}

impl DevnetFace {
    pub(super) fn new(
        node: Arc<Node>,
        chain: Option<Growing>,
        config: Option<ChainConfig>,
        faults: Faults,
    ) -> Self {
        Self {
            face: Arc::new(Face::new(node, config, faults)),
            chain,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
        }
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The highest checkpoint that this face shows.
    pub fn tip(&self) -> Option<u64> {
        self.face.live_tip()
    }

    /// Replaces all faults. Their times begin now, strikes are counted anew.
    ///
    /// What is huge is part of the chain, so that fault concerns the checkpoints made from now on, on
    /// all faces.
    pub fn set_faults(&self, faults: Faults) {
        let mut list = faults.list.iter();
        let huge = list
            .find(|fault| fault.kind == FaultKind::Huge)
            .map(huge_of);
        let concerns_chain = huge.is_some() || self.face.faults.is_set(FaultKind::Huge);
        if let Some(chain) = self.chain.as_ref().filter(|_| concerns_chain) {
            lock(chain).set_huge(huge);
        }
        self.face.faults.set(faults);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.set_faults(Faults::none());
    }

    /// How often each kind of fault has struck, since the face is there.
    pub fn struck(&self) -> BTreeMap<String, u64> {
        let struck = self.face.faults.struck();
        let struck = struck.borrow();
        let struck = struck.iter();
        struck
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect()
    }

    /// Waits until a kind of fault has struck this often.
    pub async fn wait_until_struck(&self, kind: FaultKind, times: u64) {
        let mut struck = self.face.faults.struck();
        struck
            .wait_for(|struck| struck.get(kind.name()).is_some_and(|n| *n >= times))
            .await
            .expect("this face, which counts, is alive");
    }
}

/// A face and the task that serves it.
pub(super) struct Outlet {
    pub(super) face: DevnetFace,
    server: JoinHandle<Result<()>>,
    /// Sending stops the server, and so does dropping.
    stop: oneshot::Sender<()>,
}

impl Outlet {
    pub(super) async fn open<F>(
        listen: SocketAddr,
        mut face: DevnetFace,
        serve: impl FnOnce(Arc<Face>, TcpListener, Stopped) -> F,
    ) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("listen on {listen}"))?;
        face.address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let server = serve(
            face.face.clone(),
            listener,
            wait(stopped, face.face.clone()),
        );
        Ok(Self {
            face,
            server: tokio::spawn(server),
            stop,
        })
    }

    pub(super) async fn close(mut self) -> Result<()> {
        // The server may have ended by itself.
        let _ = self.stop.send(());
        match tokio::time::timeout(SHUTDOWN_PATIENCE, &mut self.server).await {
            Ok(ended) => ended?,
            Err(_) => {
                self.server.abort();
                let _ = self.server.await;
                Ok(())
            }
        }
    }
}

/// Resolves when a server is to stop.
pub(super) type Stopped = futures::future::BoxFuture<'static, ()>;

fn wait(stopped: oneshot::Receiver<()>, face: Arc<Face>) -> Stopped {
    Box::pin(async move {
        // A dropped sender stops the server as well.
        let _ = stopped.await;
        face.close();
    })
}
