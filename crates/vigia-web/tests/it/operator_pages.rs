//! `/actions`, `/users` and `/schedules`: what operators see and do there, and nobody else.

use serde_json::json;
use vigia_core::{Clock as _, Locale, MissedPolicy, UserRole};
use vigia_store::{
    Action, ActionStore as _, ActionWay, ScheduleSpec, ScheduleStore as _, SessionSpec,
    SignInStore as _, TokenScope, TokenSpec, UserSpec,
};

use crate::app::{TestApp, USER_HEADER};

/// A user with a session and a token, and a job.
async fn app() -> TestApp {
    let app = TestApp::with_people("Ana").await;
    let spec = UserSpec {
        external_id: "rosa <i>".to_owned(),
        display_name: "Rosa".to_owned(),
        locale: Locale::Es,
    };
    let role = UserRole::Operator;
    let user = app
        .store
        .login_set(&spec, role, Some("$argon2id$x"))
        .await
        .unwrap();
    let session = SessionSpec {
        secret_hash: [1; 32],
        user,
        client: "Firefox <b>".to_owned(),
        expires_at_ms: app.clock.now_ms() + 1_000_000,
    };
    app.store.session_begin(&session).await.unwrap();
    let token = TokenSpec {
        secret_hash: [2; 32],
        user,
        name: "deploys".to_owned(),
        scope: TokenScope::Full,
        expires_at_ms: None,
    };
    app.store.token_create(&token).await.unwrap();
    let schedule = ScheduleSpec {
        name: "raw_cleanup".to_owned(),
        pattern: "every 5m".to_owned(),
        time_zone: "UTC".to_owned(),
        missed: MissedPolicy::Once,
        next_at_ms: Some(app.clock.now_ms() + 60_000),
    };
    app.store.schedule_declare(&schedule).await.unwrap();
    app
}

fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

const ROSA: &str = "/users?user=rosa+%3Ci%3E";

#[tokio::test]
async fn who_signs_in_is_seen_and_ended() {
    let app = app().await;
    let (_, page) = app.seen(None, "/users").await;
    shows(
        &page,
        &[
            "data-user=\"rosa &lt;i&gt;\"",
            "data-role=\"operator\"",
            "by password",
            "href=\"/users?user=rosa+%3Ci%3E\"",
        ],
    );
    assert!(!page.contains("argon2"), "{page}");
    let (_, page) = app.seen(None, ROSA).await;
    shows(
        &page,
        &[
            "Firefox &lt;b&gt;",
            "deploys",
            "never used",
            "does not end",
            "data-role-form",
        ],
    );
    let token = app.store.token_list(None).await.unwrap()[0].id.to_string();
    let user = ("user", "rosa <i>");
    for done in ["revoked", "nothing"] {
        let form = [("action", "revoke-token"), user, ("id", &*token)];
        assert_eq!(
            app.sent(None, "/users", &form).await,
            format!("{ROSA}&done={done}")
        );
    }
    assert_eq!(app.store.token_list(None).await.unwrap(), []);
    for done in ["sessions-ended", "nothing"] {
        let form = [("action", "end-sessions"), user];
        let to = app.sent(None, "/users", &form).await;
        assert_eq!(to, format!("{ROSA}&done={done}"));
        let (_, page) = app.seen(None, &to).await;
        shows(&page, &[&format!("data-done=\"{done}\"")]);
    }
    assert_eq!(app.store.session_list(None).await.unwrap(), []);
    assert_eq!(app.store_actions().await.len(), 4);
    // Who has no role is found by their id.
    assert_eq!(app.seen(None, "/users?user=ana").await.0, 200);
    for path in [
        "/users?user=zoe",
        "/users?user=%00",
        "/users?after=a%00",
        "/users?user=%ff",
        "/users?user=a&user=b",
    ] {
        assert_eq!(app.seen(None, path).await.0, 400, "{path}");
    }
    for form in [
        &[("action", "end-sessions"), ("user", "zoe")][..],
        &[("action", "end-sessions"), ("user", "a\0")],
        &[("action", "revoke-token"), user],
        &[("action", "revoke-token"), user, ("id", "x")],
        &[("action", "make-admin"), user],
        &[user],
    ] {
        assert_eq!(
            app.send(None, "/users", form).await.status(),
            400,
            "{form:?}"
        );
    }
}

