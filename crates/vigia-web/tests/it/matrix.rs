//! Who may do what (I-14): every query and mutation by nobody, another user, an employee, an operator and an admin, against a table that a person
//! has read (`matrix.txt`; `UPDATE_MATRIX=1` writes it anew). A field that is not asked here fails the test.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vigia_core::{Permissions, UserRole};
use vigia_store::{ApplicationChange, ApplicationStore, SignInStore, UserSpec};

use crate::app::{ANA, BETO, TestApp};
use crate::sample;
use crate::socket::Socket;

/// Where the table is.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/matrix.txt");

/// Whom it is asked for, beside nobody: another user, an employee who may read, an operator and an admin.
const ROLES: [&str; 4] = ["beto", "carla", "root", "chief"];

/// How each field is asked: about Ana's account, its transactions, and what operators look after.
fn asked(field: &str) -> String {
    let digest = sample::digest(0);
    let delivery = "00000000000000000000000000000000";
    let address = sample::address(ANA);
    let endpoint = "input: { url: \"https://receiver.example/\", label: \"x\" }";
    match field {
        "activities" | "addresses" | "balances" | "failedTransactions" | "labels"
        | "businessObjects" | "users" | "accounts" | "coins" | "announcements" | "invoices" | "deliveries" | "notifications"
        | "pushes" | "actions" => format!("{field} {{ nodes {{ __typename }} }}"),
        "me" => "me { __typename }".to_owned(),
        "user" | "account" => format!("{field}(externalId: \"ana\") {{ externalId }}"),
        "balanceHistory" => {
            format!("balanceHistory(address: \"{address}\", coin: \"CUSD\") {{ amount }}")
        }
        "coin" => "coin(coin: \"CUSD\") { symbol }".to_owned(),
        "setSchedulePaused" => {
            "setSchedulePaused(name: \"none\", paused: true) { name }".to_owned()
        }
        "status" | "schedules" | "endpoints" | "pushPlatforms" | "broadcasts" | "accountEndpoints" | "contracts" => {
            format!("{field} {{ __typename }}")
        }
        "rawTransaction" | "transaction" | "failedTransaction" | "announced" => {
            format!("{field}(digest: \"{digest}\") {{ __typename }}")
        }
        "businessObject" => {
            "businessObject(contract: \"shop\", object: \"trade\", businessId: \"offer of ana\") { state }".to_owned()
        }
        "invoice" => "invoice(id: 1) { id }".to_owned(),
        "delivery" | "push" => format!("{field}(id: \"{delivery}\") {{ id }}"),
        "unreadNotifications" => "unreadNotifications(user: \"ana\")".to_owned(),
        "notificationPreferences" | "devices" => {
            format!("{field}(user: \"ana\") {{ __typename }}")
        }
        "endpointEvents" => "endpointEvents(endpoint: \"none\") { last }".to_owned(),

        "retryFailedTransaction" | "discardFailedTransaction" => {
            format!("{field}(digest: \"{digest}\") {{ outcome }}")
        }
        "setLabel" => "setLabel(address: \"0x7\", name: \"A\") { name }".to_owned(),
        "removeLabel" => "removeLabel(address: \"0x7\") { removed }".to_owned(),
        "createInvoice" => format!(
            "createInvoice(account: \"ana\", address: \"{address}\", coin: \"CUSD\", amount: \"1\", businessId: \"one\") {{ id }}"
        ),
        "cancelInvoice" => "cancelInvoice(id: 1) { id }".to_owned(),
        "announce" => format!(
            "announce(input: {{ account: \"ana\", direction: OUT, digest: \"{}\" }}) {{ id }}",
            sample::digest(9)
        ),
        "retryDelivery" | "cancelDelivery" | "retryPush" | "cancelPush" => {
            format!("{field}(id: \"{delivery}\") {{ id }}")
        }
        "setEndpointEnabled" => "setEndpointEnabled(endpoint: \"none\", enabled: true) { name }".to_owned(),
        "markNotificationRead" => format!("markNotificationRead(id: \"{delivery}\", user: \"ana\")"),
        "markAllNotificationsRead" => "markAllNotificationsRead(user: \"ana\")".to_owned(),
        "setNotificationPreferences" => {
            "setNotificationPreferences(user: \"ana\", input: { hidesAmounts: true }) { hidesAmounts }".to_owned()
        }
        "registerDevice" => {
            "registerDevice(user: \"ana\", input: { platform: FCM, token: \"t\" }) { id }".to_owned()
        }
        "removeDevice" => "removeDevice(user: \"ana\", id: 1)".to_owned(),
        "startBroadcast" => {
            "startBroadcast(texts: [{ locale: ES, title: \"a\", body: \"b\" }]) { id }".to_owned()
        }
        "stopBroadcast" => "stopBroadcast(id: 1) { id }".to_owned(),
        "createAccountEndpoint" => {
            format!("createAccountEndpoint(account: \"ana\", {endpoint}) {{ name }}")
        }
        "updateAccountEndpoint" => format!("updateAccountEndpoint(name: \"none\", {endpoint}) {{ name }}"),
        "rotateAccountEndpointKey" => "rotateAccountEndpointKey(name: \"none\") { name }".to_owned(),
        "setAccountEndpointEnabled" => {
            "setAccountEndpointEnabled(name: \"none\", enabled: true) { name }".to_owned()
        }
        "removeAccountEndpoint" => "removeAccountEndpoint(name: \"none\")".to_owned(),
        "testAccountEndpoint" => "testAccountEndpoint(name: \"none\") { id }".to_owned(),
        "replayAccountEndpoint" => "replayAccountEndpoint(name: \"none\", from: 1, to: 2)".to_owned(),
        "applyApplicationChanges" => {
            "applyApplicationChanges(changes: [{ user: { id: \"new\" } }]) { done }".to_owned()
        }
        "createAddressChallenge" => {
            "createAddressChallenge(account: \"ana\", address: \"0x7\") { message }".to_owned()
        }
        "setUserRole" => "setUserRole(user: \"ana\", role: USER) { role }".to_owned(),
        "linkAddress" => "linkAddress(account: \"ana\", address: \"0x7\") { address }".to_owned(),
        other => panic!("say in matrix.rs how {other} is asked, and who may"),
    }
}

