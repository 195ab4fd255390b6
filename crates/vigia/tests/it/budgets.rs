//! Providers whose budget of the day is spent: what a running poller does, and how it is said.

use vigia_devnet::Pace;

use crate::app::App;
use crate::node::{busy_chain, start};

#[tokio::test(flavor = "multi_thread")]
async fn past_its_budget_the_backup_is_followed_and_it_is_said_why() {
    let node = start(busy_chain(2_000), Pace::Manual, 10).await;
    let app = App::with_config(&format!(
        "[provider]\nrequests_per_day = 1\n[providers.backup]\nurl = \"{}\"\npreference = 1\n",
        node.url()
    ));
    let (running, log) = app.start_logged(&["poll", "--provider", &node.url(), "--from", "0"]);
    log.wait_for("a provider has nothing left for today");
    app.wait_for("the backup in use", |status| {
        node.advance(1);
        let states = status["providers"]["states"].as_array();
        states.is_some_and(|states| {
            let backup = states.iter().find(|state| state["provider"] == "backup");
            backup.is_some_and(|backup| backup["current"] == true)
        })
    });
    let told = app.ok(&["providers"]);
    assert!(told.contains("its budget of the day is spent, used while no other can be"));
    assert!(
        told.contains("of 1 requests") && told.contains(": SPENT"),
        "{told}"
    );
    running.stop();
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_one_is_followed_unless_it_is_to_stop() {
    let node = start(busy_chain(2_000), Pace::Manual, 10).await;
    let settings = "[provider]\nrequests_per_day = 1\n";
    let app = App::with_config(settings);
    let poll = ["poll", "--provider", &node.url(), "--from", "0"];
    let (running, log) = app.start_logged(&poll);
    log.wait_for("a provider has nothing left for today");
    node.advance(5);
    app.wait_for("what came after", |status| {
        status["watermark"].as_u64() >= node.tip()
    });
    running.stop();

    app.configure(&format!("{settings}past_budget = \"stop\"\n"));
    let running = app.start(&poll);
    node.advance(5);
    let status = app.wait_for("the reason", |status| {
        let error = status["providerError"].as_str();
        error.is_some_and(|error| error.contains("the budget of the day is spent of provider"))
    });
    assert!(status["watermark"].as_u64() < node.tip());
    app.wait_for("what is said of it", |status| {
        let states = status["providers"]["states"].as_array();
        let stopped = "its budget of the day is spent, asked again from midnight UTC";
        states.is_some_and(|states| states.iter().any(|state| state["standing"] == stopped))
    });
    running.stop();
    node.shutdown().await.unwrap();
}
