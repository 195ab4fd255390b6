//! A Redis server of a bench's own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::usage;

/// How long the server may take to answer.
const REDIS_PATIENCE: Duration = Duration::from_secs(10);

/// A server of its own, which keeps nothing on disk.
pub(crate) struct Redis {
    server: Child,
    pub(crate) port: u16,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("a port").port();
        drop(free);
        let server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian's package of that name)");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < REDIS_PATIENCE, "redis-server answers");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { server, port }
    }

    pub(crate) fn id(&self) -> u32 {
        self.server.id()
    }

    pub(crate) fn cpu_time(&self) -> Duration {
        usage::cpu_time_of(self.server.id()).expect("it runs")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        usage::look();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
