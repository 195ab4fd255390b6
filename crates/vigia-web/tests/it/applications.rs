//! Applications over GraphQL: what their tokens may, what they say in batches, and what operators can look up of it.

use serde_json::{Value, json};
use vigia_core::UserRole;
use vigia_store::{SignInStore, TokenScope, TokenSpec, UserSpec};
use vigia_web::{Secret, TOKEN_PREFIX};

use crate::app::TestApp;
use crate::sign_in::app;

const APPLY: &str = "mutation ($changes: [ApplicationChangeInput!]!) {
    applyApplicationChanges(changes: $changes) {
        watchVersion done refused results { index isDone reason liveFrom }
    }
}";

pub(crate) async fn token(app: &TestApp, user: &str, scope: &str) -> String {
    let spec = UserSpec {
        external_id: user.to_owned(),
        display_name: user.to_owned(),
        locale: vigia_core::Locale::Es,
    };
    let found = app.store.login_find(user).await.unwrap();
    let role = found.map_or(UserRole::User, |login| login.role);
    let id = app.store.login_set(&spec, role, None).await.unwrap();
    let secret = Secret::generate(TOKEN_PREFIX).unwrap();
    let spec = TokenSpec {
        secret_hash: secret.hash(),
        user: id,
        name: "application".to_owned(),
        scope: scope.parse::<TokenScope>().unwrap(),
        expires_at_ms: None,
    };
    app.store.token_create(&spec).await.unwrap();
    secret.expose().to_owned()
}

