//! Receivers of webhooks on loopback: one that answers at once and remembers when what came, and one that takes connections and
//! never answers. As lean as can be, since they run on the cores that are measured.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// When the activity of a checkpoint came.
pub(crate) type Came = (u64, Instant);

/// The receivers, on a thread of their own.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) hanging: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let came = Arc::<Mutex<Vec<Came>>>::default();
        let (tell, told) = std::sync::mpsc::channel();
        let remembered = Arc::clone(&came);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async move {
                let answering = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let hanging = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let addresses = [&answering, &hanging];
                let addresses = addresses.map(|listener| listener.local_addr().expect("one"));
                tell.send(addresses).expect("somebody waits");
                tokio::join!(answer(answering, remembered), hang(hanging));
            });
        });
        let [address, hanging] = told.recv().expect("it listens");
        Self {
            address,
            hanging,
            came,
        }
    }

    /// What came since it was asked last.
    pub(crate) fn take(&self) -> Vec<Came> {
        std::mem::take(&mut *self.came.lock().expect("nobody panics with it"))
    }

    /// How many came since what came was taken.
    pub(crate) fn count(&self) -> usize {
        self.came.lock().expect("nobody panics with it").len()
    }
}

async fn hang(listener: TcpListener) {
    let mut held = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        held.push(stream);
    }
}

async fn answer(listener: TcpListener, came: Arc<Mutex<Vec<Came>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let came = Arc::clone(&came);
        tokio::spawn(serve(stream, came));
    }
}

async fn serve(mut stream: TcpStream, came: Arc<Mutex<Vec<Came>>>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(8 * 1024);
    loop {
        let Some(end) = request_end(&buffer) else {
            match stream.read_buf(&mut buffer).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            }
        };
        let now = Instant::now();
        let checkpoint = number_after(&buffer[..end], b"\"checkpoint\":");
        came.lock()
            .expect("nobody panics with it")
            .push((checkpoint.expect("an activity"), now));
        buffer.drain(..end);
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

/// Where the first request ends, once all of it is there.
fn request_end(bytes: &[u8]) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let length = number_after(&bytes[..head], b"content-length: ").unwrap_or(0);
    let end = head + usize::try_from(length).expect("it fits");
    (bytes.len() >= end).then_some(end)
}

fn number_after(bytes: &[u8], what: &[u8]) -> Option<u64> {
    let from = find(bytes, what)? + what.len();
    let digits = bytes[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
