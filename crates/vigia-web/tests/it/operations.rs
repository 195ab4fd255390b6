//! `/deliveries`: what operators see of endpoints, platforms and broadcasts, and what its buttons do; and nobody else.

use serde_json::json;
use vigia_core::{DeliveryId, Locale, Platform};
use vigia_store::{
    AttemptRow, BroadcastSegment, BroadcastSpec, BroadcastState, BroadcastStore, BroadcastText,
    BroadcastTexts, Completion, DeliveryEnd, DeliveryState, DeliveryStore, DeviceSpec,
    EndpointFilter, EndpointSpec, EndpointState, PushCompletion, PushEnd, PushLane, PushSettings,
    PushStore, ReadStore,
};

use crate::app::{TestApp, USER_HEADER};

const NAME: &str = "ledger & <b>co</b>";

fn attempt(app: &TestApp, duration_ms: u64, status: u16) -> AttemptRow {
    AttemptRow {
        started_at_ms: vigia_core::Clock::now_ms(&*app.clock),
        duration_ms,
        status: Some(status),
        error: (status >= 300).then(|| "status".to_owned()),
        response_head: String::new(),
    }
}

/// Two endpoints that are told of transfers at these checkpoints, two deliveries each.
async fn app(checkpoints: u64) -> TestApp {
    let app = TestApp::with_people("Ana <i>").await;
    let spec = |name: &str| EndpointSpec {
        name: name.to_owned(),
        url: "https://ledger.example/hook".to_owned(),
        filter: EndpointFilter::default(),
        per_second: None,
    };
    let specs = [spec(NAME), spec("quiet")];
    app.store.endpoint_declare(&specs).await.unwrap();
    for checkpoint in 0..checkpoints {
        app.transfer(checkpoint).await;
    }
    while app.store.delivery_sequence().await.unwrap().read > 0 {}
    app
}

/// The first endpoint is told once in vain and for the rest well; returns what was in vain.
async fn told(app: &TestApp) -> DeliveryId {
    let claimed = app.store.delivery_claim("w", &[1], 99, 1_000).await;
    let ends = claimed
        .unwrap()
        .into_iter()
        .enumerate()
        .map(|(n, claimed)| {
            let (end, status) = match n {
                0 => (DeliveryEnd::Dead, 503),
                _ => (DeliveryEnd::Delivered, 200),
            };
            let took_ms = u64::from(status) + 1_000;
            Completion {
                id: claimed.event.row.id,
                fence: claimed.fence,
                end,
                attempt: Some(attempt(app, took_ms, status)),
            }
        });
    let ends: Vec<_> = ends.collect();
    app.store
        .delivery_complete(&ends, u64::MAX / 2)
        .await
        .unwrap();
    ends[0].id
}

/// Ana's phone is to be told of something, once, and somebody has tried; returns the push.
async fn pushed(app: &TestApp, end: PushEnd) -> DeliveryId {
    // Of what was before it a device is not told.
    app.clock.set(vigia_core::Clock::now_ms(&*app.clock) + 1);
    let ana = app.store.user_find("ana").await.unwrap().unwrap();
    let spec = DeviceSpec {
        platform: Platform::Fcm,
        token: "a-long-secret-token".to_owned(),
        locale: None,
        app_version: "1".to_owned(),
    };
    app.store.device_register(ana.id, &spec).await.unwrap();
    let notice = vigia_store::Notice {
        user: ana.id,
        kind: vigia_core::NotificationKind::new("NEW_SIGN_IN"),
        cause: "session/1".to_owned(),
        details: json!({ "client": "Firefox" }),
    };
    vigia_store::InboxStore::notification_tell(&*app.store, &[notice])
        .await
        .unwrap();
    let settings = PushSettings {
        bundles: vigia_core::BundleSettings::default(),
        platforms: vec![Platform::Fcm],
        age_ms_max: u64::MAX / 2,
    };
    while app.store.push_sequence(&settings).await.unwrap() > 0 {}
    let claimed = app
        .store
        .push_claim("w", Platform::Fcm, PushLane::Live, 9, 1_000);
    let (push, fence) = claimed.await.unwrap()[0].pushes[0].clone();
    let completion = PushCompletion {
        id: push.id,
        device: push.device,
        fence,
        end,
        attempt: Some(attempt(app, 90, 502)),
    };
    app.store.push_complete(&[completion]).await.unwrap();
    push.id
}

