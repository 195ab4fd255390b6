//! `/invoices/{id}` and `/trades/…`: one invoice with what asks to pay it, one trade with what happened to it.

use serde_json::json;
use vigia_core::Permissions;
use vigia_store::{ApplicationChange, ApplicationStore as _};

use crate::app::{ANA, BETO, TestApp};
use crate::deals::{create, created};
use crate::sample::{self, CUSD, GENESIS_MS, shop};

/// What a reader of QR codes makes of the picture on a page.
fn scanned(page: &str) -> String {
    let begin = page
        .find("<svg class=\"qr\"")
        .unwrap_or_else(|| panic!("no code: {page}"));
    let picture = &page[begin..];
    let after = |text: &str| &picture[picture.find(text).unwrap() + text.len()..];
    let size = after("viewBox=\"0 0 ");
    let size: usize = size[..size.find(' ').unwrap()].parse().unwrap();
    let dark = after("<path d=\"");
    let dark = &dark[..dark.find('"').unwrap()];
    let mut is_dark = vec![vec![false; size]; size];
    for module in dark.split_terminator('z') {
        let place = module.strip_prefix('M').unwrap();
        let (column, row) = place
            .strip_suffix("h1v1h-1")
            .unwrap()
            .split_once(' ')
            .unwrap();
        is_dark[row.parse::<usize>().unwrap()][column.parse::<usize>().unwrap()] = true;
    }
    // As a camera would see it: eight dots for each module.
    const DOTS: usize = 8;
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(size * DOTS, size * DOTS, |x, y| {
            if is_dark[y / DOTS][x / DOTS] { 0 } else { 255 }
        });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

async fn invoice(app: &TestApp, arguments: &str) -> String {
    let reply = app.graphql_as(Some("ana"), &create(arguments)).await;
    format!("/invoices/{}", created(&reply)["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_invoice_asks_to_be_paid_and_says_how_far_it_is() {
    let app = TestApp::with_people("Ana").await;
    let path = invoice(
        &app,
        "amount: \"5000000\", businessId: \"order 7/ñ&x\", note: \"<i>pan</i>\", dueAtMs: 9",
    )
    .await;
    let (status, page) = app.seen(Some("ana"), &path).await;
    assert_eq!(status, 200);
    let address = sample::address(ANA);
    let text = format!(
        "sui:{address}?amount=5000000&coinType={}&nonce=order+7%2F%C3%B1%26x",
        CUSD.replace(':', "%3A")
    );
    assert_eq!(scanned(&page), text);
    for part in [
        &*text.replace('&', "&amp;"),
        "&lt;i&gt;pan&lt;/i&gt;",
        "5.00 cUSD",
        "data-state=\"open\"",
        "past its deadline",
        "Nothing was paid yet.",
        "order 7/ñ&amp;x",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    app.pay(0, "order 7/ñ&x", 2_000_000).await;
    let fields = json!({
        "order": "order 7/ñ&x", "by": sample::address(ANA).to_string(),
        "to": sample::address(BETO).to_string(), "amount": "9",
    });
    let elsewhere = shop(1, "payment", "order 7/ñ&x", "Paid", fields);
    app.apply_shop(&elsewhere).await;
    let page = app.seen(Some("ana"), &path).await.1;
    for part in [
        "data-state=\"underpaid\"",
        "2.00 cUSD",
        &format!("href=\"/tx/{}\"", sample::digest(0)),
        &format!(
            "data-payment=\"{}\" data-counts=\"true\"",
            sample::digest(0)
        ),
        &format!(
            "data-payment=\"{}\" data-counts=\"false\"",
            sample::digest(1)
        ),
        "it does not count",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    app.pay(2, "order 7/ñ&x", 3_000_000).await;
    let page = app.seen(Some("ana"), &path).await.1;
    assert!(page.contains("data-state=\"paid\""), "{page}");
    assert!(
        !page.contains("<svg") && !page.contains("value=\"cancel\""),
        "nothing is wanted: {page}"
    );
    let list = app.seen(Some("ana"), "/invoices").await.1;
    assert!(list.contains(&format!("href=\"{path}\"")), "{list}");
}

#[tokio::test]
async fn who_may_cancel_has_a_button_that_does() {
    let app = TestApp::with_people("Ana").await;
    let path = invoice(&app, "amount: \"5\"").await;
    let member = ApplicationChange::Member {
        account: "ana".to_owned(),
        user: "beto".to_owned(),
        permissions: Permissions::new(["read"]).unwrap(),
    };
    let cancel = [("action", "cancel")];
    let of_beto = app.seen(Some("beto"), &path).await;
    let of_nobody = app.seen(Some("beto"), "/invoices/999").await;
    assert_eq!((of_beto.0, &of_beto.1), (404, &of_nobody.1));
    assert_eq!(app.send(Some("beto"), &path, &cancel).await.status(), 404);
    app.store.application_apply(&[member]).await.unwrap();
    for user in ["beto", "ana reads"] {
        let (status, page) = app.seen(Some(user), &path).await;
        assert_eq!(status, 200);
        assert!(!page.contains("value=\"cancel\""), "{user}: {page}");
    }
    assert_eq!(app.send(Some("beto"), &path, &cancel).await.status(), 404);
    assert_eq!(
        app.send(Some("ana reads"), &path, &cancel).await.status(),
        403
    );
    assert_eq!(app.send(Some("ana"), &path, &[]).await.status(), 400);
    let (_, page) = app.seen(Some("ana"), &path).await;
    assert!(page.contains("value=\"cancel\""), "{page}");
    for _ in 0..2 {
        assert_eq!(app.sent(Some("ana"), &path, &cancel).await, path);
        let (_, page) = app.seen(Some("ana"), &path).await;
        assert!(page.contains("data-state=\"cancelled\""), "{page}");
        assert!(!page.contains("<svg class=\"qr\""), "{page}");
    }
    assert_eq!(app.seen(None, "/invoices/x").await.0, 404);
    // An operator's is written down.
    let path = invoice(&app, "amount: \"6\"").await;
    app.sent(None, &path, &cancel).await;
    assert_eq!(app.store_actions().await, [" cancel-invoice"]);
}

#[tokio::test]
async fn a_trade_says_what_happened_to_it() {
    let app = TestApp::with_people("Ana").await;
    app.offer(0, "o/1 ?<b>", ANA).await;
    let path = "/trades/shop/trade/o%2F1%20%3F%3Cb%3E";
    let (status, page) = app.seen(Some("ana"), path).await;
    assert_eq!(status, 200);
    for part in [
        "<h1>Trade</h1>",
        "o/1 ?&lt;b&gt;",
        "data-state=\"created\"",
        "past its deadline",
        "7.00 cUSD",
        "Held in escrow",
        &format!("href=\"/tx/{}\"", sample::digest(0)),
        "data-event=\"shop::Offered\" data-after=\"created\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let mut withdrawn = shop(
        1,
        "trade",
        "o/1 ?<b>",
        "Withdrawn",
        json!({
            "offer": "o/1 ?<b>", "$sender": sample::address(ANA).to_string(),
        }),
    );
    withdrawn.business_events.push(vigia_core::BusinessEvent {
        event_index: 1,
        name: "shop::Gone".to_owned(),
        ..withdrawn.business_events[0].clone()
    });
    app.apply_shop(&withdrawn).await;
    let (_, page) = app.seen(Some("ana"), path).await;
    for part in [
        "data-event=\"shop::Withdrawn\" data-before=\"created\" data-after=\"cancelled\"",
        "data-event=\"shop::Gone\" data-before=\"cancelled\"",
        "not declared any more",
        "Sent by",
        "created → <b>cancelled</b>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(
        !page.contains("Held in escrow") && !page.contains("past its deadline"),
        "{page}"
    );
    let first = page.find("shop::Offered").unwrap();
    assert!(
        first < page.find("shop::Withdrawn").unwrap(),
        "in the order of the chain"
    );
    let list = app.seen(Some("ana"), "/trades").await.1;
    assert!(list.contains(&format!("href=\"{path}\"")), "{list}");
    // Another's is as none.
    let of_beto = app.seen(Some("beto"), path).await;
    let of_nobody = app.seen(Some("beto"), "/trades/shop/trade/none").await;
    assert_eq!((of_beto.0, &of_beto.1), (404, &of_nobody.1));
    assert_eq!(app.seen(Some("ana"), "/trades/shop/trade/%00").await.0, 404);
}

#[tokio::test]
async fn a_transaction_leads_to_what_its_events_are_of() {
    let app = TestApp::with_people("Ana").await;
    let until = GENESIS_MS + 60_000;
    let fields = json!({
        "offer": "o-1", "by": sample::address(ANA).to_string(), "amount": "7000000",
        "until": until.to_string(),
    });
    let mut offered = shop(0, "trade", "o-1", "Offered", fields);
    let event = |offer: &str| vigia_core::Event {
        package_id: "0x3".parse().unwrap(),
        module: "shop".parse().unwrap(),
        sender: sample::address(ANA),
        type_: "0x3::shop::Offered".parse().unwrap(),
        contents: bcs::to_bytes(&(offer, sample::address(ANA), 7_000_000_u64, until)).unwrap(),
    };
    // Of one that is not stored nothing is there to lead to.
    let events = bcs::to_bytes(&vec![event("o-1"), event("another")]).unwrap();
    offered.raw_transactions[0].events_bcs = Some(events.into());
    app.apply_shop(&offered).await;
    let path = format!("/tx/{}", sample::digest(0));
    let (status, page) = app.seen(Some("ana"), &path).await;
    assert_eq!(status, 200);
    assert!(page.contains("href=\"/trades/shop/trade/o-1\""), "{page}");
    assert!(!page.contains("/trades/shop/trade/another"), "{page}");
}
