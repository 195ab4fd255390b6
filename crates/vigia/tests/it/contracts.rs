//! Layouts and versions that a node tells: asked for at the start, picked up while running, kept.

use serde_json::Value;
use vigia_contracts::CONFIO;
use vigia_devnet::{ChainConfig, Devnet, Pace, Packages};
use vigia_store::{ContractStore, CorrectionStore, DATATYPES_MAX};

use crate::app::{App, text};
use crate::node::{busy_chain, contracts, start, watch_users};

/// Confío's contracts without the fields of payments, and only the first version of their package.
fn undeclared(app: &App, change: impl Fn(String) -> String) {
    let head = "type = \"pay::PaymentMade\"\n";
    let from = CONFIO.find(head).expect("payments are declared") + head.len();
    let line = &CONFIO[from..from + CONFIO[from..].find('\n').expect("a line") + 1];
    assert!(line.starts_with("fields = "), "{line}");
    let file = change(CONFIO.replacen(line, "", 1));
    std::fs::write(app.path("told.toml"), file).unwrap();
    let upgraded = format!(", \"{}\"", Packages::declared().pay_upgraded);
    let packages = contracts().replace(&upgraded, "");
    app.configure(&format!(
        "[contracts]\nbuilt_in = []\nfiles = [\"told.toml\"]\nrefresh_interval_ms = 50\n\
         versions_interval_ms = 50\n{packages}"
    ));
}

fn follow(node: &Devnet, app: &App, until: impl Fn() -> bool) {
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "error"]);
    let tip = node.tip();
    app.wait_for("the tip", |status| {
        status["watermark"].as_u64() == tip && until()
    });
    poller.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_node_tells_is_used_and_kept() {
    let chain = ChainConfig {
        upgrade_at: Some(5),
        ..busy_chain(600)
    };
    let node = start(chain, Pace::Complete, 1).await;
    let declared = App::with_config(&contracts());
    watch_users(&declared, &node, |_| true);
    follow(&node, &declared, || true);

    let app = App::new();
    undeclared(&app, |file| file);
    watch_users(&app, &node, |_| true);
    let upgraded = Packages::declared().pay_upgraded.to_string();
    let is_watched = || app.ok(&["watch", "list"]).contains(&upgraded);
    assert!(!is_watched());
    follow(&node, &app, is_watched);
    assert_eq!(app.status()["failed"], 0);
    for count in ["activities", "notifications"] {
        assert_eq!(app.status()[count], declared.status()[count], "{count}");
    }
    let store = app.store().await;
    let known = store.datatype_list(DATATYPES_MAX).await.unwrap();
    let is_payment = |name: &str| name == "PaymentMade";
    assert!(known.iter().any(|(name, _)| is_payment(name.name.as_str())));
    let versions = store.package_version_list().await.unwrap();
    let packages = Packages::declared();
    let pay = versions
        .iter()
        .filter(|version| version.original == packages.pay);
    let ids: Vec<_> = pay.map(|version| version.package).collect();
    assert_eq!(ids, [packages.pay, packages.pay_upgraded]);

    // A mistake is found at the start, against what the package declares.
    undeclared(&app, |file| {
        file.replacen("account = \"payer\"", "account = \"payor\"", 1)
    });
    let refused = app.run(&["failed", "retry", "--all"]);
    let error = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(
        error.contains("told.toml, line ") && error.contains("payer, recipient"),
        "{error}"
    );
    node.shutdown().await.unwrap();
}

/// The last line that a command printed.
fn outcome(app: &App, arguments: &[&str]) -> Value {
    let lines = app.ok(arguments);
    serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn corrected_rules_correct_what_is_stored() {
    let node = start(busy_chain(600), Pace::Complete, 1).await;
    let app = App::new();
    undeclared(&app, |file| file);
    watch_users(&app, &node, |_| true);
    follow(&node, &app, || true);
    // From here on there is no node.
    node.shutdown().await.unwrap();
    let before = app.status();
    let store = app.store().await;

    let redecoded = outcome(&app, &["redecode", "--contract", "pay", "--json"]);
    assert!(redecoded["decoded"].as_u64() > Some(20), "{redecoded}");
    let counts = [
        &redecoded["changed"],
        &redecoded["misfit"],
        &redecoded["unknownLayout"],
    ];
    assert_eq!(counts, [0, 0, 0], "{redecoded}");
    let refused = app.run(&["redecode", "--contract", "shop"]);
    assert!(text(&refused.stderr).contains("there are: confio, cusd"));

    let all = ["reinterpret", "--from", "0", "--to", "99", "--json"];
    let same = outcome(&app, &all);
    assert!(same["transactions"].as_u64() > Some(100), "{same}");
    let counts = [
        &same["added"],
        &same["changed"],
        &same["removed"],
        &same["refused"],
    ];
    assert_eq!(counts, [0, 0, 0, 0], "the same rules mean the same: {same}");

    // Payments out get another name, and their recipients none at all.
    undeclared(&app, |file| {
        let named = file.replacen(
            "{ account = \"payer\", kind = \"payment\"",
            "{ account = \"payer\", kind = \"purchase\"",
            1,
        );
        let head = "  { account = \"recipient\", kind = \"payment\"";
        let lines = named.lines().filter(|line| !line.starts_with(head));
        lines.collect::<Vec<_>>().join("\n")
    });
    let rows = store.dump_rows().await.unwrap();
    let trial = outcome(&app, &all);
    assert_eq!(trial["applied"], false);
    assert_eq!(
        store.dump_rows().await.unwrap(),
        rows,
        "a trial writes nothing"
    );
    let changed = trial["changed"].as_u64().unwrap();
    assert!(changed > 10, "{trial}");

    let of_pay = ["--contract", "pay", "--apply"];
    let applied = outcome(&app, &[&all[..], &of_pay].concat());
    for count in ["added", "changed", "removed"] {
        assert_eq!(applied[count], trial[count], "{count}: {applied}");
    }
    let revisions = store.activity_revision_list(0, 10_000).await.unwrap();
    let count = |name: &str| applied[name].as_u64().unwrap();
    let sum = count("added") + count("changed") + count("removed");
    assert_eq!(revisions.len() as u64, sum);
    let after = app.status();
    assert!(after["notifications"].as_u64() <= before["notifications"].as_u64());
    let activities = before["activities"].as_u64().unwrap() + count("added") - count("removed");
    assert_eq!(after["activities"].as_u64(), Some(activities));
    let again = outcome(&app, &all);
    let counts = [&again["added"], &again["changed"], &again["removed"]];
    assert_eq!(counts, [0, 0, 0], "{again}");
}
