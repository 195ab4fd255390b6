//! A list costs as many statements as one of its rows, whatever is asked of each row.

use serde_json::Value;
use vigia_store::{
    AttemptRow, Completion, DeliveryEnd, DeliveryStore as _, EndpointFilter, EndpointSpec,
    WatchStore as _,
};

use crate::app::{ANA, BETO, TestApp};
use crate::sample;

/// What is asked of each row of each list: everything that is read beside the row.
const LISTS: [(&str, &str); 10] = [
    (
        "activities",
        "id amountText coin { symbol } account { displayName members { user account { addresses { address } } } \
         addresses { address history { state } } }",
    ),
    ("addresses", "address account history { state }"),
    ("balances", "address amounts { amount coin { symbol } }"),
    ("businessObjects", "businessId state events { name digest }"),
    ("invoices", "id coin { symbol } state"),
    (
        "notifications",
        "id text activity { id account { members { userName permissions } } }",
    ),
    (
        "accounts",
        "externalId addresses { address } members { user account { members { user } } }",
    ),
    (
        "users",
        "externalId accounts { permissions account { members { user } } }",
    ),
    ("deliveries", "id endpoint log { status }"),
    ("failedTransactions", "digest"),
];

/// Six people with an account each, who have sent each other something; trades, invoices and deliveries of it.
async fn app() -> TestApp {
    // What each row brings is the point here, however many fields that may be.
    let app = TestApp::with(|config| config.limits.query_complexity_max = 1_000_000).await;
    app.register("Ana").await;
    let others = (3..=6).map(|n| sample::entry(n, &format!("user-{n}"), "Somebody"));
    let others: Vec<_> = others.collect();
    app.store.watch_add(&others).await.unwrap();
    let endpoint = EndpointSpec {
        name: "ledger".to_owned(),
        url: "https://ledger.example/hook".to_owned(),
        filter: EndpointFilter::default(),
        per_second: None,
    };
    app.store.endpoint_declare(&[endpoint]).await.unwrap();
    for (checkpoint, n) in (0..).zip(1..=5) {
        let (from, to) = (app.account(n).await, app.account(n + 1).await);
        app.apply(&sample::transfer(checkpoint, (n, from), (n + 1, to)))
            .await;
    }
    for (checkpoint, offer) in (5..).zip(["one", "two", "three", "four"]) {
        let by = if checkpoint % 2 == 0 { ANA } else { BETO };
        app.offer(checkpoint, offer, by).await;
    }
    for business_id in ["a", "b", "c"] {
        let create = format!(
            "mutation {{ createInvoice(account: \"ana\", address: \"{}\", coin: \"CUSD\", amount: \"7\", \
             businessId: \"{business_id}\") {{ id }} }}",
            sample::address(ANA)
        );
        let reply = app.graphql(&create).await;
        assert!(reply["errors"].is_null(), "{reply}");
    }
    app.store.delivery_sequence().await.unwrap();
    let claimed = app.store.delivery_claim("w", &[1], 9, 1_000).await.unwrap();
    let ends: Vec<Completion> = claimed
        .iter()
        .map(|claimed| Completion {
            id: claimed.event.row.id,
            fence: 1,
            end: DeliveryEnd::Delivered,
            attempt: Some(AttemptRow {
                started_at_ms: sample::GENESIS_MS,
                duration_ms: 7,
                status: Some(200),
                error: None,
                response_head: String::new(),
            }),
        })
        .collect();
    app.store.delivery_complete(&ends, 1).await.unwrap();
    app
}

/// How many rows a page has, and how many statements it took.
async fn cost(app: &TestApp, list: &str, inner: &str, first: u32) -> (usize, u64) {
    let before = vigia_store::statements();
    let query = format!("{{ {list}(first: {first}) {{ nodes {{ {inner} }} }} }}");
    let reply: Value = app.graphql(&query).await;
    let statements = vigia_store::statements() - before;
    let nodes = reply["data"][list]["nodes"].as_array();
    let nodes = nodes.unwrap_or_else(|| panic!("{list}: {reply}"));
    (nodes.len(), statements)
}

#[tokio::test]
async fn a_list_costs_as_many_as_one_of_its_rows() {
    let app = app().await;
    for (list, inner) in LISTS {
        let (one, of_one) = cost(&app, list, inner, 1).await;
        let (many, of_many) = cost(&app, list, inner, 10).await;
        println!("{list}: {one} row {of_one}, {many} rows {of_many} statements");
        if list != "failedTransactions" {
            assert!(one == 1 && many >= 3, "{list}: {one} and {many} rows");
        }
        // Two branches that ask for the same kind of thing share a statement where they come to it at the same moment: one
        // more or less is chance, one a row is not.
        assert!(of_many <= of_one + 1, "{list}: {of_one} and {of_many}");
        assert!((1..=8).contains(&of_many), "{list}: {of_many}");
    }
}

