//! `/balances/{address}/{coin}`: a chart whose points are what had moved by then, and its table.

use serde_json::{Value, json};
use vigia_core::Clock as _;
use vigia_store::{BalanceObservation, BalanceStore as _, FOLD_EFFECTS_MAX, Observed};

use crate::app::{ANA, TestApp};
use crate::sample::{self, CUSD, GENESIS_MS};

const HOUR_MS: u64 = 60 * 60 * 1_000;
/// Checkpoints are a second apart.
const HOUR: u64 = 3_600;

fn path(n: u8) -> String {
    format!("/balances/{}/{CUSD}", sample::address(n))
}

/// Amounts that rows of the table say, and when, the newest first.
fn rows(page: &str) -> Vec<(u64, i128)> {
    let of = |row: &str, name: &str| {
        let begin = row.find(name).map(|at| at + name.len());
        let rest = &row[begin.unwrap_or_else(|| panic!("{name} is not in {row}"))..];
        rest[..rest.find('"').unwrap()].to_owned()
    };
    let rows = page.split("<tr data-step=\"").skip(1);
    let rows = rows.map(|row| {
        let at_ms = row[..row.find('"').unwrap()].parse().unwrap();
        (at_ms, of(row, "data-amount=\"").parse().unwrap())
    });
    rows.collect()
}

/// The same as GraphQL tells it.
async fn told(app: &TestApp, span: &str) -> Vec<(u64, i128)> {
    let word = match span {
        "7d" => "WEEK",
        "30d" => "MONTH",
        _ => "YEAR",
    };
    let query = format!(
        "{{ balanceHistory(address: \"{}\", coin: \"CUSD\", span: {word}) {{ coin {{ symbol }} amount \
         course {{ fromMs opening steps {{ atMs moved amount }} }} }} }}",
        sample::address(ANA)
    );
    let reply = app.graphql_as(Some("ana"), &query).await;
    let told = &reply["data"]["balanceHistory"];
    assert_eq!(told["coin"]["symbol"], "cUSD", "{reply}");
    let number = |value: &Value| value.as_str().unwrap().parse::<i128>().unwrap();
    let course = &told["course"];
    let mut amount = number(&course["opening"]);
    let mut rows = vec![(course["fromMs"].as_u64().unwrap(), amount)];
    for step in course["steps"].as_array().unwrap() {
        amount += number(&step["moved"]);
        assert_eq!(amount, number(&step["amount"]), "{course}");
        rows.push((step["atMs"].as_u64().unwrap(), amount));
    }
    assert_eq!(amount, number(&told["amount"]), "{told}");
    rows.reverse();
    rows
}

/// Ana paid 5 cUSD at each of these checkpoints, and had 100 cUSD before.
async fn app(checkpoints: &[u64]) -> TestApp {
    let app = TestApp::with_people("Ana").await;
    app.transfer(0).await;
    app.store.balance_enlist(9).await.unwrap();
    let observation = BalanceObservation {
        address: sample::address(ANA),
        from: 0,
        to: 0,
        held: vec![(CUSD.to_owned(), 100_000_000)],
        unproven: false,
    };
    let observed = app.store.balance_observe(&observation).await.unwrap();
    assert_eq!(observed, Observed::Baseline);
    let mut from = 1;
    for checkpoint in checkpoints {
        let mut commit = app.transfer_commit(*checkpoint).await;
        commit.ranges[0].from = from;
        app.apply(&commit).await;
        from = checkpoint + 1;
    }
    while app.store.balance_fold(FOLD_EFFECTS_MAX).await.unwrap() {}
    app
}

