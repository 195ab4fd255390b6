//! One endpoint: what it is told of, by which keys, and what came of what it was told.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use vigia_core::DeliveryId;
use vigia_store::{
    AttemptRow, DeliveryEvent, DeliveryRow, DeliveryState, EndpointRow, EndpointState, StoreError,
};

use super::super::PAGE;
use super::super::delivered::{STATES, cut, delivery_what, outcome};
use super::super::item::time;
use super::form::algorithms;
use super::order::{Action, Done, button, hidden, marked};
use super::{address, called, figures, framed, not_done, not_found, said, state, targets};
use crate::app::App;
use crate::cursor;
use crate::own_endpoints::{EndpointRefusal, OwnEndpoints};
use crate::pages::{internal_error, refused};
use crate::reader::Reader;
use crate::targets::{Counts, EndpointTarget};
use crate::text::{count, delivery_words, duration, endpoint_words};

/// The address's parameters as they come.
#[derive(Deserialize)]
pub(crate) struct Asked {
    state: Option<String>,
    after: Option<String>,
    /// What was done last.
    done: Option<String>,
}

/// Which deliveries are listed.
#[derive(Clone, Copy)]
struct View {
    /// None: in any state.
    state: Option<DeliveryState>,
    after: Option<(u64, DeliveryId)>,
}

impl View {
    fn read(asked: &Asked) -> Result<Self, String> {
        let state = asked.state.as_deref().map(str::parse).transpose();
        let after = asked.after.as_deref().map(cursor::to_delivery);
        if after == Some(None) {
            return Err("after: not a place in this list".to_owned());
        }
        Ok(Self {
            state: state.map_err(|problem| format!("state: {problem}"))?,
            after: after.flatten(),
        })
    }

    fn address(self, name: &str) -> String {
        let state = self.state.map(|state| format!("state={}", state.as_str()));
        let after = self.after.map(|(at_ms, id)| {
            let after = cursor::of_delivery(at_ms, id);
            format!("after={after}")
        });
        let query: Vec<String> = state.into_iter().chain(after).collect();
        format!("/endpoints/{name}?{}#list", query.join("&"))
    }
}

/// The endpoint, one of its lists (`?state=`), or a page further down in it (`?after=`).
pub(crate) async fn endpoint(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let found = targets(&app, &reader).await;
    let target = match found {
        Ok(found) => found
            .into_iter()
            .find(|target| target.row.spec.name == name),
        Err(error) => return internal_error(reader.locale, &error),
    };
    let Some(target) = target else {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    };
    let asked = asked.map_err(|_| "state or after: not readable".to_owned());
    let view = asked.and_then(|Query(asked)| Ok((View::read(&asked)?, asked)));
    let (view, asked) = match view {
        Ok(view) => view,
        Err(why) => return refused(&reader, StatusCode::BAD_REQUEST, Some(why)),
    };
    let listed = match Listed::read(&app, &target.row, view).await {
        Ok(listed) => listed,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let done = asked.done.as_deref().and_then(Done::read);
    page(&app, &reader, &target, view, &listed, done)
}

/// A page of deliveries, with where the next one begins.
struct Listed {
    rows: Vec<(DeliveryEvent, Option<AttemptRow>)>,
    next: Option<(u64, DeliveryId)>,
}

impl Listed {
    async fn read(app: &App, row: &EndpointRow, view: View) -> Result<Self, StoreError> {
        let store = &app.context.store;
        let mut rows = store
            .delivery_page(Some(row.id), view.state, view.after, PAGE + 1)
            .await?;
        let next = cut(&mut rows, |row| (row.created_at_ms, row.id));
        let rows = store.delivery_details(rows).await?;
        Ok(Self { rows, next })
    }
}

fn page(
    app: &App,
    reader: &Reader,
    target: &EndpointTarget,
    view: View,
    listed: &Listed,
    done: Option<Done>,
) -> Response {
    let words = endpoint_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let row = &target.row;
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let content = html! {
        div.heading {
            h1 { (called(row)) }
            (state(row, reader))
        }
        (said(done, words))
        @if let Some(reason) = &row.reason { p.problem { (reason) } }
        (address(row, reader, now_ms))
        (figures(target, reader))
        (buttons(row, reader))
        (facts(row, reader, now_ms))
        (keys(row, own.public_keys(row), reader))
        section #list {
            h2 { (words.deliveries) }
            (tabs(&target.counts, view, row, reader))
            (list(listed, view, row, reader, now_ms))
        }
        p { a href="/endpoints" { (words.title) } }
    };
    framed(reader, called(row), content).into_response()
}

