//! `GET /v1/events`: what an endpoint was told or is to be told, for a receiver that catches up by itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vigia_core::Principal;
use vigia_store::StoreError;

use crate::WebContext;
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

/// Whether a principal may read what an endpoint is told: operators all, members that of the accounts whose webhooks they may
/// manage. What they may not is as if it were not there.
pub(crate) async fn may_follow(
    context: &WebContext,
    principal: &Principal,
    endpoint: &str,
) -> Result<bool, StoreError> {
    if principal.is_operator() {
        return Ok(true);
    }
    let Some(user) = principal.user() else {
        return Ok(false);
    };
    let owned = context.store.endpoint_owned(user).await?;
    let rows = context.store.endpoint_list().await?;
    let of_endpoint = rows.iter().find(|row| row.spec.name == endpoint);
    let account = of_endpoint.and_then(|row| row.account.as_ref());
    Ok(account.is_some_and(|(id, _)| owned.iter().any(|(owned, _)| owned == id)))
}

/// Events of an endpoint after a number, in order. The operator's endpoints are for operators: their events are of many
/// accounts.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    reader: Reader,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Query(wanted) = match wanted {
        Ok(wanted) => wanted,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.body_text()),
    };
    match may_follow(&app.context, &reader.principal, &wanted.endpoint).await {
        Ok(true) => {}
        Ok(false) => {
            let why = "this endpoint is not of your accounts";
            return refused(StatusCode::FORBIDDEN, why.to_owned());
        }
        Err(error) => return failed(&error),
    }
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
        Err(error) => return failed(&error),
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

fn failed(error: &StoreError) -> Response {
    let log: &dyn std::error::Error = error;
    tracing::error!(error = log, "events could not be read");
    let (status, why) = match error.is_transient() {
        true => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database is not available",
        ),
        false => (StatusCode::INTERNAL_SERVER_ERROR, "something failed here"),
    };
    refused(status, why.to_owned())
}

fn refused(status: StatusCode, why: String) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
