//! A circuit breaker: who fails again and again is left alone for a while, and then asked by one attempt alone.

use serde::{Deserialize, Serialize};

use super::Signal;

/// Attempts that a failure rate can be taken of.
pub const BREAKER_WINDOW_MAX: u32 = 64;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures one after the other that open it.
    pub failures_in_a_row_max: u32,
    /// Last attempts that the rate is taken of, at most [`BREAKER_WINDOW_MAX`]; before there are as many it says nothing.
    pub window: u32,
    /// Percent of failures among them that open it.
    pub failure_percent_max: u32,
    /// Milliseconds that it stays open at first. Each probe that fails doubles them.
    pub open_ms: u64,
    /// Milliseconds that it stays open at most.
    pub open_ms_max: u64,
    /// Milliseconds after which a probe that nobody heard of again is taken for lost.
    pub probe_ms_max: u64,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures_in_a_row_max: 5,
            window: 20,
            failure_percent_max: 50,
            open_ms: 10_000,
            open_ms_max: 10 * 60_000,
            probe_ms_max: 60_000,
        }
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// As any other.
    Send,
    /// As the one that finds out. Say so when it has ended.
    Probe,
    /// Not before this: milliseconds since 1970.
    Wait {
        /// When to ask again.
        until_ms: u64,
    },
}

/// The breaker of one target; closed when new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    state: State,
    failures_in_a_row: u32,
    /// The last attempts, the newest lowest; a one is a failure.
    attempts: u64,
    attempts_seen: u32,
    /// Times that it opened since something went through.
    openings: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[default]
    Closed,
    Open {
        until_ms: u64,
    },
    /// One attempt is under way.
    HalfOpen {
        until_ms: u64,
    },
}

impl Breaker {
    /// Whether an attempt may be made now.
    pub fn admit(&mut self, settings: &BreakerSettings, now_ms: u64) -> Admission {
        let (until_ms, longest_ms) = match self.state {
            State::Closed => return Admission::Send,
            State::Open { until_ms } => (until_ms, settings.open_ms_max),
            State::HalfOpen { until_ms } => (until_ms, settings.probe_ms_max),
        };
        // When the clock was put back nothing may stay shut for longer than it would have anyway.
        let until_ms = until_ms.min(now_ms.saturating_add(longest_ms));
        if now_ms < until_ms {
            return Admission::Wait { until_ms };
        }
        let until_ms = now_ms.saturating_add(settings.probe_ms_max);
        self.state = State::HalfOpen { until_ms };
        Admission::Probe
    }

    /// How an attempt ended that was admitted as `admission`.
    pub fn record(
        &mut self,
        settings: &BreakerSettings,
        now_ms: u64,
        admission: Admission,
        signal: Signal,
    ) {
        let is_failure = match signal {
            Signal::Good => false,
            Signal::Overloaded | Signal::Failing => true,
            Signal::Neutral => return self.forget_probe(now_ms, admission),
        };
        match self.state {
            State::Closed => self.count(settings, now_ms, is_failure),
            // What began before it opened says nothing new.
            State::Open { .. } => {}
            State::HalfOpen { .. } if admission != Admission::Probe => {}
            State::HalfOpen { .. } if is_failure => self.open(settings, now_ms),
            State::HalfOpen { .. } => *self = Self::default(),
        }
    }

    /// Whether attempts are held back.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// A probe that found out nothing: the next attempt is one.
    fn forget_probe(&mut self, now_ms: u64, admission: Admission) {
        if let (State::HalfOpen { .. }, Admission::Probe) = (self.state, admission) {
            self.state = State::Open { until_ms: now_ms };
        }
    }

    fn count(&mut self, settings: &BreakerSettings, now_ms: u64, is_failure: bool) {
        let window = settings.window.clamp(1, BREAKER_WINDOW_MAX);
        self.attempts = self.attempts << 1 | u64::from(is_failure);
        self.attempts_seen = (self.attempts_seen + 1).min(BREAKER_WINDOW_MAX);
        self.failures_in_a_row = match is_failure {
            true => self.failures_in_a_row.saturating_add(1),
            false => 0,
        };
        let failures = (self.attempts & u64::MAX >> (u64::BITS - window)).count_ones();
        let is_rate_high = self.attempts_seen >= window
            && failures * 100 >= settings.failure_percent_max.max(1) * window;
        let is_row_long = self.failures_in_a_row >= settings.failures_in_a_row_max.max(1);
        // A high rate of the past alone is no reason: something has to fail now.
        if is_failure && (is_row_long || is_rate_high) {
            self.open(settings, now_ms);
        }
    }

