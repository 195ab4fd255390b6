//! What can be followed beside activities and notifications: balances, trades, the state of the system.

use serde_json::json;

use crate::app::{ANA, BETO, TestApp};
use crate::sample;
use crate::socket::Socket;

#[tokio::test]
async fn balances_are_told_as_they_change() {
    let app = TestApp::with_people("Ana").await;
    let query =
        "subscription { balanceChanged(after: \"0\") { cursor balance { address account } } }";
    let (mut ana, mut all) = (
        Socket::open(&app, Some("ana")).await,
        Socket::open(&app, None).await,
    );
    ana.subscribe("a", query).await;
    all.subscribe("b", query).await;
    app.transfer(0).await;
    let told = ana.next_data("a").await["balanceChanged"].clone();
    let expected = sample::address(ANA).to_string();
    assert_eq!(
        told["balance"],
        json!({ "address": expected, "account": "ana" })
    );
    let mut accounts = Vec::new();
    for _ in 0..2 {
        let told = all.next_data("b").await["balanceChanged"].clone();
        accounts.push(told["balance"]["account"].as_str().unwrap().to_owned());
    }
    accounts.sort_unstable();
    assert_eq!(accounts, ["ana", "beto"], "operators are told of both");

    // From a cursor on nothing is missed.
    app.transfer(1).await;
    app.transfer(2).await;
    let after = told["cursor"].as_str().unwrap();
    let query = format!(
        "subscription {{ balanceChanged(after: \"{after}\") {{ cursor balance {{ account }} }} }}"
    );
    let mut again = Socket::open(&app, Some("ana")).await;
    again.subscribe("a", &query).await;
    for _ in 0..2 {
        let told = again.next_data("a").await["balanceChanged"].clone();
        assert_eq!(told["balance"]["account"], "ana");
    }
}

#[tokio::test]
async fn trades_are_told_as_something_happens() {
    let app = TestApp::with_people("Ana").await;
    app.offer(0, "first", ANA).await;
    app.offer(1, "of beto", BETO).await;
    app.offer(2, "second", ANA).await;
    let query = "subscription { tradeUpdated(after: \"0\") { cursor trade { contract object businessId state } } }";
    let mut ana = Socket::open(&app, Some("ana")).await;
    ana.subscribe("a", query).await;
    for id in ["first", "second"] {
        let told = ana.next_data("a").await["tradeUpdated"]["trade"].clone();
        assert_eq!(told["businessId"], id, "{told}");
        assert_eq!(
            (&told["contract"], &told["object"]),
            (&json!("shop"), &json!("trade"))
        );
    }
    app.offer(3, "third", ANA).await;
    let told = ana.next_data("a").await["tradeUpdated"]["trade"].clone();
    assert_eq!(told["businessId"], "third");
}

#[tokio::test]
async fn the_state_is_told_now_and_when_it_is_another() {
    let app = TestApp::with_people("Ana").await;
    let mut socket = Socket::open(&app, None).await;
    let query = "subscription { statusChanged { watermark activities } }";
    socket.subscribe("a", query).await;
    let now = socket.next_data("a").await["statusChanged"].clone();
    assert_eq!(now["activities"], 0);
    app.transfer(0).await;
    let later = socket.next_data("a").await["statusChanged"].clone();
    assert_eq!(later["activities"], 2, "{now} {later}");
    // What is counted over all accounts is for operators.
    let mut ana = Socket::open(&app, Some("ana")).await;
    ana.subscribe("a", query).await;
    let told = ana.next_data("a").await["statusChanged"].clone();
    assert_eq!(told["activities"], serde_json::Value::Null);
}
