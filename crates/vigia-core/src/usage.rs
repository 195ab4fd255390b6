//! What was used of something that is billed by the day, and how the day will end. Days are UTC's,
//! counted from 1970.

const DAY_MS: u64 = 86_400_000;
/// A forecast from less of a day than this would say more about chance.
const FORECAST_AFTER_MS: u64 = 600_000;

/// The day that a time falls on.
pub fn day_of(time_ms: u64) -> u64 {
    time_ms / DAY_MS
}

/// How much will have been used at the end of the day, where `used` was by now and it goes on so; none
/// in the first ten minutes.
pub fn day_forecast(used: u64, now_ms: u64) -> Option<u64> {
    let elapsed_ms = now_ms % DAY_MS;
    if elapsed_ms < FORECAST_AFTER_MS {
        return None;
    }
    let whole = u128::from(used) * u128::from(DAY_MS) / u128::from(elapsed_ms);
    Some(u64::try_from(whole).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_goes_on_as_it_began() {
        let midnight = 20_000 * DAY_MS;
        assert_eq!(day_of(midnight - 1), 19_999);
        assert_eq!(day_of(midnight), 20_000);
        assert_eq!(day_forecast(100, midnight), None);
        assert_eq!(day_forecast(100, midnight + FORECAST_AFTER_MS - 1), None);
        assert_eq!(
            day_forecast(100, midnight + FORECAST_AFTER_MS),
            Some(14_400)
        );
        assert_eq!(day_forecast(100, midnight + DAY_MS / 2), Some(200));
        assert_eq!(day_forecast(0, midnight + DAY_MS / 2), Some(0));
        assert_eq!(
            day_forecast(u64::MAX, midnight + DAY_MS / 2),
            Some(u64::MAX)
        );
    }
}