#[tokio::test]
async fn points_are_what_had_moved_by_then() {
    let checkpoints = [
        10,
        20,
        HOUR + 5,
        30 * HOUR,
        24 * 20 * HOUR,
        24 * 20 * HOUR + 1,
    ];
    let app = app(&checkpoints).await;
    app.clock.set(GENESIS_MS + 24 * 21 * HOUR_MS);
    let now_ms = app.clock.now_ms();
    for (span, days, step_ms) in [
        ("7d", 7, HOUR_MS),
        ("30d", 30, 6 * HOUR_MS),
        ("1y", 365, 24 * HOUR_MS),
    ] {
        let (status, page) = app
            .seen(Some("ana"), &format!("{}?span={span}", path(ANA)))
            .await;
        assert_eq!(status, 200);
        // Added up apart: the baseline, and each payment by its time.
        let after = |end_ms: u64| {
            let paid = checkpoints
                .iter()
                .filter(|at| GENESIS_MS + *at * 1_000 < end_ms);
            let first = if GENESIS_MS < end_ms { 0 } else { 5_000_000 };
            100_000_000 + first - 5_000_000 * i128::try_from(paid.count()).unwrap()
        };
        let from_ms = now_ms - days * 24 * HOUR_MS;
        let from_ms = from_ms - from_ms % step_ms;
        let mut steps: Vec<u64> = checkpoints
            .iter()
            .map(|at| GENESIS_MS + at * 1_000)
            .collect();
        steps.push(GENESIS_MS);
        steps.retain(|at_ms| *at_ms >= from_ms);
        for at_ms in &mut steps {
            *at_ms -= *at_ms % step_ms;
        }
        steps.sort_unstable();
        steps.dedup();
        let mut expected: Vec<(u64, i128)> = steps
            .into_iter()
            .rev()
            .map(|at_ms| (at_ms, after(at_ms + step_ms)))
            .collect();
        expected.push((from_ms, after(from_ms)));
        assert_eq!(rows(&page), expected, "{span}");
        assert_eq!(told(&app, span).await, expected, "{span}");
        assert!(page.contains("70.00 cUSD"), "what there is now: {page}");
        assert!(
            page.contains("<svg") && page.contains("class=\"line\""),
            "{page}"
        );
        assert!(page.contains("aria-current=\"page\""), "{page}");
        assert!(!page.contains("style="), "{page}");
    }
    let (_, page) = app
        .seen(Some("ana"), &format!("{}?span=30d", path(ANA)))
        .await;
    assert!(!page.contains("Known from"), "all of it is known: {page}");
    // What is not folded yet is there as what came just now.
    let mut commit = app.transfer_commit(24 * 20 * HOUR + 9).await;
    commit.ranges[0].from = 24 * 20 * HOUR + 2;
    app.apply(&commit).await;
    let (_, page) = app.seen(Some("ana"), &path(ANA)).await;
    assert_eq!(rows(&page)[0], (now_ms, 65_000_000), "{page}");
    assert!(page.contains("just now"), "{page}");
    let list = app.seen(Some("ana"), "/balances").await.1;
    assert!(list.contains(&format!("href=\"{}\"", path(ANA))), "{list}");
}

#[tokio::test]
async fn what_is_not_ones_own_or_no_balance_has_no_page() {
    let app = app(&[10]).await;
    let of_beto = app.seen(Some("beto"), &path(ANA)).await;
    let of_nobody = app.seen(Some("beto"), &path(9)).await;
    assert_eq!(
        (of_beto.0, &of_beto.1),
        (404, &of_nobody.1),
        "the same as none"
    );
    for other in [
        "/balances/0xzz/0x2::sui::SUI",
        &format!("/balances/{}/nothing", sample::address(ANA)),
    ] {
        assert_eq!(app.seen(Some("ana"), other).await.0, 404, "{other}");
    }
    assert_eq!(app.seen(None, &path(ANA)).await.0, 200);
    let ask = |address: &str, coin: &str| {
        format!(
            "{{ balanceHistory(address: \"{address}\", coin: \"{coin}\") {{ course {{ opening }} }} }}"
        )
    };
    let ana = sample::address(ANA).to_string();
    let of_beto = app.graphql_as(Some("beto"), &ask(&ana, "CUSD")).await;
    assert_eq!(of_beto["data"]["balanceHistory"], json!(null), "{of_beto}");
    for (address, coin) in [("0xzz", "CUSD"), (&*ana, "nothing")] {
        let refused = app.graphql_as(Some("ana"), &ask(address, coin)).await;
        let code = &refused["errors"][0]["extensions"]["code"];
        assert_eq!(code, "BAD_USER_INPUT", "{refused}");
    }
    let wrong = format!("{}?span=2d", path(ANA));
    assert_eq!(app.seen(Some("ana"), &wrong).await.0, 400);
    // Of Beto nothing is known, of a coin that Ana never had there is nothing.
    let waiting = app.seen(Some("beto"), &path(crate::app::BETO)).await.1;
    assert!(waiting.contains("There is no history yet"), "{waiting}");
    assert!(waiting.contains("Not known yet"), "{waiting}");
    let none = format!("/balances/{}/0x2::sui::SUI", sample::address(ANA));
    let none = app.seen(Some("ana"), &none).await.1;
    assert!(none.contains("Nothing moved in this period."), "{none}");
}
