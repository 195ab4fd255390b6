//! Signing in as browsers and programs do it.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use vigia_core::{Clock as _, Locale, UserRole};
use vigia_store::{SignInStore as _, TokenScope, TokenSpec, UserSpec};
use vigia_web::{Secret, SignInSettings, TOKEN_PREFIX, password_hash};

use crate::app::TestApp;

pub(crate) const PASSWORD: &str = "una contraseña larga";
const LIFETIME: Duration = Duration::from_secs(3_600);

pub(crate) fn settings(https: bool) -> SignInSettings {
    SignInSettings {
        session_lifetime: LIFETIME,
        https,
    }
}

/// Ana and Beto with a transfer between them, and an operator.
pub(crate) async fn app(https: bool) -> TestApp {
    let app = TestApp::with_sign_in(settings(https)).await;
    app.register("Ana").await;
    app.transfer(0).await;
    let hash = password_hash(PASSWORD).unwrap();
    for (name, role) in [("ana", UserRole::User), ("root", UserRole::Operator)] {
        let spec = UserSpec {
            external_id: name.to_owned(),
            display_name: name.to_owned(),
            locale: Locale::Pt,
        };
        let set = app.store.login_set(&spec, role, Some(&hash));
        set.await.unwrap();
    }
    app
}

pub(crate) async fn sign_in(app: &TestApp, name: &str, password: &str, next: &str) -> Response {
    let form = [("name", name), ("password", password), ("next", next)];
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = app
        .post("/sign-in")
        .header("origin", format!("http://{}", app.address))
        .header("user-agent", "a browser")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    request.send().await.unwrap()
}

/// The cookie that a reply sets, name and value; its attributes have to be as they should.
pub(crate) fn cookie(response: &Response, secure: bool) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
    assert_eq!(cookie.starts_with("__Host-"), secure, "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn feed(app: &TestApp, cookie: &str) -> Response {
    let request = app
        .get("/")
        .header("accept", "text/html")
        .header("accept-language", "en")
        .header("cookie", cookie);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_browser_signs_in_reads_and_signs_out() {
    let app = app(false).await;
    // A page leads to the form, which leads back.
    let request = app.get("/inbox?after=3").header("accept", "text/html");
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), 303);
    assert_eq!(
        refused.headers()["location"],
        "/sign-in?next=%2Finbox%3Fafter%3D3"
    );
    let form = app.page("/sign-in?next=%2Finbox%3Fafter%3D3").await;
    assert!(form.contains("value=\"/inbox?after=3\""), "{form}");

    let entered = sign_in(&app, "ana", PASSWORD, "/inbox?after=3").await;
    assert_eq!(entered.status(), 303);
    assert_eq!(entered.headers()["location"], "/inbox?after=3");
    let session = cookie(&entered, false);
    let page = feed(&app, &session).await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    // In her own language, with her name and her part of the transfer alone.
    assert!(page.contains("<html lang=\"es\""), "{page}");
    assert!(
        page.contains("Ana</span><button type=\"submit\">Cerrar"),
        "{page}"
    );
    assert_eq!(page.matches("data-activity=").count(), 1, "{page}");
    let sessions = app.store.session_list(None).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(
        (&*sessions[0].user, &*sessions[0].client),
        ("ana", "a browser")
    );

    let out = app.post("/sign-out").header("cookie", &session);
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), 303);
    assert!(
        out.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(
        feed(&app, &session).await.status(),
        303,
        "the cookie is worth nothing"
    );
}

#[tokio::test]
async fn what_is_wrong_is_not_told_apart() {
    let app = app(false).await;
    let said = async |name: &str, password: &str| {
        let refused = sign_in(&app, name, password, "/").await;
        assert_eq!(refused.status(), 401, "{name}");
        assert!(refused.headers().get("set-cookie").is_none());
        let page = refused.text().await.unwrap();
        assert!(page.contains("role=\"alert\""), "{page}");
        page.replace(&format!("value=\"{name}\""), "value=\"\"")
    };
    let wrong = said("ana", "not her password").await;
    // Beto has no password, and nobody is called so.
    assert_eq!(said("beto", PASSWORD).await, wrong);
    assert_eq!(said("nobody", PASSWORD).await, wrong);
    assert_eq!(said("ana", "").await, wrong);
    assert_eq!(app.store.session_list(None).await.unwrap(), []);
}

