//! What could not be interpreted, for operators: listed, tried again, let go; and nobody else learns
//! that it is there (I-8, I-14).

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use vigia_core::{Commit, Digest};
use vigia_store::{
    FailedRetry, FailedStore, IngestStore, LeaseStore, ProviderStore as _, ReadStore, SqlStore,
    StoreError,
};
use vigia_web::FailedRetrier;

use crate::app::{TestApp, USER_HEADER};
use crate::sample;

/// What a transaction says that can never be interpreted.
const HOPELESS: &str = "hopeless";

/// Makes of a failed transaction what an undisturbed transfer would have been, unless it is hopeless.
pub(crate) struct TransferRetrier(pub(crate) Arc<SqlStore>);

#[async_trait]
impl FailedRetrier for TransferRetrier {
    async fn retry(&self, digest: &Digest) -> Result<FailedRetry, StoreError> {
        let Some(failed) = self.0.failed_find(digest).await? else {
            return Ok(FailedRetry::NotFailed);
        };
        let mut raw = failed.raw;
        let addresses = [sample::address(1), sample::address(2)];
        let book = self.0.address_book(&addresses, &[]).await?;
        let holder = |n: u8| (n, book.account_at(&sample::address(n), 0).unwrap());
        let whole = sample::transfer(raw.place.checkpoint, holder(1), holder(2));
        raw.processing_error = match raw.processing_error {
            Some(error) if error.contains(HOPELESS) => Some(format!("{HOPELESS} again")),
            _ => None,
        };
        let commit = Commit {
            ranges: Vec::new(),
            raw_transactions: vec![raw],
            ..whole
        };
        self.0.failed_retry(&commit, &sample::NoObjects).await
    }
}

/// A server over a store in which the transfer of each of these checkpoints failed, for this reason.
async fn app_with_failed(failures: &[(u64, &str)]) -> TestApp {
    let app = TestApp::with_people("Ana").await;
    for (checkpoint, error) in failures {
        let mut commit = app.transfer_commit(*checkpoint).await;
        commit.activities.clear();
        commit.raw_transactions[0].processing_error = Some((*error).to_owned());
        app.apply(&commit).await;
    }
    app
}

fn retry(checkpoint: u64) -> String {
    format!(
        "mutation {{ retryFailedTransaction(digest: \"{}\") {{ outcome activitiesNew \
         notificationsNew failedTransaction {{ digest error }} }} }}",
        sample::digest(checkpoint)
    )
}

fn discard(checkpoint: u64) -> String {
    format!(
        "mutation {{ discardFailedTransaction(digest: \"{}\") {{ outcome \
         failedTransaction {{ digest discardedAtMs }} }} }}",
        sample::digest(checkpoint)
    )
}

fn find(checkpoint: u64) -> String {
    format!(
        "{{ failedTransaction(digest: \"{}\") {{ checkpoint transactionIndex timestampMs error \
         discardedAtMs }} }}",
        sample::digest(checkpoint)
    )
}

const LIST: &str = "{ failedTransactions { nodes { digest error } } }";

async fn listed(app: &TestApp) -> Vec<Value> {
    let reply = app.graphql(LIST).await;
    let nodes = &reply["data"]["failedTransactions"]["nodes"];
    nodes.as_array().unwrap().clone()
}

#[tokio::test]
async fn failed_transactions_come_in_pages_in_the_order_of_the_chain() {
    let failures = [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e")];
    let app = app_with_failed(&failures).await;
    for first in [1, 2, 4, 5, 100] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let query = format!(
                "{{ failedTransactions(first: {first} {after}) {{ edges {{ cursor node {{ error }} }} \
                 pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            let reply = app.graphql(&query).await;
            let page = &reply["data"]["failedTransactions"];
            let edges = page["edges"].as_array().unwrap();
            assert!(edges.len() <= first, "{reply}");
            seen.extend(edges.iter().map(|edge| edge["node"]["error"].clone()));
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                break;
            }
            after = format!("after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"], "by {first}");
    }
    let found = &app.graphql(&find(3)).await["data"]["failedTransaction"];
    let expected = json!({
        "checkpoint": 3, "transactionIndex": 0, "timestampMs": sample::GENESIS_MS + 3_000,
        "error": "d", "discardedAtMs": null,
    });
    assert_eq!(*found, expected);
    assert_eq!(
        app.graphql(&find(9)).await["data"]["failedTransaction"],
        json!(null)
    );
}

