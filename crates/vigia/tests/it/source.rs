//! Following an application's accounts: the worked example of docs/source.md, on real tables.

use std::path::Path;

use serde_json::Value;
use vigia_devnet::{ChainConfig, Devnet, Pace};

use crate::app::{App, text};
use crate::node::{contracts, start};
use crate::servers::PostgresDatabase;

/// The tables of the example, as Django makes them.
const TABLES: &str = "
CREATE TABLE users_user (
    id bigint PRIMARY KEY,
    firebase_uid varchar(128) NOT NULL UNIQUE,
    first_name varchar(150) NOT NULL,
    last_name varchar(150) NOT NULL,
    language varchar(10),
    is_active boolean NOT NULL
);
CREATE TABLE users_business (
    id bigint PRIMARY KEY,
    name varchar(255) NOT NULL,
    deleted_at timestamptz
);
CREATE TABLE users_account (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users_user (id),
    business_id bigint REFERENCES users_business (id),
    account_type varchar(10) NOT NULL,
    sui_address varchar(66),
    deleted_at timestamptz
);
CREATE TABLE users_businessemployee (
    id bigint PRIMARY KEY,
    business_id bigint NOT NULL REFERENCES users_business (id),
    user_id bigint NOT NULL REFERENCES users_user (id),
    permissions varchar(200) NOT NULL,
    is_active boolean NOT NULL,
    deleted_at timestamptz
);";

/// An application's database with a user and a personal account for each user of the node, but the
/// last one's account is a business.
async fn application(node: &Devnet) -> Option<PostgresDatabase> {
    let database = PostgresDatabase::create().await?;
    let mut statements = TABLES.to_owned();
    statements += "INSERT INTO users_business VALUES (1, 'Bodega Don Pepe', NULL);";
    let users = node.users();
    for (id, user) in users.iter().enumerate() {
        let is_business = id + 1 == users.len();
        statements += &format!(
            "INSERT INTO users_user VALUES ({id}, 'uid-{id}', '{}', 'Test', 'es-PE', true);",
            user.name
        );
        statements += &format!(
            "INSERT INTO users_account VALUES ({id}, {id}, {}, '{}', '{}', NULL);",
            if is_business { "1" } else { "NULL" },
            if is_business { "business" } else { "personal" },
            user.address
        );
    }
    statements += "INSERT INTO users_businessemployee VALUES (1, 1, 0, 'read,refund', true, NULL);";
    // Neither has an address that can be watched.
    statements += "INSERT INTO users_account VALUES (900, 1, NULL, 'personal', '', NULL),
        (901, 2, NULL, 'personal', NULL, NULL);";
    database.run_as_owner(&statements).await;
    Some(database)
}

fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/django-source.sql");
    path.display().to_string()
}

fn config(database: &PostgresDatabase, more: &str) -> String {
    format!(
        "[source]\nurl = \"{}\"\nschedule = \"every 1s\"\ngone_min = 2\n{more}\n{}",
        database.url(),
        contracts()
    )
}

fn small_chain() -> ChainConfig {
    ChainConfig {
        users: 12,
        tps: 40,
        interval_ms: 50,
        ..ChainConfig::default()
    }
}

