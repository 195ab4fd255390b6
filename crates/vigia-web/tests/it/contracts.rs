//! `/contracts`: what is declared and how busy it is, for operators.

use serde_json::json;
use vigia_core::{Address, PackageVersion};
use vigia_store::ContractStore as _;

use crate::app::TestApp;
use crate::sample;

#[tokio::test]
async fn contracts_are_shown_with_their_versions_and_events() {
    let app = TestApp::with_transfers().await;
    let version = |number, package: u8| {
        let mut bytes = [0; 32];
        bytes[31] = package;
        let mut original = [0; 32];
        original[31] = 2;
        PackageVersion {
            original: Address::new(original),
            version: number,
            package: Address::new(bytes),
        }
    };
    let versions = [version(1, 2), version(4, 9)];
    app.store.package_version_record(&versions).await.unwrap();
    let (status, page) = app.seen(None, "/contracts").await;
    assert_eq!(status, 200);
    for part in [
        "data-contract=\"pay\"",
        "data-contract=\"shop\"",
        "original, version 1",
        "no node has told its version",
        "data-event=\"pay::Noted\"",
        // Two of each transfer are declared, one is not.
        "data-count=\"undeclared\"><dt>Undeclared events, in 24 h</dt><dd>2</dd>",
        "is read, means nothing for an account",
        "pays invoices",
        "leaves coins in escrow",
        "Trade becomes",
        "cUSD",
        "6<span class=\"meta\">decimals</span>",
        "href=\"/failed\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let noted = page.split("data-event=\"pay::Noted\"").nth(1).unwrap();
    let number = noted.split("class=\"amount\">").nth(1).unwrap();
    assert!(number.starts_with("4<"), "{number}");
    let query = "{ contracts { undeclaredEvents isCut contracts { name packages { package original version } events { \
        name lastDay isReadable object objectState movement traits activities { kind direction } } } } }";
    let told = app.graphql(query).await["data"]["contracts"].clone();
    assert_eq!(
        (&told["undeclaredEvents"], &told["isCut"]),
        (&json!(2), &json!(false)),
        "{told}"
    );
    let names = told["contracts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contract| &contract["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["pay", "shop"]);
    let pay = &told["contracts"][0];
    assert_eq!(pay["packages"][0]["version"], 1, "{pay}");
    let noted = pay["events"].as_array().unwrap().iter();
    let noted: Vec<_> = noted
        .filter(|event| event["name"] == "pay::Noted")
        .collect();
    assert_eq!(noted[0]["lastDay"], 4, "{noted:?}");
    let made = told["contracts"][1]["events"].as_array().unwrap().iter();
    let made: Vec<_> = made.filter(|event| event["object"] == "trade").collect();
    assert!(!made.is_empty(), "{told}");
    // A day later none of them is new.
    app.clock.set(sample::GENESIS_MS + 25 * 60 * 60 * 1_000);
    let (_, page) = app.seen(None, "/contracts").await;
    assert!(page.contains("<dd>0</dd>"), "{page}");
    let noted = page.split("data-event=\"pay::Noted\"").nth(1).unwrap();
    let number = noted.split("class=\"amount\">").nth(1).unwrap();
    assert!(number.starts_with("0<"), "{number}");
}

#[tokio::test]
async fn they_are_the_operators_alone() {
    let app = TestApp::with_people("Ana").await;
    let unknown = app.seen(Some("ana"), "/nowhere").await;
    assert_eq!(app.seen(Some("ana"), "/contracts").await, unknown);
    assert_eq!(app.seen(Some("nobody"), "/contracts").await.0, 401);
    let refused = app.graphql_as(Some("ana"), "{ contracts { isCut } }").await;
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{refused}"
    );
    let (_, page) = app.seen(None, "/contracts?lang=pt").await;
    assert!(page.contains("Contratos"), "{page}");
}