#[tokio::test]
async fn bad_arguments_about_failed_transactions_are_named() {
    let app = app_with_failed(&[(0, "a")]).await;
    let bad = "(digest: \"0OIl\")";
    for (query, argument) in [
        (
            "{ failedTransactions(first: 0) { nodes { error } } }".to_owned(),
            "first",
        ),
        (
            "{ failedTransactions(first: 101) { nodes { error } } }".to_owned(),
            "first",
        ),
        // A cursor of another list.
        (
            "{ failedTransactions(after: \"bjox\") { nodes { error } } }".to_owned(),
            "after",
        ),
        (
            format!("{{ failedTransaction{bad} {{ error }} }}"),
            "digest",
        ),
        (format!("{{ transaction{bad} {{ digest }} }}"), "digest"),
        (
            format!("mutation {{ retryFailedTransaction{bad} {{ outcome }} }}"),
            "digest",
        ),
        (
            format!("mutation {{ discardFailedTransaction{bad} {{ outcome }} }}"),
            "digest",
        ),
    ] {
        let error = app.graphql_error(&query).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        assert_eq!(error["extensions"]["argument"], argument, "{query}");
    }
    let fits = "{ failedTransactions(first: 100) { nodes { error } } }";
    assert!(app.graphql(fits).await["errors"].is_null());
}

#[tokio::test]
async fn a_retry_resolves_once() {
    let app = app_with_failed(&[(0, "no layout"), (1, HOPELESS)]).await;
    let outcome = |reply: Value| reply["data"]["retryFailedTransaction"].clone();
    let resolved = json!({
        "outcome": "RESOLVED", "activitiesNew": 2, "notificationsNew": 2,
        "failedTransaction": null,
    });
    assert_eq!(outcome(app.graphql(&retry(0)).await), resolved);
    let nothing = json!({
        "outcome": "NOT_FAILED", "activitiesNew": 0, "notificationsNew": 0,
        "failedTransaction": null,
    });
    for checkpoint in [0, 9] {
        assert_eq!(outcome(app.graphql(&retry(checkpoint)).await), nothing);
    }
    assert_eq!(app.store.status().await.unwrap().activities, 2);

    let digest = sample::digest(1).to_string();
    let still = json!({
        "outcome": "STILL_FAILED", "activitiesNew": 0, "notificationsNew": 0,
        "failedTransaction": { "digest": digest, "error": "hopeless again" },
    });
    for _ in 0..2 {
        assert_eq!(outcome(app.graphql(&retry(1)).await), still);
    }
    assert_eq!(
        listed(&app).await,
        [json!({ "digest": digest, "error": "hopeless again" })]
    );
}

#[tokio::test]
async fn discarding_again_changes_nothing() {
    let app = app_with_failed(&[(0, "a"), (1, "b")]).await;
    let outcome = |reply: Value| reply["data"]["discardFailedTransaction"].clone();
    let first = outcome(app.graphql(&discard(0)).await);
    assert_eq!(first["outcome"], "DISCARDED");
    assert!(
        first["failedTransaction"]["discardedAtMs"].is_u64(),
        "{first}"
    );
    assert_eq!(outcome(app.graphql(&discard(0)).await), first);
    assert_eq!(listed(&app).await.len(), 1);
    assert_eq!(app.store.status().await.unwrap().failed, 1);
    let found = &app.graphql(&find(0)).await["data"]["failedTransaction"];
    assert_eq!(found["error"], "a", "it stays, and can be tried again");
    let unknown = outcome(app.graphql(&discard(9)).await);
    assert_eq!(
        unknown,
        json!({ "outcome": "NOT_FAILED", "failedTransaction": null })
    );
}

/// A user gets the same words whether there is something or not, and nobody known gets none at all.
#[tokio::test]
async fn failures_are_the_operators_alone() {
    let app = app_with_failed(&[(0, "a")]).await;
    let mut seen = Vec::new();
    for query in [
        LIST.to_owned(),
        "{ failedTransactions(first: 101) { nodes { error } } }".to_owned(),
        find(0),
        find(9),
        "{ failedTransaction(digest: \"0OIl\") { error } }".to_owned(),
        retry(0),
        retry(9),
        discard(0),
        discard(9),
    ] {
        let reply = app.graphql_as(Some("ana"), &query).await;
        let error = &reply["errors"][0];
        assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{query}: {reply}");
        seen.push((error["message"].clone(), error["extensions"].clone()));
        let holds_nothing = match &reply["data"] {
            Value::Object(fields) => fields.values().all(Value::is_null),
            data => data.is_null(),
        };
        assert!(holds_nothing, "{query}: {reply}");

        let request = app.post("/graphql").header(USER_HEADER, "nobody");
        let request = request.json(&json!({ "query": query }));
        assert_eq!(request.send().await.unwrap().status(), 401, "{query}");
    }
    assert!(seen.iter().all(|told| *told == seen[0]), "{seen:?}");

    let unknown = app.get("/nowhere").header(USER_HEADER, "ana");
    let unknown = unknown.send().await.unwrap().text().await.unwrap();
    let digest = sample::digest(0);
    for (path, is_post) in [
        ("/failed".to_owned(), false),
        ("/failed?after=forged".to_owned(), false),
        (format!("/failed/{digest}/retry"), true),
        (format!("/failed/{digest}/discard"), true),
        ("/failed/0OIl/retry".to_owned(), true),
    ] {
        let request = |user: &str| match is_post {
            true => app.post(&path).header(USER_HEADER, user),
            false => app.get(&path).header(USER_HEADER, user),
        };
        let response = request("ana").send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.text().await.unwrap(), unknown, "{path}");
        let response = request("nobody").send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    assert_eq!(
        app.store.status().await.unwrap().failed,
        1,
        "nothing changed"
    );
    let ingestion = app.get("/ingestion").header(USER_HEADER, "ana");
    let ingestion = ingestion.send().await.unwrap().text().await.unwrap();
    assert!(!ingestion.contains("/failed"));
}

