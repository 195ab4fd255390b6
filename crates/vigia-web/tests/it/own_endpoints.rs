//! `/endpoints`: what members do about the webhooks of their accounts, and nobody else.

use vigia_core::{AccountKind, Locale, Permissions};
use vigia_store::{
    ApplicationChange, ApplicationStore as _, AttemptRow, Completion, DeliveryEnd, DeliveryState,
    DeliveryStore as _, EndpointRow, EndpointState, UserSpec,
};

use crate::app::TestApp;

const ANA: Option<&str> = Some("ana");

fn wish<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let wish = [
        ("account", "ana"),
        ("url", url),
        ("label", "Caja <b>"),
        ("kinds", "transfer, payment"),
        ("coins", "0x2::sui::SUI"),
        ("minimum_units", "5"),
        ("per_second", ""),
    ];
    let others = wish.into_iter();
    let others = others.filter(|(name, _)| more.iter().all(|(given, _)| given != name));
    others.chain(more.iter().copied()).collect()
}

async fn rows(app: &TestApp) -> Vec<EndpointRow> {
    app.store.endpoint_list().await.unwrap()
}

/// An endpoint of Ana's account that is told of everything.
async fn made(app: &TestApp) -> String {
    let all = [("kinds", ""), ("coins", ""), ("minimum_units", "")];
    let form = wish("https://ana.example/hook", &all);
    let to = app.sent(ANA, "/endpoints/new", &form).await;
    let to = to.strip_suffix("?done=created").unwrap().to_owned();
    assert_eq!(to, "/endpoints/we_0");
    to
}

/// What happened is told once, in vain for the first.
async fn told(app: &TestApp) {
    while app.store.delivery_sequence().await.unwrap().read > 0 {}
    let claimed = app
        .store
        .delivery_claim("w", &[1], 99, 1_000)
        .await
        .unwrap();
    let ends = claimed.into_iter().enumerate().map(|(n, claimed)| {
        let (end, status) = if n == 0 {
            (DeliveryEnd::Dead, 503)
        } else {
            (DeliveryEnd::Delivered, 200)
        };
        Completion {
            id: claimed.event.row.id,
            fence: claimed.fence,
            end,
            attempt: Some(AttemptRow {
                started_at_ms: vigia_core::Clock::now_ms(&*app.clock),
                duration_ms: 340,
                status: Some(status),
                error: (status > 299).then(|| "status".to_owned()),
                response_head: format!("said {status} <i>"),
            }),
        }
    });
    let ends: Vec<_> = ends.collect();
    app.store
        .delivery_complete(&ends, u64::MAX / 2)
        .await
        .unwrap();
}

fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&*field)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_member_makes_and_changes_one() {
    let app = TestApp::with_people("Ana").await;
    let (_, page) = app.seen(ANA, "/endpoints").await;
    shows(&page, &["No receivers yet", "href=\"/endpoints/new\""]);
    let (status, page) = app.seen(ANA, "/endpoints/new").await;
    assert_eq!(status, 200);
    shows(
        &page,
        &[
            "<option value=\"ana\">",
            "value=\"ed25519\" checked",
            "<legend>",
        ],
    );
    assert!(!page.contains("\"beto\""), "{page}");

    let form = wish("https://ana.example/hook", &[]);
    let to = app.sent(ANA, "/endpoints/new", &form).await;
    assert_eq!(to, "/endpoints/we_0?done=created");
    let row = rows(&app).await.remove(0);
    assert_eq!(row.spec.filter.kinds, ["transfer", "payment"]);
    assert_eq!(row.spec.filter.minimum_units, Some(5));
    assert!(row.spec.filter.coins[0].ends_with("::sui::SUI"));
    assert_eq!((row.spec.per_second, &*row.label), (Some(50), "Caja <b>"));
    let (_, page) = app.seen(ANA, &to).await;
    shows(
        &page,
        &[
            "whpk_e1",
            "Caja &lt;b&gt;",
            "transfer, payment",
            "data-done=\"created\"",
            "https://ana.example/hook",
        ],
    );
    assert!(
        !page.contains("whsec") && !page.contains("<b>\u{20}"),
        "{page}"
    );

    let (_, page) = app.seen(ANA, "/endpoints/we_0/edit").await;
    shows(
        &page,
        &[
            "value=\"transfer, payment\"",
            "value=\"50\"",
            "action=\"/endpoints/we_0/edit\"",
        ],
    );
    let form = [
        ("url", "https://ana.example/2"),
        ("label", ""),
        ("per_second", "7"),
    ];
    for _ in 0..2 {
        let to = app.sent(ANA, "/endpoints/we_0/edit", &form).await;
        assert_eq!(to, "/endpoints/we_0?done=changed");
        let row = rows(&app).await.remove(0);
        assert_eq!(
            (&*row.spec.url, row.spec.per_second),
            ("https://ana.example/2", Some(7))
        );
        assert!(row.spec.filter.kinds.is_empty() && row.spec.filter.minimum_units.is_none());
    }
    assert!(
        app.seen(ANA, "/endpoints")
            .await
            .1
            .contains("data-endpoint=\"we_0\" data-state=\"enabled\"")
    );
}

