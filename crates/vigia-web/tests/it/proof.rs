//! How far a transaction is proven, in GraphQL and on its page.

use serde_json::json;
use vigia_core::{Proof, ProofPart, Why};

use crate::app::TestApp;
use crate::sample;

async fn app_with(proof: Proof) -> TestApp {
    let app = TestApp::with_transfers().await;
    let mut commit = app.transfer_commit(3).await;
    commit.raw_transactions[0].proof = proof;
    app.apply(&commit).await;
    app
}

async fn told(app: &TestApp) -> serde_json::Value {
    let query = format!(
        "{{ rawTransaction(digest: \"{}\") {{ proof {{ state epoch unproven {{ part why }} text }} }} }}",
        sample::digest(3)
    );
    app.graphql(&query).await["data"]["rawTransaction"]["proof"].clone()
}

#[tokio::test]
async fn what_is_proven_says_by_whom() {
    let app = app_with(Proof::whole(246)).await;
    assert_eq!(
        told(&app).await,
        json!({
            "state": "WHOLE", "epoch": 246, "unproven": [],
            "text": "proven by epoch 246's committee",
        })
    );
    let path = format!("/tx/{}", sample::digest(3));
    let page = app.page(&(path.clone() + "?lang=es")).await;
    assert!(page.contains("data-proof=\"whole\""), "{page}");
    assert!(
        page.contains("Firmada por los validadores de la época 246"),
        "{page}"
    );
    let page = app.page(&(path + "?lang=pt")).await;
    assert!(
        page.contains("Assinada pelos validadores da época 246"),
        "{page}"
    );
}

#[tokio::test]
async fn what_is_not_proven_says_why() {
    let partly = Proof::whole(9).without(
        ProofPart::Amounts,
        Why::new("object 0x2 at 7 <b> is missing"),
    );
    let app = app_with(partly).await;
    let proof = told(&app).await;
    assert_eq!(
        (&proof["state"], &proof["epoch"]),
        (&json!("PARTIAL"), &json!(9))
    );
    assert_eq!(
        proof["unproven"][0],
        json!({"part": "amounts", "why": "object 0x2 at 7 <b> is missing"})
    );
    let page = app
        .page(&format!("/tx/{}?lang=en", sample::digest(3)))
        .await;
    assert!(page.contains("data-proof=\"partial\""), "{page}");
    assert!(
        page.contains("title=\"object 0x2 at 7 &lt;b&gt; is missing\""),
        "{page}"
    );

    let app = app_with(Proof::unasked()).await;
    let proof = told(&app).await;
    assert_eq!(
        (&proof["state"], &proof["epoch"]),
        (&json!("CLAIMED"), &json!(null))
    );
    assert_eq!(
        proof["unproven"][0],
        json!({"part": "all", "why": "trust = \"provider\""})
    );
    let page = app
        .page(&format!("/tx/{}?lang=en", sample::digest(3)))
        .await;
    assert!(page.contains("Not proven: the provider says so"), "{page}");
}
