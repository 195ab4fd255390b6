//! APNs against a fake of Apple's servers that speaks HTTP/2 and Apple's words.

use std::sync::Arc;

use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::json;
use vigia_core::ManualClock;
use vigia_notify::{
    ApnsSender, ApnsSettings, Attempt, ErrorClass, MessageId, Outcome, Refusal, SenderError,
};

use crate::oracle;
use crate::provider::{Provider, Said};
use crate::pushing::{CredentialsFile, ID, NOW_MS, clock, message, parts_of};

const DEVICE: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
const MINUTE_MS: u64 = 60_000;

struct Bench {
    provider: Provider,
    file: CredentialsFile,
    clock: Arc<ManualClock>,
    sender: ApnsSender,
}

fn secret() -> SecretKey {
    SecretKey::from_slice(&[7; 32]).unwrap()
}

fn credentials(key_id: &str) -> String {
    let pem = secret().to_pkcs8_pem(LineEnding::LF).unwrap();
    json!({ "team_id": "TEAM567890", "key_id": key_id, "private_key": pem.as_str() }).to_string()
}

impl Bench {
    async fn new() -> Self {
        let provider = Provider::start().await;
        let file = CredentialsFile::new(&credentials("KEY4567890"));
        let settings = ApnsSettings {
            url: provider.url(),
            ..ApnsSettings::new(file.path(), "app.confio")
        };
        let clock = clock();
        let sender = ApnsSender::new(settings, clock.clone()).unwrap();
        Self {
            provider,
            file,
            clock,
            sender,
        }
    }

    async fn send(&self) -> Attempt {
        self.sender.send(DEVICE, &message()).await
    }

    async fn token(&mut self) -> String {
        let got = self.provider.message().await;
        got.header("authorization")
            .strip_prefix("Bearer ")
            .unwrap()
            .to_owned()
    }
}

fn reason(status: u16, reason: &str) -> Said {
    Said::new(status, &json!({ "reason": reason }))
}

#[tokio::test]
async fn a_message_arrives_with_all_that_phones_need() {
    let mut bench = Bench::new().await;
    let attempt = bench.send().await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    let got = bench.provider.message().await;
    assert_eq!(got.path, format!("/3/device/{DEVICE}"));
    let expected = [
        ("apns-topic", "app.confio"),
        ("apns-push-type", "alert"),
        ("apns-id", "00f3a1b2-c3d4-e5f6-0718-293a4b5c6d7e"),
        ("apns-collapse-id", ID),
        ("apns-expiration", "1790003600"),
        ("apns-priority", "10"),
    ];
    for (name, value) in expected {
        assert_eq!(got.header(name), value, "{name}");
    }
    let payload = json!({
        "aps": { "alert": { "title": "Confío", "body": "Recibiste 5.00 cUSD" }, "sound": "default" },
        "kind": "SEND_RECEIVED",
        "delivery_id": ID,
    });
    assert_eq!(got.json(), payload);

    let mut grouped = message();
    grouped.group = Some(MessageId::new("summary").unwrap());
    grouped.is_urgent = false;
    bench.sender.send(DEVICE, &grouped).await;
    let got = bench.provider.message().await;
    assert_eq!(
        (got.header("apns-collapse-id"), got.header("apns-priority")),
        ("summary", "5")
    );
    assert_eq!(
        got.header("apns-id"),
        "00f3a1b2-c3d4-e5f6-0718-293a4b5c6d7e"
    );
}

