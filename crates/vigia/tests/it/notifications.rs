//! `vigia notifications` and `[texts]`: what people read, and files of one's own.

use serde_json::Value;

use crate::app::{App, text};

/// An application with texts of its own.
fn with_texts(files: &[(&str, &str)]) -> App {
    let app = App::with_config("[texts]\ndir = \"texts\"\n");
    std::fs::create_dir(app.path("texts")).unwrap();
    for (name, text) in files {
        std::fs::write(app.path("texts").join(name), text).unwrap();
    }
    app
}

/// Runs a command that has to be refused as bad input.
fn refused(app: &App, arguments: &[&str]) -> String {
    let output = app.run(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    message
}

fn json_lines(app: &App, arguments: &[&str]) -> Vec<Value> {
    let lines = app.ok(arguments);
    let parsed = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

#[test]
fn texts_are_previewed() {
    let app = App::new();
    let shown = app.ok(&[
        "notifications",
        "preview",
        "SEND_RECEIVED",
        "--locale",
        "es",
    ]);
    let expected = "es  title   Dinero recibido\n    \
                    text    Recibiste 5.00 cUSD de Ana\n    \
                    hidden  Recibiste dinero de Ana\n";
    assert_eq!(shown, expected);
    let all = json_lines(
        &app,
        &["notifications", "preview", "digest-received", "--json"],
    );
    let texts: Vec<&str> = all
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            "10 depósitos: 50.00 cUSD",
            "10 deposits: 50.00 cUSD",
            "10 depósitos: 50,00 cUSD"
        ]
    );
    let hidden = [
        "notifications",
        "preview",
        "DIGEST_RECEIVED",
        "--locale",
        "pt-BR",
    ];
    let hidden = [&hidden[..], &["--hide-amounts", "--json"]].concat();
    let hidden = &json_lines(&app, &hidden)[0];
    assert_eq!(hidden["text"], "Você recebeu 10 depósitos");
    assert_eq!(hidden["kind"], "DIGEST_RECEIVED");
    assert!(
        !app.data_dir().join("vigia.db").exists(),
        "needs no database"
    );
}

#[test]
fn kinds_are_listed_and_unknown_ones_named() {
    let app = App::new();
    let kinds = json_lines(&app, &["notifications", "kinds", "--json"]);
    let digest = kinds.iter().find(|kind| kind["kind"] == "DIGEST").unwrap();
    assert_eq!(
        digest["variables"],
        serde_json::json!(["count", "account", "has-account"])
    );
    let listed = app.ok(&["notifications", "kinds"]);
    assert!(
        listed.contains("SEND_RECEIVED") && listed.contains("$money"),
        "{listed}"
    );
    let message = refused(&app, &["notifications", "preview", "SEND_RECIEVED"]);
    assert!(message.contains("did you mean SEND_RECEIVED?"), "{message}");
    assert!(message.contains("Recibiste 5.00 cUSD de Ana"), "{message}");
    let message = refused(&app, &["notifications", "preview", "WHATEVER_ELSE_IT_IS"]);
    assert!(message.contains("vigia notifications kinds"), "{message}");
    let locale = ["notifications", "preview", "DIGEST", "--locale", "fr"];
    assert!(refused(&app, &locale).contains("es, en, pt"));
}

#[test]
fn texts_of_ones_own_are_used() {
    let app = with_texts(&[
        (
            "es.ftl",
            "send-received = ¡Llegaron { $money }!\ncoupon-won = Ganaste\n",
        ),
        ("en.ftl", "coupon-won = You won\n"),
        ("pt.ftl", "coupon-won = Você ganhou\n"),
    ]);
    let preview = |kind| app.ok(&["notifications", "preview", kind, "--locale", "es"]);
    assert!(preview("SEND_RECEIVED").contains("¡Llegaron 5.00 cUSD!"));
    assert!(preview("COUPON_WON").contains("Ganaste"));
    app.ok(&["config", "check"]);
    let doctor = text(&app.run(&["doctor"]).stdout);
    assert!(doctor.contains("ok       texts: "), "{doctor}");
}

#[test]
fn bad_texts_are_refused_at_the_start() {
    let app = with_texts(&[
        ("es.ftl", "send-received = Hola { $mony }\n"),
        ("en.ftl", "\ndigest = { $count\n"),
        ("fr.ftl", ""),
    ]);
    for command in [
        &["config", "check"][..],
        &["up", "--devnet"],
        &["web"],
        &["work", "--provider", "http://127.0.0.1:1"],
        &["notifications", "kinds"],
    ] {
        let message = refused(&app, command);
        for words in [
            "texts.dir",
            "3 problems",
            "fr.ftl",
            "es.ftl, line 1, send-received",
            "$money?",
            "en.ftl, line 2",
        ] {
            assert!(message.contains(words), "{words}: {message}");
        }
    }
    assert!(!app.data_dir().exists(), "nothing was begun");
    let doctor = text(&app.run(&["doctor"]).stdout);
    assert!(doctor.contains("PROBLEM  texts: "), "{doctor}");
    app.configure("[texts]\ndir = \"nowhere\"\n");
    assert!(refused(&app, &["config", "check"]).contains("nowhere"));
}
