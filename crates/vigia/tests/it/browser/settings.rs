//! Settings, endpoints and the pages of operators in a browser: by keyboard, on a phone and on a desk, light and dark.
//!
//! With `VIGIA_SCREENSHOTS=FOLDER` it leaves pictures of them there, to look at.

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::json;
use vigia_core::{Address, Platform, UserId};
use vigia_store::{
    Action, ActionStore, ActionWay, DeliveryStore, DeviceSpec, EndpointState, InboxStore,
    PushStore, ReadStore, ScheduleStore, SqlStore,
};

use super::operations::{PASSWORD, picture, press, sign_in};
use super::told::{fill, shown};
use super::{Driver, chromedriver, no_script};
use crate::app::App;
use crate::sign_in::run_with;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
/// No page here has more places to stop at.
const STOPS_MAX: usize = 120;

/// Goes from stop to stop until one is `css`.
async fn tab_to(browser: &Client, css: &str) -> Element {
    for _ in 0..STOPS_MAX {
        let script = "return document.activeElement.matches(arguments[0])";
        let is_there = browser.execute(script, vec![json!(css)]).await;
        let active = browser.active_element().await.expect("something is active");
        if is_there.expect("a script") == true {
            return active;
        }
        active.send_keys(TAB).await.expect("a key");
    }
    panic!("{css} is not reached by keyboard");
}

/// Goes there and presses a key.
async fn key(browser: &Client, css: &str, key: &str) {
    let there = tab_to(browser, css).await;
    there.send_keys(key).await.expect("a key");
}

async fn told(browser: &Client, done: &str) {
    let told = format!("[data-done='{done}']");
    let told = browser.wait().for_element(Locator::Css(&told)).await;
    told.unwrap_or_else(|error| panic!("{done} is not told: {error}"));
}

async fn go(browser: &Client, address: &str, path: &str) {
    let page = format!("{address}{path}");
    browser.goto(&page).await.expect("the page");
}

/// The reader's devices and a job, and an account that is told of something.
pub(super) async fn prepare(store: &SqlStore, user: UserId) {
    for (platform, token, app_version) in [
        (Platform::Fcm, "f".repeat(140), "7.2.1"),
        (Platform::Apns, "a".repeat(64), ""),
    ] {
        let device = DeviceSpec {
            platform,
            token,
            locale: None,
            app_version: app_version.to_owned(),
        };
        let registered = store.device_register(user, &device).await;
        registered.expect("a device");
    }
    let schedule = vigia_store::ScheduleSpec {
        name: "raw_cleanup".to_owned(),
        pattern: "every 5m".to_owned(),
        time_zone: "America/Bogota".to_owned(),
        missed: vigia_core::MissedPolicy::Once,
        next_at_ms: Some(1_800_000_000_000),
    };
    let declared = store.schedule_declare(&schedule).await;
    declared.expect("a schedule");
    let action = Action {
        actor: "root".to_owned(),
        way: ActionWay::Graphql,
        action: "setEndpointEnabled".to_owned(),
        subject: json!({ "endpoint": "ledger", "enabled": false }),
        problem: Some("there is no endpoint \"ledger\"".to_owned()),
    };
    store.action_record(&action).await.expect("an action");
}

/// Preferences are set, a device is removed and other sessions end, without a mouse.
async fn walk_settings(browser: &Client, address: &str, store: &SqlStore, user: UserId) {
    go(browser, address, "").await;
    key(browser, "a[href='/settings']", ENTER).await;
    key(browser, "input[name='push:money']", " ").await;
    let zone = tab_to(browser, "input[name='time_zone']").await;
    zone.clear().await.expect("it can be emptied");
    zone.send_keys("Nowhere/City").await.expect("text");
    key(browser, ".panel button.main", ENTER).await;
    let wrong = Locator::Css("input[name='time_zone'][aria-invalid]");
    browser.wait().for_element(wrong).await.expect("it is said");
    picture(browser, "settings-wrong-360-light").await;
    let zone = tab_to(browser, "input[name='time_zone']").await;
    zone.clear().await.expect("it can be emptied");
    zone.send_keys("America/Bogota").await.expect("text");
    for (field, hour) in [("quiet_from", "1000PM"), ("quiet_to", "0730AM")] {
        key(browser, &format!("input[name='{field}']"), hour).await;
    }
    key(browser, ".panel button.main", ENTER).await;
    told(browser, "saved").await;
    let kept = store.preference_find(user).await.expect("preferences");
    let quiet = kept.quiet_hours.expect("quiet hours");
    assert_eq!((quiet.from_minute(), quiet.to_minute()), (1_320, 450));
    assert_eq!(
        (&*kept.time_zone, kept.muted.to_string()),
        ("America/Bogota", "push:money".to_owned())
    );
    key(browser, "[data-device] button", ENTER).await;
    told(browser, "removed").await;
    key(browser, "form[action$='end-others'] button", ENTER).await;
    told(browser, "others-ended").await;
}

