//! Checkpoint files over HTTP, as buckets hold them: `SEQ.chk` and `SEQ.binpb.zst`, from a directory
//! or made from the chain when they are asked for.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    serve::Listener,
};
use bytes::Bytes;
use futures::{Stream, stream};
use http::{StatusCode, Uri, header};
use sui_rpc::field::FieldMaskTree;
use tokio::{net::TcpListener, time::sleep};

use super::{
    face::Face,
    socket::{Door, Socket},
};
use crate::{
    fault::{FaultKind, Site},
    files::{FileFormat, binpb_zst, chk_bytes},
};

const DRIP_INTERVAL: Duration = Duration::from_millis(50);
const DRIPS_PER_S: u64 = 20;

/// Where the files come from.
#[derive(Clone, Debug)]
pub(crate) enum Shelf {
    /// From a directory, as they are.
    Directory(PathBuf),
    /// From the chain of the face.
    Chain,
}

/// A bucket behind a face.
#[derive(Clone)]
struct Bucket {
    face: Arc<Face>,
    shelf: Shelf,
}

/// Serves until the shutdown resolves.
pub(crate) async fn serve_bucket(
    face: Arc<Face>,
    shelf: Shelf,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let door = Door {
        listener,
        face: face.clone(),
    };
    let router = Router::new()
        .fallback(get)
        .with_state(Bucket { face, shelf });
    axum::serve(door, router)
        .with_graceful_shutdown(shutdown)
        .await?;
    Ok(())
}

impl Listener for Door {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        const PAUSE: Duration = Duration::from_millis(100);
        loop {
            match self.open().await {
                Ok(opened) => return opened,
                // Out of files, or gone before it was accepted: the next one may do.
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn get(State(bucket): State<Bucket>, uri: Uri) -> Response {
    let faults = &bucket.face.faults;
    let call = faults.next_call();
    let site = Site::Call(call);
    if faults.strike(FaultKind::Unavailable, site).is_some() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if faults.is_over_limit(call) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let file = bucket.file(uri.path()).await;
    let Some(bytes) = file else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if faults.strike(FaultKind::NotFound, site).is_some() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let length = [(header::CONTENT_LENGTH, bytes.len())];
    (length, Body::from_stream(carry(bucket.face, call, bytes))).into_response()
}

impl Bucket {
    /// The bytes of a file, if there is one of that name.
    async fn file(&self, path: &str) -> Option<Bytes> {
        let name = path.rsplit('/').next()?;
        let (number, format) = parse(name)?;
        let bytes = match &self.shelf {
            Shelf::Directory(directory) => tokio::fs::read(directory.join(name)).await.ok()?,
            Shelf::Chain => self.made(number, format)?,
        };
        // A message that is made has its bit flipped before it is compressed.
        let is_altered = matches!(self.shelf, Shelf::Chain) && format == FileFormat::BinpbZst;
        let bytes = if is_altered {
            bytes
        } else {
            self.face.flip_file(number, bytes)
        };
        Some(bytes.into())
    }

    fn made(&self, number: u64, format: FileFormat) -> Option<Vec<u8>> {
        let node = self.face.node();
        let stored = self.face.view(&node).checkpoint(number).cloned()?;
        let bytes = match format {
            FileFormat::Chk => chk_bytes(&self.face.tell_data(&stored)),
            FileFormat::BinpbZst => {
                let everything = FieldMaskTree::new_wildcard();
                binpb_zst(&self.face.tell_checkpoint(&stored, &everything))
            }
        };
        bytes.ok()
    }
}

/// Number and format of a file's name. Nothing else can be asked for.
fn parse(name: &str) -> Option<(u64, FileFormat)> {
    let (number, suffix) = name.split_once('.')?;
    let format = match suffix {
        "chk" => FileFormat::Chk,
        "binpb.zst" => FileFormat::BinpbZst,
        _ => return None,
    };
    Some((number.parse().ok()?, format))
}

/// Bytes on their way, and what becomes of them.
struct Parcel {
    face: Arc<Face>,
    call: u64,
    rest: Bytes,
    /// Whether it breaks off when these bytes are sent.
    breaks: bool,
    /// Whether nothing follows for a while.
    stalls: bool,
}

fn carry(face: Arc<Face>, call: u64, bytes: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    let stream = face.faults.next_stream();
    let breaks = face.faults.strike(FaultKind::Truncate, Site::Call(call));
    let stalls = face.faults.strike(FaultKind::Stall, Site::Stream(stream));
    let parcel = Parcel {
        face,
        call,
        rest: bytes,
        breaks: breaks.is_some(),
        stalls: stalls.is_some(),
    };
    stream::try_unfold(parcel, |mut parcel| async move {
        let next = parcel.next().await?;
        Ok(next.map(|next| (next, parcel)))
    })
}

impl Parcel {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let half = self.rest.len().div_ceil(2);
        if self.breaks && half > 0 {
            let first = self.rest.split_to(half);
            self.rest.clear();
            return Ok(Some(first));
        }
        if self.breaks {
            // What was written goes out before the connection does.
            sleep(DRIP_INTERVAL).await;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if self.stalls {
            self.stalls = false;
            let fault = self.face.faults.ongoing(FaultKind::Stall);
            let length = fault.and_then(|fault| fault.duration());
            let mut changes = self.face.faults.changes();
            changes.sleep_while(FaultKind::Stall, length).await;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let slow = self.face.faults.ongoing(FaultKind::SlowDrip);
        let slow = slow.filter(|_| {
            let site = Site::Call(self.call);
            self.face.faults.keeps_striking(FaultKind::SlowDrip, site)
        });
        let Some(slow) = slow else {
            return Ok(Some(std::mem::take(&mut self.rest)));
        };
        sleep(DRIP_INTERVAL).await;
        let drop = slow.count().div_ceil(DRIPS_PER_S);
        let drop = usize::try_from(drop).unwrap_or(usize::MAX);
        Ok(Some(self.rest.split_to(drop.min(self.rest.len()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_checkpoints_are_files() {
        assert_eq!(parse("12.chk"), Some((12, FileFormat::Chk)));
        assert_eq!(parse("0.binpb.zst"), Some((0, FileFormat::BinpbZst)));
        for name in ["", "12", "12.bin", "x.chk", "-1.chk", "12.chk.bak", ".."] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
