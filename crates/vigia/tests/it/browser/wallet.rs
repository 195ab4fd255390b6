//! A wallet in a real browser: it registers itself as the Wallet Standard says, and its key signs here.

use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use sui_crypto::SuiSigner as _;
use sui_crypto::ed25519::Ed25519PrivateKey;
use sui_sdk_types::PersonalMessage;
use vigia_core::{AccountKind, Address, ChainId, Digest, Locale, Scope, WatchTarget};
use vigia_store::{
    AccountSpec, IngestStore as _, ReadStore as _, UserSpec, WatchEntry, WatchStore as _,
};

use super::operations::{PASSWORD, sign_in};
use super::{Driver, chromedriver};
use crate::app::App;
use crate::sign_in::run_with;

/// A wallet with one account, whose signatures are made outside of the browser: `toSign` is what it was given,
/// `signed` takes what became of it.
const WALLET: &str = r#"
    const [address, name] = arguments;
    const account = {
      address, publicKey: new Uint8Array(32), chains: ["sui:testnet"], features: ["sui:signPersonalMessage"],
    };
    const wallet = {
      version: "1.0.0", name, icon: "data:image/svg+xml;base64,", chains: ["sui:testnet"], accounts: [],
      features: {
        "standard:connect": { version: "1.0.0", connect: async () => ({ accounts: [account] }) },
        "sui:signPersonalMessage": {
          version: "1.1.0",
          signPersonalMessage: ({ message }) => new Promise((resolve, reject) => {
            window.toSign = new TextDecoder().decode(message);
            window.signed = (signature) => {
              window.toSign = undefined;
              return signature ? resolve({ bytes: "", signature }) : reject(new Error("declined"));
            };
          }),
        },
      },
    };
    const register = ({ register }) => register(wallet);
    window.dispatchEvent(new CustomEvent("wallet-standard:register-wallet", { detail: register }));
    window.addEventListener("wallet-standard:app-ready", (event) => register(event.detail));
"#;

const BUTTON: &str = "[data-wallet] [data-ask]";
const PROBLEM: &str = "[data-wallet] [role=alert]:not([hidden])";

struct Wallet<'b> {
    browser: &'b Client,
    key: Ed25519PrivateKey,
}

