//! Signing in with a wallet, and linking its address: what counts, and that nothing else does.

mod link;
mod page;

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::Digest as _;
use sui_crypto::SuiSigner as _;
use sui_crypto::ed25519::Ed25519PrivateKey;
use sui_sdk_types::PersonalMessage;
use vigia_core::{
    AccountKind, Address, ChainId, Clock as _, Digest, EpochInfo, Locale, WatchTarget,
};
use vigia_store::{
    AccountSpec, ChallengePurpose, EpochStore as _, IngestStore as _, SignInStore as _, UserSpec,
    WalletChallenge, WalletStore as _, WatchEntry, WatchStore as _,
};
use vigia_web::{Secret, SignIn, SignedMessage, WalletError, WalletVerifier, Wallets, WebConfig};

use crate::app::TestApp;
use crate::sign_in::settings;

const LIFETIME_MS: u64 = 5 * 60 * 1_000;
const EPOCH: u64 = 7;

/// Sui's rules without zkLogin; a signature that says so stands for one of it.
struct Verifier;

#[async_trait]
impl WalletVerifier for Verifier {
    async fn verify(&self, signed: SignedMessage) -> Result<(), WalletError> {
        assert_eq!(signed.epoch, Some(EPOCH));
        if signed.signature == "zkLogin" {
            let why = "zkLogin is not set up here";
            return Err(WalletError::Unavailable(why.to_owned()));
        }
        let message = signed.message.as_bytes();
        vigia_sui::verify_personal_message(message, &signed.signature, &signed.address, None)
            .map_err(|error| WalletError::Wrong(error.to_string()))
    }
}

/// A wallet with one key.
struct Wallet(Ed25519PrivateKey);

impl Wallet {
    fn new(n: u8) -> Self {
        Self(Ed25519PrivateKey::new([n; 32]))
    }

    fn address(&self) -> Address {
        self.0.public_key().derive_address()
    }

    fn sign(&self, message: &str) -> String {
        let message = PersonalMessage(message.as_bytes().into());
        self.0.sign_personal_message(&message).unwrap().to_base64()
    }
}

fn entry(wallet: u8, account: &str, kind: AccountKind, members: &[&str]) -> WatchEntry {
    let members = members.iter().map(|name| UserSpec {
        external_id: (*name).to_owned(),
        display_name: String::new(),
        locale: Locale::Es,
    });
    WatchEntry {
        target: WatchTarget::Address(Wallet::new(wallet).address()),
        account: Some(AccountSpec {
            external_id: account.to_owned(),
            kind,
            display_name: String::new(),
            members: members.collect(),
        }),
    }
}

fn chain() -> ChainId {
    ChainId(Digest::new([5; 32]))
}

/// Ana and Beto with a transfer between them. Ana's account has the address of wallet 1 too, Beto's that of 2, one
/// that both read that of 3, and a business of Ana's that of 4; 5's is nobody's.
async fn app_with(configure: impl FnOnce(&mut WebConfig)) -> TestApp {
    let app = TestApp::with_authenticator(configure, |store, clock| {
        let wallets = Wallets::new(store.clone(), Arc::new(Verifier), clock.clone());
        Arc::new(SignIn::new(store, clock, settings(false)).with_wallets(wallets))
    })
    .await;
    app.register("Ana").await;
    app.transfer(0).await;
    app.store.chain_bind(chain()).await.unwrap();
    let epoch = EpochInfo {
        epoch: EPOCH,
        start_ms: None,
        end_ms: None,
        first_checkpoint: None,
        last_checkpoint: None,
        reference_gas_price: None,
        protocol_version: None,
        committee_members: None,
    };
    app.store.epoch_record(&[epoch]).await.unwrap();
    let (personal, business) = (AccountKind::Personal, AccountKind::Business);
    let entries = [
        entry(1, "ana", personal, &["ana"]),
        entry(2, "beto", personal, &["beto"]),
        entry(3, "both", personal, &["ana", "beto"]),
        entry(4, "shop", business, &["ana"]),
    ];
    let receipt = app.store.watch_add(&entries).await.unwrap();
    assert_eq!(receipt.refused, []);
    app
}

