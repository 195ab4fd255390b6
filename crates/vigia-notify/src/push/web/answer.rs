//! What a push service's answers mean. Pure.
//!
//! From RFC 8030, 5 to 7, and from what the services of Google, Mozilla, Apple and Microsoft say about their own.

use crate::{ErrorClass, Outcome, Refusal, Verdict, retry_after_ms};

/// What status `status` with this `Retry-After` means at `now_ms`; at most `retry_after_ms_max` is waited.
pub(super) fn web_push_outcome(
    status: u16,
    retry_after: Option<&str>,
    now_ms: u64,
    retry_after_ms_max: u64,
) -> Verdict {
    let after_ms = retry_after.and_then(|text| retry_after_ms(text, now_ms, retry_after_ms_max));
    let retry = Outcome::Retry { after_ms };
    let (outcome, class) = match status {
        200..=299 => return Verdict::new(Outcome::Delivered, None),
        404 | 410 => (Outcome::Gone, ErrorClass::TargetDead),
        400 | 406 | 413 => (Outcome::Refused(Refusal::Message), ErrorClass::Message),
        401 => (retry, ErrorClass::Credentials),
        // The subscription was made with another key. Not gone, since with a wrong key every one would be.
        403 => (Outcome::Refused(Refusal::Sender), ErrorClass::Credentials),
        429 | 502..=504 => (Outcome::SlowDown { after_ms }, ErrorClass::Provider),
        300..=399 => (retry, ErrorClass::Redirect),
        _ => (retry, ErrorClass::Provider),
    };
    Verdict::new(outcome, Some(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_the_standard_says() {
        use ErrorClass::{Credentials, Message, Provider, Redirect, TargetDead};
        let retry = Outcome::Retry { after_ms: None };
        let slow = Outcome::SlowDown {
            after_ms: Some(5_000),
        };
        let message = Outcome::Refused(Refusal::Message);
        let table = [
            (200, None, Outcome::Delivered, None),
            (201, None, Outcome::Delivered, None),
            (202, None, Outcome::Delivered, None),
            (307, None, retry, Some(Redirect)),
            (400, None, message, Some(Message)),
            (401, None, retry, Some(Credentials)),
            (
                403,
                None,
                Outcome::Refused(Refusal::Sender),
                Some(Credentials),
            ),
            (404, None, Outcome::Gone, Some(TargetDead)),
            (410, None, Outcome::Gone, Some(TargetDead)),
            (413, None, message, Some(Message)),
            (429, Some("5"), slow, Some(Provider)),
            (500, None, retry, Some(Provider)),
            (503, Some("5"), slow, Some(Provider)),
        ];
        for (status, header, outcome, class) in table {
            let read = web_push_outcome(status, header, 0, 60_000);
            assert_eq!((read.outcome, read.error), (outcome, class), "{status}");
        }
    }
}
