//! `/actions`: what operators and applications did, for operators.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde::Deserialize;
use vigia_store::ActionRow;

use super::item::time;
use super::layout::empty;
use super::operators::{Operator, operator_page, unreadable};
use super::{PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::reader::Reader;
use crate::text::operator_words;

/// The address's parameters as they come.
#[derive(Deserialize)]
pub(crate) struct Asked {
    /// Who did it; empty: anybody.
    #[serde(default)]
    actor: String,
    after: Option<String>,
}

/// The log, of one actor (`?actor=`) or a page further down in it (`?after=`).
pub(crate) async fn actions(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return unreadable(&reader, "actor or after: not readable");
    };
    // No id has a zero byte, and Postgres takes none.
    if asked.actor.contains('\0') {
        return unreadable(&reader, "actor: nobody has a zero byte");
    }
    let after = asked.after.as_deref().map(cursor::to_action);
    if after == Some(None) {
        return unreadable(&reader, "after: not a place in this list");
    }
    let actor = Some(asked.actor.trim()).filter(|actor| !actor.is_empty());
    let store = &app.context.store;
    match store.action_page(actor, after.flatten(), PAGE + 1).await {
        Ok(rows) => page(&app, &reader, actor, rows, after.is_some()),
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn page(
    app: &App,
    reader: &Reader,
    actor: Option<&str>,
    mut rows: Vec<ActionRow>,
    is_older: bool,
) -> Response {
    let words = operator_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let next = rows.last().filter(|_| has_more).map(|row| row.id);
    let content = html! {
        (filter(actor, reader))
        @if rows.is_empty() { (empty(words.no_actions, words.no_actions_hint, None)) }
        @else { p.note { (words.actions_hint) } }
        ol.feed.failures {
            @for row in &rows { (item(row, reader, now_ms)) }
        }
        nav.paging aria-label=(words.next) {
            @if is_older { a href=(address(actor, None)) { (words.first) } }
            @if next.is_some() { a rel="next" href=(address(actor, next)) { (words.next) } }
        }
    };
    operator_page(reader, words.actions, content).into_response()
}

fn address(actor: Option<&str>, after: Option<i64>) -> String {
    let mut query = Serializer::new(String::new());
    if let Some(actor) = actor {
        query.append_pair("actor", actor);
    }
    if let Some(after) = after {
        query.append_pair("after", &cursor::of_action(after));
    }
    format!("/actions?{}", query.finish())
}

fn filter(actor: Option<&str>, reader: &Reader) -> Markup {
    let words = operator_words(reader.locale);
    html! {
        form.filter method="get" action="/actions" {
            label.field {
                span { (words.actor) }
                input name="actor" maxlength="200" autocapitalize="none" spellcheck="false"
                    value=(actor.unwrap_or_default());
            }
            div.actions {
                button type="submit" { (words.show) }
                @if actor.is_some() { a.button href="/actions" { (words.clear) } }
            }
        }
    }
}

fn item(row: &ActionRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = operator_words(reader.locale);
    let action = &row.action;
    html! {
        li data-action=(row.id) {
            span.what {
                span.title {
                    (action.action)
                    span.party { " · " b {
                        @if action.actor.is_empty() { (words.machine) } @else { (action.actor) }
                    } }
                }
                span.meta {
                    span { (words.way(action.way)) }
                    (time(row.at_ms, now_ms, reader.locale))
                    code { (action.subject) }
                }
                @if let Some(problem) = &action.problem { p.problem { (problem) } }
            }
        }
    }
}
