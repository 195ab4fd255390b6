//! Who gets which page and may send which form (I-14): every route of the router by nobody, another user, an employee who may read, an
//! operator and an admin, against a table that a person has read (`page_matrix.txt`; `UPDATE_MATRIX=1` writes it anew). A route that is
//! not named here fails the test, and so does a page of another user's that holds anything of Ana's.

use std::fmt::Write as _;

use reqwest::{Method, Response};
use serde_json::json;

use crate::app::{ANA, TestApp};
use crate::matrix;
use crate::sample;

/// Where the table is.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/page_matrix.txt");
/// What leads where.
const ROUTER: &str = include_str!("../../src/router.rs");
/// What Ana has and nobody else may read.
const ANAS: [&str; 4] = ["offer of ana", "order of ana", "ana.example", "note of ana"];
/// Ana's endpoint.
const ENDPOINT: &str = "we_0";
/// A delivery that there is not.
const DELIVERY: &str = "00000000000000000000000000000000";

/// The methods and paths of the router, in its order.
fn routes() -> Vec<(Method, &'static str)> {
    let mut routes = Vec::new();
    for part in ROUTER.split(".route(").skip(1) {
        let path = part.split('"').nth(1).expect("a path");
        let handlers = part.split(".route(").next().unwrap_or_default();
        let handlers = handlers.split(".fallback(").next().unwrap_or_default();
        for (word, method) in [("get(", Method::GET), ("post(", Method::POST)] {
            if handlers.contains(word) {
                routes.push((method, path));
            }
        }
    }
    routes
}

