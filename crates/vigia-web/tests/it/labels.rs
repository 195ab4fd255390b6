//! Labels: everybody who sees an address sees what it is called; only operators list and change them (I-14).

use serde_json::{Value, json};
use vigia_core::{Label, LabelKind, Labels};
use vigia_store::LabelStore;

use crate::app::{TestApp, USER_HEADER};
use crate::sample;

const LIST: &str = "{ labels { nodes { address name kind origin } } }";

fn set(n: u8, name: &str) -> String {
    let address = sample::address(n);
    format!(
        "mutation {{ setLabel(address: \"{address}\", name: \"{name}\", kind: EXCHANGE) {{ name kind }} }}"
    )
}

fn remove(n: u8) -> String {
    let address = sample::address(n);
    format!(
        "mutation {{ removeLabel(address: \"{address}\") {{ removed label {{ name origin }} }} }}"
    )
}

fn declared(n: u8, name: &str) -> Labels {
    let label = Label::new(sample::address(n), name, LabelKind::Escrow).unwrap();
    Labels::from([(label.address, label)])
}

/// A server over a store in which Ana sent something to Beto, and to somebody who is nobody's account.
async fn app_with_a_stranger() -> TestApp {
    let app = TestApp::with_people("Ana").await;
    app.transfer(0).await;
    let mut commit = app.transfer_commit(1).await;
    commit.activities.truncate(1);
    commit.activities[0].counterparty = Some(sample::address(9));
    app.apply(&commit).await;
    app
}

/// What Ana reads of her counterparties, the newest first.
async fn counterparties(app: &TestApp) -> Value {
    let query = "{ activities { nodes { counterparty counterpartyName counterpartyLabelKind \
                 counterpartyIsExternal } } }";
    let reply = app.graphql_as(Some("ana"), query).await;
    reply["data"]["activities"]["nodes"].clone()
}

#[tokio::test]
async fn a_counterparty_has_the_public_name_everywhere() {
    let app = app_with_a_stranger().await;
    let (beto, stranger) = (
        sample::address(2).to_string(),
        sample::address(9).to_string(),
    );
    let of_beto = |kind: Value| {
        json!({
            "counterparty": beto, "counterpartyName": "Beto", "counterpartyLabelKind": kind,
            "counterpartyIsExternal": false,
        })
    };
    let of_stranger = |name: Value, kind: Value| {
        json!({
            "counterparty": stranger, "counterpartyName": name, "counterpartyLabelKind": kind,
            "counterpartyIsExternal": true,
        })
    };
    let none = [of_stranger(json!(null), json!(null)), of_beto(json!(null))];
    assert_eq!(counterparties(&app).await, json!(none));
    let page = app.page("/?lang=en").await;
    assert!(page.contains("0x090909…090909"), "{page}");

    for query in [set(9, "Bolsa <X>"), set(2, "Not Beto")] {
        assert!(app.graphql(&query).await["errors"].is_null());
    }
    let exchange = json!("EXCHANGE");
    let named = [
        of_stranger(json!("Bolsa <X>"), exchange.clone()),
        of_beto(exchange),
    ];
    assert_eq!(counterparties(&app).await, json!(named));
    let texts = "{ notifications(locale: ES) { nodes { text } } }";
    let texts = app.graphql_as(Some("ana"), texts).await.to_string();
    assert!(texts.contains("SEND_SENT 5.00 cUSD Bolsa <X>"), "{texts}");
    assert!(texts.contains("SEND_SENT 5.00 cUSD Beto"), "{texts}");
    let transaction = format!("/tx/{}?lang=en", sample::digest(1));
    for path in ["/?lang=en", &transaction, "/inbox?lang=en"] {
        let page = app
            .get(path)
            .header(USER_HEADER, "ana")
            .send()
            .await
            .unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains("Bolsa &lt;X&gt;"), "{path}: {page}");
        assert!(!page.contains("Not Beto"), "{path}: {page}");
    }
}

