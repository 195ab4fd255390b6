//! `vigia failed`: a contract file with a wrong layout, mended later, leaves the same rows as a right
//! one from the start (I-8).

use serde_json::Value;
use vigia_contracts::CONFIO;
use vigia_devnet::{Devnet, Pace};

use crate::app::{App, text};
use crate::node::{app_watching, busy_chain, contracts, start};

/// Confío's contracts with fields that payments and trades do not have.
fn wrong_contracts() -> String {
    let mut text = CONFIO.to_owned();
    for event in ["pay::PaymentMade", "p2p_trade::TradeCreated"] {
        let right = format!("type = \"{event}\"\nfields = [");
        assert!(text.contains(&right), "{event} is declared");
        text = text.replace(&right, &format!("{right}\"made_up: vector<address>\", "));
    }
    text
}

/// Follows the whole chain.
fn follow(node: &Devnet, app: &App) {
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "error"]);
    let tip = node.tip();
    app.wait_for("the tip", |status| status["watermark"].as_u64() == tip);
    poller.stop();
}

fn listed(app: &App) -> Vec<Value> {
    let lines = app.ok(&["failed", "list", "--json"]);
    let parsed = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

fn failed_count(app: &App) -> u64 {
    app.status()["failed"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mending_the_contracts_mends_the_rows() {
    let node = start(busy_chain(600), Pace::Complete, 1).await;
    let undisturbed = app_watching(&node, |_| true);
    follow(&node, &undisturbed);
    assert_eq!(failed_count(&undisturbed), 0);

    let app = app_watching(&node, |_| true);
    std::fs::write(app.path("wrong.toml"), wrong_contracts()).unwrap();
    app.configure(&format!(
        "[contracts]\nbuilt_in = []\nfiles = [\"wrong.toml\"]\n{}",
        contracts()
    ));
    follow(&node, &app);
    let failed = listed(&app);
    let count = failed.len() as u64;
    assert!(count > 10 && count < 500, "{count} failed");
    assert_eq!(failed_count(&app), count);

    // Before it is mended.
    let digest = failed[0]["digest"].as_str().unwrap();
    let shown: Value = serde_json::from_str(&app.ok(&["failed", "show", digest])).unwrap();
    assert_eq!(shown["error"], failed[0]["error"]);
    assert!(shown["eventsBytes"].as_u64() > Some(0), "{shown}");
    for which in [digest, "--all"] {
        let still = app.run(&["failed", "retry", which]);
        assert_eq!(still.status.code(), Some(1), "{}", text(&still.stderr));
        assert!(text(&still.stdout).contains(&format!("{digest} still fails: ")));
    }
    assert_eq!(listed(&app), failed, "nothing changed");

    // One is let go, and taken back later.
    app.ok(&["failed", "discard", digest]);
    let again = app.ok(&["failed", "discard", digest]);
    assert!(again.contains("discarded before"));
    assert_eq!(listed(&app), failed[1..]);
    assert_eq!(failed_count(&app), count - 1);

    app.configure(&contracts());
    // Through GraphQL, in a process that has the mended contracts too.
    let mut web = app.start(&["web", "--listen", "127.0.0.1:0", "--log", "warn"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().unwrap();
    let second = failed[1]["digest"].as_str().unwrap();
    let query =
        format!("mutation {{ retryFailedTransaction(digest: \"{second}\") {{ outcome }} }}");
    for outcome in ["RESOLVED", "NOT_FAILED"] {
        let request = crate::app::http()
            .post(format!("{address}graphql"))
            .json(&serde_json::json!({ "query": query }));
        let reply: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            reply["data"]["retryFailedTransaction"]["outcome"], outcome,
            "{reply}"
        );
    }
    web.stop();
    let count = count - 1;
    let refused = app.run(&["failed", "show", second]);
    assert!(text(&refused.stderr).contains("it is interpreted"));
    let printed = app.ok(&["failed", "retry", "--all"]);
    assert_eq!(
        printed,
        format!("{} are interpreted now, 0 still fail\n", count - 1)
    );
    assert_eq!(failed_count(&app), 0);
    let printed = app.ok(&["failed", "retry", digest]);
    assert!(printed.contains("is interpreted now"), "{printed}");
    assert_eq!(app.run(&["failed", "retry", digest]).status.code(), Some(2));
    assert_eq!(failed_count(&app), 0);

    let rows = app.store().await.dump_rows().await.unwrap();
    let expected = undisturbed.store().await.dump_rows().await.unwrap();
    assert!(rows.len() > 1_000, "{} rows", rows.len());
    let differing: Vec<_> = rows.iter().zip(&expected).filter(|(a, b)| a != b).collect();
    assert_eq!(
        (rows.len(), differing.first()),
        (expected.len(), None),
        "{} rows differ",
        differing.len()
    );
    println!(
        "{count} failed transactions retried, {} rows equal",
        rows.len()
    );
}

#[test]
fn digests_that_are_none_or_not_failed_are_refused() {
    let app = App::new();
    app.ok(&["migrate"]);
    let unknown = vigia_core::Digest::new([7; 32]).to_string();
    for command in ["show", "retry", "discard"] {
        let refused = app.run(&["failed", command, &unknown]);
        assert_eq!(refused.status.code(), Some(2), "{command}");
        assert!(text(&refused.stderr).contains("vigia failed list"));
        let refused = app.run(&["failed", command, "0xzz"]);
        assert_eq!(refused.status.code(), Some(2), "{command}");
        assert!(text(&refused.stderr).contains("0xzz"));
    }
    assert_eq!(app.run(&["failed", "retry"]).status.code(), Some(2));
    let both = ["failed", "retry", &unknown, "--all"];
    assert_eq!(app.run(&both).status.code(), Some(2));
    assert_eq!(app.ok(&["failed", "list"]), "");
    let none = app.ok(&["failed", "retry", "--all"]);
    assert_eq!(none, "0 are interpreted now, 0 still fail\n");
}