/// Fields of a root type, in the order of the schema.
fn fields(root: &str) -> Vec<String> {
    let sdl = vigia_web::schema_sdl();
    let begin = sdl.find(&format!("\ntype {root} {{")).expect("it is there");
    let body = &sdl[begin..];
    let body = &body[..body.find("\n}").expect("it ends")];
    let (mut fields, mut in_text) = (Vec::new(), false);
    for line in body.lines().skip(2) {
        match line.trim() {
            "\"\"\"" => in_text = !in_text,
            // Arguments are further in.
            _ if in_text || !line.starts_with('\t') || line.starts_with("\t\t") => {}
            line => {
                let name = line.split(['(', ':']).next().unwrap_or_default();
                if name.chars().next().is_some_and(char::is_alphabetic) {
                    fields.push(name.to_owned());
                }
            }
        }
    }
    fields
}

/// What a reply amounts to, in a word.
fn word(status: u16, reply: &Value, field: &str) -> String {
    if status != 200 {
        return status.to_string();
    }
    if let Some(code) = reply["errors"][0]["extensions"]["code"].as_str() {
        return code.to_owned();
    }
    let value = &reply["data"][field];
    match value.get("nodes").unwrap_or(value) {
        Value::Null => "null".to_owned(),
        Value::Array(list) if list.is_empty() => "empty".to_owned(),
        Value::Bool(said) => said.to_string(),
        Value::Number(number) => number.to_string(),
        _ => "data".to_owned(),
    }
}

