//! The conformance suite on Redis Streams, and the limits of stream, receiver and group.

use std::ffi::OsString;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use redis::FromRedisValue;
use tempfile::TempDir;
use vigia_core::Frame;
use vigia_transport::{FrameReceiver, FrameSender, RedisConfig, RedisReceiver, RedisSender};

use crate::frames::{frames, sequences, text};
use crate::server::Server;
use crate::suite::{Fixture, transport_conformance_suite};
use crate::support::{DEADLINE, MemoryDepot, drain, eventually, next, tool};

const STREAM: &str = "vigia:test:frames";
pub(crate) const PATIENCE: Duration = Duration::from_millis(600);

pub(crate) struct RedisFixture {
    server: Option<Server>,
    pub(crate) port: u16,
    program: OsString,
    directory: TempDir,
    pub(crate) depot: Arc<MemoryDepot>,
}

impl RedisFixture {
    pub(crate) fn config(&self) -> RedisConfig {
        let mut config = RedisConfig::new(format!("redis://127.0.0.1:{}/", self.port), "test");
        config.claim_after = self.patience();
        config
    }

    pub(crate) fn receiver_of(&self, config: &RedisConfig) -> RedisReceiver {
        RedisReceiver::start(config, self.depot.clone()).unwrap()
    }

    /// Runs a command as an administrator would.
    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.config().url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut connection).await.unwrap()
    }

    pub(crate) async fn length(&self) -> usize {
        self.ask(&["XLEN", STREAM]).await
    }

    /// Delivered and not acknowledged.
    pub(crate) async fn pending(&self) -> usize {
        if self.ask::<usize>(&["EXISTS", STREAM]).await == 0 {
            return 0;
        }
        let groups: Vec<redis::Value> = self.ask(&["XINFO", "GROUPS", STREAM]).await;
        if groups.is_empty() {
            return 0;
        }
        let (count, ..): (usize, redis::Value, redis::Value, redis::Value) =
            self.ask(&["XPENDING", STREAM, "workers"]).await;
        count
    }

    pub(crate) fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// Starts again where the old one was, with nothing in it.
    pub(crate) async fn restart(&mut self) {
        let server = Server::start_on(self.port, |port| {
            command(&self.program, &self.directory, port)
        });
        self.server = Some(server.await.expect("the port is still free"));
    }
}

/// A server that keeps nothing and reads no configuration of this machine.
pub(crate) fn command(program: &OsString, directory: &TempDir, port: u16) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory.path());
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(["--save", "", "--appendonly", "no", "--dir"]);
    command.arg(directory.path());
    command
}

pub(crate) fn program() -> Option<OsString> {
    let found = Command::new("redis-server")
        .arg("--version")
        .output()
        .is_ok();
    tool("VIGIA_REDIS_SERVER", found.then(|| "redis-server".into()))
}

impl Fixture for RedisFixture {
    async fn start() -> Option<Self> {
        let program = program()?;
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(|port| command(&program, &directory, port)).await;
        Some(Self {
            port: server.port,
            server: Some(server),
            program,
            directory,
            depot: Arc::default(),
        })
    }

    async fn sender(&self) -> Arc<dyn FrameSender> {
        Arc::new(RedisSender::new(&self.config()).unwrap())
    }

    async fn receiver(&self) -> Box<dyn FrameReceiver> {
        let mut config = self.config();
        config.receiver.messages_max = 1;
        Box::new(self.receiver_of(&config))
    }

