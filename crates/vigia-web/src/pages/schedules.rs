//! `/schedules`: what is done when, and how it went, for operators.
//!
//! Jobs run where the work is done, so no button here runs one.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_store::ScheduleRow;

use super::internal_error;
use super::item::{deadline, time};
use super::layout::empty;
use super::operators::{Operating, Operator, operator_page, unreadable};
use crate::app::App;
use crate::reader::{Reader, query_value};
use crate::text::{JobState, OperatorWords, operator_words};

/// The list, with what was done last (`?done=`).
pub(crate) async fn schedules(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
    uri: Uri,
) -> Response {
    let rows = match app.context.store.schedule_list().await {
        Ok(rows) => rows,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let words = operator_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let content = html! {
        (done(&uri, words))
        @if rows.is_empty() { (empty(words.no_schedules, words.no_schedules_hint, None)) }
        @else { p.note { (words.run_hint) } }
        ul.balances.targets {
            @for row in &rows { (item(row, &reader, now_ms)) }
        }
    };
    operator_page(&reader, words.schedules, content).into_response()
}

/// What a button does.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Pause,
    Resume,
}

/// The form of a button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    action: Action,
    name: String,
}

/// Pauses or resumes one. Done again it changes nothing more.
pub(crate) async fn schedule_ordered(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    order: Result<Form<Order>, FormRejection>,
) -> Response {
    let order = order.ok().filter(|order| !order.name.contains('\0'));
    let Some(Form(Order { action, name })) = order else {
        return unreadable(&reader, "this is no order that the page has a button for");
    };
    let (pauses, action, done) = match action {
        Action::Pause => (true, "pause-schedule", "paused"),
        Action::Resume => (false, "resume-schedule", "resumed"),
    };
    match app.context.store.schedule_pause(&name, pauses).await {
        Ok(true) => {
            let subject = json!({ "name": name });
            reader.record(&app.context, action, subject).await;
            Redirect::to(&format!("/schedules?done={done}")).into_response()
        }
        Ok(false) => unreadable(&reader, "name: there is no schedule of this name"),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// What was done last. An address that says nothing known says nothing.
fn done(uri: &Uri, words: &OperatorWords) -> Markup {
    let done = match query_value(uri, "done") {
        Some("paused") => Some(("paused", words.paused)),
        Some("resumed") => Some(("resumed", words.resumed)),
        _ => None,
    };
    html! {
        @if let Some((done, text)) = done {
            p.note role="status" data-done=(done) { b { (text) } }
        }
    }
}

fn state(row: &ScheduleRow) -> JobState {
    match row {
        ScheduleRow { paused: true, .. } => JobState::Paused,
        ScheduleRow {
            unfinished: true, ..
        } => JobState::Running,
        ScheduleRow {
            last_error: Some(_),
            ..
        } => JobState::Failed,
        ScheduleRow {
            last_finished_at_ms: None,
            ..
        } => JobState::New,
        _ => JobState::Well,
    }
}

fn item(row: &ScheduleRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = operator_words(reader.locale);
    let state = state(row);
    let look = match state {
        JobState::Failed => "state bad",
        JobState::Paused => "state",
        JobState::Running | JobState::New | JobState::Well => "state good",
    };
    let (action, button) = match row.paused {
        true => ("resume", words.resume),
        false => ("pause", words.pause),
    };
    html! {
        li data-schedule=(row.name) data-paused[row.paused] {
            div.heading {
                span.what {
                    span.title { code { (row.name) } " " span class=(look) { (words.job_state(state)) } }
                }
                form.actions method="post" action="/schedules" {
                    input type="hidden" name="action" value=(action);
                    input type="hidden" name="name" value=(row.name);
                    button type="submit" disabled[!reader.may_write] {
                        (button) span.unseen { " " (row.name) }
                    }
                }
            }
            (facts(row, reader, now_ms))
            @if let Some(error) = &row.last_error { p.problem { (error) } }
        }
    }
}

fn facts(row: &ScheduleRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = operator_words(reader.locale);
    html! {
        dl.facts {
            dt { (words.pattern) } dd { code { (row.pattern) } " · " (row.time_zone) }
            dt { (words.next_run) }
            dd { @match row.next_at_ms { Some(at_ms) => (deadline(at_ms)), None => (words.never) } }
            dt { (words.last_run) }
            dd {
                @match row.last_finished_at_ms {
                    Some(at_ms) => (time(at_ms, now_ms, reader.locale)),
                    None => (words.never),
                }
                @if let Some(result) = &row.last_result { " · " (result) }
            }
        }
    }
}
