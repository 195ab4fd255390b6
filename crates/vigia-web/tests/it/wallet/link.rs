//! Having an address watched by showing that it is one's own.

use serde_json::{Value, json};
use vigia_core::{Locale, Scope, UserRole, WatchTarget};
use vigia_store::{ReadStore as _, SignInStore as _, TokenScope, UserSpec, WatchStore as _};

use super::{Wallet, app, asked};
use crate::app::TestApp;
use crate::sign_in::{ask, token};

/// A GraphQL reply for a user's token.
async fn reply(app: &TestApp, user: &str, scope: TokenScope, query: &str) -> Value {
    let secret = token(app, user, scope).await;
    let bearer = format!("Bearer {}", secret.expose());
    ask(app, Some(&bearer), query).await.1
}

async fn full(app: &TestApp, user: &str, query: &str) -> Value {
    reply(app, user, TokenScope::Full, query).await
}

fn challenge(account: &str, wallet: &Wallet) -> String {
    let address = wallet.address();
    format!(
        "mutation {{ createAddressChallenge(account: \"{account}\", address: \"{address}\") \
         {{ message nonce expiresAtMs }} }}"
    )
}

fn link(account: &str, wallet: &Wallet, proof: Option<(&str, &str)>) -> String {
    let address = wallet.address();
    let proof = proof.map_or(String::new(), |(nonce, signature)| {
        format!(", proof: {{ nonce: \"{nonce}\", signature: \"{signature}\" }}")
    });
    format!(
        "mutation {{ linkAddress(account: \"{account}\", address: \"{address}\"{proof}) \
         {{ address account liveFrom }} }}"
    )
}

/// What Ana is asked to sign for her account.
async fn to_sign(app: &TestApp, wallet: &Wallet) -> (String, String) {
    let asked = full(app, "ana", &challenge("ana", wallet)).await;
    let asked = &asked["data"]["createAddressChallenge"];
    let text = |name: &str| asked[name].as_str().expect("a challenge").to_owned();
    (text("message"), text("nonce"))
}

