//! What a receiver's answer means, from its status and headers alone. Pure.

use crate::{ErrorClass, Outcome, Verdict, retry_after_ms};

/// What status `status` with this `Retry-After` means at `now_ms`; at most `retry_after_ms_max` is waited.
///
/// By Standard Webhooks 1.0: 2xx is delivered, 410 disables, 429 and 502 to 504 slow down, everything else may be mended
/// by the receiver's owner and is tried again. A redirect is a failure, since following one would lead around the
/// rules on addresses.
pub fn webhook_outcome(
    status: u16,
    retry_after: Option<&str>,
    now_ms: u64,
    retry_after_ms_max: u64,
) -> Verdict {
    let after_ms = retry_after.and_then(|text| retry_after_ms(text, now_ms, retry_after_ms_max));
    let (outcome, error) = match status {
        200..=299 => (Outcome::Delivered, None),
        410 => (Outcome::Gone, Some(ErrorClass::Status)),
        429 | 502..=504 => (Outcome::SlowDown { after_ms }, Some(ErrorClass::Status)),
        300..=399 => (Outcome::Retry { after_ms }, Some(ErrorClass::Redirect)),
        _ => (Outcome::Retry { after_ms }, Some(ErrorClass::Status)),
    };
    Verdict::new(outcome, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_the_standard_says() {
        use ErrorClass::{Redirect, Status};
        let retry = |after_ms| Outcome::Retry { after_ms };
        let slow = |after_ms| Outcome::SlowDown { after_ms };
        let table: &[(u16, Option<&str>, Outcome, Option<ErrorClass>)] = &[
            (199, None, retry(None), Some(Status)),
            (200, None, Outcome::Delivered, None),
            (204, Some("60"), Outcome::Delivered, None),
            (299, None, Outcome::Delivered, None),
            (300, None, retry(None), Some(Redirect)),
            (301, None, retry(None), Some(Redirect)),
            (308, None, retry(None), Some(Redirect)),
            (399, None, retry(None), Some(Redirect)),
            (400, None, retry(None), Some(Status)),
            (401, None, retry(None), Some(Status)),
            (404, None, retry(None), Some(Status)),
            (408, Some("5"), retry(Some(5_000)), Some(Status)),
            (409, None, retry(None), Some(Status)),
            (410, None, Outcome::Gone, Some(Status)),
            (410, Some("5"), Outcome::Gone, Some(Status)),
            (411, None, retry(None), Some(Status)),
            (429, None, slow(None), Some(Status)),
            (429, Some("7"), slow(Some(7_000)), Some(Status)),
            (429, Some("3600"), slow(Some(60_000)), Some(Status)),
            (429, Some("never"), slow(None), Some(Status)),
            (500, None, retry(None), Some(Status)),
            (501, None, retry(None), Some(Status)),
            (502, None, slow(None), Some(Status)),
            (503, Some("1"), slow(Some(1_000)), Some(Status)),
            (504, None, slow(None), Some(Status)),
            (505, None, retry(None), Some(Status)),
            (599, None, retry(None), Some(Status)),
            (999, None, retry(None), Some(Status)),
        ];
        for (status, header, outcome, class) in table {
            let read = webhook_outcome(*status, *header, 0, 60_000);
            assert_eq!(
                (read.outcome, read.error),
                (*outcome, *class),
                "{status} {header:?}"
            );
        }
    }
}
