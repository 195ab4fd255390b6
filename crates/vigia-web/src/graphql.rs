//! GraphQL: the schema, and how requests reach it.
//!
//! One request a POST, no batches, JSON only (a browser asks before it sends JSON across sites).
//! Subscriptions run over `graphql-transport-ws`. Limits and error codes are the schema's own, so
//! both ways have them.

mod activity;
mod address;
mod announcement;
mod application;
mod audit;
mod balance;
mod broadcast;
mod business;
mod delivery;
mod device;
mod endpoint;
mod error;
mod failed;
mod inbox;
mod invoice;
mod kept;
mod label;
mod limits;
mod notification;
mod page;
mod push;
mod query;
mod scalar;
mod status;
mod subscription;
mod target;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::extensions::apollo_persisted_queries::{
    ApolloPersistedQueries, LruCacheStorage,
};
use async_graphql::http::GraphiQLSource;
use async_graphql::{Data, MergedObject, Pos, Request, Response as Reply, Schema, ServerError};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::extract::{State, WebSocketUpgrade};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::oneshot;
use tokio::time::timeout;
use vigia_store::StoreError;

use crate::app::{App, Stopping};
use crate::reader::Reader;
use crate::{WebConfig, WebContext};
use subscription::Slots;

/// The root of mutations: what can be changed. Each may be sent again: once done, it changes nothing more.
#[derive(MergedObject, Default)]
pub(crate) struct Mutation(
    failed::FailedMutation,
    label::LabelMutation,
    invoice::InvoiceMutation,
    announcement::AnnouncementMutation,
    delivery::DeliveryMutation,
    push::PushMutation,
    inbox::InboxMutation,
    device::DeviceMutation,
    broadcast::BroadcastMutation,
    endpoint::EndpointMutation,
    application::ApplicationMutation,
);

/// The root of queries: what can be asked.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
    query::ReadQuery,
    inbox::InboxQueries,
    device::DeviceQueries,
    target::TargetQueries,
    push::PushQueries,
    broadcast::BroadcastQueries,
    endpoint::EndpointQueries,
    audit::AuditQueries,
);

/// The schema of the web role.
pub(crate) type VigiaSchema = Schema<Query, Mutation, subscription::Subscription>;

/// Deepest nesting of a document's text, before it has any meaning.
const RECURSION_MAX: usize = 32;
/// Most directives on one field.
const DIRECTIVES_MAX: usize = 8;
/// The code by which `graphql-transport-ws` says that `connection_init` did not come in time.
const INIT_MISSED: u16 = 4408;
/// Longest time that saying so may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// What GraphiQL loads, in development only.
const GRAPHIQL_POLICY: &str = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: \
                               https://unpkg.com; frame-ancestors 'none'";

/// The schema as text in the schema definition language.
pub fn schema_sdl() -> String {
    builder().finish().sdl()
}

type Builder = async_graphql::SchemaBuilder<Query, Mutation, subscription::Subscription>;

fn builder() -> Builder {
    Schema::build(
        Query::default(),
        Mutation::default(),
        subscription::Subscription,
    )
}

/// The schema, bounded and with what its resolvers read from.
pub(crate) fn schema(config: &WebConfig, context: WebContext, stopping: Stopping) -> VigiaSchema {
    let limits = &config.limits;
    let builder = match config.development {
        true => builder(),
        // Whoever has no business with the schema is not told of it, nor by hints at what a name might have meant.
        false => builder().disable_introspection().disable_suggestions(),
    };
    builder
        .limit_depth(limits.query_depth_max)
        .limit_complexity(limits.query_complexity_max)
        .limit_recursive_depth(RECURSION_MAX)
        .limit_directives(DIRECTIVES_MAX)
        .extension(audit::Auditing)
        .extension(limits::Limits {
            tokens_max: limits.query_tokens_max,
            aliases_max: limits.query_aliases_max,
        })
        .extension(ApolloPersistedQueries::new(LruCacheStorage::new(
            limits.persisted_queries_max,
        )))
        .data(context)
        .data(stopping)
        .finish()
}

