//! `/trades/{contract}/{object}/{id}`: one payment, trade or invitation, and what happened to it in the order of the chain.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use vigia_contracts::{Moment, event_sender};
use vigia_core::{BusinessEvent, BusinessKey, CoinInfo, Digest, Locale};
use vigia_store::{BusinessDetail, BusinessRow, StoreError};

use super::invoice::{EVENTS_MAX, transaction};
use super::{page, shown};
use crate::app::App;
use crate::pages::item::{deadline, time};
use crate::pages::layout::Section;
use crate::pages::{internal_error, refused};
use crate::reader::Reader;
use crate::text::{deal_words, object_title, short_address, state_title};

/// The page of one business object.
pub(crate) async fn deal(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path((contract, object, id)): Path<(String, String, String)>,
) -> Response {
    let key = BusinessKey {
        contract,
        object,
        id,
    };
    // No id has a zero byte, and Postgres takes none.
    if [&key.contract, &key.object, &key.id]
        .into_iter()
        .any(|part| part.contains('\0'))
    {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    }
    match read(&app, &reader, &key).await {
        Ok(Some((found, coins))) => render(&app, &reader, &found, &coins),
        Ok(None) => refused(&reader, StatusCode::NOT_FOUND, None),
        Err(error) => internal_error(reader.locale, &error),
    }
}

async fn read(
    app: &App,
    reader: &Reader,
    key: &BusinessKey,
) -> Result<Option<(BusinessDetail, Vec<CoinInfo>)>, StoreError> {
    let store = &app.context.store;
    let found = store.business_find(&reader.scope(), key).await?;
    let coins = store.coin_list().await?;
    Ok(found.map(|found| (found, coins)))
}

fn render(app: &App, reader: &Reader, found: &BusinessDetail, coins: &[CoinInfo]) -> Response {
    let words = deal_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let row = &found.row;
    let title = object_title(&row.key.object, reader.locale);
    let state = match row.is_overdue(now_ms) {
        true => "state bad",
        false if row.deadline_ms.is_none() => "state good",
        false => "state plain",
    };
    let content = html! {
        div.heading data-object=(row.key.object) data-state=(row.state) {
            h1 { (title) }
            p class=(state) { (state_title(&row.state, reader.locale)) }
        }
        p.digest { code { (row.key.id) } }
        (facts(row, coins, now_ms, reader.locale))
        (timeline(app, found, now_ms, reader.locale))
        p { a href="/trades" { (words.title) } }
    };
    page(reader, Section::Deals, title, content)
}

fn facts(row: &BusinessRow, coins: &[CoinInfo], now_ms: u64, locale: Locale) -> Markup {
    let words = deal_words(locale);
    html! {
        dl.facts {
            dt { (words.contract) } dd { (row.key.contract) }
            dt { (words.state) } dd { (state_title(&row.state, locale)) }
            @if let Some(at_ms) = row.deadline_ms {
                dt { (words.due) }
                dd {
                    (deadline(at_ms))
                    @if row.is_overdue(now_ms) { " " span.failed { (words.overdue) } }
                }
            }
            @if let Some(escrow) = &row.escrow {
                dt { (words.holding) }
                dd { (shown(escrow.amount, &escrow.coin_type, coins, locale)) }
                dt { (words.held_from) } dd { code { (escrow.from) } }
                @if let Some(to) = escrow.to { dt { (words.held_to) } dd { code { (to) } } }
            }
        }
    }
}

/// An event with what the object was before it and is after it.
type Passage<'e> = (
    &'e (BusinessEvent, Digest, u64),
    Option<String>,
    Option<Moment>,
);

fn timeline(app: &App, found: &BusinessDetail, now_ms: u64, locale: Locale) -> Markup {
    let words = deal_words(locale);
    let events: Vec<&BusinessEvent> = found.events.iter().map(|(event, ..)| event).collect();
    let moments = app.context.registry.get().moments(&found.row.key, &events);
    let mut before = None;
    let passages = found.events.iter().zip(moments).map(|(event, after)| {
        let was = before.clone();
        before = after
            .as_ref()
            .map(|after| after.state.clone())
            .or(before.take());
        (event, was, after)
    });
    let passages: Vec<Passage<'_>> = passages.take(EVENTS_MAX).collect();
    html! {
        section {
            h2 { (words.timeline) }
            ol.timeline {
                @for passage in &passages { (item(passage, now_ms, locale)) }
            }
            @if found.events.len() > EVENTS_MAX { p.note { (words.more_events) } }
        }
    }
}

fn item(passage: &Passage<'_>, now_ms: u64, locale: Locale) -> Markup {
    let words = deal_words(locale);
    let ((event, digest, at_ms), before, after) = passage;
    let after = after.as_ref().map(|after| &*after.state);
    html! {
        li data-event=(event.name) data-before=[before.as_deref()] data-after=[after] {
            p.title {
                @if let Some(before) = before.as_deref().filter(|before| Some(*before) != after) {
                    (state_title(before, locale)) " → "
                }
                @match after {
                    Some(after) => b { (state_title(after, locale)) },
                    None => span.failed { (words.undeclared) },
                }
            }
            p.meta {
                (time(*at_ms, now_ms, locale))
                span { code { (event.name) } }
                @if let Some(sender) = event_sender(event) {
                    span title=(sender) { (words.sent_by) " " code { (short_address(&sender)) } }
                }
            }
            (transaction(digest, locale))
        }
    }
}
