//! Balances as people and programs read them, each their own.

use vigia_store::{BalanceObservation, BalanceStore as _, DIFFERS_AFTER, Observed};

use crate::app::{ANA, BETO, TestApp, USER_HEADER};
use crate::sample;

/// Ana has 1,234.50 cUSD, of Beto nothing is known yet.
async fn app() -> TestApp {
    let app = TestApp::with_transfers().await;
    app.store.balance_enlist(9).await.unwrap();
    assert_eq!(app.observe(1_234_500_000).await, Observed::Baseline);
    app
}

impl TestApp {
    async fn observe(&self, amount: i128) -> Observed {
        let observation = BalanceObservation {
            address: sample::address(ANA),
            from: 1,
            to: 1,
            held: vec![(sample::cusd().coin_type, amount)],
            unproven: false,
        };
        self.store.balance_observe(&observation).await.unwrap()
    }
}

#[tokio::test]
async fn what_there_is_is_shown_with_its_coin() {
    let app = app().await;
    let page = app.page("/balances?lang=en").await;
    assert!(page.contains("1,234.50 cUSD"), "{page}");
    assert!(page.contains("data-state=\"known\""));
    assert!(page.contains("data-state=\"waiting\""));
    assert!(page.contains("Not known yet: a node is being asked."));
    let query = "{ balances { nodes { account state baselineCheckpoint
        amounts { amount difference coin { symbol decimals } } } } }";
    let reply = app.graphql(query).await;
    let nodes = reply["data"]["balances"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2, "{reply}");
    assert_eq!(nodes[0]["amounts"][0]["amount"], "1234500000");
    assert_eq!(nodes[0]["amounts"][0]["coin"]["symbol"], "cUSD");
    assert_eq!(
        (&nodes[0]["baselineCheckpoint"], &nodes[0]["state"]),
        (&1.into(), &"KNOWN".into())
    );
    assert_eq!(nodes[1]["state"], "WAITING");
    assert!(nodes[1]["amounts"].as_array().unwrap().is_empty());
    for _ in 0..DIFFERS_AFTER {
        app.observe(1_234_500_007).await;
    }
    let page = app.page("/balances?lang=es").await;
    assert!(page.contains("data-state=\"differs\""), "{page}");
    assert!(
        page.contains("el nodo tiene de más: 0.000007 cUSD"),
        "{page}"
    );
    assert_eq!(
        app.get("/balances?after=x").send().await.unwrap().status(),
        400
    );
}

#[tokio::test]
async fn others_balances_are_not_told() {
    let app = app().await;
    let query = "{ balances { nodes { address account } } }";
    let (ana, beto) = (
        sample::address(ANA).to_string(),
        sample::address(BETO).to_string(),
    );
    for (user, own, other) in [("ana", &ana, &beto), ("beto", &beto, &ana)] {
        let reply = app.graphql_as(Some(user), query).await.to_string();
        assert!(
            reply.contains(own) && !reply.contains(other),
            "{user}: {reply}"
        );
        let page = app.get("/balances").header(USER_HEADER, user);
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(
            page.contains(own) && !page.contains(other),
            "{user}: {page}"
        );
        assert_eq!(page.contains("234.50"), user == "ana");
    }
}

#[tokio::test]
async fn a_list_without_addresses_says_what_to_do() {
    let app = TestApp::empty().await;
    let page = app.page("/balances?lang=pt").await;
    assert!(page.contains("Ainda não há endereços"), "{page}");
    assert!(page.contains("vigia watch add"));
}
