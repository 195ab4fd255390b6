//! Webhooks from the chain to a receiver: each activity arrives, under one id, whatever is killed and whoever hangs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use vigia_core::Scope;
use vigia_devnet::Pace;
use vigia_notify::{MessageId, SigningKey, SigningKeys, webhook_headers};
use vigia_store::{ActivityFilter, ReadStore};

use crate::app::{App, text};
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};

/// What a receiver got: by endpoint and id, how often, and the body.
type Received = Arc<Mutex<BTreeMap<(String, String), (u32, Value)>>>;

#[derive(Clone)]
struct Receiver {
    received: Received,
    key: Arc<SigningKeys>,
    /// Refuses a delivery at first.
    busy: Arc<Mutex<BTreeSet<String>>>,
}

/// Takes what comes to `/NAME`; `/busy` refuses one id of eight once: rarely five in a row, which would open its breaker for long.
async fn receive(
    State(receiver): State<Receiver>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let id = header("webhook-id");
    let at_s: u64 = header("webhook-timestamp").parse().expect("seconds");
    let message = MessageId::new(id.clone()).expect("an id");
    // The same key over the same bytes signs the same: ed25519 and HMAC draw no lots.
    let expected = webhook_headers(&message, at_s * 1_000, &body, &receiver.key);
    assert_eq!(header("webhook-signature"), expected.signature);
    if name == "busy"
        && id.as_bytes()[31] % 8 == 0
        && receiver.busy.lock().unwrap().insert(id.clone())
    {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    let mut received = receiver.received.lock().unwrap();
    let (times, before) = received
        .entry((name, id))
        .or_insert_with(|| (0, event.clone()));
    *times += 1;
    assert_eq!(said(before), said(&event), "the same id says the same");
    StatusCode::NO_CONTENT
}

/// An event without what vigia may have learnt of a coin before it was told again.
fn said(event: &Value) -> Value {
    let mut event = event.clone();
    for learnt in ["decimals", "symbol"] {
        if let Some(found) = event["activity"]["coin"].get_mut(learnt) {
            *found = Value::Null;
        }
    }
    event
}

async fn listen(key: SigningKey) -> (SocketAddr, Received) {
    let receiver = Receiver {
        received: Received::default(),
        key: Arc::new(SigningKeys::new(vec![key]).expect("one key")),
        busy: Arc::default(),
    };
    let received = receiver.received.clone();
    let router = Router::new()
        .route("/{name}", post(receive))
        .with_state(receiver);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, received)
}

