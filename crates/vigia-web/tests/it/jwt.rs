//! Tokens of another issuer as applications send them.

mod issuer;
mod live;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use vigia_core::{Clock as _, Locale, UserRole};
use vigia_store::{ApplicationChange, ApplicationStore as _, SignInStore as _, UserSpec};
use vigia_web::{JWT_BYTES_MAX, JwtAlgorithm, JwtSettings, JwtVerifier, SignIn, WebConfig};

use crate::app::TestApp;
use crate::sign_in::{ask, settings, token};
use issuer::{AUDIENCE, ISSUER, Key, Published, content, encode, shared_secret_token};

const LEEWAY_MS: u64 = 60_000;
const REFRESH_MS: u64 = 600_000;
const STALE_MS: u64 = 3_600_000;
/// Shortest time between two questions to an issuer.
const ASK_INTERVAL_MS: u64 = 10_000;
const ACTIVITIES: &str = "{ activities { nodes { kind } } }";

/// Ana and Beto with a transfer between them, an operator, and an issuer that publishes these keys.
async fn app(published: &Arc<Published>, configure: impl FnOnce(&mut WebConfig)) -> TestApp {
    let jwt = JwtSettings {
        issuer: ISSUER.to_owned(),
        audiences: vec!["other".to_owned(), AUDIENCE.to_owned()],
        algorithms: JwtAlgorithm::ALL.to_vec(),
        leeway: Duration::from_millis(LEEWAY_MS),
        refresh: Duration::from_millis(REFRESH_MS),
        stale_if_error: Duration::from_millis(STALE_MS),
    };
    let source = Arc::clone(published);
    let app = TestApp::with_authenticator(configure, |store, clock| {
        let verifier = JwtVerifier::new(jwt, source, clock.clone());
        Arc::new(SignIn::new(store, clock, settings(false)).with_jwt(verifier))
    })
    .await;
    app.register("Ana").await;
    app.transfer(0).await;
    let spec = UserSpec {
        external_id: "root".to_owned(),
        display_name: "root".to_owned(),
        locale: Locale::Es,
    };
    let set = app.store.login_set(&spec, UserRole::Admin, None);
    set.await.unwrap();
    app
}

/// What a token of Ana's claims, for an hour from now.
fn claims(app: &TestApp) -> Value {
    let now = app.clock.now_ms() / 1_000;
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 3_600 })
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