fn buttons(row: &EndpointRow, reader: &Reader) -> Markup {
    let words = endpoint_words(reader.locale);
    let name = &row.spec.name;
    html! {
        div.actions.bar-of {
            @match row.state {
                EndpointState::Enabled => {
                    (button(row, Action::Test, None, words.test, reader))
                    (button(row, Action::Disable, None, delivery_words(reader.locale).disable, reader))
                },
                _ => (button(row, Action::Enable, None, delivery_words(reader.locale).enable, reader)),
            }
            a.button href={ "/endpoints/" (name) "/edit" } { (words.edit) }
            a.button href={ "/endpoints/" (name) "/remove" } { (words.remove) }
        }
    }
}

/// What it is told of.
fn facts(row: &EndpointRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = endpoint_words(reader.locale);
    let filter = &row.spec.filter;
    let joined = |parts: &[String]| match parts.is_empty() {
        true => words.all.to_owned(),
        false => parts.join(", "),
    };
    let minimum = filter
        .minimum_units
        .map(|units| count(units, reader.locale));
    html! {
        section {
            h2 { (words.filter) }
            dl.facts {
                dt { (words.kinds) } dd { (joined(&filter.kinds)) }
                dt { (words.coins) } dd { (joined(&filter.coins)) }
                dt { (words.minimum) } dd { (minimum.as_deref().unwrap_or("–")) }
                @if let Some(per_second) = row.spec.per_second {
                    dt { (words.per_second) } dd { (per_second) }
                }
                dt { (words.name) } dd {
                    code { (row.spec.name) }
                    @if row.created_at_ms > 0 { " · " (time(row.created_at_ms, now_ms, reader.locale)) }
                }
            }
        }
    }
}

fn keys(
    row: &EndpointRow,
    public: Result<Vec<String>, EndpointRefusal>,
    reader: &Reader,
) -> Markup {
    let words = endpoint_words(reader.locale);
    html! {
        section #keys {
            h2 { (words.keys) }
            @match public {
                Ok(public) => {
                    @if public.is_empty() { p.note { (words.keys_shared) } }
                    @else { p.note { (words.keys_hint) } }
                    @for key in &public { pre data-key { code { (key) } } }
                    details.rotate {
                        summary { (words.rotate) }
                        form.panel method="post" action={ "/endpoints/" (row.spec.name) } {
                            (hidden(Action::Rotate))
                            (marked(row))
                            (algorithms("", words))
                            div.actions {
                                button type="submit" disabled[!reader.may_write] { (words.rotate) }
                            }
                        }
                    }
                    div.actions { (button(row, Action::DropOld, None, words.drop_old, reader)) }
                },
                Err(EndpointRefusal::NoKeeper) => p.note { (words.no_keeper_hint) },
                Err(_) => p.problem { (words.keys_unusable) },
            }
        }
    }
}

fn tabs(counts: &Counts, view: View, row: &EndpointRow, reader: &Reader) -> Markup {
    let words = endpoint_words(reader.locale);
    let name = &row.spec.name;
    let of = |state| View { state, after: None }.address(name);
    html! {
        nav.tabs aria-label=(words.deliveries) {
            a href=(of(None)) aria-current=[view.state.is_none().then_some("page")] { (words.any_state) }
            @for state in STATES {
                a href=(of(Some(state))) aria-current=[(view.state == Some(state)).then_some("page")] {
                    (delivery_words(reader.locale).state(state)) " "
                    span.number { (count(counts.of(state), reader.locale)) }
                }
            }
        }
        @if counts.dead > 0 {
            div.actions { (button(row, Action::ReplayDead, None, words.replay_dead, reader)) }
        }
    }
}

