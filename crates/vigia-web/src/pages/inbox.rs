//! `/inbox`: notifications, rendered in the reader's language.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::html;
use vigia_store::NotificationRow;

use super::item::time;
use super::layout::{Page, Section, empty};
use super::{ErrorPage, PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::reader::{Reader, query_value};
use crate::text::{self, words};

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
        .notification_page(&reader.scope(), cursor.flatten(), PAGE + 1)
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
    let content = html! {
        div.heading { h1 { (words.inbox) } }
        @if rows.is_empty() { (empty(words.empty_inbox, words.empty_inbox_hint, None)) }
        ol.feed.inbox {
            @for row in &rows {
                li data-notification=(row.id) data-kind=(row.kind.as_str()) {
                    a href={ "/tx/" (row.about.digest) } {
                        span.what {
                            span.title {
                                (text::notification(&*app.context.text, row, reader.locale))
                            }
                            span.meta {
                                span { (row.about.account.display_name) }
                                (time(row.created_at_ms, now_ms, reader.locale))
                            }
                        }
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
