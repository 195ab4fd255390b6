//! FCM against a fake of Google's servers that speaks HTTP/2 and Google's words.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};
use vigia_core::ManualClock;
use vigia_notify::{
    Attempt, ErrorClass, FcmSender, FcmSettings, MessageId, Outcome, SendLimits, TOKEN_BYTES_MAX,
};

use crate::provider::{Provider, Said};
use crate::pushing::{CredentialsFile, ID, NOW_MS, RSA_KEY, clock, message, parts_of, short};
use crate::{oracle, tls};

struct Bench {
    provider: Provider,
    file: CredentialsFile,
    clock: Arc<ManualClock>,
    sender: FcmSender,
}

fn account(provider_url: &str, project: &str) -> String {
    json!({
        "type": "service_account",
        "project_id": project,
        "private_key_id": "key-1",
        "private_key": RSA_KEY,
        "client_email": "push@confio.iam.gserviceaccount.com",
        "token_uri": format!("{provider_url}/token"),
    })
    .to_string()
}

impl Bench {
    async fn new() -> Self {
        Self::with(Provider::start().await, SendLimits::default())
    }

    fn with(provider: Provider, limits: SendLimits) -> Self {
        let file = CredentialsFile::new(&account(&provider.url(), "confio"));
        let settings = FcmSettings {
            url: provider.url(),
            limits,
            android_channel: Some("money".to_owned()),
            ..FcmSettings::new(file.path())
        };
        let clock = clock();
        let sender = FcmSender::new(settings, clock.clone()).unwrap();
        Self {
            provider,
            file,
            clock,
            sender,
        }
    }

    async fn send(&self) -> Attempt {
        self.sender.send("device-token", &message()).await
    }
}

fn fcm_error(status: u16, general: &str, code: &str) -> Said {
    let detail = json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code });
    Said::new(
        status,
        &json!({ "error": { "code": status, "message": "m", "status": general, "details": [detail] } }),
    )
}

#[tokio::test]
async fn a_message_arrives_with_all_that_phones_need() {
    let mut bench = Bench::new().await;
    let attempt = bench.send().await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    assert_eq!((attempt.status, attempt.started_at_ms), (Some(200), NOW_MS));
    let got = bench.provider.message().await;
    assert_eq!(got.path, "/v1/projects/confio/messages:send");
    assert_eq!(got.header("authorization"), "Bearer access-1");
    assert_eq!(
        got.json(),
        json!({ "message": {
            "token": "device-token",
            "notification": { "title": "Confío", "body": "Recibiste 5.00 cUSD" },
            "data": { "kind": "SEND_RECEIVED", "delivery_id": ID },
            "android": {
                "priority": "HIGH",
                "ttl": "3600s",
                "notification": { "tag": ID, "channel_id": "money" },
            },
            "apns": {
                "headers": { "apns-collapse-id": ID, "apns-priority": "10", "apns-expiration": "1790003600" },
                "payload": { "aps": { "sound": "default" } },
            },
        } })
    );
    let mut grouped = message();
    grouped.group = Some(MessageId::new("summary").unwrap());
    bench.sender.send("device-token", &grouped).await;
    let android = bench.provider.message().await.json()["message"]["android"].clone();
    assert_eq!(android["collapse_key"], "summary");
    assert_eq!(android["notification"]["tag"], "summary");
}

#[tokio::test]
async fn what_is_signed_for_the_access_token_verifies() {
    let mut bench = Bench::new().await;
    bench.send().await;
    let asked = bench.provider.tokens_asked();
    let form = String::from_utf8(asked[0].body.to_vec()).unwrap();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(pairs[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = &pairs[1].1;
    let (header, claims) = parts_of(assertion);
    assert_eq!(
        header,
        json!({ "alg": "RS256", "typ": "JWT", "kid": "key-1" })
    );
    let expected = json!({
        "iss": "push@confio.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "aud": format!("{}/token", bench.provider.url()),
        "iat": NOW_MS / 1_000,
        "exp": NOW_MS / 1_000 + 3_600,
    });
    assert_eq!(claims, expected);
    let given = json!({ "algorithm": "RS256", "token": assertion, "private_key": RSA_KEY });
    if let Some(verified) = oracle::ask("tokens.py", &given) {
        assert_eq!(verified, json!(true));
    }
}

#[tokio::test]
async fn one_access_token_serves_until_it_runs_out() {
    let mut bench = Bench::new().await;
    let attempts = join_all((0..20).map(|_| bench.send())).await;
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.outcome == Outcome::Delivered)
    );
    assert_eq!(bench.provider.tokens_asked().len(), 1);
    // Five minutes before the end another is asked for.
    bench.clock.set(NOW_MS + 55 * 60_000 - 1);
    bench.send().await;
    assert_eq!(bench.provider.tokens_asked().len(), 0);
    bench.clock.set(NOW_MS + 55 * 60_000);
    bench.send().await;
    assert_eq!(bench.provider.tokens_asked().len(), 1);
}

