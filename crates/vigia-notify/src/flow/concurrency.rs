//! How many attempts to one target are under way at once: fewer when it is slow, so that targets that hang hold little
//! of what all share.

use super::Signal;

/// How many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencySettings {
    /// Attempts under way at once. 0 counts as 1.
    pub in_flight_max: u32,
}

impl Default for ConcurrencySettings {
    fn default() -> Self {
        Self { in_flight_max: 8 }
    }
}

/// The limit of one target, in one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concurrency {
    in_flight: u32,
    /// How much the limit is lowered.
    lowered_by: u32,
}

impl Concurrency {
    /// Whether one more attempt may begin; if so it has begun, and [`Concurrency::end`] has to follow.
    pub fn begin(&mut self, settings: &ConcurrencySettings) -> bool {
        let may_begin = self.in_flight < self.limit(settings);
        self.in_flight += u32::from(may_begin);
        may_begin
    }

    /// How an attempt ended.
    pub fn end(&mut self, settings: &ConcurrencySettings, signal: Signal) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match signal {
            Signal::Good => self.lowered_by = self.lowered_by.saturating_sub(1),
            Signal::Overloaded => {
                let halved = (self.limit(settings) / 2).max(1);
                self.lowered_by = settings.in_flight_max.max(1) - halved;
            }
            Signal::Failing | Signal::Neutral => {}
        }
    }

    /// Attempts under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Attempts that may be under way now: at least one.
    pub fn limit(&self, settings: &ConcurrencySettings) -> u32 {
        settings
            .in_flight_max
            .saturating_sub(self.lowered_by)
            .max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_is_slow_has_less_under_way() {
        let settings = ConcurrencySettings { in_flight_max: 8 };
        let mut concurrency = Concurrency::default();
        for _ in 0..8 {
            assert!(concurrency.begin(&settings));
        }
        assert!(!concurrency.begin(&settings));
        let mut limits = Vec::new();
        for _ in 0..4 {
            concurrency.end(&settings, Signal::Overloaded);
            limits.push(concurrency.limit(&settings));
        }
        assert_eq!(limits, [4, 2, 1, 1]);
        assert!(!concurrency.begin(&settings), "four are under way");
        for _ in 0..4 {
            concurrency.end(&settings, Signal::Good);
        }
        assert_eq!(
            (concurrency.in_flight(), concurrency.limit(&settings)),
            (0, 5)
        );
    }

    proptest! {
        #[test]
        fn the_limit_is_never_passed_and_never_nothing(
            in_flight_max in 0u32..20,
            steps in prop::collection::vec((any::<bool>(), 0u8..4), 0..300),
        ) {
            let settings = ConcurrencySettings { in_flight_max };
            let (mut concurrency, mut under_way) = (Concurrency::default(), 0u32);
            for (is_begin, signal) in steps {
                if is_begin {
                    let limit = concurrency.limit(&settings);
                    let has_begun = concurrency.begin(&settings);
                    prop_assert_eq!(has_begun, under_way < limit);
                    under_way += u32::from(has_begun);
                } else if under_way > 0 {
                    under_way -= 1;
                    let signal = [Signal::Good, Signal::Overloaded, Signal::Failing, Signal::Neutral][usize::from(signal)];
                    concurrency.end(&settings, signal);
                }
                prop_assert_eq!(concurrency.in_flight(), under_way);
                prop_assert!((1..=in_flight_max.max(1)).contains(&concurrency.limit(&settings)));
            }
        }
    }
}