#[tokio::test]
async fn the_provider_token_verifies_and_is_used_for_its_time() {
    let mut bench = Bench::new().await;
    bench.send().await;
    let first = bench.token().await;
    let (header, claims) = parts_of(&first);
    assert_eq!(header, json!({ "alg": "ES256", "kid": "KEY4567890" }));
    assert_eq!(
        claims,
        json!({ "iss": "TEAM567890", "iat": NOW_MS / 1_000 })
    );
    let public = secret().public_key().to_encoded_point(false);
    let public = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(public.as_bytes())
    };
    let given = json!({ "algorithm": "ES256", "token": first, "public_key": public });
    if let Some(verified) = oracle::ask("tokens.py", &given) {
        assert_eq!(verified, json!(true));
    }
    bench.clock.set(NOW_MS + 40 * MINUTE_MS - 1);
    bench.send().await;
    assert_eq!(bench.token().await, first);
    bench.clock.set(NOW_MS + 40 * MINUTE_MS);
    bench.send().await;
    assert_ne!(bench.token().await, first);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let mut bench = Bench::new().await;
    bench.provider.says(reason(403, "ExpiredProviderToken"));
    assert_eq!(bench.send().await.outcome, Outcome::Delivered);
    assert_eq!(bench.provider.messages_left(), 2);
    // Apple's clock and ours differ: to renew at every attempt would be refused too.
    bench.provider.says(reason(403, "ExpiredProviderToken"));
    let attempt = bench.send().await;
    assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
    assert_eq!(attempt.error, Some(ErrorClass::Credentials));
    assert_eq!(bench.provider.messages_left(), 1);
    bench.clock.set(NOW_MS + 20 * MINUTE_MS);
    bench.provider.says(reason(403, "ExpiredProviderToken"));
    assert_eq!(bench.send().await.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn words_of_apple_become_outcomes() {
    let bench = Bench::new().await;
    let slow = |after_ms| Outcome::SlowDown { after_ms };
    let table = [
        (reason(410, "Unregistered"), Outcome::Gone),
        (
            reason(400, "BadDeviceToken"),
            Outcome::Refused(Refusal::Target),
        ),
        (
            reason(400, "DeviceTokenNotForTopic"),
            Outcome::Refused(Refusal::Sender),
        ),
        (
            reason(429, "TooManyProviderTokenUpdates"),
            slow(Some(20 * MINUTE_MS)),
        ),
        (
            reason(429, "TooManyRequests").header("retry-after", "4"),
            slow(Some(4_000)),
        ),
        (reason(503, "ServiceUnavailable"), slow(None)),
        (
            reason(500, "InternalServerError"),
            Outcome::Retry { after_ms: None },
        ),
    ];
    for (said, outcome) in table {
        bench.provider.says(said);
        assert_eq!(bench.send().await.outcome, outcome);
    }
    let dead = json!({ "reason": "Unregistered", "timestamp": NOW_MS - 5 });
    bench.provider.says(Said::new(410, &dead));
    assert_eq!(bench.send().await.gone_since_ms, Some(NOW_MS - 5));
}

#[tokio::test]
async fn what_apple_would_refuse_is_not_sent() {
    let mut bench = Bench::new().await;
    for token in ["", "../../3/device/00", "zz", "00 00", &"0".repeat(201)] {
        let attempt = bench.sender.send(token, &message()).await;
        assert_eq!(attempt.outcome, Outcome::Gone, "{token}");
        assert_eq!(attempt.error, Some(ErrorClass::TargetDead));
    }
    let mut reserved = message();
    reserved.data.insert("aps".to_owned(), "1".to_owned());
    assert_eq!(
        bench.sender.send(DEVICE, &reserved).await.outcome.as_str(),
        "refused"
    );
    assert_eq!(bench.provider.messages_left(), 0);

    bench.sender.send(DEVICE, &message()).await;
    let used = bench.provider.message().await.body.len() - message().body.len();
    let mut large = message();
    large.body = "x".repeat(4_096 - used);
    assert_eq!(
        bench.sender.send(DEVICE, &large).await.outcome,
        Outcome::Delivered
    );
    large.body.push('x');
    let attempt = bench.sender.send(DEVICE, &large).await;
    assert_eq!(attempt.error, Some(ErrorClass::Message));
    assert_eq!(bench.provider.messages_left(), 1);
}

#[tokio::test]
async fn a_new_key_serves_the_next_attempt() {
    let mut bench = Bench::new().await;
    bench.send().await;
    bench.token().await;
    bench.file.replace(&credentials("NEW4567890"));
    bench.send().await;
    assert_eq!(parts_of(&bench.token().await).0["kid"], "NEW4567890");
    bench.file.replace("broken");
    bench.send().await;
    assert_eq!(parts_of(&bench.token().await).0["kid"], "NEW4567890");
    assert!(
        bench
            .sender
            .credentials_problem()
            .unwrap()
            .contains("not JSON")
    );
}

#[test]
fn settings_that_apple_would_not_take_are_refused() {
    let file = CredentialsFile::new(&credentials("KEY4567890"));
    let made = |minutes_ms: u64, topic: &str| {
        let settings = ApnsSettings {
            token_age_ms_max: minutes_ms,
            ..ApnsSettings::new(file.path(), topic)
        };
        ApnsSender::new(settings, clock()).map(|_| ())
    };
    assert!(made(20 * MINUTE_MS, "app.confio").is_ok());
    assert!(made(60 * MINUTE_MS, "app.confio").is_ok());
    for bad in [
        made(20 * MINUTE_MS - 1, "a"),
        made(60 * MINUTE_MS + 1, "a"),
        made(40 * MINUTE_MS, "a b"),
    ] {
        assert!(matches!(bad, Err(SenderError::Setting { .. })), "{bad:?}");
    }
}
