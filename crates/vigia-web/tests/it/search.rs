//! `/search`: what a text leads to, and that nobody is told of what others have.

use serde_json::json;
use vigia_core::{Label, LabelKind, Scope, UserRole};
use vigia_store::{
    BusinessStore as _, LabelStore as _, SignInStore as _, UserSpec, WatchStore as _,
};

use crate::app::{ANA, TestApp};
use crate::sample;

/// Where a text leads a user, or the groups of what is listed.
async fn found(app: &TestApp, user: Option<&str>, q: &str) -> Result<Vec<String>, String> {
    let q: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
    let path = format!("/search?q={q}");
    let (status, page) = app.seen(user, &path).await;
    match status {
        303 => Err(app.leads(user, &path).await),
        200 => {
            let parts = page.split("data-found=\"").skip(1);
            let words = parts.filter_map(|part| part.split('"').next());
            Ok(words.map(str::to_owned).collect())
        }
        other => panic!("{path}: {other}"),
    }
}

/// Ana has an invoice and a trade, which is offered and withdrawn, and both have an account.
async fn app() -> TestApp {
    let app = TestApp::with_transfers().await;
    app.offer(2, "offer of ana", ANA).await;
    let create = "mutation { createInvoice(account: \"ana\", address: \"ADDRESS\", coin: \"CUSD\", amount: \"7\", \
                  businessId: \"order-7\", note: \"café\") { id } }";
    let create = create.replace("ADDRESS", &sample::address(ANA).to_string());
    let reply = app.graphql(&create).await;
    assert_eq!(reply["data"]["createInvoice"]["id"], "1", "{reply}");
    app
}

fn led(path: &str) -> Result<Vec<String>, String> {
    Err(path.to_owned())
}

fn groups(words: &[&str]) -> Result<Vec<String>, String> {
    Ok(words.iter().map(|word| (*word).to_owned()).collect())
}

#[tokio::test]
async fn one_hit_leads_on_and_several_are_listed() {
    let app = app().await;
    let tx = |checkpoint| format!("/tx/{}", sample::digest(checkpoint));
    for user in [None, Some("ana")] {
        // A trade with one event is that transaction.
        assert_eq!(
            found(&app, user, " offer of ana ").await,
            led("/trades/shop/trade/offer%20of%20ana")
        );
        let invoice = found(&app, user, "order-7").await.unwrap_err();
        let page = app.seen(user, &invoice).await.1;
        assert!(page.contains("data-invoice=\"1\""), "{page}");
        // The checkpoint and the invoice of a number.
        assert_eq!(
            found(&app, user, "1").await,
            groups(&["transactions", "invoices"])
        );
        assert_eq!(found(&app, user, "2").await, led(&tx(2)));
        assert_eq!(found(&app, user, "77").await, groups(&[]));
        assert_eq!(found(&app, user, "18446744073709551615").await, groups(&[]));
        assert_eq!(found(&app, user, "9223372036854775807").await, groups(&[]));
    }
    let withdrawn = json!({ "offer": "offer of ana" });
    app.apply_shop(&sample::shop(
        3,
        "trade",
        "offer of ana",
        "Withdrawn",
        withdrawn,
    ))
    .await;
    let trade = "/trades/shop/trade/offer%20of%20ana";
    assert_eq!(found(&app, None, "offer of ana").await, led(trade));
    let (_, page) = app.seen(None, trade).await;
    for part in [tx(2), tx(3)] {
        assert!(page.contains(&part), "{part}: {page}");
    }
    // Accounts and users are found by how they begin.
    assert_eq!(
        found(&app, None, "an").await,
        groups(&["accounts", "users"])
    );
    assert_eq!(found(&app, Some("ana"), "an").await, led("/addresses"));
}

#[tokio::test]
async fn labels_are_found_by_name() {
    let app = TestApp::empty().await;
    let label = |n, name| Label::new(sample::address(n), name, LabelKind::Exchange).unwrap();
    app.store.label_set(&label(7, "Binance <b>")).await.unwrap();
    let to = format!("/?address={}", sample::address(7));
    for q in ["binance <b>", "@BINANCE", "binance.sui", "bin"] {
        assert_eq!(found(&app, None, q).await, led(&to), "{q}");
    }
    app.store.label_set(&label(8, "Binance 2")).await.unwrap();
    assert_eq!(found(&app, None, "@binance").await, groups(&["labels"]));
    let (_, page) = app.seen(None, "/search?q=binance").await;
    assert!(
        page.contains("Binance &lt;b&gt;") && page.contains("exchange"),
        "{page}"
    );
}

#[tokio::test]
async fn nobody_finds_what_others_have() {
    let app = app().await;
    let label = Label::new(sample::address(9), "Bolsa", LabelKind::Exchange).unwrap();
    app.store.label_set(&label).await.unwrap();
    let nothing = app.seen(Some("beto"), "/search?q=none").await.1;
    for q in ["offer of ana", "order-7", "ana", "2", "Bolsa"] {
        assert_eq!(found(&app, Some("beto"), q).await, groups(&[]), "{q}");
        let typed: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
        let page = app
            .seen(Some("beto"), &format!("/search?q={typed}"))
            .await
            .1;
        assert_eq!(page.replace(q, "none"), nothing.replace(q, "none"), "{q}");
    }
    // Of the transfer at checkpoint 1 both have their part, of the invoice with that number one alone.
    let tx = format!("/tx/{}", sample::digest(1));
    assert_eq!(found(&app, Some("beto"), "1").await, led(&tx));
    let (status, _) = app.seen(Some("nobody"), "/search?q=ana").await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_kind_has_a_page() {
    let app = TestApp::with_people("Ana").await;
    for n in 0..25 {
        let spec = UserSpec {
            external_id: format!("carla {n:02}"),
            display_name: String::new(),
            locale: vigia_core::Locale::Es,
        };
        let set = app.store.login_set(&spec, UserRole::User, None).await;
        set.unwrap();
        let entry = sample::entry(100 + n, &format!("carla {n:02}"), "C");
        app.store.watch_add(&[entry]).await.unwrap();
    }
    let (_, page) = app.seen(None, "/search?q=carla").await;
    assert_eq!(page.matches("data-user=").count(), 20, "{page}");
    assert_eq!(page.matches("data-account=").count(), 20);
    assert_eq!(page.matches("These are the first").count(), 2);
    assert!(page.contains("40 results"), "{page}");
}

/// What nothing can be called is refused, what nothing is called is not.
#[tokio::test]
async fn what_cannot_be_is_told() {
    let app = TestApp::empty().await;
    let long = "x".repeat(201);
    for q in [&*long, "%00", "a&q=b"] {
        assert_eq!(
            app.seen(None, &format!("/search?q={q}")).await.0,
            400,
            "{q}"
        );
    }
    for (user, lang, part) in [
        (None, "es", "Escribe lo que buscas"),
        (None, "pt", "nome de uma etiqueta"),
    ] {
        let (status, page) = app.seen(user, &format!("/search?lang={lang}")).await;
        assert_eq!(status, 200);
        assert!(page.contains(part), "{page}");
    }
    let (status, page) = app.seen(None, "/search?q=%3Cscript%3E").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("&lt;script&gt;") && !page.contains("<script>"),
        "{page}"
    );
    assert!(page.contains("Nothing has this text"), "{page}");
    let none = app.store.invoice_page(&Scope::All, None, 9).await.unwrap();
    assert_eq!(none, [], "reading changes nothing");
}
