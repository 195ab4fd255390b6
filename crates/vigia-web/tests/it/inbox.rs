//! The inbox over GraphQL, streams and the page: what one has read, how one wants to be told, and nobody else's.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vigia_store::{ReadStore as _, WatchStore as _};

use crate::app::{TestApp, USER_HEADER, read_events};
use crate::sample;
use crate::socket::Socket;

/// Data of a query by a user.
async fn ask(app: &TestApp, user: &str, query: &str) -> Value {
    let reply = app.graphql_as(Some(user), query).await;
    assert_eq!(reply.get("errors"), None, "{reply}");
    reply["data"].clone()
}

async fn refusal(app: &TestApp, user: Option<&str>, query: &str) -> Value {
    let reply = app.graphql_as(user, query).await;
    reply["errors"][0]["extensions"].clone()
}

#[tokio::test]
async fn what_one_has_read_is_ones_own() {
    let app = TestApp::with_transfers().await;
    let list =
        "{ notifications { nodes { id cursor isRead category title text } } unreadNotifications }";
    let before = ask(&app, "ana", list).await;
    let nodes = before["notifications"]["nodes"].as_array().unwrap();
    assert_eq!(
        (nodes.len(), &before["unreadNotifications"]),
        (2, &json!(2))
    );
    assert_eq!(
        (&nodes[0]["isRead"], &nodes[0]["category"]),
        (&json!(false), &json!("MONEY"))
    );
    let (id, cursor) = (
        nodes[1]["id"].as_str().unwrap(),
        nodes[0]["cursor"].as_str().unwrap(),
    );
    let mark = format!("mutation {{ markNotificationRead(id: \"{id}\") }}");
    assert_eq!(ask(&app, "ana", &mark).await["markNotificationRead"], true);
    assert_eq!(
        ask(&app, "beto", &mark).await["markNotificationRead"],
        false,
        "not Beto's"
    );
    assert_eq!(ask(&app, "ana", list).await["unreadNotifications"], 1);
    app.transfer(7).await;
    let all = format!("mutation {{ markAllNotificationsRead(upTo: \"{cursor}\") }}");
    assert_eq!(
        ask(&app, "ana", &all).await["markAllNotificationsRead"],
        1,
        "it came meanwhile"
    );
    let all = "mutation { markAllNotificationsRead }";
    assert_eq!(ask(&app, "ana", all).await["markAllNotificationsRead"], 0);
    let beto = ask(&app, "beto", list).await;
    assert_eq!(beto["unreadNotifications"], 3);
    // Operators may look after a user, and nobody else may.
    let of_ana = "{ unreadNotifications(user: \"ana\") }";
    assert_eq!(app.graphql(of_ana).await["data"]["unreadNotifications"], 0);
    assert_eq!(
        refusal(&app, Some("beto"), of_ana).await["code"],
        "FORBIDDEN"
    );
    let nobody = refusal(&app, None, "{ unreadNotifications }").await;
    assert_eq!(
        (&nobody["code"], &nobody["argument"]),
        (&json!("BAD_USER_INPUT"), &json!("user"))
    );
    let unknown = refusal(&app, None, "{ unreadNotifications(user: \"zoe\") }").await;
    assert_eq!(unknown["argument"], "user");
}

#[tokio::test]
async fn preferences_are_checked_and_kept() {
    let app = TestApp::with_transfers().await;
    let set = |input: &str| {
        format!(
            "mutation {{ setNotificationPreferences(input: {input}) {{ muted {{ channel category }} timeZone quietHours {{ fromMinute toMinute }} hidesAmounts }} }}"
        )
    };
    for (input, argument) in [
        ("{ timeZone: \"Mars/Olympus\" }", "timeZone"),
        (
            "{ muted: [{ channel: PUSH, category: SECURITY }] }",
            "muted",
        ),
        (
            "{ quietHours: { fromMinute: 1440, toMinute: 5 } }",
            "quietHours",
        ),
        (
            "{ quietHours: { fromMinute: 5, toMinute: 5 } }",
            "quietHours",
        ),
    ] {
        let refused = refusal(&app, Some("ana"), &set(input)).await;
        assert_eq!(refused["argument"], argument);
    }
    let input = "{ timeZone: \"America/Bogota\", hidesAmounts: true, quietHours: { fromMinute: 1320, toMinute: 420 }, \
                 muted: [{ channel: INBOX, category: MONEY }] }";
    ask(&app, "ana", &set(input)).await;
    let kept = ask(&app, "ana", &set("{}")).await["setNotificationPreferences"].clone();
    assert_eq!(
        (&kept["timeZone"], &kept["hidesAmounts"]),
        (&json!("America/Bogota"), &json!(true))
    );
    assert_eq!(
        kept["quietHours"],
        json!({ "fromMinute": 1320, "toMinute": 420 })
    );
    let list = "{ notifications { nodes { id } } unreadNotifications notificationPreferences { timeZone } }";
    let ana = ask(&app, "ana", list).await;
    assert_eq!(
        (&ana["notifications"]["nodes"], &ana["unreadNotifications"]),
        (&json!([]), &json!(0))
    );
    let beto = ask(&app, "beto", list).await;
    assert_eq!(beto["notificationPreferences"]["timeZone"], "UTC");
    let ended = ask(&app, "ana", &set("{ noQuietHours: true }")).await;
    assert_eq!(
        ended["setNotificationPreferences"]["quietHours"],
        Value::Null
    );
}