#[tokio::test]
async fn a_form_sent_twice_makes_one() {
    let app = TestApp::with_people("Ana").await;
    for (newest, url) in [
        ("0", "https://ana.example/1"),
        ("1", "https://ana.example/2"),
    ] {
        let (_, page) = app.seen(ANA, "/endpoints/new").await;
        assert_eq!(hidden(&page, "newest"), newest);
        let form = wish(url, &[("newest", newest)]);
        let first = app.sent(ANA, "/endpoints/new", &form).await;
        let again = app.sent(ANA, "/endpoints/new", &form).await;
        assert_eq!(first, again);
    }
    assert_eq!(rows(&app).await.len(), 2);
}

#[tokio::test]
async fn a_shared_secret_is_shown_once() {
    let app = TestApp::with_people("Ana").await;
    let form = wish("https://ana.example/hook", &[("algorithm", "hmac")]);
    let shown = app.send(ANA, "/endpoints/new?lang=en", &form).await;
    assert_eq!(shown.status(), 200);
    assert_eq!(shown.headers()["cache-control"], "no-store");
    let shown = shown.text().await.unwrap();
    shows(
        &shown,
        &[
            "whsec_h1",
            "href=\"/endpoints/we_0?done=created\"",
            "Keep this secret now",
        ],
    );
    let (_, page) = app.seen(ANA, "/endpoints/we_0").await;
    assert!(
        !page.contains("whsec") && page.contains("shown once"),
        "{page}"
    );

    let keys = hidden(&page, "keys");
    let rotate = [
        ("action", "rotate"),
        ("keys", &*keys),
        ("algorithm", "ed25519"),
    ];
    let to = app.sent(ANA, "/endpoints/we_0", &rotate).await;
    assert_eq!(to, "/endpoints/we_0?done=rotated");
    let to = app.sent(ANA, "/endpoints/we_0", &rotate).await;
    assert_eq!(
        to, "/endpoints/we_0?done=nothing",
        "the page showed other keys"
    );
    let (_, page) = app.seen(ANA, "/endpoints/we_0").await;
    shows(&page, &["whpk_e2"]);
    assert_eq!(rows(&app).await[0].secrets.as_deref(), Some("e2 h1"));
    let keys = hidden(&page, "keys");
    let drop_old = [("action", "drop-old"), ("keys", &*keys)];
    app.sent(ANA, "/endpoints/we_0", &drop_old).await;
    assert_eq!(rows(&app).await[0].secrets.as_deref(), Some("e2"));
}

#[tokio::test]
async fn what_cannot_be_is_said() {
    let app = TestApp::with_people("Ana").await;
    let made = made(&app).await;
    let edit = format!("{made}/edit?lang=en");
    let long = "x".repeat(101);
    for (field, value, argument) in [
        ("url", "http://10.0.0.1/", "url"),
        ("url", "https://a.example/\0", "url"),
        ("label", &*long, "label"),
        ("coins", "money", "coins"),
        ("minimum_units", "1.5", "minimumUnits"),
        ("minimum_units", "-1", "minimumUnits"),
        ("per_second", "51", "perSecond"),
        ("per_second", "many", "perSecond"),
        ("account", "beto", "account"),
        ("account", "nobody", "account"),
    ] {
        let form = wish("https://ana.example/hook", &[(field, value)]);
        let forms = [
            ("/endpoints/new?lang=en", argument != "never"),
            (&*edit, argument != "account"),
        ];
        for (path, is_wrong) in forms {
            let refused = app.send(ANA, path, &form).await;
            if !is_wrong {
                continue;
            }
            assert_eq!(refused.status(), 400, "{path} {field}");
            let page = refused.text().await.unwrap();
            let marked = format!("data-wrong=\"{argument}\"");
            shows(&page, &[&marked, "role=\"alert\"", "aria-invalid=\"true\""]);
        }
    }
    for form in [
        &[("algorithm", "none")][..],
        &[("newest", "x")][..],
        &[("more", "1")][..],
    ] {
        let form = wish("https://ana.example/hook", form);
        let refused = app.send(ANA, "/endpoints/new", &form).await;
        assert_eq!(refused.status(), 400);
    }
    for form in [
        &[("action", "explode")][..],
        &[][..],
        &[("action", "retry"), ("id", "x")][..],
        &[("action", "test"), ("x", "1")][..],
    ] {
        assert_eq!(app.send(ANA, &made, form).await.status(), 400, "{form:?}");
    }
    for query in ["state=lost", "after=forged", "after=", "state=%ff"] {
        let (status, _) = app.seen(ANA, &format!("{made}?{query}")).await;
        assert_eq!(status, 400, "{query}");
    }
    let (_, page) = app.seen(ANA, &format!("{made}?done=evil")).await;
    assert!(!page.contains("evil"), "{page}");
    let rows = rows(&app).await;
    assert_eq!(
        (rows.len(), &*rows[0].spec.url),
        (1, "https://ana.example/hook")
    );
}