async fn broadcast(app: &TestApp) -> i64 {
    let text = BroadcastText {
        title: "News <script>".to_owned(),
        body: "…".to_owned(),
    };
    let spec = BroadcastSpec {
        texts: BroadcastTexts::new([(Locale::En, text)]).unwrap(),
        segment: BroadcastSegment::default(),
        rate_per_s: 100,
    };
    app.store.broadcast_begin(&spec).await.unwrap()
}

/// Presses a button as the page has it, and returns what the page says then.
async fn press(app: &TestApp, at: &str, action: &str, id: &str) -> String {
    let own = format!("http://{}", app.address);
    let page = app.page(at).await;
    let form = "<form method=\"post\" action=\"";
    let escaped = maud_escaped(id);
    let marks = format!(
        "<input type=\"hidden\" name=\"action\" value=\"{action}\"><input type=\"hidden\" name=\"id\" value=\"{escaped}\">"
    );
    let found = page.split(form).find(|form| form.contains(&marks));
    let found = found.unwrap_or_else(|| panic!("no button {action} {id} in {page}"));
    let to = found.split('"').next().unwrap().replace("&amp;", "&");
    let body = form_body(&[("action", action), ("id", id)]);
    let request = app.post(&to).header("origin", own).body(body);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 303, "{to}");
    let back = response.headers()["location"].to_str().unwrap();
    app.page(&format!("{back}&lang=en")).await
}

fn maud_escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

fn form_body(pairs: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(pairs).finish()
}

/// That all of these are on a page.
fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

#[tokio::test]
async fn the_page_says_how_each_is_reached() {
    let app = app(2).await;
    let page = app.page("/deliveries?lang=en").await;
    shows(
        &page,
        &[
            "data-platform=\"web\"",
            "–",
            "There are none in this state.",
        ],
    );
    let dead = told(&app).await;
    let push = pushed(&app, PushEnd::Dead).await;
    broadcast(&app).await;
    let page = app.page("/deliveries?lang=en").await;
    let of_dead = format!("data-delivery=\"{dead}\" data-state=\"dead\"");
    shows(
        &page,
        &[
            "data-endpoint=\"ledger &amp; &lt;b&gt;co&lt;/b&gt;\" data-state=\"enabled\"",
            "75.0\u{a0}%",
            "1.2\u{a0}s / 1.5\u{a0}s",
            "News &lt;script&gt;",
            "<progress value=\"0\" max=\"2\"",
            "0 of 2 told",
            &of_dead,
            "<span class=\"failed\" data-error>status</span>",
            "HTTP 503",
            "Ana &lt;i&gt;",
            "1 attempt<",
        ],
    );
    assert_eq!(page.matches("data-delivery=").count(), 1, "{page}");
    assert!(
        !page.contains("<b>co") && !page.contains("style="),
        "{page}"
    );
    // Each list has what it is of.
    for (list, rows, of) in [
        ("of=webhooks&state=pending", 4, "data-delivery="),
        ("of=webhooks&state=pending&endpoint=quiet", 4, "#1"),
        ("of=webhooks&state=delivered", 3, "HTTP 200"),
        (
            "of=webhooks&state=delivered&endpoint=quiet",
            0,
            "There are none",
        ),
        ("of=webhooks&state=cancelled", 0, "There are none"),
        ("of=pushes&state=dead", 1, "HTTP 502"),
        ("of=pushes&state=pending", 0, "There are none"),
    ] {
        let page = app.page(&format!("/deliveries?{list}&lang=en")).await;
        let found = page.matches("data-delivery=").count() + page.matches("data-push=").count();
        assert_eq!(found, rows, "{list}: {page}");
        shows(&page, &[of]);
    }
    let pushes = app.page("/deliveries?of=pushes").await;
    shows(&pushes, &[&format!("data-push=\"{push}\""), ">ana<"]);
    assert!(!pushes.contains("secret-token"), "{pushes}");
    for (language, title) in [("es", "Entregas"), ("en", "Deliveries"), ("pt", "Entregas")] {
        let page = app.page(&format!("/deliveries?lang={language}")).await;
        shows(&page, &[&format!("<h1>{title}</h1>")]);
    }
    let ingestion = app.page("/ingestion").await;
    shows(&ingestion, &["href=\"/deliveries\""]);
}

