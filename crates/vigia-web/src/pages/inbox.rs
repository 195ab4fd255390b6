//! `/inbox`: notifications, rendered in the reader's language.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use vigia_store::NotificationRow;

use super::item::time;
use super::layout::{Page, Section, empty};
use super::{ErrorPage, PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::reader::{Reader, query_value};
use crate::text::{inbox_words, words};
use crate::told;

/// The inbox, or a page further down in it (`?before=`).
pub(crate) async fn inbox(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let before = query_value(&uri, "before");
    let cursor = before.map(cursor::to_notification);
    if cursor == Some(None) {
        let page = ErrorPage {
            status: StatusCode::BAD_REQUEST,
            locale: reader.locale,
            detail: Some("before: not a place in this list".to_owned()),
        };
        return page.into_response();
    }
    let store = &app.context.store;
    match store
        .notification_page(&reader.inbox(&app.context), cursor.flatten(), PAGE + 1)
        .await
    {
        Ok(rows) => page(&app, &reader, rows, before.is_some()),
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn page(app: &App, reader: &Reader, mut rows: Vec<NotificationRow>, is_older: bool) -> Response {
    let words = words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let older = rows.last().filter(|_| has_more);
    let older = older.map(|row| cursor::of_notification(row.seq));
    let has_unread = rows.iter().any(|row| is_unread(reader, row));
    let newest = rows.first().map(|row| cursor::of_notification(row.seq));
    let content = html! {
        div.heading {
            h1 { (words.inbox) }
            @if let Some(newest) = newest.filter(|_| has_unread && !is_older && reader.may_write) {
                form method="post" action="/inbox/read" {
                    input type="hidden" name="up_to" value=(newest);
                    button type="submit" { (inbox_words(reader.locale).mark_all_read) }
                }
            }
        }
        @if rows.is_empty() { (empty(words.empty_inbox, words.empty_inbox_hint, None)) }
        ol.feed.inbox {
            @for row in &rows {
                li data-notification=(row.id) data-kind=(row.kind.as_str())
                    data-unread[is_unread(reader, row)] {
                    @match row.about.as_ref().filter(|_| row.may_read) {
                        Some(about) => a href={ "/tx/" (about.digest) } { (item(app, reader, row, now_ms)) },
                        None => div { (item(app, reader, row, now_ms)) },
                    }
                }
            }
        }
        nav.paging aria-label=(words.older) {
            @if is_older { a href="/inbox" { (words.newest) } }
            @if let Some(older) = older {
                a rel="next" href={ "/inbox?before=" (older) } { (words.older) }
            }
        }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Inbox,
        title: words.inbox,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

/// Whether a row is new to the reader; an operator who is no user has no inbox of their own.
fn is_unread(reader: &Reader, row: &NotificationRow) -> bool {
    reader.principal.user().is_some() && !row.is_read
}

fn item(app: &App, reader: &Reader, row: &NotificationRow, now_ms: u64) -> Markup {
    let told = told::one(&*app.context.text, row, reader.locale, false);
    let about = row.about.as_ref();
    html! {
        span.what {
            span.title {
                (told.body)
                @if is_unread(reader, row) {
                    span.unseen { " (" (inbox_words(reader.locale).unread) ")" }
                }
            }
            span.meta {
                @match about {
                    Some(about) => span { (about.account.display_name) },
                    None => span { (told.title) },
                }
                (time(row.created_at_ms, now_ms, reader.locale))
            }
        }
    }
}

/// What a reader marks as read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// Cursor of the newest notification they saw.
    up_to: String,
}

/// Marks everything that the page showed, and what is older, as read.
pub(crate) async fn inbox_read(
    State(app): State<Arc<App>>,
    reader: Reader,
    seen: Result<Form<Seen>, FormRejection>,
) -> Response {
    let up_to = seen
        .ok()
        .and_then(|seen| cursor::to_notification(&seen.up_to));
    let (Some(up_to), Some(user)) = (up_to, reader.principal.user()) else {
        let page = ErrorPage {
            status: StatusCode::BAD_REQUEST,
            locale: reader.locale,
            detail: Some("up_to: not a place in this list".to_owned()),
        };
        return page.into_response();
    };
    if !reader.may_write {
        let page = ErrorPage {
            status: StatusCode::FORBIDDEN,
            locale: reader.locale,
            detail: None,
        };
        return page.into_response();
    }
    match app.context.store.notification_read_all(user, up_to).await {
        Ok(()) => Redirect::to("/inbox").into_response(),
        Err(error) => internal_error(reader.locale, &error),
    }
}