fn list(listed: &Listed, view: View, row: &EndpointRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = delivery_words(reader.locale);
    let name = &*row.spec.name;
    let at = |after| View { after, ..view }.address(name);
    html! {
        @if listed.rows.is_empty() { p.note { (endpoint_words(reader.locale).no_deliveries) } }
        ol.feed.failures {
            @for (event, last) in &listed.rows {
                li data-delivery=(event.row.id) data-state=(event.row.state.as_str()) {
                    (delivery_what(event, last.as_ref(), words.state_of_one(event.row.state), reader, now_ms))
                    div.actions {
                        a.button href={ "/endpoints/" (name) "/deliveries/" (event.row.id) } {
                            (words.attempts) span.unseen { " " (event.row.id) }
                        }
                        (again(row, &event.row, reader))
                    }
                }
            }
        }
        nav.paging aria-label=(words.next) {
            @if view.after.is_some() { a href=(at(None)) { (words.first) } }
            @if listed.next.is_some() { a rel="next" href=(at(listed.next)) { (words.next) } }
        }
    }
}

fn again(row: &EndpointRow, delivery: &DeliveryRow, reader: &Reader) -> Markup {
    let words = delivery_words(reader.locale);
    let name = match delivery.state {
        DeliveryState::Pending => words.retry_now,
        _ => words.retry,
    };
    button(
        row,
        Action::Retry,
        Some(&delivery.id.to_string()),
        name,
        reader,
    )
}

/// One delivery with all its attempts.
pub(crate) async fn endpoint_delivery(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let row = match own.find(&name).await {
        Ok(row) => row,
        Err(refusal) => return not_found(&reader, refusal),
    };
    let Ok(id) = id.parse::<DeliveryId>() else {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    };
    let found = async {
        let store = &app.context.store;
        let found = store.delivery_find(&id).await?;
        let found = found.filter(|(delivery, _)| delivery.endpoint == row.id);
        let Some((delivery, attempts)) = found else {
            return Ok(None);
        };
        let details = store.delivery_details(vec![delivery]).await?;
        Ok(details
            .into_iter()
            .next()
            .map(|(event, _)| (event, attempts)))
    };
    match found.await {
        Ok(Some((event, attempts))) => delivery_page(&app, &reader, &row, &event, &attempts),
        Ok(None) => refused(&reader, StatusCode::NOT_FOUND, None),
        Err(error) => not_done(&reader, EndpointRefusal::Store(error)),
    }
}

fn delivery_page(
    app: &App,
    reader: &Reader,
    row: &EndpointRow,
    event: &DeliveryEvent,
    attempts: &[AttemptRow],
) -> Response {
    let words = endpoint_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let state = delivery_words(reader.locale).state_of_one(event.row.state);
    let content = html! {
        div.heading {
            h1 { (words.delivery) " #" (event.row.sequence) }
            (again(row, &event.row, reader))
        }
        div data-delivery=(event.row.id) { (delivery_what(event, None, state, reader, now_ms)) }
        section {
            h2 { (delivery_words(reader.locale).attempts) }
            @if attempts.is_empty() { p.note { (words.no_attempts) } }
            ol.feed.failures {
                @for attempt in attempts { (attempt_item(attempt, reader, now_ms)) }
            }
        }
        p { a href={ "/endpoints/" (row.spec.name) } { (called(row)) } }
    };
    framed(reader, words.delivery, content).into_response()
}

fn attempt_item(attempt: &AttemptRow, reader: &Reader, now_ms: u64) -> Markup {
    html! {
        li data-attempt {
            span.what {
                span.meta {
                    (time(attempt.started_at_ms, now_ms, reader.locale))
                    span { (duration(attempt.duration_ms, reader.locale)) }
                    (outcome(attempt))
                }
                @if !attempt.response_head.is_empty() {
                    span.meta { (endpoint_words(reader.locale).answer) }
                    pre { code { (attempt.response_head) } }
                }
            }
        }
    }
}