#[tokio::test]
async fn its_buttons_do_what_they_say() {
    let app = app(1).await;
    let dead = told(&app).await.to_string();
    let state = async |id: &str| {
        let found = app.store.delivery_find(&id.parse().unwrap()).await;
        found.unwrap().unwrap().0.state
    };
    let page = press(&app, "/deliveries", "retry-delivery", &dead).await;
    shows(&page, &["data-done=\"retried\"", "It is sent again"]);
    assert_eq!(state(&dead).await, DeliveryState::Pending);
    let pending = "/deliveries?of=webhooks&state=pending";
    let page = press(&app, pending, "cancel-delivery", &dead).await;
    shows(&page, &["data-done=\"cancelled\"", "state=pending"]);
    assert_eq!(state(&dead).await, DeliveryState::Cancelled);

    let push = pushed(&app, PushEnd::Dead).await.to_string();
    let state = async |id: &str| {
        let found = app.store.push_find(&id.parse().unwrap()).await;
        found.unwrap().unwrap().0.state
    };
    press(&app, "/deliveries?of=pushes", "retry-push", &push).await;
    assert_eq!(state(&push).await, DeliveryState::Pending);
    let pending = "/deliveries?of=pushes&state=pending";
    press(&app, pending, "cancel-push", &push).await;
    assert_eq!(state(&push).await, DeliveryState::Cancelled);

    let enabled = async || {
        let endpoints = app.store.endpoint_list().await.unwrap();
        endpoints[0].state == EndpointState::Enabled
    };
    let page = press(&app, "/deliveries", "disable-endpoint", NAME).await;
    shows(
        &page,
        &["data-done=\"disabled\"", "an operator disabled it"],
    );
    assert!(!enabled().await);
    let page = press(&app, "/deliveries", "enable-endpoint", NAME).await;
    shows(&page, &["data-done=\"enabled\""]);
    assert!(enabled().await);

    let id = broadcast(&app).await;
    let page = press(&app, "/deliveries", "stop-broadcast", &id.to_string()).await;
    shows(&page, &["data-done=\"stopped\""]);
    assert!(!page.contains("data-broadcast="), "{page}");
    let broadcasts = app.store.broadcast_list(9).await.unwrap();
    assert_eq!(broadcasts[0].state, BroadcastState::Stopped);
}

