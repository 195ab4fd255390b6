//! How much is sent to one endpoint at once, and whether anything is. Pure: the time is handed in.
//!
//! Who has not answered yet, or does not answer soon, gets one at a time: hundreds of endpoints that hang then hold
//! one place each, of those aside, and nobody else's.

use vigia_notify::{Admission, Breaker, BreakerSettings, Signal};

/// Who is answered as fast has as many more taken ahead as are sent to it at once: they wait for a turn no longer than that.
const QUICK_MS: u64 = 100;

/// What this process has under way to one endpoint.
#[derive(Debug, Default)]
pub struct EndpointFlow {
    breaker: Breaker,
    in_flight: u32,
    /// Of them, those that take longer than they should.
    slow: u32,
    /// Whether the last one that ended was answered soon.
    is_prompt: bool,
    /// Whether it was answered so fast that more may be taken ahead.
    is_quick: bool,
}

impl EndpointFlow {
    /// Whether nothing is under way to one that gets one at a time.
    pub fn has_room(&self) -> bool {
        self.in_flight == 0
    }

    /// How many may be taken for it that have not ended, of which `in_flight_max` are sent at once: as many more where it is
    /// quick, so that none of its turns waits for the database.
    pub fn taken_max(&self, in_flight_max: u32) -> u32 {
        match (self.is_prompt(), self.is_quick) {
            (true, true) => in_flight_max.saturating_mul(2),
            (true, false) => in_flight_max,
            (false, _) => 1,
        }
    }

    /// How many more may be taken for it now, where `in_flight_max` may be sent at once, and as what: none while the breaker
    /// is open or too much is under way, one where it is to find out whether the endpoint is back or how fast it is.
    pub fn room(
        &mut self,
        settings: &BreakerSettings,
        in_flight_max: u32,
        now_ms: u64,
    ) -> Option<(u32, Admission)> {
        let free = self.taken_max(in_flight_max).saturating_sub(self.in_flight);
        if free == 0 {
            return None;
        }
        match self.breaker.admit(settings, now_ms) {
            Admission::Wait { .. } => None,
            Admission::Probe => Some((1, Admission::Probe)),
            Admission::Send => Some((free, Admission::Send)),
        }
    }

    /// Whether it has answered soon, and does so now.
    pub fn is_prompt(&self) -> bool {
        self.is_prompt && self.slow == 0
    }

    /// That so many were taken.
    pub fn begin(&mut self, count: u32) {
        self.in_flight += count;
    }

    /// That one of them takes longer than it should.
    pub fn slow_down(&mut self) {
        self.slow += 1;
        self.is_prompt = false;
    }

    /// That one has ended, whose attempt took so long; slow ones were said to be.
    pub fn end(
        &mut self,
        settings: &BreakerSettings,
        admission: Admission,
        signal: Signal,
        (took_ms, was_slow): (u64, bool),
        now_ms: u64,
    ) {
        self.is_quick = took_ms <= QUICK_MS;
        self.in_flight = self.in_flight.saturating_sub(1);
        if was_slow {
            self.slow = self.slow.saturating_sub(1);
        }
        match signal {
            Signal::Good => self.is_prompt = !was_slow,
            Signal::Overloaded | Signal::Failing => self.is_prompt = false,
            Signal::Neutral => {}
        }
        self.breaker.record(settings, now_ms, admission, signal);
    }

    /// That an admitted probe had nothing to find out with.
    pub fn unused(&mut self, settings: &BreakerSettings, admission: Admission, now_ms: u64) {
        self.breaker
            .record(settings, now_ms, admission, Signal::Neutral);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 32;

    #[test]
    fn it_is_one_at_a_time_until_it_answers_soon() {
        let settings = BreakerSettings::default();
        let mut flow = EndpointFlow::default();
        assert_eq!(flow.room(&settings, MAX, 0), Some((1, Admission::Send)));
        flow.begin(1);
        assert_eq!(flow.room(&settings, MAX, 0), None);
        flow.end(&settings, Admission::Send, Signal::Good, (101, false), 1);
        assert_eq!(flow.room(&settings, MAX, 1), Some((MAX, Admission::Send)));
        flow.begin(MAX);
        assert_eq!(flow.room(&settings, MAX, 1), None);
        // One that hangs is enough to be careful again.
        flow.slow_down();
        for _ in 1..MAX {
            flow.end(&settings, Admission::Send, Signal::Good, (101, false), 2);
        }
        assert_eq!(flow.room(&settings, MAX, 2), None);
        assert!(!flow.is_prompt());
        flow.end(&settings, Admission::Send, Signal::Good, (5_000, true), 3);
        assert_eq!(flow.room(&settings, MAX, 3), Some((1, Admission::Send)));
    }

    #[test]
    fn who_is_quick_has_more_taken_ahead() {
        let settings = BreakerSettings::default();
        let mut flow = EndpointFlow::default();
        for (took_ms, most) in [(100, 2 * MAX), (101, MAX), (0, 2 * MAX)] {
            flow.begin(1);
            let how = (took_ms, false);
            flow.end(&settings, Admission::Send, Signal::Good, how, 1);
            assert_eq!(flow.room(&settings, MAX, 1), Some((most, Admission::Send)));
        }
        flow.begin(2 * MAX);
        assert_eq!(flow.room(&settings, MAX, 1), None);
    }

    #[test]
    fn who_fails_again_and_again_is_left_alone() {
        let settings = BreakerSettings::default();
        let mut flow = EndpointFlow::default();
        for n in 0..u64::from(settings.failures_in_a_row_max) {
            assert!(flow.room(&settings, MAX, n).is_some(), "{n}");
            flow.begin(1);
            flow.end(&settings, Admission::Send, Signal::Failing, (1, false), n);
        }
        assert_eq!(flow.room(&settings, MAX, 10), None);
        let later_ms = 10 + settings.open_ms;
        assert_eq!(
            flow.room(&settings, MAX, later_ms),
            Some((1, Admission::Probe))
        );
        flow.unused(&settings, Admission::Probe, later_ms);
        assert!(
            flow.room(&settings, MAX, later_ms + settings.open_ms)
                .is_some()
        );
    }
}
