//! How much is sent to one endpoint at once, and whether anything is. Pure: the time is handed in.
//!
//! Who has not answered yet, or does not answer soon, gets one at a time: hundreds of endpoints that hang then hold
//! one place each, of those aside, and nobody else's.

use vigia_notify::{Admission, Breaker, BreakerSettings, Signal};

/// What this process has under way to one endpoint.
#[derive(Debug, Default)]
pub struct EndpointFlow {
    breaker: Breaker,
    in_flight: u32,
    /// Of them, those that take longer than they should.
    slow: u32,
    /// Whether the last one that ended was answered soon.
    is_prompt: bool,
}

impl EndpointFlow {
    /// Whether nothing is under way to one that gets one at a time.
    pub fn has_room(&self) -> bool {
        self.in_flight == 0
    }

    /// How many more may be taken for it now, of at most `in_flight_max` under way, and as what: none while the breaker
    /// is open or too much is under way, one where it is to find out whether the endpoint is back or how fast it is.
    pub fn room(
        &mut self,
        settings: &BreakerSettings,
        in_flight_max: u32,
        now_ms: u64,
    ) -> Option<(u32, Admission)> {
        let max = match self.is_prompt && self.slow == 0 {
            true => in_flight_max,
            false => 1,
        };
        let free = max.saturating_sub(self.in_flight);
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

    /// That one has ended; slow ones were said to be.
    pub fn end(
        &mut self,
        settings: &BreakerSettings,
        admission: Admission,
        signal: Signal,
        was_slow: bool,
        now_ms: u64,
    ) {
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
        flow.end(&settings, Admission::Send, Signal::Good, false, 1);
        assert_eq!(flow.room(&settings, MAX, 1), Some((MAX, Admission::Send)));
        flow.begin(MAX);
        assert_eq!(flow.room(&settings, MAX, 1), None);
        // One that hangs is enough to be careful again.
        flow.slow_down();
        for _ in 1..MAX {
            flow.end(&settings, Admission::Send, Signal::Good, false, 2);
        }
        assert_eq!(flow.room(&settings, MAX, 2), None);
        assert!(!flow.is_prompt());
        flow.end(&settings, Admission::Send, Signal::Good, true, 3);
        assert_eq!(flow.room(&settings, MAX, 3), Some((1, Admission::Send)));
    }

    #[test]
    fn who_fails_again_and_again_is_left_alone() {
        let settings = BreakerSettings::default();
        let mut flow = EndpointFlow::default();
        for n in 0..u64::from(settings.failures_in_a_row_max) {
            assert!(flow.room(&settings, MAX, n).is_some(), "{n}");
            flow.begin(1);
            flow.end(&settings, Admission::Send, Signal::Failing, false, n);
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