pub(crate) async fn app() -> (TestApp, Vec<String>) {
    let app = crate::sign_in::app(false).await;
    app.offer(1, "offer of ana", ANA).await;
    app.offer(2, "offer of beto", BETO).await;
    let carla = UserSpec {
        external_id: "carla".to_owned(),
        display_name: "Carla".to_owned(),
        locale: vigia_core::Locale::Es,
    };
    let member = ApplicationChange::Member {
        account: "ana".to_owned(),
        user: "carla".to_owned(),
        permissions: Permissions::new(["read"]).unwrap(),
    };
    let changes = [ApplicationChange::User(carla.clone()), member];
    app.store.application_apply(&changes).await.unwrap();
    app.store
        .login_set(&carla, UserRole::User, None)
        .await
        .unwrap();
    let chief = UserSpec {
        external_id: "chief".to_owned(),
        ..carla
    };
    app.store
        .login_set(&chief, UserRole::Admin, None)
        .await
        .unwrap();
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push(crate::applications::token(&app, role, "full").await);
    }
    (app, tokens)
}

#[tokio::test]
async fn everybody_may_what_the_table_says() {
    let (app, tokens) = app().await;
    let mut table =
        String::from("field | another user | an employee who may read | an operator | an admin\n");
    for root in ["Query", "Mutation"] {
        for field in fields(root) {
            let keyword = root.to_lowercase();
            let query = format!("{keyword} {{ {} }}", asked(&field));
            let ask = async |token: Option<&str>| {
                let mut request = app.post("/graphql").json(&json!({ "query": query }));
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let reply = request.send().await.unwrap();
                (
                    reply.status().as_u16(),
                    reply.json::<Value>().await.unwrap(),
                )
            };
            let (status, reply) = ask(None).await;
            let code = &reply["errors"][0]["extensions"]["code"];
            assert_eq!((status, code), (401, &json!("UNAUTHENTICATED")), "{field}");
            let mut row = format!("{keyword} {field}");
            for token in &tokens {
                let (status, reply) = ask(Some(token)).await;
                let said = word(status, &reply, &field);
                assert!(!said.starts_with("BAD_QUERY"), "{query}: {reply}");
                assert_ne!(said, "INTERNAL", "{query}: {reply}");
                write!(row, " | {said}").unwrap();
            }
            table += &(row + "\n");
        }
    }
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(TABLE, &table).unwrap();
    }
    let known = std::fs::read_to_string(TABLE).unwrap_or_default();
    for (found, known) in table.lines().zip(known.lines()) {
        assert_eq!(found, known, "UPDATE_MATRIX=1 writes it; read what changes");
    }
    assert_eq!(table.len(), known.len());
}

/// What another user is told first is their own, although Ana's was before.
#[tokio::test]
async fn what_is_followed_is_ones_own() {
    let (app, tokens) = app().await;
    for field in fields("Subscription") {
        let mut nobody = Socket::connect_with(&app, &[]).await.unwrap();
        nobody.init(json!({})).await;
        assert!(
            (4_400..4_500).contains(&nobody.closed_with().await),
            "{field}"
        );
        let (arguments, account) = match &*field {
            "activityAdded" => (
                "(after: \"0\") { account { externalId } }",
                "/account/externalId",
            ),
            "balanceChanged" => ("(after: \"0\") { balance { account } }", "/balance/account"),
            "tradeUpdated" => (
                "(after: \"0\") { trade { businessId } }",
                "/trade/businessId",
            ),
            "statusChanged" => ("{ watermark activities }", ""),
            // Another test follows it (`inbox.rs`).
            "notificationAdded" => continue,
            other => panic!("say in matrix.rs how {other} is followed"),
        };
        let mut socket = Socket::connect_with(&app, &[]).await.unwrap();
        let bearer = format!("Bearer {}", tokens[0]);
        socket.init(json!({ "Authorization": bearer })).await;
        assert_eq!(socket.next().await["type"], "connection_ack");
        socket
            .subscribe("a", &format!("subscription {{ {field} {arguments} }}"))
            .await;
        let told = socket.next_data("a").await[&field].clone();
        match account {
            "" => assert_eq!(told["activities"], Value::Null, "{told}"),
            path => assert!(
                told.pointer(path)
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .ends_with("beto"),
                "{told}"
            ),
        }
    }
}
