//! An imitation of Amazon SQS of a test's own: moto behind a proxy, which repeats and holds back
//! messages as a standard queue may, and stays where it is while moto is replaced by an empty one.

use std::collections::HashMap;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Repeats, free_port, required};

const QUEUE: &str = "frames";
const REGION: &str = "eu-west-1";
const TARGET: &str = "x-amz-target";
const SEND: &str = "AmazonSQS.SendMessageBatch";
/// Says nothing secret: moto looks at the region alone.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/sqs/aws4_request, \
                             SignedHeaders=host, Signature=0";

/// The proxy and the moto behind it; ended with its guard.
pub(crate) struct Sqs {
    python: String,
    moto: Child,
    proxy: Arc<Proxy>,
    port: u16,
    serving: JoinHandle<()>,
}

struct Proxy {
    client: reqwest::Client,
    moto_port: AtomicU16,
    random: Mutex<ChaCha8Rng>,
    repeats: Arc<Repeats>,
}

impl Sqs {
    /// None where there is no moto, which it says. `repeats` says what becomes of messages.
    pub(crate) async fn start(seed: u64, repeats: Arc<Repeats>) -> Option<Self> {
        let Ok(python) = std::env::var("VIGIA_MOTO_PYTHON") else {
            assert!(
                !required("VIGIA_REQUIRE_BROKERS"),
                "VIGIA_MOTO_PYTHON is required and missing"
            );
            eprintln!("skipped: VIGIA_MOTO_PYTHON names no Python with moto");
            return None;
        };
        let (moto, moto_port) = spawn(&python);
        let proxy = Arc::new(Proxy {
            client: crate::app::http(),
            moto_port: AtomicU16::new(moto_port),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            repeats,
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let router = Router::new()
            .fallback(pass_on)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&proxy));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        let sqs = Self {
            python,
            moto,
            proxy,
            port,
            serving,
        };
        sqs.create_queue().await;
        Some(sqs)
    }

    /// Settings of the transport.
    pub(crate) fn config(&self) -> String {
        format!(
            "kind = \"sqs\"\nsqs_queue_url = \"{}\"\nsqs_region = \"{REGION}\"\n\
             sqs_endpoint_url = \"http://127.0.0.1:{}\"\n",
            self.queue_url(),
            self.port
        )
    }

    /// Keys, as AWS' clients look for them.
    pub(crate) fn environment() -> [(&'static str, &'static str); 3] {
        [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    /// Replaces moto by an empty one, which gets its queue a moment later.
    pub(crate) async fn restart_empty(&mut self) {
        end(&mut self.moto);
        let (moto, port) = spawn(&self.python);
        self.moto = moto;
        self.proxy.moto_port.store(port, Ordering::Relaxed);
        self.create_queue().await;
    }

    /// Removes all messages.
    pub(crate) async fn purge(&self) {
        self.call("PurgeQueue", json!({ "QueueUrl": self.queue_url() }))
            .await;
    }

    pub(crate) async fn send(&self, body: &str) {
        let message = json!({ "QueueUrl": self.queue_url(), "MessageBody": body });
        self.call("SendMessage", message).await;
    }

    fn queue_url(&self) -> String {
        format!("http://127.0.0.1:{}/123456789012/{QUEUE}", self.port)
    }

    async fn create_queue(&self) {
        self.call("CreateQueue", json!({ "QueueName": QUEUE }))
            .await;
    }

    async fn call(&self, action: &str, request: Value) {
        let target = format!("AmazonSQS.{action}");
        let answer = self.proxy.call(&target, &request).await;
        assert!(answer.expect("moto answers"), "moto refuses {action}");
    }
}

impl Drop for Sqs {
    fn drop(&mut self) {
        self.serving.abort();
        end(&mut self.moto);
    }
}

fn spawn(python: &str) -> (Child, u16) {
    let port = free_port();
    let server = Command::new(python)
        .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
        .arg(port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("moto starts");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "moto is silent");
        std::thread::sleep(Duration::from_millis(20));
    }
    (server, port)
}

fn end(server: &mut Child) {
    let _gone_already = server.kill();
    let _reaped = server.wait();
}

impl Proxy {
    fn moto(&self, path: &str) -> String {
        let port = self.moto_port.load(Ordering::Relaxed);
        format!("http://127.0.0.1:{port}{path}")
    }

    /// A call of the test's own; whether moto did as told.
    async fn call(&self, target: &str, request: &Value) -> reqwest::Result<bool> {
        let answer = self
            .client
            .post(self.moto("/"))
            .header(TARGET, target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", AUTHORIZATION)
            .body(request.to_string())
            .send()
            .await?;
        Ok(answer.status().is_success())
    }

    /// Holds back some messages of a batch, so that later ones overtake them, and sends others a second
    /// time, a while later.
    fn disturb(self: &Arc<Self>, batch: &Bytes) -> Bytes {
        let mut batch: Value = serde_json::from_slice(batch).expect("the client sends JSON");
        let queue = batch["QueueUrl"].clone();
        let entries = batch["Entries"]
            .as_array_mut()
            .expect("a batch has entries");
        for entry in entries {
            let fate = self.repeats.next();
            let delay_s = self.random.lock().unwrap().random_range(1..=3);
            if fate.moves {
                entry["DelaySeconds"] = json!(delay_s);
                self.repeats.moved();
            }
            if fate.repeats {
                let copy = json!({
                    "QueueUrl": queue,
                    "MessageBody": entry["MessageBody"],
                    "DelaySeconds": delay_s - 1,
                });
                tokio::spawn(Arc::clone(self).repeat(copy));
            }
        }
        batch.to_string().into()
    }

    async fn repeat(self: Arc<Self>, message: Value) {
        // Lost where moto is away: it is a copy.
        if let Ok(true) = self.call("AmazonSQS.SendMessage", &message).await {
            self.repeats.repeated();
        }
    }
}

async fn pass_on(
    State(proxy): State<Arc<Proxy>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sends = headers.get(TARGET).is_some_and(|target| target == SEND);
    let body = match sends {
        true => proxy.disturb(&body),
        false => body,
    };
    let mut passed: HashMap<_, _> = headers.iter().collect();
    passed.retain(|name, _| !is_of_the_connection(name.as_str()));
    let mut request = proxy.client.post(proxy.moto(uri.path())).body(body);
    for (name, value) in passed {
        request = request.header(name, value);
    }
    let answer = async {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
    };
    let Ok((status, headers, bytes)) = answer.await else {
        return refusal();
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    for (name, value) in &headers {
        if !is_of_the_connection(name.as_str()) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// What stands in front of a service that is away.
fn refusal() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

fn is_of_the_connection(header: &str) -> bool {
    matches!(
        header,
        "host" | "connection" | "content-length" | "transfer-encoding" | "keep-alive"
    )
}
