//! `/addresses`: what is watched for whom, and adding one by a signature or, for operators, by name.

use reqwest::Response;
use serde_json::{Value, json};
use vigia_core::{Locale, UserRole};
use vigia_store::{SignInStore as _, UserSpec};
use vigia_web::password_hash;

use super::{Wallet, app};
use crate::app::TestApp;
use crate::sample;
use crate::sign_in::{PASSWORD, cookie, sign_in};

/// Somebody who is signed in by a password.
async fn signed_in(app: &TestApp, name: &str, role: UserRole) -> String {
    let spec = UserSpec {
        external_id: name.to_owned(),
        display_name: name.to_owned(),
        locale: Locale::En,
    };
    let hash = password_hash(PASSWORD).unwrap();
    let set = app.store.login_set(&spec, role, Some(&hash));
    set.await.unwrap();
    cookie(&sign_in(app, name, PASSWORD, "/").await, false)
}

async fn page(app: &TestApp, cookie: &str) -> String {
    let request = app.get("/addresses?lang=en").header("cookie", cookie);
    request.send().await.unwrap().text().await.unwrap()
}

/// What the script of the page sends.
async fn post(app: &TestApp, cookie: &str, path: &str, body: Value) -> Response {
    let origin = format!("http://{}", app.address);
    let request = app.post(&format!("/addresses/wallet{path}"));
    let request = request.header("cookie", cookie).header("origin", origin);
    request.json(&body).send().await.unwrap()
}

async fn asked(app: &TestApp, cookie: &str, account: &str, wallet: &Wallet) -> (String, String) {
    let body = json!({ "account": account, "address": wallet.address().to_string() });
    let reply = post(app, cookie, "/challenge", body).await;
    assert_eq!(reply.status(), 200);
    let reply: Value = reply.json().await.unwrap();
    let text = |name: &str| reply[name].as_str().unwrap().to_owned();
    (text("message"), text("nonce"))
}

fn proof(account: &str, wallet: &Wallet, nonce: &str, signature: &str) -> Value {
    json!({
        "account": account, "address": wallet.address().to_string(), "nonce": nonce,
        "signature": signature,
    })
}

#[tokio::test]
async fn a_wallet_adds_its_address_on_the_page() {
    let app = app().await;
    let ana = signed_in(&app, "ana", UserRole::User).await;
    let wallet = Wallet::new(5);
    let address = wallet.address().to_string();
    let before = page(&app, &ana).await;
    for part in [
        &*sample::address(crate::app::ANA).to_string(),
        "data-account=\"ana\"",
        "data-account=\"both\"",
        "data-account=\"shop\"",
        "data-history=\"none\"",
        "Only since it is watched",
        "data-path=\"/addresses/wallet\"",
        "<option value=\"both\">",
        &format!("href=\"/?address={}\"", sample::address(crate::app::ANA)),
    ] {
        assert!(before.contains(part), "{part} is not in {before}");
    }
    assert!(
        !before.contains("<option value=\"shop\">"),
        "a business is nobody's own"
    );
    assert!(!before.contains("data-account=\"beto\""), "{before}");
    assert!(
        !before.contains("name=\"address\""),
        "who is no operator names none"
    );

    let (message, nonce) = asked(&app, &ana, "ana", &wallet).await;
    assert!(message.contains("The account \"ana\""), "{message}");
    let body = proof("ana", &wallet, &nonce, &wallet.sign(&message));
    let linked = post(&app, &ana, "", body.clone()).await;
    assert_eq!(linked.status(), 200);
    let linked: Value = linked.json().await.unwrap();
    assert_eq!(linked["location"], "/addresses?done=added");
    assert!(page(&app, &ana).await.contains(&address));
    let again = post(&app, &ana, "", body).await;
    assert_eq!(again.status(), 401, "once is all");
    let (message, nonce) = asked(&app, &ana, "ana", &wallet).await;
    let body = proof("ana", &wallet, &nonce, &wallet.sign(&message));
    let known: Value = post(&app, &ana, "", body).await.json().await.unwrap();
    assert_eq!(known["location"], "/addresses?done=known");
}

