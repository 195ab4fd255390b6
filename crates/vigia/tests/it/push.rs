//! Pushes from the chain to a phone: each notification arrives, under one id, whatever is killed; and as people want it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use vigia_core::{Locale, Platform, Preferences, Scope};
use vigia_devnet::Pace;
use vigia_store::{
    DeliveryState, DeliveryStore, DeviceSpec, InboxQuery, InboxStore, NotificationRow, PushStore,
    ReadStore, SqlStore,
};

use crate::app::{App, http, text};
use crate::google::{Google, Pushed};
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};

fn device(token: &str) -> DeviceSpec {
    DeviceSpec {
        platform: Platform::Fcm,
        token: token.to_owned(),
        locale: None,
        app_version: "1.0.0".to_owned(),
    }
}

async fn inbox(store: &SqlStore) -> Vec<NotificationRow> {
    let all = InboxQuery {
        scope: Scope::All,
        reader: None,
        not_before_ms: 0,
    };
    store.notification_page(&all, None, 100_000).await.unwrap()
}

/// Waits until no push is pending.
async fn all_sent(store: &SqlStore) {
    let sent = async {
        loop {
            let counts = store.push_counts().await.unwrap();
            let is_pending = |(_, state, count): &(Platform, DeliveryState, u64)| {
                *state == DeliveryState::Pending && *count > 0
            };
            if !counts.iter().any(is_pending) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(60), sent);
    within.await.expect("everything is sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_notification_reaches_each_phone_through_kills() {
    let node = start(busy_chain(3_000), Pace::Live, 10).await;
    let google = Google::start().await;
    let app = App::new();
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[delivery]\nlease_ms = 1500\n{}burst_window_ms = 0\n{}",
        node.url(),
        google.settings(&app),
        contracts(),
    ));
    watch_users(&app, &node, |_| true);
    let store = app.store().await;
    let mut phones = BTreeMap::new();
    for name in ["user-1", "user-2", "user-3"] {
        let user = store.user_find(name).await.unwrap().unwrap();
        for n in 1..=2 {
            let token = format!("{name}-phone-{n}");
            store
                .device_register(user.id, &device(&token))
                .await
                .unwrap();
            phones.insert(token, name);
        }
    }
    let mut worker = app.start(&["work", "--log", "error"]);
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(random.random_range(200..900))).await;
        worker.signal(libc::SIGKILL);
        worker.wait(Duration::from_secs(5));
        worker = app.start(&["work", "--log", "error"]);
    }
    finished_rows(&node, &store, Duration::from_secs(120)).await;
    poller.stop();
    let rows = inbox(&store).await;
    let newest = rows.first().map_or(0, |row| row.seq);
    let sequenced = async {
        while store.delivery_position("notification").await.unwrap() < newest {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(30), sequenced);
    within.await.expect("all become pushes");
    all_sent(&store).await;
    worker.stop();

    let mut expected = BTreeSet::new();
    for row in &rows {
        let of = &row.about.as_ref().expect("an activity").account.external_id;
        for (token, user) in &phones {
            if user == of {
                expected.insert((token.clone(), row.id.to_string()));
            }
        }
    }
    assert!(expected.len() > 200, "{}", expected.len());
    let mut came = BTreeMap::<(String, String), Vec<Pushed>>::new();
    for pushed in google.pushed() {
        let key = (
            pushed.token.clone(),
            pushed.data["notification_ids"].clone(),
        );
        came.entry(key).or_default().push(pushed);
    }
    let told: BTreeSet<_> = came.keys().cloned().collect();
    assert_eq!(
        told, expected,
        "each notification to each phone, and nothing else"
    );
    let mut again = 0;
    for messages in came.values() {
        again += messages.len() - 1;
        let ids: BTreeSet<&str> = messages
            .iter()
            .map(|pushed| &*pushed.data["delivery_id"])
            .collect();
        assert_eq!(ids.len(), 1, "told again it has the same id");
        assert_eq!(ids.first(), Some(&&*messages[0].tag));
    }
    println!(
        "{} pushes, {again} of them more than once, after 6 kills",
        came.len()
    );
    // What a worker had in hand when it was killed, at most.
    assert!(again <= 6 * 128, "{again}");
    store.close().await;
}