async fn ask(app: &TestApp, token: &str, query: &str, variables: Value) -> (u16, Value) {
    let body = json!({ "query": query, "variables": variables });
    let request = app.post("/graphql").json(&body);
    let reply = request.bearer_auth(token).send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

fn shop() -> Value {
    json!([
        { "address": { "account": "shop", "address": "0x51" } },
        { "member": { "account": "shop", "user": "carla", "permissions": ["read", "refunds:create"] } },
        { "account": { "id": "shop", "kind": "BUSINESS", "name": "La tienda" } },
        { "user": { "id": "carla", "name": "Carla", "locale": "PT" } },
        { "address": { "account": "shop", "address": "51" } },
        { "member": { "account": "shop", "user": "carla2" } },
    ])
}

#[tokio::test]
async fn an_application_says_who_its_users_are() {
    let app = app(false).await;
    let secret = token(&app, "backend", "accounts,devices").await;
    let (status, reply) = ask(&app, &secret, APPLY, json!({ "changes": shop() })).await;
    assert_eq!(status, 200, "{reply}");
    let batch = &reply["data"]["applyApplicationChanges"];
    assert_eq!(
        (&batch["done"], &batch["refused"]),
        (&json!(4), &json!(2)),
        "{batch}"
    );
    let results = batch["results"].as_array().unwrap();
    assert!(results[0]["liveFrom"].is_u64(), "{batch}");
    assert_eq!(results[3]["liveFrom"], Value::Null);
    for (index, word) in [(4, "hexadecimal"), (5, "no user \"carla2\"")] {
        let reason = results[index]["reason"].as_str().unwrap();
        assert!(reason.contains(word), "{reason}");
        assert_eq!(results[index]["index"], index);
    }
    // The same once more is as good.
    let (_, again) = ask(&app, &secret, APPLY, json!({ "changes": shop() })).await;
    assert_eq!(again["data"], reply["data"]);

    let people = json!([
        { "device": { "user": "carla", "device": { "platform": "FCM", "token": "phone" } } },
        { "device": { "user": "carla", "device": { "platform": "FCM", "token": "" } } },
        { "preferences": { "user": "carla", "preferences": { "timeZone": "America/Lima", "hidesAmounts": true } } },
        { "preferences": { "user": "ana", "preferences": { "timeZone": "Lima" } } },
    ]);
    let (_, reply) = ask(&app, &secret, APPLY, json!({ "changes": people })).await;
    let batch = &reply["data"]["applyApplicationChanges"];
    assert_eq!(
        (&batch["done"], &batch["refused"]),
        (&json!(2), &json!(2)),
        "{reply}"
    );

    // One thing at a time, and no more than a thousand.
    let two = json!([{ "eraseUser": "carla", "disableUser": "carla" }]);
    let (_, reply) = ask(&app, &secret, APPLY, json!({ "changes": two })).await;
    assert!(
        reply["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("Oneof"),
        "{reply}"
    );
    let many = |count: usize| -> Value {
        let user = |n: usize| json!({ "user": { "id": format!("user-of-the-application-{n}"), "name": "A name of some length" } });
        (0..count).map(user).collect()
    };
    let (_, reply) = ask(&app, &secret, APPLY, json!({ "changes": many(1_000) })).await;
    assert_eq!(
        reply["data"]["applyApplicationChanges"]["done"], 1_000,
        "{:?}",
        reply["errors"]
    );
    let (_, reply) = ask(&app, &secret, APPLY, json!({ "changes": many(1_001) })).await;
    assert_eq!(
        reply["errors"][0]["extensions"]["expected"],
        "at most 1000 at once"
    );
}

#[tokio::test]
async fn an_applications_token_may_what_it_says() {
    let app = app(false).await;
    let user = json!([{ "user": { "id": "carla" } }]);
    let device = json!([{ "endDevice": { "user": "carla", "platform": "FCM", "token": "x" } }]);
    let digest = crate::sample::digest(9);
    let announce = format!(
        "mutation {{ announce(input: {{ account: \"ana\", direction: OUT, digest: \"{digest}\" }}) {{ id }} }}"
    );
    let cancel = "mutation { cancelInvoice(id: 1) { id } }";
    let asked = [
        (APPLY, json!({ "changes": user })),
        (APPLY, json!({ "changes": device })),
        (&announce, json!({})),
        (cancel, json!({})),
        ("{ actions { nodes { id } } }", json!({})),
        (
            "mutation { setEndpointEnabled(endpoint: \"x\", enabled: true) { name } }",
            json!({}),
        ),
    ];
    for (who, scope, allowed) in [
        (
            "backend",
            "accounts",
            [true, false, false, false, false, false],
        ),
        (
            "backend",
            "devices",
            [false, true, false, false, false, false],
        ),
        (
            "backend",
            "announce",
            [false, false, true, false, false, false],
        ),
        (
            "backend",
            "invoices",
            [false, false, false, true, false, false],
        ),
        ("backend", "read", [false; 6]),
        ("backend", "full", [false, false, true, true, false, false]),
        // An operator's token may as an application no more than it says.
        (
            "root",
            "invoices,announce",
            [false, false, true, true, false, false],
        ),
        ("root", "read", [false; 6]),
        ("root", "full", [true; 6]),
    ] {
        let secret = token(&app, who, scope).await;
        for ((query, variables), allowed) in asked.iter().zip(allowed) {
            let (status, reply) = ask(&app, &secret, query, variables.clone()).await;
            assert_eq!(status, 200);
            let is_forbidden = reply["errors"][0]["extensions"]["code"] == "FORBIDDEN";
            assert_eq!(is_forbidden, !allowed, "{who} {scope} {query}: {reply}");
        }
        // It reads what its user may, which is nothing of others.
        if who == "backend" {
            let (_, reply) = ask(
                &app,
                &secret,
                "{ activities { nodes { kind } } }",
                json!({}),
            )
            .await;
            assert_eq!(reply["data"]["activities"]["nodes"], json!([]), "{reply}");
        }
    }
}

#[tokio::test]
async fn operators_look_up_what_was_done() {
    let app = app(false).await;
    let application = token(&app, "backend", "accounts").await;
    ask(&app, &application, APPLY, json!({ "changes": shop() })).await;
    let root = token(&app, "root", "full").await;
    let enable =
        "mutation ($name: String!) { setEndpointEnabled(endpoint: $name, enabled: true) { name } }";
    ask(&app, &root, enable, json!({ "name": "none" })).await;
    let register = "mutation { registerDevice(user: \"ana\", input: { platform: FCM, token: \"secret-token\" }) { id } }";
    ask(&app, &root, register, json!({})).await;
    // What ana does with her own is hers.
    let ana = token(&app, "ana", "full").await;
    ask(
        &app,
        &ana,
        "mutation { markAllNotificationsRead }",
        json!({}),
    )
    .await;

    let query = "{ actions(first: 10) { nodes { actor way action subject problem } } }";
    let (_, reply) = ask(&app, &root, query, json!({})).await;
    let nodes = &reply["data"]["actions"]["nodes"];
    assert_eq!(
        *nodes,
        json!([
            {
                "actor": "root", "way": "GRAPHQL", "action": "registerDevice",
                "subject": "{\"user\":\"ana\"}", "problem": null,
            },
            {
                "actor": "root", "way": "GRAPHQL", "action": "setEndpointEnabled",
                "subject": "{\"enabled\":true,\"endpoint\":\"none\"}",
                "problem": "endpoint: there is no endpoint \"none\"",
            },
            {
                "actor": "backend", "way": "GRAPHQL", "action": "applyApplicationChanges",
                "subject": "{\"changes\":6}", "problem": null,
            },
        ])
    );
    let of_one = "{ actions(first: 1, actor: \"root\") { nodes { action } pageInfo { endCursor hasNextPage } } }";
    let (_, reply) = ask(&app, &root, of_one, json!({})).await;
    assert_eq!(reply["data"]["actions"]["pageInfo"]["hasNextPage"], true);
    let cursor = reply["data"]["actions"]["pageInfo"]["endCursor"].clone();
    let next =
        "query ($after: String) { actions(actor: \"root\", after: $after) { nodes { action } } }";
    let (_, reply) = ask(&app, &root, next, json!({ "after": cursor })).await;
    assert_eq!(
        reply["data"]["actions"]["nodes"],
        json!([{ "action": "setEndpointEnabled" }])
    );
}