#[tokio::test]
async fn its_buttons_do_what_they_say() {
    let app = TestApp::with_people("Ana").await;
    let made = made(&app).await;
    let press = async |action: &str| {
        let to = app.sent(ANA, &made, &[("action", action)]).await;
        to.rsplit('=').next().unwrap().to_owned()
    };
    let state = async || rows(&app).await[0].state;
    assert_eq!(press("disable").await, "disabled");
    assert_eq!(press("disable").await, "nothing");
    assert_eq!(state().await, EndpointState::Disabled);
    assert_eq!(
        press("test").await,
        "nothing",
        "nobody is told anything there"
    );
    assert_eq!(press("enable").await, "enabled");
    assert_eq!(press("enable").await, "nothing");
    assert_eq!(press("test").await, "tested");
    assert_eq!(press("replay-dead").await, "nothing");
    let (_, page) = app.seen(ANA, &made).await;
    shows(&page, &["data-state=\"pending\"", ">Test<", "Send now"]);

    let (status, page) = app.seen(ANA, &format!("{made}/remove")).await;
    assert_eq!(status, 200);
    shows(&page, &["cannot be undone", "Back without a change"]);
    assert_eq!(
        state().await,
        EndpointState::Enabled,
        "to ask is not to remove"
    );
    let remove = format!("{made}/remove");
    assert_eq!(app.sent(ANA, &remove, &[]).await, "/endpoints?done=removed");
    assert_eq!(app.send(ANA, &remove, &[]).await.status(), 404);
    assert_eq!(state().await, EndpointState::Removed);
    assert_eq!(app.seen(ANA, &made).await.0, 404);
    assert!(
        !app.seen(ANA, "/endpoints")
            .await
            .1
            .contains("data-endpoint")
    );
}

#[tokio::test]
async fn what_was_told_is_seen_and_told_again() {
    let app = TestApp::with_people("Ana").await;
    let made = made(&app).await;
    for checkpoint in 0..3 {
        app.transfer(checkpoint).await;
    }
    told(&app).await;
    let (_, page) = app.seen(ANA, &made).await;
    shows(
        &page,
        &[
            "66.6\u{a0}%",
            "Send all that were given up again",
            "HTTP 503",
            "given up #1",
        ],
    );
    assert_eq!(page.matches("data-delivery=").count(), 3, "{page}");
    let (_, dead) = app.seen(ANA, &format!("{made}?state=dead")).await;
    assert_eq!(dead.matches("data-delivery=").count(), 1);
    let id = &dead.split("data-delivery=\"").nth(1).unwrap()[..32];
    let (status, page) = app.seen(ANA, &format!("{made}/deliveries/{id}")).await;
    assert_eq!(status, 200);
    shows(
        &page,
        &[
            "data-attempt",
            "340\u{a0}ms",
            "said 503 &lt;i&gt;",
            "HTTP 503",
        ],
    );
    let state = async || {
        let found = app.store.delivery_find(&id.parse().unwrap()).await;
        found.unwrap().unwrap().0.state
    };
    let retry = [("action", "retry"), ("id", id)];
    assert_eq!(
        app.sent(ANA, &made, &retry).await,
        format!("{made}?done=retried")
    );
    assert_eq!(state().await, DeliveryState::Pending);
    let dead = [("action", "replay-dead")];
    assert_eq!(
        app.sent(ANA, &made, &dead).await,
        format!("{made}?done=nothing")
    );
    app.clock
        .set(vigia_core::Clock::now_ms(&*app.clock) + 10_000);
    told(&app).await;
    assert_eq!(state().await, DeliveryState::Dead);
    for done in ["replayed", "nothing"] {
        let to = app.sent(ANA, &made, &dead).await;
        assert_eq!(to, format!("{made}?done={done}"));
    }
    assert_eq!(state().await, DeliveryState::Pending);
    for nobodys in ["0".repeat(32), "x".to_owned()] {
        let (status, _) = app.seen(ANA, &format!("{made}/deliveries/{nobodys}")).await;
        assert_eq!(status, 404);
    }
}