/// A button that is pressed twice, or on a page that is out of date.
#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let app = app(1).await;
    let dead = told(&app).await.to_string();
    let order = async |body: String| {
        let request = app.post("/deliveries").body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send().await.unwrap();
        let to = response.headers().get("location").cloned();
        let to = to.map(|to| to.to_str().unwrap().to_owned());
        (response.status().as_u16(), to.unwrap_or_default())
    };
    let nobody = DeliveryId::from_bytes([9; 16]).to_string();
    for (action, id) in [
        ("cancel-delivery", &*dead),
        ("retry-delivery", &nobody),
        ("cancel-push", &nobody),
        ("retry-push", &dead),
        ("stop-broadcast", "7"),
        ("enable-endpoint", "nobody"),
    ] {
        let (status, to) = order(form_body(&[("action", action), ("id", id)])).await;
        assert_eq!(status, 303, "{action}");
        assert!(to.contains("done=nothing"), "{to}");
    }
    for (action, id) in [
        ("retry-delivery", "x"),
        ("cancel-push", ""),
        ("stop-broadcast", "x"),
        ("enable-endpoint", "a\0"),
        ("explode", &*dead),
    ] {
        let (status, _) = order(form_body(&[("action", action), ("id", id)])).await;
        assert_eq!(status, 400, "{action} {id}");
    }
    assert_eq!(order("id=1".to_owned()).await.0, 400);
    let more = form_body(&[("action", "retry-delivery"), ("id", &dead), ("x", "1")]);
    assert_eq!(order(more).await.0, 400);
    for query in [
        "after=forged",
        "after=",
        "of=letters",
        "state=lost",
        "endpoint=nobody",
        "of=pushes&of=webhooks",
        "of=%ff",
    ] {
        let found = app
            .get(&format!("/deliveries?{query}"))
            .send()
            .await
            .unwrap();
        assert_eq!(found.status(), 400, "{query}");
    }
    let posted = app.post("/deliveries?after=forged");
    let posted = posted.header("content-type", "application/x-www-form-urlencoded");
    let body = form_body(&[("action", "retry-delivery"), ("id", &dead)]);
    assert_eq!(posted.body(body).send().await.unwrap().status(), 400);
    let counts = app.store.delivery_counts().await.unwrap();
    let is_dead = |(_, state, count): &(i64, DeliveryState, u64)| {
        *state == DeliveryState::Dead && *count == 1
    };
    assert!(counts.iter().any(is_dead), "nothing changed: {counts:?}");
    // What an address claims was done is said only in the page's own words.
    let page = app.page("/deliveries?done=evil&id=7").await;
    assert!(!page.contains("evil") && !page.contains("data-done"));
    let page = app.page("/deliveries?done=retried&id=evil").await;
    assert!(!page.contains("evil") && !page.contains("data-done"));
}

#[tokio::test]
async fn another_sites_form_is_refused() {
    let app = app(1).await;
    let dead = told(&app).await;
    let page = app.get("/deliveries").send().await.unwrap();
    assert_eq!(page.headers()["referrer-policy"], "same-origin");
    let body = form_body(&[("action", "retry-delivery"), ("id", &dead.to_string())]);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let request = app.post("/deliveries").header("origin", origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body.clone()).send().await.unwrap();
        assert_eq!(response.status(), 403, "{origin}");
    }
    let found = app.store.delivery_find(&dead).await.unwrap().unwrap();
    assert_eq!(found.0.state, DeliveryState::Dead);
}

