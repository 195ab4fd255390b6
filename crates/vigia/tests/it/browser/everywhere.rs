//! Every page there is, in light and dark, on a phone and on a desk: without barriers that axe-core finds, and no wider than its
//! window. A page of the router that is not listed here fails the test.
//!
//! Short by default: light, and axe-core on the phone alone; `VIGIA_FULL=pages` (`cargo xtask test --full pages`) does all of it.
//!
//! `cargo xtask test` installs axe-core and says where with `VIGIA_AXE`. Pictures go to `target/screenshots`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use vigia_contracts::{CONFIO, ContractFile, Interpreter, PackageIds, Registry};
use vigia_core::{
    AccountId, Address, BalanceEffect, BusinessEvent, BusinessKey, Clock as _, Commit, Invoice,
    Scope, SystemClock,
};
use vigia_store::{
    BalanceObservation, BalanceStore as _, BusinessStore as _, DeliveryStore as _,
    FOLD_EFFECTS_MAX, IngestStore as _, InvoiceOutcome, InvoiceSpec, ReadStore as _, SqlStore,
};

use super::operations::{PASSWORD, press, sign_in};
use super::settings::prepare;
use super::told::{coin_type, fill, shown};
use super::{Driver, chromedriver};
use crate::app::App;
use crate::jobs::{Nothing, raw};
use crate::sign_in::run_with;

/// Who looks at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Ana,
    Root,
}
use Who::{Ana, Nobody, Root};

/// Each page: its route, whose it is, and a path by which it is looked at; what is in `<>` is filled in.
const PAGES: &[(&str, Who, &str)] = &[
    ("/", Ana, "/"),
    ("/tx/{digest}", Ana, "/tx/<digest>"),
    ("/balances", Ana, "/balances"),
    (
        "/balances/{address}/{coin}",
        Ana,
        "/balances/<address>/<coin>",
    ),
    ("/addresses", Ana, "/addresses"),
    ("/addresses", Root, "/addresses"),
    ("/trades", Ana, "/trades"),
    (
        "/trades/{contract}/{object}/{id}",
        Ana,
        "/trades/p2p_trade/trade/t-1",
    ),
    ("/invoices", Ana, "/invoices"),
    ("/invoices/{id}", Ana, "/invoices/<invoice>"),
    ("/inbox", Ana, "/inbox"),
    ("/ingestion", Root, "/ingestion"),
    ("/failed", Root, "/failed"),
    ("/deliveries", Root, "/deliveries"),
    ("/deliveries", Root, "/deliveries?of=pushes"),
    ("/endpoints", Ana, "/endpoints"),
    ("/endpoints/new", Ana, "/endpoints/new"),
    ("/endpoints/{name}", Ana, "/endpoints/<endpoint>"),
    ("/endpoints/{name}/edit", Ana, "/endpoints/<endpoint>/edit"),
    (
        "/endpoints/{name}/remove",
        Ana,
        "/endpoints/<endpoint>/remove",
    ),
    (
        "/endpoints/{name}/deliveries/{id}",
        Ana,
        "/endpoints/<endpoint>/deliveries/<delivery>",
    ),
    ("/actions", Root, "/actions"),
    ("/users", Root, "/users"),
    ("/users", Root, "/users?user=ana"),
    ("/schedules", Root, "/schedules"),
    ("/search", Ana, "/search?q=nothing-of-this-name"),
    ("/search", Root, "/search?q=ana"),
    ("/watch", Root, "/watch"),
    (
        "/watch/remove",
        Root,
        "/watch/remove?kind=address&target=0x77",
    ),
    ("/contracts", Root, "/contracts"),
    ("/broadcasts", Root, "/broadcasts"),
    ("/broadcasts/new", Root, "/broadcasts/new"),
    ("/settings", Ana, "/settings"),
    ("/sign-in", Nobody, "/sign-in"),
    // What is not there has a page too.
    ("", Ana, "/no-such-page"),
];

