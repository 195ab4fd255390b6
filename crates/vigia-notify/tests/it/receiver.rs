//! A receiver of webhooks on loopback that answers, or misbehaves, as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a receiver does with a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes these bytes, and keeps the connection.
    Text(String),
    /// Never answers.
    Nothing,
    /// Writes these bytes, then one `x` every 20 ms for ever.
    Drip(String),
    /// Writes these bytes, then as much as the other side takes.
    Flood(String),
    /// Resets the connection.
    Reset,
}

impl Answer {
    /// A status with these headers, each ended by `\r\n`, and no body.
    pub(crate) fn status(status: u16, headers: &str) -> Self {
        Self::Text(format!(
            "HTTP/1.1 {status} Answer\r\n{headers}content-length: 0\r\n\r\n"
        ))
    }
}

/// One request as it came.
pub(crate) struct Request {
    /// Request line and headers, the names in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    requests: mpsc::Receiver<Request>,
    counts: Arc<Counts>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    bytes_sent: AtomicU64,
}

impl Receiver {
    pub(crate) async fn start(answer: Answer) -> Self {
        Self::start_with(answer, None).await
    }

    pub(crate) async fn start_with(answer: Answer, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::channel(64);
        let counts = Arc::new(Counts::default());
        let serving = tokio::spawn(accept(listener, answer, tls, sender, counts.clone()));
        Self {
            address,
            requests,
            counts,
            serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next request.
    pub(crate) async fn request(&mut self) -> Request {
        self.requests.recv().await.expect("the receiver runs")
    }

    /// Whether requests came that nobody has taken.
    pub(crate) fn has_more(&mut self) -> bool {
        self.requests.try_recv().is_ok()
    }

    /// Connections that were made.
    pub(crate) fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Bytes that a flood has written.
    pub(crate) fn bytes_sent(&self) -> u64 {
        self.counts.bytes_sent.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(
    listener: TcpListener,
    answer: Answer,
    tls: Option<TlsAcceptor>,
    requests: mpsc::Sender<Request>,
    counts: Arc<Counts>,
) {
    // Ends with the task, and ends its connections with it.
    let mut serving = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        counts.connections.fetch_add(1, Ordering::SeqCst);
        let (answer, tls) = (answer.clone(), tls.clone());
        let (requests, counts) = (requests.clone(), counts.clone());
        serving.spawn(async move {
            match (tls, answer) {
                (_, Answer::Reset) => reset(stream, &requests).await,
                (None, answer) => serve(stream, answer, &requests, &counts).await,
                (Some(tls), answer) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, answer, &requests, &counts).await;
                    }
                }
            }
        });
    }
}

/// Closes with a reset, since what was asked for is left unread.
async fn reset(mut stream: TcpStream, requests: &mpsc::Sender<Request>) {
    if let Some(request) = read(&mut stream).await {
        let _ = requests.send(request).await;
    }
    stream.set_zero_linger().unwrap();
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: Answer,
    requests: &mpsc::Sender<Request>,
    counts: &Counts,
) {
    while let Some(request) = read(&mut stream).await {
        let _ = requests.send(request).await;
        let result = match &answer {
            Answer::Text(text) => stream.write_all(text.as_bytes()).await,
            Answer::Nothing | Answer::Reset => std::future::pending().await,
            Answer::Drip(head) => drip(&mut stream, head).await,
            Answer::Flood(head) => flood(&mut stream, head, counts).await,
        };
        if result.is_err() {
            return;
        }
    }
}

async fn drip<S: AsyncWrite + Unpin>(stream: &mut S, head: &str) -> std::io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(b"x").await?;
    }
}

async fn flood<S: AsyncWrite + Unpin>(
    stream: &mut S,
    head: &str,
    counts: &Counts,
) -> std::io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    let block = vec![b'x'; 64 * 1024];
    loop {
        let bytes = stream.write(&block).await?;
        counts.bytes_sent.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

/// The next request of a connection; none when it ends.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut request = Request {
        head: head.to_lowercase(),
        body: String::new(),
    };
    let length: usize = request.header("content-length")?.parse().unwrap();
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    // Values keep their case.
    request.head = head
        .lines()
        .map(|line| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}\n", name.to_lowercase()),
            None => format!("{line}\n"),
        })
        .collect();
    request.body = String::from_utf8(bytes.split_off(head_end)).unwrap();
    Some(request)
}