/// Status, code and words of a refusal, if it is one.
async fn said(app: &TestApp, token: &str) -> (u16, String, String) {
    let bearer = format!("Bearer {token}");
    let (status, reply) = ask(app, Some(&bearer), ACTIVITIES).await;
    let error = &reply["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (code, words) = (text(&error["extensions"]["code"]), text(&error["message"]));
    (status, code, words)
}

#[tokio::test]
async fn a_user_asks_by_each_algorithm() {
    let keys = [Key::rsa(), Key::p256(), Key::ed25519()];
    let jwks = keys.iter().map(|key| key.jwk(key.algorithm())).collect();
    let published = Published::new(jwks);
    let app = app(&published, |_| {}).await;
    for key in &keys {
        let bearer = format!("Bearer {}", key.token(key.algorithm(), &claims(&app)));
        let (status, reply) = ask(&app, Some(&bearer), ACTIVITIES).await;
        assert_eq!(status, 200, "{} {reply}", key.algorithm());
        let nodes = reply["data"]["activities"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 1, "her part of the transfer alone");
    }
    assert_eq!(published.asked(), 1, "keys are kept");

    // An issuer makes no operator, whoever its subject is.
    let root = keys[0].token("RS256", &with(&claims(&app), "sub", json!("root")));
    let bearer = format!("Bearer {root}");
    let failed = "{ failedTransactions { nodes { digest } } }";
    let (status, reply) = ask(&app, Some(&bearer), failed).await;
    let code = &reply["errors"][0]["extensions"]["code"];
    assert_eq!((status, code), (200, &json!("FORBIDDEN")), "{reply}");
    // One of several audiences is enough.
    let both = with(&claims(&app), "aud", json!(["elsewhere", AUDIENCE]));
    assert_eq!(said(&app, &keys[0].token("RS256", &both)).await.0, 200);
}

#[tokio::test]
async fn what_does_not_count_is_refused_with_the_reason() {
    let (rsa, p256, other) = (Key::rsa(), Key::p256(), Key::p256());
    let published = Published::new(vec![rsa.jwk("r"), p256.jwk("e")]);
    let app = app(&published, |_| {}).await;
    let good = claims(&app);
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let modulus = rsa.jwk("r")["n"].as_str().unwrap().to_owned();
    let unsigned = content(&header("none", "r"), &good);
    let mut without_exp = good.clone();
    without_exp.as_object_mut().unwrap().remove("exp");
    let algorithm = "its algorithm does not count here";
    let signature = "no key of its issuer signed it";
    let malformed = "no signed JWT";
    let cases = [
        (
            rsa.token("r", &with(&good, "aud", json!("else"))),
            "another audience",
        ),
        (
            rsa.token("r", &with(&good, "aud", json!([]))),
            "another audience",
        ),
        (
            rsa.token("r", &with(&good, "iss", json!("https://else"))),
            "another issuer",
        ),
        (
            rsa.token("r", &with(&good, "exp", json!(1))),
            "it has expired",
        ),
        (
            rsa.token("r", &with(&good, "nbf", json!(u64::MAX))),
            "not valid yet",
        ),
        (
            rsa.token("r", &with(&good, "iat", json!(9e9))),
            "issued in the future",
        ),
        (
            rsa.token("r", &with(&good, "sub", json!(""))),
            "subject is empty",
        ),
        (rsa.token("r", &with(&good, "sub", json!(7))), "claims"),
        (rsa.token("r", &with(&good, "exp", json!(-1))), "claims"),
        (rsa.token("r", &without_exp), "claims"),
        // No signature at all, in every way to write that.
        (format!("{unsigned}."), algorithm),
        (unsigned, malformed),
        (rsa.token_of(&header("None", "r"), &good), algorithm),
        // The public key as a shared secret.
        (
            shared_secret_token(modulus.as_bytes(), &header("HS256", "r"), &good),
            algorithm,
        ),
        (
            shared_secret_token(modulus.as_bytes(), &header("RS256", "r"), &good),
            signature,
        ),
        // Keys check what their kind signs.
        (rsa.token_of(&header("ES256", "r"), &good), signature),
        (p256.token_of(&header("RS256", "e"), &good), signature),
        (rsa.token_of(&header("RS256", "e"), &good), signature),
        (rsa.token_of(&header("PS256", "r"), &good), algorithm),
        (other.token("e", &good), signature),
        // Which of two it is does not say itself.
        (rsa.token_of(&json!({ "alg": "RS256" }), &good), signature),
        (
            rsa.token_of(
                &json!({ "alg": "RS256", "kid": "r", "crit": ["b64"] }),
                &good,
            ),
            "crit",
        ),
        (
            rsa.token_of(
                &json!({ "alg": "RS256", "kid": "r", "typ": "dpop+jwt" }),
                &good,
            ),
            "typ",
        ),
        (format!("{}.AA", rsa.token("r", &good)), malformed),
        ("eyJ".to_owned(), malformed),
        ("..".to_owned(), malformed),
        (encode(b"{}"), malformed),
    ];
    for (token, why) in cases {
        let (status, code, words) = said(&app, &token).await;
        assert_eq!((status, &*code), (401, "UNAUTHENTICATED"), "{why}: {words}");
        assert!(words.contains(why), "{why}: {words}");
        assert!(!words.contains(&token), "{words}");
    }
    let request = app
        .post("/graphql")
        .bearer_auth("e30.e30.AA")
        .json(&json!({}));
    let refused = request.send().await.unwrap();
    let challenge = &refused.headers()["www-authenticate"];
    assert_eq!(challenge, "Bearer error=\"invalid_token\"");
}

#[tokio::test]
async fn a_token_has_a_length() {
    let key = Key::ed25519();
    let app = app(&Published::new(vec![key.jwk("k")]), |_| {}).await;
    let padded = |bytes: usize| {
        let claims = with(&claims(&app), "more", json!("x".repeat(bytes)));
        key.token("k", &claims)
    };
    // Three bytes are four letters of the token.
    let longest = (0..4).map(|n| JWT_BYTES_MAX * 3 / 4 - padded(0).len() * 3 / 4 - n);
    let longest = longest
        .map(padded)
        .find(|token| token.len() <= JWT_BYTES_MAX);
    assert_eq!(said(&app, &longest.unwrap()).await.0, 200);
    for bytes in [JWT_BYTES_MAX * 3 / 4, 40 * 1024] {
        let (status, _, words) = said(&app, &padded(bytes)).await;
        assert_eq!(status, 401);
        assert!(words.contains("longer than 8192 bytes"), "{words}");
    }
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let key = Key::ed25519();
    let app = app(&Published::new(vec![key.jwk("k")]), |_| {}).await;
    let claims = claims(&app);
    let (begun, end) = (app.clock.now_ms(), claims["exp"].as_u64().unwrap() * 1_000);
    let token = key.token("k", &claims);
    for (now_ms, status) in [
        (begun / 1_000 * 1_000 - LEEWAY_MS, 200),
        (begun / 1_000 * 1_000 - LEEWAY_MS - 1, 401),
        (end + LEEWAY_MS - 1, 200),
        (end + LEEWAY_MS, 401),
    ] {
        app.clock.set(now_ms);
        assert_eq!(said(&app, &token).await.0, status, "{now_ms}");
    }
}

#[tokio::test]
async fn an_unknown_subject_is_told_so() {
    let key = Key::ed25519();
    let app = app(&Published::new(vec![key.jwk("k")]), |_| {}).await;
    let long = "x".repeat(8_00);
    for subject in ["nobody", "Ana", "ana\u{0}", "ana\n", &long] {
        let token = key.token("k", &with(&claims(&app), "sub", json!(subject)));
        let (status, code, words) = said(&app, &token).await;
        assert_eq!((status, &*code), (403, "UNKNOWN_SUBJECT"), "{subject:?}");
        assert!(words.contains("external id"), "{words}");
    }
    // So is who was disabled, in the same words.
    let change = ApplicationChange::UserEnabled {
        user: "ana".to_owned(),
        enabled: false,
    };
    app.store.application_apply(&[change]).await.unwrap();
    let of_ana = key.token("k", &claims(&app));
    assert_eq!(said(&app, &of_ana).await.1, "UNKNOWN_SUBJECT");
    // A page says so too.
    let token = key.token("k", &with(&claims(&app), "sub", json!("nobody")));
    let page = app
        .get("/")
        .header("accept", "text/html")
        .bearer_auth(token);
    assert_eq!(page.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn keys_rotate_and_forged_names_ask_no_more() {
    let (old, new) = (Key::p256(), Key::ed25519());
    let published = Published::new(vec![old.jwk("old")]);
    let app = app(&published, |_| {}).await;
    let [old_token, new_token] =
        [(&old, "old"), (&new, "new")].map(|(key, id)| key.token(id, &claims(&app)));
    assert_eq!(said(&app, &old_token).await.0, 200);
    published.set(Some(vec![old.jwk("old"), new.jwk("new")]));
    for forged in 0..20 {
        let token = new.token(&format!("forged-{forged}"), &claims(&app));
        assert_eq!(said(&app, &token).await.0, 401);
    }
    assert_eq!(published.asked(), 1, "it was asked just now");

    app.clock.set(app.clock.now_ms() + ASK_INTERVAL_MS);
    assert_eq!(said(&app, &new_token).await.0, 200);
    assert_eq!(said(&app, &old_token).await.0, 200);
    assert_eq!(published.asked(), 2);
    // What the issuer took back counts until the keys are asked for again, which nobody waits for.
    published.set(Some(vec![new.jwk("new")]));
    app.clock.set(app.clock.now_ms() + REFRESH_MS);
    assert_eq!(said(&app, &old_token).await.0, 200);
    published.asked_times(3).await;
    assert_eq!(said(&app, &new_token).await.0, 200);
    app.clock.set(app.clock.now_ms() + ASK_INTERVAL_MS);
    assert_eq!(said(&app, &old_token).await.0, 401);
}

#[tokio::test]
async fn keys_count_for_a_while_without_their_issuer() {
    let key = Key::ed25519();
    let published = Published::new(vec![key.jwk("k")]);
    let app = app(&published, |_| {}).await;
    let begun_ms = app.clock.now_ms();
    let forever = with(&claims(&app), "exp", json!(u64::MAX));
    let of_anybody = key.token("k", &forever);
    assert_eq!(said(&app, &of_anybody).await.0, 200);
    published.set(None);
    for after_ms in [REFRESH_MS, STALE_MS - 1] {
        app.clock.set(begun_ms + after_ms);
        assert_eq!(said(&app, &of_anybody).await.0, 200, "{after_ms}");
    }
    app.clock.set(begun_ms + STALE_MS);
    let (status, code, words) = said(&app, &of_anybody).await;
    assert_eq!((status, &*code), (503, "UNAVAILABLE"), "{words}");
    assert!(words.contains("keys"), "{words}");
    // Nobody else has to do without.
    let own = token(&app, "root", vigia_store::TokenScope::Full).await;
    assert_eq!(said(&app, own.expose()).await.0, 200);
    published.set(Some(vec![key.jwk("k")]));
    app.clock.set(begun_ms + STALE_MS + ASK_INTERVAL_MS);
    assert_eq!(said(&app, &of_anybody).await.0, 200);
}

#[tokio::test]
async fn a_key_set_that_is_none_counts_for_nothing() {
    let key = Key::ed25519();
    let published = Published::new(vec![json!({ "kty": "oct", "kid": "k", "k": "AAAA" })]);
    let app = app(&published, |_| {}).await;
    let of_ana = key.token("k", &claims(&app));
    assert_eq!(said(&app, &of_ana).await.0, 503);
    assert_eq!(said(&app, &of_ana).await.0, 503);
    assert_eq!(published.asked(), 1, "not for each request");
}
