//! What operators see of deliveries, and an inbox with something unread: on a phone, on a desk, and in the dark.
//!
//! With `VIGIA_SCREENSHOTS=FOLDER` it leaves pictures of them there, to look at.

use fantoccini::{Client, Locator};
use serde_json::json;
use vigia_core::{Address, BundleSettings, Locale, NotificationKind, Platform};
use vigia_store::{
    AttemptRow, BroadcastSegment, BroadcastSpec, BroadcastStore, BroadcastText, BroadcastTexts,
    Completion, DeliveryEnd, DeliveryState, DeliveryStore, DeviceSpec, EndpointFilter,
    EndpointSpec, InboxStore, Notice, PushCompletion, PushEnd, PushLane, PushSettings, PushStore,
    ReadStore, SqlStore,
};

use super::told::{LONG, fill, shown};
use super::{Driver, chromedriver, no_script};
use crate::app::App;
use crate::sign_in::run_with;

pub(super) const PASSWORD: &str = "una contraseña larga";

fn attempt(duration_ms: u64, failure: Option<(&str, u16)>) -> AttemptRow {
    AttemptRow {
        started_at_ms: vigia_core::Clock::now_ms(&vigia_core::SystemClock),
        duration_ms,
        status: Some(failure.map_or(200, |(_, status)| status)),
        error: failure.map(|(error, _)| error.to_owned()),
        response_head: String::new(),
    }
}

/// Two endpoints, of which one has had enough.
async fn webhooks(store: &SqlStore) {
    let spec = |name: &str, url: &str| EndpointSpec {
        name: name.to_owned(),
        url: url.to_owned(),
        filter: EndpointFilter::default(),
        per_second: None,
    };
    let long = format!("https://receiver.example/{}", "path-without-end/".repeat(6));
    let specs = [
        spec("ledger", "https://ledger.example/hooks"),
        spec(LONG, &long),
    ];
    store.endpoint_declare(&specs).await.expect("endpoints");
    fill(store).await;
    while store.delivery_sequence().await.expect("deliveries").read > 0 {}
    let claimed = store.delivery_claim("w", &[1, 2], 2, 60_000).await;
    let ends = claimed.expect("deliveries").into_iter().enumerate();
    let ends = ends.map(|(n, claimed)| {
        let (end, failure) = match n {
            0 => (DeliveryEnd::Delivered, None),
            1 => (DeliveryEnd::Dead, Some(("status", 503))),
            2 => (DeliveryEnd::Delivered, None),
            _ => (DeliveryEnd::Gone, Some(("target_dead", 410))),
        };
        Completion {
            id: claimed.event.row.id,
            fence: claimed.fence,
            end,
            attempt: Some(attempt(37 + 1_900 * n as u64, failure)),
        }
    });
    let ends: Vec<_> = ends.collect();
    store
        .delivery_complete(&ends, u64::MAX / 2)
        .await
        .expect("ends");
}

/// A device of the operator's, which is told of something in vain, and a broadcast that has just begun.
async fn pushes(store: &SqlStore) {
    let root = store
        .user_find("root")
        .await
        .expect("a user")
        .expect("root");
    let device = DeviceSpec {
        platform: Platform::Apns,
        token: "a".repeat(64),
        locale: None,
        app_version: "7".to_owned(),
    };
    store
        .device_register(root.id, &device)
        .await
        .expect("a device");
    let notice = |cause: &str| Notice {
        user: root.id,
        kind: NotificationKind::new("NEW_SIGN_IN"),
        cause: cause.to_owned(),
        details: json!({ "client": "Firefox" }),
    };
    let notices = [notice("session/1")];
    store.notification_tell(&notices).await.expect("a notice");
    let settings = PushSettings {
        bundles: BundleSettings::default(),
        platforms: vec![Platform::Apns],
        age_ms_max: u64::MAX / 2,
    };
    while store.push_sequence(&settings).await.expect("pushes") > 0 {}
    let claimed = store.push_claim("w", Platform::Apns, PushLane::Live, 1, 60_000);
    let claimed = claimed.await.expect("pushes").remove(0);
    let (push, fence) = &claimed.pushes[0];
    let completion = PushCompletion {
        id: push.id,
        device: push.device,
        fence: *fence,
        end: PushEnd::Dead,
        attempt: Some(attempt(112, Some(("credentials", 403)))),
    };
    store.push_complete(&[completion]).await.expect("an end");
    let text = BroadcastText {
        title: "Ya puedes pagar con QR en todos los comercios de la red".to_owned(),
        body: "…".to_owned(),
    };
    let spec = BroadcastSpec {
        texts: BroadcastTexts::new([(Locale::Es, text)]).expect("texts"),
        segment: BroadcastSegment::default(),
        rate_per_s: 100,
    };
    store.broadcast_begin(&spec).await.expect("a broadcast");
}

