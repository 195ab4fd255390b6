//! Appends messages to the stream, as many as it has room for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::streams::StreamInfoGroupsReply;
use vigia_core::Frame;

use super::link::{Link, failed};
use super::{FIELD, GROUP, NAME, RedisConfig};
use crate::backoff::{Attempts, Backoff};
use crate::{Backlog, FrameSender, TransportError, TransportStats, codec};

/// Messages appended in one go at most.
const APPEND_MAX: usize = 16;

/// The stream is cut where it is so many times longer than senders let it grow: the last resort
/// against a server without memory. What is cut off is sent again by its poller.
const CUT_FACTOR: usize = 4;

/// Sends frames through Redis.
pub struct RedisSender {
    link: Link,
    stream: String,
    length_max: usize,
    message_bytes_max: usize,
    patience: Duration,
    stats: Arc<TransportStats>,
}

impl RedisSender {
    /// A sender, whether or not the server can be reached yet. An error is one of settings.
    pub fn new(config: &RedisConfig) -> Result<Self, TransportError> {
        config.check()?;
        Ok(Self {
            stream: config.stream()?,
            link: Link::new(&config.url, Duration::ZERO)?,
            length_max: config.length_max,
            message_bytes_max: config.message_bytes_max,
            patience: config.send_patience,
            stats: Arc::default(),
        })
    }

    /// Waits until the stream has room; how much.
    async fn room(&self) -> Result<usize, TransportError> {
        let mut full = Backoff::while_full();
        loop {
            let mut length = redis::cmd("XLEN");
            length.arg(&self.stream);
            let asking = || self.link.query::<usize>(&length);
            let length = self
                .patiently("asking for the stream's length", asking)
                .await?;
            if length < self.length_max {
                return Ok(self.length_max - length);
            }
            full.wait().await;
        }
    }

    async fn append(&self, messages: &[Vec<u8>]) -> Result<(), TransportError> {
        let mut pipeline = redis::pipe();
        for message in messages {
            pipeline
                .cmd("XADD")
                .arg(&self.stream)
                .arg("MAXLEN")
                .arg("~")
                .arg(self.length_max.saturating_mul(CUT_FACTOR))
                .arg("*")
                .arg(FIELD)
                .arg(message)
                .ignore();
        }
        let appending = || self.link.query_all::<()>(&pipeline);
        self.patiently("sending frames", appending).await
    }

    /// Tries a call again while it fails in a way that passes. What went through and was not
    /// answered is sent twice.
    async fn patiently<T, F>(
        &self,
        doing: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, TransportError>
    where
        F: Future<Output = Result<T, redis::RedisError>>,
    {
        let mut attempts = Attempts::new(NAME, self.patience, &self.stats);
        loop {
            match call().await {
                Ok(answer) => {
                    attempts.succeeded();
                    return Ok(answer);
                }
                Err(error) => attempts.failed(failed(doing, error)).await?,
            }
        }
    }
}

#[async_trait]
impl FrameSender for RedisSender {
    async fn send(&self, frames: Vec<Frame>) -> Result<(), TransportError> {
        let messages = codec::encode(&frames, self.message_bytes_max)?;
        let mut rest = &messages[..];
        while !rest.is_empty() {
            let room = self.room().await?;
            let (now, later) = rest.split_at(room.min(APPEND_MAX).min(rest.len()));
            self.append(now).await?;
            rest = later;
        }
        self.stats.count_frames(frames.len());
        Ok(())
    }

    fn stats(&self) -> Arc<TransportStats> {
        Arc::clone(&self.stats)
    }

    async fn backlog(&self) -> Result<Option<Backlog>, TransportError> {
        let doing = "asking how many messages there are";
        let on_stream = |words: &[&str]| {
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]).arg(&self.stream);
            command
        };
        let length = self.link.query::<u64>(&on_stream(&["XLEN"])).await;
        let length = length.map_err(|error| failed(doing, error))?;
        if length == 0 {
            return Ok(Some(Backlog::default()));
        }
        let groups = on_stream(&["XINFO", "GROUPS"]);
        let groups = self.link.query::<StreamInfoGroupsReply>(&groups).await;
        let groups = groups.map_err(|error| failed(doing, error))?.groups;
        let pending = groups.iter().find(|group| group.name == GROUP);
        let held = pending.map_or(0, |group| group.pending as u64).min(length);
        Ok(Some(Backlog {
            waiting: length - held,
            held,
        }))
    }
}
