//! Invoices and escrow over a whole chain of Confío's contracts: what is settled and held is what the stored
//! events say, added up here by themselves.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigia_core::Scope;
use vigia_devnet::Pace;
use vigia_store::{ActivityFilter, BusinessStore, ReadStore};

use crate::app::{App, text};
use crate::node::{busy_chain, contracts, start, watch_users};

fn lines(printed: &str) -> Vec<Value> {
    let parsed = printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    parsed.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_settled_and_held_is_what_events_say() {
    let node = start(busy_chain(2_000), Pace::Complete, 1).await;
    let app = App::with_config(&contracts());
    watch_users(&app, &node, |_| true);
    let url = node.url();
    let poller = app.start(&["poll", "--provider", &url, "--from", "0", "--log", "error"]);
    let tip = node.tip();
    app.wait_for("the tip", |status| status["watermark"].as_u64() == tip);
    poller.stop();
    node.shutdown().await.unwrap();

    let store = app.store().await;
    let filter = ActivityFilter::default();
    let rows = store.activity_page(&Scope::All, &filter, None, 10_000);
    let rows = rows.await.unwrap();
    let received = rows.iter().filter(|row| {
        let direction = row.activity.direction.as_str();
        row.activity.kind == "payment" && direction == "in"
    });
    let mut invoiced = 0;
    for row in received.take(5) {
        let activity = &row.activity;
        let gross = &activity.details["fields"]["amount"];
        let id = activity.business_id.as_deref().unwrap();
        let address = activity.address.unwrap().to_string();
        let coin = activity.coin_type.as_deref().unwrap();
        let create = |amount: &str, account: &str| {
            let arguments = [
                "invoices",
                "create",
                "--account",
                account,
                "--address",
                &address,
                "--coin",
                coin,
                "--amount",
                amount,
                "--id",
                id,
                "--json",
            ];
            app.run(&arguments)
        };
        let created = create(gross.as_str().unwrap(), &row.account.external_id);
        let invoice = &lines(&text(&created.stdout))[0];
        assert_eq!(
            invoice["state"],
            "paid",
            "{invoice}: {}",
            text(&created.stderr)
        );
        assert_eq!(invoice["paid"], *gross);
        let taken = create("1", &row.account.external_id);
        assert_eq!(taken.status.code(), Some(2));
        let said = text(&taken.stderr);
        assert!(
            said.contains("has another invoice") && said.contains(id),
            "{said}"
        );
        let nobody = create("1", "nobody");
        assert!(text(&nobody.stderr).contains("no account \"nobody\""));
        invoiced += 1;
    }
    assert_eq!(invoiced, 5);
    let listed = lines(&app.ok(&["invoices", "list", "--json"]));
    assert_eq!(listed.len(), 5);
    let cancelled = app.ok(&["invoices", "cancel", &listed[0]["id"].to_string(), "--json"]);
    assert_eq!(
        lines(&cancelled)[0]["state"],
        "paid",
        "what was paid is shown"
    );
    assert!(lines(&cancelled)[0]["cancelledAtMs"].is_u64());
    let missing = app.run(&["invoices", "cancel", "999"]);
    assert!(text(&missing.stderr).contains("vigia invoices list"));

    // What is held, by the states that the events leave objects in.
    let mut before = None;
    let mut held = BTreeMap::<(String, String), (i128, i128)>::new();
    let (mut open, mut closed) = (0, 0);
    loop {
        let page = store.business_page(&Scope::All, before, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for row in &page {
            assert_ne!(
                row.key.object, "payment",
                "payments are over when they are made"
            );
            let is_open = ["created", "accepted", "disputed"].contains(&&*row.state);
            assert_eq!(row.escrow.is_some(), is_open, "{row:?}");
            assert_eq!(row.deadline_ms.is_some(), is_open, "{row:?}");
            if !is_open {
                closed += 1;
                continue;
            }
            open += 1;
            let field = |name: &str| row.data[name].as_str().map(str::to_owned);
            let amount: i128 = field("amount").unwrap().parse().unwrap();
            let coin = field("token_type").unwrap();
            let from = field("seller").or(field("sender")).unwrap();
            held.entry((from, coin.clone())).or_default().0 += amount;
            if let Some(to) = field("buyer") {
                held.entry((to, coin)).or_default().1 += amount;
            }
        }
    }
    assert!(open > 3 && closed > 10, "{open} open, {closed} closed");
    let code = |coin: &Value| match coin.as_str().unwrap().rsplit("::").next().unwrap() {
        "CUSD" => "CUSD".to_owned(),
        other => other.to_owned(),
    };
    let mut told = BTreeMap::new();
    for row in lines(&app.ok(&["balances", "list", "--json"])) {
        for amount in row["amounts"].as_array().unwrap() {
            let number = |name: &str| amount[name].as_str().unwrap().parse::<i128>().unwrap();
            let both = (number("pending"), number("incoming"));
            if both != (0, 0) {
                let address = row["address"].as_str().unwrap().to_owned();
                told.insert((address, code(&amount["coinType"])), both);
            }
        }
    }
    assert_eq!(json!(told.len()), json!(held.len()));
    assert_eq!(told, held);
    store.close().await;
}
