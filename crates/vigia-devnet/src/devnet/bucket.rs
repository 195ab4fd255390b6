//! A bucket of checkpoint files from a directory, without a chain.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Result;

use super::face::{DevnetFace, Outlet};
use crate::{
    fault::Faults,
    serve::{Node, Shelf, serve_bucket},
};

/// Serves `SEQ.chk` and `SEQ.binpb.zst` of a directory over HTTP. Dropping it stops it.
pub struct Bucket(Outlet);

impl Bucket {
    /// Begins to serve; files may be added to the directory later.
    pub async fn serve(directory: PathBuf, listen: SocketAddr, faults: Faults) -> Result<Self> {
        anyhow::ensure!(
            directory.is_dir(),
            "{} is no directory",
            directory.display()
        );
        let nothing = Arc::new(Node::new(None, 0, None));
        let face = DevnetFace::new(nothing, None, None, faults);
        let outlet = Outlet::open(listen, face, |face, listener, stopped| {
            serve_bucket(face, Shelf::Directory(directory), listener, stopped)
        });
        Ok(Self(outlet.await?))
    }

    /// The address and its faults.
    pub fn face(&self) -> &DevnetFace {
        &self.0.face
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        self.0.face.url()
    }

    /// How often each kind of fault has struck.
    pub fn struck(&self) -> BTreeMap<String, u64> {
        self.0.face.struck()
    }

    /// Stops serving; the port is free afterwards.
    pub async fn shutdown(self) -> Result<()> {
        self.0.close().await
    }
}
