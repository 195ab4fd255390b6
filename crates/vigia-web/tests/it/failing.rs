//! A store that fails: clients get codes and pages, and nothing of what only the log should hold.

mod entries;
mod found;
mod people;
mod store;

use std::sync::Arc;

use serde_json::{Value, json};
use vigia_store::StoreError;

use crate::app::TestApp;
use crate::sample;
use crate::socket::Socket;
use store::FailingStore;

/// What no client may read.
const SECRET: &str = "/srv/secret/vigia.db";

/// How every method of a store fails.
#[derive(Clone, Copy)]
enum Failure {
    /// For the moment.
    Unavailable,
    /// For good.
    Damaged,
}

impl Failure {
    const ALL: [Self; 2] = [Self::Unavailable, Self::Damaged];

    fn error(self) -> StoreError {
        match self {
            Self::Unavailable => sqlx::Error::Io(std::io::Error::other(SECRET)).into(),
            Self::Damaged => StoreError::Damaged {
                what: "secret",
                problem: format!("1 bytes in {SECRET}"),
            },
        }
    }

    fn graphql_code(self) -> &'static str {
        match self {
            Self::Unavailable => "UNAVAILABLE",
            Self::Damaged => "INTERNAL",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Unavailable => 503,
            Self::Damaged => 500,
        }
    }

    async fn app(self) -> TestApp {
        TestApp::over(|_| Arc::new(FailingStore(self)), |_| {}).await
    }
}

#[tokio::test]
async fn queries_get_a_code_and_no_internals() {
    let transaction = format!(
        "{{ rawTransaction(digest: \"{}\") {{ digest }} }}",
        sample::digest(0)
    );
    let digest = sample::digest(0);
    let failed = format!("{{ failedTransaction(digest: \"{digest}\") {{ error }} }}");
    let discard =
        format!("mutation {{ discardFailedTransaction(digest: \"{digest}\") {{ outcome }} }}");
    let announced = format!("{{ announced(digest: \"{digest}\") {{ id }} }}");
    let announce = format!(
        "mutation {{ announce(input: {{ account: \"ana\", digest: \"{digest}\", direction: OUT }}) {{ id }} }}"
    );
    for failure in Failure::ALL {
        let app = failure.app().await;
        for query in [
            "{ status { version } }",
            "{ activities { nodes { id } } }",
            "{ notifications { nodes { id } } }",
            "{ balances { nodes { address } } }",
            "{ failedTransactions { nodes { error } } }",
            &transaction,
            &failed,
            &discard,
            "{ labels { nodes { name } } }",
            "{ businessObjects { nodes { state } } }",
            "{ businessObject(contract: \"p\", object: \"t\", businessId: \"1\") { state } }",
            "{ invoices { nodes { id } } }",
            "{ announcements { nodes { id } } }",
            "{ endpoints { name } }",
            "{ pushPlatforms { platform } }",
            "{ deliveries { nodes { id } } }",
            "{ delivery(id: \"00000000000000000000000000000000\") { id } }",
            "mutation { retryDelivery(id: \"00000000000000000000000000000000\") { id } }",
            "mutation { cancelDelivery(id: \"00000000000000000000000000000000\") { id } }",
            "mutation { setEndpointEnabled(endpoint: \"a\", enabled: true) { name } }",
            &announced,
            &announce,
            "{ invoice(id: 1) { id } }",
            "mutation { cancelInvoice(id: 1) { id } }",
            "mutation { setLabel(address: \"0x7\", name: \"A\") { name } }",
            "mutation { removeLabel(address: \"0x7\") { removed } }",
        ] {
            let reply = app.graphql(query).await;
            assert_eq!(reply["errors"].as_array().unwrap().len(), 1, "{reply}");
            refuses(&reply, failure);
        }
    }
}

#[tokio::test]
async fn subscriptions_get_a_code_and_no_internals() {
    for failure in Failure::ALL {
        let app = failure.app().await;
        let mut socket = Socket::open(&app, None).await;
        for (id, arguments) in [("a", ""), ("b", "(after: \"0\")")] {
            let query = format!("subscription {{ activityAdded{arguments} {{ id }} }}");
            socket.subscribe(id, &query).await;
            let message = socket.next().await;
            assert_eq!(message["id"], id, "{message}");
            refuses(&message["payload"], failure);
            assert_eq!(
                socket.next().await,
                json!({ "id": id, "type": "complete" }),
                "it ends"
            );
        }
    }
}

#[tokio::test]
async fn readers_get_a_page_and_no_internals() {
    let transaction = format!("/tx/{}", sample::digest(0));
    let history = format!("/balances/{}/0x2::sui::SUI", sample::address(1));
    for failure in Failure::ALL {
        let app = failure.app().await;
        for path in [
            "/",
            "/balances",
            &history,
            "/addresses",
            "/trades/shop/trade/1",
            "/invoices/1",
            "/trades",
            "/invoices",
            "/inbox",
            "/ingestion",
            "/failed",
            "/deliveries",
            "/endpoints",
            "/endpoints/we_0",
            "/endpoints/new",
            "/actions",
            "/users",
            "/schedules",
            "/search?q=x",
            "/watch",
            "/contracts",
            "/broadcasts",
            "/broadcasts/new",
            "/live",
            &transaction,
        ] {
            let request = app.get(path).header("accept-language", "en");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), failure.status(), "{path}");
            assert_eq!(
                response.headers()["content-type"],
                "text/html; charset=utf-8"
            );
            let page = response.text().await.unwrap();
            for part in [
                "<html lang=\"en\">",
                "/assets/vigia.css",
                "Something failed on our side",
                "Try again in a moment.",
                "href=\"/\"",
            ] {
                assert!(page.contains(part), "{path}: {part} is missing in {page}");
            }
            assert!(!page.contains("secret"), "{path}: {page}");
        }
        assert_eq!(
            app.page("/healthz").await,
            "ok",
            "the process itself is well"
        );
        let stream = app.page("/live?after=0").await;
        assert_eq!(stream, "", "a stream that has begun can only end");
    }
}

fn refuses(reply: &Value, failure: Failure) {
    let code = &reply["errors"][0]["extensions"]["code"];
    assert_eq!(*code, failure.graphql_code(), "{reply}");
    assert!(!reply.to_string().contains("secret"), "{reply}");
}
