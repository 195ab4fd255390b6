//! Sends messages in batches, and again the entries of a batch that failed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use vigia_core::Frame;

use super::body::{self, RAW_BYTES_MAX};
use super::client::{client, failed};
use super::{NAME, SqsConfig};
use crate::backoff::Attempts;
use crate::{Backlog, Depot, FrameSender, TransportError, TransportStats, codec};

const SENDING: &str = "sending frames";

/// Sends frames to a queue. SQS holds any number of messages, so it never holds a poller back.
pub struct SqsSender {
    client: Client,
    queue_url: String,
    depot: Arc<dyn Depot>,
    patience: Duration,
    stats: Arc<TransportStats>,
}

impl SqsSender {
    /// A sender, whether or not SQS can be reached yet. An error is one of settings. The depot gets
    /// what is too large for a message.
    pub async fn new(config: &SqsConfig, depot: Arc<dyn Depot>) -> Result<Self, TransportError> {
        Ok(Self {
            client: client(config).await?,
            queue_url: config.queue_url.clone(),
            depot,
            patience: config.send_patience,
            stats: Arc::default(),
        })
    }

    /// What goes into the queue for a message, with the depot's help where it is large.
    async fn body(&self, message: &[u8]) -> Result<String, TransportError> {
        if message.len() <= RAW_BYTES_MAX {
            return Ok(body::inline(message));
        }
        let id = body::depot_id(message);
        let mut attempts = self.attempts();
        loop {
            match self.depot.blob_put(&id, message).await {
                Ok(()) => return Ok(body::by_reference(&id)),
                Err(error) => attempts.failed(TransportError::Depot(error)).await?,
            }
        }
    }

    /// Sends one batch; what went through and was not answered is sent twice.
    async fn send_batch(&self, mut bodies: Vec<String>) -> Result<(), TransportError> {
        let mut attempts = self.attempts();
        loop {
            match self.send_once(&bodies).await {
                Ok(Unsent { error: None, .. }) => {
                    attempts.succeeded();
                    return Ok(());
                }
                Ok(Unsent {
                    entries,
                    error: Some(error),
                }) => {
                    attempts.failed(error).await?;
                    let unsent = bodies.into_iter().enumerate();
                    bodies = unsent
                        .filter(|(index, _)| entries.contains(&index.to_string()))
                        .map(|(_, body)| body)
                        .collect();
                }
                Err(error) => attempts.failed(error).await?,
            }
        }
    }

    async fn send_once(&self, bodies: &[String]) -> Result<Unsent, TransportError> {
        let mut request = self.client.send_message_batch().queue_url(&self.queue_url);
        for (index, body) in bodies.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(body)
                .build()
                .expect("id and body are set");
            request = request.entries(entry);
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| failed(SENDING, error))?;
        let mut unsent = Unsent::default();
        for entry in answer.failed {
            let message = entry.message.unwrap_or_default();
            let source = format!("{}: {message}", entry.code).into();
            let (broker, doing) = (NAME, SENDING);
            // What no try mends says so, whatever else failed.
            if entry.sender_fault {
                unsent.error = Some(TransportError::Refused {
                    broker,
                    doing,
                    source,
                });
            } else if unsent.error.is_none() {
                unsent.error = Some(TransportError::Unavailable {
                    broker,
                    doing,
                    source,
                });
            }
            unsent.entries.push(entry.id);
        }
        Ok(unsent)
    }

    fn attempts(&self) -> Attempts<'_> {
        Attempts::new(NAME, self.patience, &self.stats)
    }
}

/// Entries of a batch that SQS did not take, and why.
#[derive(Default)]
struct Unsent {
    entries: Vec<String>,
    error: Option<TransportError>,
}

#[async_trait]
impl FrameSender for SqsSender {
    async fn send(&self, frames: Vec<Frame>) -> Result<(), TransportError> {
        let mut bodies = Vec::new();
        for message in codec::encode(&frames, RAW_BYTES_MAX)? {
            bodies.push(self.body(&message).await?);
        }
        for batch in body::batches(bodies) {
            self.send_batch(batch).await?;
        }
        self.stats.count_frames(frames.len());
        Ok(())
    }

    fn stats(&self) -> Arc<TransportStats> {
        Arc::clone(&self.stats)
    }

    async fn backlog(&self) -> Result<Option<Backlog>, TransportError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as NotVisible,
        };
        let request = self
            .client
            .get_queue_attributes()
            .queue_url(&self.queue_url)
            .set_attribute_names(Some(vec![Visible, Delayed, NotVisible]));
        let answer = request.send().await;
        let answer = answer.map_err(|error| failed("asking how many messages there are", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name| attributes.get(&name).and_then(|count| count.parse().ok());
        Ok(Some(Backlog {
            waiting: count(Visible).unwrap_or(0) + count(Delayed).unwrap_or(0),
            held: count(NotVisible).unwrap_or(0),
        }))
    }
}
