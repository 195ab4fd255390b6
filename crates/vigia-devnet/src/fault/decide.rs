//! Whether and where a fault strikes: pure functions of seed, number and time.

use std::time::Duration;

use super::{Fault, When};

/// What may be struck, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Whatever is said of a checkpoint.
    Checkpoint(u64),
    /// A stream, counted from 0 as they are opened.
    Stream(u64),
    /// A frame of a stream.
    Frame(u64, u64),
    /// A call, counted from 0 as they come.
    Call(u64),
    /// A version of an object, by a number made of its id.
    Object(u64, u64),
}

impl Fault {
    /// A number that decides everything that is left to chance at this place, if the fault strikes it.
    pub(crate) fn roll(&self, seed: u64, site: Site) -> Option<u64> {
        let (tag, number, second) = match site {
            Site::Checkpoint(number) => (1, number, 0),
            Site::Stream(number) => (2, number, 0),
            Site::Frame(stream, frame) => (3, stream, frame),
            Site::Call(number) => (4, number, 0),
            Site::Object(id, version) => (5, id, version),
        };
        let counted = !matches!(site, Site::Object(..));
        if counted && number < self.when.from {
            return None;
        }
        let mut state = seed;
        for part in [self.kind as u64, tag, number, second] {
            state = mix(state ^ mix(part));
        }
        let every = self.when.every.max(1);
        state.is_multiple_of(every).then(|| mix(state))
    }
}

/// The finaliser of splitmix64: each bit of the output depends on every bit of the input.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Whether a fault is on, and when that changes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) on: bool,
    /// Counted from when the fault was set; nothing if it never changes again.
    pub(crate) until: Option<Duration>,
    /// Which of its periods this is.
    pub(crate) period: u64,
}

impl Fault {
    /// The phase this long after the fault was set.
    pub(crate) fn phase(&self, elapsed: Duration) -> Phase {
        let When {
            after,
            period,
            times,
            ..
        } = self.when;
        let Some(running) = elapsed.checked_sub(after) else {
            return phase(false, Some(after), 0);
        };
        let Some(lasts) = self.lasts() else {
            return phase(true, None, 0);
        };
        let Some(period) = period else {
            let on = running < lasts;
            return phase(on, on.then(|| after + lasts), 0);
        };
        let number = running.as_millis() / period.as_millis().max(1);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let begun = after + period.saturating_mul(number);
        let counts_periods = self.kind.is_state();
        if counts_periods && times.is_some_and(|times| u64::from(number) >= times) {
            return phase(false, None, number.into());
        }
        let on = elapsed < begun + lasts;
        let until = begun + if on { lasts } else { period };
        phase(on, Some(until), number.into())
    }

    /// How many strikes are allowed, of faults that count strikes.
    pub(crate) fn strikes_max(&self) -> u64 {
        let times = self.when.times.filter(|_| !self.kind.is_state());
        times.unwrap_or(u64::MAX)
    }
}

fn phase(on: bool, until: Option<Duration>, period: u64) -> Phase {
    Phase { on, until, period }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    fn on(text: &str, ms: u64) -> bool {
        fault(text).phase(Duration::from_millis(ms)).on
    }

    #[test]
    fn phases_begin_and_end_on_time() {
        assert!(on("lag:3", 0) && on("lag:3", 1_000_000));
        let once = "lag:3,after=1s,for=2s";
        let phases = [0, 999, 1_000, 2_999, 3_000, 9_000].map(|ms| on(once, ms));
        assert_eq!(phases, [false, false, true, true, false, false]);
        let twice = "half-open:1s,after=1s,period=4s,times=2";
        let phases = [0, 1_000, 2_000, 4_999, 5_000, 6_000, 9_000].map(|ms| on(twice, ms));
        assert_eq!(phases, [false, true, false, false, true, false, false]);
        let next = fault(twice).phase(Duration::from_millis(2_500)).until;
        assert_eq!(next, Some(Duration::from_secs(5)));
        assert_eq!(fault(once).phase(Duration::from_secs(3)).until, None);
    }

    #[test]
    fn one_in_so_many_is_struck_and_always_the_same() {
        let fault = fault("omit-tx,every=4,from=100");
        let struck = |seed| -> Vec<u64> {
            let sites = (0..2_000).filter(|n| fault.roll(seed, Site::Checkpoint(*n)).is_some());
            sites.collect()
        };
        assert_eq!(struck(7), struck(7));
        assert_ne!(struck(7), struck(8));
        assert!(struck(7)[0] >= 100);
        assert!((400..550).contains(&struck(7).len()), "{}", struck(7).len());
        let number = |text| self::fault(text).roll(7, Site::Checkpoint(101)).unwrap();
        assert_ne!(number("omit-tx,every=1"), number("flip,every=1"));
    }

    #[test]
    fn every_one_strikes_all() {
        let fault = fault("omit-tx,every=1");
        assert!((0..100).all(|n| fault.roll(3, Site::Call(n)).is_some()));
    }
}
