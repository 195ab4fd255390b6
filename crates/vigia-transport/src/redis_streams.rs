//! Frames through Redis Streams: one stream, one consumer group, every worker a consumer.
//!
//! What is acknowledged is also deleted, so that the stream's length is what nobody has committed
//! yet; senders wait while it is too long. A consumer that dies leaves its messages pending, and
//! after `claim_after` without a sign of life others claim them. Losing the server's data loses
//! nothing: pollers send again what was not committed.

mod counts;
mod link;
mod receive;
mod send;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::broker::BrokerReceiver;
use crate::{
    Delivery, Depot, FrameReceiver, Receipt, ReceiverLimits, TransportError, TransportStats,
};

pub use counts::RedisCounts;
pub use send::RedisSender;

use receive::RedisBroker;

/// Its name in errors, logs and for what is set aside.
const NAME: &str = "redis";

/// The group that all workers belong to.
const GROUP: &str = "workers";

/// The field of an entry that has the message.
const FIELD: &str = "m";

/// Letters that a namespace may have.
const NAMESPACE_CHARS_MAX: usize = 64;

/// How to use a Redis server.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://` or `rediss://` (TLS), with user and password where it needs them.
    pub url: String,
    /// Keeps several vigias on one server apart; the stream is `vigia:NAMESPACE:frames`.
    pub namespace: String,
    /// Messages of a consumer that gives no sign of life for so long go to others.
    pub claim_after: Duration,
    /// Consumers that have nothing pending and were not heard of for so long are forgotten. One that
    /// lives reads every two seconds.
    pub consumer_idle_max: Duration,
    /// Entries in the stream at which senders wait; each may be a few beyond what others saw.
    pub length_max: usize,
    /// Bytes of a message at which it is full; a single larger frame makes a larger one.
    pub message_bytes_max: usize,
    /// How long a send is tried before the poller is told.
    pub send_patience: Duration,
    /// What a receiver may have in hand.
    pub receiver: ReceiverLimits,
}

impl RedisConfig {
    /// The server at `url`, and else what suits most.
    pub fn new(url: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            namespace: namespace.into(),
            claim_after: Duration::from_secs(10),
            consumer_idle_max: Duration::from_secs(10 * 60),
            length_max: 1_000,
            message_bytes_max: 64 * 1024,
            send_patience: Duration::from_secs(10),
            receiver: ReceiverLimits::default(),
        }
    }

    /// The stream's key.
    fn stream(&self) -> Result<String, TransportError> {
        let problem = |problem: String| TransportError::Setting {
            setting: "the transport's namespace",
            problem,
        };
        let namespace = &self.namespace;
        let fits = (1..=NAMESPACE_CHARS_MAX).contains(&namespace.len());
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !fits || !namespace.chars().all(plain) {
            return Err(problem(format!(
                "{namespace:?} is not 1 to {NAMESPACE_CHARS_MAX} letters, digits, '-', '_' and '.'"
            )));
        }
        Ok(format!("vigia:{namespace}:frames"))
    }

    /// Refuses limits that would stop everything.
    fn check(&self) -> Result<(), TransportError> {
        let zero = |setting| {
            let problem = "is zero".to_owned();
            Err(TransportError::Setting { setting, problem })
        };
        match () {
            () if self.claim_after.as_millis() == 0 => zero("claim_after"),
            () if self.length_max == 0 => zero("length_max"),
            () if self.message_bytes_max == 0 => zero("message_bytes_max"),
            // Else it might be forgotten between the claim of its messages and its next read.
            () if self.consumer_idle_max < self.claim_after => {
                let problem = format!("is less than claim_after, {:?}", self.claim_after);
                let setting = "consumer_idle_max";
                Err(TransportError::Setting { setting, problem })
            }
            () => Ok(()),
        }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("url", &"(secret)")
            .field("namespace", &self.namespace)
            .field("claim_after", &self.claim_after)
            .field("consumer_idle_max", &self.consumer_idle_max)
            .field("length_max", &self.length_max)
            .field("message_bytes_max", &self.message_bytes_max)
            .field("send_patience", &self.send_patience)
            .field("receiver", &self.receiver)
            .finish()
    }
}

/// Receives frames as a consumer of its own.
pub struct RedisReceiver(BrokerReceiver<RedisBroker>);

impl RedisReceiver {
    /// Starts to receive, whether or not the server can be reached yet; needs a tokio runtime. An
    /// error is one of settings. The depot gets what is no message of vigia's.
    pub fn start(config: &RedisConfig, depot: Arc<dyn Depot>) -> Result<Self, TransportError> {
        let broker = RedisBroker::new(config)?;
        let extend_every = config.claim_after / 3;
        Ok(Self(BrokerReceiver::start(
            broker,
            depot,
            config.receiver,
            extend_every,
        )))
    }
}

#[async_trait]
impl FrameReceiver for RedisReceiver {
    async fn receive(&mut self) -> Result<Delivery, TransportError> {
        self.0.receive().await
    }

    fn receive_waiting(&mut self) -> Option<Delivery> {
        self.0.receive_waiting()
    }

    async fn acknowledge(&mut self, receipts: Vec<Receipt>) -> Result<(), TransportError> {
        self.0.acknowledge(receipts).await
    }

    fn stats(&self) -> Arc<TransportStats> {
        self.0.stats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_plain_and_short() {
        let stream = |namespace: &str| RedisConfig::new("redis://h", namespace).stream();
        assert_eq!(stream("main-1_x.y").unwrap(), "vigia:main-1_x.y:frames");
        assert!(stream(&"n".repeat(NAMESPACE_CHARS_MAX)).is_ok());
        assert!(stream(&"n".repeat(NAMESPACE_CHARS_MAX + 1)).is_err());
        for refused in ["", "a:b", "a b", "ñ"] {
            assert!(stream(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn limits_that_stop_everything_are_refused() {
        let mut config = RedisConfig::new("redis://h", "n");
        config.check().unwrap();
        config.length_max = 0;
        let refused = config.check().unwrap_err();
        assert_eq!(refused.to_string(), "length_max is zero");
        config.length_max = 1;
        config.consumer_idle_max = config.claim_after;
        config.check().unwrap();
        config.consumer_idle_max -= Duration::from_millis(1);
        config.check().unwrap_err();
    }

    #[test]
    fn the_password_is_never_shown() {
        let config = RedisConfig::new("redis://user:s3cret@host:99999/x", "n");
        assert!(!format!("{config:?}").contains("s3cret"));
        let refused = RedisSender::new(&config).err().unwrap();
        let shown = format!("{refused:?} {}", vigia_core::error_chain(&refused));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
