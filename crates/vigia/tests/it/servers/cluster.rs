//! A Postgres cluster of a test's own, which it may stop, kill and start again as it likes. Tests that
//! only need a database use the cluster that all share.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vigia_testbed::{FAST, Postgres, give_to_server_user};

use super::{PostgresDatabase, free_port, required};

/// How long the server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// Connections are ended, what is committed is written out.
    Fast,
    /// As in a crash: what is committed is recovered at the next start.
    Immediate,
    /// SIGKILL; its children notice and end too.
    Kill,
}

/// A cluster, running or not; ended and removed with its guard.
pub(crate) struct Cluster {
    postgres: Postgres,
    folder: TempDir,
    data: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// None where there is no Postgres, which it says.
    pub(crate) fn start() -> Option<Self> {
        let folder = owned_folder();
        let data = folder.path().join("data");
        Self::start_in(folder, data)
    }

    /// With its tables and indexes in `data`, and its log of writes elsewhere.
    pub(crate) fn start_in(folder: TempDir, data: PathBuf) -> Option<Self> {
        let Some(postgres) = Postgres::newest().expect("its folder can be read") else {
            assert!(
                !required("VIGIA_REQUIRE_POSTGRES"),
                "Postgres is required and missing"
            );
            eprintln!("skipped: there is no Postgres in /usr/lib/postgresql");
            return None;
        };
        let mut cluster = Self {
            postgres,
            folder,
            data,
            port: free_port(),
            server: None,
        };
        cluster.make();
        cluster.go_on();
        Some(cluster)
    }

    /// Its address, for a user who may do everything.
    pub(crate) fn url(&self) -> String {
        Postgres::url(self.port)
    }

    pub(crate) async fn database(&self) -> PostgresDatabase {
        PostgresDatabase::create_on(&self.url()).await
    }

    /// Ends the server, and waits until it has ended.
    pub(crate) fn stop(&mut self, how: Shutdown) {
        let mut server = self.server.take().expect("it was running");
        let signal = match how {
            Shutdown::Fast => "-INT",
            Shutdown::Immediate => "-QUIT",
            Shutdown::Kill => "-KILL",
        };
        send(signal, server.id());
        let begun = Instant::now();
        while server.try_wait().expect("it can be waited for").is_none() {
            assert!(begun.elapsed() < PATIENCE, "postgres does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts the server again, and waits until it takes connections.
    pub(crate) fn go_on(&mut self) {
        assert!(self.server.is_none(), "it was stopped");
        let begun = Instant::now();
        // The children of a server that was killed may hold its memory for a moment.
        while self.server.is_none() {
            assert!(begun.elapsed() < PATIENCE, "no start:\n{}", self.log());
            let mut server = self.spawn();
            if self.takes_connections(&mut server) {
                self.server = Some(server);
            }
        }
    }

    /// The processes that serve connections of `vigia`.
    pub(crate) fn signal_children(&self, signal: &str) {
        let server = self.server.as_ref().expect("it is running").id();
        let children = format!("/proc/{server}/task/{server}/children");
        let children = std::fs::read_to_string(children).expect("its children");
        for child in children.split_whitespace() {
            // One may have ended by itself meanwhile.
            send(signal, child.parse().expect("a process id"));
        }
    }

    fn make(&self) {
        let made = self
            .postgres
            .initdb(&self.data)
            .arg("-X")
            .arg(self.folder.path().join("wal"))
            .output()
            .expect("initdb runs");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {said}");
    }

    fn spawn(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log");
        self.postgres
            .server(&self.data, self.port)
            .args(FAST)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("postgres starts")
    }

    fn takes_connections(&self, server: &mut Child) -> bool {
        let begun = Instant::now();
        loop {
            if server.try_wait().expect("it can be waited for").is_some() {
                return false;
            }
            let asked = Command::new(self.postgres.program("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            if asked.expect("pg_isready runs").success() {
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "silent:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The end of what the server has said.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.signal_children("-CONT");
            self.stop(Shutdown::Immediate);
        }
    }
}

/// A folder that belongs to the user Postgres runs as.
pub(crate) fn owned_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    own(folder.path());
    folder
}

/// Gives a folder to the user Postgres runs as.
pub(crate) fn own(folder: &Path) {
    give_to_server_user(folder).expect("chown runs");
}

fn send(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.expect("kill runs");
}