    async fn receiver_within(&self, hold_max: Duration) -> Option<Box<dyn FrameReceiver>> {
        let mut config = self.config();
        (config.receiver.hold_max, config.receiver.messages_max) = (hold_max, 1);
        Some(Box::new(self.receiver_of(&config)))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    async fn put(&self, message: &[u8]) -> bool {
        let client = redis::Client::open(self.config().url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd("XADD");
        command.arg(STREAM).arg("*").arg("m").arg(message);
        command.query_async::<()>(&mut connection).await.unwrap();
        true
    }

    async fn is_empty(&self) -> bool {
        self.length().await == 0 && self.pending().await == 0
    }

    fn depot(&self) -> &MemoryDepot {
        &self.depot
    }
}

transport_conformance_suite!(RedisFixture);

#[tokio::test]
async fn a_full_stream_holds_senders_back() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let mut config = fixture.config();
    config.length_max = 5;
    let sender = RedisSender::new(&config).unwrap();
    let frames = frames(1, 20);
    let to_send = frames.clone();
    let sending = tokio::spawn(async move {
        for frame in to_send {
            sender.send(vec![frame]).await.unwrap();
        }
    });
    eventually("the stream is full", async || fixture.length().await == 5).await;
    let mut receiver = fixture.receiver_of(&config);
    let mut seen = Vec::new();
    while seen.len() < 20 {
        assert!(fixture.length().await <= 5);
        let delivery = next(&mut receiver).await;
        assert!(seen.len() > 14 || !sending.is_finished());
        seen.extend(delivery.frames);
        receiver.acknowledge(vec![delivery.receipt]).await.unwrap();
    }
    sending.await.unwrap();
    assert_eq!(text(&seen), text(&frames));
}

/// A receiver that nobody asks reads so far and no further; another gets the rest.
#[tokio::test]
async fn reading_ahead_has_an_end() {
    const READ_AT_ONCE: usize = 8;
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let mut config = fixture.config();
    (config.length_max, config.message_bytes_max) = (10_000, 1);
    config.receiver.messages_max = 1;
    let idle = fixture.receiver_of(&config);
    let sender = RedisSender::new(&config).unwrap();
    sender.send(frames(1, READ_AT_ONCE)).await.unwrap();
    eventually("it has read", async || {
        fixture.pending().await == READ_AT_ONCE
    })
    .await;
    let rest: Vec<Frame> = frames(1, 320).split_off(READ_AT_ONCE);
    sender.send(rest.clone()).await.unwrap();

    config.receiver.messages_max = 16;
    let mut busy = fixture.receiver_of(&config);
    let (mut seen, mut receipts) = (Vec::new(), Vec::new());
    while seen.len() < rest.len() {
        let delivery = next(&mut busy).await;
        seen.extend(delivery.frames);
        receipts.push(delivery.receipt);
    }
    assert_eq!(text(&seen), text(&rest));
    // All at once, more than one command names.
    busy.acknowledge(receipts).await.unwrap();
    assert_eq!(fixture.length().await, READ_AT_ONCE);
    assert_eq!(fixture.pending().await, READ_AT_ONCE);
    drop(idle);
    drain(&mut busy, READ_AT_ONCE).await;
}

/// One call with more messages than there is room for.
#[tokio::test]
async fn a_large_send_goes_in_parts() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let mut config = fixture.config();
    (config.length_max, config.message_bytes_max) = (3, 1);
    let sender = RedisSender::new(&config).unwrap();
    let frames = frames(1, 40);
    let to_send = frames.clone();
    let sending = tokio::spawn(async move { sender.send(to_send).await.unwrap() });
    let mut receiver = fixture.receiver_of(&config);
    assert_eq!(text(&drain(&mut receiver, 40).await), text(&frames));
    sending.await.unwrap();
}

#[tokio::test]
async fn consumers_without_messages_are_forgotten() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let consumers = async || {
        let consumers: Vec<redis::Value> = fixture
            .ask(&["XINFO", "CONSUMERS", STREAM, "workers"])
            .await;
        consumers.len()
    };
    // Nobody claims or forgets anything in the time of this test.
    let mut patient = fixture.config();
    (patient.claim_after, patient.consumer_idle_max) = (DEADLINE, DEADLINE);
    patient.receiver.messages_max = 1;
    let sender = RedisSender::new(&patient).unwrap();

    sender.send(frames(1, 1)).await.unwrap();
    let mut without = fixture.receiver_of(&patient);
    drain(&mut without, 1).await;
    drop(without);
    sender.send(frames(1, 1)).await.unwrap();
    let mut with = fixture.receiver_of(&patient);
    let in_hand = next(&mut with).await;
    drop((with, in_hand));
    assert_eq!(consumers().await, 2);

    let mut sweeping = patient.clone();
    sweeping.claim_after = Duration::from_secs(1);
    sweeping.consumer_idle_max = Duration::from_secs(1);
    let mut receiver = fixture.receiver_of(&sweeping);
    // It claims the message of one, which leaves both without any.
    let claimed = next(&mut receiver).await;
    assert_eq!(sequences(&claimed.frames), [0]);
    eventually("only the one that lives is left", async || {
        consumers().await == 1
    })
    .await;
    receiver.acknowledge(vec![claimed.receipt]).await.unwrap();
    eventually("all is acknowledged", || fixture.is_empty()).await;
}

#[tokio::test]
async fn an_entry_without_a_message_is_set_aside() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let _id: String = fixture.ask(&["XADD", STREAM, "*", "other", "thing"]).await;
    let receiver = fixture.receiver_of(&fixture.config());
    let stats = receiver.stats();
    eventually("it is set aside", async || stats.malformed() == 1).await;
    eventually("it is acknowledged", || fixture.is_empty()).await;
    let (transport, reason, bytes) = fixture.depot.kept().aside[0].clone();
    assert_eq!(
        (transport.as_str(), reason.as_str()),
        ("redis", "the entry has no field \"m\"")
    );
    assert!(String::from_utf8(bytes).unwrap().contains("thing"));
}
