//! What a sender or receiver has counted since it was made, for metrics and for `status`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of one sender or receiver.
#[derive(Debug, Default)]
pub struct TransportStats {
    frames: AtomicU64,
    malformed: AtomicU64,
    holds_expired: AtomicU64,
    failures: AtomicU64,
    problem: Mutex<Option<String>>,
}

impl TransportStats {
    /// Frames sent, or received, repeats included.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Messages that were no frames and were set aside.
    pub fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    /// Deliveries not acknowledged within the bound, which were left to others.
    pub fn holds_expired(&self) -> u64 {
        self.holds_expired.load(Ordering::Relaxed)
    }

    /// Calls to the broker or the depot that failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// What is wrong just now, in words for people; none while all is well.
    pub fn problem(&self) -> Option<String> {
        self.problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn count_frames(&self, count: usize) {
        self.frames.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_holds_expired(&self, count: u64) {
        self.holds_expired.fetch_add(count, Ordering::Relaxed);
    }

    /// Something is wrong. True if all was well before, so that it is logged once.
    pub(crate) fn failing(&self, problem: String) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut current = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        current.replace(problem).is_none()
    }

    /// All is well. True if it was not before.
    pub(crate) fn well(&self) -> bool {
        let mut current = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        current.take().is_some()
    }
}
