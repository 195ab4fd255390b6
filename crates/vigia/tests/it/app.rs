//! A data folder, and the binary run on it. Nothing it starts outlives it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use vigia_core::SystemClock;
use vigia_store::{SqlStore, SqliteOptions};

/// How long anything may take before a test gives up: generous, for two busy cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of its own for one test.
pub(crate) struct App {
    folder: TempDir,
    environment: Vec<(&'static str, &'static str)>,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with_config("")
    }

    /// With the text of a configuration file.
    pub(crate) fn with_config(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let environment = Vec::new();
        let app = Self {
            folder,
            environment,
        };
        app.configure(config);
        app
    }

    /// With these variables in the environment of its processes.
    pub(crate) fn in_environment(mut self, variables: &[(&'static str, &'static str)]) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Replaces the configuration file.
    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.path("vigia.toml"), config).expect("a configuration file");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// A command on this folder, the environment's settings shut out.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vigia"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VIGIA_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data_dir());
        command.arg("--config").arg(self.path("vigia.toml"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.envs(self.environment.iter().copied());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Runs a command that has to succeed, and returns what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "vigia {arguments:?} failed: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Starts a command that goes on running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_logged(arguments).0
    }

    /// Also returns what it logs, line by line.
    /// Everything in one process, from the first checkpoint of a provider on.
    pub(crate) fn follow(&self, url: &str) -> Running {
        let up = [
            "up",
            "--provider",
            url,
            "--from",
            "0",
            "--listen",
            "127.0.0.1:0",
        ];
        self.start(&[up.as_slice(), &["--log", "warn"]].concat())
    }

    pub(crate) fn start_logged(&self, arguments: &[&str]) -> (Running, Log) {
        Running::start(self.command(arguments))
    }

    /// Starts a command that ends by itself at a point of its work (`vigia::delivery::crash`).
    pub(crate) fn start_to_crash(&self, arguments: &[&str], at: &str) -> Running {
        let mut command = self.command(arguments);
        command.env("VIGIA_TEST_CRASH_AT", at);
        Running::start(command).0
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--json"])).expect("status is JSON")
    }

    /// Waits until `holds` of the status.
    pub(crate) fn wait_for(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            if self.data_dir().join("vigia.db").exists() {
                let output = self.run(&["status", "--json"]);
                if let Ok(status) = serde_json::from_slice::<Value>(&output.stdout)
                    && holds(&status)
                {
                    return status;
                }
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "waited in vain for {what}: {}",
                self.status()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The database itself.
    pub(crate) async fn store(&self) -> SqlStore {
        let options = SqliteOptions::new(self.data_dir().join("vigia.db"));
        SqlStore::open(options, Arc::new(SystemClock))
            .await
            .expect("the database opens")
    }
}

/// What a process has logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Heard>);

#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Log {
    fn hear(&self, line: String) {
        self.0.lines.lock().unwrap().push(line);
        self.0.more.notify_all();
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lines.lock().unwrap().clone()
    }

    /// Waits until a line holds `text`.
    pub(crate) fn wait_for(&self, text: &str) {
        let lines = self.0.lines.lock().unwrap();
        let is_missing = |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(text));
        let waited = self.0.more.wait_timeout_while(lines, PATIENCE, is_missing);
        let (lines, waited) = waited.unwrap();
        drop(lines);
        assert!(!waited.timed_out(), "waited in vain for {text:?}");
    }
}

/// A process that ends with its guard.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    /// Starts a command that goes on running; also returns what it logs.
    pub(crate) fn start(mut command: Command) -> (Self, Log) {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let log = Log::default();
        let heard = log.clone();
        // Read on, so that a full pipe never stops the process; shown when a test fails.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("  {line}");
                heard.hear(line);
            }
        });
        (Self { child }, log)
    }

    pub(crate) fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("a process id fits");
        // SAFETY: kill has no memory effects, and the child has not been waited for.
        #[expect(unsafe_code, reason = "no safe wrapper in the dependencies there are")]
        let result = unsafe { libc::kill(pid, signal) };
        assert_eq!(result, 0, "the process was there to be signalled");
    }

    /// The most memory it has had so far, in MiB.
    pub(crate) fn peak_memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process is there");
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.expect("it says so").parse::<u64>().expect("a number") / 1024
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self, patience: Duration) -> std::process::ExitStatus {
        let (ended, end) = std::sync::mpsc::channel();
        let id = self.child.id();
        std::thread::spawn(move || {
            // SAFETY: it writes into what it is given and nowhere else, and leaves the child to be waited for.
            #[expect(unsafe_code, reason = "no safe wrapper in the dependencies there are")]
            unsafe {
                let mut information = std::mem::zeroed();
                libc::waitid(
                    libc::P_PID,
                    id,
                    &mut information,
                    libc::WEXITED | libc::WNOWAIT,
                );
            }
            // Whoever waited may have given up.
            let _ = ended.send(());
        });
        end.recv_timeout(patience).expect("the process ends");
        self.child.wait().expect("the child can be waited for")
    }

    /// Ends it as Ctrl-C's sibling does, and checks that it obeys.
    pub(crate) fn stop(mut self) {
        self.signal(libc::SIGTERM);
        let status = self.wait(Duration::from_secs(10));
        assert!(status.success(), "stopped with {status}");
    }

    /// The line of its output that contains `word`.
    pub(crate) fn line_with(&mut self, word: &str) -> String {
        let stdout = self.child.stdout.as_mut().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(word))
            .unwrap_or_else(|| panic!("it ended without saying {word:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A client for pages. TLS is asked for its provider even where there is none to speak.
pub(crate) fn http() -> reqwest::Client {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Real checkpoints, where they are at hand; a test without them says that it was skipped.
pub(crate) fn chain_data(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VIGIA_CHAIN_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/chain-data"),
        PathBuf::from,
    );
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var("VIGIA_REQUIRE_CHAIN_DATA").is_ok_and(|value| value == "1");
    assert!(!required, "{} is required and missing", path.display());
    eprintln!("skipped: there is no chain data at {}", path.display());
    None
}
