//! Reads a queue with long polls, keeps what is in hand invisible to others, and deletes what is
//! committed.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};

use super::body::{self, BATCH_MAX};
use super::client::{client, failed};
use super::{NAME, SqsConfig};
use crate::TransportError;
use crate::broker::{Broker, Incoming};

const ACKNOWLEDGING: &str = "acknowledging";

/// A queue, seen by one receiver.
pub(super) struct SqsBroker {
    client: Client,
    queue_url: String,
    visibility_s: i32,
    wait_s: i32,
}

impl SqsBroker {
    pub(super) async fn new(config: &SqsConfig) -> Result<Self, TransportError> {
        let seconds = |duration: std::time::Duration| {
            i32::try_from(duration.as_secs()).expect("within what SQS takes, which was checked")
        };
        Ok(Self {
            client: client(config).await?,
            queue_url: config.queue_url.clone(),
            visibility_s: seconds(config.visibility),
            wait_s: seconds(config.wait),
        })
    }
}

#[async_trait]
impl Broker for SqsBroker {
    const NAME: &'static str = NAME;

    async fn fetch(&self) -> Result<Vec<Incoming>, TransportError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(i32::try_from(BATCH_MAX).expect("ten"))
            .wait_time_seconds(self.wait_s)
            .visibility_timeout(self.visibility_s)
            .send()
            .await
            .map_err(|error| failed("reading", error))?;
        let messages = answer.messages.unwrap_or_default();
        let incoming = messages.into_iter().filter_map(|message| {
            Some(Incoming {
                handle: message.receipt_handle?,
                payload: body::payload(&message.body.unwrap_or_default()),
            })
        });
        Ok(incoming.collect())
    }

    /// What cannot be extended is gone, or with another receiver since it took too long.
    async fn extend(&self, handles: &[String]) -> Result<(), TransportError> {
        for some in handles.chunks(BATCH_MAX) {
            let mut request = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.queue_url);
            for (index, handle) in some.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(handle)
                    .visibility_timeout(self.visibility_s)
                    .build()
                    .expect("id and handle are set");
                request = request.entries(entry);
            }
            let answer = request.send().await;
            let answer = answer.map_err(|error| failed("keeping messages", error))?;
            for entry in answer.failed {
                tracing::debug!(code = entry.code, "a message cannot be kept from others");
            }
        }
        Ok(())
    }

    async fn remove(&self, handles: &[String]) -> Result<(), TransportError> {
        for some in handles.chunks(BATCH_MAX) {
            let mut request = self
                .client
                .delete_message_batch()
                .queue_url(&self.queue_url);
            for (index, handle) in some.iter().enumerate() {
                let entry = DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(handle)
                    .build()
                    .expect("id and handle are set");
                request = request.entries(entry);
            }
            let answer = request.send().await;
            let answer = answer.map_err(|error| failed(ACKNOWLEDGING, error))?;
            check_removed(answer.failed)?;
        }
        Ok(())
    }

    async fn upkeep(&self) -> Result<(), TransportError> {
        Ok(())
    }
}

/// A handle that is refused is too old: the message comes again. Other failures pass.
fn check_removed(failures: Vec<BatchResultErrorEntry>) -> Result<(), TransportError> {
    for entry in failures {
        if entry.sender_fault {
            tracing::debug!(code = entry.code, "a message cannot be deleted any more");
            continue;
        }
        let message = entry.message.unwrap_or_default();
        return Err(TransportError::Unavailable {
            broker: NAME,
            doing: ACKNOWLEDGING,
            source: format!("{}: {message}", entry.code).into(),
        });
    }
    Ok(())
}
