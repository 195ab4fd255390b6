//! Getting around by keyboard alone, with the place where one is always to be seen.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::{Client, Locator};
use serde_json::json;
use vigia_core::Address;
use vigia_store::{DeliveryStore as _, EndpointState};

use super::operations::PASSWORD;
use super::told::fill;
use super::{Driver, chromedriver};
use crate::app::App;
use crate::sign_in::run_with;

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
/// No page here has more places to stop at.
const STOPS_MAX: usize = 120;

/// Presses and lets go keys one after the other, whatever has the focus.
async fn press_keys(browser: &Client, keys: impl IntoIterator<Item = char>) {
    let mut actions = KeyActions::new("keyboard".to_owned());
    for value in keys {
        actions = actions
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
    }
    browser.perform_actions(actions).await.expect("keys");
}

/// That what has the focus shows it, and is in the window.
async fn focus_is_seen(browser: &Client) {
    let script = "const active = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(active);
        const { top, bottom, left, right, width } = active.getBoundingClientRect();
        return [active.outerHTML.slice(0, 200), active.matches(':focus-visible'),
          outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, width > 0 && bottom > 0 && right > 0
            && top < innerHeight && left < innerWidth];";
    let seen = browser.execute(script, Vec::new()).await.expect("a script");
    for (n, what) in [
        (1, "has no visible focus"),
        (2, "has no outline"),
        (3, "is out of sight"),
    ] {
        assert!(seen[n] == true, "{} {what}", seen[0]);
    }
}

/// Goes from stop to stop until one is `css`; each shows where one is.
async fn tab_to(browser: &Client, css: &str) {
    for _ in 0..STOPS_MAX {
        let script = "return document.activeElement.matches(arguments[0])";
        let is_there = browser.execute(script, vec![json!(css)]).await;
        if is_there.expect("a script") == true {
            focus_is_seen(browser).await;
            return;
        }
        press_keys(browser, [TAB]).await;
        let script = "return document.activeElement === document.body";
        let is_round = browser.execute(script, Vec::new()).await.expect("a script");
        // After the last stop comes the window itself.
        if is_round == false {
            focus_is_seen(browser).await;
        }
    }
    panic!("{css} is not reached by keyboard");
}

/// Goes there and presses Enter.
async fn enter(browser: &Client, css: &str) {
    tab_to(browser, css).await;
    press_keys(browser, [ENTER]).await;
}

/// Goes there and types.
async fn type_into(browser: &Client, css: &str, text: &str) {
    tab_to(browser, css).await;
    press_keys(browser, text.chars()).await;
}

async fn arrives(browser: &Client, css: &str) {
    let there = browser.wait().for_element(Locator::Css(css)).await;
    there.unwrap_or_else(|error| panic!("{css}: {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_reached_by_keyboard() {
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
    let created = run_with(&app, &["user", "create", "ana"], PASSWORD);
    assert!(created.status.success(), "{created:?}");
    let store = app.store().await;
    fill(&store).await;
    let mut web = app.start(&["web", "--log", "error"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    browser.set_window_size(1_280, 900).await.expect("a window");
    // The feed leads to where one signs in, and that back to it.
    browser.goto(address).await.expect("the page");
    type_into(&browser, "input[name='name']", "ana").await;
    type_into(&browser, "input[name='password']", PASSWORD).await;
    enter(&browser, ".sign-in form button").await;
    arrives(&browser, "[data-live-feed]").await;

    // Past the navigation, to the first transaction.
    enter(&browser, ".skip").await;
    let script = "return document.activeElement.id";
    let here = browser.execute(script, Vec::new()).await.expect("a script");
    assert_eq!(here, "content", "the link leads past the navigation");
    press_keys(&browser, [TAB]).await;
    enter(&browser, ".feed a").await;
    arrives(&browser, "p.digest").await;
    let at = browser.current_url().await.expect("an address");
    assert!(at.path().starts_with("/tx/"), "{at}");

    // Another language, which stays.
    enter(&browser, ".languages a[lang='en']").await;
    arrives(&browser, "html[lang='en'] p.digest").await;
    enter(&browser, "a[href='/settings']").await;
    arrives(&browser, "html[lang='en'] form[action='/settings']").await;

    // A webhook.
    enter(&browser, "a[href='/endpoints']").await;
    arrives(&browser, "a[href='/endpoints/new']").await;
    enter(&browser, "a[href='/endpoints/new']").await;
    arrives(&browser, "form[action='/endpoints/new']").await;
    type_into(&browser, "input[name='url']", "https://example.com/hooks").await;
    type_into(&browser, "input[name='label']", "Till").await;
    enter(&browser, ".panel button.main").await;
    arrives(&browser, "[data-done='created']").await;
    let row = store.endpoint_list().await.expect("endpoints").remove(0);
    assert_eq!((row.state, &*row.label), (EndpointState::Enabled, "Till"));
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
    store.close().await;
}