type Form = Vec<(&'static str, String)>;

/// How a route is asked: about Ana and what is hers.
fn asked(method: &Method, path: &str) -> (String, Form) {
    let digest = sample::digest(0).to_string();
    let form = |pairs: &[(&'static str, &str)]| -> Form {
        let owned = pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        owned.collect()
    };
    let none = Form::new();
    let asked = |path: &str, form: Form| (path.to_owned(), form);
    match (method.as_str(), path) {
        // Whoever may see the page sees what is theirs of it.
        (
            "GET",
            "/"
            | "/balances"
            | "/addresses"
            | "/trades"
            | "/invoices"
            | "/inbox"
            | "/ingestion"
            | "/failed"
            | "/deliveries"
            | "/endpoints"
            | "/endpoints/new"
            | "/actions"
            | "/users"
            | "/schedules"
            | "/settings"
            | "/sign-in"
            | "/watch"
            | "/contracts"
            | "/broadcasts"
            | "/broadcasts/new"
            | "/healthz"
            | "/readyz"
            | "/metrics"
            | "/v1/openapi.json"
            | "/graphql"
            | "/graphql/ws"
            | "/live"
            | "/live/ingestion"
            | "/v1/live/activities"
            | "/v1/live/notifications"
            | "/v1/activities",
        ) => asked(path, none),
        ("GET", "/assets/{name}") => asked("/assets/vigia.css", none),
        ("GET", "/balances/{address}/{coin}") => (
            format!("/balances/{}/{}", sample::address(ANA), sample::CUSD),
            none,
        ),
        ("GET", "/trades/{contract}/{object}/{id}") => {
            asked("/trades/shop/trade/offer%20of%20ana", none)
        }
        ("GET", "/invoices/{id}") => asked("/invoices/1", none),
        ("POST", "/invoices/{id}") => asked("/invoices/1", form(&[("action", "cancel")])),
        ("POST", "/addresses") => asked(path, form(&[("account", "ana"), ("address", "0x78")])),
        ("POST", "/addresses/wallet/challenge" | "/addresses/wallet") => asked(path, none),
        ("GET", "/tx/{digest}") => (format!("/tx/{}", sample::digest(1)), none),
        ("GET", "/search") => asked("/search?q=offer+of+ana", none),
        ("GET", "/watch/remove") => asked("/watch/remove?kind=address&target=0x77", none),
        ("GET", "/v1/events") => (format!("/v1/events?endpoint={ENDPOINT}"), none),
        ("GET", "/endpoints/{name}" | "/endpoints/{name}/edit" | "/endpoints/{name}/remove") => {
            (path.replace("{name}", ENDPOINT), none)
        }
        ("GET", "/endpoints/{name}/deliveries/{id}") => {
            (format!("/endpoints/{ENDPOINT}/deliveries/{DELIVERY}"), none)
        }

        ("POST", "/inbox/read") => asked(path, form(&[("up_to", "bjox")])),
        ("POST", "/failed/{digest}/retry" | "/failed/{digest}/discard") => {
            (path.replace("{digest}", &digest), none)
        }
        ("POST", "/deliveries") => asked(
            path,
            form(&[("action", "retry-delivery"), ("id", DELIVERY)]),
        ),
        ("POST", "/endpoints/new") => asked(
            path,
            form(&[
                ("account", "ana"),
                ("url", "https://x.example/two"),
                ("newest", "99"),
            ]),
        ),
        ("POST", "/endpoints/{name}") => (
            path.replace("{name}", ENDPOINT),
            form(&[("action", "disable")]),
        ),
        ("POST", "/endpoints/{name}/edit") => (
            path.replace("{name}", ENDPOINT),
            form(&[("url", "https://x.example/"), ("label", "x")]),
        ),
        ("POST", "/endpoints/{name}/remove") => (path.replace("{name}", "we_9"), none),
        ("POST", "/users") => asked(
            path,
            form(&[("action", "set-role"), ("user", "ana"), ("role", "user")]),
        ),
        ("POST", "/schedules") => asked(path, form(&[("action", "pause"), ("name", "none")])),
        ("POST", "/settings") => asked(path, none),
        ("POST", "/settings/device/remove" | "/settings/session/end") => {
            asked(path, form(&[("id", "1")]))
        }
        ("POST", "/settings/session/end-others" | "/sign-out") => asked(path, none),
        ("POST", "/sign-in") => asked(
            path,
            form(&[("name", "ana"), ("password", "wrong"), ("next", "/")]),
        ),
        ("POST", "/sign-in/sui/challenge" | "/sign-in/sui" | "/graphql") => asked(path, none),
        ("POST", "/watch") => asked(path, form(&[("kind", "address"), ("target", "0x77")])),
        ("POST", "/watch/remove") => asked(path, form(&[("kind", "address"), ("target", "0x77")])),
        ("POST", "/broadcasts") => asked(path, form(&[("action", "stop"), ("id", "1")])),
        ("POST", "/broadcasts/new") => asked(
            path,
            form(&[
                ("step", "start"),
                ("title_es", "a"),
                ("body_es", "b"),
                ("newest", "0"),
            ]),
        ),
        (method, path) => panic!("say in page_matrix.rs how {method} {path} is asked, and who may"),
    }
}

/// What matrix.rs has, and an invoice, a trade and an endpoint of Ana's.
async fn app() -> (TestApp, Vec<String>) {
    let (app, tokens) = matrix::app().await;
    app.transfer(3).await;
    let address = sample::address(ANA);
    for mutation in [
        format!(
            "createInvoice(account: \"ana\", address: \"{address}\", coin: \"CUSD\", amount: \"7\", \
             businessId: \"order of ana\", note: \"note of ana\") {{ id }}"
        ),
        "createAccountEndpoint(account: \"ana\", input: { url: \"https://ana.example/\", label: \"note of ana\" }) { name }"
            .to_owned(),
    ] {
        let query = json!({ "query": format!("mutation {{ {mutation} }}") });
        let request = app.post("/graphql").json(&query).bearer_auth(&tokens[2]);
        let reply: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(reply["errors"], json!(null), "{reply}");
    }
    (app, tokens)
}

async fn ask(
    app: &TestApp,
    token: Option<&str>,
    method: &Method,
    asked: &(String, Form),
) -> Response {
    let (path, form) = asked;
    let mut body = form_urlencoded::Serializer::new(String::new());
    let mut request = app
        .request(method.clone(), path)
        .header("accept", "text/html")
        .header("accept-language", "en");
    if *method == Method::POST {
        request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.extend_pairs(form).finish());
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap()
}

/// The status, and where it leads.
fn word(response: &Response) -> String {
    let status = response.status().as_u16();
    match response.headers().get("location") {
        Some(to) => {
            let to = to.to_str().unwrap();
            format!("{status} {}", to.split('?').next().unwrap_or_default())
        }
        None => status.to_string(),
    }
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let (app, tokens) = app().await;
    let mut table = String::from(
        "route | nobody | another user | an employee who may read | an operator | an admin\n",
    );
    let mut shown_to_those_who_may = [false; ANAS.len()];
    let routes = routes();
    assert!(routes.len() > 60, "the router is read: {}", routes.len());
    for (method, path) in &routes {
        let question = asked(method, path);
        let mut row = format!("{method} {path}");
        let askers = std::iter::once(None).chain(tokens.iter().map(|token| Some(&**token)));
        for (who, token) in askers.enumerate() {
            let response = ask(&app, token, method, &question).await;
            write!(row, " | {}", word(&response)).unwrap();
            assert!(response.status().as_u16() < 500, "{row}");
            let kind = response.headers().get("content-type").cloned();
            let is_endless =
                kind.is_some_and(|kind| kind.to_str().unwrap().starts_with("text/event-stream"));
            if is_endless {
                // What comes there is held to its scope by tests of its own (`live.rs`, `inbox.rs`, `jwt/live.rs`).
                continue;
            }
            // The search says what was looked for.
            let text = response
                .text()
                .await
                .unwrap()
                .replace("<q>offer of ana</q>", "");
            for (word, shown) in ANAS.iter().zip(&mut shown_to_those_who_may) {
                match who {
                    0 | 1 => assert!(!text.contains(word), "{row}: {word:?} is in {text}"),
                    _ => *shown |= text.contains(word),
                }
            }
        }
        table += &(row + "\n");
    }
    assert_eq!(
        shown_to_those_who_may,
        [true; ANAS.len()],
        "those who may do see it"
    );
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(TABLE, &table).unwrap();
    }
    let known = std::fs::read_to_string(TABLE).unwrap_or_default();
    for (found, known) in table.lines().zip(known.lines()) {
        assert_eq!(found, known, "UPDATE_MATRIX=1 writes it; read what changes");
    }
    assert_eq!(table.len(), known.len());
}

/// A page of Ana's is to another user what a page is that there is not.
#[tokio::test]
async fn what_is_anas_is_to_others_as_what_is_not() {
    let (app, tokens) = app().await;
    let beto = Some(&*tokens[0]);
    let get = async |path: String| {
        let response = ask(&app, beto, &Method::GET, &(path, Form::new())).await;
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let offered = sample::digest(1);
    let unknown = sample::digest(99);
    for (anas, nobodys) in [
        (format!("/tx/{offered}"), format!("/tx/{unknown}")),
        (
            format!("/endpoints/{ENDPOINT}"),
            "/endpoints/we_99".to_owned(),
        ),
        (
            format!("/endpoints/{ENDPOINT}/edit"),
            "/endpoints/we_99/edit".to_owned(),
        ),
        (
            format!("/endpoints/{ENDPOINT}/remove"),
            "/endpoints/we_99/remove".to_owned(),
        ),
        ("/users".to_owned(), "/nowhere".to_owned()),
        ("/watch".to_owned(), "/nowhere".to_owned()),
    ] {
        // In one language: what there is not is answered before anybody is known.
        let in_english = |path: &str| get(format!("{path}?lang=en"));
        let (found, other) = (in_english(&anas).await, in_english(&nobodys).await);
        let same = |text: &str| {
            text.replace(&offered.to_string(), "DIGEST")
                .replace(&unknown.to_string(), "DIGEST")
                .replace("we_99", ENDPOINT)
        };
        assert_eq!(
            (found.0, same(&found.1)),
            (other.0, same(&other.1)),
            "{anas}"
        );
    }
}