/// Routes of pages that are read, as the router has them.
fn routes() -> Vec<String> {
    let source = include_str!("../../../../vigia-web/src/router.rs");
    let routes = source.split(".route(").skip(1);
    let reads = routes.filter(|route| {
        let end = route.find("\n        .").unwrap_or(route.len());
        route[..end].contains("get(pages::")
    });
    let path = |route: &str| route.split('"').nth(1).expect("a path").to_owned();
    reads.map(path).collect()
}

#[test]
fn every_page_is_listed() {
    let routes = routes();
    assert!(routes.len() > 20, "{routes:?}");
    for route in &routes {
        let is_listed = PAGES.iter().any(|(known, ..)| known == route);
        assert!(is_listed, "list {route} in everywhere.rs");
    }
    for (known, ..) in PAGES.iter().filter(|(known, ..)| !known.is_empty()) {
        assert!(routes.iter().any(|route| route == known), "{known} is gone");
    }
}

/// Confío's contracts, some of them with a package.
const PACKAGES: &str =
    "[contracts.packages]\ncusd = \"0x7\"\np2p_trade = \"0x33\"\npay = \"0x44\"\n";

fn interpreter() -> Interpreter {
    let package = |id: &str| vec![id.parse::<Address>().expect("an address")];
    let packages: PackageIds = [("cusd", "0x7"), ("p2p_trade", "0x33"), ("pay", "0x44")]
        .map(|(name, id)| (name.to_owned(), package(id)))
        .into();
    let file = ContractFile::parse("confio.toml", CONFIO).expect("a contract file");
    let files = [("confio.toml".to_owned(), file)];
    Interpreter::new(Arc::new(
        Registry::new(&files, &packages).expect("a registry"),
    ))
}

/// A commit with one event of a business object.
fn of_object(
    checkpoint: u64,
    at_ms: u64,
    (contract, object, id): (&str, &str, &str),
    name: &str,
    fields: Value,
) -> Commit {
    let mut commit = raw(checkpoint, at_ms);
    commit.business_events.push(BusinessEvent {
        key: BusinessKey {
            contract: contract.to_owned(),
            object: object.to_owned(),
            id: id.to_owned(),
        },
        place: commit.raw_transactions[0].place,
        event_index: 0,
        name: name.to_owned(),
        fields,
    });
    commit
}