#[tokio::test]
async fn the_page_adds_nothing_that_is_anothers() {
    let app = app().await;
    let ana = signed_in(&app, "ana", UserRole::User).await;
    let (wallet, other, betos) = (Wallet::new(5), Wallet::new(6), Wallet::new(2));
    // Accounts that are not hers to link to, and what is no address.
    for account in ["beto", "shop", "nobody"] {
        let body = json!({ "account": account, "address": wallet.address().to_string() });
        let refused = post(&app, &ana, "/challenge", body).await;
        assert_eq!(refused.status(), 400, "{account}");
    }
    let body = json!({ "account": "ana", "address": "0xzz" });
    assert_eq!(post(&app, &ana, "/challenge", body).await.status(), 400);
    // What another key signed, and what was asked for another account.
    let (message, nonce) = asked(&app, &ana, "ana", &wallet).await;
    let body = proof("ana", &wallet, &nonce, &other.sign(&message));
    assert_eq!(post(&app, &ana, "", body).await.status(), 401);
    let (message, nonce) = asked(&app, &ana, "ana", &wallet).await;
    let body = proof("both", &wallet, &nonce, &wallet.sign(&message));
    assert_eq!(post(&app, &ana, "", body).await.status(), 401);
    // What another account holds stays with it, and whose it is is not told.
    let (message, nonce) = asked(&app, &ana, "ana", &betos).await;
    let body = proof("ana", &betos, &nonce, &betos.sign(&message));
    let taken = post(&app, &ana, "", body).await;
    assert_eq!(taken.status(), 409);
    assert!(!taken.text().await.unwrap().contains("beto"));
    // Nobody, and another site.
    let body = json!({ "account": "ana", "address": wallet.address().to_string() });
    let refused = app.post("/addresses/wallet/challenge").json(&body).send();
    assert_eq!(refused.await.unwrap().status(), 401);
    let request = app.post("/addresses/wallet/challenge").json(&body);
    let request = request
        .header("cookie", &ana)
        .header("origin", "http://evil.example");
    assert_eq!(request.send().await.unwrap().status(), 403);
    assert!(
        !page(&app, &ana)
            .await
            .contains(&wallet.address().to_string())
    );
}

#[tokio::test]
async fn operators_add_by_name() {
    let app = TestApp::with_people("Ana <b>").await;
    let address = sample::address(7).to_string();
    let (status, page) = app.seen(None, "/addresses").await;
    assert_eq!(status, 200);
    assert!(page.contains("name=\"address\""), "{page}");
    assert!(page.contains("Ana &lt;b&gt;"), "{page}");
    assert!(!page.contains("data-wallet"), "nobody signs in here");
    for (account, address, part) in [
        ("nobody", &*address, "There is no such account."),
        ("ana", "0xzz", "This is no address"),
        ("ana", &sample::address(2).to_string(), "beto"),
    ] {
        let pairs = [("account", account), ("address", address)];
        let refused = app.send(None, "/addresses?lang=en", &pairs).await;
        assert_eq!(refused.status(), 400);
        let page = refused.text().await.unwrap();
        assert!(page.contains(part), "{part} is not in {page}");
        assert!(
            page.contains(&format!("value=\"{address}\"")),
            "it stays: {page}"
        );
    }
    let pairs = [("account", " ana "), ("address", &*address)];
    for done in ["added", "known"] {
        let to = app.sent(None, "/addresses", &pairs).await;
        assert_eq!(to, format!("/addresses?done={done}"));
    }
    assert_eq!(
        app.store_actions().await,
        [" link-address", " link-address"]
    );
    let (_, page) = app.seen(Some("ana"), "/addresses?done=added").await;
    assert!(
        page.contains(&address) && page.contains("data-done=\"added\""),
        "{page}"
    );
    assert!(!page.contains("name=\"address\""), "{page}");
    for user in ["ana", "beto", "ana reads"] {
        let refused = app.send(Some(user), "/addresses", &pairs).await;
        assert_eq!(refused.status(), 404, "{user}");
    }
    assert_eq!(
        app.send(Some("reads"), "/addresses", &pairs).await.status(),
        403
    );
    assert_eq!(app.seen(None, "/addresses?after=x").await.0, 400);
}
