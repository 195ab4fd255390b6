//! `/settings`: how one is told, on which devices, where one is signed in; one's own alone.

use vigia_core::{Locale, Platform, UserId};
use vigia_store::{
    DeviceSpec, InboxStore as _, PushStore as _, ReadStore as _, SignInStore as _, UserSpec,
};

use crate::app::{TestApp, USER_HEADER};
use crate::sign_in::{PASSWORD, app as app_with_sign_in, cookie, sign_in};

const TOLD: [(&str, &str); 5] = [
    ("push:money", "on"),
    ("inbox:money", "on"),
    ("push:trades", "on"),
    ("hides_amounts", "on"),
    ("inbox:news", "on"),
];

async fn ana(app: &TestApp) -> UserId {
    app.store.user_find("ana").await.unwrap().unwrap().id
}

async fn device(app: &TestApp, token: &str) -> i64 {
    let spec = DeviceSpec {
        platform: Platform::Fcm,
        token: token.to_owned(),
        locale: None,
        app_version: "7 <b>".to_owned(),
    };
    let registered = app.store.device_register(ana(app).await, &spec).await;
    registered.unwrap().0.id
}

fn fields<'a>(zone: &'a str, from: &'a str, to: &'a str) -> Vec<(&'a str, &'a str)> {
    let fields = [("time_zone", zone), ("quiet_from", from), ("quiet_to", to)];
    TOLD.into_iter().chain(fields).collect()
}

