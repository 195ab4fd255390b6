//! The in-process transport: a channel that holds back its senders when workers fall behind.
//!
//! Several workers may share it. What one took and let go of without a commit is given out again,
//! so the channel keeps what is handed out too, and never more of it than its workers have in hand.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use vigia_core::Frame;

use crate::receipt::{Desk, show_all};
use crate::{Delivery, FrameReceiver, FrameSender, Receipt, TransportError, TransportStats};

/// What may wait for a worker (I-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Frames waiting at most.
    pub frames_max: usize,
    /// Kibibytes of frames that wait or are in hand, at most; a single larger frame passes alone.
    pub kib_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frames_max: 4_096,
            kib_max: 32 * 1024,
        }
    }
}

/// Sends frames; cloned for several pollers.
pub struct ChannelSender {
    shared: Arc<Shared>,
    stats: Arc<TransportStats>,
}

/// Receives frames in the order in which each poller sent them; cloned for several workers.
pub struct ChannelReceiver {
    shared: Arc<Shared>,
    stats: Arc<TransportStats>,
}

/// A channel within `limits`.
pub fn channel(limits: Limits) -> (ChannelSender, ChannelReceiver) {
    let frames_max = limits.frames_max.clamp(1, Semaphore::MAX_PERMITS);
    let kib_max = limits.kib_max.max(1);
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        arrived: Notify::new(),
        room: Arc::new(Semaphore::new(frames_max)),
        kib: KibBudget::new(kib_max),
    });
    (
        ChannelSender::of(Arc::clone(&shared)),
        ChannelReceiver::of(shared),
    )
}

struct Shared {
    state: Mutex<State>,
    /// Something waits, or the last sender is gone.
    arrived: Notify,
    room: Arc<Semaphore>,
    kib: KibBudget,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: VecDeque<Waiting>,
    /// What receivers have in hand.
    handed_out: BTreeMap<u64, HandedOut>,
    senders: usize,
    receivers: usize,
}

struct Waiting {
    id: u64,
    frame: Arc<Frame>,
    /// None for what comes back: it is not held back a second time.
    _room: Option<OwnedSemaphorePermit>,
    kib: OwnedSemaphorePermit,
}

/// A frame, and the bytes that count until it is done with.
struct HandedOut {
    frame: Arc<Frame>,
    kib: OwnedSemaphorePermit,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn put(&self, frame: Frame) -> Result<(), TransportError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| TransportError::Closed)?;
        let kib = self.kib.acquire(frame.bytes()).await?;
        let mut state = self.state();
        if state.receivers == 0 {
            return Err(TransportError::Closed);
        }
        let id = state.next;
        state.next += 1;
        state.waiting.push_back(Waiting {
            id,
            frame: Arc::new(frame),
            _room: Some(room),
            kib,
        });
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// What waits first; `Closed` once nothing does and nobody sends any more.
    fn take(&self) -> Result<Option<(u64, Arc<Frame>)>, TransportError> {
        let mut state = self.state();
        let Some(Waiting { id, frame, kib, .. }) = state.waiting.pop_front() else {
            return match state.senders {
                0 => Err(TransportError::Closed),
                _ => Ok(None),
            };
        };
        let kept = Arc::clone(&frame);
        state.handed_out.insert(id, HandedOut { frame: kept, kib });
        Ok(Some((id, frame)))
    }
}

impl Desk for Shared {
    fn abandoned(&self, id: u64) {
        let mut state = self.state();
        let Some(HandedOut { frame, kib }) = state.handed_out.remove(&id) else {
            return;
        };
        if state.receivers > 0 {
            state.waiting.push_front(Waiting {
                id,
                frame,
                _room: None,
                kib,
            });
            drop(state);
            self.arrived.notify_one();
        }
    }
}

impl ChannelSender {
    fn of(shared: Arc<Shared>) -> Self {
        shared.state().senders += 1;
        Self {
            shared,
            stats: Arc::default(),
        }
    }
}

impl Clone for ChannelSender {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

impl Drop for ChannelSender {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.senders -= 1;
        if state.senders == 0 {
            self.shared.arrived.notify_waiters();
        }
    }
}

#[async_trait]
impl FrameSender for ChannelSender {
    async fn send(&self, frames: Vec<Frame>) -> Result<(), TransportError> {
        for frame in frames {
            self.shared.put(frame).await?;
            self.stats.count_frames(1);
        }
        Ok(())
    }

    fn stats(&self) -> Arc<TransportStats> {
        Arc::clone(&self.stats)
    }
}

impl ChannelReceiver {
    fn of(shared: Arc<Shared>) -> Self {
        shared.state().receivers += 1;
        Self {
            shared,
            stats: Arc::default(),
        }
    }

    /// Whether nothing waits and nothing is in hand.
    pub fn is_empty(&self) -> bool {
        let state = self.shared.state();
        state.waiting.is_empty() && state.handed_out.is_empty()
    }

    fn delivery(&self, (id, frame): (u64, Arc<Frame>)) -> Delivery {
        self.stats.count_frames(1);
        let desk: Arc<dyn Desk> = self.shared.clone();
        Delivery {
            frames: vec![frame],
            receipt: Receipt::new(desk, id),
        }
    }
}

