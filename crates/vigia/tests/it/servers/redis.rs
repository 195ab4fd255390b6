//! A Redis server of a test's own, which keeps nothing.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{free_port, required};

/// A Redis server that keeps nothing; ended with its guard.
pub(crate) struct Redis {
    program: String,
    folder: TempDir,
    port: u16,
    server: Child,
}

impl Redis {
    /// None where there is no Redis, which it says.
    pub(crate) fn start() -> Option<Self> {
        let program = std::env::var("VIGIA_REDIS_SERVER").unwrap_or("redis-server".to_owned());
        let version = Command::new(&program).arg("--version").output();
        if !version.is_ok_and(|output| output.status.success()) {
            assert!(
                !required("VIGIA_REQUIRE_BROKERS"),
                "{program} is required and missing"
            );
            eprintln!("skipped: there is no {program}");
            return None;
        }
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder");
        let server = spawn(&program, &folder, port);
        Some(Self {
            program,
            folder,
            port,
            server,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Kills the server and starts an empty one in its place.
    pub(crate) fn restart_empty(&mut self) {
        self.server.kill().expect("it was running");
        self.server.wait().expect("it is gone");
        self.server = spawn(&self.program, &self.folder, self.port);
    }
}

fn spawn(program: &str, folder: &TempDir, port: u16) -> Child {
    let server = Command::new(program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis starts");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "redis is silent");
        std::thread::sleep(Duration::from_millis(10));
    }
    server
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone_already = self.server.kill();
        let _reaped = self.server.wait();
    }
}