#[tokio::test]
async fn what_is_switched_on_is_told() {
    let app = TestApp::with_people("Ana").await;
    let form = fields(" America/Bogota", "22:00", "07:30");
    for _ in 0..2 {
        let to = app.sent(Some("ana"), "/settings", &form).await;
        assert_eq!(to, "/settings?done=saved");
        let kept = app.store.preference_find(ana(&app).await).await.unwrap();
        assert_eq!(
            kept.muted.to_string(),
            "push:invitations push:news inbox:trades inbox:invitations"
        );
        let quiet = kept.quiet_hours.unwrap();
        assert_eq!((quiet.from_minute(), quiet.to_minute()), (1_320, 450));
        assert_eq!(
            (&*kept.time_zone, kept.hides_amounts),
            ("America/Bogota", true)
        );
    }
    let (status, page) = app.seen(Some("ana"), "/settings?done=saved").await;
    assert_eq!(status, 200);
    for part in [
        "name=\"push:money\" value=\"on\" aria-label=\"Money: On the phone\" checked",
        "name=\"inbox:trades\" value=\"on\" aria-label=\"Trades: In the inbox\">",
        "aria-label=\"Security: On the phone\" disabled checked",
        "name=\"quiet_from\" value=\"22:00\"",
        "name=\"quiet_to\" value=\"07:30\"",
        "value=\"America/Bogota\" aria-describedby",
        "<option value=\"Europe/Madrid\">",
        "data-done=\"saved\"",
        "href=\"/endpoints\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // Without any switch all that can be muted is, and hours may go again.
    let none = [("time_zone", "UTC"), ("quiet_from", ""), ("quiet_to", "")];
    app.sent(Some("ana"), "/settings", &none).await;
    let kept = app.store.preference_find(ana(&app).await).await.unwrap();
    assert_eq!((kept.muted.iter().count(), kept.quiet_hours), (8, None));
    assert!(!kept.hides_amounts);
    let beto = app.store.user_find("beto").await.unwrap().unwrap().id;
    let of_beto = app.store.preference_find(beto).await.unwrap();
    assert_eq!(of_beto, vigia_core::Preferences::default());
}

#[tokio::test]
async fn what_cannot_be_is_said_beside_what_was_written() {
    let app = TestApp::with_people("Ana").await;
    for (form, said, kept) in [
        (
            fields("Mars/Olympus<b>", "22:00", "07:30"),
            "no time zone of this name",
            "Mars/Olympus&lt;b&gt;",
        ),
        (fields("UTC", "22:00", ""), "two different times", "22:00"),
        (
            fields("UTC", "07:30", "07:30"),
            "two different times",
            "07:30",
        ),
        (
            fields("UTC", "25:00", "07:30"),
            "two different times",
            "25:00",
        ),
    ] {
        let path = "/settings?lang=en";
        let response = app.send(Some("ana"), path, &form).await;
        assert_eq!(response.status(), 400);
        let page = response.text().await.unwrap();
        for part in [
            said,
            kept,
            "role=\"alert\"",
            "aria-invalid=\"true\"",
            "id=\"devices\"",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
    let mut unknown = fields("UTC", "", "");
    for more in ["mail:money", "push:gossip", "user"] {
        unknown.push((more, "on"));
        let refused = app.send(Some("ana"), "/settings", &unknown).await;
        assert_eq!(refused.status(), 400, "{more}");
        unknown.pop();
    }
    let partial = app.send(Some("ana"), "/settings", &TOLD).await;
    assert_eq!(partial.status(), 400);
    let kept = app.store.preference_find(ana(&app).await).await.unwrap();
    assert_eq!(kept, vigia_core::Preferences::default(), "nothing changed");
}

#[tokio::test]
async fn devices_are_removed_by_their_user_alone() {
    let app = TestApp::with_people("Ana").await;
    let (_, page) = app.seen(Some("ana"), "/settings").await;
    assert!(
        page.contains("No device gets your notifications yet"),
        "{page}"
    );
    let id = device(&app, "a-long-secret-token").await.to_string();
    let (_, page) = app.seen(Some("ana"), "/settings").await;
    for part in [
        &*format!("data-device=\"{id}\" data-active"),
        "Android",
        "version 7 &lt;b&gt;",
        "no push yet",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("secret-token"), "{page}");
    let remove = [("id", &*id)];
    let path = "/settings/device/remove";
    let others = app.sent(Some("beto"), path, &remove).await;
    assert_eq!(others, "/settings?done=nothing", "it is not Beto's");
    assert!(
        !app.seen(Some("beto"), "/settings")
            .await
            .1
            .contains("data-device")
    );
    for done in ["removed", "nothing"] {
        let to = app.sent(Some("ana"), path, &remove).await;
        assert_eq!(to, format!("/settings?done={done}"));
    }
    let (_, page) = app.seen(Some("ana"), "/settings").await;
    assert!(page.contains("you removed it"), "{page}");
    for wrong in [
        &[("id", "x")][..],
        &[][..],
        &[("id", "1"), ("user", "beto")][..],
    ] {
        let refused = app.send(Some("ana"), path, wrong).await;
        assert_eq!(refused.status(), 400, "{wrong:?}");
    }
}

#[tokio::test]
async fn sessions_are_ended_by_their_user_alone() {
    let app = app_with_sign_in(false).await;
    let mut cookies = Vec::new();
    for name in ["ana", "ana", "ana", "root"] {
        let entered = sign_in(&app, name, PASSWORD, "/").await;
        cookies.push(cookie(&entered, false));
    }
    let page = async |cookie: &str| {
        let request = app.get("/settings?lang=en").header("cookie", cookie);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let press = async |cookie: &str, path: &str, body: String| {
        let request = app.post(path).header("cookie", cookie).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    let (_, shown) = page(&cookies[0]).await;
    assert_eq!(shown.matches("data-session=").count(), 3, "{shown}");
    assert_eq!(shown.matches(" data-this").count(), 1);
    assert!(
        shown.contains("<a href=\"/settings\">Settings</a><span>Ana</span>"),
        "{shown}"
    );
    assert!(shown.contains("a browser"));
    let sessions = app.store.session_list(None).await.unwrap();
    let (second, of_root) = (sessions[1].id, sessions[3].id);
    let end = "/settings/session/end";
    assert!(
        press(&cookies[0], end, format!("id={of_root}"))
            .await
            .ends_with("nothing")
    );
    assert!(
        press(&cookies[0], end, format!("id={second}"))
            .await
            .ends_with("=ended")
    );
    assert!(
        press(&cookies[0], end, format!("id={second}"))
            .await
            .ends_with("nothing")
    );
    assert_eq!(page(&cookies[1]).await.0, 401, "it has ended");
    let others = "/settings/session/end-others";
    assert!(
        press(&cookies[0], others, String::new())
            .await
            .ends_with("others-ended")
    );
    assert!(
        press(&cookies[0], others, String::new())
            .await
            .ends_with("nothing")
    );
    for (n, status) in [(0, 200), (2, 401), (3, 200)] {
        assert_eq!(page(&cookies[n]).await.0, status, "{n}");
    }
    // What operators do by a form is kept, and nobody else's.
    assert_eq!(app.store_actions().await, [""; 0]);
    press(&cookies[3], others, String::new()).await;
    assert_eq!(app.store_actions().await, ["root end-other-sessions"]);
}

#[tokio::test]
async fn nobody_and_those_who_only_read_change_nothing() {
    let app = TestApp::with_people("Ana").await;
    let id = device(&app, "token").await.to_string();
    // Without a user there is nothing to set, and the page says so.
    let (status, page) = app.seen(None, "/settings").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("There is no user here") && !page.contains("<fieldset"),
        "{page}"
    );
    assert_eq!(app.seen(Some("nobody"), "/settings").await.0, 401);
    let form = fields("America/Bogota", "", "");
    let keyed = [("id", &*id)];
    for (path, form) in [
        ("/settings", &form[..]),
        ("/settings/device/remove", &keyed),
        ("/settings/session/end", &keyed),
        ("/settings/session/end-others", &[]),
    ] {
        for (user, status) in [(None, 400), (Some("nobody"), 401), (Some("ana reads"), 403)] {
            let refused = app.send(user, path, form).await;
            assert_eq!(refused.status(), status, "{user:?} {path}");
        }
        let foreign = app.post(path).header("origin", "https://evil.example");
        let foreign = foreign.header(USER_HEADER, "ana").send().await.unwrap();
        assert_eq!(foreign.status(), 403, "{path}");
    }
    let devices = app.store.device_list(None, 0, 9).await.unwrap();
    assert!(devices[0].is_active);
    let kept = app.store.preference_find(ana(&app).await).await.unwrap();
    assert_eq!(kept, vigia_core::Preferences::default());
}

#[tokio::test]
async fn settings_are_in_each_language() {
    let app = TestApp::with_people("Ana").await;
    let user = UserSpec {
        external_id: "ana".to_owned(),
        display_name: "Ana".to_owned(),
        locale: Locale::Es,
    };
    let role = vigia_core::UserRole::User;
    app.store.login_set(&user, role, None).await.unwrap();
    for (language, title, quiet) in [
        ("es", "Ajustes", "Horas de silencio"),
        ("en", "Settings", "Quiet hours"),
        ("pt", "Ajustes", "Horas de silêncio"),
    ] {
        let path = format!("/settings?lang={language}");
        let (_, page) = app.seen(Some("ana"), &path).await;
        assert!(page.contains(&format!("<h1>{title}</h1>")), "{page}");
        assert!(page.contains(quiet), "{page}");
    }
}
