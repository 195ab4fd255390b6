//! Balances against a node's own word: watched from the beginning and from the middle of a chain.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use sui_rpc::Client;
use sui_rpc::proto::sui::rpc::v2::ListBalancesRequest;
use vigia_core::{Address, type_text};
use vigia_devnet::{Devnet, Pace};

use crate::app::{App, text};
use crate::node::{app_watching, busy_chain, contracts, finished_rows, start, watch_users};

type Amounts = BTreeMap<String, BTreeMap<String, i128>>;

/// What the node itself says, through the SDK's own client.
async fn node_says(node: &Devnet, addresses: impl Iterator<Item = String>) -> Amounts {
    let mut client = Client::new(node.url()).unwrap();
    let mut amounts = Amounts::new();
    for address in addresses {
        let mut request = ListBalancesRequest::default();
        request.owner = Some(address.clone());
        request.page_size = Some(1_000);
        let listed = client.state_client().list_balances(request).await.unwrap();
        let listed = listed.into_inner();
        assert!(listed.next_page_token.is_none());
        let of_address = listed.balances.into_iter().map(|balance| {
            let coin = balance.coin_type.unwrap().parse().unwrap();
            (type_text(&coin), i128::from(balance.balance.unwrap()))
        });
        amounts.insert(address, of_address.collect());
    }
    amounts
}

fn listed(app: &App) -> Vec<Value> {
    let text = app.ok(&["balances", "list", "--json"]);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn amounts_of(rows: &[Value]) -> Amounts {
    let amounts = |row: &Value| {
        let amounts = row["amounts"].as_array().unwrap().iter();
        amounts
            .map(|amount| {
                let minor = amount["amount"].as_str().unwrap().parse().unwrap();
                (amount["coinType"].as_str().unwrap().to_owned(), minor)
            })
            .collect()
    };
    rows.iter()
        .map(|row| (row["address"].as_str().unwrap().to_owned(), amounts(row)))
        .collect()
}

fn waiting(app: &App) -> usize {
    let rows = listed(app);
    let states = rows.iter().map(|row| row["state"].as_str().unwrap());
    states.filter(|state| *state == "waiting").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_equal_the_nodes_to_the_last_unit() {
    let node = start(busy_chain(8_000), Pace::Live, 20).await;
    let app = app_watching(&node, |index| index % 2 == 0);
    let url = node.url();
    app.configure(&format!("[provider]\nurl = \"{url}\"\n{}", contracts()));
    let poll = app.start(&["poll", "--log", "warn"]);
    app.wait_for("something committed", |status| {
        !status["watermark"].is_null()
    });
    // Some baselines are taken while the chain goes on, with transactions on either side.
    app.ok(&["schedules", "run", "balance_baseline"]);
    let first = waiting(&app);
    watch_users(&app, &node, |index| index % 2 == 1);
    app.ok(&["schedules", "run", "balance_baseline"]);
    println!("{first} addresses were touched while they were asked about");

    let store = app.store().await;
    finished_rows(&node, &store, Duration::from_secs(120)).await;
    store.close().await;
    poll.stop();
    // Those that were touched are asked about again after a while.
    let begun = std::time::Instant::now();
    while waiting(&app) > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "some wait for ever"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        app.ok(&["schedules", "run", "balance_baseline"]);
    }
    let rows = listed(&app);
    assert_eq!(rows.len(), 40);
    let found = amounts_of(&rows);
    let told = node_says(&node, found.keys().cloned()).await;
    assert_eq!(found, told);
    assert!(rows.iter().any(|row| row["comparedAtMs"].is_u64()));

    lost_and_found(&app, &told).await;

    // What is wrong by hand is found, named, and mended.
    let (address, coins) = found.iter().find(|(_, coins)| !coins.is_empty()).unwrap();
    let (coin, amount) = coins.iter().next().unwrap();
    let adjust = |by: &str| {
        let adjust = [
            "balances", "adjust", address, coin, by, "--reason", "a test",
        ];
        app.ok(&adjust)
    };
    let all: Vec<&str> = [&["balances", "reconcile"][..]].concat();
    let all: Vec<&str> = all
        .into_iter()
        .chain(found.keys().map(|key| &**key))
        .collect();
    let agreed = app.ok(&all);
    assert!(agreed.starts_with("40 agree"), "{agreed}");
    adjust("5");
    for state in ["known", "differs"] {
        let output = app.run(&["balances", "reconcile", address]);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stdout);
        assert!(said.contains("the node has -5 more"), "{said}");
        let row = listed(&app)
            .into_iter()
            .find(|row| row["address"] == **address);
        assert_eq!(row.unwrap()["state"], state);
    }
    adjust("-5");
    let row = listed(&app)
        .into_iter()
        .find(|row| row["address"] == **address);
    let row = row.unwrap();
    assert_eq!(row["state"], "known");
    let minor = amount.to_string();
    let amounts = row["amounts"].as_array().unwrap();
    assert!(
        amounts.iter().any(|found| found["amount"] == *minor),
        "{row}"
    );
    app.ok(&["balances", "reconcile", address]);
    taken_from_two(&app, &node, (address, coin), &told);
    node.shutdown().await.unwrap();
}