async fn app() -> TestApp {
    app_with(|_| {}).await
}

/// What a wallet of this address is asked to sign.
async fn asked(app: &TestApp, address: Address) -> (String, String) {
    let body = json!({ "address": address.to_string() });
    let asked = app.post("/sign-in/sui/challenge").json(&body).send().await;
    let asked = asked.unwrap();
    assert_eq!(asked.status(), 200);
    let asked: Value = asked.json().await.unwrap();
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    (text("message"), text("nonce"))
}

async fn send(app: &TestApp, nonce: &str, signature: &str) -> Response {
    let body = json!({ "nonce": nonce, "signature": signature, "next": "/inbox" });
    let origin = format!("http://{}", app.address);
    let request = app.post("/sign-in/sui").header("origin", origin);
    request.json(&body).send().await.unwrap()
}

/// The words of a refusal.
async fn refusal(app: &TestApp, nonce: &str, signature: &str) -> String {
    let refused = send(app, nonce, signature).await;
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().get("set-cookie").is_none());
    refused.text().await.unwrap()
}

#[tokio::test]
async fn a_wallet_signs_in_whose_it_is() {
    let (app, wallet) = (app().await, Wallet::new(1));
    let (message, nonce) = asked(&app, wallet.address()).await;
    let (here, address) = (app.address.to_string(), wallet.address().to_string());
    for part in [&here, &chain().to_string(), &nonce, &address] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let entered = send(&app, &nonce, &wallet.sign(&message)).await;
    assert_eq!(entered.status(), 200);
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    let to: Value = entered.json().await.unwrap();
    assert_eq!(to, json!({ "location": "/inbox" }));
    let session = cookie.split(';').next().unwrap();
    let feed = app.get("/").header("cookie", session).send().await.unwrap();
    let feed = feed.text().await.unwrap();
    assert_eq!(feed.matches("data-activity=").count(), 1, "{feed}");
    let sessions = app.store.session_list(None).await.unwrap();
    assert_eq!(sessions[0].user, "ana");
    // Once is all that a nonce is good for.
    refusal(&app, &nonce, &wallet.sign(&message)).await;
}

#[tokio::test]
async fn what_is_wrong_is_told_apart_by_nothing() {
    let app = app().await;
    let [ana, beto, both, shop, nobody] = [1, 2, 3, 4, 5].map(Wallet::new);
    let (message, nonce) = asked(&app, ana.address()).await;
    let wrong = refusal(&app, &nonce, &beto.sign(&message)).await;

    for wallet in [&both, &shop, &nobody] {
        let (message, nonce) = asked(&app, wallet.address()).await;
        let said = refusal(&app, &nonce, &wallet.sign(&message)).await;
        assert_eq!(said, wrong, "an address that is no one user's");
    }
    let (here, addresses) = (app.address.to_string(), [&ana, &beto].map(Wallet::address));
    let addresses = addresses.map(|address| address.to_string());
    for (from, to) in [
        (&*here, "evil.example"),
        (&addresses[0], &addresses[1]),
        ("sui (", "sui:mainnet ("),
        ("sign in", "sign out"),
        ("Nonce: ", "Nonce: x"),
    ] {
        let (message, nonce) = asked(&app, ana.address()).await;
        let changed = message.replace(from, to);
        assert_ne!(changed, message);
        let said = refusal(&app, &nonce, &ana.sign(&changed)).await;
        assert_eq!(said, wrong, "{from}");
    }
    let (_, other_nonce) = asked(&app, ana.address()).await;
    let (message, nonce) = asked(&app, ana.address()).await;
    let signature = ana.sign(&message);
    let cut = &signature[..signature.len() - 4];
    for (nonce, signature) in [
        (&*other_nonce, &*signature),
        ("nonce", &signature),
        ("", &signature),
        (&nonce, cut),
        // It was tried before.
        (&nonce, &signature),
    ] {
        assert_eq!(refusal(&app, nonce, signature).await, wrong);
    }
    let (message, nonce) = asked(&app, ana.address()).await;
    app.clock.set(app.clock.now_ms() + LIFETIME_MS);
    assert_eq!(refusal(&app, &nonce, &ana.sign(&message)).await, wrong);
    assert_eq!(app.store.session_list(None).await.unwrap(), []);
}