/// A member who may read and nothing more.
async fn member_who_reads(app: &TestApp) {
    let changes = [
        ApplicationChange::User(UserSpec {
            external_id: "carla".to_owned(),
            display_name: "Carla".to_owned(),
            locale: Locale::Es,
        }),
        ApplicationChange::Account {
            account: "ana".to_owned(),
            kind: AccountKind::Personal,
            display_name: "Ana".to_owned(),
        },
        ApplicationChange::Member {
            account: "ana".to_owned(),
            user: "carla".to_owned(),
            permissions: Permissions::new(["read"]).unwrap(),
        },
    ];
    app.store.application_apply(&changes).await.unwrap();
}

#[tokio::test]
async fn they_are_those_who_may_manage_them() {
    let app = TestApp::with_people("Ana").await;
    let made = made(&app).await;
    app.transfer(0).await;
    told(&app).await;
    member_who_reads(&app).await;
    let (_, page) = app.seen(ANA, &made).await;
    let id = page.split("data-delivery=\"").nth(1).unwrap()[..32].to_owned();
    let keys = hidden(&page, "keys");
    let paths =
        ["", "/edit", "/remove", &format!("/deliveries/{id}")].map(|part| format!("{made}{part}"));
    let form = wish("https://evil.example/", &[]);
    let retry = [("action", "retry"), ("id", &*id)];
    let rotate = [("action", "rotate"), ("keys", &*keys)];
    let forms = [
        (made.clone(), &retry[..]),
        (made.clone(), &rotate),
        (made.clone(), &[("action", "disable")]),
        (format!("{made}/edit"), &form),
        (format!("{made}/remove"), &[]),
    ];
    for (user, status) in [
        (Some("beto"), 404),
        (Some("carla"), 404),
        (Some("nobody"), 401),
    ] {
        for path in &paths {
            let (found, page) = app.seen(user, path).await;
            assert_eq!(found, status, "{user:?} {path}");
            assert!(!page.contains("ana.example"), "{page}");
        }
        for (path, form) in &forms {
            let refused = app.send(user, path, form).await;
            assert_eq!(refused.status(), status, "{user:?} {path}");
        }
    }
    for (user, path, form) in [
        (
            Some("beto"),
            "/endpoints/new",
            wish("https://evil.example/", &[]),
        ),
        (
            Some("carla"),
            "/endpoints/new",
            wish("https://evil.example/", &[]),
        ),
    ] {
        let refused = app.send(user, path, &form).await;
        assert!([400, 404].contains(&refused.status().as_u16()), "{user:?}");
    }
    let (status, page) = app.seen(Some("carla"), "/endpoints").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("You have no webhooks to manage") && !page.contains("ana.example"),
        "{page}"
    );
    assert!(
        !app.seen(Some("beto"), "/endpoints")
            .await
            .1
            .contains("ana.example")
    );
    // A delivery is found at its own endpoint alone.
    let of_beto = wish("https://beto.example/", &[("account", "beto")]);
    let to = app.sent(Some("beto"), "/endpoints/new", &of_beto).await;
    let other = to.split('?').next().unwrap();
    assert_eq!(
        app.sent(Some("beto"), other, &retry).await,
        format!("{other}?done=nothing")
    );
    assert_eq!(
        app.seen(Some("beto"), &format!("{other}/deliveries/{id}"))
            .await
            .0,
        404
    );
    // Who only reads sees all of it and changes nothing.
    for path in &paths {
        assert_eq!(app.seen(Some("ana reads"), path).await.0, 200, "{path}");
    }
    for (path, form) in forms
        .iter()
        .chain(&[("/endpoints/new".to_owned(), &form[..])])
    {
        let refused = app.send(Some("ana reads"), path, form).await;
        assert_eq!(refused.status(), 403, "{path}");
    }
    let row = rows(&app).await.remove(0);
    assert_eq!(
        (row.state, &*row.spec.url),
        (EndpointState::Enabled, "https://ana.example/hook")
    );
    assert_eq!(app.store_actions().await, [""; 0]);
    // Operators look after all of them, which is kept.
    let (_, page) = app.seen(None, "/endpoints").await;
    assert_eq!(page.matches("data-endpoint=").count(), 2, "{page}");
    app.sent(None, &made, &[("action", "disable")]).await;
    assert_eq!(app.store_actions().await, [" disable-endpoint"]);
}