#[tokio::test]
async fn devices_are_ones_own_and_tokens_are_told_to_nobody() {
    let app = TestApp::with_people("Ana").await;
    let register = "mutation { registerDevice(input: { platform: FCM, token: \"abcdefSECRETuvwxyz\", appVersion: \"2\" }) { id token isActive platform } }";
    let made = ask(&app, "ana", register).await["registerDevice"].clone();
    assert_eq!(
        (&made["token"], &made["platform"]),
        (&json!("abcdef…uvwxyz"), &json!("FCM"))
    );
    let again = ask(&app, "ana", register).await["registerDevice"].clone();
    assert_eq!(again["id"], made["id"], "the same device");
    let inbox =
        "{ notifications { nodes { kind activity { id } } } devices { id isActive reason } }";
    let ana = ask(&app, "ana", inbox).await;
    assert_eq!(
        ana["notifications"]["nodes"],
        json!([{ "kind": "NEW_DEVICE", "activity": null }])
    );
    assert_eq!(ask(&app, "beto", inbox).await["devices"], json!([]));
    let remove = format!(
        "mutation {{ removeDevice(id: \"{}\") }}",
        made["id"].as_str().unwrap()
    );
    assert_eq!(
        ask(&app, "beto", &remove).await["removeDevice"],
        false,
        "not Beto's"
    );
    assert_eq!(ask(&app, "ana", &remove).await["removeDevice"], true);
    assert_eq!(
        ask(&app, "ana", inbox).await["devices"][0]["reason"],
        "its user removed it"
    );
    for wrong in ["", &"x".repeat(4_097)] {
        let query = format!(
            "mutation {{ registerDevice(input: {{ platform: WEB, token: \"{wrong}\" }}) {{ id }} }}"
        );
        assert_eq!(
            refusal(&app, Some("ana"), &query).await["argument"],
            "token"
        );
    }
    let forbidden = [
        "{ pushes { nodes { id } } }",
        "{ push(id: \"00\") { id } }",
        "mutation { retryPush(id: \"00\") { id } }",
        "mutation { cancelPush(id: \"00\") { id } }",
        "{ broadcasts { id } }",
        "mutation { stopBroadcast(id: \"1\") { id } }",
        "mutation { startBroadcast(texts: []) { id } }",
        "{ devices(user: \"beto\") { id } }",
    ];
    for query in forbidden {
        assert_eq!(
            refusal(&app, Some("ana"), query).await["code"],
            "FORBIDDEN",
            "{query}"
        );
    }
}

#[tokio::test]
async fn operators_broadcast() {
    let app = TestApp::with_people("Ana").await;
    let start = |texts: &str, rate: &str| {
        format!(
            "mutation {{ startBroadcast(texts: [{texts}]{rate}) {{ id state told users ratePerSecond texts {{ locale title }} }} }}"
        )
    };
    let text = "{ locale: ES, title: \"Novedades\", body: \"Hola\" }";
    for (texts, rate, argument) in [("", "", "texts"), (text, ", ratePerSecond: 0", "segment")] {
        let refused = refusal(&app, None, &start(texts, rate)).await;
        assert_eq!(refused["argument"], argument);
    }
    let begun = app.graphql(&start(text, "")).await["data"]["startBroadcast"].clone();
    assert_eq!(
        (&begun["state"], &begun["users"], &begun["ratePerSecond"]),
        (&json!("RUNNING"), &json!(2), &json!(100))
    );
    let id = begun["id"].as_str().unwrap();
    let stopped = app
        .graphql(&format!(
            "mutation {{ stopBroadcast(id: \"{id}\") {{ state }} }}"
        ))
        .await;
    assert_eq!(stopped["data"]["stopBroadcast"]["state"], "STOPPED");
    let listed = app.graphql("{ broadcasts { id texts { title } } }").await;
    assert_eq!(
        listed["data"]["broadcasts"][0]["texts"][0]["title"],
        "Novedades"
    );
}

