//! `GET /graphql/ws`: queries and subscriptions over one WebSocket (`graphql-transport-ws`).
//!
//! Who connects says who they are in the headers of the request, or, since browsers and many clients can add none, as
//! `Authorization` in the payload of `connection_init`, which counts before the headers. Until then they take none of
//! the readers' places.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Data;
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::extract::{State, WebSocketUpgrade};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;

use super::subscription::Slots;
use crate::AuthError;
use crate::app::App;
use crate::reader::Reader;
use crate::recheck;

/// The code by which `graphql-transport-ws` says that `connection_init` did not come in time.
const INIT_MISSED: u16 = 4408;
/// The code by which it says that who connects may not; clients take it as a sign to fetch a new token.
const FORBIDDEN: u16 = 4403;
/// Try again later (RFC 6455's registry).
const LATER: u16 = 1013;
/// Bytes that are read at once.
const READ_BYTES: usize = 4 * 1024;
/// Longest time that closing may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Most bytes of what is said on closing (RFC 6455, section 5.5, less the code).
const REASON_BYTES_MAX: usize = 123;

/// Opens a WebSocket.
pub(crate) async fn socket(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    let reader = match Reader::known(&app, &uri, &headers).await {
        Ok(reader) => Some(reader),
        // They may still say it.
        Err(AuthError::SignInRequired) if !headers.contains_key(AUTHORIZATION) => None,
        Err(error) => return super::nobody(error),
    };
    let place = match reader {
        Some(_) => app.live_reader(),
        None => app.newcomer(),
    };
    let Some(place) = place else {
        let (status, retry) = (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")]);
        return (status, retry, "too many live readers\n").into_response();
    };
    let bytes_max = app.config.limits.body_bytes_max;
    let greeting = Greeting {
        app,
        uri,
        headers,
        reader,
        place,
    };
    upgrade
        .protocols(["graphql-transport-ws"])
        // Thousands of them may be open, and what each says is small: what is large is put together from as many reads.
        .read_buffer_size(READ_BYTES)
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| serve(greeting, socket, protocol))
}

/// A socket that has not begun.
struct Greeting {
    app: Arc<App>,
    uri: Uri,
    headers: HeaderMap,
    /// Who connects, where the headers say so.
    reader: Option<Reader>,
    place: OwnedSemaphorePermit,
}

/// A socket that has begun: whose it is, what that rests on, and its place.
struct Begun {
    reader: Reader,
    headers: HeaderMap,
    _place: OwnedSemaphorePermit,
}

/// Why a socket is closed.
struct Closing {
    code: u16,
    reason: String,
}

impl Greeting {
    /// Lets in who says who they are.
    async fn begin(mut self, payload: &Value) -> Result<Begun, Closing> {
        let (reader, place) = match (authorization(payload), self.reader) {
            (None, Some(reader)) => (reader, self.place),
            (said, known) => {
                let said = said.ok_or(AuthError::SignInRequired);
                let value = said.and_then(|said| {
                    HeaderValue::try_from(said)
                        .map_err(|_| AuthError::TokenRefused("it has letters that no token has"))
                })?;
                self.headers.insert(AUTHORIZATION, value);
                let reader = Reader::known(&self.app, &self.uri, &self.headers).await?;
                let place = match known {
                    Some(_) => self.place,
                    None => self.app.live_reader().ok_or_else(Closing::full)?,
                };
                (reader, place)
            }
        };
        Ok(Begun {
            reader,
            headers: self.headers,
            _place: place,
        })
    }
}

impl Closing {
    fn full() -> Self {
        Self {
            code: LATER,
            reason: "too many live readers".to_owned(),
        }
    }

    fn missed() -> Self {
        Self {
            code: INIT_MISSED,
            reason: "Connection initialisation timeout".to_owned(),
        }
    }

    fn frame(mut self) -> Message {
        // What is said is ASCII.
        self.reason.truncate(REASON_BYTES_MAX);
        Message::Close(Some(CloseFrame {
            code: self.code,
            reason: Utf8Bytes::from(self.reason),
        }))
    }
}

impl From<AuthError> for Closing {
    fn from(error: AuthError) -> Self {
        let code = match error.status() {
            StatusCode::SERVICE_UNAVAILABLE => LATER,
            _ => FORBIDDEN,
        };
        let reason = error.to_string();
        Self { code, reason }
    }
}

/// `Authorization` of a payload, however the name is written.
fn authorization(payload: &Value) -> Option<&str> {
    let mut fields = payload.as_object()?.iter();
    let found = fields.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    found?.1.as_str()
}

async fn serve(greeting: Greeting, socket: WebSocket, protocol: GraphQLProtocol) {
    let (mut sink, stream) = socket.split();
    let app = Arc::clone(&greeting.app);
    let (begin, begun) = oneshot::channel();
    let mut data = Data::default();
    data.insert(Slots::new(app.config.limits.subscriptions_max));
    let serving = GraphQLWebSocket::new_with_pair(&mut sink, stream, app.graph.clone(), protocol)
        .with_data(data)
        .on_connection_init(async move |payload| {
            let begins = greeting.begin(&payload).await;
            let reader = begins.as_ref().map(|begun| begun.reader.clone()).ok();
            // Nobody waits for it any more: the connection is ending.
            let _ = begin.send(begins);
            match reader {
                Some(reader) => {
                    let mut data = Data::default();
                    data.insert(reader);
                    Ok(data)
                }
                // It is closed with a code of its own.
                None => std::future::pending().await,
            }
        })
        .serve();
    let closing = tokio::select! {
        () = serving => None,
        () = app.stopping.clone().stopped() => None,
        closing = over(Arc::clone(&app), begun) => Some(closing),
    };
    if let Some(closing) = closing {
        // A client that reads nothing is left without a word.
        let _ = timeout(CLOSE_TIMEOUT, sink.send(closing.frame())).await;
    }
}

/// Ends when a socket has not begun in time, may not begin, or what it began with no longer holds.
async fn over(app: Arc<App>, begun: oneshot::Receiver<Result<Begun, Closing>>) -> Closing {
    let within = app.config.limits.init_timeout;
    match timeout(within, begun).await {
        Err(_) => Closing::missed(),
        Ok(Ok(Err(closing))) => closing,
        Ok(Ok(Ok(begun))) => {
            let held = &begun;
            recheck::ended(app, &held.reader, held.headers.clone()).await;
            Closing {
                code: FORBIDDEN,
                reason: "what this connection signed in by no longer holds".to_owned(),
            }
        }
        // The connection is ending.
        Ok(Err(_)) => std::future::pending().await,
    }
}
