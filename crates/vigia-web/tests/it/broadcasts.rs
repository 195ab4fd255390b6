//! `/broadcasts`: written, looked at, begun once, stopped; by operators alone.

use vigia_core::Locale;
use vigia_store::{
    BroadcastSegment, BroadcastSpec, BroadcastState, BroadcastStore as _, BroadcastText,
    BroadcastTexts,
};

use crate::app::TestApp;

const NEW: &str = "/broadcasts/new";

fn form(step: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("step", step),
        ("title_es", "Novedades <b>"),
        ("body_es", "Ya puedes pagar con QR.\r\nPruébalo."),
        ("title_pt", "Novidades"),
        ("body_pt", "Já pode."),
        ("title_en", ""),
        ("reads_pt", "on"),
        ("account_kind", "business"),
        ("users", "ana\r\n rosa maría \r\n\r\n"),
        ("rate", "7"),
        ("newest", "0"),
    ]
}

fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

#[tokio::test]
async fn one_is_written_looked_at_and_begun_once() {
    let app = TestApp::with_people("Ana").await;
    let (_, page) = app.seen(None, "/broadcasts").await;
    shows(
        &page,
        &["Nothing was broadcast yet", "href=\"/broadcasts/new\""],
    );
    let (_, page) = app.seen(None, NEW).await;
    shows(
        &page,
        &[
            "name=\"newest\" value=\"0\"",
            "max=\"10000\"",
            "name=\"body_pt\"",
        ],
    );

    let response = app.send(None, NEW, &form("preview")).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    shows(
        &page,
        &[
            "data-preview",
            "Novedades &lt;b&gt;",
            "rosa maría",
            "data-text=\"pt\"",
            "Português",
        ],
    );
    assert!(!page.contains("data-text=\"en\""), "{page}");
    assert_eq!(
        app.store.broadcast_list(9).await.unwrap(),
        [],
        "nothing is sent yet"
    );
    let page = app
        .send(None, NEW, &form("edit"))
        .await
        .text()
        .await
        .unwrap();
    shows(
        &page,
        &[
            "value=\"Novidades\"",
            "name=\"reads_pt\" checked",
            "value=\"7\"",
        ],
    );

    for _ in 0..2 {
        let to = app.sent(None, NEW, &form("start")).await;
        assert_eq!(to, "/broadcasts?done=started");
    }
    let rows = app.store.broadcast_list(9).await.unwrap();
    assert_eq!(rows.len(), 1, "pressed twice it began once");
    let text = |title: &str, body: &str| BroadcastText {
        title: title.to_owned(),
        body: body.to_owned(),
    };
    let texts = [
        (
            Locale::Es,
            text("Novedades <b>", "Ya puedes pagar con QR.\nPruébalo."),
        ),
        (Locale::Pt, text("Novidades", "Já pode.")),
    ];
    let expected = BroadcastSpec {
        texts: BroadcastTexts::new(texts).unwrap(),
        segment: BroadcastSegment {
            locales: vec![Locale::Pt],
            account_kind: Some("business".to_owned()),
            users: vec!["ana".to_owned(), "rosa maría".to_owned()],
        },
        rate_per_s: 7,
    };
    assert_eq!(rows[0].spec, expected);
    // Wanted again it is another.
    let mut again = form("start");
    again.pop();
    let newest = rows[0].id.to_string();
    let newest: &'static str = Box::leak(newest.into_boxed_str());
    again.push(("newest", newest));
    app.sent(None, NEW, &again).await;
    assert_eq!(app.store.broadcast_list(9).await.unwrap().len(), 2);
    assert_eq!(
        app.store_actions().await,
        [" start-broadcast", " start-broadcast"]
    );
}

#[tokio::test]
async fn one_is_stopped() {
    let app = TestApp::with_people("Ana").await;
    app.sent(None, NEW, &form("start")).await;
    let id = app.store.broadcast_list(1).await.unwrap()[0].id.to_string();
    let (_, page) = app.seen(None, "/broadcasts").await;
    shows(
        &page,
        &[
            "data-state=\"running\"",
            "<progress",
            "0 of 2 told",
            "business accounts",
            "ana, rosa maría",
        ],
    );
    for done in ["stopped", "nothing"] {
        let order = [("action", "stop"), ("id", &*id)];
        let to = app.sent(None, "/broadcasts", &order).await;
        assert_eq!(to, format!("/broadcasts?done={done}"));
        shows(
            &app.seen(None, &to).await.1,
            &[&format!("data-done=\"{done}\"")],
        );
    }
    let rows = app.store.broadcast_list(1).await.unwrap();
    assert_eq!(rows[0].state, BroadcastState::Stopped);
    let (_, page) = app.seen(None, "/broadcasts").await;
    assert!(!page.contains("value=\"stop\""), "{page}");
    for order in [
        &[("action", "stop"), ("id", "x")][..],
        &[("action", "go"), ("id", "1")],
        &[],
    ] {
        assert_eq!(app.send(None, "/broadcasts", order).await.status(), 400);
    }
}

/// What is wrong is said, and what was written stays.
#[tokio::test]
async fn what_is_wrong_is_said() {
    let app = TestApp::empty().await;
    let long = "x".repeat(2_001);
    for (name, value, wrong) in [
        ("title_es", "", "texts"),
        ("body_pt", &*long, "texts"),
        ("rate", "0", "segment"),
        ("rate", "many", "rate"),
        ("account_kind", "royal", "segment"),
        ("users", "a\0b", "segment"),
    ] {
        let mut form: Vec<(&str, &str)> = form("start");
        form.retain(|(field, _)| *field != name);
        form.push((name, value));
        let response = app.send(None, NEW, &form).await;
        assert_eq!(response.status(), 400, "{name}");
        let page = response.text().await.unwrap();
        shows(&page, &[&format!("data-wrong=\"{wrong}\""), "Pruébalo."]);
    }
    for form in [
        vec![("step", "fly")],
        vec![("step", "start"), ("more", "x")],
    ] {
        assert_eq!(app.send(None, NEW, &form).await.status(), 400);
    }
    let nothing = app.send(None, NEW, &[("step", "start")]).await;
    assert_eq!(nothing.status(), 400, "there is no text at all");
    assert_eq!(app.store.broadcast_list(9).await.unwrap(), []);
}

#[tokio::test]
async fn they_are_the_operators_alone() {
    let app = TestApp::with_people("Ana").await;
    let unknown = app.seen(Some("ana"), "/nowhere").await;
    for path in ["/broadcasts", NEW] {
        assert_eq!(app.seen(Some("ana"), path).await, unknown, "{path}");
        assert_eq!(app.seen(Some("nobody"), path).await.0, 401, "{path}");
        let form = form("start");
        assert_eq!(app.send(Some("ana"), path, &form).await.status(), 404);
        assert_eq!(app.send(Some("reads"), path, &form).await.status(), 403);
        let foreign = app.post(path).header("origin", "https://evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403);
    }
    assert_eq!(app.store.broadcast_list(9).await.unwrap(), []);
}
