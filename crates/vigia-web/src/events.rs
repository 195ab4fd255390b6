//! `GET /v1/events`: what an endpoint was told or is to be told, for a receiver that catches up by itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::event::event_value;
use crate::reader::Reader;

/// Events of a reply unless told otherwise.
const LIMIT_DEFAULT: u32 = 100;
/// Most events of a reply (I-13).
const LIMIT_MAX: u32 = 500;

/// Which events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The endpoint's name.
    endpoint: String,
    /// The number of the last event that is known.
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// Events of an endpoint after a number, in order. For operators: an endpoint's events are of many accounts.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    reader: Reader,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    if !reader.principal.is_operator() {
        return refused(StatusCode::FORBIDDEN, "this is for operators".to_owned());
    }
    let Query(wanted) = match wanted {
        Ok(wanted) => wanted,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.body_text()),
    };
    let limit = wanted.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let why = format!("limit: {limit} is not a number from 1 to {LIMIT_MAX}");
        return refused(StatusCode::BAD_REQUEST, why);
    }
    let store = &app.context.store;
    let found = store.delivery_events(&wanted.endpoint, wanted.after, limit + 1);
    let mut events = match found.await {
        Ok(Some(events)) => events,
        Ok(None) => {
            let why = format!("there is no endpoint {:?}", wanted.endpoint);
            return refused(StatusCode::NOT_FOUND, why);
        }
        Err(error) => {
            let log: &dyn std::error::Error = &error;
            tracing::error!(error = log, "events could not be read");
            let (status, why) = match error.is_transient() {
                true => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the database is not available",
                ),
                false => (StatusCode::INTERNAL_SERVER_ERROR, "something failed here"),
            };
            return refused(status, why.to_owned());
        }
    };
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = events.len() > size;
    events.truncate(size);
    let last = events
        .last()
        .map_or(wanted.after, |event| event.row.sequence);
    let events: Vec<_> = events.iter().map(event_value).collect();
    Json(json!({ "events": events, "last": last, "more": has_more })).into_response()
}

fn refused(status: StatusCode, why: String) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
