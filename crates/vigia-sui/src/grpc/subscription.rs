//! A subscription to the newest checkpoints, read ahead within a budget of bytes.
//!
//! Subscriptions begin at the tip and do not resume. While the gap behind one is repaired its frames
//! wait here; what does not fit into the budget waits on the wire, and a node that does not want to
//! wait ends the stream, which the reader takes for what it is: a reconnect.

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tonic::Status;

use super::ProviderClient;
use super::raw::{Checkpoints, Second};
use crate::SourceError;
use crate::budget::Budget;
use crate::wire::{Form, WireMessage};

/// Frames that may wait, however small.
const FRAMES_MAX: usize = 4_096;

/// A frame with its share of the budget.
type Held = (WireMessage, OwnedSemaphorePermit);

/// An open subscription. Dropping it ends it.
pub(crate) struct Subscription {
    frames: mpsc::Receiver<Result<Held, Status>>,
    reader: tokio::task::AbortHandle,
    client: ProviderClient,
}

impl ProviderClient {
    /// Subscribes; frames may take up to `budget`.
    pub(crate) async fn subscribe(
        &self,
        mask: &[&str],
        form: Form,
        budget: &Budget,
    ) -> Result<Subscription, SourceError> {
        let opened = self.subscribe_raw(mask, form).await;
        let stream = opened.map_err(|status| self.error(&status))?;
        let (sender, frames) = mpsc::channel(FRAMES_MAX);
        let reading = tokio::spawn(read(stream, sender, budget.clone()));
        Ok(Subscription {
            frames,
            reader: reading.abort_handle(),
            client: self.clone(),
        })
    }
}

impl Subscription {
    /// The next frame that holds a checkpoint. Nothing is lost where this is given up.
    pub(crate) async fn next(&mut self) -> Result<WireMessage, SourceError> {
        match self.frames.recv().await {
            Some(Ok((message, _held))) => Ok(message),
            Some(Err(status)) => Err(self.client.error(&status)),
            None => Err(self.client.silent("the stream ended".to_owned())),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(
    mut stream: Checkpoints<Second>,
    sender: mpsc::Sender<Result<Held, Status>>,
    budget: Budget,
) {
    let mut expected = 0;
    loop {
        // One that arrives takes room too, about as much as the one before.
        let arriving = budget.hold(expected).await;
        let frame = match stream.next().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(status) => {
                // Whoever reads it may be gone.
                let _ = sender.send(Err(status)).await;
                return;
            }
        };
        // Without a checkpoint it tells of progress, which an unfiltered stream is.
        let Some(message) = frame else {
            continue;
        };
        tracing::trace!(checkpoint = message.sequence_number(), "received");
        expected = message.bytes();
        let held = budget.adjust(arriving, expected).await;
        if sender.send(Ok((message, held))).await.is_err() {
            return;
        }
    }
}
