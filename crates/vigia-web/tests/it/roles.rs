//! Who says what others may do: admins, on `/users` and by GraphQL, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vigia_core::{Locale, UserRole};
use vigia_store::{SignInStore as _, UserSpec};
use vigia_web::{Authenticator, SignIn, WebConfig};

use crate::app::{PATIENCE, TestApp};
use crate::applications::token;
use crate::sign_in::{PASSWORD, app, cookie, settings, sign_in};

async fn admin(app: &TestApp, name: &str) {
    let spec = UserSpec {
        external_id: name.to_owned(),
        display_name: name.to_owned(),
        locale: Locale::Es,
    };
    let set = app.store.login_set(&spec, UserRole::Admin, None).await;
    set.unwrap();
}

async fn role(app: &TestApp, name: &str) -> UserRole {
    app.store.login_find(name).await.unwrap().unwrap().role
}

#[tokio::test]
async fn admins_give_and_take_roles_on_the_page() {
    let app = TestApp::with_people("Ana").await;
    let (_, page) = app.seen(None, "/users?user=ana").await;
    assert!(page.contains("data-role-form"), "{page}");
    assert!(page.contains("<option value=\"user\" selected>"), "{page}");
    for (given, done) in [
        ("admin", "role-set"),
        ("admin", "nothing"),
        ("operator", "last-admin"),
    ] {
        let form = [("action", "set-role"), ("user", "ana"), ("role", given)];
        let to = app.sent(None, "/users", &form).await;
        assert_eq!(to, format!("/users?user=ana&done={done}"));
        let (_, page) = app.seen(None, &to).await;
        assert!(page.contains(&format!("data-done=\"{done}\"")), "{page}");
        assert_eq!(role(&app, "ana").await, UserRole::Admin);
    }
    // What was refused is not said to be done.
    assert_eq!(app.store_actions().await, [" set-role", " set-role"]);
    admin(&app, "second").await;
    let form = [("action", "set-role"), ("user", "ana"), ("role", "user")];
    app.sent(None, "/users", &form).await;
    assert_eq!(role(&app, "ana").await, UserRole::User);
    for form in [
        &[("action", "set-role"), ("user", "ana")][..],
        &[("action", "set-role"), ("user", "ana"), ("role", "king")],
        &[("action", "set-role"), ("user", "zoe"), ("role", "user")],
        &[("action", "set-role"), ("user", "a\0"), ("role", "user")],
    ] {
        let refused = app.send(None, "/users", form).await;
        assert_eq!(refused.status(), 400, "{form:?}");
    }
}

/// Operators see who is what, and change nothing of it; whoever is none is told that there is no such page.
#[tokio::test]
async fn nobody_else_does() {
    let app = app(false).await;
    admin(&app, "chief").await;
    let form = "action=set-role&user=root&role=admin";
    let send = async |name: &str, session: &str| {
        let request = app
            .post("/users")
            .header("origin", format!("http://{}", app.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", session)
            .body(form);
        (
            name.to_owned(),
            request.send().await.unwrap().status().as_u16(),
        )
    };
    for (name, status) in [("root", 403), ("ana", 404)] {
        let session = cookie(&sign_in(&app, name, PASSWORD, "/").await, false);
        assert_eq!(send(name, &session).await, (name.to_owned(), status));
        let secret = token(&app, name, "full").await;
        let query = "mutation { setUserRole(user: \"root\", role: ADMIN) { role } }";
        let request = app.post("/graphql").json(&json!({ "query": query }));
        let reply = request.bearer_auth(secret).send().await.unwrap();
        let reply: serde_json::Value = reply.json().await.unwrap();
        let code = &reply["errors"][0]["extensions"]["code"];
        assert_eq!(*code, "FORBIDDEN", "{reply}");
    }
    let session = cookie(&sign_in(&app, "root", PASSWORD, "/").await, false);
    let page = app.get("/users?user=ana").header("cookie", &session);
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("data-role-form"), "{page}");
    assert_eq!(role(&app, "root").await, UserRole::Operator);
}

#[tokio::test]
async fn roles_hold_from_the_next_request_on() {
    let app = app(false).await;
    admin(&app, "chief").await;
    let secret = token(&app, "chief", "full").await;
    let give = async |user: &str, role: &str| {
        let query = format!(
            "mutation {{ setUserRole(user: \"{user}\", role: {role}) {{ user role previousRole }} }}"
        );
        let request = app.post("/graphql").json(&json!({ "query": query }));
        let reply = request.bearer_auth(&secret).send().await.unwrap();
        reply.json::<serde_json::Value>().await.unwrap()
    };
    let session = cookie(&sign_in(&app, "root", PASSWORD, "/").await, false);
    let users = async || {
        let page = app.get("/users").header("cookie", &session).send().await;
        page.unwrap().status().as_u16()
    };
    assert_eq!(users().await, 200);
    let reply = give("root", "USER").await;
    let expected = json!({ "user": "root", "role": "USER", "previousRole": "OPERATOR" });
    assert_eq!(reply["data"]["setUserRole"], expected, "{reply}");
    assert_eq!(users().await, 404);
    give("root", "ADMIN").await;
    assert_eq!(users().await, 200);
    give("root", "OPERATOR").await;
    for (user, argument) in [("chief", "role"), ("zoe", "user")] {
        let reply = give(user, "USER").await;
        let extensions = &reply["errors"][0]["extensions"];
        assert_eq!(extensions["argument"], argument, "{reply}");
    }
    let reads = token(&app, "chief", "read").await;
    let query = "mutation { setUserRole(user: \"ana\", role: ADMIN) { role } }";
    let request = app.post("/graphql").json(&json!({ "query": query }));
    let reply = request.bearer_auth(reads).send().await.unwrap();
    let reply: serde_json::Value = reply.json().await.unwrap();
    assert_eq!(reply["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let actions = app.store_actions().await;
    assert_eq!(
        actions
            .iter()
            .filter(|said| *said == "chief setUserRole")
            .count(),
        5,
        "{actions:?}"
    );
}

/// What is read live ends with the role by which it may be.
#[tokio::test]
async fn who_was_an_operator_reads_live_no_longer() {
    let quick = |config: &mut WebConfig| {
        config.limits.recheck_interval = Duration::from_millis(20);
    };
    let app = TestApp::with_authenticator(quick, |store, clock| {
        let sign_in = SignIn::new(store, clock, settings(false));
        Arc::new(sign_in) as Arc<dyn Authenticator>
    });
    let app = app.await;
    admin(&app, "chief").await;
    admin(&app, "second").await;
    let secret = token(&app, "second", "full").await;
    for (role, path) in [
        (UserRole::Operator, "/live/ingestion"),
        (UserRole::User, "/live?after=0"),
    ] {
        let stream = app.get(path).bearer_auth(&secret).send().await.unwrap();
        assert_eq!(stream.status(), 200, "{path}");
        app.store.role_set("second", role).await.unwrap();
        let over = tokio::time::timeout(PATIENCE, stream.bytes()).await;
        assert!(over.unwrap().is_ok(), "{path}");
    }
}
