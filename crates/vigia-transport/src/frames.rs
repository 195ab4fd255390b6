//! The seam between pollers and workers.

use std::sync::Arc;

use async_trait::async_trait;
use vigia_core::Frame;

use crate::{Backlog, Receipt, TransportError, TransportStats};

/// Takes frames from a poller. Shared by as many as like.
#[async_trait]
pub trait FrameSender: Send + Sync {
    /// Sends frames; returns once the transport has them all, waiting while it is full.
    ///
    /// Failures that pass are tried again for a bounded while. After an error, and where the call is
    /// given up (a `select!`), any part of the frames may have been sent: the poller goes back to
    /// the watermark.
    async fn send(&self, frames: Vec<Frame>) -> Result<(), TransportError>;

    /// What it has counted, and what is wrong.
    fn stats(&self) -> Arc<TransportStats>;

    /// How many messages the broker has, asked once; none where there is no broker.
    async fn backlog(&self) -> Result<Option<Backlog>, TransportError> {
        Ok(None)
    }
}

/// Hands frames to a worker.
///
/// Dropping it, or the death of its process, gives what it has not acknowledged to others.
#[async_trait]
pub trait FrameReceiver: Send {
    /// Waits for the next delivery. Nothing is lost where the call is given up.
    ///
    /// A broker that fails is waited for and named by `stats`. The one error is `Closed`: every
    /// sender of a channel is gone.
    async fn receive(&mut self) -> Result<Delivery, TransportError>;

    /// A delivery that is there already.
    fn receive_waiting(&mut self) -> Option<Delivery>;

    /// Tells the transport, after the commit, that nobody needs these any more.
    ///
    /// After an error they may be delivered again, which a commit recognises.
    async fn acknowledge(&mut self, receipts: Vec<Receipt>) -> Result<(), TransportError>;

    /// Lets go of deliveries without a commit: they are delivered again, to anybody, when the
    /// transport gets to it. Dropping receipts does the same.
    fn abandon(&mut self, receipts: Vec<Receipt>) {
        drop(receipts);
    }

    /// What it has counted, and what is wrong.
    fn stats(&self) -> Arc<TransportStats>;
}

/// Frames, and what to show for them once they are committed.
#[derive(Debug)]
pub struct Delivery {
    /// The frames, in the order in which they were sent; at least one. Shared with a transport that keeps them
    /// until they are acknowledged.
    pub frames: Vec<Arc<Frame>>,
    /// Keeps the delivery from others until it is acknowledged or dropped.
    pub receipt: Receipt,
}
