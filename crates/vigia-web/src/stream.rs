//! `/v1/live/…`: what is new as server-sent events for programs, as JSON.
//!
//! An event's id is where it stands: a reader that lost the connection sends the last one it got as `Last-Event-ID` or
//! `?after=`, and nothing is missed or repeated.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _};
use serde_json::{Value, json};
use vigia_store::{NotificationRow, StoreError};

use crate::app::App;
use crate::event::activity_value;
use crate::reader::{Reader, query_value};
use crate::{recheck, told};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long a reader waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(2);
/// How often a silent stream says that it lives, so that proxies keep it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What a reader who found no place is told to wait.
const RETRY_SECONDS: &str = "10";

/// `GET /v1/live/activities`: activities of the reader's accounts as they are committed.
pub(crate) async fn activities(
    State(app): State<Arc<App>>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let store = app.context.store.clone();
    let newest = async { store.activity_last_id().await };
    let after = match position(&uri, &headers, newest).await {
        Ok(after) => after,
        Err(refusal) => return refusal,
    };
    let rows = app.feeds.activities(reader.scope(), after);
    let rows = rows.map(|row| row.map(|row| (row.id, activity_value(&row))));
    let over = recheck::over(app.clone(), &reader, headers);
    events(&app, rows, over, "activity")
}

/// `GET /v1/live/notifications`: the reader's notifications as they are written.
pub(crate) async fn notifications(
    State(app): State<Arc<App>>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let store = app.context.store.clone();
    let newest = async { store.notification_last().await };
    let after = match position(&uri, &headers, newest).await {
        Ok(after) => after,
        Err(refusal) => return refusal,
    };
    let rows = app.feeds.notifications(reader.inbox(&app.context), after);
    let (texts, locale) = (app.context.text.clone(), reader.locale);
    let rows = rows.map(move |row| {
        row.map(|row| {
            let told = told::one(&*texts, &row, locale, false);
            (row.seq, notification_value(&row, &told))
        })
    });
    let over = recheck::over(app.clone(), &reader, headers);
    events(&app, rows, over, "notification")
}

/// A notification as programs read it.
fn notification_value(row: &NotificationRow, told: &told::Told) -> Value {
    let about = row.about.as_ref();
    let readable = about.filter(|_| row.may_read);
    json!({
        "id": row.id.to_string(),
        "kind": row.kind.as_str(),
        "category": row.category.as_str(),
        "title": told.title,
        "text": told.body,
        "createdAtMs": row.created_at_ms,
        "read": row.is_read,
        "account": about.map(|about| &about.account.external_id),
        "activity": readable.map(activity_value),
    })
}

/// Where a reader goes on; from now on unless it says.
async fn position(
    uri: &Uri,
    headers: &HeaderMap,
    newest: impl Future<Output = Result<i64, StoreError>>,
) -> Result<i64, Response> {
    let header = headers
        .get(LAST_EVENT_ID)
        .map(|id| id.to_str().unwrap_or("?"));
    match header.or(query_value(uri, "after")) {
        Some(text) => text.parse().map_err(|_| {
            let why = "after: not the id of an event of this stream";
            (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response()
        }),
        None => newest.await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "no stream");
            let why = "the database is not available";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, Json(json!({ "error": why }))).into_response()
        }),
    }
}

fn events(
    app: &Arc<App>,
    rows: impl Stream<Item = Result<(i64, Value), StoreError>> + Send + 'static,
    over: impl Future<Output = ()> + Send + 'static,
    name: &'static str,
) -> Response {
    let Some(place) = app.live_reader() else {
        let (status, retry) = (
            StatusCode::SERVICE_UNAVAILABLE,
            [(RETRY_AFTER, RETRY_SECONDS)],
        );
        return (status, retry, "too many live readers\n").into_response();
    };
    let events = rows
        .filter_map(move |row| {
            let _held = &place;
            let row = row.inspect_err(|error| {
                let error: &dyn std::error::Error = error;
                tracing::warn!(error, "live reader cut off");
            });
            std::future::ready(row.ok().map(|(position, value)| {
                Event::default()
                    .event(name)
                    .id(position.to_string())
                    .retry(RECONNECT)
                    .data(value.to_string())
            }))
        })
        .map(Ok::<_, Infallible>)
        .take_until(over);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Sse::new(events).keep_alive(keep_alive).into_response()
}
