//! What people are shown of names, amounts and receipts that nobody is told of, in each language, on a phone
//! and on a desk.

use fantoccini::{Client, Locator};
use vigia_core::{
    Activity, Address, CoinInfo, Commit, Direction, NotificationKind, Slot, Status, Suppressed,
};
use vigia_store::{IngestStore, SqlStore};

use super::{Driver, chromedriver};
use crate::app::App;
use crate::jobs::{Nothing, raw};

const NOW_MS: u64 = 1_700_000_000_000;
/// The longest name a label can have.
pub(super) const LONG: &str = "Exchange of the Plurinational Federation of Cooperatives and Mutual Aid Societies of Latin America 1";

pub(super) fn coin_type(name: &str) -> String {
    format!("0x{:064x}::{}::{name}", 7, name.to_lowercase())
}

/// That the account received something from an address.
fn received(
    commit: &mut Commit,
    account: vigia_core::AccountId,
    (coin, amount): (&str, i128),
    from: u8,
) {
    let coin_type = coin_type(coin);
    commit.activities.push(Activity {
        place: commit.raw_transactions[0].place,
        account,
        slot: Slot::Coin(coin_type.clone()),
        kind: "transfer".to_owned(),
        direction: Direction::In,
        status: Status::Completed,
        address: Some(Address::new([1; 32])),
        coin_type: Some(coin_type),
        amount: Some(amount),
        counterparty: Some(Address::new([from; 32])),
        contract: None,
        business_id: None,
        details: serde_json::json!({}),
        notify: Some(NotificationKind::new("SEND_FROM_EXTERNAL")),
        suppressed: None,
    });
}

/// A deposit from an address with a label, a scam, and dust.
pub(crate) async fn fill(store: &SqlStore) {
    store.live_begin(0).await.expect("a beginning");
    let cusd = CoinInfo {
        coin_type: coin_type("CUSD"),
        decimals: Some(6),
        symbol: "cUSD".to_owned(),
        name: "Confío Dollar".to_owned(),
        icon_url: None,
    };
    store.coin_upsert(&[cusd]).await.expect("a coin");
    let address = Address::new([1; 32]);
    let book = store.address_book(&[address], &[]).await.expect("a book");
    let account = book.account_at(&address, 0).expect("it is watched");
    let kept = [
        (("CUSD", 1_234_567_500_000), 9, None),
        (
            ("SCAM", i128::from(u64::MAX)),
            8,
            Some(Suppressed::UnknownCoin),
        ),
        (("CUSD", 1), 8, Some(Suppressed::Dust)),
        (("CUSD", i128::MAX), 9, None),
    ];
    for (checkpoint, (money, from, suppressed)) in (0..).zip(kept) {
        let mut commit = raw(checkpoint, NOW_MS);
        received(&mut commit, account, money, from);
        let activity = &mut commit.activities[0];
        activity.suppressed = suppressed;
        activity.notify = activity.notify.take().filter(|_| suppressed.is_none());
        let applied = store.commit_apply(&commit, &Nothing).await;
        applied.expect("it is kept");
    }
}

/// The text of a page, which has to fit the window's width.
pub(super) async fn shown(browser: &Client, page: &str, width: u32) -> String {
    browser.goto(page).await.expect("the page");
    let script = "return [window.innerWidth, document.documentElement.scrollWidth]";
    let widths = browser.execute(script, Vec::new()).await.expect("a script");
    assert_eq!(widths[0], width, "{page}");
    assert!(
        widths[1].as_u64() <= widths[0].as_u64(),
        "{page} is too wide: {widths}"
    );
    let body = browser.find(Locator::Css("main")).await.expect("a page");
    body.text().await.expect("its text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_amounts_and_silence_fit_every_screen() {
    let Some(program) = chromedriver() else {
        return;
    };
    let nine = Address::new([9; 32]);
    let app = App::with_config(&format!(
        "[[labels]]\naddress = \"{nine}\"\nname = \"{LONG}\"\nkind = \"exchange\"\n"
    ));
    app.ok(&["watch", "add", &Address::new([1; 32]).to_string()]);
    let store = app.store().await;
    fill(&store).await;
    store.close().await;
    let mut web = app.start(&["web", "--listen", "127.0.0.1:0", "--log", "error"]);
    let line = web.line_with("http://");
    let address = line.split_whitespace().last().expect("an address");
    let transaction = format!("tx/{}", raw(1, NOW_MS).raw_transactions[0].digest);

    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    for width in [360, 1280] {
        let sized = browser.set_window_size(width, 800).await;
        sized.expect("a window of this size");
        for (language, amount, units, silence, inbox) in [
            (
                "es",
                "1,234,567.50 cUSD",
                "18,446,744,073,709,551,615 unidades mínimas de SCAM",
                "Sin aviso: monto ínfimo",
                "Recibiste 1,234,567.50 cUSD de ",
            ),
            (
                "en",
                "1,234,567.50 cUSD",
                "18,446,744,073,709,551,615 minor units of SCAM",
                "Not announced: tiny amount",
                "You received 1,234,567.50 cUSD from ",
            ),
            (
                "pt",
                "1.234.567,50 cUSD",
                "18.446.744.073.709.551.615 unidades mínimas de SCAM",
                "Sem aviso: valor ínfimo",
                "Você recebeu 1.234.567,50 cUSD de ",
            ),
        ] {
            let page = |path: &str| format!("{address}{path}?lang={language}");
            let feed = shown(&browser, &page(""), width).await;
            for part in [amount, units, silence, LONG, "0x080808…080808"] {
                assert!(feed.contains(part), "{part:?} is not in {feed}");
            }
            let told = shown(&browser, &page("inbox"), width).await;
            assert!(told.contains(&format!("{inbox}{LONG}")), "{told}");
            assert!(!told.contains("SCAM"), "{told}");
            let one = shown(&browser, &page(&transaction), width).await;
            assert!(one.contains(units), "{one}");
            for path in ["balances", "ingestion"] {
                shown(&browser, &page(path), width).await;
            }
        }
    }
    browser.close().await.expect("the browser closes");
    drop(driver);
    web.stop();
}