#[tokio::test]
async fn operators_list_set_and_remove_labels() {
    let app = TestApp::empty().await;
    app.store.set_labels(declared(5, "Ours"));
    for (n, name) in [(7, "First"), (7, "Second"), (3, "Third")] {
        let reply = app.graphql(&set(n, name)).await;
        let expected = json!({ "name": name, "kind": "EXCHANGE" });
        assert_eq!(reply["data"]["setLabel"], expected);
    }
    let row = |n: u8, name: &str, kind: &str, origin: &str| {
        let address = sample::address(n).to_string();
        json!({ "address": address, "name": name, "kind": kind, "origin": origin })
    };
    let nodes = &app.graphql(LIST).await["data"]["labels"]["nodes"];
    let expected = [
        row(3, "Third", "EXCHANGE", "DATABASE"),
        row(5, "Ours", "ESCROW", "CONFIGURATION"),
        row(7, "Second", "EXCHANGE", "DATABASE"),
    ];
    assert_eq!(*nodes, json!(expected));
    let first = "{ labels(first: 1) { nodes { name } pageInfo { hasNextPage endCursor } } }";
    let page = &app.graphql(first).await["data"]["labels"];
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let next = format!(
        "{{ labels(after: {}) {{ nodes {{ name }} }} }}",
        page["pageInfo"]["endCursor"]
    );
    let rest = &app.graphql(&next).await["data"]["labels"]["nodes"];
    assert_eq!(*rest, json!([{ "name": "Ours" }, { "name": "Second" }]));

    let removed = |reply: Value| reply["data"]["removeLabel"].clone();
    let done = json!({ "removed": true, "label": null });
    assert_eq!(removed(app.graphql(&remove(7)).await), done);
    let nothing = json!({ "removed": false, "label": null });
    assert_eq!(removed(app.graphql(&remove(7)).await), nothing);
    let stays = json!({
        "removed": false, "label": { "name": "Ours", "origin": "CONFIGURATION" },
    });
    assert_eq!(removed(app.graphql(&remove(5)).await), stays);
}

#[tokio::test]
async fn bad_arguments_about_labels_are_named() {
    let app = TestApp::empty().await;
    app.store.set_labels(declared(5, "Ours"));
    for (query, argument) in [
        (set(5, "Mine"), "address"),
        (set(7, " "), "name"),
        (set(7, &"a".repeat(101)), "name"),
        (
            "mutation { setLabel(address: \"7\", name: \"A\") { name } }".to_owned(),
            "address",
        ),
        (
            "mutation { removeLabel(address: \"7\") { removed } }".to_owned(),
            "address",
        ),
        (
            "{ labels(after: \"bjox\") { nodes { name } } }".to_owned(),
            "after",
        ),
        (
            "{ labels(first: 101) { nodes { name } } }".to_owned(),
            "first",
        ),
    ] {
        let error = app.graphql_error(&query).await;
        assert_eq!(
            error["extensions"]["code"], "BAD_USER_INPUT",
            "{query}: {error}"
        );
        assert_eq!(error["extensions"]["argument"], argument, "{query}");
    }
    let fits = set(7, &"a".repeat(100));
    assert!(app.graphql(&fits).await["errors"].is_null());
}

/// A user learns the names of addresses they see, and nothing of the list.
#[tokio::test]
async fn labels_are_listed_and_changed_by_operators_alone() {
    let app = TestApp::with_people("Ana").await;
    assert!(app.graphql(&set(9, "Bolsa")).await["errors"].is_null());
    let mut seen = Vec::new();
    for query in [
        LIST.to_owned(),
        "{ labels(first: 101) { nodes { name } } }".to_owned(),
        set(9, "Mine"),
        set(8, " "),
        remove(9),
        remove(8),
        "mutation { removeLabel(address: \"7\") { removed } }".to_owned(),
    ] {
        let reply = app.graphql_as(Some("ana"), &query).await;
        let error = &reply["errors"][0];
        assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{query}: {reply}");
        seen.push((error["message"].clone(), error["extensions"].clone()));
        let request = app.post("/graphql").header(USER_HEADER, "nobody");
        let request = request.json(&json!({ "query": query }));
        assert_eq!(request.send().await.unwrap().status(), 401, "{query}");
    }
    assert!(seen.iter().all(|told| *told == seen[0]), "{seen:?}");
    let kept = app.store.label_find(&sample::address(9)).await.unwrap();
    assert_eq!(kept.unwrap().label.name, "Bolsa", "nothing changed");
}
