//! What becomes of the messages that pass a broker: a fifth of them comes twice, another fifth late.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of how many messages one is repeated, and one overtaken by later ones.
const ONE_OF: u64 = 5;

/// Counts messages and says what becomes of the next; by default nothing.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    active: bool,
    seen: AtomicU64,
    repeated: AtomicU64,
    moved: AtomicU64,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// It comes a second time, later.
    pub(crate) repeats: bool,
    /// It comes late.
    pub(crate) moves: bool,
}

impl Repeats {
    /// A fifth of the messages is repeated, and another fifth comes late.
    pub(crate) fn a_fifth() -> Self {
        Self {
            active: true,
            ..Self::default()
        }
    }

    /// What becomes of the next message.
    pub(crate) fn next(&self) -> Fate {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        Fate {
            repeats: self.active && seen % ONE_OF == 1,
            moves: self.active && seen % ONE_OF == 3,
        }
    }

    pub(crate) fn repeated(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn moved(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// How many of a thousand messages were repeated, and how many came late.
    pub(crate) fn per_mille(&self) -> (u64, u64) {
        let seen = self.seen.load(Ordering::Relaxed).max(1);
        let share = |count: &AtomicU64| count.load(Ordering::Relaxed) * 1000 / seen;
        (share(&self.repeated), share(&self.moved))
    }
}

impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} messages, {} of them twice and {} late",
            count(&self.seen),
            count(&self.repeated),
            count(&self.moved)
        )
    }
}
