//! What receivers of all brokers have in common.
//!
//! Reading happens in the background and feeds a bounded queue, so that a worker may give up
//! waiting at any point and lose nothing. A second loop keeps from others, for as long as receipts
//! are out, what takes longer than the broker's own patience. The brokers differ in four calls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;
use vigia_core::{Frame, error_chain};

use crate::backoff::Backoff;
use crate::channel::KibBudget;
use crate::codec;
use crate::receipt::{Desk, Held, show_all};
use crate::{Delivery, Depot, Receipt, TransportError, TransportStats};

/// How often an acknowledgement is tried; after that the deliveries come again.
const ACKNOWLEDGE_TRIES: u32 = 3;

/// What a receiver may have in hand (I-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverLimits {
    /// Messages read and not yet handed to the worker.
    pub messages_max: usize,
    /// Kibibytes of frames in them; a single larger message passes alone.
    pub kib_max: u32,
    /// How long a delivery is kept from others without being acknowledged.
    pub hold_max: Duration,
}

impl Default for ReceiverLimits {
    fn default() -> Self {
        Self {
            messages_max: 16,
            kib_max: 64 * 1024,
            hold_max: Duration::from_secs(15 * 60),
        }
    }
}

/// A message as the broker has it.
pub(crate) struct Incoming {
    /// The broker's name for this delivery of it.
    pub(crate) handle: String,
    pub(crate) payload: Payload,
}

pub(crate) enum Payload {
    /// A message of the codec.
    Message(Vec<u8>),
    /// It is in the depot under this id.
    #[cfg_attr(
        not(feature = "sqs"),
        expect(dead_code, reason = "for brokers with small messages")
    )]
    InDepot(String),
    /// Not even that.
    Malformed { reason: String, bytes: Vec<u8> },
}

/// In what brokers differ, seen from a receiver.
#[async_trait]
pub(crate) trait Broker: Send + Sync + 'static {
    /// Its name in errors and for what is set aside.
    const NAME: &'static str;

    /// Waits a while for messages; none is no failure.
    async fn fetch(&self) -> Result<Vec<Incoming>, TransportError>;

    /// Keeps messages from others for another while.
    async fn extend(&self, handles: &[String]) -> Result<(), TransportError>;

    /// Removes messages for good.
    async fn remove(&self, handles: &[String]) -> Result<(), TransportError>;

    /// What has to be done now and then.
    async fn upkeep(&self) -> Result<(), TransportError>;
}

/// A receiver of any broker.
pub(crate) struct BrokerReceiver<B> {
    shared: Arc<Shared<B>>,
    queue: mpsc::Receiver<Queued>,
    loops: [AbortHandle; 2],
}

struct Shared<B> {
    broker: B,
    held: Arc<Held>,
    desk: Arc<dyn Desk>,
    depot: Arc<dyn Depot>,
    stats: Arc<TransportStats>,
    limits: ReceiverLimits,
    kib: KibBudget,
}

/// A delivery and its share of what the queue may hold.
type Queued = (Delivery, OwnedSemaphorePermit);

impl<B: Broker> BrokerReceiver<B> {
    /// Starts reading. Messages in hand are kept from others every `extend_every`.
    pub(crate) fn start(
        broker: B,
        depot: Arc<dyn Depot>,
        limits: ReceiverLimits,
        extend_every: Duration,
    ) -> Self {
        let held = Arc::new(Held::default());
        let shared = Arc::new(Shared {
            broker,
            desk: held.clone(),
            held,
            depot,
            stats: Arc::default(),
            limits,
            kib: KibBudget::new(limits.kib_max.max(1)),
        });
        let (queue_in, queue) = mpsc::channel(limits.messages_max.max(1));
        let reading = tokio::spawn(Arc::clone(&shared).read_for_ever(queue_in));
        let keeping = tokio::spawn(Arc::clone(&shared).keep_for_ever(extend_every));
        Self {
            shared,
            queue,
            loops: [reading.abort_handle(), keeping.abort_handle()],
        }
    }

    pub(crate) async fn receive(&mut self) -> Result<Delivery, TransportError> {
        let queued = self.queue.recv().await;
        let (delivery, _room) = queued.ok_or(TransportError::Closed)?;
        Ok(delivery)
    }

    pub(crate) fn receive_waiting(&mut self) -> Option<Delivery> {
        let (delivery, _room) = self.queue.try_recv().ok()?;
        Some(delivery)
    }

    pub(crate) async fn acknowledge(&self, receipts: Vec<Receipt>) -> Result<(), TransportError> {
        let shown = show_all(receipts, &self.shared.desk)?;
        let released = shown
            .into_iter()
            .filter_map(|id| self.shared.held.release(id));
        self.shared.remove(&released.collect::<Vec<_>>()).await
    }

    pub(crate) fn stats(&self) -> Arc<TransportStats> {
        Arc::clone(&self.shared.stats)
    }
}

impl<B> Drop for BrokerReceiver<B> {
    fn drop(&mut self) {
        for running in &self.loops {
            running.abort();
        }
    }
}