/// `POST /graphql`.
pub(crate) async fn query(
    State(app): State<Arc<App>>,
    reader: Reader,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type has to be application/json".to_owned(),
        );
    }
    let limits = &app.config.limits;
    let bytes_max = match reader.application.is_empty() {
        true => limits.body_bytes_max,
        false => limits.batch_bytes_max,
    };
    let Ok(body) = to_bytes(body, bytes_max).await else {
        let why = format!("the request body has more than {bytes_max} bytes");
        return refused(StatusCode::PAYLOAD_TOO_LARGE, why);
    };
    match serde_json::from_slice::<Request>(&body) {
        Ok(request) => {
            let request = request.data(reader);
            Json(app.schema.execute(request).await).into_response()
        }
        Err(error) => refused(
            StatusCode::BAD_REQUEST,
            format!("the body is not a GraphQL request: {error}"),
        ),
    }
}

/// A refusal in the form of a GraphQL reply.
fn refused(status: StatusCode, why: String) -> Response {
    coded(status, ServerError::new(why, None), error::BAD_USER_INPUT)
}

fn coded(status: StatusCode, mut error: ServerError, code: &str) -> Response {
    error::code(&mut error, code);
    (status, Json(Reply::from_errors(vec![error]))).into_response()
}

/// That who asks is not known.
pub(crate) fn sign_in_required() -> Response {
    let why = "sign-in is required: send an API token as Authorization: Bearer, or the cookie of a \
               session";
    let error = ServerError::new(why, None);
    let reply = coded(StatusCode::UNAUTHORIZED, error, error::UNAUTHENTICATED);
    ([(WWW_AUTHENTICATE, "Bearer")], reply).into_response()
}

/// That it could not be looked up who asks.
pub(crate) fn store_failed(error: StoreError) -> Response {
    let error = error::internal(error).into_server_error(Pos::default());
    coded(StatusCode::SERVICE_UNAVAILABLE, error, error::UNAVAILABLE)
}

/// `GET /graphql`: GraphiQL, in development.
pub(crate) async fn graphiql(State(app): State<Arc<App>>) -> Response {
    if !app.config.development {
        let why = "send queries with POST; GraphiQL is offered in development only\n";
        return (StatusCode::METHOD_NOT_ALLOWED, why).into_response();
    }
    let page = GraphiQLSource::build()
        .endpoint("/graphql")
        .subscription_endpoint("/graphql/ws")
        .title("vigia")
        .finish();
    ([(CONTENT_SECURITY_POLICY, GRAPHIQL_POLICY)], Html(page)).into_response()
}

/// `GET /graphql/ws`: queries and subscriptions over one WebSocket.
pub(crate) async fn socket(
    State(app): State<Arc<App>>,
    reader: Reader,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(place) = app.live_reader() else {
        let retry = [(RETRY_AFTER, "10")];
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            retry,
            "too many live readers\n",
        )
            .into_response();
    };
    let limits = &app.config.limits;
    let mut data = Data::default();
    data.insert(reader);
    data.insert(Slots::new(limits.subscriptions_max));
    upgrade
        .protocols(["graphql-transport-ws"])
        .max_message_size(limits.body_bytes_max)
        .max_frame_size(limits.body_bytes_max)
        .on_upgrade(async move |socket| {
            let _held = place;
            serve_socket(&app, socket, protocol, data).await;
        })
}

async fn serve_socket(app: &App, socket: WebSocket, protocol: GraphQLProtocol, data: Data) {
    let (mut sink, stream) = socket.split();
    let (init, initialised) = oneshot::channel();
    let schema = app.schema.clone();
    let serving = GraphQLWebSocket::new_with_pair(&mut sink, stream, schema, protocol)
        .with_data(data)
        .on_connection_init(async move |_| {
            // Nobody waits for it any more: the connection is ending.
            let _ = init.send(());
            Ok(Data::default())
        })
        .serve();
    let too_late = tokio::select! {
        () = serving => false,
        () = app.stopping.clone().stopped() => false,
        () = init_missed(initialised, app.config.limits.init_timeout) => true,
    };
    if too_late {
        let close = Message::Close(Some(CloseFrame {
            code: INIT_MISSED,
            reason: "Connection initialisation timeout".into(),
        }));
        // A client that reads nothing is left without a word.
        let _ = timeout(CLOSE_TIMEOUT, sink.send(close)).await;
    }
}

/// Ends when `within` has passed without a word; never once `connection_init` came.
async fn init_missed(initialised: oneshot::Receiver<()>, within: Duration) {
    if timeout(within, initialised).await.is_ok() {
        std::future::pending().await
    }
}