/// An endpoint is made, told a test, given a key and removed, without a mouse.
async fn walk_endpoints(browser: &Client, address: &str, store: &SqlStore) {
    go(browser, address, "endpoints").await;
    key(browser, "a[href='/endpoints/new']", ENTER).await;
    let new = Locator::Css("form[action='/endpoints/new']");
    browser.wait().for_element(new).await.expect("a form");
    key(browser, "input[name='url']", "http://10.0.0.1/").await;
    key(browser, "input[name='label']", "Caja de la tienda").await;
    key(browser, ".panel button.main", ENTER).await;
    let wrong = Locator::Css("[data-wrong='url']");
    browser.wait().for_element(wrong).await.expect("it is said");
    picture(browser, "endpoint-wrong-360-light").await;
    let url = tab_to(browser, "input[name='url']").await;
    url.clear().await.expect("it can be emptied");
    url.send_keys("https://example.com/hooks")
        .await
        .expect("text");
    key(browser, ".panel button.main", ENTER).await;
    told(browser, "created").await;
    let public = browser
        .find(Locator::Css("[data-key]"))
        .await
        .expect("a key");
    let public = public.text().await.expect("its text");
    assert!(public.starts_with("whpk_"), "{public}");
    key(browser, "input[value='test'] ~ button", ENTER).await;
    told(browser, "tested").await;
    key(browser, ".rotate summary", ENTER).await;
    key(browser, ".rotate button", ENTER).await;
    told(browser, "rotated").await;
    let keys = browser.find_all(Locator::Css("[data-key]")).await;
    assert_eq!(keys.expect("keys").len(), 2);
    let row = store.endpoint_list().await.expect("endpoints").remove(0);
    assert_eq!(
        (row.state, &*row.label),
        (EndpointState::Enabled, "Caja de la tienda")
    );
}

/// A page, the name of its picture, and something that is on it.
type Look = (String, &'static str, &'static str);

fn of_members(endpoint: &str) -> Vec<Look> {
    let one = format!("endpoints/{endpoint}");
    vec![
        (
            "settings?lang=es".to_owned(),
            "settings",
            "Horas de silencio",
        ),
        (
            "settings?lang=pt".to_owned(),
            "settings-pt",
            "Horas de silêncio",
        ),
        (
            "endpoints?lang=es".to_owned(),
            "endpoints",
            "Caja de la tienda",
        ),
        ("endpoints/new".to_owned(), "endpoint-new", "HMAC-SHA256"),
        (format!("{one}/edit"), "endpoint-edit", "Guardar"),
        (
            format!("{one}/remove"),
            "endpoint-remove",
            "No se puede deshacer",
        ),
        (one, "endpoint", "whpk_"),
    ]
}

fn of_operators() -> Vec<Look> {
    [
        ("actions?lang=es", "actions", "setEndpointEnabled"),
        ("users", "users", "root"),
        ("users?user=root", "user", "Tokens"),
        ("schedules", "schedules", "raw_cleanup"),
        ("ingestion", "ingestion-links", "Bitácora"),
    ]
    .map(|(path, name, part)| (path.to_owned(), name, part))
    .into()
}

/// Every page fits its window and is looked at.
async fn look(browser: &Client, address: &str, pages: &[Look], (name, width): (&str, u32)) {
    let sized = browser.set_window_size(width, 2_400).await;
    sized.expect("a window of this size");
    for (path, page, part) in pages {
        let text = shown(browser, &format!("{address}{path}"), width).await;
        let source = browser.source().await.expect("a page");
        assert!(source.contains(part), "{path}: {text}");
        picture(browser, &format!("{page}-{width}-{name}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_and_endpoints_are_walked_by_keyboard() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::new();
    app.ok(&["webhooks", "secret-key", "keys.key"]);
    app.configure(
        "[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n[delivery]\nsecret_key_files = [\"keys.key\"]\n",
    );
    let address = Address::new([1; 32]).to_string();
    app.ok(&[
        "watch",
        "add",
        &address,
        "--account",
        "ana",
        "--user",
        "ana",
    ]);
    for create in [
        &["user", "create", "root", "--admin"][..],
        &["user", "create", "ana"],
    ] {
        let created = run_with(&app, create, PASSWORD);
        assert!(created.status.success(), "{created:?}");
    }
    let store = app.store().await;
    let ana = store.user_find("ana").await.expect("users").expect("Ana");
    prepare(&store, ana.id).await;
    let mut web = app.start(&["web", "--log", "error"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let other = driver.browser().await;
    sign_in(&other, address, "ana").await;
    other.close().await.expect("the browser closes");
    let browser = driver.browser().await;
    sign_in(&browser, address, "ana").await;
    walk_settings(&browser, address, &store, ana.id).await;
    walk_endpoints(&browser, address, &store).await;
    fill(&store).await;
    while store.delivery_sequence().await.expect("deliveries").read > 0 {}
    browser.close().await.expect("the browser closes");

    let name = store.endpoint_list().await.expect("endpoints").remove(0);
    let name = name.spec.name;
    let dark = ["--blink-settings=preferredColorScheme=0"];
    for (look_name, further) in [("light", &[][..]), ("dark", &dark[..])] {
        let browser = driver.browser_with(json!({}), further).await;
        sign_in(&browser, address, "ana").await;
        for width in [360, 1280] {
            look(&browser, address, &of_members(&name), (look_name, width)).await;
        }
        sign_in(&browser, address, "root").await;
        for width in [360, 1280] {
            look(&browser, address, &of_operators(), (look_name, width)).await;
        }
        browser.close().await.expect("the browser closes");
    }

    let browser = driver.browser_with(no_script(), &[]).await;
    sign_in(&browser, address, "root").await;
    go(&browser, address, &format!("endpoints/{name}/remove")).await;
    press(&browser, "button.danger").await;
    told(&browser, "removed").await;
    go(&browser, address, "schedules").await;
    press(&browser, "[data-schedule] button").await;
    told(&browser, "paused").await;
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
    store.close().await;
}
