//! `/failed`: transactions that could not be interpreted (I-8), and what an operator does about them.
//!
//! Plain forms, so that it works without script.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;
use vigia_core::{Digest, parse_digest};
use vigia_store::{FailedRetry, FailedRow};

use super::item::time;
use super::layout::{Page, Section, empty};
use super::{PAGE, internal_error, refused};
use crate::app::App;
use crate::cursor;
use crate::reader::{Reader, query_value};
use crate::text::{Words, words};

/// The list, or a page further on in it (`?after=`), with what was done last (`?done=`, `?digest=`).
pub(crate) async fn failed(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    if !reader.principal.is_operator() {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    }
    let after = query_value(&uri, "after");
    let cursor = after.map(cursor::to_failed);
    if cursor == Some(None) {
        let why = "after: not a place in this list".to_owned();
        return refused(&reader, StatusCode::BAD_REQUEST, Some(why));
    }
    let rows = app.context.store.failed_list(cursor.flatten(), PAGE + 1);
    match rows.await {
        Ok(rows) => page(&app, &reader, rows, &uri),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Tries one again and goes back to the list.
pub(crate) async fn failed_retry(
    State(app): State<Arc<App>>,
    Asked { digest, reader }: Asked,
) -> Response {
    match app.context.retrier.retry(&digest).await {
        Ok(retried) => {
            let subject = json!({ "digest": digest.to_string() });
            reader.record(&app.context, "retry-failed", subject).await;
            back(&digest, Done::from(retried))
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Lets one go and goes back to the list.
pub(crate) async fn failed_discard(
    State(app): State<Arc<App>>,
    Asked { digest, reader }: Asked,
) -> Response {
    let store = &app.context.store;
    let discarded = async {
        store.failed_discard(&digest).await?;
        store.failed_find(&digest).await
    };
    match discarded.await {
        Ok(Some(_)) => {
            let subject = json!({ "digest": digest.to_string() });
            reader.record(&app.context, "discard-failed", subject).await;
            back(&digest, Done::Discarded)
        }
        Ok(None) => back(&digest, Done::NotFailed),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// The transaction that an operator asks for something about; to anybody else the page is not there.
pub(crate) struct Asked {
    digest: Digest,
    reader: Reader,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let reader = Reader::from_request_parts(parts, app).await?;
        if !reader.principal.is_operator() {
            return Err(refused(&reader, StatusCode::NOT_FOUND, None));
        }
        if !reader.may_write {
            return Err(refused(&reader, StatusCode::FORBIDDEN, None));
        }
        let digest = Path::<String>::from_request_parts(parts, app).await;
        let Path(digest) = digest.map_err(IntoResponse::into_response)?;
        let digest = parse_digest(&digest)
            .map_err(|error| refused(&reader, StatusCode::BAD_REQUEST, Some(error.to_string())))?;
        Ok(Self { digest, reader })
    }
}

/// What was done, as the address of the list says it.
#[derive(Clone, Copy)]
enum Done {
    Resolved,
    StillFailed,
    Discarded,
    NotFailed,
}

impl From<FailedRetry> for Done {
    fn from(retried: FailedRetry) -> Self {
        match retried {
            FailedRetry::Resolved { .. } => Self::Resolved,
            FailedRetry::StillFailed => Self::StillFailed,
            FailedRetry::NotFailed => Self::NotFailed,
        }
    }
}

impl Done {
    const ALL: [Self; 4] = [
        Self::Resolved,
        Self::StillFailed,
        Self::Discarded,
        Self::NotFailed,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::StillFailed => "still-failed",
            Self::Discarded => "discarded",
            Self::NotFailed => "not-failed",
        }
    }

    fn text(self, words: &Words) -> &'static str {
        match self {
            Self::Resolved => words.failed_resolved,
            Self::StillFailed => words.failed_still,
            Self::Discarded => words.failed_discarded,
            Self::NotFailed => words.failed_not,
        }
    }
}

fn back(digest: &Digest, done: Done) -> Response {
    let to = format!("/failed?done={}&digest={digest}", done.as_str());
    Redirect::to(&to).into_response()
}

fn page(app: &App, reader: &Reader, mut rows: Vec<FailedRow>, uri: &Uri) -> Response {
    let words = words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|row| cursor::of_failed(row.place));
    let content = html! {
        div.heading { h1 { (words.failed_title) } }
        (done(uri, words))
        @if rows.is_empty() { (empty(words.failed_none, words.failed_none_hint, None)) }
        @else { p.note { (words.failed_hint) } }
        ol.feed.failures {
            @for row in &rows { (item(row, reader, now_ms)) }
        }
        nav.paging aria-label=(words.failed_next) {
            @if query_value(uri, "after").is_some() { a href="/failed" { (words.failed_first) } }
            @if let Some(next) = next {
                a rel="next" href={ "/failed?after=" (next) } { (words.failed_next) }
            }
        }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Ingestion,
        title: words.failed_title,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

/// What was done last. An address that says nothing known says nothing.
fn done(uri: &Uri, words: &Words) -> Markup {
    let done = query_value(uri, "done");
    let done = Done::ALL
        .into_iter()
        .find(|known| Some(known.as_str()) == done);
    let digest = query_value(uri, "digest").and_then(|text| parse_digest(text).ok());
    html! {
        @if let Some((done, digest)) = done.zip(digest) {
            p.note role="status" data-done=(done.as_str()) {
                b { (done.text(words)) } ": " a href={ "/tx/" (digest) } { code { (digest) } }
            }
        }
    }
}

fn item(row: &FailedRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = words(reader.locale);
    let digest = row.digest.to_string();
    let buttons = [
        ("retry", words.failed_retry),
        ("discard", words.failed_discard),
    ];
    html! {
        li data-failed=(digest) {
            span.what {
                a.title href={ "/tx/" (digest) } { code { (digest) } }
                span.meta {
                    span { (words.checkpoint) " " (row.place) }
                    (time(row.timestamp_ms, now_ms, reader.locale))
                }
                p.problem { (row.error) }
            }
            div.actions {
                @for (action, name) in buttons {
                    form method="post" action={ "/failed/" (digest) "/" (action) } {
                        button type="submit" { (name) span.unseen { " " (digest) } }
                    }
                }
            }
        }
    }
}