#[tokio::test]
async fn a_withdrawn_access_token_is_renewed_once() {
    let mut bench = Bench::new().await;
    bench.provider.says(fcm_error(401, "UNAUTHENTICATED", ""));
    assert_eq!(bench.send().await.outcome, Outcome::Delivered);
    assert_eq!(bench.provider.tokens_asked().len(), 2);
    assert_eq!(
        bench.provider.message().await.header("authorization"),
        "Bearer access-1"
    );
    assert_eq!(
        bench.provider.message().await.header("authorization"),
        "Bearer access-2"
    );
    for _ in 0..2 {
        bench.provider.says(fcm_error(401, "UNAUTHENTICATED", ""));
    }
    let attempt = bench.send().await;
    assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
    assert_eq!(attempt.error, Some(ErrorClass::Credentials));
    assert_eq!(bench.provider.messages_left(), 2);
    // Apple's credentials at Google are not mended by a new token.
    bench.provider.tokens_asked();
    bench
        .provider
        .says(fcm_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"));
    assert_eq!(bench.send().await.error, Some(ErrorClass::Credentials));
    assert_eq!(bench.provider.tokens_asked().len(), 0);
}

#[tokio::test]
async fn words_of_google_become_outcomes() {
    let bench = Bench::new().await;
    let slow = |after_ms| Outcome::SlowDown { after_ms };
    let table = [
        (fcm_error(404, "NOT_FOUND", "UNREGISTERED"), Outcome::Gone),
        (
            fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED").header("retry-after", "90"),
            slow(Some(90_000)),
        ),
        (
            fcm_error(503, "UNAVAILABLE", "UNAVAILABLE").header("retry-after", "3"),
            slow(Some(3_000)),
        ),
        (
            fcm_error(500, "INTERNAL", "INTERNAL"),
            Outcome::Retry { after_ms: None },
        ),
    ];
    for (said, outcome) in table {
        bench.provider.says(said);
        assert_eq!(bench.send().await.outcome, outcome);
    }
    bench
        .provider
        .says(fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"));
    assert_eq!(bench.send().await.outcome.as_str(), "refused");
}

#[tokio::test]
async fn what_google_would_refuse_is_not_sent() {
    let mut bench = Bench::new().await;
    let refused = |attempt: Attempt| (attempt.outcome.as_str(), attempt.error);
    for key in ["from", "message_type", "google.x", "gcm.y"] {
        let mut reserved = message();
        reserved.data.insert(key.to_owned(), "1".to_owned());
        let attempt = bench.sender.send("t", &reserved).await;
        assert_eq!(
            refused(attempt),
            ("refused", Some(ErrorClass::Message)),
            "{key}"
        );
    }
    let mut large = message();
    let used: usize = large.title.len() + "kindSEND_RECEIVED".len();
    large.body = "x".repeat(4_096 - used);
    assert_eq!(
        bench.sender.send("t", &large).await.outcome,
        Outcome::Delivered
    );
    large.body.push('x');
    assert_eq!(
        refused(bench.sender.send("t", &large).await),
        ("refused", Some(ErrorClass::Message))
    );
    let longest = "t".repeat(TOKEN_BYTES_MAX);
    assert_eq!(
        bench.sender.send(&longest, &message()).await.outcome,
        Outcome::Delivered
    );
    assert_eq!(
        bench
            .sender
            .send(&format!("{longest}t"), &message())
            .await
            .outcome,
        Outcome::Gone
    );
    assert_eq!(
        bench.sender.send("", &message()).await.outcome,
        Outcome::Gone
    );
    assert_eq!(bench.provider.messages_left(), 2);
}

#[tokio::test]
async fn new_credentials_serve_the_next_attempt_and_broken_ones_none() {
    let mut bench = Bench::new().await;
    bench.send().await;
    assert_eq!(
        bench.provider.message().await.path,
        "/v1/projects/confio/messages:send"
    );
    bench
        .file
        .replace(&account(&bench.provider.url(), "confio-2"));
    bench.send().await;
    let got = bench.provider.message().await;
    assert_eq!(got.path, "/v1/projects/confio-2/messages:send");
    assert_eq!(got.header("authorization"), "Bearer access-2");
    bench.file.replace("{");
    assert_eq!(bench.send().await.outcome, Outcome::Delivered);
    assert_eq!(
        bench.provider.message().await.path,
        "/v1/projects/confio-2/messages:send"
    );
    let problem = bench.sender.credentials_problem().unwrap();
    assert!(problem.contains("service account"), "{problem}");
    bench
        .file
        .replace(&account(&bench.provider.url(), "confio-3"));
    bench.send().await;
    assert_eq!(
        bench.provider.message().await.path,
        "/v1/projects/confio-3/messages:send"
    );
    assert_eq!(bench.sender.credentials_problem(), None);
}

#[tokio::test]
async fn without_an_access_token_nothing_is_sent_and_nobody_insists() {
    let mut bench = Bench::new().await;
    let refusal =
        json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." });
    bench.provider.says_to_tokens(Said::new(400, &refusal));
    let attempts = join_all((0..20).map(|_| bench.send())).await;
    for attempt in attempts {
        assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
        assert_eq!(attempt.error, Some(ErrorClass::Credentials));
        assert!(
            attempt.operator_detail.contains("invalid_grant"),
            "{attempt:?}"
        );
    }
    assert_eq!(bench.provider.tokens_asked().len(), 1);
    assert_eq!(bench.provider.messages_left(), 0);
    bench.clock.set(NOW_MS + 1_000);
    assert_eq!(bench.send().await.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn a_provider_that_hangs_costs_the_deadline() {
    let bench = Bench::with(Provider::hanging().await, short());
    let attempts = join_all((0..20).map(|_| bench.send())).await;
    for attempt in attempts {
        assert_eq!(attempt.error, Some(ErrorClass::Timeout), "{attempt:?}");
        // Who came later shares the failure of the first, and may so know it sooner.
        assert!(attempt.duration_ms < 2_000, "{attempt:?}");
    }
}

#[tokio::test]
async fn a_provider_that_comes_back_is_reached_again() {
    let Bench {
        provider, sender, ..
    } = Bench::new().await;
    let sent = sender.send("t", &message()).await;
    assert_eq!(sent.outcome, Outcome::Delivered);
    let address = provider.end().await;
    let attempt = sender.send("t", &message()).await;
    assert_eq!(
        attempt.outcome,
        Outcome::Retry { after_ms: None },
        "{attempt:?}"
    );
    let mut provider = Provider::start_at(address).await;
    let attempt = sender.send("t", &message()).await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    assert_eq!(provider.messages_left(), 1);
}

#[tokio::test]
async fn a_thousand_at_once_share_a_connection() {
    let Bench {
        mut provider,
        sender,
        ..
    } = Bench::new().await;
    let all_message = message();
    let sending = join_all((0..1_000).map(|_| sender.send("t", &all_message)));
    let receiving = async {
        for _ in 0..1_000 {
            provider.message().await;
        }
    };
    let (attempts, ()) = tokio::join!(sending, receiving);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.outcome == Outcome::Delivered)
    );
    assert_eq!(provider.tokens_asked().len(), 1);
}

#[tokio::test]
async fn over_tls_too() {
    let authority = tls::Authority::new();
    let mut provider = Provider::over_tls(authority.acceptor("localhost", &["h2"])).await;
    let url = format!("https://localhost:{}", provider.address.port());
    let file = CredentialsFile::new(&account(&url, "confio"));
    let settings = FcmSettings {
        url,
        ca_pem: Some(authority.pem()),
        ..FcmSettings::new(file.path())
    };
    let sender = FcmSender::new(settings, clock()).unwrap();
    let attempt = sender.send("device-token", &message()).await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    assert_eq!(provider.messages_left(), 1);
}

#[test]
fn credentials_that_are_none_are_refused_without_showing_them() {
    let good: Value = serde_json::from_str(&account("http://127.0.0.1:1", "confio")).unwrap();
    let with = |name: &str, value: &str| {
        let mut changed = good.clone();
        changed[name] = value.into();
        changed.to_string()
    };
    let table = [
        ("S3CRET".to_owned(), "service account"),
        (r#"{"private_key":"S3CRET"}"#.to_owned(), "service account"),
        (with("private_key", "S3CRET"), "private_key"),
        (with("project_id", "../S3CRET"), "project_id"),
        (with("token_uri", "http://example.com/S3CRET"), "token_uri"),
    ];
    for (content, expected) in table {
        let file = CredentialsFile::new(&content);
        let error = FcmSender::new(FcmSettings::new(file.path()), clock()).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(
            said.contains(expected) && !said.contains("S3CRET"),
            "{said}"
        );
    }
}
