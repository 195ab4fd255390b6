//! The feed in a real browser: headless Chromium, driven through chromedriver.
//!
//! `cargo xtask test` installs both and says where with `VIGIA_CHROMEDRIVER`; without it the test
//! says that it was skipped, unless `VIGIA_REQUIRE_BROWSER=1`.

mod everywhere;
mod keyboard;
mod operations;
mod settings;
pub(crate) mod told;
mod wallet;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use vigia_devnet::{ChainConfig, Pace};
use vigia_store::IngestStore;

use crate::app::{App, PATIENCE};
use crate::jobs::{Nothing, raw};
use crate::node::{app_watching, start};

/// A running chromedriver, ended with its guard.
pub(crate) struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    pub(crate) fn start(program: &str) -> Self {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let stdout = process.stdout.take().expect("stdout is piped");
        let line = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("started successfully on port"))
            .expect("chromedriver says its port");
        let port = line
            .rsplit(' ')
            .next()
            .expect("a port")
            .trim_end_matches('.');
        Self {
            url: format!("http://127.0.0.1:{port}"),
            process,
        }
    }

    pub(crate) async fn browser(&self) -> Client {
        self.browser_with(json!({}), &[]).await
    }

    /// A browser with these preferences and further arguments.
    async fn browser_with(&self, preferences: Value, further: &[&str]) -> Client {
        let mut arguments = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=360,800",
        ];
        arguments.extend(further);
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments, "prefs": preferences }
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object")
        };
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Preferences of a browser that runs no script.
fn no_script() -> Value {
    json!({ "profile.managed_default_content_settings.javascript": 2 })
}

async fn activity_ids(browser: &Client) -> Vec<String> {
    let rows = browser
        .find_all(Locator::Css("[data-activity]"))
        .await
        .expect("rows");
    let mut ids = Vec::new();
    for row in rows {
        // A row may leave the page between being found and being read.
        if let Ok(Some(id)) = row.attr("data-activity").await {
            ids.push(id);
        }
    }
    ids
}

/// The program that drives a browser; a test without it says that it was skipped.
pub(crate) fn chromedriver() -> Option<String> {
    let program = std::env::var("VIGIA_CHROMEDRIVER").ok();
    if program.is_none() {
        let required = std::env::var("VIGIA_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
        assert!(!required, "VIGIA_CHROMEDRIVER is not set");
        eprintln!("skipped: VIGIA_CHROMEDRIVER is not set");
    }
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activity_arrives_without_reloading() {
    let Some(program) = chromedriver() else {
        return;
    };
    let chain = ChainConfig {
        tps: 4,
        relevant_per_mille: 1000,
        ..ChainConfig::default()
    };
    let node = start(chain, Pace::Live, 1).await;
    let app = app_watching(&node, |_| true);
    let url = node.url();
    let mut up = app.start(&[
        "up",
        "--provider",
        &url,
        "--listen",
        "127.0.0.1:0",
        "--log",
        "warn",
    ]);
    let line = up.line_with("http://");
    let page = line
        .split_whitespace()
        .last()
        .expect("an address")
        .to_owned();

    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    browser.goto(&page).await.expect("the page");
    browser
        .execute("window.loadedOnce = true", Vec::new())
        .await
        .expect("a script");
    let before = activity_ids(&browser).await;

    let begun = Instant::now();
    let arrived = loop {
        let now = activity_ids(&browser).await;
        if let Some(new) = now.into_iter().find(|id| !before.contains(id)) {
            break new;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing arrived");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    println!(
        "activity {arrived} arrived {} ms after the page",
        begun.elapsed().as_millis()
    );
    let kept = browser
        .execute("return window.loadedOnce === true", Vec::new())
        .await;
    assert_eq!(
        kept.expect("a script"),
        true,
        "the page was not loaded again"
    );

    let width = browser
        .execute(
            "return document.documentElement.scrollWidth <= window.innerWidth",
            Vec::new(),
        )
        .await;
    assert_eq!(
        width.expect("a script"),
        true,
        "the page fits a phone's width"
    );
    browser
        .find(Locator::Css("[data-activity] a[href^='/tx/']"))
        .await
        .expect("a link to the transaction")
        .click()
        .await
        .expect("it can be followed");
    let heading = browser
        .find(Locator::Css("h1"))
        .await
        .expect("a heading")
        .text()
        .await;
    assert!(!heading.expect("its text").is_empty());
    assert!(
        browser
            .current_url()
            .await
            .expect("an address")
            .path()
            .starts_with("/tx/")
    );

    browser.close().await.expect("the browser closes");
    drop(driver);
    up.stop();
    node.shutdown().await.expect("the node stops");
}

/// The buttons of `/failed` in a browser without script: what they send has to pass as this site's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_transaction_is_retried_and_discarded_without_script() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::new();
    app.ok(&["migrate"]);
    let store = app.store().await;
    store.live_begin(0).await.expect("a beginning");
    let mut poisonous = raw(0, 1_700_000_000_000);
    poisonous.raw_transactions[0].processing_error = Some("as it was".to_owned());
    store
        .commit_apply(&poisonous, &Nothing)
        .await
        .expect("it is kept");
    store.close().await;
    let mut web = app.start(&["web", "--listen", "127.0.0.1:0", "--log", "error"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let browser = driver.browser_with(no_script(), &[]).await;
    let page = format!("{address}failed");
    browser.goto(&page).await.expect("the page");
    for (action, done) in [("retry", "still-failed"), ("discard", "discarded")] {
        let button = format!("form[action$='/{action}'] button");
        let button = browser.find(Locator::Css(&button)).await.expect("a button");
        button.click().await.expect("it can be pressed");
        let told = format!("[data-done='{done}']");
        let told = browser.wait().for_element(Locator::Css(&told)).await;
        told.expect("what was done is told");
    }
    assert!(
        browser.find(Locator::Css("[data-failed]")).await.is_err(),
        "nothing is left"
    );
    assert_eq!(app.status()["failed"], 0);
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
}
