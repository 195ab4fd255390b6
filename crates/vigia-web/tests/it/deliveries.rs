//! Endpoints and deliveries as operators and receivers see them, and nobody else.

use serde_json::{Value, json};
use vigia_store::{
    AttemptRow, Completion, DeliveryEnd, DeliveryStore as _, EndpointFilter, EndpointSpec,
};

use crate::app::{TestApp, USER_HEADER};
use crate::sample;

/// An endpoint that was told of Ana's and Beto's transfer at checkpoint 0: once in vain, once it arrived.
async fn app() -> (TestApp, String) {
    let app = TestApp::with_people("Ana").await;
    let spec = EndpointSpec {
        name: "ledger".to_owned(),
        url: "https://ledger.example/hook".to_owned(),
        filter: EndpointFilter::default(),
        per_second: None,
    };
    app.store.endpoint_declare(&[spec]).await.unwrap();
    app.transfer(0).await;
    assert_eq!(app.store.delivery_sequence().await.unwrap().read, 2);
    let claimed = app.store.delivery_claim("w", &[1], 9, 1_000).await.unwrap();
    let end = |end, status| Completion {
        id: claimed[usize::from(status == 200)].event.row.id,
        fence: 1,
        end,
        attempt: Some(AttemptRow {
            started_at_ms: sample::GENESIS_MS,
            duration_ms: 7,
            status: Some(status),
            error: (status != 200).then(|| "status".to_owned()),
            response_head: "<b>no</b>".to_owned(),
        }),
    };
    let ends = [
        end(DeliveryEnd::Dead, 400),
        end(DeliveryEnd::Delivered, 200),
    ];
    assert_eq!(app.store.delivery_complete(&ends, 1).await.unwrap(), 2);
    let dead = claimed[0].event.row.id.to_string();
    (app, dead)
}

#[tokio::test]
async fn operators_see_and_redo_what_was_given_up() {
    let (app, dead) = app().await;
    let reply = app
        .graphql("{ endpoints { name state sequence pending dead delivered filter } }")
        .await;
    assert_eq!(
        reply["data"]["endpoints"],
        json!([{
            "name": "ledger", "state": "ENABLED", "sequence": 2, "pending": 0, "dead": 1, "delivered": 1,
            "filter": { "kinds": [], "accounts": [], "coins": [], "minimum_units": null },
        }])
    );
    let query =
        "{ deliveries(endpoint: \"ledger\", state: DEAD) { nodes { id endpoint sequence attempts
        log { status durationMs error responseHead } } pageInfo { hasNextPage } } }";
    let reply = app.graphql(query).await;
    let nodes = reply["data"]["deliveries"]["nodes"].as_array().unwrap();
    assert_eq!((nodes.len(), &nodes[0]["id"]), (1, &json!(dead)), "{reply}");
    assert_eq!(
        nodes[0]["log"],
        json!([{ "status": 400, "durationMs": 7, "error": "status", "responseHead": "<b>no</b>" }])
    );
    let retry = format!("mutation {{ retryDelivery(id: \"{dead}\") {{ state attempts }} }}");
    let reply = app.graphql(&retry).await;
    assert_eq!(
        reply["data"]["retryDelivery"],
        json!({ "state": "PENDING", "attempts": 0 })
    );
    let cancel = format!("mutation {{ cancelDelivery(id: \"{dead}\") {{ state }} }}");
    assert_eq!(
        app.graphql(&cancel).await["data"]["cancelDelivery"]["state"],
        "CANCELLED"
    );
    let disable =
        "mutation { setEndpointEnabled(endpoint: \"ledger\", enabled: false) { state reason } }";
    let reply = app.graphql(disable).await;
    assert_eq!(
        reply["data"]["setEndpointEnabled"]["state"], "DISABLED",
        "{reply}"
    );
    for (query, argument) in [
        (
            "{ deliveries(endpoint: \"x\") { nodes { id } } }",
            "endpoint",
        ),
        ("{ delivery(id: \"x\") { id } }", "id"),
        ("{ deliveries(after: \"x\") { nodes { id } } }", "after"),
    ] {
        let error = app.graphql_error(query).await;
        assert_eq!(error["extensions"]["argument"], argument, "{error}");
    }
    // Pages of one lose nothing.
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!(
            "{{ deliveries(first: 1{after}) {{ nodes {{ id }} pageInfo {{ endCursor hasNextPage }} }} }}"
        );
        let reply = app.graphql(&query).await;
        let page = &reply["data"]["deliveries"];
        seen.push(page["nodes"][0]["id"].clone());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn receivers_read_on_by_themselves() {
    let (app, dead) = app().await;
    let read = async |query: &str| {
        let reply = app.get(&format!("/v1/events{query}")).send().await.unwrap();
        (
            reply.status().as_u16(),
            reply.json::<Value>().await.unwrap(),
        )
    };
    let (status, first) = read("?endpoint=ledger&limit=1").await;
    assert_eq!(
        (status, &first["more"], &first["last"]),
        (200, &json!(true), &json!(1)),
        "{first}"
    );
    let event = &first["events"][0];
    assert_eq!(
        (&event["id"], &event["type"], &event["version"]),
        (&json!(dead), &json!("activity.created"), &json!(1))
    );
    assert_eq!(event["activity"]["amount"], "5000000");
    assert_eq!(
        event["activity"]["coin"],
        json!({ "type": sample::CUSD, "symbol": "cUSD", "decimals": 6 })
    );
    assert_eq!(event["activity"]["counterparty"]["external"], false);
    let (_, second) = read("?endpoint=ledger&after=1").await;
    assert_eq!(
        (&second["more"], &second["last"]),
        (&json!(false), &json!(2))
    );
    let (_, nothing) = read("?endpoint=ledger&after=2").await;
    assert_eq!(
        (
            nothing["events"].as_array().unwrap().len(),
            &nothing["last"]
        ),
        (0, &json!(2))
    );
    for (query, status) in [
        ("?endpoint=nobody", 404),
        ("", 400),
        ("?endpoint=ledger&after=x", 400),
        ("?endpoint=ledger&limit=0", 400),
        ("?endpoint=ledger&limit=501", 400),
        ("?endpoint=ledger&limit=500", 200),
        ("?endpoint=ledger&aftr=1", 400),
    ] {
        assert_eq!(read(query).await.0, status, "{query}");
    }
}

