//! The receivers of docs/examples/receivers, run as their readers run them: they take what vigia sends, do the work of each webhook once,
//! and refuse what is not vigia's. Each test says when it is skipped, and fails instead under `VIGIA_REQUIRE_CLIENTS=1`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigia_core::{Clock as _, Scope, SystemClock};
use vigia_devnet::Pace;
use vigia_notify::{MessageId, SigningKey, SigningKeys, webhook_headers};
use vigia_store::{ActivityFilter, ReadStore as _};

use crate::app::{App, PATIENCE, http, text};
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{Redis, free_port};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/receivers")
}

/// The program that a variable names; none where there is none, which it says.
fn program(variable: &str) -> Option<OsString> {
    let program = std::env::var_os(variable);
    if program.is_none() {
        let required = std::env::var("VIGIA_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
        assert!(!required, "{variable} is not set");
        eprintln!("skipped: {variable} is not set, `cargo xtask test` sets it");
    }
    program
}

/// What programs say, line by line.
#[derive(Clone, Default)]
struct Said(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Said {
    /// Reads on, so that a full pipe never stops the program; shown when a test fails.
    fn hear(&self, output: impl Read + Send + 'static) {
        let said = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                eprintln!("  {line}");
                said.0.0.lock().unwrap().push(line);
                said.0.1.notify_all();
            }
        });
    }

    /// Waits until `holds` of the lines.
    fn wait(&self, what: &str, holds: impl Fn(&[String]) -> bool) {
        let (lines, more) = &*self.0;
        let lines = lines.lock().unwrap();
        let missing = |lines: &mut Vec<String>| !holds(lines);
        let (lines, waited) = more.wait_timeout_while(lines, PATIENCE, missing).unwrap();
        let said = lines.len();
        drop(lines);
        assert!(
            !waited.timed_out(),
            "waited in vain for {what}, {said} lines"
        );
    }

    fn wait_for(&self, word: &str) {
        self.wait(word, |lines| lines.iter().any(|line| line.contains(word)));
    }

    /// Waits until it says that it listens. False where the port is somebody else's by now.
    fn listens(&self, word: &str) -> bool {
        let taken = |line: &String| line.contains("already in use");
        self.wait(word, |lines| {
            lines.iter().any(|line| line.contains(word) || taken(line))
        });
        !self.0.0.lock().unwrap().iter().any(taken)
    }

    /// The ids that were handled, in order, each as often as it was.
    fn handled(&self) -> Vec<String> {
        handled(&self.0.0.lock().unwrap())
    }
}

fn handled(lines: &[String]) -> Vec<String> {
    let ids = lines
        .iter()
        .filter_map(|line| Some(line.split_once("handled ")?.1.trim().to_owned()));
    ids.collect()
}

/// A program that ends with its guard.
struct Program(Child);