fn source_status(app: &App) -> Value {
    let output = app.run(&["source", "status", "--json"]);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_django_application_is_followed() {
    let node = start(small_chain(), Pace::Live, 10).await;
    let Some(database) = application(&node).await else {
        return;
    };
    let app = App::with_config(&config(
        &database,
        &format!("query_file = \"{}\"", example()),
    ));
    let checked = app.ok(&["source", "check"]);
    assert!(
        checked.contains("13 rows, 12 addresses, 13 memberships"),
        "{checked}"
    );
    assert!(
        checked.contains("would begin or move 12 addresses"),
        "{checked}"
    );

    let url = node.url();
    let up = app.start(&["up", "--provider", &url, "--listen", "127.0.0.1:0"]);
    // Nobody told vigia of anybody: the schedule did.
    app.wait_for("everybody's activities", |status| {
        status["watchedAddresses"] == 12 && status["activities"].as_u64() > Some(20)
    });
    let listed = app.ok(&["watch", "list", "--json"]);
    let business = listed.lines().find(|line| line.contains("Bodega Don Pepe"));
    let business: Value = serde_json::from_str(business.expect("it is watched")).expect("JSON");
    assert_eq!(business["source"], "application");
    let members: Vec<String> = app.store().await.dump_rows().await.expect("rows");
    let members: Vec<&String> = members
        .iter()
        .filter(|row| row.starts_with("member \"11\""))
        .collect();
    assert_eq!(members.len(), 2, "the owner and the employee: {members:?}");
    assert!(
        members[0].contains("\"uid-0\" \"read refund\""),
        "{members:?}"
    );

    // One is deleted, one moves to another phone, one is new.
    let address = |n: usize| node.users()[n].address.to_string();
    let changes = format!(
        "UPDATE users_account SET deleted_at = now() WHERE id = 1;
         UPDATE users_account SET sui_address = '0xbeef' WHERE id = 2;
         INSERT INTO users_account VALUES (50, 3, NULL, 'personal', '{}', NULL);",
        address(1)
    );
    database.run_as_owner(&changes).await;
    let holder = |app: &App, address: &str| -> Option<String> {
        let listed = app.ok(&["watch", "list", "--json"]);
        let rows = listed
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut rows =
            rows.filter(|row| row["target"].as_str().expect("a target").ends_with(address));
        rows.next()
            .map(|row| row["account"].as_str().expect("an account").to_owned())
    };
    app.wait_for("the new owner", |_| {
        holder(&app, &address(1)).as_deref() == Some("50") && holder(&app, "beef").is_some()
    });
    assert_eq!(holder(&app, &address(2)), None);
    let report = &source_status(&app)["source"];
    assert_eq!(
        (&report["addresses"], &report["error"]),
        (&12.into(), &Value::Null)
    );

    // A query that fails changes nothing, says so, and recovers by itself.
    database
        .run_as_owner("ALTER TABLE users_business RENAME TO elsewhere")
        .await;
    let failing = app.wait_for("the failure", |status| {
        status["source"]["error"].is_string()
    });
    let error = failing["source"]["error"].as_str().expect("an error");
    assert!(error.contains("users_business"), "{error}");
    assert!(!error.contains("hush-hush"), "{error}");
    assert_eq!(failing["watchedAddresses"], 12);
    let output = app.run(&["source", "status"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("FAILING since"));
    database
        .run_as_owner("ALTER TABLE elsewhere RENAME TO users_business")
        .await;
    app.wait_for("the recovery", |status| status["source"]["error"].is_null());

    // Everybody gone at once is more likely a mistake.
    database
        .run_as_owner("UPDATE users_user SET is_active = id < 3")
        .await;
    let failing = app.wait_for("the alarm", |status| status["source"]["error"].is_string());
    let error = failing["source"]["error"].as_str().expect("an error");
    assert!(error.contains("--accept-fewer"), "{error}");
    assert_eq!(failing["watchedAddresses"], 12);
    up.stop();
    let output = app.run(&["source", "refresh"]);
    assert_eq!(output.status.code(), Some(1));
    app.ok(&["source", "refresh", "--accept-fewer"]);
    let status = app.status();
    // Of the first three, the second's account is deleted; the first works for the business.
    assert_eq!(
        (&status["watchedAddresses"], &status["source"]["error"]),
        (&3.into(), &Value::Null)
    );
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_contradicts_itself_is_refused_and_listed() {
    let node = start(small_chain(), Pace::Live, 2).await;
    let Some(database) = application(&node).await else {
        return;
    };
    let app = App::with_config(&config(
        &database,
        &format!("query_file = \"{}\"", example()),
    ));
    app.ok(&["source", "refresh"]);
    let double = node.users()[4].address.to_string();
    let changes = format!(
        "INSERT INTO users_account VALUES (60, 5, NULL, 'personal', '{double}', NULL),
            (61, 5, NULL, 'personal', 'not-an-address', NULL)"
    );
    database.run_as_owner(&changes).await;
    let output = app.run(&["source", "refresh", "--json"]);
    assert_eq!(output.status.code(), Some(1), "refused rows are no success");
    let done: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let subjects: Vec<&str> = done["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|refusal| refusal["subject"].as_str().expect("a subject"))
        .collect();
    assert_eq!(subjects, [double.as_str(), "not-an-address"]);
    assert_eq!(
        app.status()["watchedAddresses"],
        12,
        "it stays with whom it was"
    );
    let listed = app.ok(&["watch", "list"]);
    assert_eq!(listed.matches(&double).count(), 1);
    // Said again on the next day, when nothing has changed.
    let output = app.run(&["source", "refresh"]);
    let (out, refused) = (text(&output.stdout), text(&output.stderr));
    assert!(out.contains("refused 2"), "{out}");
    assert!(
        refused.contains("belongs to 2 accounts at once: 4, 60"),
        "{refused}"
    );
    node.shutdown().await.expect("the node stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_query_says_what_to_mend() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let statements = "CREATE TABLE notes (n bigint);
        CREATE FUNCTION write_note() RETURNS text LANGUAGE sql AS
            $$ INSERT INTO notes VALUES (1) RETURNING n::text $$;";
    database.run_as_owner(statements).await;
    let cases = [
        ("SELECT 1 AS acount_id", "unknown field `acount_id`"),
        ("SELECT '0x1' AS address", "missing field `account_id`"),
        ("SELECT 'x' AS address; SELECT 1", "syntax error"),
        ("DELETE FROM notes", "syntax error"),
        (
            "SELECT write_note() AS address, 1 AS account_id",
            "read-only transaction",
        ),
        (
            "SELECT '0x1' AS address, 1 AS account_id FROM generate_series(1, 4)",
            "more than 3 rows; raise source.rows_max",
        ),
        (
            "SELECT pg_sleep(9)::text AS address, 1 AS account_id",
            "statement timeout",
        ),
    ];
    for (query, problem) in cases {
        let more = format!("query = \"{query}\"\nrows_max = 3\nstatement_timeout_ms = 300");
        let app = App::with_config(&config(&database, &more));
        for command in ["check", "refresh"] {
            let output = app.run(&["source", command]);
            let error = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{query}: {error}");
            assert!(error.contains(problem), "{query}: {error}");
            assert!(!error.contains("hush-hush"), "{error}");
        }
    }
    // At the edge, and with the end that people write out of habit.
    let more = "query = \"SELECT '0x1' AS address, 1 AS account_id FROM generate_series(1, 3); \"\n\
                rows_max = 3";
    let app = App::with_config(&config(&database, more));
    assert!(
        app.ok(&["source", "refresh"])
            .contains("3 rows, 1 addresses")
    );

    let app = App::with_config("");
    let output = app.run(&["source", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("set source.url and source.query"));
    let app = App::with_config(&config(&database, ""));
    let output = app.run(&["source", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("source.query_file"));
    // Nobody there: tried three times, then said.
    let app = App::with_config(
        "[source]\nurl = \"postgres://u:hush-hush@127.0.0.1:1/none\"\nquery = \"SELECT 1\"\n",
    );
    let output = app.run(&["source", "refresh"]);
    assert!(!output.status.success());
    let error = text(&output.stderr);
    assert!(error.contains("cannot be reached"), "{error}");
    assert!(!error.contains("hush-hush"), "{error}");
}
