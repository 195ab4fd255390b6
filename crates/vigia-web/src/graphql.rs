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
mod coins;
mod contract;
mod delivery;
mod device;
mod endpoint;
mod error;
mod failed;
mod graph;
mod inbox;
mod invoice;
mod kept;
mod label;
mod limits;
mod link;
mod loaders;
mod notification;
mod over_time;
mod page;
mod people;
mod push;
mod query;
mod role;
mod scalar;
mod schedule;
mod socket;
mod status;
mod subscription;
mod target;
mod transaction;

use std::sync::Arc;

use async_graphql::extensions::apollo_persisted_queries::{
    ApolloPersistedQueries, LruCacheStorage,
};
use async_graphql::http::GraphiQLSource;
use async_graphql::{
    Executor as _, MergedObject, Pos, Request, Response as Reply, Schema, ServerError,
};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use crate::app::{App, Stopping};
use crate::feed::Feeds;
use crate::reader::Reader;
use crate::wallet::Domain;
use crate::{AuthError, WebConfig, WebContext};
pub(crate) use graph::Graph;
pub(crate) use socket::socket;

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
    link::LinkMutation,
    schedule::ScheduleMutation,
    role::RoleMutation,
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
    people::PeopleQueries,
    coins::CoinQueries,
    contract::ContractQueries,
    over_time::OverTimeQueries,
    schedule::ScheduleQueries,
);

/// The schema of the web role.
pub(crate) type VigiaSchema = Schema<Query, Mutation, subscription::Subscription>;

/// Deepest nesting of a document's text, before it has any meaning.
const RECURSION_MAX: usize = 32;
/// Most directives on one field.
const DIRECTIVES_MAX: usize = 8;
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

/// What resolvers read from.
pub(crate) struct Shared {
    pub(crate) context: WebContext,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) domain: Domain,
    pub(crate) stopping: Stopping,
}

/// What executes documents, bounded and with what resolvers read from.
pub(crate) fn graph(config: &WebConfig, shared: Shared) -> Graph {
    let limits = limits::Limits {
        tokens_max: config.limits.query_tokens_max,
        aliases_max: config.limits.query_aliases_max,
    };
    let persisted = LruCacheStorage::new(config.limits.persisted_queries_max);
    let plain = bounded(config);
    let whole = bounded(config)
        .extension(audit::Auditing)
        .extension(limits)
        .extension(ApolloPersistedQueries::new(persisted));
    let loaders = Arc::new(loaders::loaders(shared.context.store.clone()));
    let kept = Arc::<status::KeptStatus>::default();
    let with_data = |builder: Builder| {
        builder
            .data(Arc::clone(&loaders))
            .data(shared.context.clone())
            .data(Arc::clone(&shared.feeds))
            .data(shared.domain.clone())
            .data(shared.stopping.clone())
            .data(Arc::clone(&kept))
            .finish()
    };
    Graph {
        whole: with_data(whole),
        plain: with_data(plain),
        limits,
    }
}

fn bounded(config: &WebConfig) -> Builder {
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
            Json(app.graph.execute(request).await).into_response()
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

/// That who asks is not known, and why; a token that is refused is challenged as RFC 6750, section 3.1, asks.
pub(crate) fn nobody(error: AuthError) -> Response {
    let status = error.status();
    let (code, challenge, why) = match error {
        AuthError::SignInRequired => {
            let why = "sign-in is required: send a token as Authorization: Bearer, or the cookie of a session";
            (error::UNAUTHENTICATED, Some("Bearer"), why.to_owned())
        }
        AuthError::TokenRefused(_) => {
            let challenge = Some("Bearer error=\"invalid_token\"");
            (error::UNAUTHENTICATED, challenge, error.to_string())
        }
        AuthError::UnknownSubject => (error::UNKNOWN_SUBJECT, None, error.to_string()),
        AuthError::KeysUnavailable => (error::UNAVAILABLE, None, error.to_string()),
        AuthError::Store(error) => {
            let error = error::internal(error).into_server_error(Pos::default());
            return coded(status, error, error::UNAVAILABLE);
        }
    };
    let reply = coded(status, ServerError::new(why, None), code);
    match challenge {
        Some(challenge) => ([(WWW_AUTHENTICATE, challenge)], reply).into_response(),
        None => reply,
    }
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
