//! The places of a process for what is under way: those of sends that are answered soon, and those of the others.
//!
//! A send that takes longer than it should gives its place back and takes one of the slow ones, of which there are more: it costs a
//! connection and its body, and no turn of anybody else.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Sends under way.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    slow_max: usize,
    slow_after: Duration,
    next: u64,
    /// In the order in which they began, those that have ended included.
    young: VecDeque<(Instant, u64)>,
    /// The endpoint of each, and whether it is slow.
    under_way: HashMap<u64, (i64, bool)>,
    slow: usize,
}

impl Places {
    pub(super) fn new(max: usize, slow_max: usize, slow_after: Duration) -> Self {
        Self {
            max,
            slow_max,
            slow_after,
            next: 0,
            young: VecDeque::new(),
            under_way: HashMap::new(),
            slow: 0,
        }
    }

    /// How many more may begin.
    pub(super) fn free(&self) -> usize {
        self.max.saturating_sub(self.under_way.len() - self.slow)
    }

    /// Whether there is a place for one that may turn out to be slow.
    pub(super) fn has_slow(&self) -> bool {
        self.slow < self.slow_max
    }

    /// That a send to an endpoint begins; returns its number.
    pub(super) fn begin(&mut self, endpoint: i64, now: Instant) -> u64 {
        self.next += 1;
        self.young.push_back((now, self.next));
        self.under_way.insert(self.next, (endpoint, false));
        self.next
    }

    /// That it has ended; whether it was slow.
    pub(super) fn end(&mut self, number: u64) -> bool {
        let ended = self.under_way.remove(&number);
        let was_slow = ended.is_some_and(|(_, is_slow)| is_slow);
        self.slow -= usize::from(was_slow);
        was_slow
    }

    /// Endpoints of sends that have become slow.
    pub(super) fn slowed(&mut self, now: Instant) -> Vec<i64> {
        let mut slowed = Vec::new();
        while let Some((began, number)) = self.young.front() {
            if now.duration_since(*began) < self.slow_after {
                break;
            }
            if let Some((endpoint, is_slow)) = self.under_way.get_mut(number) {
                *is_slow = true;
                self.slow += 1;
                slowed.push(*endpoint);
            }
            self.young.pop_front();
        }
        slowed
    }

    /// When the next one becomes slow, unless it ends.
    pub(super) fn slows_at(&self) -> Option<Instant> {
        let (began, _) = self.young.front()?;
        Some(*began + self.slow_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hangs_gives_its_place_back() {
        let now = Instant::now();
        let after = Duration::from_secs(1);
        let mut places = Places::new(2, 3, after);
        let (first, second) = (places.begin(7, now), places.begin(8, now));
        assert_eq!((places.free(), places.has_slow()), (0, true));
        assert!(!places.end(second));
        assert_eq!(places.free(), 1);
        assert_eq!(places.slowed(now + after / 2), [] as [i64; 0]);
        assert_eq!(places.slows_at(), Some(now + after));
        assert_eq!(places.slowed(now + after), [7]);
        assert_eq!(places.slowed(now + after), [] as [i64; 0], "once");
        assert_eq!(places.free(), 2);
        for endpoint in [9, 10] {
            places.begin(endpoint, now);
        }
        assert_eq!(places.slowed(now + after), [9, 10]);
        assert_eq!((places.free(), places.has_slow()), (2, false));
        assert!(places.end(first));
        assert!(places.has_slow());
    }
}
