//! A Postgres cluster for the tests, from the system's own binaries: made in a temporary folder, on a
//! free port of loopback, and ended with this program. A server that runs already is never touched.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use vigia_testbed::{FAST, Postgres, give_to_server_user};

use crate::run::run;
use crate::tools::debian;

/// What anybody sets who gives Postgres a machine.
const DURABLE: &[&str] = &["-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB"];
/// How long the server may take to answer.
const START_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take to end before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

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
        let postgres = postgres()?;
        // Not in the target folder, which another user may be unable to reach.
        let folder = std::env::temp_dir().join(format!("vigia-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        give_to_server_user(&folder)?;
        let data = folder.join("data");
        run(postgres.initdb(&data).stdout(Stdio::null()))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        eprintln!("starting a Postgres cluster of its own on 127.0.0.1:{port}");
        let log = std::fs::File::create(folder.join("log"))?;
        let server = postgres
            .server(&data, port)
            .args(["-c", "max_connections=300"])
            .args(if durable { DURABLE } else { FAST })
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start postgres")?;
        let url = Postgres::url(port);
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

/// The newest version, installed where there is none.
fn postgres() -> anyhow::Result<Postgres> {
    if let Some(found) = Postgres::newest()? {
        return Ok(found);
    }
    debian(&["postgresql"], "the Postgres store")?;
    Postgres::newest()?
        .context("postgresql is installed, but its binaries are not in /usr/lib/postgresql")
}