/// A user gets the same page whether there is something or not, before anything is read.
#[tokio::test]
async fn it_is_the_operators_alone() {
    let app = app(1).await;
    let dead = told(&app).await.to_string();
    let unknown = app.get("/nowhere").header(USER_HEADER, "ana");
    let unknown = unknown.send().await.unwrap().text().await.unwrap();
    let body = form_body(&[("action", "retry-delivery"), ("id", &dead)]);
    for (user, status) in [("ana", 404), ("nobody", 401)] {
        for path in [
            "/deliveries",
            "/deliveries?after=forged",
            "/deliveries?of=pushes",
        ] {
            let asked = app.get(path).header(USER_HEADER, user);
            let posted = app.post(path).header(USER_HEADER, user);
            let kind = "application/x-www-form-urlencoded";
            let garbled = posted.try_clone().unwrap().body("%%%");
            let posted = posted.header("content-type", kind).body(body.clone());
            for request in [asked, garbled, posted] {
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), status, "{user} {path}");
                let text = response.text().await.unwrap();
                assert!(status != 404 || text == unknown, "{path}");
            }
        }
    }
    let found = app.store.delivery_find(&dead.parse().unwrap()).await;
    assert_eq!(found.unwrap().unwrap().0.state, DeliveryState::Dead);
    let ingestion = app.get("/ingestion").header(USER_HEADER, "ana");
    let ingestion = ingestion.send().await.unwrap().text().await.unwrap();
    assert!(!ingestion.contains("/deliveries"));
    let query = "{ pushPlatforms { platform } }";
    let reply = app.graphql_as(Some("ana"), query).await;
    assert_eq!(reply["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn lists_have_pages() {
    let app = app(16).await;
    let mut path = "/deliveries?of=webhooks&state=pending&endpoint=quiet".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut sizes = Vec::new();
    loop {
        let page = app.page(&path).await;
        let ids = page.split("data-delivery=\"").skip(1);
        let ids: Vec<_> = ids.map(|part| part[..32].to_owned()).collect();
        sizes.push(ids.len());
        seen.extend(ids);
        let Some((_, next)) = page.split_once("rel=\"next\" href=\"") else {
            break;
        };
        path = next.split('#').next().unwrap().replace("&amp;", "&");
        assert!(path.contains("endpoint=quiet"), "{path}");
    }
    assert_eq!((sizes, seen.len()), (vec![30, 2], 32));
    // A button leads back to the page it stands on.
    let last = app.page(&path).await;
    let id = &last.split("data-delivery=\"").nth(1).unwrap()[..32];
    let page = press(&app, &path, "cancel-delivery", id).await;
    assert!(page.contains("data-done=\"cancelled\""), "{page}");
    assert_eq!(page.matches("data-delivery=").count(), 1, "{page}");
}

#[tokio::test]
async fn graphql_says_how_each_is_reached() {
    let app = app(2).await;
    let fields = "attempts successPermille attemptP50Ms attemptP99Ms receivedP50Ms receivedP99Ms";
    let endpoints = format!("{{ endpoints {{ name dead delivered pending {fields} }} }}");
    let none = json!({
        "name": "quiet", "dead": 0, "delivered": 0, "pending": 4, "attempts": 0,
        "successPermille": null, "attemptP50Ms": null, "attemptP99Ms": null,
        "receivedP50Ms": null, "receivedP99Ms": null,
    });
    app.clock.set(vigia_core::Clock::now_ms(&*app.clock) + 40);
    told(&app).await;
    let expected = json!({
        "name": NAME, "dead": 1, "delivered": 3, "pending": 0, "attempts": 4,
        "successPermille": 750, "attemptP50Ms": 1_200, "attemptP99Ms": 1_503,
        "receivedP50Ms": 40, "receivedP99Ms": 40,
    });
    let reply = app.graphql(&endpoints).await;
    assert_eq!(
        reply["data"]["endpoints"],
        json!([expected, none]),
        "{reply}"
    );
    pushed(&app, PushEnd::Retry { at_ms: 1 }).await;
    let query = format!(
        "{{ pushPlatforms {{ platform devicesActive pending delivered dead cancelled {fields} }} }}"
    );
    let reply = app.graphql(&query).await;
    let platforms = reply["data"]["pushPlatforms"].as_array().unwrap();
    assert_eq!(platforms.len(), 3, "{reply}");
    assert_eq!(
        platforms[0],
        json!({
            "platform": "FCM", "devicesActive": 1, "pending": 1, "delivered": 0, "dead": 0,
            "cancelled": 0, "attempts": 1, "successPermille": 0, "attemptP50Ms": 90,
            "attemptP99Ms": 90, "receivedP50Ms": null, "receivedP99Ms": null,
        })
    );
    // What was a day ago says nothing about today.
    app.clock
        .set(vigia_core::Clock::now_ms(&*app.clock) + vigia_store::STATS_WINDOW_MS + 1);
    let reply = app.graphql("{ endpoints { attempts } }").await;
    assert_eq!(reply["data"]["endpoints"][0]["attempts"], 0, "{reply}");
}
