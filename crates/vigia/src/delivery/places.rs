//! The places of a process for what is under way: those of sends that are answered soon, and those aside for the others.
//!
//! Who has not answered yet, or did not soon, is sent to from a place aside, and a send that takes longer than it should
//! moves there, of which there are more: it costs a connection and its body, and no turn of anybody else.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Sends under way.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    aside_max: usize,
    slow_after: Duration,
    next: u64,
    /// In the order in which they began, those that have ended included.
    young: VecDeque<(Instant, u64)>,
    under_way: HashMap<u64, UnderWay>,
    aside: usize,
}

/// A send under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    endpoint: i64,
    is_aside: bool,
    is_slow: bool,
}

impl Places {
    pub(super) fn new(max: usize, aside_max: usize, slow_after: Duration) -> Self {
        Self {
            max,
            aside_max,
            slow_after,
            next: 0,
            young: VecDeque::new(),
            under_way: HashMap::new(),
            aside: 0,
        }
    }

    /// How many more may begin to those who answer soon.
    pub(super) fn free(&self) -> usize {
        self.max.saturating_sub(self.under_way.len() - self.aside)
    }

    /// How many more may begin to the others.
    pub(super) fn free_aside(&self) -> usize {
        self.aside_max.saturating_sub(self.aside)
    }

    /// That a send to an endpoint begins, which answers soon or has yet to show it; returns its number.
    pub(super) fn begin(&mut self, endpoint: i64, is_prompt: bool, now: Instant) -> u64 {
        self.next += 1;
        self.young.push_back((now, self.next));
        self.aside += usize::from(!is_prompt);
        let begun = UnderWay {
            endpoint,
            is_aside: !is_prompt,
            is_slow: false,
        };
        self.under_way.insert(self.next, begun);
        self.next
    }

    /// That it has ended; whether it was slow.
    pub(super) fn end(&mut self, number: u64) -> bool {
        let Some(ended) = self.under_way.remove(&number) else {
            return false;
        };
        self.aside -= usize::from(ended.is_aside);
        ended.is_slow
    }

    /// Endpoints of sends that have become slow.
    pub(super) fn slowed(&mut self, now: Instant) -> Vec<i64> {
        let mut slowed = Vec::new();
        while let Some((began, number)) = self.young.front() {
            if now.duration_since(*began) < self.slow_after {
                break;
            }
            if let Some(send) = self.under_way.get_mut(number) {
                self.aside += usize::from(!send.is_aside);
                (send.is_aside, send.is_slow) = (true, true);
                slowed.push(send.endpoint);
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
        let (first, second) = (places.begin(7, true, now), places.begin(8, true, now));
        assert_eq!((places.free(), places.free_aside()), (0, 3));
        assert!(!places.end(second));
        assert_eq!(places.free(), 1);
        assert_eq!(places.slowed(now + after / 2), [] as [i64; 0]);
        assert_eq!(places.slows_at(), Some(now + after));
        assert_eq!(places.slowed(now + after), [7]);
        assert_eq!(places.slowed(now + after), [] as [i64; 0], "once");
        assert_eq!(places.free(), 2);
        for endpoint in [9, 10] {
            places.begin(endpoint, true, now);
        }
        assert_eq!(places.slowed(now + after), [9, 10]);
        assert_eq!((places.free(), places.free_aside()), (2, 0));
        assert!(places.end(first));
        assert_eq!(places.free_aside(), 1);
    }

    #[test]
    fn who_is_not_known_takes_nobodys_place() {
        let now = Instant::now();
        let after = Duration::from_secs(1);
        let mut places = Places::new(2, 3, after);
        let quick = places.begin(7, false, now);
        let hanging = places.begin(8, false, now);
        assert_eq!((places.free(), places.free_aside()), (2, 1));
        assert!(!places.end(quick), "it was not slow");
        assert_eq!(places.slowed(now + after), [8]);
        assert_eq!((places.free(), places.free_aside()), (2, 2));
        assert!(places.end(hanging));
        assert_eq!((places.free(), places.free_aside()), (2, 3));
        assert!(!places.end(hanging), "once");
    }
}
