//! Frames through Amazon SQS: a standard queue, long polling, and the depot for large messages.
//!
//! A message that was received is invisible to others for a while; that while is extended as long
//! as the delivery is in hand. TLS is rustls with ring. Credentials come from the settings, or from
//! where AWS keeps them: environment, profile files, web identity, container, instance.

mod body;
mod client;
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

pub use send::SqsSender;

use receive::SqsBroker;

/// Its name in errors, logs and for what is set aside.
const NAME: &str = "sqs";

/// What SQS allows.
const VISIBILITY_S: std::ops::RangeInclusive<u64> = 1..=12 * 60 * 60;
const WAIT_S: std::ops::RangeInclusive<u64> = 0..=20;

/// How to use a queue.
#[derive(Clone, Debug)]
pub struct SqsConfig {
    /// The queue's address, as AWS shows it.
    pub queue_url: String,
    /// Its region; else what the environment says.
    pub region: Option<String>,
    /// Another address of the service, for what imitates it.
    pub endpoint_url: Option<String>,
    /// Fixed credentials; else what AWS finds in the surroundings.
    pub credentials: Option<SqsCredentials>,
    /// How long a message is kept from others at a time, in whole seconds; extended while it is in
    /// hand. After a worker died, this is how long others wait.
    pub visibility: Duration,
    /// How long one call waits for messages, in whole seconds.
    pub wait: Duration,
    /// How long a send is tried before the poller is told.
    pub send_patience: Duration,
    /// What a receiver may have in hand.
    pub receiver: ReceiverLimits,
}

/// An access key.
#[derive(Clone)]
pub struct SqsCredentials {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// For temporary keys.
    pub session_token: Option<String>,
}

impl fmt::Debug for SqsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqsCredentials(secret)")
    }
}

impl SqsConfig {
    /// The queue at `queue_url`, and else what suits most.
    pub fn new(queue_url: impl Into<String>) -> Self {
        Self {
            queue_url: queue_url.into(),
            region: None,
            endpoint_url: None,
            credentials: None,
            visibility: Duration::from_secs(30),
            wait: Duration::from_secs(20),
            send_patience: Duration::from_secs(10),
            receiver: ReceiverLimits::default(),
        }
    }

    /// Refuses what SQS would.
    fn check(&self) -> Result<(), TransportError> {
        in_whole_seconds("visibility", self.visibility, &VISIBILITY_S)?;
        in_whole_seconds("wait", self.wait, &WAIT_S)
    }
}

fn in_whole_seconds(
    setting: &'static str,
    value: Duration,
    range: &std::ops::RangeInclusive<u64>,
) -> Result<(), TransportError> {
    if range.contains(&value.as_secs()) && value.subsec_nanos() == 0 {
        return Ok(());
    }
    let problem = format!(
        "is {value:?}, and SQS takes whole seconds from {} to {}",
        range.start(),
        range.end()
    );
    Err(TransportError::Setting { setting, problem })
}

/// Receives frames from a queue.
pub struct SqsReceiver(BrokerReceiver<SqsBroker>);

impl SqsReceiver {
    /// Starts to receive, whether or not SQS can be reached yet. An error is one of settings. The
    /// depot gives what was too large for a message and gets what is no message of vigia's.
    pub async fn start(config: &SqsConfig, depot: Arc<dyn Depot>) -> Result<Self, TransportError> {
        let broker = SqsBroker::new(config).await?;
        Ok(Self(BrokerReceiver::start(
            broker,
            depot,
            config.receiver,
            config.visibility / 3,
        )))
    }
}

#[async_trait]
impl FrameReceiver for SqsReceiver {
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
    fn times_are_those_that_sqs_takes() {
        let check = |visibility_ms, wait_ms| {
            let mut config = SqsConfig::new("http://queue");
            config.visibility = Duration::from_millis(visibility_ms);
            config.wait = Duration::from_millis(wait_ms);
            config.check().is_ok()
        };
        assert!(check(1_000, 0) && check(43_200_000, 20_000));
        assert!(!check(0, 0) && !check(999, 0) && !check(1_500, 0) && !check(43_201_000, 0));
        assert!(!check(1_000, 20_001) && !check(1_000, 21_000));
    }

    #[test]
    fn keys_are_never_shown() {
        let mut config = SqsConfig::new("http://queue");
        config.credentials = Some(SqsCredentials {
            access_key_id: "AKIDENTIFIER".to_owned(),
            secret_access_key: "s3cret".to_owned(),
            session_token: None,
        });
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("AKID"),
            "{shown}"
        );
    }
}