/// Something for each page to show, all of it Ana's.
async fn furnish(store: &SqlStore) -> BTreeMap<&'static str, String> {
    let ana = Address::new([1; 32]);
    let now_ms = SystemClock.now_ms();
    let ago = |hours: u64| now_ms - hours * 60 * 60 * 1_000;
    let mut poisonous = raw(4, ago(900));
    poisonous.raw_transactions[0].processing_error = Some("event 0 cannot be decoded".to_owned());
    store
        .commit_apply(&poisonous, &Nothing)
        .await
        .expect("kept");
    let (seller, buyer) = (ana.to_string(), Address::new([2; 32]).to_string());
    let trade = ("p2p_trade", "trade", "t-1");
    let paid = ("pay", "payment", "pedido-7");
    let commits = [
        of_object(
            5,
            ago(50),
            trade,
            "p2p_trade::TradeCreated",
            json!({
                "trade_id": "t-1", "seller": seller, "amount": "7000000", "token_type": "CUSD",
                "expires_at": ago(0).to_string(), "$sender": seller,
            }),
        ),
        of_object(
            6,
            ago(49),
            trade,
            "p2p_trade::TradeAccepted",
            json!({
                "trade_id": "t-1", "buyer": buyer, "$sender": buyer,
            }),
        ),
        of_object(
            7,
            ago(30),
            paid,
            "pay::PaymentMade",
            json!({
                "payer": buyer, "recipient": seller, "amount": "2000000", "fee_amount": "0",
                "net_amount": "2000000", "token_type": "CUSD", "payment_id": "pedido-7", "$sender": buyer,
            }),
        ),
    ];
    let folder = interpreter();
    for commit in &commits {
        store.commit_apply(commit, &folder).await.expect("applied");
    }
    store.balance_enlist(9).await.expect("enlisted");
    let observation = BalanceObservation {
        address: ana,
        from: 7,
        to: 7,
        held: vec![(coin_type("CUSD"), 500_000_000)],
        unproven: false,
    };
    store
        .balance_observe(&observation)
        .await
        .expect("a baseline");
    for (checkpoint, hours, amount) in [
        (8, 28, 12_345_678),
        (9, 20, -400_000_000),
        (10, 3, 1_000_000),
    ] {
        let mut commit = raw(checkpoint, ago(hours));
        commit.balance_effects.push(BalanceEffect {
            place: commit.raw_transactions[0].place,
            address: ana,
            coin_type: coin_type("CUSD"),
            amount,
        });
        store
            .commit_apply(&commit, &Nothing)
            .await
            .expect("applied");
    }
    while store.balance_fold(FOLD_EFFECTS_MAX).await.expect("folded") {}
    let spec = InvoiceSpec {
        account: "ana".to_owned(),
        invoice: Invoice {
            contract: "pay".to_owned(),
            object: "payment".to_owned(),
            business_id: "pedido-7".to_owned(),
            account: AccountId(0),
            address: ana,
            coin_type: coin_type("CUSD"),
            amount: 5_000_000,
            note: "Dos cafés y un pan de bono".to_owned(),
            due_at_ms: Some(ago(1)),
        },
    };
    let created = store.invoice_create(&Scope::All, &spec).await;
    let InvoiceOutcome::There(invoice) = created.expect("an invoice") else {
        panic!("it is not created");
    };
    let digest = commits[2].raw_transactions[0].digest;
    BTreeMap::from([
        ("digest", digest.to_string()),
        ("address", ana.to_string()),
        ("coin", coin_type("CUSD")),
        ("invoice", invoice.id.to_string()),
    ])
}

/// An endpoint of Ana's, made by its form.
async fn endpoint(browser: &Client, address: &str) {
    let page = format!("{address}endpoints/new");
    browser.goto(&page).await.expect("the page");
    for (field, text) in [("url", "https://example.com/hooks"), ("label", "Caja")] {
        let field = format!("input[name='{field}']");
        let field = browser.find(Locator::Css(&field)).await.expect("a field");
        field.send_keys(text).await.expect("it takes text");
    }
    press(browser, ".panel button.main").await;
    let made = browser
        .wait()
        .for_element(Locator::Css("[data-done='created']"));
    made.await.expect("it is made");
}

/// What axe-core finds serious or critical on the page that is shown.
async fn barriers(browser: &Client, axe: &str) -> Vec<String> {
    browser
        .execute(axe, Vec::new())
        .await
        .expect("axe-core is there");
    let script = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] })
          .then(({ violations }) => done(violations.map(({ id, impact, nodes }) =>
            ({ id, impact, nodes: nodes.map((node) => node.html + ' ' + node.failureSummary) }))))
          .catch((error) => done(String(error)));";
    let found = browser.execute_async(script, Vec::new()).await;
    let found = found.expect("a script");
    let violations = found
        .as_array()
        .unwrap_or_else(|| panic!("axe-core: {found}"));
    let serious = violations
        .iter()
        .filter(|violation| matches!(violation["impact"].as_str(), Some("serious" | "critical")));
    serious.map(ToString::to_string).collect()
}

/// Where pictures go.
fn pictures() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let folder = target.expect("a folder").join("screenshots");
    std::fs::create_dir_all(&folder).expect("it can be made");
    folder
}

