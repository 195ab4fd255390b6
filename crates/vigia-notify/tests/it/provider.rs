//! A push provider on loopback that speaks HTTP/2, with or without TLS, and says what it is told to say.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a provider says to one request.
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Said {
    pub(crate) fn new(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// One request as it came.
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    messages: mpsc::Receiver<Got>,
    tokens: mpsc::Receiver<Got>,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    /// What is said to messages, one after the other; then 200.
    says: Mutex<VecDeque<Said>>,
    /// What is said to requests for access tokens; then `access-1`, `access-2` and so on.
    says_to_tokens: Mutex<VecDeque<Said>>,
    tokens_given: Mutex<u64>,
    messages: mpsc::Sender<Got>,
    tokens: mpsc::Sender<Got>,
    /// Whether it never answers.
    hangs: bool,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        Self::start_with(ANY_PORT, None, false).await
    }

    /// Where another was that has ended.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::start_with(address, None, false).await
    }

    pub(crate) async fn hanging() -> Self {
        Self::start_with(ANY_PORT, None, true).await
    }

    pub(crate) async fn over_tls(tls: TlsAcceptor) -> Self {
        Self::start_with(ANY_PORT, Some(tls), false).await
    }

    async fn start_with(at: SocketAddr, tls: Option<TlsAcceptor>, hangs: bool) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (messages_sender, messages) = mpsc::channel(256);
        let (tokens_sender, tokens) = mpsc::channel(256);
        let shared = Arc::new(Shared {
            says: Mutex::default(),
            says_to_tokens: Mutex::default(),
            tokens_given: Mutex::default(),
            messages: messages_sender,
            tokens: tokens_sender,
            hangs,
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        Self {
            address,
            messages,
            tokens,
            shared,
            serving: tokio::spawn(serve(listener, router, tls)),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn says(&self, said: Said) {
        self.shared.says.lock().unwrap().push_back(said);
    }

    pub(crate) fn says_to_tokens(&self, said: Said) {
        self.shared.says_to_tokens.lock().unwrap().push_back(said);
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Got {
        self.messages.recv().await.expect("the provider runs")
    }

    /// Messages that came and nobody took.
    pub(crate) fn messages_left(&mut self) -> usize {
        std::iter::from_fn(|| self.messages.try_recv().ok()).count()
    }

    /// Requests for access tokens that came and nobody took.
    pub(crate) fn tokens_asked(&mut self) -> Vec<Got> {
        std::iter::from_fn(|| self.tokens.try_recv().ok()).collect()
    }
}

impl Provider {
    /// Ends, with all its connections, and says where it was.
    pub(crate) async fn end(mut self) -> SocketAddr {
        self.serving.abort();
        let _aborted = (&mut self.serving).await;
        self.address
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    // Ends with the task, and ends its connections with it.
    let mut serving = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (service, tls) = (TowerToHyperService::new(router.clone()), tls.clone());
        serving.spawn(async move {
            let builder = Builder::new(TokioExecutor::new()).http2_only();
            let _ended_either_way = match tls {
                None => {
                    builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                }
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => {
                        builder
                            .serve_connection(TokioIo::new(stream), service)
                            .await
                    }
                    Err(_) => Ok(()),
                },
            };
        });
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    assert_eq!(request.version(), Version::HTTP_2);
    assert_eq!(request.method(), "POST");
    if shared.hangs {
        std::future::pending::<()>().await;
    }
    let (parts, body) = request.into_parts();
    let got = Got {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, 1 << 20).await.unwrap(),
    };
    let said = if got.path == "/token" {
        shared.tokens.send(got).await.unwrap();
        let said = shared.says_to_tokens.lock().unwrap().pop_front();
        said.unwrap_or_else(|| next_token(&shared))
    } else {
        shared.messages.send(got).await.unwrap();
        let said = shared.says.lock().unwrap().pop_front();
        said.unwrap_or_else(|| Said::new(200, &json!({ "name": "projects/p/messages/1" })))
    };
    let mut response = (StatusCode::from_u16(said.status).unwrap(), said.body).into_response();
    for (name, value) in said.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn next_token(shared: &Shared) -> Said {
    let mut given = shared.tokens_given.lock().unwrap();
    *given += 1;
    let token = format!("access-{given}");
    Said::new(
        200,
        &json!({ "access_token": token, "expires_in": 3_600, "token_type": "Bearer" }),
    )
}