#[tokio::test]
async fn buttons_work_without_script() {
    let app = app_with_failed(&[(0, "<b>no layout</b>"), (1, HOPELESS), (2, "unneeded")]).await;
    let page = app.page("/failed?lang=en").await;
    assert_eq!(page.matches("data-failed=").count(), 3);
    assert!(page.contains("&lt;b&gt;no layout&lt;/b&gt;"), "{page}");
    let own = format!("http://{}", app.address);
    for (checkpoint, action, done, told, left) in [
        (0, "retry", "resolved", "It is interpreted now", 2),
        (0, "retry", "not-failed", "Nothing to do", 2),
        (
            1,
            "retry",
            "still-failed",
            "It still cannot be interpreted",
            2,
        ),
        (2, "discard", "discarded", "Discarded", 1),
        (2, "discard", "discarded", "Discarded", 1),
        (9, "discard", "not-failed", "Nothing to do", 1),
    ] {
        let digest = sample::digest(checkpoint);
        let path = format!("/failed/{digest}/{action}");
        if left > 1 && checkpoint != 0 {
            let form = format!("<form method=\"post\" action=\"{path}\">");
            assert!(app.page("/failed").await.contains(&form));
        }
        let response = app.post(&path).header("origin", &own).send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        let to = response.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(to, format!("/failed?done={done}&digest={digest}"));
        let page = app.get(&to).header("accept-language", "en");
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(page.contains(&format!("data-done=\"{done}\"")), "{page}");
        assert!(page.contains(told), "{page}");
        assert_eq!(page.matches("data-failed=").count(), left, "{page}");
    }
    let post = app.post("/failed/0OIl/retry").send().await.unwrap();
    assert_eq!(post.status(), 400);
}

/// Another site's form is refused; this page's own is not, since the policy lets browsers name its
/// origin. Under `no-referrer` they would send `null`.
#[tokio::test]
async fn another_sites_form_is_refused() {
    let app = app_with_failed(&[(0, "a")]).await;
    let page = app.get("/failed").send().await.unwrap();
    assert_eq!(page.headers()["referrer-policy"], "same-origin");
    let path = format!("/failed/{}/discard", sample::digest(0));
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let mut request = app.post(&path).header("origin", origin);
        for (name, value) in form {
            request = request.header(name, value);
        }
        assert_eq!(request.send().await.unwrap().status(), 403, "{origin}");
    }
    // Reading changes nothing.
    assert_eq!(app.get(&path).send().await.unwrap().status(), 405);
    assert_eq!(app.store.status().await.unwrap().failed, 1);
}

#[tokio::test]
async fn the_list_of_failures_has_pages() {
    let app = TestApp::with_people("Ana").await;
    assert!(
        app.page("/failed?lang=pt")
            .await
            .contains("Tudo pôde ser interpretado")
    );
    for checkpoint in 0..31 {
        let mut commit = app.transfer_commit(checkpoint).await;
        commit.activities.clear();
        commit.raw_transactions[0].processing_error = Some("a".to_owned());
        app.apply(&commit).await;
    }
    let first = app.page("/failed").await;
    assert_eq!(first.matches("data-failed=").count(), 30);
    let next = first
        .split("href=\"")
        .find(|part| part.starts_with("/failed?after="))
        .unwrap();
    let second = app.page(next.split('"').next().unwrap()).await;
    assert_eq!(second.matches("data-failed=").count(), 1);
    assert!(!second.contains("/failed?after="));
    let forged = app.get("/failed?after=forged").send().await.unwrap();
    assert_eq!(forged.status(), 400);
    // What an address claims was done is said only in the page's own words.
    let page = app.page("/failed?done=evil&digest=x").await;
    assert!(!page.contains("evil") && !page.contains("data-done"));
}