/// The name of a page's picture.
fn picture_name(who: Who, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{who:?}-{}", words.join("-")).to_lowercase()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_without_barriers_and_fits() {
    let Some(program) = chromedriver() else {
        return;
    };
    let axe = std::env::var("VIGIA_AXE").ok();
    let axe = axe.map(|path| std::fs::read_to_string(path).expect("axe-core is installed"));
    if axe.is_none() {
        eprintln!("VIGIA_AXE is not set: pages are not tested with axe-core");
    }
    let app = App::new();
    app.ok(&["webhooks", "secret-key", "keys.key"]);
    app.configure(&format!(
        "[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n[delivery]\nsecret_key_files = [\"keys.key\"]\n{PACKAGES}"
    ));
    let address = Address::new([1; 32]).to_string();
    app.ok(&[
        "watch",
        "add",
        &address,
        "--account",
        "ana",
        "--user",
        "ana",
    ]);
    for create in [
        &["user", "create", "root", "--admin"][..],
        &["user", "create", "ana"],
    ] {
        let created = run_with(&app, create, PASSWORD);
        assert!(created.status.success(), "{created:?}");
    }
    let store = app.store().await;
    let ana = store.user_find("ana").await.expect("users").expect("Ana");
    prepare(&store, ana.id).await;
    let mut web = app.start(&["web", "--log", "error"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    sign_in(&browser, address, "ana").await;
    endpoint(&browser, address).await;
    browser.close().await.expect("the browser closes");
    fill(&store).await;
    let mut places = furnish(&store).await;
    while store.delivery_sequence().await.expect("deliveries").read > 0 {}
    let name = store.endpoint_list().await.expect("endpoints").remove(0);
    places.insert("endpoint", name.spec.name.clone());

    let mut found = Vec::new();
    let dark = ["--blink-settings=preferredColorScheme=0"];
    let looks = [("light", &[][..]), ("dark", &dark[..])];
    let is_full = std::env::var("VIGIA_FULL").as_deref() == Ok("pages");
    for (look, further) in looks.into_iter().take(if is_full { 2 } else { 1 }) {
        for who in [Nobody, Ana, Root] {
            let browser = driver.browser_with(json!({}), further).await;
            if who != Nobody {
                sign_in(&browser, address, &format!("{who:?}").to_lowercase()).await;
            }
            if who == Ana && !places.contains_key("delivery") {
                let id = first_delivery(&browser, address, &places["endpoint"]).await;
                places.insert("delivery", id);
            }
            let pages = PAGES.iter().filter(|(_, of, _)| *of == who);
            for (_, _, path) in pages {
                let mut page = path.trim_start_matches('/').to_owned();
                for (place, value) in &places {
                    page = page.replace(&format!("<{place}>"), value);
                }
                for (width, height) in [(360, 1_600), (1_280, 1_200)] {
                    let sized = browser.set_window_size(width, height).await;
                    sized.expect("a window of this size");
                    let text = shown(&browser, &format!("{address}{page}"), width).await;
                    let is_there =
                        !text.is_empty() && (path.starts_with("/no-") || !text.starts_with("404"));
                    assert!(is_there, "{path}: {text}");
                    // What only the width changes is the same in both looks.
                    let is_looked_at = width == 360 || (is_full && look == "light");
                    if let Some(axe) = axe.as_ref().filter(|_| is_looked_at) {
                        let barriers = barriers(&browser, axe).await;
                        found.extend(
                            barriers
                                .into_iter()
                                .map(|b| format!("{look} {width} {path}: {b}")),
                        );
                    }
                    let picture = browser.screenshot().await.expect("a picture");
                    let name = format!("{}-{width}-{look}.png", picture_name(who, path));
                    std::fs::write(pictures().join(name), picture).expect("the folder is there");
                }
            }
            browser.close().await.expect("the browser closes");
        }
    }
    drop(driver);
    web.stop();
    store.close().await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The id of a delivery that the page of an endpoint links to.
async fn first_delivery(browser: &Client, address: &str, endpoint: &str) -> String {
    let page = format!("{address}endpoints/{endpoint}");
    browser.goto(&page).await.expect("the page");
    let link = "a[href*='/deliveries/']";
    let link = browser.wait().for_element(Locator::Css(link)).await;
    let link = link.expect("a delivery").attr("href").await;
    let link = link.expect("an attribute").expect("a path");
    link.rsplit('/').next().expect("an id").to_owned()
}
