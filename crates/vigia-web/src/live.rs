//! `/live`: new activities as server-sent events, rendered as the rows of the feed. `/live/ingestion`: that the state was
//! looked at again.
//!
//! An event's id is the activity's, so a browser that lost the connection goes on where it was: it
//! sends the last id it saw, and nothing is missed or repeated.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use vigia_store::ActivityRow;

use crate::app::App;
use crate::pages::{Operator, activity_item, internal_error};
use crate::reader::{Reader, query_value};
use crate::recheck;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(2);
/// How often a silent stream says that it lives, so that proxies keep it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What a reader who found no place is told to wait.
const RETRY_SECONDS: &str = "10";

/// New activities after `Last-Event-ID`, else after `?after=`, else from now on.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let header = headers
        .get(LAST_EVENT_ID)
        .map(|id| id.to_str().unwrap_or("?"));
    let after = match header.or(query_value(&uri, "after")) {
        Some(text) => match text.parse::<i64>() {
            Ok(id) => id,
            Err(_) => return (StatusCode::BAD_REQUEST, "not an activity id\n").into_response(),
        },
        None => match app.context.store.activity_last_id().await {
            Ok(id) => id,
            Err(error) => return internal_error(reader.locale, &error),
        },
    };
    let Some(place) = app.live_reader() else {
        return no_place();
    };

    let over = recheck::over(app.clone(), &reader, headers);
    let rendering = app.clone();
    let activities = app.feeds.activities(reader.scope(), after);
    let events = activities
        .filter_map(move |row| {
            let _held = &place;
            std::future::ready(
                row.ok_or_logged()
                    .map(|row| event(&rendering, &reader, &row)),
            )
        })
        .map(Ok::<_, Infallible>)
        .take_until(over);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Sse::new(events).keep_alive(keep_alive).into_response()
}

/// Tells operators of each sample that was taken of the state, so that the page renews itself then.
pub(crate) async fn ingestion(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
    headers: HeaderMap,
) -> Response {
    let Some(place) = app.live_reader() else {
        return no_place();
    };
    let over = recheck::over(app.clone(), &reader, headers);
    let taken = app.samples.follow();
    let events = stream::unfold((taken, place), |(mut taken, place)| async move {
        taken.changed().await.ok()?;
        let number = *taken.borrow_and_update();
        let event = Event::default()
            .event("sample")
            .retry(RECONNECT)
            .data(number.to_string());
        Some((Ok::<_, Infallible>(event), (taken, place)))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let events = events.take_until(over);
    Sse::new(events).keep_alive(keep_alive).into_response()
}

fn no_place() -> Response {
    let retry = [(RETRY_AFTER, RETRY_SECONDS)];
    let why = "too many live readers\n";
    (StatusCode::SERVICE_UNAVAILABLE, retry, why).into_response()
}

fn event(app: &App, reader: &Reader, row: &ActivityRow) -> Event {
    let now_ms = app.context.clock.now_ms();
    let item = activity_item(row, reader.locale, now_ms).into_string();
    Event::default()
        .event("activity")
        .id(row.id.to_string())
        .retry(RECONNECT)
        .data(item)
}

trait OkOrLogged<T> {
    /// The value; an error is logged here, where the stream ends.
    fn ok_or_logged(self) -> Option<T>;
}

impl<T> OkOrLogged<T> for Result<T, vigia_store::StoreError> {
    fn ok_or_logged(self) -> Option<T> {
        self.inspect_err(|error| {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, "live reader cut off");
        })
        .ok()
    }
}
