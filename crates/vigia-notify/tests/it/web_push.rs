//! Web Push against a push service that speaks HTTP/2 over TLS, and browsers that decrypt with a library of others.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::{Value, json};
use vigia_notify::{
    Attempt, ErrorClass, MessageId, Outcome, TargetRules, WebPushSender, WebPushSettings,
    WebPushSubscription,
};

use crate::oracle;
use crate::provider::{Got, Provider, Said};
use crate::pushing::{CredentialsFile, ID, NOW_MS, clock, message, parts_of};
use crate::sending::Names;
use crate::tls::Authority;

// The example of RFC 8291, 5 and appendix A.
const RFC_PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const RFC_PUBLIC: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const RFC_AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const RFC_BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
                        AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
const RFC_TEXT: &str = "When I grow up, I want to be a watermelon";

struct Bench {
    provider: Provider,
    file: CredentialsFile,
    sender: WebPushSender,
    to: WebPushSubscription,
}

fn credentials(byte: u8) -> String {
    let private = URL_SAFE_NO_PAD.encode([byte; 32]);
    json!({ "private_key": private, "subject": "mailto:ops@confio.test" }).to_string()
}

fn public_text(byte: u8) -> String {
    let public = SecretKey::from_slice(&[byte; 32]).unwrap().public_key();
    URL_SAFE_NO_PAD.encode(public.to_encoded_point(false).as_bytes())
}

impl Bench {
    async fn new() -> Self {
        let authority = Authority::new();
        let provider = Provider::over_tls(authority.acceptor("push.test", &["h2"])).await;
        let port = provider.address.port();
        let file = CredentialsFile::new(&credentials(9));
        let settings = WebPushSettings {
            ca_pem: Some(authority.pem()),
            rules: TargetRules {
                networks_allowed: vec!["127.0.0.1/32".parse().unwrap()],
                ports_allowed: vec![port],
                plain_http_allowed: false,
            },
            ..WebPushSettings::new(file.path())
        };
        let names = Names::default();
        names.add("push.test", &["127.0.0.1"]);
        let sender = WebPushSender::with_lookup(settings, clock(), Arc::new(names)).unwrap();
        let endpoint = format!("https://push.test:{port}/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV");
        let to = WebPushSubscription::new(&endpoint, RFC_PUBLIC, RFC_AUTH).unwrap();
        Self {
            provider,
            file,
            sender,
            to,
        }
    }

    async fn send(&self) -> Attempt {
        self.sender.send(&self.to, &message()).await
    }
}

fn decrypted(body: &[u8]) -> Vec<u8> {
    let secret = SecretKey::from_slice(&URL_SAFE_NO_PAD.decode(RFC_PRIVATE).unwrap()).unwrap();
    let auth: [u8; 16] = URL_SAFE_NO_PAD
        .decode(RFC_AUTH)
        .unwrap()
        .try_into()
        .unwrap();
    web_push_native::decrypt(body.to_vec(), &secret, &auth.into()).unwrap()
}

/// What the library `http_ece` makes of a body; none where there is no Python.
fn decrypted_in_python(body: &[u8]) -> Option<Value> {
    let given = json!({ "body": URL_SAFE_NO_PAD.encode(body), "private_key": RFC_PRIVATE, "auth": RFC_AUTH });
    oracle::ask("web_push.py", &given)
}

/// The token and key of an `Authorization: vapid t=…, k=…`.
fn vapid(got: &Got) -> (String, String) {
    let text = got
        .header("authorization")
        .strip_prefix("vapid t=")
        .unwrap();
    let (token, key) = text.split_once(", k=").unwrap();
    (token.to_owned(), key.to_owned())
}

#[test]
fn the_example_of_the_standard_decrypts() {
    let body = URL_SAFE_NO_PAD.decode(RFC_BODY).unwrap();
    assert_eq!(decrypted(&body), RFC_TEXT.as_bytes());
    if let Some(text) = decrypted_in_python(&body) {
        assert_eq!(text, RFC_TEXT);
    }
}