/// An endpoint as `vigia webhooks list --json` tells of it.
fn endpoint(app: &App, name: &str) -> Value {
    let lines = app.ok(&["webhooks", "list", "--json"]);
    let rows = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.into_iter()
        .find(|row| row["name"] == name)
        .expect("it is listed")
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{what} does not come"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_activity_arrives_through_kills_and_beside_one_that_hangs() {
    let node = start(busy_chain(3_000), Pace::Live, 10).await;
    let app = App::new();
    let public = app.ok(&["webhooks", "key", "hook.key"]);
    assert!(public.starts_with("whpk_"), "{public}");
    let refused = app.run(&["webhooks", "key", "hook.key"]);
    assert!(text(&refused.stderr).contains("name a file that is not there"));
    let secret = std::fs::read_to_string(app.path("hook.key")).expect("the key");
    let key = SigningKey::parse(secret.trim()).expect("it is one");
    let (address, received) = listen(key).await;
    // Takes connections and never answers.
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a port");
    let hangs = hanging.local_addr().expect("an address");
    let hook = |name: &str, url: String, filter: &str| {
        format!(
            "[[webhooks]]\nname = \"{name}\"\nurl = \"{url}\"\nkey_files = [\"hook.key\"]\n{filter}"
        )
    };
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[delivery]\nlease_ms = 1500\ndeadline_ms = 3000\n{}{}{}{}{}",
        node.url(),
        contracts(),
        hook("all", format!("http://{address}/all"), ""),
        hook(
            "busy",
            format!("http://{address}/busy"),
            "accounts = [\"user-1\", \"user-2\"]\n"
        ),
        hook(
            "hangs",
            format!("http://{hangs}/"),
            "kinds = [\"transfer\"]\n"
        ),
        hook(
            "payments",
            format!("http://{address}/payments"),
            "kinds = [\"payment\"]\nminimum_units = 5000000\n"
        ),
    ));
    watch_users(&app, &node, |_| true);
    let first = app.start(&["work", "--log", "error"]);
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut worker = first;
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(random.random_range(200..900)));
        worker.signal(libc::SIGKILL);
        worker.wait(Duration::from_secs(5));
        worker = app.start(&["work", "--log", "error"]);
    }
    let store = app.store().await;
    finished_rows(&node, &store, Duration::from_secs(120)).await;
    poller.stop();
    let filter = ActivityFilter::default();
    let rows = store
        .activity_page(&Scope::All, &filter, None, 100_000)
        .await
        .unwrap();
    assert!(rows.len() > 2_000, "{}", rows.len());
    let is_through = |name: &str| {
        let row = endpoint(&app, name);
        row["pending"] == 0 && row["sequence"].as_u64() > Some(0)
    };
    wait_until("the end of all", || is_through("all"));
    wait_until("the end of busy", || is_through("busy"));
    wait_until("the end of payments", || is_through("payments"));
    let hung = endpoint(&app, "hangs");
    assert!(hung["pending"].as_u64() > Some(500), "{hung}");
    assert_eq!(hung["delivered"], 0);
    worker.stop();

    let received = std::mem::take(&mut *received.lock().unwrap());
    let of = |name: &str| {
        let of_endpoint = received
            .iter()
            .filter(|((endpoint, _), _)| endpoint == name);
        of_endpoint
            .map(|((_, id), (times, event))| (id.clone(), *times, event.clone()))
            .collect::<Vec<_>>()
    };
    let all = of("all");
    let told: BTreeSet<String> = all
        .iter()
        .map(|(_, _, event)| event["activity"]["id"].as_str().unwrap().to_owned())
        .collect();
    let stored: BTreeSet<String> = rows.iter().map(|row| row.id.to_string()).collect();
    assert_eq!(told, stored, "each activity, and nothing else");
    assert_eq!(all.len(), told.len(), "under one id each");
    let numbers: BTreeSet<u64> = all
        .iter()
        .map(|(_, _, event)| event["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=rows.len() as u64).collect(), "without a gap");
    let again: u32 = all.iter().map(|(_, times, _)| times - 1).sum();
    println!(
        "{} activities, {again} of them more than once, after 6 kills",
        all.len()
    );
    // What a worker had in hand when it was killed, at most.
    assert!(again <= 6 * 256, "{again}");

    let wanted =
        |row: &vigia_store::ActivityRow| ["user-1", "user-2"].contains(&&*row.account.external_id);
    assert_eq!(
        of("busy").len(),
        rows.iter().filter(|row| wanted(row)).count()
    );
    let is_payment = |row: &&vigia_store::ActivityRow| {
        row.activity.kind == "payment" && row.activity.amount >= Some(5_000_000)
    };
    assert_eq!(of("payments").len(), rows.iter().filter(is_payment).count());
    let sample = rows
        .iter()
        .find(|row| row.activity.counterparty.is_some() && row.activity.amount.is_some())
        .unwrap();
    let sample_id = sample.id.to_string();
    let (_, _, event) = all
        .iter()
        .find(|(_, _, event)| event["activity"]["id"] == *sample_id)
        .unwrap();
    let activity = &event["activity"];
    assert_eq!(activity["digest"], sample.digest.to_string());
    assert_eq!(
        activity["amount"],
        sample.activity.amount.unwrap().to_string()
    );
    assert_eq!(
        activity["account"]["externalId"],
        sample.account.external_id
    );
    assert_eq!(
        activity["counterparty"]["address"],
        sample.activity.counterparty.unwrap().to_string()
    );
    assert_eq!(event["historical"], false);

    // By hand: one is sent again under its id, those of the endpoint that hangs are given up.
    let (id, _, _) = &all[0];
    let shown: Value =
        serde_json::from_str(&app.ok(&["deliveries", "show", id, "--json"])).unwrap();
    assert_eq!(
        (&shown["state"], &shown["endpoint"]),
        (&"delivered".into(), &"all".into())
    );
    assert_eq!(shown["log"][0]["status"], 204);
    assert!(
        app.ok(&["deliveries", "retry", id])
            .starts_with("1 are sent again")
    );
    let listed = app.ok(&[
        "deliveries",
        "list",
        "--endpoint",
        "all",
        "--state",
        "pending",
        "--json",
    ]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let given_up = app.ok(&["deliveries", "cancel", "--all-of", "hangs"]);
    assert!(
        given_up.starts_with(&format!("{} ", hung["pending"])),
        "{given_up}"
    );
    assert_eq!(endpoint(&app, "hangs")["pending"], 0);
    assert_eq!(app.ok(&["webhooks", "disable", "all"]), "all is disabled\n");
    assert_eq!(endpoint(&app, "all")["state"], "disabled");
    let unknown = app.run(&["webhooks", "enable", "nobody"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("all, busy, hangs, payments"));
    store.close().await;
}
