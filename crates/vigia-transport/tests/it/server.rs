//! A server of a test's own: on a free port, gone with the test.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::DEADLINE;

/// A running program, ended by its own id on drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts what `command` says for a port, and waits until it answers there. A port that somebody
    /// else was quicker to take is tried with another.
    pub(crate) async fn start(command: impl Fn(u16) -> Command) -> Self {
        for _ in 0..5 {
            let port = free_port();
            if let Some(server) = Self::start_on(port, &command).await {
                return server;
            }
        }
        panic!("the server did not start on any of five ports");
    }

    /// Starts it on this port; none if it ended instead of answering.
    pub(crate) async fn start_on(port: u16, command: impl Fn(u16) -> Command) -> Option<Self> {
        let mut command = command(port);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut server = Self {
            child: command.spawn().expect("the server can be started"),
            port,
        };
        // Asked again and again, since servers tell nobody in a way that all of them share, in every version
        // and at every log level, when they take connections; and that is what tests wait for.
        let until = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if server.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(
                Instant::now() < until,
                "the server does not answer on {port}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Somebody else's server may be what answered.
        server.child.try_wait().unwrap().is_none().then_some(server)
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) -> u16 {
        self.end();
        self.port
    }

    fn end(&mut self) {
        // SIGKILL; there is nothing to do about one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
