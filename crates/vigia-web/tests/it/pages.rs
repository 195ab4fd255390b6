//! Pages: what they show, in which language, and that names cannot become markup.

use serde_json::json;
use vigia_core::{MatchReason, ReasonKind, Suppressed};

use crate::app::TestApp;
use crate::sample;

#[tokio::test]
async fn feed_shows_who_and_how_much() {
    let app = TestApp::with_transfers().await;
    let page = app.page("/?lang=es").await;
    assert_eq!(page.matches("data-activity=").count(), 4);
    assert!(page.find("data-activity=\"4\"").unwrap() < page.find("data-activity=\"1\"").unwrap());
    for part in [
        "+5.00 cUSD",
        "\u{2212}5.00 cUSD",
        "Recibido",
        "Enviado",
        "<b>Ana</b>",
        "hace 1 min",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(page.contains("data-live-feed=\"/live?after=4\""));
    assert!(page.contains(&format!("href=\"/tx/{}\"", sample::digest(1))));
}

#[tokio::test]
async fn names_stay_text() {
    let hostile = "<script>alert(1)</script>\"'&";
    let app = TestApp::with_people(hostile).await;
    app.transfer(0).await;
    let digest = sample::digest(0);
    for path in [
        "/",
        "/balances",
        "/inbox",
        &format!("/tx/{digest}"),
        "/live?after=0",
    ] {
        let text = if path.starts_with("/live") {
            let stream = app.get(path).send().await.unwrap();
            crate::app::read_events(stream, 2).await[0].1.clone()
        } else {
            app.page(path).await
        };
        assert!(!text.contains("<script>alert"), "{path}");
        assert!(text.contains("&lt;script&gt;alert(1)"), "{path}: {text}");
    }
}

#[tokio::test]
async fn no_page_has_inline_script_or_style() {
    let app = TestApp::with_transfers().await;
    let digest = sample::digest(0);
    for path in [
        "/",
        "/balances",
        "/addresses",
        "/trades",
        "/invoices",
        "/inbox",
        "/ingestion",
        "/settings",
        "/endpoints",
        "/endpoints/new",
        "/actions",
        "/users",
        "/schedules",
        &format!("/tx/{digest}"),
    ] {
        let page = app.page(path).await;
        assert!(!page.contains("style="), "{path}");
        assert!(!page.contains("onclick"), "{path}");
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert!(page.contains("<script src=\"/assets/vigia.js"), "{path}");
    }
}

#[tokio::test]
async fn empty_pages_say_what_to_do() {
    let app = TestApp::empty().await;
    assert!(app.page("/?lang=en").await.contains("vigia watch add"));
    assert!(
        app.page("/inbox?lang=en")
            .await
            .contains("Nothing in your inbox")
    );
    let ingestion = app.page("/ingestion?lang=en").await;
    assert!(ingestion.contains("not yet"));
    assert!(ingestion.contains("No provider has been heard yet"));
}

#[tokio::test]
async fn feed_pages_go_back_to_the_first() {
    let app = TestApp::with_people("Ana").await;
    for checkpoint in 0..20 {
        app.transfer(checkpoint).await;
    }
    let first = app.page("/").await;
    assert_eq!(first.matches("data-activity=").count(), 30);
    let older = first
        .split("href=\"")
        .find(|part| part.starts_with("/?before="))
        .unwrap();
    let second = app.page(older.split('"').next().unwrap()).await;
    assert_eq!(second.matches("data-activity=").count(), 10);
    assert!(
        !second.contains("data-live-feed"),
        "only the newest page grows"
    );
    assert!(!second.contains("/?before="));
    assert_eq!(
        app.get("/?before=forged").send().await.unwrap().status(),
        400
    );
}

#[tokio::test]
async fn feed_of_an_address() {
    let app = TestApp::with_transfers().await;
    let page = app.page(&format!("/?address={}", sample::address(1))).await;
    assert_eq!(page.matches("data-activity=").count(), 2);
    assert_eq!(
        app.get("/?address=0xzz").send().await.unwrap().status(),
        400
    );
}

#[tokio::test]
async fn transaction_shows_everything() {
    let app = TestApp::with_transfers().await;
    let page = app
        .page(&format!("/tx/{}?lang=en", sample::digest(1)))
        .await;
    for part in [
        "Completed",
        "1/0",
        "pay::split_and_transfer",
        "0.00196432",
        "its balance changed",
        "c0ffee",
        "dHJhbnNhY3Rpb24=",
        "+5.00 cUSD",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    let unknown = app
        .get(&format!("/tx/{}", sample::digest(7)))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(app.get("/tx/0OIl").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn reasons_are_told_in_the_readers_language_once_a_target() {
    let app = TestApp::with_people("Ana").await;
    let mut commit = app.transfer_commit(0).await;
    let reasons = &mut commit.raw_transactions[0].reasons;
    reasons.push(MatchReason {
        kind: ReasonKind::GasPayer,
        ..reasons[0].clone()
    });
    app.apply(&commit).await;
    for (language, roles) in [
        ("es", "envió la transacción, pagó el gas"),
        ("en", "sent the transaction, paid for gas"),
        ("pt", "enviou a transação, pagou o gas"),
    ] {
        let path = format!("/tx/{}?lang={language}", sample::digest(0));
        let page = app.page(&path).await;
        let line = format!("<li><code>{}</code>: {roles}</li>", sample::address(1));
        assert_eq!(page.matches(&line).count(), 1, "{page}");
        assert!(!page.contains("gas_payer"), "{page}");
    }
}

#[tokio::test]
async fn events_show_their_fields_or_their_bytes() {
    let app = TestApp::with_transfers().await;
    let page = app
        .page(&format!("/tx/{}?lang=en", sample::digest(1)))
        .await;
    let events = page.split("<h2>Events</h2>").nth(1).unwrap();
    let [undeclared, declared, misfit]: [&str; 3] = {
        let items = events.split("</li>").take(3).collect::<Vec<_>>();
        items.try_into().unwrap()
    };
    assert!(undeclared.contains("<pre>c0ffee</pre>"), "{undeclared}");
    assert!(!undeclared.contains("class=\"problem\""), "{undeclared}");
    for part in [
        "<dt>text</dt><dd><code>&lt;b&gt;gracias&lt;/b&gt;</code></dd>",
        "<dt>amount</dt><dd><code>18446744073709551615</code></dd>",
        "<dt>tip</dt><dd><code>—</code></dd>",
    ] {
        assert!(declared.contains(part), "{part} is missing in {declared}");
    }
    assert!(!declared.contains("<pre>"), "{declared}");
    assert!(misfit.contains("<pre>badb</pre>"), "{misfit}");
    assert!(
        misfit.contains("The declared layout does not fit this event: the bytes end"),
        "{misfit}"
    );
}

#[tokio::test]
async fn broken_transactions_show_their_errors() {
    let app = TestApp::with_people("Ana").await;
    let mut commit = app.transfer_commit(0).await;
    let raw = &mut commit.raw_transactions[0];
    raw.failure = Some("MoveAbort <7>".to_owned());
    raw.processing_error = Some("no layout".to_owned());
    raw.events_bcs = Some(bytes::Bytes::from_static(&[0xff; 5]));
    app.apply(&commit).await;
    let page = app
        .page(&format!("/tx/{}?lang=en", sample::digest(0)))
        .await;
    assert!(page.contains("MoveAbort &lt;7&gt;"));
    assert!(page.contains("no layout"));
    assert!(page.contains("The evidence cannot be read."));
}

#[tokio::test]
async fn inbox_speaks_the_readers_language() {
    let app = TestApp::with_transfers().await;
    assert!(
        app.page("/inbox?lang=pt")
            .await
            .contains("[pt] SEND_RECEIVED 5,00 cUSD Ana")
    );
    let request = app
        .get("/inbox")
        .header("accept-language", "en-US,es;q=0.5");
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("[en] SEND_RECEIVED"));
    assert!(page.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn a_chosen_language_is_remembered() {
    let app = TestApp::empty().await;
    let response = app.get("/?lang=pt").send().await.unwrap();
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        cookie.starts_with("lang=pt;") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let again = app
        .get("/")
        .header("cookie", "lang=pt")
        .send()
        .await
        .unwrap();
    assert!(again.text().await.unwrap().contains("<html lang=\"pt\">"));
    let none = app.get("/?lang=xx").send().await.unwrap();
    assert!(!none.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn ingestion_tells_how_it_goes() {
    use vigia_store::{IngestStore, ProviderReport};
    let app = TestApp::with_transfers().await;
    let report = ProviderReport {
        url: "http://node.example".to_owned(),
        tip: Some(1_234),
        error: Some("stream <reset>".to_owned()),
        at_ms: sample::GENESIS_MS,
    };
    app.store.provider_report(&report).await.unwrap();
    let page = app.page("/ingestion?lang=en").await;
    assert!(page.contains("data-lag>1,233"), "{page}");
    assert!(page.contains("stream &lt;reset&gt;"));
    assert!(page.contains("data-refresh"));
}

#[tokio::test]
async fn search_leads_on() {
    let app = TestApp::empty().await;
    let leads = async |q: &str| {
        let response = app.get(&format!("/search?q={q}")).send().await.unwrap();
        let to = response.headers().get("location");
        (
            response.status().as_u16(),
            to.map(|to| to.to_str().unwrap().to_owned()),
        )
    };
    let digest = sample::digest(3).to_string();
    assert_eq!(leads(&digest).await, (303, Some(format!("/tx/{digest}"))));
    let (status, to) = leads("+0x2+").await;
    assert_eq!(
        (status, to.unwrap().len()),
        (303, "/?address=0x".len() + 64)
    );
    assert_eq!(leads("what").await, (200, None));
    assert_eq!(leads("").await, (200, None));
    assert_eq!(leads("a%00b").await, (400, None));
}

#[tokio::test]
async fn dead_ends_are_pages() {
    let app = TestApp::empty().await;
    let response = app.get("/nowhere?lang=en").send().await.unwrap();
    assert_eq!(response.status(), 404);
    let page = response.text().await.unwrap();
    assert!(page.contains("There is no such page") && page.contains("href=\"/\""));
    assert_eq!(
        app.get("/assets/nothing.css")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    assert!(app.page("/assets/vigia.svg").await.contains("<svg"));
}

#[tokio::test]
async fn who_is_told_nothing_is_told_why() {
    let app = TestApp::with_people("Ana").await;
    for (checkpoint, why) in [(0, Suppressed::UnknownCoin), (1, Suppressed::Dust)] {
        let mut commit = app.transfer_commit(checkpoint).await;
        commit.activities[1].suppressed = Some(why);
        commit.activities[1].notify = None;
        app.apply(&commit).await;
    }
    for (language, unknown, dust) in [
        (
            "es",
            "Sin aviso: moneda desconocida",
            "Sin aviso: monto ínfimo",
        ),
        (
            "en",
            "Not announced: unknown coin",
            "Not announced: tiny amount",
        ),
        (
            "pt",
            "Sem aviso: moeda desconhecida",
            "Sem aviso: valor ínfimo",
        ),
    ] {
        let page = app.page(&format!("/?lang={language}")).await;
        assert!(page.contains(unknown) && page.contains(dust), "{page}");
        assert_eq!(page.matches("data-suppressed=").count(), 2, "{page}");
        let path = format!("/tx/{}?lang={language}", sample::digest(0));
        let page = app.page(&path).await;
        assert!(page.contains(unknown) && !page.contains(dust), "{page}");
    }
    let reply = app
        .graphql("{ activities { nodes { suppressed direction } } }")
        .await;
    let nodes = &reply["data"]["activities"]["nodes"];
    let expected = json!([
        { "suppressed": "DUST", "direction": "IN" }, { "suppressed": null, "direction": "OUT" },
        { "suppressed": "UNKNOWN_COIN", "direction": "IN" }, { "suppressed": null, "direction": "OUT" },
    ]);
    assert_eq!(*nodes, expected);
    let told = app.graphql("{ notifications { nodes { kind } } }").await;
    assert_eq!(
        told["data"]["notifications"]["nodes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn amounts_are_written_as_the_language_does() {
    let app = TestApp::with_people("Ana").await;
    let mut commit = app.transfer_commit(0).await;
    commit.activities[1].amount = Some(1_234_567_500_000);
    app.apply(&commit).await;
    for (language, amount, gas) in [
        ("es", "+1,234,567.50 cUSD", "0.00196432 SUI"),
        ("en", "+1,234,567.50 cUSD", "0.00196432 SUI"),
        ("pt", "+1.234.567,50 cUSD", "0,00196432 SUI"),
    ] {
        let page = app.page(&format!("/?lang={language}")).await;
        assert!(page.contains(amount), "{page}");
        let page = app
            .page(&format!("/tx/{}?lang={language}", sample::digest(0)))
            .await;
        assert!(page.contains(amount) && page.contains(gas), "{page}");
        let inbox = app.page(&format!("/inbox?lang={language}")).await;
        assert!(inbox.contains(&amount[1..]), "{inbox}");
    }
    let query =
        "{ activities(first: 1) { nodes { amount es: amountText pt: amountText(locale: PT) } } }";
    let reply = app.graphql(query).await;
    let expected = json!([{
        "amount": "1234567500000", "es": "1,234,567.50 cUSD", "pt": "1.234.567,50 cUSD",
    }]);
    assert_eq!(reply["data"]["activities"]["nodes"], expected);
}
