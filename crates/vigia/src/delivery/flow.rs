//! How much is sent to one endpoint at once, and whether anything is. Pure: the time is handed in.

use vigia_notify::{Admission, Breaker, BreakerSettings, Signal};

/// What this process has under way to one endpoint.
#[derive(Debug, Default)]
pub struct EndpointFlow {
    breaker: Breaker,
    in_flight: u32,
}

impl EndpointFlow {
    /// How many more may be taken for it now, of at most `in_flight_max` under way, and as what: none while the breaker
    /// is open or too much is under way, one where it is to find out whether the endpoint is back.
    pub fn room(
        &mut self,
        settings: &BreakerSettings,
        in_flight_max: u32,
        now_ms: u64,
    ) -> Option<(u32, Admission)> {
        let free = in_flight_max.saturating_sub(self.in_flight);
        if free == 0 {
            return None;
        }
        match self.breaker.admit(settings, now_ms) {
            Admission::Wait { .. } => None,
            Admission::Probe => Some((1, Admission::Probe)),
            Admission::Send => Some((free, Admission::Send)),
        }
    }

    /// That so many were taken.
    pub fn begin(&mut self, count: u32) {
        self.in_flight += count;
    }

    /// That one has ended.
    pub fn end(
        &mut self,
        settings: &BreakerSettings,
        admission: Admission,
        signal: Signal,
        now_ms: u64,
    ) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.breaker.record(settings, now_ms, admission, signal);
    }

    /// That an admitted probe had nothing to find out with.
    pub fn unused(&mut self, settings: &BreakerSettings, admission: Admission, now_ms: u64) {
        self.breaker
            .record(settings, now_ms, admission, Signal::Neutral);
    }
}