fn code(reply: &Value) -> &str {
    let code = reply["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or_default()
}

async fn is_watched(app: &TestApp, wallet: &Wallet) -> bool {
    let rows = app.store.address_page(&Scope::All, 0, 99).await.unwrap();
    let target = WatchTarget::Address(wallet.address());
    rows.iter().any(|row| row.target == target)
}

#[tokio::test]
async fn who_shows_that_an_address_is_theirs_may_watch_it() {
    let (app, wallet) = (app().await, Wallet::new(5));
    let (message, nonce) = to_sign(&app, &wallet).await;
    assert!(message.contains("to link your Sui account"), "{message}");
    assert!(message.contains("The account \"ana\""), "{message}");
    let signature = wallet.sign(&message);
    let linking = link("ana", &wallet, Some((&nonce, &signature)));
    let linked = full(&app, "ana", &linking).await;
    let linked = &linked["data"]["linkAddress"];
    assert_eq!(linked["account"], "ana", "{linked}");
    assert_eq!(linked["liveFrom"], 1, "{linked}");
    assert!(is_watched(&app, &wallet).await);
    // Once is all; and whose it is signs in from now on.
    assert_eq!(code(&full(&app, "ana", &linking).await), "FORBIDDEN");
    let (message, nonce) = asked(&app, wallet.address()).await;
    let entered = super::send(&app, &nonce, &wallet.sign(&message)).await;
    assert_eq!(entered.status(), 200);
}

#[tokio::test]
async fn nobody_watches_what_is_not_theirs() {
    let (app, wallet, other) = (app().await, Wallet::new(5), Wallet::new(6));
    // By naming it alone, not even with a token of an operator that may only read.
    for (user, scope) in [("ana", TokenScope::Full), ("ana", TokenScope::Read)] {
        let refused = reply(&app, user, scope, &link("ana", &wallet, None)).await;
        assert_eq!(code(&refused), "FORBIDDEN", "{refused}");
    }
    // For accounts that are another's, a business's, or nobody's, in the same words.
    let mut said = Vec::new();
    for account in ["beto", "shop", "nobody"] {
        let refused = full(&app, "ana", &challenge(account, &wallet)).await;
        assert_eq!(code(&refused), "BAD_USER_INPUT", "{refused}");
        let words = refused["errors"][0]["message"].as_str().unwrap();
        said.push(words.replace(account, "X"));
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");

    // With what another key signed, for another address or account, by another user, or to sign in.
    let sign = async |signer: &Wallet| {
        let (message, nonce) = to_sign(&app, &wallet).await;
        let signature = signer.sign(&message);
        (nonce, signature)
    };
    let (nonce, signature) = sign(&other).await;
    let by_other_key = link("ana", &wallet, Some((&nonce, &signature)));
    let (nonce, signature) = sign(&wallet).await;
    let for_other_address = link("ana", &other, Some((&nonce, &signature)));
    let (nonce, signature) = sign(&wallet).await;
    let for_other_account = link("both", &wallet, Some((&nonce, &signature)));
    let (nonce, signature) = sign(&wallet).await;
    let by_other_user = link("ana", &wallet, Some((&nonce, &signature)));
    let (message, nonce) = asked(&app, wallet.address()).await;
    let to_sign_in = link("ana", &wallet, Some((&nonce, &wallet.sign(&message))));
    for (user, query) in [
        ("ana", by_other_key),
        ("ana", for_other_address),
        ("ana", for_other_account),
        ("beto", by_other_user),
        ("ana", to_sign_in),
    ] {
        let refused = full(&app, user, &query).await;
        assert_eq!(code(&refused), "FORBIDDEN", "{query}: {refused}");
    }
    // Nor is what was signed to link good for signing in.
    let (nonce, signature) = sign(&wallet).await;
    super::refusal(&app, &nonce, &signature).await;
    assert!(!is_watched(&app, &wallet).await);
    assert!(!is_watched(&app, &other).await);
}

#[tokio::test]
async fn what_another_account_holds_stays_with_it() {
    let (app, betos) = (app().await, Wallet::new(2));
    let (message, nonce) = to_sign(&app, &betos).await;
    let signature = betos.sign(&message);
    let refused = full(
        &app,
        "ana",
        &link("ana", &betos, Some((&nonce, &signature))),
    )
    .await;
    assert_eq!(code(&refused), "BAD_USER_INPUT", "{refused}");
    assert!(!refused.to_string().contains("beto"), "{refused}");
}

#[tokio::test]
async fn operators_link_without_proof() {
    let (app, wallet) = (app().await, Wallet::new(5));
    let spec = UserSpec {
        external_id: "root".to_owned(),
        display_name: "root".to_owned(),
        locale: Locale::Es,
    };
    let set = app.store.login_set(&spec, UserRole::Operator, None);
    set.await.unwrap();
    let refused = full(&app, "root", &link("nobody", &wallet, None)).await;
    assert_eq!(code(&refused), "BAD_USER_INPUT", "{refused}");
    let reads = reply(&app, "root", TokenScope::Read, &link("ana", &wallet, None)).await;
    assert_eq!(code(&reads), "FORBIDDEN");
    let linked = full(&app, "root", &link("shop", &wallet, None)).await;
    assert_eq!(
        linked["data"]["linkAddress"]["account"],
        json!("shop"),
        "{linked}"
    );
    let again = full(&app, "root", &link("shop", &wallet, None)).await;
    assert_eq!(
        again["data"]["linkAddress"]["liveFrom"],
        Value::Null,
        "{again}"
    );
    let held = full(&app, "root", &link("ana", &wallet, None)).await;
    assert!(
        held.to_string().contains("shop"),
        "operators see whose: {held}"
    );
    assert!(app.store.user_find("ana").await.unwrap().is_some());
    let rows = app.store.address_page(&Scope::All, 0, 99).await.unwrap();
    let target = WatchTarget::Address(wallet.address());
    let row = rows.iter().find(|row| row.target == target).unwrap();
    assert_eq!(row.account.as_ref().unwrap().0, "shop");
}
