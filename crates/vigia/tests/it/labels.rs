//! `vigia labels`: kept in the database, under those of the configuration.

use serde_json::{Value, json};

use crate::app::{App, text};

const SEVEN: &str = "0x0000000000000000000000000000000000000000000000000000000000000007";
const EIGHT: &str = "0x0000000000000000000000000000000000000000000000000000000000000008";

fn listed(app: &App) -> Vec<Value> {
    let lines = app.ok(&["labels", "list", "--json"]);
    let parsed = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

fn label(address: &str, name: &str, kind: &str, origin: &str) -> Value {
    json!({ "address": address, "name": name, "kind": kind, "origin": origin })
}

/// Runs a command that has to be refused as bad input.
fn refused(app: &App, arguments: &[&str]) -> String {
    let output = app.run(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    text(&output.stderr)
}

#[test]
fn labels_are_set_listed_and_removed() {
    let app = App::new();
    let bad = refused(&app, &["labels", "set", "0x7", "A", "--kind", "bank"]);
    assert!(
        bad.contains("bank") && bad.contains("exchange, fee_collector"),
        "{bad}"
    );
    refused(&app, &["labels", "set", "seven", "A"]);
    refused(&app, &["labels", "set", "0x7", " "]);
    assert!(
        !app.data_dir().join("vigia.db").exists(),
        "nothing was begun"
    );

    app.ok(&["labels", "set", "0x8", "Depósito", "--kind", "escrow"]);
    app.ok(&["labels", "set", "0x7", "Binance"]);
    let shown = app.ok(&[
        "labels",
        "set",
        "0x7",
        "Binance 2",
        "--kind",
        "exchange",
        "--json",
    ]);
    let seven = label(SEVEN, "Binance 2", "exchange", "database");
    let eight = label(EIGHT, "Depósito", "escrow", "database");
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), seven);
    assert_eq!(listed(&app), [seven, eight.clone()]);
    assert!(app.ok(&["labels", "list"]).contains("Binance 2"));

    // The configuration wins, and is changed where it is.
    app.configure("[[labels]]\naddress = \"0x7\"\nname = \"Fees\"\nkind = \"fee_collector\"\n");
    let configured = label(SEVEN, "Fees", "fee_collector", "configuration");
    assert_eq!(listed(&app), [configured, eight.clone()]);
    let refusal = refused(&app, &["labels", "set", "0x7", "Mine"]);
    assert!(
        refusal.contains("\"Fees\"") && refusal.contains("[[labels]]"),
        "{refusal}"
    );
    assert!(app.ok(&["labels", "remove", "0x7"]).contains("Fees"));
    let refusal = refused(&app, &["labels", "remove", "0x7"]);
    assert!(refusal.contains("remove it there"), "{refusal}");
    app.configure("");
    assert_eq!(listed(&app), [eight]);
    let removed = app.ok(&["labels", "remove", "0x8", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&removed).unwrap()["name"],
        Value::Null
    );
    assert!(
        app.ok(&["labels", "list"])
            .contains("no address has a label")
    );
    assert!(refused(&app, &["labels", "remove", "0x8"]).contains("has no label"));
}

#[test]
fn wrong_labels_are_named_by_their_line() {
    let app = App::with_config("[[labels]]\naddress = \"0x7\"\nname = \"A\"\nkind = \"bank\"\n");
    let refusal = refused(&app, &["config", "check"]);
    for word in ["vigia.toml, line 4", "labels.kind", "bank", "escrow"] {
        assert!(refusal.contains(word), "{word:?} is not in {refusal}");
    }
}