/// Whether a value is as a schema says, as far as docs/schemas uses JSON Schema; every field is described.
fn fits(value: &Value, schema: &Value, path: &str) {
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{path}: {value}");
    }
    if !schema["const"].is_null() {
        assert_eq!(*value, schema["const"], "{path}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = &schema["type"];
    let all = types.as_array();
    let is_one =
        types.is_null() || *types == kind || all.is_some_and(|all| all.contains(&kind.into()));
    assert!(is_one, "{path}: {value} is no {types}");
    if let Some(fields) = value.as_object() {
        for required in schema["required"].as_array().unwrap() {
            let name = required.as_str().unwrap();
            assert!(fields.contains_key(name), "{path} has no {required}");
        }
        for (name, value) in fields {
            let described = &schema["properties"][name];
            assert!(described.is_object(), "{path}.{name} is not described");
            fits(value, described, &format!("{path}.{name}"));
        }
    }
}

#[tokio::test]
async fn events_are_as_their_schema_says() {
    let schema = include_str!("../../../../docs/schemas/activity-v1.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let (app, _) = app().await;
    let mut bare = app.transfer_commit(1).await;
    for activity in &mut bare.activities {
        (activity.coin_type, activity.amount, activity.counterparty) = (None, None, None);
        activity.address = None;
    }
    app.apply(&bare).await;
    while app.store.delivery_sequence().await.unwrap().read > 0 {}
    let reply = app.get("/v1/events?endpoint=ledger").send().await.unwrap();
    let reply: Value = reply.json().await.unwrap();
    let events = reply["events"].as_array().unwrap();
    assert_eq!(events.len(), 4);
    for event in events {
        fits(event, &schema, "event");
        let required = &schema["allOf"][0]["then"]["properties"]["activity"]["required"];
        for name in required.as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(event["activity"].get(name).is_some(), "{name}");
        }
    }
    let query = "{ endpointEvents(endpoint: \"ledger\", after: 1, first: 2) { events last more } }";
    let page = app.graphql(query).await["data"]["endpointEvents"].clone();
    assert_eq!(page["events"].as_array().unwrap()[..], events[1..3]);
    assert_eq!((&page["last"], &page["more"]), (&3.into(), &true.into()));
    let refused = app.graphql_as(Some("ana"), query).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn nobody_else_sees_them() {
    let (app, dead) = app().await;
    for query in [
        "{ endpoints { name } }".to_owned(),
        "{ deliveries { nodes { id } } }".to_owned(),
        format!("{{ delivery(id: \"{dead}\") {{ id }} }}"),
        format!("mutation {{ retryDelivery(id: \"{dead}\") {{ id }} }}"),
        format!("mutation {{ cancelDelivery(id: \"{dead}\") {{ id }} }}"),
        "mutation { setEndpointEnabled(endpoint: \"ledger\", enabled: false) { name } }".to_owned(),
    ] {
        let reply = app.graphql_as(Some("ana"), &query).await;
        assert_eq!(
            reply["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{query}: {reply}"
        );
    }
    let refused = app
        .get("/v1/events?endpoint=ledger")
        .header(USER_HEADER, "ana");
    assert_eq!(refused.send().await.unwrap().status(), 403);
}