#[tokio::test]
async fn guessing_is_slow() {
    let app = app(false).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&app, "ana", "wrong again", "/").await.status(), 401);
    }
    let waits = sign_in(&app, "ana", PASSWORD, "/").await;
    assert_eq!(waits.status(), 429);
    assert_eq!(waits.headers()["retry-after"], "300");
    assert!(waits.text().await.unwrap().contains("5 min"));
    assert_eq!(sign_in(&app, "root", PASSWORD, "/").await.status(), 303);
    app.clock.set(app.clock.now_ms() + 300_000);
    assert_eq!(sign_in(&app, "ana", PASSWORD, "/").await.status(), 303);
}

#[tokio::test]
async fn a_link_cannot_lead_elsewhere() {
    let app = app(false).await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "",
    ] {
        let entered = sign_in(&app, "ana", PASSWORD, next).await;
        assert_eq!(entered.headers()["location"], "/", "{next}");
    }
    let form = app.page("/sign-in?next=https%3A%2F%2Fevil.example").await;
    assert!(!form.contains("evil"), "{form}");
    // Another site cannot sign anybody in or out.
    for path in ["/sign-in", "/sign-out"] {
        let request = app.post(path).header("origin", "https://evil.example");
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
    let broken = app.post("/sign-in").body("name=a");
    assert_eq!(broken.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_session_ends_unless_it_is_used() {
    let app = app(true).await;
    let entered = sign_in(&app, "ana", PASSWORD, "/").await;
    assert_eq!(
        entered.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let session = cookie(&entered, true);
    let begun_ms = app.clock.now_ms();
    let lifetime_ms = u64::try_from(LIFETIME.as_millis()).unwrap();
    for (after_ms, status) in [
        (lifetime_ms - 1, 200),
        (2 * lifetime_ms - 2, 200),
        (3 * lifetime_ms - 2, 303),
    ] {
        app.clock.set(begun_ms + after_ms);
        assert_eq!(feed(&app, &session).await.status(), status, "{after_ms}");
    }
}

pub(crate) async fn token(app: &TestApp, user: &str, scope: TokenScope) -> Secret {
    let secret = Secret::generate(TOKEN_PREFIX).unwrap();
    let login = app.store.login_find(user).await.unwrap().unwrap();
    let spec = TokenSpec {
        secret_hash: secret.hash(),
        user: login.user.id,
        name: "a program".to_owned(),
        scope,
        expires_at_ms: None,
    };
    app.store.token_create(&spec).await.unwrap().unwrap();
    secret
}

pub(crate) async fn ask(app: &TestApp, authorization: Option<&str>, query: &str) -> (u16, Value) {
    let mut request = app.post("/graphql").json(&json!({ "query": query }));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

#[tokio::test]
async fn programs_sign_in_by_tokens() {
    let app = app(false).await;
    let activities = "{ activities { nodes { kind } } }";
    let failed = "{ failedTransactions { nodes { digest } } }";
    for (user, scope, seen, operates) in [
        ("ana", TokenScope::Full, 1, false),
        ("root", TokenScope::Full, 2, true),
        ("root", TokenScope::Read, 0, false),
    ] {
        let secret = token(&app, user, scope).await;
        let bearer = format!("Bearer {}", secret.expose());
        let (status, reply) = ask(&app, Some(&bearer), activities).await;
        assert_eq!(status, 200, "{reply}");
        let nodes = reply["data"]["activities"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), seen, "{user} {scope:?}");
        let (_, reply) = ask(&app, Some(&bearer), failed).await;
        assert_eq!(
            reply["errors"].is_null(),
            operates,
            "{user} {scope:?} {reply}"
        );
    }
    // What may only read changes nothing, not even of its user's own.
    let digest = crate::sample::digest(9);
    let announce = format!(
        "mutation {{ announce(input: {{ account: \"ana\", direction: OUT, digest: \"{digest}\" }}) {{ id }} }}"
    );
    let invoice = "mutation { createInvoice(account: \"ana\", address: \"0x1\", coin: \"CUSD\", amount: \"1\") { id } }";
    for query in [
        &*announce,
        invoice,
        "mutation { cancelInvoice(id: 1) { id } }",
    ] {
        for (scope, code) in [(TokenScope::Read, "FORBIDDEN"), (TokenScope::Full, "")] {
            let secret = token(&app, "ana", scope).await;
            let bearer = format!("Bearer {}", secret.expose());
            let (_, reply) = ask(&app, Some(&bearer), query).await;
            let said = &reply["errors"][0]["extensions"]["code"];
            assert_eq!(
                said == "FORBIDDEN",
                code == "FORBIDDEN",
                "{scope:?} {query}: {reply}"
            );
        }
    }
    let token_id = app.store.token_list(None).await.unwrap()[0].id;
    let secret = token(&app, "ana", TokenScope::Read).await;
    assert!(app.store.token_revoke(token_id).await.unwrap());
    let bearer = format!("bearer {}", secret.expose());
    assert_eq!(ask(&app, Some(&bearer), activities).await.0, 200);
    for wrong in [
        None,
        Some("Bearer vigia_nobody".to_owned()),
        Some("Bearer".to_owned()),
        Some(format!("Basic {}", secret.expose())),
        Some(format!("Bearer {}x", secret.expose())),
    ] {
        let (status, reply) = ask(&app, wrong.as_deref(), activities).await;
        assert_eq!(status, 401, "{wrong:?}");
        let code = &reply["errors"][0]["extensions"]["code"];
        assert_eq!(code, "UNAUTHENTICATED", "{reply}");
    }
}

/// Everything but what says that vigia lives, its looks, and the form itself.
#[tokio::test]
async fn nothing_is_told_to_nobody() {
    let app = app(false).await;
    let digest = crate::sample::digest(0);
    let tx = format!("/tx/{digest}");
    for path in [
        "/",
        &tx,
        "/balances",
        "/trades",
        "/v1/events?endpoint=x",
        "/invoices",
        "/inbox",
        "/ingestion",
        "/failed",
        "/settings",
        "/endpoints",
        "/endpoints/new",
        "/endpoints/we_0",
        "/actions",
        "/users",
        "/schedules",
        "/search?q=x",
        "/live",
        "/metrics",
    ] {
        let refused = app.get(path).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        let said = refused.text().await.unwrap();
        assert!(!said.contains(&digest.to_string()), "{path}: {said}");
    }
    for path in ["retry", "discard"] {
        let refused = app.post(&format!("/failed/{digest}/{path}"));
        assert_eq!(refused.send().await.unwrap().status(), 401, "{path}");
    }
    for path in [
        "/settings",
        "/settings/device/remove",
        "/settings/session/end",
        "/settings/session/end-others",
        "/endpoints/new",
        "/endpoints/we_0",
        "/endpoints/we_0/edit",
        "/endpoints/we_0/remove",
        "/users",
        "/schedules",
    ] {
        let refused = app.post(path).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
    }
    for path in ["/healthz", "/readyz", "/sign-in", "/assets/vigia.css"] {
        assert_eq!(app.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    // Under any name: being reached by it proves nothing here.
    let named = app.get("/healthz").header("host", "vigia.example");
    assert_eq!(named.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn without_sign_in_there_is_no_form() {
    let app = TestApp::empty().await;
    assert_eq!(app.get("/sign-in").send().await.unwrap().status(), 404);
    for path in ["/sign-in", "/sign-out"] {
        assert_eq!(app.post(path).send().await.unwrap().status(), 404, "{path}");
    }
}
