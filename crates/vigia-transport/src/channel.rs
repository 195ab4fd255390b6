//! The in-process transport: a channel that holds back its sender when workers fall behind.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use vigia_core::Frame;

/// What the channel may hold (I-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Frames waiting at most.
    pub frames_max: usize,
    /// Kibibytes of frames waiting at most; a single larger frame passes alone.
    pub kib_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frames_max: 4_096,
            kib_max: 64 * 1024,
        }
    }
}

/// Sends frames; cloned for several pollers.
#[derive(Clone, Debug)]
pub struct FrameSender {
    frames: mpsc::Sender<(Frame, OwnedSemaphorePermit)>,
    kib: Arc<Semaphore>,
    kib_max: u32,
}

/// Receives frames in the order in which each poller sent them.
#[derive(Debug)]
pub struct FrameReceiver {
    frames: mpsc::Receiver<(Frame, OwnedSemaphorePermit)>,
}

/// A channel within `limits`.
pub fn channel(limits: Limits) -> (FrameSender, FrameReceiver) {
    let (sender, receiver) = mpsc::channel(limits.frames_max.max(1));
    let kib_max = limits.kib_max.max(1);
    let kib = Arc::new(Semaphore::new(kib_max as usize));
    (
        FrameSender {
            frames: sender,
            kib,
            kib_max,
        },
        FrameReceiver { frames: receiver },
    )
}

impl FrameSender {
    /// Sends a frame, waiting while the channel is full. False when no worker receives any more.
    pub async fn send(&self, frame: Frame) -> bool {
        let kib = u32::try_from(frame.bytes().div_ceil(1024)).unwrap_or(u32::MAX);
        let permits = kib.clamp(1, self.kib_max);
        let Ok(permit) = Arc::clone(&self.kib).acquire_many_owned(permits).await else {
            return false;
        };
        self.frames.send((frame, permit)).await.is_ok()
    }
}

impl FrameReceiver {
    /// The next frame; none once every sender is gone.
    pub async fn receive(&mut self) -> Option<Frame> {
        self.frames.recv().await.map(|(frame, _permit)| frame)
    }

    /// A frame that is waiting already.
    pub fn receive_waiting(&mut self) -> Option<Frame> {
        self.frames.try_recv().ok().map(|(frame, _permit)| frame)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vigia_core::{CheckpointHeader, Digest};

    use super::*;

    fn frame(sequence: u64) -> Frame {
        let header = CheckpointHeader {
            sequence,
            digest: Digest::ZERO,
            previous_digest: None,
            epoch: 0,
            timestamp_ms: 0,
        };
        Frame {
            header,
            watch_version: 0,
            relevant: Vec::new(),
        }
    }

    async fn is_held_back(sender: &FrameSender, sequence: u64) -> bool {
        let send = sender.send(frame(sequence));
        tokio::time::timeout(Duration::from_millis(20), send)
            .await
            .is_err()
    }

    #[tokio::test]
    async fn holds_back_at_the_count() {
        let (sender, mut receiver) = channel(Limits {
            frames_max: 2,
            kib_max: 1024,
        });
        assert!(sender.send(frame(1)).await);
        assert!(sender.send(frame(2)).await);
        assert!(is_held_back(&sender, 3).await);
        assert_eq!(
            receiver.receive().await.map(|frame| frame.header.sequence),
            Some(1)
        );
        assert!(sender.send(frame(3)).await);
    }

    #[tokio::test]
    async fn holds_back_at_the_bytes() {
        let (sender, mut receiver) = channel(Limits {
            frames_max: 100,
            kib_max: 3,
        });
        for sequence in 1..=3 {
            assert!(
                sender.send(frame(sequence)).await,
                "an empty frame counts as one KiB"
            );
        }
        assert!(is_held_back(&sender, 4).await);
        assert!(receiver.receive_waiting().is_some());
        assert!(sender.send(frame(4)).await);
    }

    #[tokio::test]
    async fn ends_with_its_other_side() {
        let (sender, receiver) = channel(Limits::default());
        drop(receiver);
        assert!(!sender.send(frame(1)).await);
        let (sender, mut receiver) = channel(Limits::default());
        drop(sender);
        assert!(receiver.receive().await.is_none());
    }
}