#[tokio::test]
async fn live_readers_go_on_where_they_were() {
    let app = TestApp::with_transfers().await;
    let mut socket = Socket::open(&app, Some("ana")).await;
    let follow = |after: &str| {
        format!(
            "subscription {{ notificationAdded{after} {{ cursor kind isRead activity {{ account {{ externalId }} }} }} }}"
        )
    };
    // From a cursor on: when following from now on has begun, nobody is told.
    let newest = "{ notifications(first: 1) { nodes { cursor } } }";
    let newest = ask(&app, "ana", newest).await;
    let newest = newest["notifications"]["nodes"][0]["cursor"]
        .as_str()
        .unwrap();
    let after = format!("(after: \"{newest}\")");
    socket.subscribe("1", &follow(&after)).await;
    app.transfer(2).await;
    let first = socket.next_data("1").await["notificationAdded"].clone();
    assert_eq!(first["activity"]["account"]["externalId"], "ana");
    drop(socket);
    for checkpoint in 3..6 {
        app.transfer(checkpoint).await;
    }
    let mut socket = Socket::open(&app, Some("ana")).await;
    let after = format!("(after: \"{}\")", first["cursor"].as_str().unwrap());
    socket.subscribe("1", &follow(&after)).await;
    let mut cursors = vec![first["cursor"].clone()];
    for _ in 3..6 {
        cursors.push(socket.next_data("1").await["notificationAdded"]["cursor"].clone());
    }
    let list = "{ notifications { nodes { cursor } } }";
    let all = ask(&app, "ana", list).await["notifications"]["nodes"].clone();
    let mut newest: Vec<_> = all.as_array().unwrap()[..4]
        .iter()
        .map(|node| node["cursor"].clone())
        .collect();
    newest.reverse();
    assert_eq!(cursors, newest, "none missed, none twice");
}

#[tokio::test]
async fn programs_follow_as_json() {
    let app = TestApp::with_transfers().await;
    let schema: Value =
        serde_json::from_str(include_str!("../../../../docs/schemas/activity-v1.json")).unwrap();
    let stream = |path: &str| app.get(path).header(USER_HEADER, "ana").send();
    let response = stream("/v1/live/notifications?after=0").await.unwrap();
    let events = read_events(response, 2).await;
    let one: Value = serde_json::from_str(&events[0].1).unwrap();
    assert_eq!(
        (&one["category"], &one["read"], &one["account"]),
        (&json!("money"), &json!(false), &json!("ana"))
    );
    let response = stream("/v1/live/activities?after=0").await.unwrap();
    let events = read_events(response, 2).await;
    for (_, data) in &events {
        let activity: Value = serde_json::from_str(data).unwrap();
        assert_eq!(activity["account"]["externalId"], "ana");
        for required in schema["allOf"][0]["then"]["properties"]["activity"]["required"]
            .as_array()
            .unwrap()
        {
            assert!(
                activity.get(required.as_str().unwrap()).is_some(),
                "{required}"
            );
        }
    }
    let last = app
        .get("/v1/live/activities")
        .header(USER_HEADER, "ana")
        .header("last-event-id", &events[0].0);
    let rest = read_events(last.send().await.unwrap(), 1).await;
    assert_eq!(rest[0].0, events[1].0);
    let wrong = stream("/v1/live/notifications?after=x").await.unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn whoever_reads_nothing_is_cut_off() {
    let patience = Duration::from_millis(300);
    let app = TestApp::with(|config| config.limits.stalled_timeout = patience).await;
    app.register("Ana").await;
    // More than the system keeps for a connection whose other side takes nothing.
    for checkpoint in 0..600 {
        app.transfer(checkpoint).await;
    }
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(app.address).await.unwrap();
    let request = "GET /v1/live/activities?after=0 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    // Nothing is awaited but time: it is what cuts.
    tokio::time::sleep(patience * 6).await;
    let mut got = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut got));
    // Ended or reset; a connection that lives would be silent after the last event.
    let _cut = reading.await.expect("it is cut off");
    let text = String::from_utf8_lossy(&got);
    let last = text.matches("\nid: ").count();
    assert!(last > 0 && last < 1_200, "{last} events of 1,200");
}

#[tokio::test]
async fn the_page_marks_everything_as_read() {
    let app = TestApp::with_transfers().await;
    let page = async || {
        let reply = app
            .get("/inbox")
            .header(USER_HEADER, "ana")
            .send()
            .await
            .unwrap();
        reply.text().await.unwrap()
    };
    let before = page().await;
    assert!(before.contains("Marcar todo como leído"), "{before}");
    assert_eq!(before.matches("data-unread").count(), 2);
    let from = before.find("name=\"up_to\" value=\"").unwrap() + 20;
    let from = &before[from..];
    let cursor = from.split('"').find(|text| text.len() > 3).unwrap();
    let send = async |user: &str, cursor: &str| {
        let form = app.post("/inbox/read").header(USER_HEADER, user);
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        form.body(format!("up_to={cursor}"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(send("ana", "forged").await, 400);
    assert_eq!(page().await.matches("data-unread").count(), 2);
    send("ana", cursor).await;
    let after = page().await;
    assert!(
        !after.contains("data-unread") && !after.contains("Marcar todo"),
        "{after}"
    );
    let _unchanged = app.store.user_find("beto").await.unwrap().unwrap();
    let more = [sample::entry(3, "carla", "Carla")];
    app.store.watch_add(&more).await.unwrap();
    let beto = app
        .get("/inbox")
        .header(USER_HEADER, "beto")
        .send()
        .await
        .unwrap();
    assert_eq!(beto.text().await.unwrap().matches("data-unread").count(), 2);
}
