//! `/`: the newest activities, growing at the top while one looks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_core::{CoinInfo, parse_address};
use vigia_store::{ActivityFilter, ActivityRow, AnnouncementRow, StoreError};

use super::item::announced_item;
use super::layout::{Page, Section, empty};
use super::{ErrorPage, PAGE, activity_item, internal_error};
use crate::app::App;
use crate::cursor;
use crate::reader::{Reader, query_value};
use crate::text::{short_address, words};

/// How the example command looks.
const WATCH_COMMAND: &str = "vigia watch add 0x…";

/// The feed, or a page further down in it (`?before=`), perhaps of one address (`?address=`).
pub(crate) async fn feed(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let wrong = |detail: String| {
        let page = ErrorPage {
            status: StatusCode::BAD_REQUEST,
            locale: reader.locale,
            detail: Some(detail),
        };
        page.into_response()
    };
    let mut wanted = Wanted::default();
    if let Some(address) = query_value(&uri, "address") {
        match parse_address(address) {
            Ok(address) => wanted.filter.address = Some(address),
            Err(error) => return wrong(error.to_string()),
        }
    }
    if let Some(before) = query_value(&uri, "before") {
        match cursor::to_activity(before) {
            Some(cursor) => wanted.before = Some(cursor),
            None => return wrong("before: not a place in this list".to_owned()),
        }
    }
    match load(&app, &reader, &wanted).await {
        Ok(found) => page(&app, &reader, &wanted, &found),
        Err(error) => internal_error(reader.locale, &error),
    }
}

#[derive(Default)]
struct Wanted {
    filter: ActivityFilter,
    before: Option<vigia_store::ActivityCursor>,
}

struct Found {
    rows: Vec<ActivityRow>,
    has_more: bool,
    /// What was announced and has not landed; on the first page alone.
    announced: Vec<AnnouncementRow>,
    coins: Vec<CoinInfo>,
    /// Where the live stream goes on. Read before the rows: what comes between is in both, and the
    /// script shows a row once.
    last_id: i64,
}

async fn load(app: &App, reader: &Reader, wanted: &Wanted) -> Result<Found, StoreError> {
    let store = &app.context.store;
    let last_id = store.activity_last_id().await?;
    let mut rows = store
        .activity_page(&reader.scope(), &wanted.filter, wanted.before, PAGE + 1)
        .await?;
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let is_first = wanted.before.is_none() && wanted.filter.address.is_none();
    // After the activities: what lands in between is among neither, and comes with the live stream.
    let announced = match is_first {
        true => store.announcement_page(&reader.scope(), None, PAGE).await?,
        false => Vec::new(),
    };
    let coins = match announced.is_empty() {
        true => Vec::new(),
        false => store.coin_list().await?,
    };
    Ok(Found {
        rows,
        has_more,
        announced,
        coins,
        last_id,
    })
}

fn page(app: &App, reader: &Reader, wanted: &Wanted, found: &Found) -> Response {
    let words = words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let is_live = wanted.before.is_none() && wanted.filter.address.is_none();
    let stream = is_live.then(|| format!("/live?after={}", found.last_id));
    let content = html! {
        div.heading {
            h1 { (words.activity) }
            @if is_live {
                p.live role="status" data-live-state data-live=(words.live)
                    data-lost=(words.reconnecting) hidden { (words.live) }
            }
        }
        (filter_note(wanted, reader))
        @if !found.announced.is_empty() {
            ol.feed.pending {
                @for row in &found.announced {
                    (announced_item(row, &found.coins, reader.locale, now_ms))
                }
            }
        }
        ol.feed data-live-feed=[stream] {
            @for row in &found.rows { (activity_item(row, reader.locale, now_ms)) }
        }
        @if found.rows.is_empty() && found.announced.is_empty() {
            div data-empty {
                (empty(words.empty_feed, words.empty_feed_hint, Some(WATCH_COMMAND)))
            }
        }
        (paging(wanted, found, reader))
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Activity,
        title: words.activity,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

fn filter_note(wanted: &Wanted, reader: &Reader) -> Markup {
    let words = words(reader.locale);
    html! {
        @if let Some(address) = &wanted.filter.address {
            p.note {
                (words.filtered_by) " " code title=(address) { (short_address(address)) } " · "
                a href="/" { (words.clear_filter) }
            }
        }
    }
}

fn paging(wanted: &Wanted, found: &Found, reader: &Reader) -> Markup {
    let words = words(reader.locale);
    let address = wanted
        .filter
        .address
        .map(|address| format!("&address={address}"));
    let older = found
        .rows
        .last()
        .filter(|_| found.has_more)
        .map(|row| cursor::of_activity(row.cursor()));
    html! {
        nav.paging aria-label=(words.older) {
            @if wanted.before.is_some() { a href="/" { (words.newest) } }
            @if let Some(older) = older {
                a rel="next" href={ "/?before=" (older) (address.unwrap_or_default()) } {
                    (words.older)
                }
            }
        }
    }
}
