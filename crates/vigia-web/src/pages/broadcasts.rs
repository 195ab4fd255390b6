//! `/broadcasts`: what was said to many, how far that is, and the button that stops it; for operators.

mod form;

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_core::{AccountKind, Locale};
use vigia_store::{BroadcastRow, BroadcastSegment, BroadcastState, BroadcastTexts};

use super::internal_error;
use super::item::time;
use super::layout::empty;
use super::operators::{Operating, Operator, operator_page, unreadable};
use crate::app::App;
use crate::broadcasts::list;
use crate::reader::{Reader, query_value};
use crate::text::{broadcast_words, count, delivery_words, operator_words, words};
pub(crate) use form::{broadcast_new, broadcast_written};

const NO_FORM: &str = "this is no order that the page has a button for";
/// How often the page renews itself.
const REFRESH_SECONDS: u32 = 5;
/// Users of a segment that are shown by name.
const NAMED_MAX: usize = 20;

/// The list, with what was done last (`?done=`).
pub(crate) async fn broadcasts(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
    uri: Uri,
) -> Response {
    let rows = match list(&*app.context.store).await {
        Ok(rows) => rows,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let words = broadcast_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let content = html! {
        (done(&uri, &reader))
        div.actions { a.button href="/broadcasts/new" { (words.new) } }
        @if rows.is_empty() { (empty(words.none, words.none_hint, None)) }
        @else { p.note { (words.hint) } }
        div data-refresh=(REFRESH_SECONDS) {
            ul.balances.targets {
                @for row in &rows { (item(row, &reader, now_ms)) }
            }
        }
    };
    operator_page(&reader, words.title, content).into_response()
}

/// The form of the button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    action: Action,
    id: i64,
}

/// What a button does.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Stop,
}

/// Stops one. Done again it changes nothing more.
pub(crate) async fn broadcast_ordered(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    order: Result<Form<Order>, FormRejection>,
) -> Response {
    let Ok(Form(Order { action, id })) = order else {
        return unreadable(&reader, NO_FORM);
    };
    let Action::Stop = action;
    match app.context.store.broadcast_stop(id).await {
        Ok(stopped) => {
            let subject = json!({ "id": id.to_string() });
            reader.record(&app.context, "stop-broadcast", subject).await;
            back(if stopped { "stopped" } else { "nothing" })
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn back(done: &str) -> Response {
    Redirect::to(&format!("/broadcasts?done={done}")).into_response()
}

/// What was done last. An address that says nothing known says nothing.
fn done(uri: &Uri, reader: &Reader) -> Markup {
    let known = [
        ("started", broadcast_words(reader.locale).started),
        ("stopped", delivery_words(reader.locale).stopped),
        ("nothing", operator_words(reader.locale).nothing_done),
    ];
    let done = query_value(uri, "done");
    let known = known.into_iter().find(|(word, _)| Some(*word) == done);
    html! {
        @if let Some((word, text)) = known {
            p.note role="status" data-done=(word) { b { (text) } }
        }
    }
}

fn item(row: &BroadcastRow, reader: &Reader, now_ms: u64) -> Markup {
    let (words, locale) = (broadcast_words(reader.locale), reader.locale);
    let text = row.spec.texts.text(locale);
    let look = match row.state {
        BroadcastState::Running | BroadcastState::Done => "state good",
        BroadcastState::Stopped => "state",
    };
    html! {
        li data-broadcast=(row.id) data-state=(row.state.as_str()) {
            div.heading {
                span.what {
                    span.title {
                        (text.map_or("", |text| &text.title)) " "
                        span class=(look) { (words.state(row.state)) }
                    }
                    span.meta {
                        span {
                            (count(row.told, locale)) " " (words_of(locale)) " " (count(row.total, locale)) " "
                            (delivery_words(locale).told)
                        }
                        span { (count(row.spec.rate_per_s.into(), locale)) " " (delivery_words(locale).per_second) }
                        (time(row.created_at_ms, now_ms, locale))
                        @if let Some(at_ms) = row.finished_at_ms {
                            span { (words.ended) " " (time(at_ms, now_ms, locale)) }
                        }
                    }
                }
                @if row.state == BroadcastState::Running {
                    form.actions method="post" action="/broadcasts" {
                        input type="hidden" name="action" value="stop";
                        input type="hidden" name="id" value=(row.id);
                        button type="submit" disabled[!reader.may_write] {
                            (delivery_words(locale).stop) span.unseen { " " (row.id) }
                        }
                    }
                }
            }
            progress value=(row.told.min(row.total)) max=(row.total.max(1))
                aria-label=(delivery_words(locale).told) {}
            (segment(&row.spec.segment, locale))
            details #{ "texts-" (row.id) } {
                summary { (words.texts) }
                (said(&row.spec.texts))
            }
        }
    }
}

fn words_of(locale: Locale) -> &'static str {
    words(locale).of
}

/// To whom.
fn segment(segment: &BroadcastSegment, locale: Locale) -> Markup {
    let words = broadcast_words(locale);
    let is_all =
        segment.locales.is_empty() && segment.account_kind.is_none() && segment.users.is_empty();
    let kind = segment.account_kind.as_deref();
    let kind = kind.and_then(|kind| kind.parse::<AccountKind>().ok());
    let more = segment.users.len().saturating_sub(NAMED_MAX);
    html! {
        span.meta data-segment {
            span { (words.to) ":" }
            @if is_all { span { (words.everybody) } }
            @if !segment.locales.is_empty() {
                span {
                    (words.readers_of) " "
                    @for (n, locale) in segment.locales.iter().enumerate() {
                        @if n > 0 { ", " }
                        (language(*locale))
                    }
                }
            }
            @if let Some(kind) = kind { span { (words.members_of(kind)) } }
            @if !segment.users.is_empty() {
                span {
                    @for (n, user) in segment.users.iter().take(NAMED_MAX).enumerate() {
                        @if n > 0 { ", " }
                        (user)
                    }
                    @if more > 0 { ", +" (more) }
                }
            }
        }
    }
}

/// A language as those who read it call it.
fn language(locale: Locale) -> &'static str {
    match locale {
        Locale::Es => "Español",
        Locale::En => "English",
        Locale::Pt => "Português",
    }
}

/// What is said, as an inbox shows it, in each language.
fn said(texts: &BroadcastTexts) -> Markup {
    html! {
        ol.feed.inbox {
            @for (locale, text) in texts.iter() {
                li lang=(locale) data-text=(locale) {
                    div {
                        span.what {
                            span.title { (text.body) }
                            span.meta { span { (text.title) } span lang="und" { (locale) } }
                        }
                    }
                }
            }
        }
    }
}
