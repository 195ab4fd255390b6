//! Trades and invoices as people and programs read them, each their own.

use std::sync::Arc;

use serde_json::{Value, json};
use vigia_contracts::Interpreter;
use vigia_core::Commit;
use vigia_store::IngestStore as _;

use crate::app::{ANA, BETO, TestApp, USER_HEADER};
use crate::sample::{self, GENESIS_MS, shop};

impl TestApp {
    pub(crate) async fn apply_shop(&self, commit: &Commit) {
        let folder = Interpreter::new(Arc::new(sample::registry()));
        self.store.commit_apply(commit, &folder).await.unwrap();
    }

    /// Somebody pays Ana for an order.
    pub(crate) async fn pay(&self, checkpoint: u64, order: &str, amount: u64) {
        let fields = json!({
            "order": order, "by": sample::address(BETO).to_string(),
            "to": sample::address(ANA).to_string(), "amount": amount.to_string(),
        });
        self.apply_shop(&shop(checkpoint, "payment", order, "Paid", fields))
            .await;
    }

    pub(crate) async fn offer(&self, checkpoint: u64, offer: &str, by: u8) {
        let fields = json!({
            "offer": offer, "by": sample::address(by).to_string(),
            "amount": "7000000", "until": (GENESIS_MS + 60_000).to_string(),
        });
        self.apply_shop(&shop(checkpoint, "trade", offer, "Offered", fields))
            .await;
    }

    async fn page_as(&self, user: &str, path: &str) -> String {
        let page = self.get(path).header(USER_HEADER, user).send().await;
        page.unwrap().text().await.unwrap()
    }
}

pub(crate) fn create(arguments: &str) -> String {
    let address = sample::address(ANA);
    format!(
        "mutation {{ createInvoice(account: \"ana\", address: \"{address}\", coin: \"CUSD\", {arguments}) \
         {{ id businessId state paid payments isOverdue amount coinType contract coin {{ symbol }} }} }}"
    )
}

pub(crate) fn created(reply: &Value) -> &Value {
    let invoice = &reply["data"]["createInvoice"];
    assert!(invoice.is_object(), "{reply}");
    invoice
}

