//! A client of the web process that costs little beside what it measures: requests as bytes over connections that
//! stay, and sockets that count.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Most bytes of a reply here.
const REPLY_BYTES_MAX: usize = 256 * 1024;

/// A connection for one request after the other.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("it answers");
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream,
            buffer: Vec::with_capacity(REPLY_BYTES_MAX),
        }
    }

    /// Sends a request; returns the body of the reply, which has to be a good one.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.expect("it is sent");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await;
            assert!(read.expect("it is read") > 0, "the connection ended");
            let Some(head) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[..head]).expect("a head");
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().expect("a length"))
            });
            let begin = head + 4;
            let end = begin + length.expect("replies say how long they are");
            if self.buffer.len() >= end {
                return &self.buffer[begin..end];
            }
        }
    }
}

/// A request for a GraphQL query with a token.
pub(crate) fn request(query: &str, token: &str) -> Vec<u8> {
    let body = json!({ "query": query }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: vigia\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Asks one after the other on so many connections for a while; returns how many were answered, and in which time.
pub(crate) async fn closed_loop(
    server: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    lasting: Duration,
) -> (u64, Duration) {
    let begun = Instant::now();
    let tasks = (0..connections).map(|first| {
        let requests = Arc::clone(requests);
        tokio::spawn(async move {
            let mut connection = Connection::open(server).await;
            let mut answered = 0;
            let mut turn = first;
            while begun.elapsed() < lasting {
                connection.ask(&requests[turn % requests.len()]).await;
                answered += 1;
                turn += connections;
            }
            answered
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut answered = 0;
    for task in tasks {
        answered += task.await.expect("nothing panics");
    }
    (answered, begun.elapsed())
}

/// Asks at a rate whatever the answers take, for a while; returns how long each took from when it was due, ascending.
pub(crate) async fn open_loop(
    server: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    per_second: u32,
    lasting: Duration,
) -> Vec<Duration> {
    let (free, mut idle) = mpsc::channel(connections);
    for _ in 0..connections {
        let connection = Connection::open(server).await;
        assert!(free.try_send(connection).is_ok(), "there is room");
    }
    let (answer, mut answers) = mpsc::unbounded_channel();
    let total = u64::from(per_second) * lasting.as_secs();
    let begun = Instant::now();
    for n in 0..total {
        let due = begun + Duration::from_secs(n) / per_second;
        tokio::time::sleep_until(due.into()).await;
        let mut connection = idle.recv().await.expect("its sender is here");
        let (requests, free, answer) = (Arc::clone(requests), free.clone(), answer.clone());
        tokio::spawn(async move {
            let turn = usize::try_from(n).expect("it fits") % requests.len();
            connection.ask(&requests[turn]).await;
            let took = due.elapsed();
            assert!(free.send(connection).await.is_ok(), "it is waited for");
            answer.send(took).expect("it is waited for");
        });
    }
    let mut times = Vec::new();
    for _ in 0..total {
        times.push(answers.recv().await.expect("its sender is here"));
    }
    times.sort_unstable();
    times
}

/// A subscriber over `graphql-transport-ws`.
pub(crate) struct Subscriber(WebSocketStream<TcpStream>);

impl Subscriber {
    /// Connects and subscribes; the server has answered when this returns.
    pub(crate) async fn open(server: SocketAddr, token: &str, query: &str) -> Self {
        let mut request = format!("ws://{server}/graphql/ws")
            .into_client_request()
            .expect("a request");
        let headers = request.headers_mut();
        let value = |text: &str| text.parse().expect("a value");
        headers.insert("sec-websocket-protocol", value("graphql-transport-ws"));
        headers.insert("authorization", value(&format!("Bearer {token}")));
        let stream = TcpStream::connect(server).await.expect("it answers");
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
        let (socket, _) = client_async_with_config(request, stream, Some(config))
            .await
            .expect("it is opened");
        let mut subscriber = Self(socket);
        subscriber.send(json!({ "type": "connection_init" })).await;
        assert_eq!(subscriber.next().await["type"], "connection_ack");
        let payload = json!({ "query": query });
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
        subscriber.send(subscribe).await;
        subscriber
    }

    async fn send(&mut self, message: Value) {
        let message = Message::text(message.to_string());
        self.0.send(message).await.expect("it is sent");
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("it goes on").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