#[tokio::test]
async fn a_browser_gets_what_only_it_can_read() {
    let mut bench = Bench::new().await;
    bench.provider.says(Said::new(201, &json!({})));
    let attempt = bench.send().await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    let got = bench.provider.message().await;
    assert_eq!(got.path, "/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV");
    let expected = [
        ("content-encoding", "aes128gcm"),
        ("ttl", "3600"),
        ("topic", ID),
        ("urgency", "high"),
    ];
    for (name, value) in expected {
        assert_eq!(got.header(name), value, "{name}");
    }
    let payload = json!({
        "title": "Confío",
        "body": "Recibiste 5.00 cUSD",
        "tag": ID,
        "data": { "kind": "SEND_RECEIVED", "delivery_id": ID },
    });
    let read: Value = serde_json::from_slice(&decrypted(&got.body)).unwrap();
    assert_eq!(read, payload);
    if let Some(text) = decrypted_in_python(&got.body) {
        assert_eq!(
            serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap(),
            payload
        );
    }
}

#[tokio::test]
async fn the_sender_is_known_by_its_signature() {
    let mut bench = Bench::new().await;
    bench.send().await;
    let (token, key) = vapid(&bench.provider.message().await);
    assert_eq!(key, public_text(9));
    assert_eq!(key, bench.sender.public_key());
    let (header, claims) = parts_of(&token);
    assert_eq!(header, json!({ "typ": "JWT", "alg": "ES256" }));
    let expected = json!({
        "aud": format!("https://push.test:{}", bench.provider.address.port()),
        "exp": NOW_MS / 1_000 + 12 * 3_600,
        "sub": "mailto:ops@confio.test",
    });
    assert_eq!(claims, expected);
    let given = json!({ "algorithm": "ES256", "token": token, "public_key": key });
    if let Some(verified) = oracle::ask("tokens.py", &given) {
        assert_eq!(verified, json!(true));
    }
    bench.file.replace(&credentials(10));
    bench.send().await;
    assert_eq!(vapid(&bench.provider.message().await).1, public_text(10));
    bench.file.replace("broken");
    bench.send().await;
    assert_eq!(vapid(&bench.provider.message().await).1, public_text(10));
    assert!(
        bench
            .sender
            .credentials_problem()
            .unwrap()
            .contains("not JSON")
    );
}

#[tokio::test]
async fn statuses_become_outcomes() {
    let bench = Bench::new().await;
    let table = [
        (404, Outcome::Gone),
        (410, Outcome::Gone),
        (
            429,
            Outcome::SlowDown {
                after_ms: Some(9_000),
            },
        ),
        (
            500,
            Outcome::Retry {
                after_ms: Some(9_000),
            },
        ),
        (201, Outcome::Delivered),
    ];
    for (status, outcome) in table {
        let said = Said::new(status, &json!({})).header("retry-after", "9");
        bench.provider.says(said);
        assert_eq!(bench.send().await.outcome, outcome, "{status}");
    }
}

#[tokio::test]
async fn a_message_fills_what_every_service_takes_and_no_more() {
    let mut bench = Bench::new().await;
    let mut large = message();
    large.group = Some(MessageId::new("g").unwrap());
    large.body = String::new();
    bench.sender.send(&bench.to, &large).await;
    let used = decrypted(&bench.provider.message().await.body).len();
    large.body = "x".repeat(3_993 - used);
    let attempt = bench.sender.send(&bench.to, &large).await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    assert_eq!(bench.provider.message().await.body.len(), 4_096);
    large.body.push('x');
    let attempt = bench.sender.send(&bench.to, &large).await;
    assert_eq!(attempt.error, Some(ErrorClass::Message));
    assert_eq!(bench.provider.messages_left(), 0);
}

#[tokio::test]
async fn a_subscription_leads_nobody_inside() {
    let mut bench = Bench::new().await;
    let port = bench.provider.address.port();
    for endpoint in [
        "https://10.0.0.1/".to_owned(),
        format!("http://push.test:{port}/"),
        "https://localhost:1/".to_owned(),
    ] {
        let to = WebPushSubscription::new(&endpoint, RFC_PUBLIC, RFC_AUTH).unwrap();
        let attempt = bench.sender.send(&to, &message()).await;
        assert_eq!(attempt.outcome.as_str(), "refused", "{endpoint}");
        assert_eq!(attempt.error, Some(ErrorClass::ForbiddenTarget));
    }
    let to = format!("https://inner.test:{port}/");
    let to = WebPushSubscription::new(&to, RFC_PUBLIC, RFC_AUTH).unwrap();
    let attempt = bench.sender.send(&to, &message()).await;
    assert_eq!(attempt.error, Some(ErrorClass::Dns), "{attempt:?}");
    assert_eq!(bench.provider.messages_left(), 0);
}
