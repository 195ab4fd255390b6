//! A poller and a web process on a database that is about to fail, beside an undisturbed one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use vigia_devnet::{ChainConfig, Devnet, Pace};
use vigia_store::{IngestStore, SqlStore};

use crate::app::{App, Log, PATIENCE, Running};
use crate::node::{app_watching, busy_chain, contracts, start, watch_users};
use crate::servers::free_port;

/// Checkpoints that the chain goes on for while the database fails.
const MEANWHILE: u64 = 30;

/// The process in which something has to be said.
pub(super) struct Deployment {
    pub(super) node: Arc<Devnet>,
    going_on: JoinHandle<()>,
    _app: App,
    pub(super) poll: Process,
    pub(super) web: Process,
    calm: Running,
    undisturbed: App,
    undisturbed_store: SqlStore,
}

/// A process, where it says how it is, and what it logs.
pub(super) struct Process {
    running: Running,
    ready_url: String,
    pub(super) log: Log,
}

impl Process {
    fn start(app: &App, port: u16, arguments: &[&str]) -> Self {
        let (running, log) = app.start_logged(arguments);
        Self {
            running,
            ready_url: format!("http://127.0.0.1:{port}/readyz"),
            log,
        }
    }

    /// What `/readyz` says; nothing where it does not answer.
    async fn readiness(&self) -> Option<(u16, String)> {
        let answer = crate::app::http().get(&self.ready_url).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// Waits until it is ready.
    pub(super) async fn ready(&self) {
        self.until("ready", |answer| {
            answer.is_some_and(|(status, text)| *status == 200 && text == "ready")
        })
        .await;
    }

    /// Waits until it says that it is not, with these words.
    pub(super) async fn not_ready(&self, words: &str) {
        self.until(words, |answer| {
            answer.is_some_and(|(status, text)| *status == 503 && text.contains(words))
        })
        .await;
    }

    /// Waits until it logs these words.
    pub(super) async fn logs(&self, words: &str) {
        let begun = Instant::now();
        while !self.log.lines().iter().any(|line| line.contains(words)) {
            assert!(begun.elapsed() < PATIENCE, "{words:?} is not logged");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until(&self, what: &str, holds: impl Fn(Option<&(u16, String)>) -> bool) {
        let begun = Instant::now();
        loop {
            let answer = self.readiness().await;
            if holds(answer.as_ref()) {
                return;
            }
            let waited = begun.elapsed();
            assert!(waited < PATIENCE, "waited for {what:?}, is {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// How often the chain goes on.
const INTERVAL: Duration = Duration::from_millis(100);

/// A chain that goes on for as long as the deployment on it: one that ended before a fault is there, on a
/// slow machine, would leave nothing to commit that could fail.
pub(super) async fn chain() -> Devnet {
    let chain = ChainConfig {
        tps: 200,
        interval_ms: 100,
        transactions: None,
        ..busy_chain(0)
    };
    start(chain, Pace::Manual, 40).await
}

/// Lets the chain go on until it is stopped.
fn go_on(node: &Arc<Devnet>) -> JoinHandle<()> {
    let node = Arc::clone(node);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(INTERVAL).await;
            node.advance(1);
        }
    })
}

impl Deployment {
    /// Starts the processes of `app`, which has its database by these settings and watches the users.
    pub(super) async fn start(node: Devnet, app: App, store: &str) -> Self {
        let (poll_port, web_port) = (free_port(), free_port());
        app.configure(&format!(
            "[store]\n{store}\n[health]\nlisten = \"127.0.0.1:{poll_port}\"\n\
             [web]\nlisten = \"127.0.0.1:{web_port}\"\n{}",
            contracts()
        ));
        let node = Arc::new(node);
        let going_on = go_on(&node);
        let url = node.url();
        let arguments = ["poll", "--provider", &url, "--from", "0", "--log", "info"];
        let undisturbed = app_watching(&node, |index| index % 4 != 0);
        let calm = undisturbed.start(&["poll", "--provider", &url, "--from", "0", "--log", "warn"]);
        let undisturbed_store = undisturbed.store().await;
        let poll = Process::start(&app, poll_port, &arguments);
        let web = Process::start(&app, web_port, &["web", "--log", "info"]);
        Self {
            poll,
            web,
            node,
            going_on,
            _app: app,
            calm,
            undisturbed,
            undisturbed_store,
        }
    }

    /// Lets the chain go on under the fault; what is logged meanwhile is little.
    pub(super) async fn chain_goes_on(&self) {
        let before = self.poll.log.lines().len();
        let watermark = async || {
            let watermark = self.undisturbed_store.watermark().await;
            watermark
                .expect("a watermark")
                .map_or(0, |mark| mark.checkpoint)
        };
        let (begun, from) = (Instant::now(), watermark().await);
        while watermark().await < from + MEANWHILE {
            assert!(begun.elapsed() < PATIENCE, "the undisturbed one stands");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lines = self.poll.log.lines().split_off(before);
        let per_second = lines.len() as u64 / begun.elapsed().as_secs().max(1);
        assert!(per_second <= 5, "{} lines: {lines:#?}", lines.len());
    }

    /// Compares with the undisturbed run, and ends everything.
    pub(super) async fn ends_with_equal_rows(self, store: SqlStore, name: &str) {
        self.poll.ready().await;
        self.web.ready().await;
        let patience = Duration::from_secs(120);
        self.going_on.abort();
        // It was dropped when this returns, so that the tip stays.
        let _ = self.going_on.await;
        let tip = self.node.tip().expect("a chain");
        let expected = rows_at(tip, &self.undisturbed_store, patience).await;
        let found = rows_at(tip, &store, patience).await;
        store.close().await;
        self.undisturbed_store.close().await;
        let lines = self.poll.log.lines();
        let failing = lines
            .iter()
            .filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\""));
        println!(
            "{name}: {} rows equal, {} warnings of the poller",
            found.len(),
            failing.count()
        );
        crate::kills::assert_same(&expected, &found);
        assert!(!lines.iter().any(|line| line.contains("hush")), "a secret");
        self.calm.stop();
        self.poll.running.stop();
        self.web.running.stop();
        drop(self.undisturbed);
        let node = Arc::into_inner(self.node).expect("nobody else has it");
        node.shutdown().await.expect("the node stops");
    }
}

/// Waits until a store has committed up to the tip, then reads all rows.
async fn rows_at(tip: u64, store: &SqlStore, patience: Duration) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let watermark = store.watermark().await.expect("a watermark");
        let reached = watermark.map(|watermark| watermark.checkpoint);
        if reached == Some(tip) {
            return store.dump_rows().await.expect("rows");
        }
        assert!(begun.elapsed() < patience, "stands at {reached:?} of {tip}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Has `app` watch the users of the node, in the database of these settings.
pub(super) fn watching(node: &Devnet, store: &str) -> App {
    let app = App::with_config(&format!("[store]\n{store}\n{}", contracts()));
    watch_users(&app, node, |index| index % 4 != 0);
    app
}