    fn open(&mut self, settings: &BreakerSettings, now_ms: u64) {
        let doublings = self.openings.min(u64::BITS - 1);
        let open_ms = settings.open_ms.saturating_mul(1 << doublings);
        let open_ms = open_ms.min(settings.open_ms_max);
        *self = Self {
            state: State::Open {
                until_ms: now_ms.saturating_add(open_ms),
            },
            openings: self.openings.saturating_add(1),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings {
        failures_in_a_row_max: 3,
        window: 4,
        failure_percent_max: 50,
        open_ms: 100,
        open_ms_max: 350,
        probe_ms_max: 1_000,
    };

    fn attempt(breaker: &mut Breaker, now_ms: u64, signal: Signal) -> Admission {
        let admission = breaker.admit(&SETTINGS, now_ms);
        if !matches!(admission, Admission::Wait { .. }) {
            breaker.record(&SETTINGS, now_ms, admission, signal);
        }
        admission
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_by_a_probe() {
        use Signal::{Failing, Good, Neutral, Overloaded};
        let mut breaker = Breaker::default();
        for signal in [
            Failing, Failing, Neutral, Good, Good, Good, Overloaded, Failing,
        ] {
            assert_eq!(attempt(&mut breaker, 0, signal), Admission::Send);
        }
        assert!(breaker.is_open(), "half of the last four failed");
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            assert_eq!(attempt(&mut breaker, 0, Failing), Admission::Send);
        }
        assert_eq!(
            attempt(&mut breaker, 99, Good),
            Admission::Wait { until_ms: 100 }
        );
        assert_eq!(attempt(&mut breaker, 100, Good), Admission::Probe);
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn stays_open_for_longer_each_time_up_to_a_bound() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            attempt(&mut breaker, 0, Signal::Failing);
        }
        let mut now_ms = 0;
        for open_ms in [100, 200, 350, 350] {
            let until_ms = now_ms + open_ms;
            assert_eq!(
                breaker.admit(&SETTINGS, until_ms - 1),
                Admission::Wait { until_ms }
            );
            assert_eq!(
                attempt(&mut breaker, until_ms, Signal::Failing),
                Admission::Probe
            );
            now_ms = until_ms;
        }
    }

    #[test]
    fn one_probe_at_a_time_and_a_lost_one_is_replaced() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            attempt(&mut breaker, 0, Signal::Failing);
        }
        assert_eq!(breaker.admit(&SETTINGS, 100), Admission::Probe);
        assert_eq!(
            breaker.admit(&SETTINGS, 100),
            Admission::Wait { until_ms: 1_100 }
        );
        // What began before says nothing about now.
        breaker.record(&SETTINGS, 101, Admission::Send, Signal::Good);
        assert_eq!(
            breaker.admit(&SETTINGS, 1_099),
            Admission::Wait { until_ms: 1_100 }
        );
        assert_eq!(breaker.admit(&SETTINGS, 1_100), Admission::Probe);
        breaker.record(&SETTINGS, 1_101, Admission::Probe, Signal::Neutral);
        assert_eq!(
            breaker.admit(&SETTINGS, 1_101),
            Admission::Probe,
            "it found out nothing"
        );
    }

    #[test]
    fn a_clock_that_is_put_back_shuts_nobody_out() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            attempt(&mut breaker, 1_000_000, Signal::Failing);
        }
        assert_eq!(
            breaker.admit(&SETTINGS, 0),
            Admission::Wait { until_ms: 350 }
        );
    }

    #[test]
    fn survives_the_database() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            attempt(&mut breaker, 7, Signal::Failing);
        }
        let text = serde_json::to_string(&breaker).unwrap();
        assert_eq!(serde_json::from_str::<Breaker>(&text).unwrap(), breaker);
    }

    fn signals() -> impl Strategy<Value = Signal> {
        prop::sample::select(vec![
            Signal::Good,
            Signal::Overloaded,
            Signal::Failing,
            Signal::Neutral,
        ])
    }

    proptest! {
        #[test]
        fn never_waits_longer_than_its_bound_and_never_probes_twice_at_once(
            steps in prop::collection::vec((0u64..400, signals(), any::<bool>()), 0..200),
        ) {
            let (mut breaker, mut now_ms) = (Breaker::default(), 0);
            let mut probe_since: Option<u64> = None;
            for (passed_ms, signal, is_lost) in steps {
                now_ms += passed_ms;
                let admission = breaker.admit(&SETTINGS, now_ms);
                match admission {
                    Admission::Wait { until_ms } => {
                        prop_assert!(until_ms > now_ms && until_ms <= now_ms + 1_000);
                        continue;
                    }
                    Admission::Probe => {
                        prop_assert!(probe_since.is_none_or(|since| now_ms >= since + SETTINGS.probe_ms_max));
                        probe_since = Some(now_ms);
                    }
                    Admission::Send => prop_assert!(!breaker.is_open()),
                }
                if !is_lost {
                    breaker.record(&SETTINGS, now_ms, admission, signal);
                    if admission == Admission::Probe {
                        probe_since = None;
                        prop_assert_eq!(breaker.is_open(), signal != Signal::Good);
                    }
                }
            }
        }

        #[test]
        fn whoever_always_works_is_always_asked(count in 0usize..200) {
            let mut breaker = Breaker::default();
            for now_ms in 0..count as u64 {
                prop_assert_eq!(attempt(&mut breaker, now_ms, Signal::Good), Admission::Send);
            }
        }

        #[test]
        fn extreme_settings_do_not_overflow(
            rows: u32, window: u32, percent in 0u32..=100, open_ms: u64, open_ms_max: u64, probe_ms_max: u64,
            times in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let settings = BreakerSettings {
                failures_in_a_row_max: rows, window, failure_percent_max: percent, open_ms, open_ms_max, probe_ms_max,
            };
            let mut breaker = Breaker::default();
            for now_ms in times {
                let admission = breaker.admit(&settings, now_ms);
                breaker.record(&settings, now_ms, admission, Signal::Failing);
            }
        }
    }
}
