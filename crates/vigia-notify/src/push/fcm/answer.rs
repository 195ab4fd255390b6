//! What FCM's answers mean. Pure.
//!
//! From Google's reference of `ErrorCode`; which part of a message is wrong stands in `fieldViolations`.

use serde::Deserialize;

use crate::{ErrorClass, Outcome, Refusal, Verdict, response_head, retry_after_ms};

/// Milliseconds to wait when the quota is used up and no `Retry-After` is given, from Google's documentation.
const QUOTA_PAUSE_MS: u64 = 60_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Said,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    status: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: String,
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        // Behind a fault Google's servers answer with a page of HTML.
        serde_json::from_slice::<Body>(body)
            .unwrap_or_default()
            .error
    }

    /// FCM's own code, else the general one.
    fn code(&self) -> &str {
        let mut codes = self.details.iter().map(|detail| detail.error_code.as_str());
        codes.rfind(|code| !code.is_empty()).unwrap_or(&self.status)
    }

    /// Whether it is the token that is wrong, and not the rest of the message.
    fn is_about_token(&self) -> bool {
        let mut fields = self
            .details
            .iter()
            .flat_map(|detail| &detail.field_violations)
            .peekable();
        match fields.peek() {
            Some(_) => fields.any(|violation| violation.field == "message.token"),
            None => {
                let is_fcm = self
                    .details
                    .iter()
                    .any(|detail| detail.error_code == "INVALID_ARGUMENT");
                is_fcm
                    && self
                        .message
                        .to_ascii_lowercase()
                        .contains("registration token")
            }
        }
    }
}

/// Whether a 401 is about Apple's or a browser's credentials that Google holds, so that a new access token would not help.
pub(super) fn is_third_party(body: &[u8]) -> bool {
    Said::read(body).code() == "THIRD_PARTY_AUTH_ERROR"
}

