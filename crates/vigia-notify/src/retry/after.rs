//! `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds that `header` asks to wait from `now_ms` on, at most `max_ms`: a target must not be able to silence
/// itself for years. A date in the past is no wait; what is neither seconds nor a date says nothing.
pub fn retry_after_ms(header: &str, now_ms: u64, max_ms: u64) -> Option<u64> {
    let header = header.trim();
    let is_seconds = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
    let asked_ms = if is_seconds {
        // More digits than a number has room for is a long time.
        header.parse().unwrap_or(u64::MAX).saturating_mul(1_000)
    } else {
        let date = httpdate::parse_http_date(header).ok()?;
        since_1970_ms(date).saturating_sub(now_ms)
    };
    Some(asked_ms.min(max_ms))
}

fn since_1970_ms(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110.
    const RFC_DATE_MS: u64 = 784_111_777_000;

    #[test]
    fn reads_seconds_and_dates() {
        let day_ms = 24 * 3_600_000;
        let table: &[(&str, Option<u64>)] = &[
            ("0", Some(0)),
            ("1", Some(1_000)),
            (" 120 ", Some(120_000)),
            ("86400", Some(day_ms)),
            ("86401", Some(day_ms)),
            ("99999999999999999999999999", Some(day_ms)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(60_000)),
            ("Sun Nov  6 08:49:37 1994", Some(60_000)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(day_ms)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ];
        for (header, expected) in table {
            let read = retry_after_ms(header, RFC_DATE_MS - 60_000, day_ms);
            assert_eq!(read, *expected, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn is_bounded_whatever_is_asked(header in ".{0,40}", now_ms: u64, max_ms: u64) {
            if let Some(after_ms) = retry_after_ms(&header, now_ms, max_ms) {
                prop_assert!(after_ms <= max_ms);
            }
        }
    }
}