impl<B: Broker> Shared<B> {
    async fn read_for_ever(self: Arc<Self>, queue: mpsc::Sender<Queued>) {
        let mut backoff = Backoff::after_failure();
        loop {
            match self.broker.fetch().await {
                Ok(incoming) => {
                    self.well();
                    backoff.reset();
                    // All are held before the first waits for room.
                    let held: Vec<_> = incoming
                        .into_iter()
                        .filter_map(|message| self.hold(message))
                        .collect();
                    for (handle, receipt, payload) in held {
                        if !self.accept(&handle, receipt, payload, &queue).await {
                            return;
                        }
                    }
                }
                Err(error) => {
                    self.failing(&error);
                    backoff.wait().await;
                }
            }
        }
    }

    /// None where it is in hand already.
    fn hold(&self, message: Incoming) -> Option<(String, Receipt, Payload)> {
        let id = self.held.hold(&message.handle)?;
        let receipt = Receipt::new(Arc::clone(&self.desk), id);
        Some((message.handle, receipt, message.payload))
    }

    /// Queues a message that is frames and sets aside one that is not. Where the depot fails the
    /// message is let go of, and comes again. False when the receiver is gone.
    async fn accept(
        &self,
        handle: &str,
        receipt: Receipt,
        payload: Payload,
        queue: &mpsc::Sender<Queued>,
    ) -> bool {
        let frames = match self.unpack(payload).await {
            Ok(frames) => frames,
            Err(Refused::Malformed { reason, bytes }) => {
                if let Err(error) = self.set_aside(handle, &reason, &bytes).await {
                    self.failing(&error);
                }
                return true;
            }
            Err(Refused::ForNow(error)) => {
                self.failing(&error);
                return true;
            }
        };
        let bytes = frames.iter().map(Frame::bytes).sum();
        let Ok(room) = self.kib.acquire(bytes).await else {
            return false;
        };
        self.stats.count_frames(frames.len());
        let frames = frames.into_iter().map(Arc::new).collect();
        let delivery = Delivery { frames, receipt };
        queue.send((delivery, room)).await.is_ok()
    }

    async fn unpack(&self, payload: Payload) -> Result<Vec<Frame>, Refused> {
        let malformed = |reason: String, bytes| Refused::Malformed { reason, bytes };
        let bytes = match payload {
            Payload::Message(bytes) => bytes,
            Payload::Malformed { reason, bytes } => return Err(malformed(reason, bytes)),
            Payload::InDepot(id) => match self.depot.blob_get(&id).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => {
                    let reason = "what it refers to is not in the depot".to_owned();
                    return Err(malformed(reason, id.into_bytes()));
                }
                Err(error) => return Err(Refused::ForNow(TransportError::Depot(error))),
            },
        };
        // Large messages take a while; a panic within is the message's fault.
        let bytes = Arc::new(bytes);
        let to_decode = Arc::clone(&bytes);
        let decoding = tokio::task::spawn_blocking(move || codec::decode(&to_decode));
        let reason = match decoding.await {
            Ok(Ok(frames)) => return Ok(frames),
            Ok(Err(error)) => error_chain(&error),
            Err(ended) if ended.is_panic() => format!("decoding it failed: {ended}"),
            // The runtime shuts down; the message is as good as before.
            Err(_) => return Err(Refused::ForNow(TransportError::Closed)),
        };
        Err(malformed(reason, Arc::unwrap_or_clone(bytes)))
    }

    async fn set_aside(
        &self,
        handle: &str,
        reason: &str,
        bytes: &[u8],
    ) -> Result<(), TransportError> {
        let kept = self.depot.set_aside(B::NAME, reason, bytes).await;
        kept.map_err(TransportError::Depot)?;
        self.stats.count_malformed();
        tracing::error!(
            transport = B::NAME,
            reason,
            message.bytes = bytes.len(),
            "a message is no frames and was set aside"
        );
        self.remove(&[handle.to_owned()]).await
    }

    async fn remove(&self, handles: &[String]) -> Result<(), TransportError> {
        if handles.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::after_failure();
        let mut tries = 1;
        loop {
            match self.broker.remove(handles).await {
                Err(error) if error.is_transient() && tries < ACKNOWLEDGE_TRIES => {
                    tries += 1;
                    backoff.wait().await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn keep_for_ever(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let (handles, expired) = self.held.to_extend(self.limits.hold_max);
            if expired > 0 {
                self.stats.count_holds_expired(expired);
                tracing::warn!(
                    transport = B::NAME,
                    deliveries = expired,
                    "deliveries were not committed in time and are left to others"
                );
            }
            if !handles.is_empty()
                && let Err(error) = self.broker.extend(&handles).await
            {
                self.failing(&error);
            }
            if let Err(error) = self.broker.upkeep().await {
                self.failing(&error);
            }
        }
    }

    fn failing(&self, error: &TransportError) {
        let problem = error_chain(error);
        if self.stats.failing(problem.clone()) {
            tracing::warn!(
                transport = B::NAME,
                error = problem,
                "the transport fails, trying again"
            );
        }
    }

    fn well(&self) {
        if self.stats.well() {
            tracing::info!(transport = B::NAME, "the transport is well again");
        }
    }
}

/// Why a message does not become a delivery.
enum Refused {
    Malformed { reason: String, bytes: Vec<u8> },
    ForNow(TransportError),
}
