//! A throttle: a token bucket in integers, whose pace halves when the target asks for less and comes back step by step.

use serde::{Deserialize, Serialize};

use super::Signal;

/// The whole of the configured rate.
pub const PACE_FULL_PERMILLE: u32 = 1_000;

/// Thousandths of the rate that each success gives back.
const PACE_STEP_PERMILLE: u32 = 50;

/// How often a target may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Attempts in a period. 0 counts as 1.
    pub permits: u32,
    /// Milliseconds of a period. 0 counts as 1.
    pub period_ms: u32,
    /// Attempts that may come at once after a pause. 0 counts as 1.
    pub burst: u32,
    /// Thousandths of the rate that are always left.
    pub pace_permille_min: u32,
    /// Milliseconds after a slowing-down in which no further one counts: what is in flight was sent before it.
    pub settle_ms: u64,
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self {
            permits: 50,
            period_ms: 1_000,
            burst: 50,
            pace_permille_min: 20,
            settle_ms: 1_000,
        }
    }
}

impl ThrottleSettings {
    /// What one attempt costs, in parts so small that every rate is a whole number of them.
    fn cost(&self) -> u128 {
        u128::from(self.period_ms.max(1)) * u128::from(PACE_FULL_PERMILLE)
    }

    fn capacity(&self) -> u128 {
        self.cost() * u128::from(self.burst.max(1))
    }

    fn pace_min(&self) -> u32 {
        self.pace_permille_min.clamp(1, PACE_FULL_PERMILLE)
    }
}

/// The throttle of one target; when new, a burst is possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// What attempts have cost and time has not paid back yet.
    debt: u128,
    paid_at_ms: u64,
    /// Thousandths of the rate that are withheld.
    withheld_permille: u32,
    slowed_at_ms: Option<u64>,
}

impl Throttle {
    /// Takes the permit for one attempt; otherwise says when there will be one, in milliseconds since 1970.
    pub fn take(&mut self, settings: &ThrottleSettings, now_ms: u64) -> Result<(), u64> {
        let gain_per_ms =
            u128::from(settings.permits.max(1)) * u128::from(self.pace_permille(settings));
        // A clock that was put back pays nothing, and takes nothing.
        let elapsed_ms = u128::from(now_ms.saturating_sub(self.paid_at_ms));
        self.debt = self.debt.saturating_sub(elapsed_ms * gain_per_ms);
        // Settings may have become smaller.
        self.debt = self.debt.min(settings.capacity());
        self.paid_at_ms = now_ms;
        let owed = self.debt + settings.cost();
        if owed <= settings.capacity() {
            self.debt = owed;
            return Ok(());
        }
        let wait_ms = (owed - settings.capacity()).div_ceil(gain_per_ms);
        Err(now_ms.saturating_add(u64::try_from(wait_ms).unwrap_or(u64::MAX)))
    }

    /// How an attempt ended.
    pub fn record(&mut self, settings: &ThrottleSettings, now_ms: u64, signal: Signal) {
        match signal {
            Signal::Good => {
                self.withheld_permille = self.withheld_permille.saturating_sub(PACE_STEP_PERMILLE);
            }
            Signal::Overloaded => {
                let has_settled = self
                    .slowed_at_ms
                    .is_none_or(|at_ms| now_ms.abs_diff(at_ms) >= settings.settle_ms);
                if has_settled {
                    let pace = (self.pace_permille(settings) / 2).max(settings.pace_min());
                    self.withheld_permille = PACE_FULL_PERMILLE - pace;
                    self.slowed_at_ms = Some(now_ms);
                }
            }
            Signal::Failing | Signal::Neutral => {}
        }
    }

