//! A Postgres cluster of a test's own, which it may stop, kill and start again as it likes. Tests that
//! only need a database use the cluster that all share.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PostgresDatabase, free_port, required};

/// How long the server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// The user that Debian's package makes: Postgres refuses to run as root.
const DEBIAN_USER: &str = "postgres";

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
    binaries: PathBuf,
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
        let Some(binaries) = newest_binaries() else {
            assert!(
                !required("VIGIA_REQUIRE_POSTGRES"),
                "Postgres is required and missing"
            );
            eprintln!("skipped: there is no Postgres in /usr/lib/postgresql");
            return None;
        };
        let mut cluster = Self {
            binaries,
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
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
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
        let made = as_user(&self.binaries.join("initdb"))
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"])
            .arg("--locale=C.UTF-8")
            .arg("-X")
            .arg(self.folder.path().join("wal"))
            .arg("-D")
            .arg(&self.data)
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
        as_user(&self.binaries.join("postgres"))
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            // What is lost without is lost with the machine, and it stays on.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
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
            let asked = Command::new(self.binaries.join("pg_isready"))
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
    if is_root() {
        let owned = Command::new("chown").arg(DEBIAN_USER).arg(folder).status();
        assert!(owned.expect("chown runs").success());
    }
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn send(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.expect("kill runs");
}

/// Debian keeps one folder a version.
fn newest_binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|version| {
        let version = version.ok()?;
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        let folder = version.path().join("bin");
        folder.join("initdb").exists().then_some((number, folder))
    });
    versions.max().map(|(_, folder)| folder)
}

/// A command as a user that Postgres runs as; a server ends when the test does.
pub(super) fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        let user = format!("--reuid={DEBIAN_USER}");
        let group = format!("--regid={DEBIAN_USER}");
        command.args([&user, &group, "--init-groups"]);
    }
    command.arg("--pdeathsig=INT").arg(program);
    command.current_dir("/");
    command
}
