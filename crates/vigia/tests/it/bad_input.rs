//! Wrong input: a message that says what, where and how to mend it, and exit status 2.

use std::process::Output;

use crate::app::{App, text};

/// Runs a command that has to be refused as bad input, and returns its message.
fn refused(app: &App, arguments: &[&str]) -> String {
    let output: Output = app.run(arguments);
    assert_eq!(
        output.status.code(),
        Some(2),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stderr)
}

fn assert_says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn addresses() {
    let app = App::new();
    assert_says(
        &refused(&app, &["watch", "add", "0x12g4"]),
        &["0x12g4", "'g'", "64"],
    );
    assert_says(&refused(&app, &["watch", "add", "12"]), &["\"12\"", "0x"]);
    assert_says(
        &refused(&app, &["watch", "add", "--contract", "0x2::a::b::c"]),
        &["0xPACKAGE"],
    );
    assert_says(
        &refused(&app, &["watch", "add", "--coin", "SUI"]),
        &["SUI", "::module::"],
    );
    assert!(
        !app.data_dir().join("vigia.db").exists(),
        "nothing was begun"
    );
}

#[test]
fn flags_and_providers() {
    let app = App::new();
    assert_says(&refused(&app, &["up"]), &["--provider", "--devnet"]);
    let wrong = ["up", "--provider", "fullnode.mainnet.sui.io:443"];
    assert_says(&refused(&app, &wrong), &["fullnode.mainnet.sui.io", "http"]);
    assert_says(
        &refused(&app, &["up", "--devnet", "--listen", "here"]),
        &["web.listen", "127.0.0.1"],
    );
    let from = ["up", "--provider", "http://127.0.0.1:1", "--from", "begin"];
    assert_says(&refused(&app, &from), &["poll.start", "begin", "tip"]);
    assert_says(
        &refused(
            &app,
            &["watch", "add", "0x1", "--kind", "cat", "--account", "a"],
        ),
        &["cat", "business"],
    );
    assert_says(&refused(&app, &["nonsense"]), &["nonsense"]);
}

#[test]
fn settings() {
    let app = App::with_config("[web]\nlisen = \"127.0.0.1:1\"\n");
    assert_says(
        &refused(&app, &["config", "check"]),
        &["vigia.toml, line 2", "web.lisen", "web.listen"],
    );
    let app = App::with_config("[contracts]\nfiles = [\"mine.toml\"]\n");
    assert_says(&refused(&app, &["config", "check"]), &["mine.toml"]);
    std::fs::write(app.path("mine.toml"), "[[contract]]\nname = 3\n").unwrap();
    assert_says(
        &refused(&app, &["config", "check"]),
        &["mine.toml", "line 2"],
    );
    let app = App::with_config("[contracts.packages]\npay = \"0xzz\"\n");
    assert_says(
        &refused(&app, &["config", "check"]),
        &["contracts.packages.pay", "0xzz"],
    );
}

#[test]
fn secrets_are_not_shown() {
    let app =
        App::with_config("[provider]\nurl = \"https://x.example\"\nx_token = \"hush-hush\"\n");
    let shown = app.ok(&["config", "show"]);
    assert!(
        shown.contains("(secret)") && !shown.contains("hush"),
        "{shown}"
    );
}

#[test]
fn files() {
    let app = App::new();
    assert_says(
        &refused(&app, &["ingest", "--files", "nowhere"]),
        &["nowhere"],
    );
    std::fs::create_dir(app.path("empty")).unwrap();
    assert_says(
        &refused(&app, &["ingest", "--files", "empty"]),
        &["empty", ".chk"],
    );
    let chain = ["ingest", "--files", "empty", "--chain", "mainnet!"];
    assert_says(&refused(&app, &chain), &["mainnet!", "base58"]);
}

#[test]
fn csv_lines() {
    let app = App::new();
    assert_says(
        &refused(&app, &["watch", "import", "missing.csv"]),
        &["missing.csv"],
    );
    std::fs::write(app.path("header.csv"), "addr\n0x1\n").unwrap();
    assert_says(
        &refused(&app, &["watch", "import", "header.csv"]),
        &["header.csv", "address"],
    );
    assert!(
        !app.data_dir().join("vigia.db").exists(),
        "nothing was begun"
    );

    let lines = "address,account,kind,locale\n\
                 0x1,ana,personal,es\n\
                 0x2zz,ben,personal,es\n\
                 0x3,cleo,cat,es\n\
                 0x4,dora,personal,de\n\
                 0x5,eva,personal\n\
                 0x1,fay,personal,pt\n\
                 0x6,gus,business,pt-BR\n";
    std::fs::write(app.path("list.csv"), lines).unwrap();
    let output = app.run(&["watch", "import", "list.csv"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_says(
        &message,
        &[
            "list.csv:3:",
            "list.csv:4:",
            "cat",
            "list.csv:5:",
            "de",
            "list.csv:6:",
        ],
    );
    assert_says(&message, &["list.csv:7:", "ana"]);
    assert_says(
        &text(&output.stdout),
        &["2 addresses watched", "5 bad lines"],
    );
    assert_eq!(
        app.status()["watchedAddresses"],
        2,
        "the good lines were taken"
    );
}

#[test]
fn a_missing_database_is_said() {
    let app = App::new();
    let output = app.run(&["status"]);
    assert_eq!(output.status.code(), Some(4));
    assert_says(&text(&output.stderr), &["no database", "--data-dir"]);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let app = App::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = app.command(&["graphql-schema"]);
    let output = command.stdout(writer).output().expect("the binary runs");
    assert_eq!(text(&output.stderr), "", "{:?}", output.status);
}
