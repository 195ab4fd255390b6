//! `vigia doctor` finds the commonest faults, each by itself, and says the cure.

use serde_json::Value;
use vigia_core::{AccountId, ChainId, Clock as _, Digest, SystemClock};
use vigia_devnet::{ChainConfig, Devnet, Pace};
use vigia_store::{
    AccountEndpoint, DeliveryStore as _, EndpointFilter, EndpointSpec, IngestStore as _,
    ProcessRow, ProcessStore as _, SqlStore,
};

use crate::app::{App, text};
use crate::node::{busy_chain, start};

/// A node that goes on for as long as a test looks at it.
async fn node() -> Devnet {
    let chain = ChainConfig {
        tps: 10,
        interval_ms: 200,
        transactions: None,
        ..busy_chain(0)
    };
    start(chain, Pace::Live, 20).await
}

/// What is found with these settings, and how it ends.
fn found(app: &App, more: &[&str]) -> (Vec<(String, String, String)>, Option<i32>) {
    let mut arguments = vec!["doctor", "--json"];
    arguments.extend(more);
    let output = app.run(&arguments);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let part = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = said["findings"].as_array().unwrap().iter();
    let problems: Vec<_> = findings
        .filter(|finding| finding["level"] == "problem")
        .map(|finding| {
            (
                part(finding, "what"),
                part(finding, "found"),
                part(finding, "cure"),
            )
        })
        .collect();
    assert_eq!(said["problems"], problems.len());
    for (what, found, cure) in &problems {
        assert!(!cure.is_empty(), "{what}: {found} has no cure");
    }
    (problems, output.status.code())
}

