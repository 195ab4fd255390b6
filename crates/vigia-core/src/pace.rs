//! How often something may be tried, by the generic cell rate algorithm: one number remembers all, so that several
//! processes can share it under one lock. Pure: the time is handed in.

/// What a second's worth of permits may be taken at once after a pause.
const BURST_US: u64 = 1_000_000;

/// How many of `wanted` permits there are at `now_us`, at `per_second` of them and with a burst of a second, where they are
/// taken up to `taken_until_us`; and up to when they are taken with them.
pub fn permits(taken_until_us: u64, now_us: u64, per_second: u32, wanted: u32) -> (u32, u64) {
    let each_us = (1_000_000 / u64::from(per_second.max(1))).max(1);
    // A clock that was put back, or settings that were slower, hold nothing up for longer than a burst.
    let taken_until_us = taken_until_us.clamp(now_us, now_us.saturating_add(BURST_US.max(each_us)));
    let free_us = (now_us.saturating_add(BURST_US.max(each_us))) - taken_until_us;
    let free = u32::try_from(free_us / each_us).unwrap_or(u32::MAX);
    let granted = wanted.min(free);
    let until_us = taken_until_us.saturating_add(each_us.saturating_mul(granted.into()));
    (granted, until_us)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        let now_us = 5_000_000;
        let (granted, until_us) = permits(0, now_us, 10, 99);
        assert_eq!((granted, until_us), (10, now_us + 1_000_000));
        assert_eq!(permits(until_us, now_us, 10, 1).0, 0);
        assert_eq!(permits(until_us, now_us + 99_999, 10, 1).0, 0);
        assert_eq!(permits(until_us, now_us + 100_000, 10, 5).0, 1);
        assert_eq!(permits(until_us, now_us + 500_000, 10, 9).0, 5);
        assert_eq!(permits(u64::MAX, now_us, 10, 9).0, 0);
        assert_eq!(permits(until_us, now_us, 0, 0), (0, until_us));
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_its_share(
            per_second in 1u32..2_000,
            steps in prop::collection::vec((0u64..300_000, 0u32..50), 1..200),
        ) {
            let (mut now_us, mut until_us, mut taken) = (1_000_000, 0, Vec::new());
            for (passed_us, wanted) in steps {
                now_us += passed_us;
                let (granted, until) = permits(until_us, now_us, per_second, wanted);
                prop_assert!(granted <= wanted);
                until_us = until;
                taken.push((now_us, granted));
            }
            for (index, (first, _)) in taken.iter().enumerate() {
                let mut sum = 0u64;
                for (last, granted) in &taken[index..] {
                    sum += u64::from(*granted);
                    let each_us = 1_000_000 / u64::from(per_second);
                    prop_assert!(sum <= (last - first + 1_000_000) / each_us + 1);
                }
            }
        }

        #[test]
        fn nothing_overflows(taken_until_us: u64, now_us: u64, per_second: u32, wanted: u32) {
            let (granted, _) = permits(taken_until_us, now_us, per_second, wanted);
            prop_assert!(granted <= wanted);
        }
    }
}
