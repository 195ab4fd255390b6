//! Secrets are in no log at its most talkative, in no figure and in no answer, whether what they are for works or fails.

use std::fmt::Write as _;

use serde_json::json;
use vigia_core::Platform;
use vigia_devnet::Pace;
use vigia_store::{DeviceSpec, PushStore as _, ReadStore as _};

use crate::app::{App, PATIENCE, http, text};
use crate::google::Google;
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{Hook, PostgresDatabase};
use crate::sign_in::run_with;

/// Of the databases of these tests.
const DATABASE_PASSWORD: &str = "hush-hush";
/// Each stands in one setting alone, so that a find says where it is from.
const SECRETS: &[&str] = &[
    "s3cret-x-token",
    "s3cret-bearer",
    "s3cret-of-a-path",
    "s3cret-of-a-query",
    DATABASE_PASSWORD,
    "s3cret-of-a-database-that-is-away",
    "s3cret-of-redis",
    "s3cret-of-alerts",
    "s3cret-of-slack",
    "s3cret-of-telegram",
    "s3cret-of-the-heartbeat",
    "s3cret-of-traces",
    "s3cret-of-the-bucket",
    "s3cret-of-the-source",
    "s3cret-password-of-ana",
    "s3cret-password-that-is-wrong",
    "s3cret-token-of-nobody",
    "s3cret-token-of-a-device",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_no_log() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let node = start(busy_chain(400), Pace::Complete, 1).await;
    let (hook, google) = (Hook::listen().await, Google::start().await);
    let app = App::new();
    let mut settings = hook.declared(&app);
    app.ok(&["webhooks", "secret-key", "seal.key"]);
    let url = database.url();
    assert!(url.contains(DATABASE_PASSWORD));
    let node_url = node.url();
    let mut config = String::new();
    let _ = write!(
        config,
        "[store]\nurl = \"{url}\"\n\
         [provider]\nurl = \"{node_url}\"\nx_token = \"s3cret-x-token\"\nbearer = \"s3cret-bearer\"\n\
         [providers.away]\nurl = \"http://127.0.0.1:9/s3cret-of-a-path\"\n\
         [history]\nbucket_url = \"http://127.0.0.1:9/s3cret-of-the-bucket\"\n\
         [source]\nurl = \"postgres://app:s3cret-of-the-source@127.0.0.1:9/app\"\nquery_file = \"source.sql\"\n\
         [delivery]\nsecret_key_files = [\"seal.key\"]\n\
         [web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n\
         [alerts]\nwebhook_url = \"http://127.0.0.1:9/s3cret-of-alerts\"\nslack_url = \"http://127.0.0.1:9/s3cret-of-slack\"\n\
         telegram_token = \"s3cret-of-telegram\"\ntelegram_chat = \"1\"\ntelegram_api = \"http://127.0.0.1:9\"\n\
         heartbeat_url = \"http://127.0.0.1:9/s3cret-of-the-heartbeat\"\n\
         [traces]\nendpoint = \"http://127.0.0.1:9\"\nheader = \"x-team: s3cret-of-traces\"\n\
         [log]\nlevel = \"trace\"\n{}{}",
        contracts(),
        google.settings(&app),
    );
    settings.push_str(
        "[[webhooks]]\nname = \"away\"\nurl = \"http://127.0.0.1:9/hook?key=s3cret-of-a-query\"\nkey_files = [\"hook.key\"]\n",
    );
    std::fs::write(app.path("source.sql"), "SELECT 1 AS address").unwrap();
    app.configure(&format!("{config}{settings}"));
    watch_users(&app, &node, |index| index % 4 != 0);
    let created = run_with(
        &app,
        &["user", "create", "ana", "--admin"],
        "s3cret-password-of-ana",
    );
    assert!(created.status.success(), "{}", text(&created.stderr));
    let create = [
        "token", "create", "--user", "ana", "--name", "t", "--scope", "full",
    ];
    let token = app.ok(&create).trim().to_owned();
    let store = database.store().await;
    let user = store.user_find("user-1").await.unwrap().unwrap();
    let device = DeviceSpec {
        platform: Platform::Fcm,
        token: "s3cret-token-of-a-device".to_owned(),
        locale: None,
        app_version: String::new(),
    };
    store.device_register(user.id, &device).await.unwrap();

    let (mut up, log) = app.start_logged(&["up", "--from", "0"]);
    let page = up.line_with("http://");
    let page = page[page.find("http://").unwrap()..].trim().to_owned();
    finished_rows(&node, &store, PATIENCE).await;
    let activities = store.status().await.unwrap().activities;
    let begun = std::time::Instant::now();
    while (hook.ids().len() as u64) < activities {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    log.wait_for("cannot send traces");

    let mut answers = Vec::new();
    let client = http();
    for token in [token.as_str(), "vigia_s3cret-token-of-nobody"] {
        let query = json!({ "query": "{ status { version } nothing }" });
        let ask = client
            .post(format!("{page}graphql"))
            .json(&query)
            .bearer_auth(token);
        answers.push(ask.send().await.unwrap().text().await.unwrap());
        let figures = client.get(format!("{page}metrics")).bearer_auth(token);
        answers.push(figures.send().await.unwrap().text().await.unwrap());
    }
    for password in ["s3cret-password-of-ana", "s3cret-password-that-is-wrong"] {
        let form = format!("name=ana&password={password}");
        let kind = "application/x-www-form-urlencoded";
        let sign_in = client.post(format!("{page}sign-in")).body(form);
        let sign_in = sign_in.header("content-type", kind);
        answers.push(sign_in.send().await.unwrap().text().await.unwrap());
    }
    for command in [
        &["status"] as &[&str],
        &["status", "--json"],
        &["config", "show"],
        &["doctor"],
        &["doctor", "--json"],
        &["webhooks", "list"],
        &["providers", "--probe"],
        &["source", "check"],
        &["deliveries", "list"],
        &["devices", "list"],
    ] {
        let output = app.run(command);
        answers.push(text(&output.stdout));
        answers.push(text(&output.stderr));
    }
    // A broker that is away, and a database that refuses: what their errors say.
    for away in [
        "[transport]\nkind = \"redis\"\nredis_url = \"redis://:s3cret-of-redis@127.0.0.1:9\"\n",
        "[store]\nurl = \"postgres://vigia:s3cret-of-a-database-that-is-away@127.0.0.1:9/vigia\"\n",
    ] {
        let app = App::with_config(away);
        for command in [&["status"] as &[&str], &["doctor"], &["migrate"]] {
            let output = app.run(command);
            answers.push(text(&output.stdout));
            answers.push(text(&output.stderr));
        }
    }
    up.stop();

    let key = std::fs::read_to_string(app.path("hook.key")).unwrap();
    let seal = std::fs::read_to_string(app.path("seal.key")).unwrap();
    let fcm = std::fs::read_to_string(app.path("fcm.json")).unwrap();
    let fcm: serde_json::Value = serde_json::from_str(&fcm).unwrap();
    let pem = fcm["private_key"].as_str().unwrap();
    let mut secrets = SECRETS.to_vec();
    secrets.push(&token["vigia_".len()..]);
    secrets.push(key.trim());
    secrets.push(seal.trim());
    secrets.extend(pem.lines().filter(|line| !line.starts_with('-')).take(3));
    let lines = log.lines();
    assert!(
        lines.len() > 1_000,
        "{} lines: it is not talkative",
        lines.len()
    );
    let mut told = Vec::new();
    for text in lines.iter().chain(&answers) {
        told.extend(
            secrets
                .iter()
                .filter(|secret| text.contains(**secret))
                .map(|secret| {
                    let at = text.find(*secret).unwrap();
                    let from = text[..at]
                        .char_indices()
                        .rev()
                        .nth(160)
                        .map_or(0, |(at, _)| at);
                    let begin = &text[..text.len().min(160)];
                    format!("{begin:?} … {}", &text[from..at + secret.len()])
                }),
        );
    }
    told.dedup();
    assert!(
        told.is_empty(),
        "{} times:\n{}",
        told.len(),
        told[..told.len().min(20)].join("\n")
    );
    println!(
        "{} lines of log, {} answers, {} secrets",
        lines.len(),
        answers.len(),
        secrets.len()
    );
    store.close().await;
    node.shutdown().await.unwrap();
}