/// What an answer of FCM means at `now_ms`; at most `retry_after_ms_max` is waited.
///
/// [`Outcome::SlowDown`] is about all that goes over this project, not about one device. A token of another project
/// (`SENDER_ID_MISMATCH`) is refused and not gone: with a wrong service account every token would be.
pub(super) fn fcm_outcome(
    status: u16,
    retry_after: Option<&str>,
    body: &[u8],
    now_ms: u64,
    retry_after_ms_max: u64,
) -> Verdict {
    if (200..300).contains(&status) {
        return Verdict::new(Outcome::Delivered, None);
    }
    let said = Said::read(body);
    let after_ms = retry_after.and_then(|text| retry_after_ms(text, now_ms, retry_after_ms_max));
    let retry = Outcome::Retry { after_ms };
    let (outcome, class) = match (status, said.code()) {
        (404, "UNREGISTERED") => (Outcome::Gone, ErrorClass::TargetDead),
        (400, _) if said.is_about_token() => (Outcome::Gone, ErrorClass::TargetDead),
        (400 | 413, _) => (Outcome::Refused(Refusal::Message), ErrorClass::Message),
        (403, "SENDER_ID_MISMATCH") => (Outcome::Refused(Refusal::Sender), ErrorClass::Credentials),
        // Somebody has to mend them; until then attempts are spent.
        (401 | 403 | 404, _) => (retry, ErrorClass::Credentials),
        (429, _) => {
            let after_ms = Some(after_ms.unwrap_or(QUOTA_PAUSE_MS.min(retry_after_ms_max)));
            (Outcome::SlowDown { after_ms }, ErrorClass::Provider)
        }
        (502..=504, _) => (Outcome::SlowDown { after_ms }, ErrorClass::Provider),
        _ => (retry, ErrorClass::Provider),
    };
    let detail = format!("FCM says {}: {}", said.code(), said.message);
    Verdict::new(outcome, Some(class)).detail(response_head(detail.as_bytes(), 256))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DAY_MS: u64 = 24 * 3_600_000;

    fn fcm_error(code: &str) -> serde_json::Value {
        json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code })
    }

    fn violation(field: &str) -> serde_json::Value {
        json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": "wrong" }],
        })
    }

    fn read(
        status: u16,
        message: &str,
        general: &str,
        details: &[serde_json::Value],
        retry_after: Option<&str>,
    ) -> (Outcome, Option<ErrorClass>) {
        let body = json!({ "error": { "code": status, "message": message, "status": general, "details": details } });
        let verdict = fcm_outcome(status, retry_after, body.to_string().as_bytes(), 0, DAY_MS);
        (verdict.outcome, verdict.error)
    }

    #[test]
    fn answers_mean_what_google_says() {
        use ErrorClass::{Credentials, Message, Provider, TargetDead};
        let retry = |after_ms| Outcome::Retry { after_ms };
        let slow = |after_ms| Outcome::SlowDown { after_ms };
        let gone = (Outcome::Gone, Some(TargetDead));
        let message = (Outcome::Refused(Refusal::Message), Some(Message));
        let invalid = "INVALID_ARGUMENT";

        assert_eq!(
            read(404, "", "NOT_FOUND", &[fcm_error("UNREGISTERED")], None),
            gone
        );
        assert_eq!(
            read(
                400,
                "",
                invalid,
                &[fcm_error(invalid), violation("message.token")],
                None
            ),
            gone
        );
        assert_eq!(
            read(
                400,
                "",
                invalid,
                &[violation("message.token"), fcm_error(invalid)],
                None
            ),
            gone
        );
        let not_valid = "The registration token is not a valid FCM registration token";
        assert_eq!(
            read(400, not_valid, invalid, &[fcm_error(invalid)], None),
            gone
        );
        // The message is wrong, not the token.
        assert_eq!(
            read(
                400,
                "",
                invalid,
                &[violation("message.data[0].value")],
                None
            ),
            message
        );
        assert_eq!(
            read(
                400,
                not_valid,
                invalid,
                &[fcm_error(invalid), violation("message")],
                None
            ),
            message
        );
        assert_eq!(read(400, not_valid, invalid, &[], None), message);
        assert_eq!(
            read(
                400,
                "Android message is too big",
                invalid,
                &[fcm_error(invalid)],
                None
            ),
            message
        );

        let sender = (Outcome::Refused(Refusal::Sender), Some(Credentials));
        assert_eq!(
            read(
                403,
                "",
                "PERMISSION_DENIED",
                &[fcm_error("SENDER_ID_MISMATCH")],
                None
            ),
            sender
        );
        let credentials = (retry(None), Some(Credentials));
        assert_eq!(read(403, "", "PERMISSION_DENIED", &[], None), credentials);
        assert_eq!(read(401, "", "UNAUTHENTICATED", &[], None), credentials);
        assert_eq!(
            read(
                401,
                "",
                "UNAUTHENTICATED",
                &[fcm_error("THIRD_PARTY_AUTH_ERROR")],
                None
            ),
            credentials
        );
        assert_eq!(read(404, "", "NOT_FOUND", &[], None), credentials);

        let quota = [fcm_error("QUOTA_EXCEEDED")];
        assert_eq!(
            read(429, "", "RESOURCE_EXHAUSTED", &quota, None),
            (slow(Some(60_000)), Some(Provider))
        );
        assert_eq!(
            read(429, "", "RESOURCE_EXHAUSTED", &quota, Some("5")),
            (slow(Some(5_000)), Some(Provider))
        );
        let unavailable = [fcm_error("UNAVAILABLE")];
        assert_eq!(
            read(503, "", "UNAVAILABLE", &unavailable, Some("9")),
            (slow(Some(9_000)), Some(Provider))
        );
        assert_eq!(
            read(503, "", "UNAVAILABLE", &unavailable, None),
            (slow(None), Some(Provider))
        );
        assert_eq!(
            read(500, "", "INTERNAL", &[fcm_error("INTERNAL")], None),
            (retry(None), Some(Provider))
        );
        assert_eq!(read(418, "", "", &[], None), (retry(None), Some(Provider)));
        assert_eq!(read(200, "", "", &[], None), (Outcome::Delivered, None));
    }

    #[test]
    fn bodies_that_are_not_json_leave_the_status() {
        for body in [
            &b"<!DOCTYPE html>"[..],
            b"",
            b"{",
            b"[]",
            b"{\"error\":7}",
            b"\xff",
        ] {
            let read = |status| fcm_outcome(status, None, body, 0, DAY_MS).outcome;
            assert_eq!(read(502), Outcome::SlowDown { after_ms: None });
            assert_eq!(read(404), Outcome::Retry { after_ms: None });
            assert_eq!(read(400), Outcome::Refused(Refusal::Message));
        }
    }
}
