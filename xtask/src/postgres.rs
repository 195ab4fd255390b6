//! A Postgres cluster for the tests, from the system's own binaries: made in a temporary folder, on a
//! free port of loopback, and ended with this program. A server that runs already is never touched.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::run::run;
use crate::tools::{debian, is_root};

const FAST: &[&str] = &["-c", "fsync=off", "-c", "full_page_writes=off"];
/// What anybody sets who gives Postgres a machine.
const DURABLE: &[&str] = &["-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB"];
/// How long the server may take to answer.
const START_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take to end before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// The user that Debian's package makes: Postgres refuses to run as root.
const DEBIAN_USER: &str = "postgres";

/// A running cluster; ended when dropped.
pub(crate) struct Cluster {
    server: Child,
    folder: PathBuf,
    /// Where it is, for a user who may create roles and databases.
    pub(crate) url: String,
}

impl Cluster {
    /// The process that all others of the cluster belong to.
    pub(crate) fn process_id(&self) -> u32 {
        self.server.id()
    }
}

impl Cluster {
    /// Starts a cluster, installing Postgres where it is missing. One for benches keeps what it commits
    /// through power loss, as in use; one for tests has no need to.
    pub(crate) fn start(durable: bool) -> anyhow::Result<Self> {
        let binaries = binaries()?;
        // Not in the target folder, which another user may be unable to reach.
        let folder = std::env::temp_dir().join(format!("vigia-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            run(Command::new("chown").arg(DEBIAN_USER).arg(&folder))?;
        }
        let data = folder.join("data");
        let mut initdb = as_user(&binaries.join("initdb"));
        let options = [
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ];
        run(initdb
            .arg("-D")
            .arg(&data)
            .args(options)
            .arg("--no-sync")
            .stdout(Stdio::null()))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        eprintln!("starting a Postgres cluster of its own on 127.0.0.1:{port}");
        let log = std::fs::File::create(folder.join("log"))?;
        let mut postgres = as_user(&binaries.join("postgres"));
        let server = postgres
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args([
                "-c",
                "unix_socket_directories=",
                "-c",
                "max_connections=300",
            ])
            .args(if durable { DURABLE } else { FAST })
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start postgres")?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut cluster = Self {
            server,
            folder,
            url,
        };
        cluster.wait(port)?;
        Ok(cluster)
    }

    fn wait(&mut self, port: u16) -> anyhow::Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.server.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("log"))?;
                bail!("postgres ended with {status}:\n{log}");
            }
            if begun.elapsed() > START_WITHIN {
                bail!("postgres does not answer on port {port}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A fast shutdown of the process that was started here; its children end with it.
        let mut interrupt = Command::new("kill");
        let _gone_already = interrupt
            .args(["-INT", &self.server.id().to_string()])
            .status();
        let begun = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) {
            if begun.elapsed() > STOP_WITHIN {
                let _gone_already = self.server.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// The newest version's binaries, which Debian keeps off the path.
fn binaries() -> anyhow::Result<PathBuf> {
    if let Some(found) = newest()? {
        return Ok(found);
    }
    debian(&["postgresql"], "the Postgres store")?;
    newest()?.context("postgresql is installed, but its binaries are not in /usr/lib/postgresql")
}

fn newest() -> anyhow::Result<Option<PathBuf>> {
    let versions = match std::fs::read_dir("/usr/lib/postgresql") {
        Ok(versions) => versions,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut found: Option<(u32, PathBuf)> = None;
    for version in versions {
        let version = version?;
        let number = version.file_name().to_string_lossy().parse().unwrap_or(0);
        let folder = version.path().join("bin");
        let whole = folder.join("initdb").exists() && folder.join("postgres").exists();
        if whole && found.as_ref().is_none_or(|(best, _)| number > *best) {
            found = Some((number, folder));
        }
    }
    Ok(found.map(|(_, folder)| folder))
}

/// A command as a user that Postgres runs as, which ends when this program does.
fn as_user(program: &Path) -> Command {
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
