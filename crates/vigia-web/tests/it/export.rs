//! Activities as files, the filter they share with GraphQL, and the document that says what programs may call.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{TestApp, USER_HEADER};

async fn file(app: &TestApp, query: &str, user: Option<&str>) -> (u16, String, String) {
    let mut request = app.get(&format!("/v1/activities{query}"));
    if let Some(user) = user {
        request = request.header(USER_HEADER, user);
    }
    let reply = request.send().await.unwrap();
    let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
    (reply.status().as_u16(), kind, reply.text().await.unwrap())
}

async fn app(count: u64) -> TestApp {
    let app = TestApp::empty().await;
    app.register("Ana").await;
    for checkpoint in 0..count {
        app.transfer(checkpoint).await;
    }
    app
}

fn rows(table: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    reader.records().map(|row| row.expect("a record")).collect()
}

#[tokio::test]
async fn a_table_has_everything_once_newest_first() {
    // More than are read at once.
    let app = app(501).await;
    let (status, kind, table) = file(&app, "", None).await;
    assert_eq!(
        (status, &*kind),
        (200, "text/csv; charset=utf-8; header=present")
    );
    assert!(table.starts_with("time,timestampMs,checkpoint,"), "{table}");
    assert!(table.ends_with("\r\n"));
    let table = rows(&table);
    let (_, kind, lines) = file(&app, "?format=jsonl", None).await;
    assert_eq!(kind, "application/jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(table.len(), lines.len());
    assert!(table.len() >= 501, "{}", table.len());
    let checkpoints: Vec<u64> = table.iter().map(|row| row[2].parse().unwrap()).collect();
    assert!(checkpoints.is_sorted_by(|above, below| above >= below));
    let once: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    assert_eq!(once.len(), lines.len());
    for (row, line) in table.iter().zip(&lines) {
        assert_eq!(row[4], *line["digest"].as_str().unwrap());
        assert_eq!(row[13], *line["amount"].as_str().unwrap_or_default());
        assert_eq!(row[5], *line["account"]["externalId"].as_str().unwrap());
    }
    // A member sees their own, somebody else nothing.
    let (_, _, own) = file(&app, "?format=jsonl", Some("ana")).await;
    assert!(own.lines().count() >= 501);
    assert!(
        own.lines()
            .all(|line| line.contains("\"externalId\":\"ana\""))
    );
}

#[tokio::test]
async fn what_is_asked_wrong_is_said() {
    let app = app(1).await;
    for (query, what) in [
        ("?format=xml", "format"),
        ("?direction=up", "direction"),
        ("?fromMs=x", "fromMs"),
        ("?fromMs=5&beforeMs=5", "beforeMs"),
        ("?coin=NONE", "coins"),
        ("?counterparty=zz", "counterparty"),
        ("?text=", "text"),
        ("?page=2", "the query"),
    ] {
        let (status, kind, body) = file(&app, query, None).await;
        assert_eq!((status, &*kind), (400, "application/json"), "{query}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let said = body["error"].as_str().unwrap();
        assert!(said.starts_with(what), "{query}: {said}");
        assert!(body["expected"].is_string());
    }
}

/// Files and GraphQL find the same, and what neither looks for is found by neither.
#[tokio::test]
async fn a_filter_finds_what_it_says() {
    let app = app(4).await;
    let (_, _, all) = file(&app, "?format=jsonl", None).await;
    let all: Vec<Value> = all
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let first = &all[0];
    let coin = first["coin"]["type"].as_str().unwrap();
    let at = first["timestampMs"].as_u64().unwrap();
    let other = first["counterparty"]["address"].as_str().unwrap_or("0x99");
    type Holds = Box<dyn Fn(&Value) -> bool>;
    let own = |key: &'static str, value: Value| -> Holds {
        Box::new(move |activity: &Value| activity[key] == value)
    };
    let coin_is = coin.to_owned();
    let other_is = other.to_owned();
    let asked: Vec<(String, Value, Holds)> = vec![
        (
            "direction=in".to_owned(),
            json!({ "direction": "IN" }),
            own("direction", json!("in")),
        ),
        (
            "kind=transfer&kind=nothing".to_owned(),
            json!({ "kinds": ["transfer", "nothing"] }),
            own("kind", json!("transfer")),
        ),
        (
            "kind=nothing".to_owned(),
            json!({ "kinds": ["nothing"] }),
            Box::new(|_| false),
        ),
        (
            format!("coin={coin}"),
            json!({ "coins": [coin] }),
            Box::new(move |activity| activity["coin"]["type"] == *coin_is),
        ),
        (
            format!("beforeMs={at}"),
            json!({ "beforeMs": at }),
            Box::new(move |activity| activity["timestampMs"].as_u64() < Some(at)),
        ),
        (
            format!("fromMs={at}"),
            json!({ "fromMs": at }),
            Box::new(move |activity| activity["timestampMs"].as_u64() >= Some(at)),
        ),
        (
            format!("counterparty={other}"),
            json!({ "counterparty": other }),
            Box::new(move |activity| activity["counterparty"]["address"] == *other_is),
        ),
        (
            "account=ana".to_owned(),
            json!({ "account": "ana" }),
            Box::new(|activity| activity["account"]["externalId"] == "ana"),
        ),
        (
            "account=nobody".to_owned(),
            json!({ "account": "nobody" }),
            Box::new(|_| false),
        ),
    ];
    for (query, filter, holds) in asked {
        let expected: Vec<&str> = all
            .iter()
            .filter(|activity| holds(activity))
            .map(|activity| activity["id"].as_str().unwrap())
            .collect();
        for user in [None, Some("ana")] {
            let (_, _, lines) = file(&app, &format!("?format=jsonl&{query}"), user).await;
            let found: Vec<String> = lines
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .map(|line| line["id"].as_str().unwrap().to_owned())
                .collect();
            let of_user: Vec<&str> = expected
                .iter()
                .filter(|id| {
                    let activity = all.iter().find(|activity| activity["id"] == **id).unwrap();
                    user.is_none_or(|user| activity["account"]["externalId"] == user)
                })
                .copied()
                .collect();
            assert_eq!(found, of_user, "{query} of {user:?}");
            let graphql = "query ($filter: ActivityFilterInput) { activities(filter: $filter, first: 100) { nodes { id } } }";
            let mut request = app
                .post("/graphql")
                .json(&json!({ "query": graphql, "variables": { "filter": filter } }));
            if let Some(user) = user {
                request = request.header(USER_HEADER, user);
            }
            let reply: Value = request.send().await.unwrap().json().await.unwrap();
            let nodes = reply["data"]["activities"]["nodes"].as_array();
            let nodes = nodes.unwrap_or_else(|| panic!("{filter}: {reply}"));
            let nodes: Vec<&str> = nodes
                .iter()
                .map(|node| node["id"].as_str().unwrap())
                .collect();
            assert_eq!(nodes, of_user, "{filter} of {user:?}");
        }
    }
}

/// Every route for programs is in the document, and nothing else.
#[tokio::test]
async fn the_document_says_what_there_is() {
    let app = TestApp::empty().await;
    let reply = app.get("/v1/openapi.json").send().await.unwrap();
    let document: Value = reply.json().await.unwrap();
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let router = include_str!("../../src/router.rs");
    let routed: BTreeSet<String> = router
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .filter(|path| {
            path.starts_with("/v1/") || ["/healthz", "/readyz", "/metrics"].contains(path)
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(described, routed);
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = match &**path {
            "/v1/events" => "/v1/events?endpoint=none".to_owned(),
            path => path.to_owned(),
        };
        let reply = app.get(&path).send().await.unwrap();
        let status = reply.status().as_u16().to_string();
        let responses = &item["get"]["responses"];
        assert!(responses.get(&status).is_some(), "{path} answered {status}");
        let kind = reply.headers()["content-type"].to_str().unwrap();
        let kind = kind.split(';').next().unwrap().trim();
        let content = &responses[&status]["content"];
        assert!(content.get(kind).is_some(), "{path} answered {kind}");
    }
}