/// A token is revoked at its own user alone.
#[tokio::test]
async fn a_token_of_another_user_stays() {
    let app = app().await;
    let token = app.store.token_list(None).await.unwrap()[0].id.to_string();
    let form = [("action", "revoke-token"), ("user", "ana"), ("id", &*token)];
    let to = app.sent(None, "/users", &form).await;
    assert_eq!(to, "/users?user=ana&done=nothing");
    assert_eq!(app.store.token_list(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn lists_of_users_have_pages() {
    let app = TestApp::empty().await;
    for n in 0..32 {
        let spec = UserSpec {
            external_id: format!("user {n:02}"),
            display_name: String::new(),
            locale: Locale::Es,
        };
        app.store
            .login_set(&spec, UserRole::User, None)
            .await
            .unwrap();
    }
    let (_, page) = app.seen(None, "/users").await;
    assert_eq!(page.matches("data-user=").count(), 30);
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap();
    let (_, page) = app.seen(None, next.split('"').next().unwrap()).await;
    assert_eq!(page.matches("data-user=").count(), 2, "{page}");
}

#[tokio::test]
async fn jobs_are_paused_and_resumed() {
    let app = app().await;
    let (_, page) = app.seen(None, "/schedules").await;
    shows(
        &page,
        &[
            "data-schedule=\"raw_cleanup\"",
            "every 5m",
            "not run yet",
            "vigia schedules run",
        ],
    );
    for (action, done, is_paused) in [
        ("pause", "paused", true),
        ("pause", "paused", true),
        ("resume", "resumed", false),
    ] {
        let form = [("action", action), ("name", "raw_cleanup")];
        let to = app.sent(None, "/schedules", &form).await;
        assert_eq!(to, format!("/schedules?done={done}"));
        let (_, page) = app.seen(None, &to).await;
        shows(&page, &[&format!("data-done=\"{done}\"")]);
        assert_eq!(page.contains("data-paused"), is_paused, "{page}");
        assert_eq!(
            app.store.schedule_list().await.unwrap()[0].paused,
            is_paused
        );
    }
    assert_eq!(
        app.store_actions().await,
        [" pause-schedule", " pause-schedule", " resume-schedule"]
    );
    for form in [
        &[("action", "pause"), ("name", "nobody")][..],
        &[("action", "pause"), ("name", "a\0")],
        &[("action", "run"), ("name", "raw_cleanup")],
        &[("name", "raw_cleanup")],
    ] {
        assert_eq!(
            app.send(None, "/schedules", form).await.status(),
            400,
            "{form:?}"
        );
    }
    let empty = TestApp::empty().await;
    shows(
        &empty.seen(None, "/schedules").await.1,
        &["No schedules yet"],
    );
}

#[tokio::test]
async fn the_log_is_read_by_who_did_what() {
    let app = TestApp::empty().await;
    let (_, page) = app.seen(None, "/actions").await;
    shows(&page, &["Nobody has done anything yet"]);
    for n in 0..32 {
        let action = Action {
            actor: if n % 16 == 0 {
                String::new()
            } else {
                "root & <b>".to_owned()
            },
            way: ActionWay::Graphql,
            action: format!("retryDelivery{n}"),
            subject: json!({ "id": n }),
            problem: (n == 31).then(|| "it <i>failed".to_owned()),
        };
        app.store.action_record(&action).await.unwrap();
    }
    let (_, page) = app.seen(None, "/actions").await;
    assert_eq!(page.matches("data-action=").count(), 30);
    shows(
        &page,
        &[
            "root &amp; &lt;b&gt;",
            "it &lt;i&gt;failed",
            "{&quot;id&quot;:31}",
            "at this machine",
        ],
    );
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap();
    let (_, page) = app.seen(None, next.split('"').next().unwrap()).await;
    assert_eq!(page.matches("data-action=").count(), 2, "{page}");
    let (_, page) = app.seen(None, "/actions?actor=root+%26+%3Cb%3E").await;
    assert_eq!(page.matches("data-action=").count(), 30);
    assert!(!page.contains("retryDelivery16"), "{page}");
    let (_, page) = app.seen(None, "/actions?actor=zoe").await;
    assert_eq!(page.matches("data-action=").count(), 0);
    for path in [
        "/actions?after=forged",
        "/actions?after=",
        "/actions?actor=%00",
    ] {
        assert_eq!(app.seen(None, path).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn they_are_the_operators_alone() {
    let app = app().await;
    let unknown = app.seen(Some("ana"), "/nowhere").await;
    let token = app.store.token_list(None).await.unwrap()[0].id.to_string();
    let rosa = ("user", "rosa <i>");
    let forms = [
        ("/users", vec![("action", "end-sessions"), rosa]),
        (
            "/users",
            vec![("action", "revoke-token"), rosa, ("id", &*token)],
        ),
        ("/users", vec![]),
        (
            "/schedules",
            vec![("action", "pause"), ("name", "raw_cleanup")],
        ),
    ];
    for (user, status) in [("ana", 404), ("nobody", 401)] {
        for path in [
            "/actions",
            "/actions?after=forged",
            "/users",
            ROSA,
            "/users?user=zoe",
            "/schedules",
        ] {
            let (found, page) = app.seen(Some(user), path).await;
            assert_eq!(found, status, "{user} {path}");
            assert!(status != 404 || page == unknown.1, "{path}");
        }
        for (path, form) in &forms {
            let refused = app.send(Some(user), path, form).await;
            assert_eq!(refused.status(), status, "{user} {path}");
        }
    }
    for (path, form) in &forms {
        let refused = app.send(Some("reads"), path, form).await;
        assert_eq!(refused.status(), 403, "{path}");
        let foreign = app.post(path).header("origin", "https://evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(app.store.session_list(None).await.unwrap().len(), 1);
    assert_eq!(app.store.token_list(None).await.unwrap().len(), 1);
    assert!(!app.store.schedule_list().await.unwrap()[0].paused);
    assert_eq!(app.store_actions().await, [""; 0]);
    let ingestion = app.page("/ingestion").await;
    for path in ["/actions", "/users", "/schedules", "/endpoints"] {
        assert!(ingestion.contains(&format!("href=\"{path}\"")), "{path}");
    }
    let ingestion = app.get("/ingestion").header(USER_HEADER, "ana");
    let ingestion = ingestion.send().await.unwrap().text().await.unwrap();
    assert!(!ingestion.contains("/actions"), "{ingestion}");
}
