//! What APNs' answers mean. Pure.
//!
//! From Apple's table of response error strings.

use serde::Deserialize;

use crate::{ErrorClass, Outcome, Refusal, Verdict, response_head, retry_after_ms};

/// Milliseconds to wait after too many new provider tokens: as long as Apple wants one to be used at least.
const TOKEN_UPDATES_PAUSE_MS: u64 = 20 * 60_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    reason: String,
    /// Milliseconds since 1970 from which on the token is dead.
    timestamp: Option<u64>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

/// Whether a new provider token would help.
pub(super) fn is_expired_token(status: u16, body: &[u8]) -> bool {
    status == 403 && Said::read(body).reason == "ExpiredProviderToken"
}

/// What an answer of APNs means at `now_ms`; at most `retry_after_ms_max` is waited.
pub(super) fn apns_outcome(
    status: u16,
    retry_after: Option<&str>,
    body: &[u8],
    now_ms: u64,
    retry_after_ms_max: u64,
) -> Verdict {
    if status == 200 {
        return Verdict::new(Outcome::Delivered, None);
    }
    let said = Said::read(body);
    let after_ms = retry_after.and_then(|text| retry_after_ms(text, now_ms, retry_after_ms_max));
    let retry = Outcome::Retry { after_ms };
    let (outcome, class) = match (status, said.reason.as_str()) {
        (410, _) => (Outcome::Gone, ErrorClass::TargetDead),
        // So says the sandbox of every token of production, and the other way round: it takes several to believe it.
        (400, "BadDeviceToken") => (Outcome::Refused(Refusal::Target), ErrorClass::TargetDead),
        // With a wrong topic it is said of every token.
        (400, "DeviceTokenNotForTopic") => {
            (Outcome::Refused(Refusal::Sender), ErrorClass::Credentials)
        }
        // Somebody has to mend the key, the topic or what it may be used for; until then attempts are spent.
        (403, _) | (400, "BadTopic" | "MissingTopic" | "TopicDisallowed") => {
            (retry, ErrorClass::Credentials)
        }
        // The connection was idle too long: not about the message.
        (400, "IdleTimeout") => (retry, ErrorClass::Provider),
        (400 | 404 | 405 | 413, _) => (Outcome::Refused(Refusal::Message), ErrorClass::Message),
        (429, "TooManyProviderTokenUpdates") => {
            let after_ms = Some(after_ms.unwrap_or(TOKEN_UPDATES_PAUSE_MS.min(retry_after_ms_max)));
            (Outcome::SlowDown { after_ms }, ErrorClass::Credentials)
        }
        (429 | 502..=504, _) => (Outcome::SlowDown { after_ms }, ErrorClass::Provider),
        _ => (retry, ErrorClass::Provider),
    };
    let detail = format!("APNs says {}", said.reason);
    let gone_since_ms = match outcome {
        Outcome::Gone => said.timestamp,
        _ => None,
    };
    Verdict {
        gone_since_ms,
        ..Verdict::new(outcome, Some(class)).detail(response_head(detail.as_bytes(), 128))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_apple_says() {
        use ErrorClass::{Credentials, Message, Provider, TargetDead};
        let retry = Outcome::Retry { after_ms: None };
        let slow = |after_ms| Outcome::SlowDown { after_ms };
        let message = Outcome::Refused(Refusal::Message);
        let table = [
            (400, "BadCollapseId", message, Message),
            (
                400,
                "BadDeviceToken",
                Outcome::Refused(Refusal::Target),
                TargetDead,
            ),
            (400, "BadExpirationDate", message, Message),
            (400, "BadMessageId", message, Message),
            (400, "BadPriority", message, Message),
            (400, "BadTopic", retry, Credentials),
            (
                400,
                "DeviceTokenNotForTopic",
                Outcome::Refused(Refusal::Sender),
                Credentials,
            ),
            (400, "DuplicateHeaders", message, Message),
            (400, "IdleTimeout", retry, Provider),
            (400, "InvalidPushType", message, Message),
            (400, "MissingDeviceToken", message, Message),
            (400, "MissingTopic", retry, Credentials),
            (400, "PayloadEmpty", message, Message),
            (400, "TopicDisallowed", retry, Credentials),
            (403, "BadCertificate", retry, Credentials),
            (403, "BadCertificateEnvironment", retry, Credentials),
            (403, "ExpiredProviderToken", retry, Credentials),
            (403, "Forbidden", retry, Credentials),
            (403, "InvalidProviderToken", retry, Credentials),
            (403, "MissingProviderToken", retry, Credentials),
            (404, "BadPath", message, Message),
            (405, "MethodNotAllowed", message, Message),
            (410, "ExpiredToken", Outcome::Gone, TargetDead),
            (410, "Unregistered", Outcome::Gone, TargetDead),
            (413, "PayloadTooLarge", message, Message),
            (
                429,
                "TooManyProviderTokenUpdates",
                slow(Some(1_200_000)),
                Credentials,
            ),
            (429, "TooManyRequests", slow(None), Provider),
            (500, "InternalServerError", retry, Provider),
            (503, "ServiceUnavailable", slow(None), Provider),
            (503, "Shutdown", slow(None), Provider),
            (599, "Unheard", retry, Provider),
        ];
        for (status, reason, outcome, class) in table {
            let body = format!(r#"{{"reason":"{reason}"}}"#);
            let read = apns_outcome(status, None, body.as_bytes(), 0, 86_400_000);
            assert_eq!(
                (read.outcome, read.error),
                (outcome, Some(class)),
                "{reason}"
            );
        }
        assert_eq!(
            apns_outcome(200, None, b"", 0, 0).outcome,
            Outcome::Delivered
        );
        let waits = apns_outcome(503, Some("3"), b"", 0, 86_400_000);
        assert_eq!(waits.outcome, slow(Some(3_000)));
    }

    #[test]
    fn the_time_of_death_is_kept() {
        let body = br#"{"reason":"Unregistered","timestamp":1790000000000}"#;
        let read = apns_outcome(410, None, body, 0, 0);
        assert_eq!(read.gone_since_ms, Some(1_790_000_000_000));
        assert!(is_expired_token(
            403,
            br#"{"reason":"ExpiredProviderToken"}"#
        ));
        assert!(!is_expired_token(403, b"garbage"));
    }
}