impl Clone for ChannelReceiver {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

impl Drop for ChannelReceiver {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.receivers -= 1;
        if state.receivers == 0 {
            state.waiting.clear();
            self.shared.room.close();
            self.shared.kib.close();
        }
    }
}

#[async_trait]
impl FrameReceiver for ChannelReceiver {
    async fn receive(&mut self) -> Result<Delivery, TransportError> {
        loop {
            let mut arrived = pin!(self.shared.arrived.notified());
            // From here on no arrival is missed.
            arrived.as_mut().enable();
            if let Some(taken) = self.shared.take()? {
                return Ok(self.delivery(taken));
            }
            arrived.await;
        }
    }

    fn receive_waiting(&mut self) -> Option<Delivery> {
        let taken = self.shared.take().ok()??;
        Some(self.delivery(taken))
    }

    async fn acknowledge(&mut self, receipts: Vec<Receipt>) -> Result<(), TransportError> {
        let desk: Arc<dyn Desk> = self.shared.clone();
        let shown = show_all(receipts, &desk)?;
        let mut state = self.shared.state();
        for id in shown {
            state.handed_out.remove(&id);
        }
        Ok(())
    }

    fn stats(&self) -> Arc<TransportStats> {
        Arc::clone(&self.stats)
    }
}

/// Kibibytes that may be in a queue at once; what is larger than all of it takes all of it.
#[derive(Clone)]
pub(crate) struct KibBudget {
    kib: Arc<Semaphore>,
    kib_max: u32,
}

impl KibBudget {
    pub(crate) fn new(kib_max: u32) -> Self {
        Self {
            kib: Arc::new(Semaphore::new(kib_max as usize)),
            kib_max,
        }
    }

    pub(crate) async fn acquire(
        &self,
        bytes: usize,
    ) -> Result<OwnedSemaphorePermit, TransportError> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let permits = kib.clamp(1, self.kib_max);
        let permit = Arc::clone(&self.kib).acquire_many_owned(permits).await;
        permit.map_err(|_| TransportError::Closed)
    }

    fn close(&self) {
        self.kib.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vigia_core::{CheckpointHeader, Digest};

    use super::*;

    fn frame(sequence: u64) -> Vec<Frame> {
        let header = CheckpointHeader {
            sequence,
            digest: Digest::ZERO,
            previous_digest: None,
            epoch: 0,
            timestamp_ms: 0,
        };
        vec![Frame {
            header,
            watch_version: 0,
            relevant: Vec::new(),
        }]
    }

    async fn is_held_back(sender: &ChannelSender, sequence: u64) -> bool {
        let send = sender.send(frame(sequence));
        let held = tokio::time::timeout(Duration::from_secs(1), send).await;
        held.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn holds_back_at_the_count() {
        let (sender, mut receiver) = channel(Limits {
            frames_max: 2,
            kib_max: 1024,
        });
        sender.send(frame(1)).await.unwrap();
        sender.send(frame(2)).await.unwrap();
        assert!(is_held_back(&sender, 3).await);
        let delivery = receiver.receive().await.unwrap();
        assert_eq!(delivery.frames[0].header.sequence, 1);
        sender.send(frame(3)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn holds_back_at_the_bytes() {
        let (sender, mut receiver) = channel(Limits {
            frames_max: 100,
            kib_max: 3,
        });
        for sequence in 1..=3 {
            // An empty frame counts as one KiB.
            sender.send(frame(sequence)).await.unwrap();
        }
        assert!(is_held_back(&sender, 4).await);
        // What is in hand is still in memory.
        let taken = receiver.receive_waiting().unwrap();
        assert!(is_held_back(&sender, 4).await);
        receiver.acknowledge(vec![taken.receipt]).await.unwrap();
        sender.send(frame(4)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_is_first_and_passes_a_full_channel() {
        let (sender, mut receiver) = channel(Limits {
            frames_max: 1,
            kib_max: 2,
        });
        sender.send(frame(1)).await.unwrap();
        let taken = receiver.receive().await.unwrap();
        sender.send(frame(2)).await.unwrap();
        receiver.abandon(vec![taken.receipt]);
        let again = receiver.receive().await.unwrap();
        assert_eq!(again.frames[0].header.sequence, 1);
        assert!(is_held_back(&sender, 3).await);
    }

    #[tokio::test]
    async fn ends_with_its_other_side() {
        let (sender, receiver) = channel(Limits::default());
        let second = receiver.clone();
        drop(receiver);
        sender.send(frame(1)).await.unwrap();
        drop(second);
        let closed = sender.send(frame(2)).await.unwrap_err();
        assert!(matches!(closed, TransportError::Closed) && !closed.is_transient());

        let (sender, mut receiver) = channel(Limits::default());
        let waits = tokio::spawn(async move { receiver.receive().await.map(|_| ()) });
        tokio::task::yield_now().await;
        drop(sender);
        assert!(matches!(waits.await.unwrap(), Err(TransportError::Closed)));
    }

    #[tokio::test]
    async fn a_held_back_sender_learns_that_nobody_receives() {
        let (sender, receiver) = channel(Limits {
            frames_max: 1,
            kib_max: 1,
        });
        sender.send(frame(1)).await.unwrap();
        let waits = tokio::spawn(async move { sender.send(frame(2)).await });
        tokio::task::yield_now().await;
        drop(receiver);
        assert!(matches!(waits.await.unwrap(), Err(TransportError::Closed)));
    }
}
