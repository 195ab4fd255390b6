//! The conformance suite on SQS, as moto imitates it, and what SQS alone has: sizes and the depot.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vigia_transport::{
    FrameReceiver, FrameSender, SqsConfig, SqsCredentials, SqsReceiver, SqsSender,
};

use crate::frames::{frames, large, text};
use crate::server::Server;
use crate::suite::{Fixture, transport_conformance_suite};
use crate::support::{MemoryDepot, drain, eventually, tool};

const QUEUE: &str = "frames";
const REGION: &str = "eu-west-1";

/// What SQS took when this was written, and takes at least.
const BODY_BYTES_MAX: usize = 262_144;

struct SqsFixture {
    server: Server,
    client: Client,
    depot: Arc<MemoryDepot>,
}

fn keys() -> SqsCredentials {
    SqsCredentials {
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
    }
}

async fn client(port: u16) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(Region::new(REGION))
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await;
    Client::new(&config)
}

impl SqsFixture {
    fn config(&self) -> SqsConfig {
        let endpoint = format!("http://127.0.0.1:{}", self.server.port);
        let mut config = SqsConfig::new(self.queue_url());
        config.region = Some(REGION.to_owned());
        config.endpoint_url = Some(endpoint);
        config.credentials = Some(keys());
        config.visibility = self.patience();
        config.wait = Duration::from_secs(1);
        config
    }

    fn queue_url(&self) -> String {
        format!("http://127.0.0.1:{}/123456789012/{QUEUE}", self.server.port)
    }

    async fn create_queue(&self) {
        let created = self
            .client
            .create_queue()
            .queue_name(QUEUE)
            .attributes(
                QueueAttributeName::MaximumMessageSize,
                BODY_BYTES_MAX.to_string(),
            )
            .send()
            .await
            .unwrap();
        assert_eq!(created.queue_url.unwrap(), self.queue_url());
    }

    async fn put_body(&self, body: &str) -> bool {
        let request = self.client.send_message().queue_url(self.queue_url());
        request.message_body(body).send().await.is_ok()
    }

    async fn receiver_of(&self, config: &SqsConfig) -> SqsReceiver {
        SqsReceiver::start(config, self.depot.clone())
            .await
            .unwrap()
    }
}

impl Fixture for SqsFixture {
    async fn start() -> Option<Self> {
        let python = tool("VIGIA_MOTO_PYTHON", None)?;
        let server = Server::start(|port| {
            let mut command = Command::new(&python);
            command.args([
                "-m",
                "moto.server",
                "-H",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ]);
            command
        })
        .await;
        let fixture = Self {
            client: client(server.port).await,
            server,
            depot: Arc::default(),
        };
        fixture.create_queue().await;
        Some(fixture)
    }

    async fn sender(&self) -> Arc<dyn FrameSender> {
        let sender = SqsSender::new(&self.config(), self.depot.clone()).await;
        Arc::new(sender.unwrap())
    }

    async fn receiver(&self) -> Box<dyn FrameReceiver> {
        let mut config = self.config();
        config.receiver.messages_max = 1;
        Box::new(self.receiver_of(&config).await)
    }

    async fn receiver_within(&self, hold_max: Duration) -> Option<Box<dyn FrameReceiver>> {
        let mut config = self.config();
        (config.receiver.hold_max, config.receiver.messages_max) = (hold_max, 1);
        Some(Box::new(self.receiver_of(&config).await))
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn put(&self, message: &[u8]) -> bool {
        assert!(self.put_body(&STANDARD.encode(message)).await);
        true
    }

    async fn is_empty(&self) -> bool {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(self.queue_url())
            .set_attribute_names(Some(counts.to_vec()))
            .send()
            .await
            .unwrap();
        let attributes = answer.attributes.unwrap();
        counts.iter().all(|count| attributes[count] == "0")
    }

    fn depot(&self) -> &MemoryDepot {
        &self.depot
    }
}

transport_conformance_suite!(SqsFixture);

/// The limit is right: SQS takes a body of that size and not one more byte.
#[tokio::test]
async fn bodies_end_where_sqs_says() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    assert!(fixture.put_body(&"x".repeat(BODY_BYTES_MAX)).await);
    assert!(!fixture.put_body(&"x".repeat(BODY_BYTES_MAX + 1)).await);
}

/// On both sides of the limit frames arrive; only beyond it the depot is needed.
#[tokio::test]
async fn large_messages_go_through_the_depot() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    let sender = fixture.sender().await;
    let mut receiver = fixture.receiver().await;
    let below = vec![large(180_000)];
    sender.send(below.clone()).await.unwrap();
    assert_eq!(text(&drain(&mut *receiver, 1).await), text(&below));
    assert!(fixture.depot.kept().blobs.is_empty());
    let beyond = vec![large(197_000)];
    sender.send(beyond.clone()).await.unwrap();
    assert_eq!(text(&drain(&mut *receiver, 1).await), text(&beyond));
    // Sent again it is the same blob.
    sender.send(beyond.clone()).await.unwrap();
    drain(&mut *receiver, 1).await;
    assert_eq!(fixture.depot.kept().blobs.len(), 1);
}