/// That this is the one problem.
fn one(app: &App, more: &[&str], what: &str, words: &str) {
    let (problems, code) = found(app, more);
    let is_it = problems.len() == 1 && problems[0].0 == what && problems[0].1.contains(words);
    assert!(is_it, "{what} ({words}) in {problems:?}");
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_settings_are_found_one_by_one() {
    let node = node().await;
    let url = node.url();
    let provider = ["--provider", url.as_str()];
    let app = App::new();
    app.ok(&["migrate"]);
    let (problems, code) = found(&app, &provider);
    assert_eq!(
        (problems.as_slice(), code),
        ([].as_slice(), Some(0)),
        "all is well"
    );
    one(&app, &[], "provider", "none is set");
    one(
        &app,
        &["--provider", "http://127.0.0.1:1"],
        "provider",
        "127.0.0.1:1",
    );

    let file = |name: &str, content: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = app.path(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let open = file("token", "hush", 0o644);
    let closed = file("closed", "hush", 0o600);
    let wrong = file("wrong.toml", "this is no contract", 0o644);
    let missing = app.path("missing").display().to_string();
    let faults = [
        (
            format!("[provider]\nx_token_file = \"{open}\"\n"),
            "secrets",
            "provider.x_token_file",
        ),
        (
            format!("[contracts]\nfiles = [\"{wrong}\"]\n"),
            "contracts",
            "wrong.toml",
        ),
        (
            format!("[texts]\ndir = \"{missing}\"\n"),
            "texts",
            "missing",
        ),
        (
            "[transport]\nkind = \"redis\"\nredis_url = \"redis://127.0.0.1:1\"\n".to_owned(),
            "broker",
            "",
        ),
        (
            "[web]\nlisten = \"0.0.0.0:1\"\ninsecure_no_auth = true\n".to_owned(),
            "web",
            "nobody signs in",
        ),
        (
            "[web]\nlisten = \"0.0.0.0:1\"\nsign_in = true\n".to_owned(),
            "web",
            "without TLS",
        ),
        (
            format!(
                "[[webhooks]]\nname = \"a\"\nurl = \"http://127.0.0.1:1\"\nkey_files = [\"{missing}\"]\n"
            ),
            "webhooks",
            "missing",
        ),
        (
            format!("[push]\nfcm_credentials = \"{closed}\"\n"),
            "push",
            "closed",
        ),
        (
            format!("[alerts]\nslack_url_file = \"{closed}\"\n"),
            "alerts",
            "alerts.slack_url",
        ),
        (
            "[web.limits]\nlive_readers_max = 100000000\n".to_owned(),
            "open files",
            "100000000",
        ),
        ("[proof]\ntrust = \"quorum\"\n".to_owned(), "proof", ""),
    ];
    for (config, what, words) in faults {
        app.configure(&config);
        one(&app, &provider, what, words);
        // Nothing of a secret is said.
        let output = app.run(&["doctor"]);
        assert!(
            !text(&output.stdout).contains("hush"),
            "{}",
            text(&output.stdout)
        );
    }
    app.configure("[store]\nurl = \"postgres://nobody:hush@127.0.0.1:1/nothing\"\n");
    one(&app, &provider, "database", "");
    let said = app.run(&["doctor", "--provider", &url]);
    assert!(!text(&said.stdout).contains("hush"));
    app.configure("[web]\nlistens = \"x\"\n");
    let output = app.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    node.shutdown().await.unwrap();
}

fn process(role: &str, now_ms: u64) -> ProcessRow {
    ProcessRow {
        holder: format!("{role}-1"),
        role: role.to_owned(),
        version: "1".to_owned(),
        build: "c".to_owned(),
        settings: "s".to_owned(),
        started_at_ms: now_ms,
        seen_at_ms: now_ms,
        problem: None,
    }
}

async fn endpoint(store: &SqlStore, account: AccountId) {
    let endpoint = AccountEndpoint {
        spec: EndpointSpec {
            name: "hook".to_owned(),
            url: "https://example.com/hook".to_owned(),
            filter: EndpointFilter::default(),
            per_second: None,
        },
        account,
        label: String::new(),
        secrets: String::new(),
    };
    store.endpoint_create(&endpoint).await.unwrap();
    assert!(store.endpoint_enable("hook", false).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_what_runs_are_found_one_by_one() {
    let node = node().await;
    let url = node.url();
    let provider = ["--provider", url.as_str()];
    // However long this takes.
    let app = App::with_config("[alerts]\nlag_ms_max = 3600000\n");
    let address = node.users()[0].address.to_string();
    app.ok(&["watch", "add", &address, "--account", "ana"]);
    let running = app.start(&["up", "--provider", &url, "--listen", "127.0.0.1:0"]);
    app.wait_for("something is committed", |status| {
        status["watermark"].is_u64()
    });
    running.stop();
    let store = app.store().await;
    let (problems, _) = found(&app, &provider);
    assert_eq!(problems, [], "all is well");

    let now_ms = SystemClock.now_ms();
    store
        .process_record(&process("poll", now_ms))
        .await
        .unwrap();
    one(&app, &provider, "processes", "no `work`");
    store
        .process_record(&process("work", now_ms))
        .await
        .unwrap();
    assert_eq!(found(&app, &provider).0, []);
    let mut stray = process("web", now_ms);
    stray.version = "0".to_owned();
    store.process_record(&stray).await.unwrap();
    one(&app, &provider, "processes_disagree", "different versions");
    stray = process("web", now_ms);
    stray.problem = Some("its disk is full".to_owned());
    store.process_record(&stray).await.unwrap();
    one(&app, &provider, "not_ready", "its disk is full");
    store.process_record(&process("web", now_ms)).await.unwrap();

    let account = store.account_find("ana").await.unwrap().unwrap();
    endpoint(&store, account).await;
    one(&app, &provider, "endpoints", "hook");
    store.endpoint_enable("hook", true).await.unwrap();
    assert_eq!(found(&app, &provider).0, []);
    store.close().await;

    let app = App::new();
    app.ok(&["migrate"]);
    let store = app.store().await;
    store
        .chain_bind(ChainId(Digest::new([9; 32])))
        .await
        .unwrap();
    store.close().await;
    one(&app, &provider, "chain", "the database holds");
    node.shutdown().await.unwrap();
}