impl Wallet<'_> {
    async fn press(&self, button: &str) {
        let found = self.browser.wait().for_element(Locator::Css(button)).await;
        found
            .expect("a button")
            .click()
            .await
            .expect("it can be pressed");
    }

    /// What the page asked to be signed.
    async fn asked(&self) -> String {
        let script = "const done = arguments[0]; const look = () => window.toSign ? done(window.toSign) : \
                      setTimeout(look, 10); look();";
        let asked = self.browser.execute_async(script, Vec::new()).await;
        asked
            .expect("a message")
            .as_str()
            .expect("a text")
            .to_owned()
    }

    async fn answer(&self, signature: Value) {
        let answered = self
            .browser
            .execute("window.signed(arguments[0])", vec![signature]);
        answered.await.expect("an answer");
    }

    fn sign(&self, message: &str) -> Value {
        let message = PersonalMessage(message.as_bytes().into());
        let signed = self.key.sign_personal_message(&message);
        json!(signed.expect("a signature").to_base64())
    }

    async fn problem(&self) -> String {
        let shown = self.browser.wait().for_element(Locator::Css(PROBLEM)).await;
        shown.expect("a problem").text().await.expect("its words")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_signs_in() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::with_config("[web]\nsign_in = true\n");
    app.ok(&["migrate"]);
    let key = Ed25519PrivateKey::new([1; 32]);
    let address = key.public_key().derive_address();
    let store = app.store().await;
    store.live_begin(0).await.expect("a beginning");
    let chain = ChainId(Digest::new([5; 32]));
    store.chain_bind(chain).await.expect("a chain");
    let ana = UserSpec {
        external_id: "ana".to_owned(),
        display_name: "Ana".to_owned(),
        locale: Locale::Pt,
    };
    let entry = WatchEntry {
        target: WatchTarget::Address(address),
        account: Some(AccountSpec {
            external_id: "ana".to_owned(),
            kind: AccountKind::Personal,
            display_name: "Ana".to_owned(),
            members: vec![ana],
        }),
    };
    store.watch_add(&[entry]).await.expect("it is watched");
    store.close().await;
    let mut web = app.start(&["web", "--listen", "127.0.0.1:0", "--log", "error"]);
    let line = web.line_with("http://");
    let site = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    let page = format!("{site}sign-in?next=/balances&lang=en");
    browser.goto(&page).await.expect("the page");
    let wallet = Wallet {
        browser: &browser,
        key,
    };
    wallet.press(BUTTON).await;
    assert!(wallet.problem().await.contains("No Sui wallet"));
    let register = async |name: &str| {
        let arguments = vec![json!(address.to_string()), json!(name)];
        let registered = browser.execute(WALLET, arguments).await;
        registered.expect("it registers");
    };
    register("Test wallet").await;

    // A wallet that declines, and one that signs something else.
    wallet.press(BUTTON).await;
    wallet.asked().await;
    wallet.answer(Value::Null).await;
    assert!(wallet.problem().await.contains("could not be signed"));
    wallet.press(BUTTON).await;
    wallet.asked().await;
    wallet.answer(wallet.sign("something else")).await;
    let refused = wallet.problem();
    let mut words = refused.await;
    while !words.contains("gives no access") {
        words = wallet.problem().await;
    }

    // Of two wallets one is chosen.
    register("Another wallet").await;
    wallet.press(BUTTON).await;
    wallet.press(".wallets button:last-child").await;
    let message = wallet.asked().await;
    let host = site.trim_start_matches("http://").trim_end_matches('/');
    assert!(
        message.starts_with(&format!("{host} wants you to sign in")),
        "{message}"
    );
    wallet.answer(wallet.sign(&message)).await;
    let signed_in = browser.wait().for_element(Locator::Css(".signed-in span"));
    let name = signed_in.await.expect("a page").text().await;
    assert_eq!(name.expect("a name"), "Ana");
    let at = browser.current_url().await.expect("an address");
    assert_eq!(at.path(), "/balances");
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_adds_its_address() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::with_config("[web]\nsign_in = true\n");
    let held = Address::new([1; 32]).to_string();
    app.ok(&["watch", "add", &held, "--account", "ana", "--user", "ana"]);
    let created = run_with(&app, &["user", "create", "ana"], PASSWORD);
    assert!(created.status.success(), "{created:?}");
    let store = app.store().await;
    store.live_begin(0).await.expect("a beginning");
    let chain = ChainId(Digest::new([5; 32]));
    store.chain_bind(chain).await.expect("a chain");
    let key = Ed25519PrivateKey::new([2; 32]);
    let address = key.public_key().derive_address();
    let mut web = app.start(&["web", "--listen", "127.0.0.1:0", "--log", "error"]);
    let line = web.line_with("http://");
    let site = line.split_whitespace().last().expect("an address");

    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    sign_in(&browser, site, "ana").await;
    let page = format!("{site}addresses?lang=en");
    browser.goto(&page).await.expect("the page");
    let wallet = Wallet {
        browser: &browser,
        key,
    };
    let arguments = vec![json!(address.to_string()), json!("Test wallet")];
    let registered = browser.execute(WALLET, arguments).await;
    registered.expect("it registers");
    wallet.press(BUTTON).await;
    wallet.asked().await;
    wallet.answer(wallet.sign("something else")).await;
    assert!(wallet.problem().await.contains("does not count"));
    wallet.press(BUTTON).await;
    let message = wallet.asked().await;
    assert!(message.contains("to link your Sui account"), "{message}");
    assert!(message.contains("The account \"ana\""), "{message}");
    wallet.answer(wallet.sign(&message)).await;
    let row = format!("[data-done='added'] ~ section [data-address='{address}']");
    let added = browser.wait().for_element(Locator::Css(&row)).await;
    added.expect("the address is listed");
    let ana = store.user_find("ana").await.expect("users").expect("Ana");
    let scope = Scope::MemberOf(ana.id);
    let rows = store.address_page(&scope, 0, 9).await.expect("addresses");
    assert_eq!(rows[1].target, WatchTarget::Address(address));
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
    store.close().await;
}
