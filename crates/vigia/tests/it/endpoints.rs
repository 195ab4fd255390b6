//! Endpoints that members of an account make: told of it alone, signed with keys of their own, seen by nobody else.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use vigia_devnet::Pace;

use crate::app::{App, http, text};
use crate::node::{busy_chain, contracts, start, watch_users};

/// What came: headers and body.
type Came = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn receive(State(came): State<Came>, headers: HeaderMap, body: Bytes) -> StatusCode {
    came.lock().unwrap().push((headers, body));
    StatusCode::NO_CONTENT
}

async fn wait_for<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{what} does not come"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A GraphQL client of one user.
struct Client {
    url: String,
    token: String,
}

impl Client {
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = http().post(&self.url).bearer_auth(&self.token).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn ok(&self, query: &str, variables: Value) -> Value {
        let reply = self.ask(query, variables).await;
        assert_eq!(reply.get("errors"), None, "{reply}");
        reply["data"].clone()
    }

    async fn refused(&self, query: &str, variables: Value) -> String {
        let reply = self.ask(query, variables).await;
        reply["errors"][0]["message"]
            .as_str()
            .unwrap_or_else(|| panic!("{reply}"))
            .to_owned()
    }
}

const CREATE: &str = "mutation ($account: String!, $url: String!, $algorithm: SigningAlgorithm) {
    createAccountEndpoint(account: $account, algorithm: $algorithm, input: { url: $url, label: \"Caja\" }) {
        name publicKeys secret perSecond state account
    }
}";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_have_their_account_told_elsewhere() {
    let came = Came::default();
    let router = Router::new()
        .route("/{*path}", post(receive))
        .with_state(came.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let receiver = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let node = start(busy_chain(3_000), Pace::Live, 10).await;
    let app = App::new();
    app.ok(&["webhooks", "secret-key", "old.key"]);
    let settings = |keys: &str| {
        format!(
            "[provider]\nurl = \"{}\"\n[web]\nlisten = \"127.0.0.1:0\"\nsign_in = true\n[delivery]\n\
             secret_key_files = [{keys}]\naccount_networks = [\"127.0.0.0/8\"]\naccount_ports = [{}]\n\
             account_plain_http = true\naccount_per_second = 20\n{}",
            node.url(),
            receiver.port(),
            contracts(),
        )
    };
    app.configure(&settings("\"old.key\""));
    watch_users(&app, &node, |_| true);
    let mut vigia = app.start(&["up", "--log", "error"]);
    let line = vigia.line_with("http://");
    let url = format!("{}graphql", line[line.find("http://").unwrap()..].trim());
    let client = |user: &str| {
        app.ok(&["user", "create", user, "--no-password"]);
        let create = [
            "token", "create", "--user", user, "--name", "app", "--scope", "full",
        ];
        Client {
            url: url.clone(),
            token: app.ok(&create).trim().to_owned(),
        }
    };
    let (ana, beto) = (client("user-1"), client("user-2"));
    let hook = format!("http://{receiver}/ana");
    let made = ana
        .ok(
            CREATE,
            json!({ "account": "user-1", "url": hook, "algorithm": "HMAC_SHA256" }),
        )
        .await;
    let made = &made["createAccountEndpoint"];
    let (name, secret) = (
        made["name"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    assert_eq!(
        (&made["perSecond"], &made["publicKeys"]),
        (&json!(20), &json!([]))
    );

    // What is not theirs, or leads inside, is refused; nobody else sees it.
    let foreign = ana
        .refused(CREATE, json!({ "account": "user-2", "url": hook }))
        .await;
    assert!(
        foreign.contains("there is no account \"user-2\""),
        "{foreign}"
    );
    for inside in [
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest",
        "ftp://example.com/",
        "http://[::1]/",
    ] {
        let refused = ana
            .refused(CREATE, json!({ "account": "user-1", "url": inside }))
            .await;
        assert!(refused.starts_with("url: "), "{refused}");
    }
    let list = "{ accountEndpoints { name secret } }";
    assert_eq!(
        beto.ok(list, json!({})).await["accountEndpoints"],
        json!([])
    );
    let mine = ana.ok(list, json!({})).await;
    assert_eq!(
        mine["accountEndpoints"][0],
        json!({ "name": name, "secret": null }),
        "shown once"
    );
    let of_name = json!({ "name": name });
    for forbidden in [
        "mutation ($name: String!) { removeAccountEndpoint(name: $name) }",
        "mutation ($name: String!) { testAccountEndpoint(name: $name) { id } }",
        "mutation ($name: String!) { rotateAccountEndpointKey(name: $name) { name } }",
        "mutation ($name: String!) { setAccountEndpointEnabled(name: $name, enabled: false) { name } }",
        "mutation ($name: String!) { replayAccountEndpoint(name: $name, from: 1, to: 9) }",
        "mutation ($name: String!) { updateAccountEndpoint(name: $name, input: { url: \"https://x.example\" }) { name } }",
    ] {
        let refused = beto.refused(forbidden, of_name.clone()).await;
        assert!(refused.contains("there is no endpoint"), "{refused}");
    }

    let test =
        "mutation ($name: String!) { testAccountEndpoint(name: $name) { id event sequence } }";
    let test = ana.ok(test, of_name.clone()).await["testAccountEndpoint"].clone();
    assert_eq!(test["event"], "TEST");
    let body_of = |kind: &str| {
        let came = came.lock().unwrap();
        let mut all = came.iter();
        all.find(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["type"] == kind)
            .cloned()
    };
    let (headers, body) = wait_for("the test", || body_of("endpoint.test")).await;
    assert_eq!(headers["webhook-id"], test["id"].as_str().unwrap());
    let oracle = Webhook::new(secret).unwrap();
    oracle.verify(&body, &headers).unwrap();
    let (headers, body) = wait_for("an activity", || body_of("activity.created")).await;
    oracle.verify(&body, &headers).unwrap();

    // It may catch up by itself, and nobody else may.
    let follow =
        "query ($name: String!) { endpointEvents(endpoint: $name, first: 2) { events last } }";
    let events = ana.ok(follow, of_name.clone()).await["endpointEvents"]["events"].clone();
    assert_eq!(events[0]["sequence"], 1);
    let refused = beto.refused(follow, of_name.clone()).await;
    assert!(refused.contains("not of your accounts"), "{refused}");

    // Rotated: both sign for a while, then the new one alone.
    let rotate = "mutation ($name: String!, $drop: Boolean!) {
        rotateAccountEndpointKey(name: $name, dropsOld: $drop) { publicKeys secret }
    }";
    let rotated = ana.ok(rotate, json!({ "name": name, "drop": false })).await;
    let keys = &rotated["rotateAccountEndpointKey"]["publicKeys"];
    assert!(keys[0].as_str().unwrap().starts_with("whpk_"), "{rotated}");
    let signed_by = |count: usize| {
        let came = came.lock().unwrap();
        let (headers, _) = came.last().unwrap();
        let signatures = headers["webhook-signature"].to_str().unwrap();
        (signatures.split(' ').count() == count).then(|| signatures.to_owned())
    };
    // The chain may have ended by now, so that there is something to be signed whenever the key is learnt of.
    let again = "mutation ($name: String!) { testAccountEndpoint(name: $name) { id } }";
    let begun = Instant::now();
    let both = loop {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "two signatures do not come"
        );
        ana.ok(again, of_name.clone()).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Some(both) = signed_by(2) {
            break both;
        }
    };
    assert!(both.contains("v1a,") && both.contains("v1,"), "{both}");

    // Sealed again with another key, it goes on; the old key is needed no more.
    vigia.stop();
    app.ok(&["webhooks", "secret-key", "new.key"]);
    app.configure(&settings("\"new.key\""));
    let refused = app.run(&["webhooks", "reseal"]);
    assert!(
        text(&refused.stderr).contains("sealed with another key"),
        "{refused:?}"
    );
    app.configure(&settings("\"new.key\", \"old.key\""));
    assert_eq!(
        app.ok(&["webhooks", "reseal"]),
        "1 endpoints are sealed again\n"
    );
    assert_eq!(
        app.ok(&["webhooks", "reseal"]),
        "0 endpoints are sealed again\n"
    );
    app.configure(&settings("\"new.key\""));
    came.lock().unwrap().clear();
    let vigia = app.start(&["work", "--log", "error"]);
    let replayed = app.ok(&[
        "webhooks", "replay", name, "--from", "1", "--to", "1", "--all",
    ]);
    assert_eq!(replayed, "1 are sent again\n");
    wait_for("it again", || {
        (!came.lock().unwrap().is_empty()).then_some(())
    })
    .await;
    vigia.stop();
    for (_, body) in came.lock().unwrap().iter() {
        let event: Value = serde_json::from_slice(body).unwrap();
        if event["type"] == "activity.created" {
            assert_eq!(event["activity"]["account"]["externalId"], "user-1");
        }
    }
}
