//! Sign-in from the command line to a reply: users, their tokens, and a web process that asks for them.

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use vigia::jobs::{Job as _, StaleSignIns};
use vigia_core::{Locale, UserRole};
use vigia_store::{SessionSpec, SignInStore as _, UserSpec};

use crate::app::{App, http, text};
use crate::jobs::{DAY_MS, Machine, START_MS};

const PASSWORD: &str = "una contraseña larga";
const SIGN_IN: &str = "[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n";

/// Runs a command that reads a password.
pub(crate) fn run_with(app: &App, arguments: &[&str], password: &str) -> Output {
    let mut command = app.command(arguments);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{password}").unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_signs_in_by_token() {
    let app = App::with_config(SIGN_IN);
    let created = run_with(&app, &["user", "create", "root", "--admin"], PASSWORD);
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert_eq!(text(&created.stdout), "root signs in as admin\n");
    let listed: Value = serde_json::from_str(&app.ok(&["user", "list", "--json"])).unwrap();
    assert_eq!(listed["role"], "admin");
    assert_eq!(listed["password"], true);

    let create = [
        "token", "create", "--user", "root", "--name", "probe", "--scope", "full",
    ];
    let token = app.ok(&create).trim().to_owned();
    assert!(token.starts_with("vigia_"), "{token}");
    let (mut web, log) = app.start_logged(&["web", "--log", "info"]);
    let address = web.line_with("http://");
    let address = address[address.find("http://").unwrap()..]
        .trim()
        .to_owned();
    let url = format!("{address}graphql");
    let query = json!({ "query": "{ status { version } }" });
    let ask = async |token: &str| {
        let request = http().post(&url).json(&query).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(&token).await, 200);
    assert_eq!(ask("vigia_other").await, 401);

    // Known by its hash alone, here and in the log.
    let list = app.ok(&["token", "list", "--json"]);
    let listed: Value = serde_json::from_str(&list).unwrap();
    assert!(listed["usedAtMs"].is_u64(), "{list}");
    let database = std::fs::read(app.data_dir().join("vigia.db")).unwrap();
    let everything = [list, log.lines().join("\n"), text(&database)].join("\n");
    assert!(everything.contains("$argon2id$"));
    for secret in [&token["vigia_".len()..], PASSWORD] {
        assert!(!everything.contains(secret), "{secret} is told");
    }
    let id = listed["id"].to_string();
    app.ok(&["token", "revoke", &id]);
    assert_eq!(ask(&token).await, 401);
    web.stop();
}

#[test]
fn what_cannot_be_is_refused() {
    let app = App::new();
    let refused = |arguments: &[&str], password: &str, said: &str| {
        let output = run_with(&app, arguments, password);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    };
    refused(
        &["user", "create", "ana"],
        "short",
        "at least 10 characters",
    );
    refused(&["user", "create", ""], PASSWORD, "no external id");
    refused(
        &["user", "create", "ana", "--locale", "tlh"],
        PASSWORD,
        "es, en, pt",
    );
    app.ok(&["user", "create", "ana", "--no-password"]);
    refused(&["user", "password", "beto"], PASSWORD, "no user \"beto\"");
    let token = ["token", "create", "--user"];
    refused(
        &[&token[..], &["beto", "--name", "x"]].concat(),
        "",
        "no user \"beto\"",
    );
    refused(
        &[&token[..], &["ana", "--name", ""]].concat(),
        "",
        "1 to 200 bytes",
    );
    let days = ["ana", "--name", "x", "--days", "0"];
    refused(&[&token[..], &days].concat(), "", "1..=3650");
    refused(&["token", "revoke", "7"], "", "no token 7");
    for (setting, said) in [
        (
            "sign_in = true\ninsecure_no_auth = true",
            "web.insecure_no_auth",
        ),
        ("https = true", "web.https"),
        ("session_hours = 0", "a number from 1 to 8760"),
        ("session_hours = 8761", "a number from 1 to 8760"),
        ("actions_keep_days = 0", "at least 1 day"),
        ("limits.live_readers_max = 0", "web.limits.live_readers_max"),
        (
            "limits.init_timeout_ms = 86400001",
            "milliseconds, from 1 to 86400000",
        ),
        ("cors_origins = [\"https://app.example\"]", "web.sign_in"),
        (
            "sign_in = true\ncors_origins = [\"https://app.example/\"]",
            "an origin without a path",
        ),
        (
            "sign_in = true\ntrusted_proxies = [\"10.0.0\"]",
            "a network such as",
        ),
    ] {
        app.configure(&format!("[web]\n{setting}\n"));
        refused(&["config", "check"], "", said);
    }
}

#[tokio::test]
async fn what_has_expired_goes_after_a_week() {
    let machine = Machine::new();
    let store = machine.open().await;
    let spec = UserSpec {
        external_id: "ana".to_owned(),
        display_name: "Ana".to_owned(),
        locale: Locale::Es,
    };
    let user = store.login_set(&spec, UserRole::User, None).await.unwrap();
    let session = SessionSpec {
        secret_hash: [1; 32],
        user,
        client: "a browser".to_owned(),
        expires_at_ms: START_MS + DAY_MS,
    };
    store.session_begin(&session).await.unwrap();
    let job = StaleSignIns::new(Arc::clone(&store) as _, machine.clock());
    machine.clock.set(START_MS + 8 * DAY_MS);
    let kept = job.run().await.unwrap();
    assert!(!kept.changed, "{kept:?}");
    machine.clock.set(START_MS + 8 * DAY_MS + 1);
    let removed = job.run().await.unwrap();
    assert_eq!(
        removed.words,
        "removed 1 sessions and 0 tokens that have expired"
    );
    assert!(removed.changed);
    store.close().await;
}