/// A transaction that is lost after its commit is fetched again where a balance shows that it is missing.
async fn lost_and_found(app: &App, told: &Amounts) {
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(app.data_dir().join("vigia.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let (checkpoint, index, address): (i64, i64, Vec<u8>) = sqlx::query_as(
        "SELECT e.checkpoint, e.tx_index, e.address FROM balance_effect e
         JOIN balance_address b ON b.address = e.address AND e.checkpoint > b.checkpoint
         ORDER BY e.checkpoint DESC LIMIT 1",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    for table in ["balance_effect", "raw_transaction"] {
        let lost = format!("DELETE FROM {table} WHERE checkpoint = $1 AND tx_index = $2");
        let lost = sqlx::query(sqlx::AssertSqlSafe(lost));
        lost.bind(checkpoint)
            .bind(index)
            .execute(&pool)
            .await
            .unwrap();
    }
    pool.close().await;
    let address = Address::from_bytes(address).unwrap().to_string();
    let output = app.run(&["balances", "reconcile", &address]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("1 transactions were missing and are there now"),
        "{said}"
    );
    app.ok(&["balances", "reconcile", &address]);
    assert_eq!(amounts_of(&listed(app)), *told);
}

/// What two providers say is taken when a balance has differed twice; with one it stays.
fn taken_from_two(app: &App, node: &Devnet, (address, coin): (&str, &str), told: &Amounts) {
    let adjust = [
        "balances", "adjust", address, coin, "12", "--reason", "a test",
    ];
    app.ok(&adjust);
    let of_address = || {
        let mut rows = listed(app).into_iter();
        rows.find(|row| row["address"] == address).unwrap()
    };
    for state in ["known", "differs"] {
        app.ok(&["schedules", "run", "balance_reconciliation"]);
        assert_eq!(of_address()["state"], state, "one provider is not enough");
    }
    app.ok(&[
        "balances", "adjust", address, coin, "-12", "--reason", "a test",
    ]);
    assert_eq!(of_address()["state"], "known");
    app.ok(&adjust);
    let url = node.url();
    let both = ["provider", "providers.second"].map(|name| format!("[{name}]\nurl = \"{url}\"\n"));
    app.configure(&format!("{}{}", both.concat(), contracts()));
    app.ok(&["schedules", "run", "balance_reconciliation"]);
    let said = app.ok(&["schedules", "run", "balance_reconciliation"]);
    assert!(said.contains("1 adjusted"), "{said}");
    assert_eq!(of_address()["state"], "known");
    assert_eq!(amounts_of(&listed(app)), *told);
}

#[test]
fn bad_addresses_and_amounts_are_refused() {
    let app = App::new();
    app.ok(&["watch", "add", "0xabc"]);
    let stranger = "0x0000000000000000000000000000000000000000000000000000000000000def";
    for (arguments, said) in [
        (&["balances", "reconcile", "nobody"][..], "nobody"),
        (&["balances", "reconcile"], "ADDRESSES"),
        (
            &["balances", "adjust", "0xabc", "x", "1", "--reason", "r"],
            "x",
        ),
        (
            &[
                "balances",
                "adjust",
                "0xabc",
                "0x2::sui::SUI",
                "1.5",
                "--reason",
                "r",
            ],
            "1.5",
        ),
        (
            &[
                "balances",
                "adjust",
                "0xabc",
                "0x2::sui::SUI",
                "1",
                "--reason",
                "r",
            ],
            "no balance to adjust",
        ),
        (&["balances", "reconcile", stranger], "no provider is set"),
    ] {
        let output = app.run(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
    let list = app.ok(&["balances", "list"]);
    assert!(list.contains("waiting"), "{list}");
    app.configure("[balances]\nbudget_percent = 101\n");
    let output = app.run(&["config", "check"]);
    assert!(text(&output.stderr).contains("balances.budget_percent"));
}