#[tokio::test]
async fn what_was_asked_elsewhere_is_not_signed_here() {
    let (app, wallet) = (app().await, Wallet::new(1));
    let (message, nonce) = asked(&app, wallet.address()).await;
    let hash = sha2::Sha256::digest(nonce.as_bytes()).into();
    let here = app.store.challenge_take(&hash).await.unwrap().unwrap();
    assert_eq!(here.purpose, ChallengePurpose::SignIn);
    for (domain, chain, is_taken) in [
        ("evil.example", &*here.chain, false),
        (&*here.domain, "sui:mainnet", false),
        (&*here.domain, &*here.chain, true),
    ] {
        let challenge = WalletChallenge {
            domain: domain.to_owned(),
            chain: chain.to_owned(),
            ..here.clone()
        };
        let secret = Secret::generate("").unwrap();
        let begun = app.store.challenge_begin(&secret.hash(), &challenge).await;
        assert!(begun.unwrap());
        let text = message
            .replace(&nonce, secret.expose())
            .replace(&here.domain, domain)
            .replace(&here.chain, chain);
        let sent = send(&app, secret.expose(), &wallet.sign(&text)).await;
        assert_eq!(sent.status() == 200, is_taken, "{domain} {chain}");
    }
}

#[tokio::test]
async fn bad_requests_and_what_cannot_be_say_so() {
    let (app, wallet) = (app().await, Wallet::new(1));
    let post = async |path: &str, body: Value| {
        let reply = app.post(path).json(&body).send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    let (status, said) = post("/sign-in/sui/challenge", json!({ "address": "0xzz" })).await;
    assert_eq!(status, 400);
    assert!(said.contains("address"), "{said}");
    assert_eq!(post("/sign-in/sui/challenge", json!({})).await.0, 422);
    assert_eq!(post("/sign-in/sui", json!({ "nonce": 1 })).await.0, 422);
    let huge = json!({ "nonce": "n", "signature": "x".repeat(70_000) });
    assert_eq!(post("/sign-in/sui", huge).await.0, 413);
    // A form of another site could send text.
    let text = app.post("/sign-in/sui").body("{}").send().await.unwrap();
    assert_eq!(text.status(), 415);
    let (_, nonce) = asked(&app, wallet.address()).await;
    let zklogin = json!({ "nonce": nonce, "signature": "zkLogin" });
    let (status, said) = post("/sign-in/sui", zklogin).await;
    assert_eq!(status, 503);
    assert!(said.contains("zkLogin is not set up here"), "{said}");

    let page = app.page("/sign-in?next=/inbox").await;
    assert!(page.contains("data-wallet=\"/inbox\""), "{page}");
    assert!(page.contains("/assets/wallet.js"), "{page}");
    app.page("/assets/wallet.js").await;
    let without = TestApp::with_sign_in(settings(false)).await;
    let page = without.page("/sign-in").await;
    assert!(!page.contains("data-wallet"), "{page}");
    let body = json!({ "address": "0x1" });
    let refused = without.post("/sign-in/sui/challenge").json(&body);
    assert_eq!(refused.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_site_without_a_name_takes_no_signature() {
    // All addresses of the machine are the name of none.
    let app = app_with(|config| config.listen = "0.0.0.0:0".parse().unwrap()).await;
    let body = json!({ "address": "0x1" });
    let reply = app.post("/sign-in/sui/challenge").json(&body).send().await;
    let reply = reply.unwrap();
    assert_eq!(reply.status(), 503);
    let said = reply.text().await.unwrap();
    assert!(said.contains("web.domain"), "{said}");
    let page = app.page("/sign-in").await;
    assert!(!page.contains("data-wallet"), "{page}");
    let named = app_with(|config| config.domain = Some("vigia.example".to_owned())).await;
    let (message, _) = asked(&named, Wallet::new(1).address()).await;
    assert!(message.starts_with("vigia.example wants you"), "{message}");
}
