//! When a delivery is tried again: the schedule, its jitter, and what `Retry-After` asks. Pure.

mod after;

pub use after::retry_after_ms;

use ring::digest;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The waits that Standard Webhooks gives as its example: ten attempts over 75 h 35 min.
const WEBHOOK_DELAYS_MS: [u64; 10] = [
    0,
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];

/// Waits before the attempts of a push: news that is hours old is no news, and stands in the inbox anyway.
const PUSH_DELAYS_MS: [u64; 11] = [
    0,
    SECOND_MS,
    5 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    4 * HOUR_MS,
    8 * HOUR_MS,
];

/// A wait is never more than doubled.
pub const JITTER_PERCENT_MAX: u8 = 100;

/// Waits before each attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Milliseconds before each attempt, the first included. As many attempts are made as there are waits.
    pub delays_ms: Vec<u64>,
    /// How much longer a wait may become, in percent of it, at most [`JITTER_PERCENT_MAX`], so that what failed together does not come back
    /// together.
    pub jitter_percent: u8,
}

impl RetrySchedule {
    /// The schedule of webhooks, from Standard Webhooks 1.0.
    pub fn webhooks() -> Self {
        Self {
            delays_ms: WEBHOOK_DELAYS_MS.to_vec(),
            jitter_percent: 10,
        }
    }

    /// The schedule of pushes, which outlasts an outage of a provider of 15 hours.
    pub fn pushes() -> Self {
        Self {
            delays_ms: PUSH_DELAYS_MS.to_vec(),
            jitter_percent: 20,
        }
    }

    /// Attempts that are made in all.
    pub fn attempts_max(&self) -> u32 {
        u32::try_from(self.delays_ms.len()).unwrap_or(u32::MAX)
    }

    /// Milliseconds to wait after `attempts_made` attempts of this delivery before the next; none when it was the
    /// last. `after_ms` is what the target asked for ([`crate::Outcome::after_ms`]): never is it asked sooner.
    ///
    /// A function of its arguments alone, so that a worker which takes over plans the same.
    pub fn delay_ms(
        &self,
        delivery_id: &str,
        attempts_made: u32,
        after_ms: Option<u64>,
    ) -> Option<u64> {
        let index = usize::try_from(attempts_made).ok()?;
        let delay_ms = *self.delays_ms.get(index)?;
        let percent = self.jitter_percent.min(JITTER_PERCENT_MAX);
        let span_ms = u128::from(delay_ms) * u128::from(percent) / 100;
        let drawn = (u128::from(seed(delivery_id, attempts_made)) * (span_ms + 1)) >> 64;
        let jitter_ms = u64::try_from(drawn).unwrap_or(u64::MAX);
        let planned_ms = delay_ms.saturating_add(jitter_ms);
        Some(planned_ms.max(after_ms.unwrap_or(0)))
    }
}

/// A number that is spread evenly over deliveries and attempts.
fn seed(delivery_id: &str, attempts_made: u32) -> u64 {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"vigia.retry.v1\0");
    context.update(&attempts_made.to_be_bytes());
    context.update(delivery_id.as_bytes());
    let hash = context.finish();
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_ref()[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn webhooks_are_tried_for_three_days() {
        let schedule = RetrySchedule {
            jitter_percent: 0,
            ..RetrySchedule::webhooks()
        };
        let delays: Vec<_> = (0..)
            .map_while(|made| schedule.delay_ms("d", made, None))
            .collect();
        assert_eq!(delays, WEBHOOK_DELAYS_MS);
        let total_ms: u64 = delays.iter().sum();
        assert_eq!(total_ms, 75 * HOUR_MS + 35 * MINUTE_MS + 5 * SECOND_MS);
        assert_eq!(schedule.attempts_max(), 10);
        assert_eq!(schedule.delay_ms("d", 9, None), Some(24 * HOUR_MS));
        assert_eq!(schedule.delay_ms("d", 10, None), None);
        assert_eq!(schedule.delay_ms("d", u32::MAX, None), None);
    }

    #[test]
    fn pushes_outlast_an_outage_of_hours() {
        let schedule = RetrySchedule {
            jitter_percent: 0,
            ..RetrySchedule::pushes()
        };
        let delays = (0..).map_while(|made| schedule.delay_ms("d", made, None));
        let total_ms: u64 = delays.sum();
        let seconds = 36 * SECOND_MS;
        assert_eq!(total_ms, 15 * HOUR_MS + 42 * MINUTE_MS + seconds);
    }

    #[test]
    fn what_failed_together_comes_back_apart() {
        let schedule = RetrySchedule::webhooks();
        let delays = |index: u32| {
            (0..1000)
                .map(|delivery| schedule.delay_ms(&format!("{delivery}"), index, None))
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(delays(0).len(), 1, "the first attempt is at once");
        assert!(delays(3).len() > 900);
        assert_ne!(
            schedule.delay_ms("a", 2, None),
            schedule.delay_ms("b", 2, None)
        );
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_its_bounds(
            id in ".{0,40}",
            made in 0u32..12,
            jitter_percent: u8,
            after_ms: Option<u64>,
        ) {
            let schedule = RetrySchedule { jitter_percent, ..RetrySchedule::webhooks() };
            let waited = schedule.delay_ms(&id, made, after_ms);
            prop_assert_eq!(waited, schedule.delay_ms(&id, made, after_ms), "a function");
            let Some(base) = WEBHOOK_DELAYS_MS.get(made as usize) else {
                prop_assert_eq!(waited, None);
                return Ok(());
            };
            let waited = waited.unwrap();
            let longest = base + base * u64::from(jitter_percent.min(100)) / 100;
            prop_assert!(waited >= *base && waited >= after_ms.unwrap_or(0));
            prop_assert!(waited <= longest.max(after_ms.unwrap_or(0)));
        }

        #[test]
        fn waits_of_any_size_do_not_overflow(
            id in "[a-z]{4}",
            delay in prop_oneof![any::<u64>(), Just(u64::MAX)],
            jitter_percent: u8,
        ) {
            let schedule = RetrySchedule { delays_ms: vec![delay], jitter_percent };
            prop_assert!(schedule.delay_ms(&id, 0, None).unwrap() >= delay);
        }
    }
}