/// How many statements it takes to tell what all endpoints of Ana's account were told.
async fn cost_of_endpoints(app: &TestApp) -> (usize, u64) {
    let before = vigia_store::statements();
    let query = "{ accountEndpoints { name deliveries(first: 5) { nodes { id endpoint log { status } } } } }";
    let reply = app.graphql(query).await;
    let statements = vigia_store::statements() - before;
    let rows = reply["data"]["accountEndpoints"].as_array();
    let rows = rows.unwrap_or_else(|| panic!("{reply}"));
    for row in rows {
        let told = row["deliveries"]["nodes"].as_array().unwrap();
        assert!(told.len() >= 2, "{row}");
    }
    (rows.len(), statements)
}

#[tokio::test]
async fn what_endpoints_were_told_is_read_together() {
    let app = app().await;
    let mut costs = Vec::new();
    for (checkpoint, more) in [(20, 1), (22, 3)] {
        for _ in 0..more {
            let create = "mutation { createAccountEndpoint(account: \"ana\", input: { url: \"https://ana.example/\" }) { name } }";
            let reply = app.graphql(create).await;
            assert!(reply["errors"].is_null(), "{reply}");
        }
        for checkpoint in checkpoint..checkpoint + 2 {
            app.transfer(checkpoint).await;
        }
        app.store.delivery_sequence().await.unwrap();
        costs.push(cost_of_endpoints(&app).await);
    }
    assert_eq!((costs[0].0, costs[1].0), (1, 4));
    assert!(costs[1].1 <= costs[0].1 + 1, "{costs:?}");
}

#[tokio::test]
async fn people_coins_and_schedules_are_told() {
    let app = app().await;
    let query = "{ users(first: 2) { nodes { externalId displayName locale role disabledAtMs \
                 accounts { account { externalId kind } permissions source } } pageInfo { hasNextPage endCursor } } }";
    let reply = app.graphql(query).await;
    let users = &reply["data"]["users"];
    assert_eq!(users["pageInfo"]["hasNextPage"], true, "{reply}");
    assert_eq!(users["nodes"][0]["externalId"], "ana");
    assert_eq!(
        users["nodes"][0]["accounts"][0]["account"],
        serde_json::json!({ "externalId": "ana", "kind": "personal" })
    );
    let after = users["pageInfo"]["endCursor"].as_str().unwrap();
    let query = format!("{{ users(first: 100, after: \"{after}\") {{ nodes {{ externalId }} }} }}");
    let rest = app.graphql(&query).await;
    assert_eq!(rest["data"]["users"]["nodes"].as_array().unwrap().len(), 4);

    // Users see their own, and are no operators.
    let own = "{ accounts { nodes { externalId } } ana: account(externalId: \"ana\") { members { user } } beto: account(externalId: \"beto\") { externalId } }";
    let reply = app.graphql_as(Some("ana"), own).await;
    assert_eq!(
        reply["data"]["accounts"]["nodes"],
        serde_json::json!([{ "externalId": "ana" }]),
        "{reply}"
    );
    assert_eq!(
        reply["data"]["ana"]["members"],
        serde_json::json!([{ "user": "ana" }])
    );
    assert_eq!(reply["data"]["beto"], Value::Null);
    let refused = app
        .graphql_as(Some("ana"), "{ users { nodes { externalId } } }")
        .await;
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{refused}"
    );

    let reply = app
        .graphql("{ coins { nodes { symbol coinType } } coin(coin: \"CUSD\") { decimals } me { externalId } }")
        .await;
    assert_eq!(
        reply["data"]["coins"]["nodes"][0]["symbol"], "cUSD",
        "{reply}"
    );
    assert_eq!(reply["data"]["coin"]["decimals"], 6);
    assert_eq!(reply["data"]["me"], Value::Null);

    use vigia_store::{ScheduleSpec, ScheduleStore as _};
    let spec = ScheduleSpec {
        name: "cleanup".to_owned(),
        pattern: "0 2 * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        missed: vigia_core::MissedPolicy::Once,
        next_at_ms: Some(sample::GENESIS_MS + 1),
    };
    app.store.schedule_declare(&spec).await.unwrap();
    let pause = "mutation { setSchedulePaused(name: \"cleanup\", paused: true) { name isPaused } }";
    let reply = app.graphql(pause).await;
    assert_eq!(
        reply["data"]["setSchedulePaused"]["isPaused"], true,
        "{reply}"
    );
    let reply = app
        .graphql("{ schedules { name pattern timeZone isPaused isRunning nextAtMs } }")
        .await;
    assert_eq!(reply["data"]["schedules"][0]["isPaused"], true, "{reply}");
    let reply = app
        .graphql("mutation { setSchedulePaused(name: \"none\", paused: true) { name } }")
        .await;
    assert_eq!(
        reply["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
        "{reply}"
    );
}