async fn graphql(address: &str, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let reply = http()
        .post(format!("{address}graphql"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let reply: Value = reply.json().await.unwrap();
    assert_eq!(reply.get("errors"), None, "{reply}");
    reply["data"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_are_told_as_they_want() {
    let node = start(busy_chain(3_000), Pace::Live, 10).await;
    let google = Google::start().await;
    let app = App::new();
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[web]\nlisten = \"127.0.0.1:0\"\n{}burst_window_ms = 0\n{}",
        node.url(),
        google.settings(&app),
        contracts(),
    ));
    watch_users(&app, &node, |_| true);
    let mut vigia = app.start(&["up", "--log", "error"]);
    let line = vigia.line_with("http://");
    let address = line[line.find("http://").unwrap()..].trim().to_owned();
    let register = "mutation ($user: String!, $token: String!, $locale: Locale) {
        registerDevice(user: $user, input: { platform: FCM, token: $token, locale: $locale, appVersion: \"7\" }) {
            id isActive token
        }
    }";
    for (user, token, locale) in [
        ("user-1", "phone-of-user-1", json!("EN")),
        ("user-2", "phone-of-user-2", json!("PT")),
        ("user-3", "phone-of-user-3", Value::Null),
    ] {
        let variables = json!({ "user": user, "token": token, "locale": locale });
        let made = graphql(&address, register, variables).await;
        assert_eq!(made["registerDevice"]["isActive"], true);
        assert_eq!(
            made["registerDevice"]["token"],
            format!("phone-…{}", &token[token.len() - 6..])
        );
    }
    // A new device is told of itself: whoever did not add it should know.
    google
        .wait("the notice of a new device", |pushed| {
            pushed
                .iter()
                .any(|one| one.data["kind"] == "NEW_DEVICE" && one.token == "phone-of-user-3")
        })
        .await;
    let hide = "mutation { setNotificationPreferences(user: \"user-2\", input: {
        hidesAmounts: true, timeZone: \"America/Sao_Paulo\", muted: [{ channel: PUSH, category: TRADES }]
    }) { hidesAmounts timeZone } }";
    let set = graphql(&address, hide, json!({})).await;
    assert_eq!(
        set["setNotificationPreferences"]["timeZone"],
        "America/Sao_Paulo"
    );

    let of = |pushed: &[Pushed], token: &str, kind: &str| {
        let mut of = pushed.iter();
        of.find(|one| one.token == token && one.data.get("kind").is_some_and(|of| of == kind))
            .cloned()
    };
    let received = "SEND_RECEIVED";
    let hide_from = google.pushed().len();
    let pushed = google
        .wait("a deposit on each phone", |pushed| {
            of(pushed, "phone-of-user-1", received).is_some()
                && of(pushed, "phone-of-user-3", received).is_some()
                && of(
                    &pushed[hide_from.min(pushed.len())..],
                    "phone-of-user-2",
                    received,
                )
                .is_some()
        })
        .await;
    let english = of(&pushed, "phone-of-user-1", received).unwrap();
    let spanish = of(&pushed, "phone-of-user-3", received).unwrap();
    let hidden = of(&pushed[hide_from..], "phone-of-user-2", received).unwrap();
    assert!(english.body.starts_with("You received "), "{english:?}");
    assert!(spanish.body.starts_with("Recibiste "), "{spanish:?}");
    assert!(
        !hidden.body.contains(|c: char| c.is_ascii_digit()),
        "{hidden:?}"
    );
    assert!(
        !hidden.title.is_empty() && hidden.data.contains_key("amount"),
        "{hidden:?}"
    );
    for (key, value) in [
        ("event", "notification"),
        ("version", "1"),
        ("user", "user-1"),
        ("direction", "in"),
    ] {
        assert_eq!(english.data[key], value);
    }
    assert!(english.data["counterparty"].starts_with("0x"));
    let schema: Value =
        serde_json::from_str(include_str!("../../../../docs/schemas/push-v1.json")).unwrap();
    let known = schema["properties"].as_object().unwrap();
    for pushed in &pushed {
        for key in pushed.data.keys() {
            assert!(
                known.contains_key(key),
                "{key} is not in docs/schemas/push-v1.json"
            );
        }
        for key in schema["required"].as_array().unwrap() {
            assert!(
                pushed.data.contains_key(key.as_str().unwrap()),
                "{key}: {pushed:?}"
            );
        }
    }

    // A device that is gone is told nothing more; an outage of the provider costs nobody anything.
    google.forget("phone-of-user-1");
    let is_gone = || {
        app.ok(&["devices", "list", "--user", "user-1"])
            .contains("the provider says that it is gone")
    };
    let begun = std::time::Instant::now();
    while !is_gone() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it is never let go"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    google.set_down(true);
    let said = app.ok(&[
        "broadcast",
        "start",
        "--text",
        "es=Novedades|Ya puedes pagar con QR",
        "--text",
        "pt=Novidades|Pague com QR",
        "--per-second",
        "1000",
    ]);
    assert!(said.contains("has begun"), "{said}");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    google.set_down(false);
    let pushed = google
        .wait("the broadcast", |pushed| {
            of(pushed, "phone-of-user-2", "BROADCAST").is_some()
                && of(pushed, "phone-of-user-3", "BROADCAST").is_some()
        })
        .await;
    assert_eq!(
        of(&pushed, "phone-of-user-2", "BROADCAST").unwrap().body,
        "Pague com QR"
    );
    let spanish = of(&pushed, "phone-of-user-3", "BROADCAST").unwrap();
    assert_eq!(
        (&*spanish.title, &*spanish.body),
        ("Novedades", "Ya puedes pagar con QR")
    );
    assert!(of(&pushed, "phone-of-user-1", "BROADCAST").is_none());
    let listed = app.ok(&["broadcast", "list", "--json"]);
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(listed["state"], "done", "{listed}");
    let refused = app.run(&["broadcast", "start", "--text", "es=only a title"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("a title and a text"));

    let id = &spanish.data["delivery_id"];
    let show =
        || -> Value { serde_json::from_str(&app.ok(&["pushes", "show", id, "--json"])).unwrap() };
    // It has come before it is written that it has.
    let begun = std::time::Instant::now();
    while show()["state"] != "delivered" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", show());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let shown = show();
    let log = shown["log"].as_array().unwrap();
    assert_eq!(log.last().unwrap()["status"], 200);
    let before = google.pushed().len();
    assert_eq!(app.ok(&["pushes", "retry", id]), "1 are sent again\n");
    google
        .wait("it again", |pushed| {
            pushed[before..]
                .iter()
                .any(|one| one.data["delivery_id"] == **id)
        })
        .await;
    vigia.stop();
    let store = app.store().await;
    let user = store.user_find("user-2").await.unwrap().unwrap();
    let kept = store.preference_find(user.id).await.unwrap();
    assert_ne!(kept, Preferences::default());
    assert_eq!(user.locale, Locale::Es, "the device's language is its own");
    store.close().await;
}