    /// Thousandths of the configured rate that are used now.
    pub fn pace_permille(&self, settings: &ThrottleSettings) -> u32 {
        PACE_FULL_PERMILLE
            .saturating_sub(self.withheld_permille)
            .max(settings.pace_min())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(permits: u32, period_ms: u32, burst: u32) -> ThrottleSettings {
        ThrottleSettings {
            permits,
            period_ms,
            burst,
            ..ThrottleSettings::default()
        }
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let settings = settings(3, 1_000, 2);
        let mut throttle = Throttle::default();
        assert_eq!(throttle.take(&settings, 5_000), Ok(()));
        assert_eq!(throttle.take(&settings, 5_000), Ok(()));
        assert_eq!(throttle.take(&settings, 5_000), Err(5_334));
        assert_eq!(throttle.take(&settings, 5_333), Err(5_334));
        assert_eq!(throttle.take(&settings, 5_334), Ok(()));
        assert_eq!(throttle.take(&settings, 5_334), Err(5_667));
    }

    #[test]
    fn the_pace_halves_and_comes_back() {
        let settings = settings(10, 1_000, 1);
        let mut throttle = Throttle::default();
        throttle.record(&settings, 0, Signal::Overloaded);
        assert_eq!(throttle.pace_permille(&settings), 500);
        throttle.record(&settings, 999, Signal::Overloaded);
        assert_eq!(throttle.pace_permille(&settings), 500, "sent before it");
        throttle.record(&settings, 1_000, Signal::Overloaded);
        assert_eq!(throttle.pace_permille(&settings), 250);
        assert_eq!(throttle.take(&settings, 1_000), Ok(()));
        assert_eq!(throttle.take(&settings, 1_000), Err(1_400));
        for second in 2..20 {
            throttle.record(&settings, second * 1_000, Signal::Overloaded);
        }
        assert_eq!(throttle.pace_permille(&settings), 20);
        for _ in 0..20 {
            throttle.record(&settings, 20_000, Signal::Good);
        }
        assert_eq!(throttle.pace_permille(&settings), PACE_FULL_PERMILLE);
        throttle.record(&settings, 20_000, Signal::Failing);
        assert_eq!(throttle.pace_permille(&settings), PACE_FULL_PERMILLE);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_its_share(
            permits in 1u32..50, period_ms in 1u32..5_000, burst in 1u32..20,
            steps in prop::collection::vec(0u64..200, 1..200),
        ) {
            let settings = settings(permits, period_ms, burst);
            let (mut throttle, mut now_ms, mut taken) = (Throttle::default(), 1_000, Vec::new());
            for passed_ms in steps {
                now_ms += passed_ms;
                match throttle.take(&settings, now_ms) {
                    Ok(()) => taken.push(now_ms),
                    Err(until_ms) => {
                        prop_assert!(until_ms > now_ms);
                        // Exactly then, and not a millisecond sooner.
                        prop_assert!(throttle.clone().take(&settings, until_ms - 1).is_err());
                        prop_assert!(throttle.clone().take(&settings, until_ms).is_ok());
                    }
                }
            }
            for (index, first) in taken.iter().enumerate() {
                for (count, last) in taken[index..].iter().enumerate() {
                    let earned = (last - first) * u64::from(permits) / u64::from(period_ms);
                    prop_assert!((count as u64) < u64::from(burst) + earned + 1);
                }
            }
        }

        #[test]
        fn extreme_settings_and_clocks_do_not_overflow(
            permits: u32, period_ms: u32, burst: u32, pace_permille_min: u32, settle_ms: u64,
            steps in prop::collection::vec((any::<u64>(), any::<bool>()), 0..50),
        ) {
            let settings = ThrottleSettings { permits, period_ms, burst, pace_permille_min, settle_ms };
            let mut throttle = Throttle::default();
            for (now_ms, is_good) in steps {
                let _permit_or_not = throttle.take(&settings, now_ms);
                let signal = if is_good { Signal::Good } else { Signal::Overloaded };
                throttle.record(&settings, now_ms, signal);
                prop_assert!((1..=1_000).contains(&throttle.pace_permille(&settings)));
            }
        }
    }
}