impl Program {
    fn start(command: &mut Command, said: &Said) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        said.hear(child.stdout.take().expect("stdout is piped"));
        said.hear(child.stderr.take().expect("stderr is piped"));
        Self(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Where a receiver keeps what it has done.
enum Ledger {
    /// A JSON object a line.
    Lines(PathBuf),
    /// SQLite, and the query for the ids.
    Database(PathBuf, &'static str),
}

impl Ledger {
    /// The ids of what was done, each as often as it was.
    async fn ids(&self) -> Vec<String> {
        match self {
            Self::Lines(path) => {
                let lines = std::fs::read_to_string(path).expect("a ledger");
                let id = |line: &str| {
                    let line: Value = serde_json::from_str(line).expect("JSON");
                    line["id"].as_str().expect("an id").to_owned()
                };
                lines.lines().map(id).collect()
            }
            Self::Database(path, query) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let pool = sqlx::SqlitePool::connect_with(options)
                    .await
                    .expect("it opens");
                let ids: Vec<String> = sqlx::query_scalar(*query)
                    .fetch_all(&pool)
                    .await
                    .expect("the table is there");
                pool.close().await;
                ids
            }
        }
    }
}

/// The keys of an endpoint: it signs with both.
struct Keys {
    signing: SigningKeys,
    /// `whpk_...`
    public: String,
    /// `whsec_...`
    secret: String,
}

impl Keys {
    fn make(app: &App) -> Self {
        let public = app.ok(&["webhooks", "key", "hook.key"]).trim().to_owned();
        app.ok(&["webhooks", "key", "--hmac", "shared.key"]);
        let read = |name: &str| {
            let text = std::fs::read_to_string(app.path(name)).expect("a key");
            text.trim().to_owned()
        };
        let secret = read("shared.key");
        let keys = [read("hook.key"), secret.clone()];
        let keys = keys
            .iter()
            .map(|key| SigningKey::parse(key).expect("a key"));
        Self {
            signing: SigningKeys::new(keys.collect()).expect("two keys"),
            public,
            secret,
        }
    }
}

/// Starts the programs of a receiver on a port, and waits until they take requests; none where the port is taken.
type Start = Box<dyn Fn(&Said, u16) -> Option<Vec<Program>> + Send>;

/// A receiver under test, and how it is started.
struct Receiver {
    url: String,
    said: Said,
    ledger: Ledger,
    start: Start,
    programs: Vec<Program>,
}

impl Receiver {
    fn new(
        ledger: Ledger,
        start: impl Fn(&Said, u16) -> Option<Vec<Program>> + Send + 'static,
    ) -> Self {
        let start: Start = Box::new(start);
        let (url, said, programs) = run(&start);
        Self {
            url,
            said,
            ledger,
            start,
            programs,
        }
    }

    /// Kills it and starts it again on what it has kept.
    fn restart(&mut self) {
        self.programs.clear();
        (self.url, self.said, self.programs) = run(&self.start);
    }

    /// Posts a body, signed at this time over `signed` by these keys; the status that is answered.
    async fn post(
        &self,
        id: &str,
        at_ms: u64,
        keys: &SigningKeys,
        signed: &str,
        body: &str,
    ) -> u16 {
        let message = MessageId::new(id).expect("an id");
        let headers = webhook_headers(&message, at_ms, signed.as_bytes(), keys);
        let answer = http()
            .post(&self.url)
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.signature)
            .body(body.to_owned())
            .send();
        answer.await.expect("it answers").status().as_u16()
    }

    /// What vigia itself would send.
    async fn tell(&self, id: &str, keys: &SigningKeys) -> u16 {
        let body = event(id);
        self.post(id, SystemClock.now_ms(), keys, &body, &body)
            .await
    }
}

/// A body as vigia sends it.
fn event(id: &str) -> String {
    let activity = json!({
        "id": "1", "digest": "Bu4kp33v7FiMvw1ZvsruHvp95qVwFHcvNDbjR13gJkXX", "checkpoint": 1, "transactionIndex": 0,
        "slot": "coin/0x2::sui::SUI", "timestampMs": 1_795_890_170_039_u64,
        "account": { "externalId": "niña", "kind": "personal" }, "kind": "transfer", "direction": "in",
        "status": "completed", "address": "0x5", "amount": "170141183460469231731687303715884105727",
        "coin": { "type": "0x2::sui::SUI", "symbol": "SUI", "decimals": 9 }, "counterparty": null, "contract": null,
        "businessId": null, "note": null, "suppressed": null,
    });
    let event = json!({
        "type": "activity.created", "version": 1, "id": id, "sequence": 1, "historical": false, "activity": activity,
    });
    event.to_string()
}

/// The endpoint, as `vigia webhooks list --json` tells of it; none before there is one.
fn endpoint(app: &App) -> Option<Value> {
    let output = app.run(&["webhooks", "list", "--json"]);
    let lines = text(&output.stdout);
    let rows = lines.lines().map(serde_json::from_str::<Value>);
    rows.map_while(Result::ok).find(|row| row["name"] == "hook")
}

fn wait_for_endpoint(app: &App, what: &str, holds: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    while !endpoint(app).is_some_and(|row| holds(&row)) {
        let row = endpoint(app);
        assert!(begun.elapsed() < PATIENCE, "no {what}: {row:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Ids that are expected, and nothing twice.
async fn assert_ids(receiver: &Receiver, expected: &BTreeSet<String>) {
    let ids = receiver.ledger.ids().await;
    assert_eq!(ids.len(), expected.len(), "nothing twice");
    assert_eq!(&ids.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// All that a receiver promises, beginning with what a running vigia tells it.
async fn keeps_its_promises(app: &App, keys: &Keys, mut receiver: Receiver) {
    let node = start(busy_chain(400), Pace::Live, 10).await;
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n{}[[webhooks]]\nname = \"hook\"\nurl = \"{}\"\n\
         key_files = [\"hook.key\", \"shared.key\"]\n",
        node.url(),
        contracts(),
        receiver.url,
    ));
    watch_users(app, &node, |_| true);
    let worker = app.start(&["work", "--log", "error"]);
    // It is told of what happens from here on.
    wait_for_endpoint(app, "endpoint", |_| true);
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);
    let store = app.store().await;
    finished_rows(&node, &store, PATIENCE).await;
    poller.stop();
    let filter = ActivityFilter::default();
    let rows = store
        .activity_page(&Scope::All, &filter, None, 100_000)
        .await
        .expect("it is read");
    store.close().await;
    let number = rows.len();
    assert!(number > 100, "{number}");

    // Each activity was handled once, under the id that vigia has for it.
    let said = &receiver.said;
    said.wait("all activities", |lines| handled(lines).len() >= number);
    wait_for_endpoint(app, "end", |row| row["pending"] == 0);
    let listed = app.ok(&["deliveries", "list", "--limit", "100000", "--json"]);
    let id = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        row["id"].as_str().expect("an id").to_owned()
    };
    let mut expected: BTreeSet<String> = listed.lines().map(id).collect();
    assert_eq!(expected.len(), number);
    assert_ids(&receiver, &expected).await;

    // All of it once more, from vigia: nothing is done again.
    let attempts = |row: &Value| row["lately"]["attempts"].as_u64().unwrap_or_default();
    let before = endpoint(app).map_or(0, |row| attempts(&row));
    app.ok(&["webhooks", "replay", "hook", "--all"]);
    let again = u64::try_from(number).expect("it fits");
    wait_for_endpoint(app, "second round", |row| {
        row["pending"] == 0 && attempts(row) >= before + again
    });
    worker.stop();
    node.shutdown().await.expect("the node stops");

    one_at_once(&receiver, keys).await;
    expected.extend(["at-once", "after"].map(str::to_owned));
    assert_ids(&receiver, &expected).await;
    assert_eq!(receiver.said.handled().len(), expected.len());
    refuses(&receiver, keys).await;
    assert_ids(&receiver, &expected).await;

    // It knows what it has done after a kill too.
    receiver.restart();
    for id in ["at-once", "after"] {
        assert_eq!(receiver.tell(id, &keys.signing).await, 204);
    }
    assert_eq!(receiver.tell("after-a-kill", &keys.signing).await, 204);
    receiver.said.wait_for("handled after-a-kill");
    expected.insert("after-a-kill".to_owned());
    assert_ids(&receiver, &expected).await;
    assert_eq!(receiver.said.handled(), ["after-a-kill"]);
}

/// The same webhook eight times at once is one; what comes behind it is handled when it has been.
async fn one_at_once(receiver: &Receiver, keys: &Keys) {
    let told = || receiver.tell("at-once", &keys.signing);
    let (a, b, c, d, e, f, g, h) = tokio::join!(
        told(),
        told(),
        told(),
        told(),
        told(),
        told(),
        told(),
        told()
    );
    assert_eq!([a, b, c, d, e, f, g, h], [204; 8]);
    assert_eq!(receiver.tell("after", &keys.signing).await, 204);
    receiver.said.wait_for("handled after");
}

/// What is not vigia's, or not of now.
async fn refuses(receiver: &Receiver, keys: &Keys) {
    let now_ms = SystemClock.now_ms();
    let (body, other) = (event("forged"), event("other"));
    let (signing, strangers) = (&keys.signing, strangers());
    let forged = receiver.post("forged", now_ms, &strangers, &body, &body);
    assert_eq!(forged.await, 400, "signed by somebody else");
    let changed = receiver.post("forged", now_ms, signing, &body, &other);
    assert_eq!(changed.await, 400, "another body than was signed");
    let spaced = format!("{body} ");
    let spaced = receiver.post("forged", now_ms, signing, &body, &spaced);
    assert_eq!(spaced.await, 400, "the same JSON in other bytes");
    for (what, at_ms) in [("old", now_ms - 330_000), ("early", now_ms + 330_000)] {
        let at = receiver.post("forged", at_ms, signing, &body, &body);
        assert_eq!(at.await, 400, "{what}");
    }
    let unsigned = http().post(&receiver.url).body(body).send();
    assert_eq!(unsigned.await.expect("it answers").status(), 400);
    let page = http().get(&receiver.url).send();
    assert_eq!(page.await.expect("it answers").status(), 405);
}

/// Keys of nobody's.
fn strangers() -> SigningKeys {
    let app = App::new();
    Keys::make(&app).signing
}

/// Starts a receiver on a free port, and on another where somebody was quicker.
fn run(start: &Start) -> (String, Said, Vec<Program>) {
    for _ in 0..10 {
        let (port, said) = (free_port(), Said::default());
        if let Some(programs) = start(&said, port) {
            return (format!("http://127.0.0.1:{port}/vigia"), said, programs);
        }
    }
    panic!("each port was taken")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_in_node_does_each_once() {
    let Some(node) = program("VIGIA_NODE") else {
        return;
    };
    let app = App::new();
    let keys = Keys::make(&app);
    let ledger = app.path("ledger.jsonl");
    let (public, path) = (keys.public.clone(), ledger.clone());
    let started = move |said: &Said, port: u16| {
        let mut command = Command::new(&node);
        command
            .arg(examples().join("node/receiver.mjs"))
            .env("PORT", port.to_string())
            .env("LEDGER", &path)
            .env("VIGIA_WEBHOOK_KEYS", &public);
        let program = Program::start(&mut command, said);
        said.listens("listening on").then(|| vec![program])
    };
    let receiver = Receiver::new(Ledger::Lines(ledger), started);
    keeps_its_promises(&app, &keys, receiver).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_in_php_does_each_once() {
    let Some(php) = program("VIGIA_PHP") else {
        return;
    };
    let app = App::new();
    let keys = Keys::make(&app);
    let database = app.path("receiver.db");
    let (secret, path) = (keys.secret.clone(), database.clone());
    let started = move |said: &Said, port: u16| {
        let mut command = Command::new(&php);
        command
            .args(["-S", &format!("127.0.0.1:{port}")])
            .arg(examples().join("php/receiver.php"))
            .env("DATABASE", &path)
            .env("VIGIA_WEBHOOK_KEYS", &secret);
        let program = Program::start(&mut command, said);
        said.listens("Development Server").then(|| vec![program])
    };
    let ledger = Ledger::Database(database, "SELECT id FROM movement");
    keeps_its_promises(&app, &keys, Receiver::new(ledger, started)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_in_django_hands_each_to_celery_once() {
    let (Some(python), Some(redis)) = (program("VIGIA_RECEIVERS_PYTHON"), Redis::start()) else {
        return;
    };
    let app = App::new();
    let keys = Keys::make(&app);
    let database = app.path("receiver.db");
    let known = format!("{} {}", keys.public, keys.secret);
    let (path, broker) = (database.clone(), redis.url());
    let command = move |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command
            .args(arguments)
            .current_dir(examples().join("django"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("DATABASE", &path)
            .env("CELERY_BROKER_URL", &broker)
            .env("VIGIA_WEBHOOK_KEYS", &known);
        command
    };
    let migrated = command(&["manage.py", "migrate", "--verbosity", "0"]).output();
    let migrated = migrated.expect("Python runs");
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    let started = move |said: &Said, port: u16| {
        let address = format!("127.0.0.1:{port}");
        let mut web = command(&["manage.py", "runserver", "--noreload", address.as_str()]);
        let mut worker = command(&[
            "-m",
            "celery",
            "-A",
            "receiver",
            "worker",
            "--pool",
            "solo",
            "--loglevel",
            "info",
        ]);
        let web = Program::start(&mut web, said);
        if !said.listens("Starting development server") {
            return None;
        }
        let worker = Program::start(&mut worker, said);
        said.wait_for(" ready.");
        Some(vec![web, worker])
    };
    let ledger = Ledger::Database(database, "SELECT event_id FROM hooks_movement");
    keeps_its_promises(&app, &keys, Receiver::new(ledger, started)).await;
}