#[tokio::test]
async fn a_batch_of_large_messages_is_cut_where_sqs_wants() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    let mut frames = frames(5, 60);
    for (at, frame) in frames.iter_mut().enumerate().filter(|(at, _)| at % 2 == 1) {
        let mut with_noise = large(90_000).relevant.remove(0);
        with_noise.transaction.place.checkpoint = frame.header.sequence;
        with_noise.transaction.place.index = u32::try_from(at).unwrap() + 1_000;
        with_noise.transaction.timestamp_ms = frame.header.timestamp_ms;
        frame.relevant.push(with_noise);
    }
    fixture.sender().await.send(frames.clone()).await.unwrap();
    let mut receiver = fixture.receiver().await;
    assert_eq!(text(&drain(&mut *receiver, 60).await), text(&frames));
    assert!(fixture.depot.kept().blobs.is_empty());
}

#[tokio::test]
async fn what_refers_to_nothing_or_is_no_base64_is_set_aside() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    assert!(fixture.put_body("depot:0011").await);
    assert!(fixture.put_body("{\"json\": true}").await);
    let receiver = fixture.receiver().await;
    let stats = receiver.stats();
    eventually("both are set aside", async || stats.malformed() >= 2).await;
    eventually("both are acknowledged", || fixture.is_empty()).await;
    let mut aside: Vec<(String, Vec<u8>)> = {
        let kept = fixture.depot.kept();
        let entries = kept.aside.iter();
        entries
            .map(|(_, reason, bytes)| (reason.clone(), bytes.clone()))
            .collect()
    };
    aside.sort();
    assert!(
        aside[0].0.starts_with("its body is not base64"),
        "{aside:?}"
    );
    assert_eq!(aside[0].1, b"{\"json\": true}");
    assert_eq!(
        aside[1],
        (
            "what it refers to is not in the depot".to_owned(),
            b"0011".to_vec()
        )
    );
}

#[tokio::test]
async fn a_depot_that_fails_delays_large_messages() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    let mut config = fixture.config();
    config.send_patience = Duration::ZERO;
    let sender = SqsSender::new(&config, fixture.depot.clone())
        .await
        .unwrap();
    let sent = vec![large(400_000)];
    fixture.depot.kept().failing = true;
    let error = sender.send(sent.clone()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    fixture.depot.kept().failing = false;
    sender.send(sent.clone()).await.unwrap();
    let failures = {
        let mut kept = fixture.depot.kept();
        kept.failing = true;
        kept.failures
    };
    let mut receiver = fixture.receiver().await;
    let depot = &fixture.depot;
    eventually("the blob is asked for", async || {
        depot.kept().failures > failures
    })
    .await;
    assert!(
        receiver
            .stats()
            .problem()
            .unwrap()
            .contains("the disk is full")
    );
    depot.kept().failing = false;
    assert_eq!(text(&drain(&mut *receiver, 1).await), text(&sent));
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_refused_and_waited_for() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    let sender = fixture.sender().await;
    let mut receiver = fixture.receiver().await;
    let deleted = fixture.client.delete_queue().queue_url(fixture.queue_url());
    deleted.send().await.unwrap();
    let error = sender.send(frames(1, 1)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    let stats = receiver.stats();
    eventually("the receiver says so", async || stats.problem().is_some()).await;
    let problem = stats.problem().unwrap();
    assert!(problem.contains("sqs refuses reading"), "{problem}");
    fixture.create_queue().await;
    sender.send(frames(1, 1)).await.unwrap();
    drain(&mut *receiver, 1).await;
    eventually("all is well again", async || stats.problem().is_none()).await;
}

#[tokio::test]
async fn a_service_that_is_away_is_an_error_that_passes() {
    let Some(fixture) = SqsFixture::start().await else {
        return;
    };
    let mut config = fixture.config();
    config.send_patience = Duration::from_millis(200);
    let sender = SqsSender::new(&config, fixture.depot.clone())
        .await
        .unwrap();
    let receiver = fixture.receiver_of(&config).await;
    fixture.server.kill();
    let error = sender.send(frames(1, 1)).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let stats = receiver.stats();
    eventually("the receiver says so", async || stats.problem().is_some()).await;
    let problem = stats.problem().unwrap();
    assert!(
        problem.contains("sqs does not answer while reading"),
        "{problem}"
    );
}