pub(super) async fn sign_in(browser: &Client, address: &str, name: &str) {
    browser
        .goto(&format!("{address}sign-in"))
        .await
        .expect("the page");
    for (field, text) in [("name", name), ("password", PASSWORD)] {
        let field = format!("input[name='{field}']");
        let field = browser.find(Locator::Css(&field)).await.expect("a field");
        field.send_keys(text).await.expect("it takes text");
    }
    press(browser, ".sign-in button").await;
    let here = browser.wait().for_element(Locator::Css(".signed-in")).await;
    here.expect("somebody is signed in");
}

pub(super) async fn press(browser: &Client, button: &str) {
    let button = browser.wait().for_element(Locator::Css(button)).await;
    let button = button.expect("a button");
    button.click().await.expect("it can be pressed");
}

/// A picture of the whole page, where somebody wants to look at it.
pub(super) async fn picture(browser: &Client, name: &str) {
    let Some(folder) = std::env::var_os("VIGIA_SCREENSHOTS") else {
        return;
    };
    let picture = browser.screenshot().await.expect("a picture");
    let path = std::path::Path::new(&folder).join(format!("{name}.png"));
    std::fs::write(path, picture).expect("the folder is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_look_after_deliveries_on_every_screen() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::with_config("[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n");
    let created = run_with(&app, &["user", "create", "root", "--admin"], PASSWORD);
    assert!(created.status.success(), "{created:?}");
    app.ok(&["watch", "add", &Address::new([1; 32]).to_string()]);
    let store = app.store().await;
    webhooks(&store).await;
    pushes(&store).await;
    let mut web = app.start(&["web", "--log", "error"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let dark = ["--blink-settings=preferredColorScheme=0"];
    for (look, further) in [("light", &[][..]), ("dark", &dark[..])] {
        let browser = driver.browser_with(json!({}), further).await;
        sign_in(&browser, address, "root").await;
        for width in [360, 1280] {
            let sized = browser.set_window_size(width, 3_000).await;
            sized.expect("a window of this size");
            for (path, name, part) in [
                ("deliveries?lang=es", "webhooks", "Dadas por perdidas"),
                (
                    "deliveries?of=webhooks&state=pending&endpoint=ledger",
                    "pending",
                    "Enviar ya",
                ),
                ("deliveries?of=pushes&lang=pt", "pushes", "credentials"),
                ("inbox?lang=es", "inbox", "sin leer"),
                ("ingestion?lang=es", "ingestion", "Entregas"),
                ("watch?lang=es", "watch", "Lo que se observa"),
                ("contracts?lang=pt", "contracts", "Contratos"),
                ("broadcasts?lang=es", "broadcasts", "Comunicados"),
                ("broadcasts/new?lang=en", "broadcast-new", "New broadcast"),
                ("users?user=root&lang=es", "user", "Cambiar rol"),
                (
                    "search?q=nada&lang=es",
                    "search",
                    "No hay nada con ese texto",
                ),
            ] {
                let text = shown(&browser, &format!("{address}{path}"), width).await;
                let hidden = browser.source().await.expect("a page");
                assert!(
                    text.contains(part) || hidden.contains(part),
                    "{path}: {text}"
                );
                picture(&browser, &format!("{name}-{width}-{look}")).await;
            }
        }
        let script = "return matchMedia('(prefers-color-scheme: dark)').matches";
        let is_dark = browser.execute(script, Vec::new()).await.expect("a script");
        assert_eq!(is_dark, look == "dark");
        browser.close().await.expect("the browser closes");
    }

    let browser = driver.browser_with(no_script(), &[]).await;
    sign_in(&browser, address, "root").await;
    browser
        .goto(&format!("{address}deliveries"))
        .await
        .expect("the page");
    for (action, done) in [
        ("retry-delivery", "retried"),
        ("disable-endpoint", "disabled"),
        ("enable-endpoint", "enabled"),
        ("stop-broadcast", "stopped"),
    ] {
        // The button after the field that says what it does.
        press(&browser, &format!("input[value='{action}'] ~ button")).await;
        let told = format!("[data-done='{done}']");
        let told = browser.wait().for_element(Locator::Css(&told)).await;
        told.expect("what was done is told");
    }
    browser
        .goto(&format!("{address}inbox"))
        .await
        .expect("the page");
    assert!(browser.find(Locator::Css("[data-unread]")).await.is_ok());
    press(&browser, ".heading button").await;
    let read = Locator::Css("[data-notification]:not([data-unread])");
    browser.wait().for_element(read).await.expect("all is read");
    assert!(browser.find(Locator::Css("[data-unread]")).await.is_err());
    let counts = store.delivery_counts().await.expect("counts");
    let dead = counts
        .iter()
        .filter(|(_, state, _)| *state == DeliveryState::Dead);
    assert_eq!(
        dead.map(|(_, _, count)| count).sum::<u64>(),
        1,
        "{counts:?}"
    );
    write_and_send(&browser, address).await;
    watch_and_stop(&browser, address).await;
    stay_admin(&browser, address).await;
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
    store.close().await;
}

async fn fill_in(browser: &Client, field: &str, text: &str) {
    let field = browser.find(Locator::Css(field)).await.expect("a field");
    field.send_keys(text).await.expect("it takes text");
}

async fn told(browser: &Client, done: &str) {
    let told = format!("[data-done='{done}']");
    let told = browser.wait().for_element(Locator::Css(&told)).await;
    told.expect("what was done is told");
}

/// A broadcast is looked at before it begins.
async fn write_and_send(browser: &Client, address: &str) {
    let page = format!("{address}broadcasts/new");
    browser.goto(&page).await.expect("the page");
    fill_in(browser, "[name='title_es']", "Novedades").await;
    fill_in(browser, "[name='body_es']", "Ya puedes pagar con QR").await;
    press(browser, "button[value='preview']").await;
    let preview = Locator::Css("[data-preview]");
    browser
        .wait()
        .for_element(preview)
        .await
        .expect("a preview");
    press(browser, "button[value='start']").await;
    told(browser, "started").await;
}

/// An address is watched, found by how it begins, and watched no longer.
async fn watch_and_stop(browser: &Client, address: &str) {
    let page = format!("{address}watch");
    browser.goto(&page).await.expect("the page");
    let target = Address::new([0x77; 32]).to_string();
    fill_in(browser, "[name='target']", &target).await;
    press(browser, "form[action='/watch'] button.main").await;
    told(browser, "added").await;
    browser
        .goto(&format!("{page}?address=0x77"))
        .await
        .expect("the page");
    press(browser, "[data-watch] a[href^='/watch/remove']").await;
    press(browser, "button.danger").await;
    told(browser, "removed").await;
}

/// The only admin stays one.
async fn stay_admin(browser: &Client, address: &str) {
    let page = format!("{address}users?user=root");
    browser.goto(&page).await.expect("the page");
    press(browser, "select[name='role'] option[value='user']").await;
    press(browser, "[data-role-form] button").await;
    told(browser, "last-admin").await;
}