#[tokio::test]
async fn an_invoice_is_settled_by_payments() {
    let app = TestApp::with_people("Ana").await;
    let create =
        create("amount: \"5000000\", businessId: \"order 7\", note: \"pan & café\", dueAtMs: 9");
    let reply = app.graphql_as(Some("ana"), &create).await;
    let invoice = created(&reply);
    assert_eq!(invoice["contract"], "shop");
    assert_eq!(invoice["coin"]["symbol"], "cUSD");
    assert_eq!(
        (&invoice["state"], &invoice["isOverdue"]),
        (&json!("OPEN"), &json!(true))
    );
    // Once more it is the same one.
    assert_eq!(app.graphql_as(Some("ana"), &create).await, reply);
    let id = invoice["id"].as_str().unwrap();
    let query = format!("{{ invoice(id: \"{id}\") {{ state paid payments isOverdue }} }}");
    for (checkpoint, amount, state, overdue) in [
        (0, 2_000_000, "UNDERPAID", true),
        (1, 3_000_000, "PAID", false),
        (2, 5_000_000, "DUPLICATE", false),
    ] {
        app.pay(checkpoint, "order 7", amount).await;
        let reply = app.graphql(&query).await;
        let invoice = &reply["data"]["invoice"];
        assert_eq!(invoice["state"], state, "{reply}");
        assert_eq!(invoice["isOverdue"], overdue, "{reply}");
        assert_eq!(invoice["payments"], checkpoint + 1, "{reply}");
    }
    let page = app.page_as("ana", "/invoices?lang=en").await;
    for part in [
        "pan &amp; café",
        "paid twice",
        "10.00 cUSD paid of 5.00 cUSD",
        "3 payments",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let events = "{ businessObject(contract: \"shop\", object: \"payment\", businessId: \"order 7\") \
                  { state events { name digest } } }";
    let reply = app.graphql_as(Some("ana"), events).await;
    let object = &reply["data"]["businessObject"];
    assert_eq!(object["events"].as_array().unwrap().len(), 3, "{reply}");
    assert_eq!(object["events"][1]["digest"], sample::digest(1).to_string());
}

#[tokio::test]
async fn others_invoices_and_trades_are_not_told() {
    let app = TestApp::with_people("Ana").await;
    let invoice = app.graphql_as(Some("ana"), &create("amount: \"1\"")).await;
    let id = created(&invoice)["id"].as_str().unwrap();
    let business_id = created(&invoice)["businessId"].as_str().unwrap();
    assert_eq!(business_id.len(), 32, "one is made up");
    app.offer(0, "offer of ana", ANA).await;
    app.pay(1, business_id, 1).await;

    let beto = async |query: &str| app.graphql_as(Some("beto"), query).await;
    let reply = beto(&create("amount: \"1\"")).await;
    assert_eq!(
        reply["errors"][0]["message"],
        "account: there is no account \"ana\""
    );
    let reply = beto(&format!(
        "mutation {{ cancelInvoice(id: \"{id}\") {{ id }} }}"
    ))
    .await;
    assert_eq!(reply["data"]["cancelInvoice"], Value::Null);
    for query in [
        "{ invoices { nodes { id } } }".to_owned(),
        "{ businessObjects { nodes { state } } }".to_owned(),
    ] {
        let reply = beto(&query).await.to_string();
        assert!(reply.contains("\"nodes\":[]"), "{reply}");
    }
    for query in [
        format!("{{ invoice(id: \"{id}\") {{ id }} }}"),
        "{ businessObject(contract: \"shop\", object: \"trade\", businessId: \"offer of ana\") { state } }"
            .to_owned(),
        format!(
            "{{ businessObject(contract: \"shop\", object: \"payment\", businessId: \"{business_id}\") {{ state }} }}"
        ),
    ] {
        let data = beto(&query).await["data"].clone();
        assert!(data.as_object().unwrap().values().all(Value::is_null), "{data}");
    }
    for path in ["/trades", "/invoices"] {
        let page = app.page_as("beto", path).await;
        assert!(
            !page.contains("offer of ana") && !page.contains(business_id),
            "{page}"
        );
        let own = app.page_as("ana", path).await;
        assert!(
            own.contains("offer of ana") || own.contains(business_id),
            "{own}"
        );
    }
    let reply = app
        .graphql_as(
            Some("ana"),
            &format!("mutation {{ cancelInvoice(id: \"{id}\") {{ cancelledAtMs state }} }}"),
        )
        .await;
    assert_eq!(
        reply["data"]["cancelInvoice"]["state"], "PAID",
        "what was paid is shown: {reply}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_invoice_is_said() {
    let app = TestApp::with_people("Ana").await;
    for (arguments, argument, part) in [
        ("amount: \"0\"", "createInvoice", "cannot be asked for"),
        ("amount: \"1.5\"", "amount", "not a number of minor units"),
        (
            "amount: \"1\", businessId: \"\"",
            "createInvoice",
            "business id is empty",
        ),
        (
            "amount: \"1\", contract: \"pay\"",
            "contract",
            "takes no payments",
        ),
    ] {
        let error = app.graphql_error(&create(arguments)).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        assert_eq!(error["extensions"]["argument"], argument, "{error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    }
    let first = create("amount: \"1\", businessId: \"x\"");
    created(&app.graphql(&first).await);
    let error = app
        .graphql_error(&create("amount: \"2\", businessId: \"x\""))
        .await;
    assert_eq!(error["extensions"]["argument"], "businessId", "{error}");
    let other = first.replace(
        &sample::address(ANA).to_string(),
        &sample::address(BETO).to_string(),
    );
    let error = app.graphql_error(&other.replace("\"x\"", "\"y\"")).await;
    assert_eq!(error["extensions"]["argument"], "address", "{error}");
    let error = app.graphql_error(&first.replace("CUSD", "CUSD_V2")).await;
    assert_eq!(error["extensions"]["argument"], "coin", "{error}");
    let error = app.graphql_error("{ invoice(id: \"x\") { id } }").await;
    assert_eq!(error["extensions"]["argument"], "id", "{error}");
    for path in ["/trades?before=x", "/invoices?before=x"] {
        assert_eq!(app.get(path).send().await.unwrap().status(), 400, "{path}");
    }
}

#[tokio::test]
async fn a_trade_is_overdue_until_something_happens() {
    let app = TestApp::with_people("Ana").await;
    app.offer(0, "o-1", ANA).await;
    let query = "{ businessObjects { nodes { state isOverdue deadlineMs held { amount from to } } }
        balances { nodes { amounts { amount pending incoming } } } }";
    let reply = app.graphql_as(Some("ana"), query).await;
    let object = &reply["data"]["businessObjects"]["nodes"][0];
    assert_eq!(object["isOverdue"], true, "the clock is past it: {reply}");
    assert_eq!(object["held"]["amount"], "7000000");
    let held = &reply["data"]["balances"]["nodes"][0]["amounts"][0];
    assert_eq!(
        *held,
        json!({ "amount": "0", "pending": "7000000", "incoming": "0" })
    );
    let page = app.page_as("ana", "/trades?lang=es").await;
    for part in ["Intercambio", "fuera de plazo", "7.00 cUSD", "en custodia"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        app.page_as("ana", "/balances?lang=es")
            .await
            .contains("7.00 cUSD en custodia")
    );
    app.apply_shop(&shop(
        1,
        "trade",
        "o-1",
        "Withdrawn",
        json!({ "offer": "o-1" }),
    ))
    .await;
    let reply = app.graphql_as(Some("ana"), query).await;
    let object = &reply["data"]["businessObjects"]["nodes"][0];
    assert_eq!(
        *object,
        json!({ "state": "cancelled", "isOverdue": false, "deadlineMs": null, "held": null })
    );
}