#[tokio::test]
async fn providers_are_shown_to_operators() {
    let app = TestApp::with_transfers().await;
    let row = vigia_store::ProviderRow {
        holder: "poller <1>".to_owned(),
        provider: "backup".to_owned(),
        position: 1,
        url: "https://b:9000".to_owned(),
        is_current: false,
        is_usable: false,
        standing: "60 checkpoints behind the <best>".to_owned(),
        tip: Some(12_345),
        lowest: Some(7),
        latency_ms: Some(31),
        serves: Some("without ListCheckpoints".to_owned()),
        at_ms: 1_700_000_000_000,
    };
    let rows = [row];
    app.store
        .provider_record("poller <1>", &rows, &[])
        .await
        .unwrap();
    let query = "{ status { providers { process provider url isCurrent isUsable standing tip lowest \
                 latencyMs serves reportedAtMs } } }";
    let expected = json!([{
        "process": "poller <1>", "provider": "backup", "url": "https://b:9000", "isCurrent": false,
        "isUsable": false, "standing": "60 checkpoints behind the <best>", "tip": 12345, "lowest": 7,
        "latencyMs": 31, "serves": "without ListCheckpoints", "reportedAtMs": 1_700_000_000_000_u64,
    }]);
    let status = app.graphql(query).await;
    assert_eq!(status["data"]["status"]["providers"], expected);
    let page = app.page("/ingestion?lang=en").await;
    assert!(page.contains("data-provider=\"backup\""), "{page}");
    assert!(
        page.contains("Not used") && page.contains("behind the &lt;best&gt;"),
        "{page}"
    );

    let status = app.graphql_as(Some("ana"), query).await;
    assert_eq!(
        status,
        json!({ "data": { "status": { "providers": null } } })
    );
    let page = app.get("/ingestion").header(USER_HEADER, "ana");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("data-provider=\"backup\""));
}

#[tokio::test]
async fn status_shows_every_shard_to_operators() {
    let app = TestApp::with_transfers().await;
    let plan = vigia_core::ShardPlan::new(2).unwrap();
    let lease = vigia_store::shard_lease(plan, 0);
    app.store
        .lease_claim(&lease, "poller <1>", 3_600_000)
        .await
        .unwrap();
    let query = "{ status { shards { shard shards holder watermark lagCheckpoints } } }";
    let expected = json!([
        { "shard": 0, "shards": 2, "holder": "poller <1>", "watermark": 1, "lagCheckpoints": 0 },
        { "shard": 1, "shards": 2, "holder": null, "watermark": 63, "lagCheckpoints": 0 },
    ]);
    assert_eq!(
        app.graphql(query).await["data"]["status"]["shards"],
        expected
    );
    let page = app.page("/ingestion?lang=en").await;
    assert!(page.contains("data-shard=\"0/2\"") && page.contains("data-shard=\"1/2\""));
    assert!(
        page.contains("poller &lt;1&gt;") && page.contains("Nobody polls it"),
        "{page}"
    );

    let status = app.graphql_as(Some("ana"), query).await;
    assert_eq!(status, json!({ "data": { "status": { "shards": null } } }));
    let page = app.get("/ingestion").header(USER_HEADER, "ana");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("data-shard"));
}

#[tokio::test]
async fn the_epoch_is_told_to_everybody() {
    use vigia_core::EpochInfo;
    use vigia_store::EpochStore;
    let app = TestApp::with_transfers().await;
    let query = "{ status { epoch { epoch startMs endMs firstCheckpoint lastCheckpoint \
                 referenceGasPrice protocolVersion committeeMembers } } }";
    assert_eq!(
        app.graphql(query).await["data"]["status"]["epoch"],
        json!(null)
    );
    let epoch = EpochInfo {
        epoch: 912,
        start_ms: Some(sample::GENESIS_MS),
        end_ms: None,
        first_checkpoint: Some(1),
        last_checkpoint: None,
        reference_gas_price: Some(1_500),
        protocol_version: Some(97),
        committee_members: Some(118),
    };
    app.store.epoch_record(&[epoch]).await.unwrap();
    let expected = json!({
        "epoch": 912, "startMs": sample::GENESIS_MS, "endMs": null, "firstCheckpoint": 1,
        "lastCheckpoint": null, "referenceGasPrice": 1_500, "protocolVersion": 97,
        "committeeMembers": 118,
    });
    let told = app.graphql_as(Some("ana"), query).await;
    assert_eq!(told["data"]["status"]["epoch"], expected);
    let page = app.page("/ingestion?lang=en").await;
    let shown = page.split("data-epoch").nth(1).unwrap();
    assert!(shown.starts_with(">912"), "{shown}");
    assert!(shown.contains("1,500 MIST"), "{shown}");
}
