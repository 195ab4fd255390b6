//! What is to be said to many, as the form has it: written, shown as it will be read, and only then begun.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_core::{AccountKind, Locale};
use vigia_store::{
    BROADCAST_RATE_MAX, BroadcastRow, BroadcastSegment, BroadcastSpec, BroadcastText,
};

use super::super::internal_error;
use super::super::operators::{Operating, Operator, operator_page, unreadable};
use super::{NO_FORM, back, language, said, segment};
use crate::app::App;
use crate::broadcasts::{BroadcastWish, RATE_DEFAULT, WrongBroadcast, list};
use crate::reader::Reader;
use crate::text::{broadcast_words, count, delivery_words};

const LOCALES: [Locale; 3] = [Locale::Es, Locale::En, Locale::Pt];

/// What is done with what was written.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// It is shown as it will be read.
    #[default]
    Preview,
    /// It is written on.
    Edit,
    /// It begins.
    Start,
}

/// What was written, as it was written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BroadcastForm {
    step: Step,
    title_es: String,
    body_es: String,
    title_en: String,
    body_en: String,
    title_pt: String,
    body_pt: String,
    /// Ticked languages of the segment.
    reads_es: Option<String>,
    reads_en: Option<String>,
    reads_pt: Option<String>,
    account_kind: String,
    /// External ids, one a line.
    users: String,
    rate: String,
    /// The key of the newest broadcast there was, 0 where there was none.
    newest: Option<i64>,
}

impl BroadcastForm {
    fn text(&self, locale: Locale) -> (&str, &str) {
        match locale {
            Locale::Es => (&self.title_es, &self.body_es),
            Locale::En => (&self.title_en, &self.body_en),
            Locale::Pt => (&self.title_pt, &self.body_pt),
        }
    }

    fn is_read(&self, locale: Locale) -> bool {
        let ticked = match locale {
            Locale::Es => &self.reads_es,
            Locale::En => &self.reads_en,
            Locale::Pt => &self.reads_pt,
        };
        ticked.is_some()
    }

    fn spec(&self) -> Result<BroadcastSpec, WrongBroadcast> {
        let texts = LOCALES.into_iter().filter_map(|locale| {
            let (title, body) = self.text(locale);
            // Browsers send lines of a text with a carriage return.
            let body = body.replace("\r\n", "\n");
            let text = BroadcastText {
                title: title.trim().to_owned(),
                body: body.trim().to_owned(),
            };
            let is_there = !text.title.is_empty() || !text.body.is_empty();
            is_there.then_some((locale, text))
        });
        let rate = match self.rate.trim() {
            "" => None,
            rate => Some(rate.parse().map_err(|_| WrongBroadcast {
                argument: "rate",
                problem: format!("{rate:?} is no number of users in a second"),
                expected: "a whole number",
            })?),
        };
        let users = self.users.lines().map(str::trim);
        let kind = self.account_kind.trim();
        let wish = BroadcastWish {
            texts: texts.collect(),
            segment: BroadcastSegment {
                locales: LOCALES
                    .into_iter()
                    .filter(|locale| self.is_read(*locale))
                    .collect(),
                account_kind: (!kind.is_empty()).then(|| kind.to_owned()),
                users: users
                    .filter(|user| !user.is_empty())
                    .map(str::to_owned)
                    .collect(),
            },
            rate_per_s: rate,
        };
        let spec = wish.spec()?;
        match spec.segment.users.iter().any(|user| user.contains('\0')) {
            true => Err(WrongBroadcast {
                argument: "segment",
                problem: "nobody has a zero byte".to_owned(),
                expected: "external ids of users",
            }),
            false => Ok(spec),
        }
    }

    /// The broadcast that this very form has begun already: its button was pressed twice.
    fn begun_already(&self, spec: &BroadcastSpec, rows: &[BroadcastRow]) -> bool {
        let newest = self.newest.unwrap_or(i64::MAX);
        rows.iter().any(|row| row.id > newest && row.spec == *spec)
    }
}

/// The form of a new one.
pub(crate) async fn broadcast_new(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
) -> Response {
    match list(&*app.context.store).await {
        Ok(rows) => {
            let form = BroadcastForm {
                newest: Some(rows.first().map_or(0, |row| row.id)),
                ..BroadcastForm::default()
            };
            written(&form, None, &reader)
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Shows what was written as it will be read, takes it back to be changed, or begins. Sent twice, the form begins one.
pub(crate) async fn broadcast_written(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    sent: Result<Form<BroadcastForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = sent else {
        return unreadable(&reader, NO_FORM);
    };
    if let Step::Edit = form.step {
        return written(&form, None, &reader);
    }
    let spec = match form.spec() {
        Ok(spec) => spec,
        Err(wrong) => return written(&form, Some(&wrong), &reader),
    };
    if let Step::Preview = form.step {
        return preview(&form, &spec, &reader);
    }
    let store = &app.context.store;
    let begun = async {
        if form.begun_already(&spec, &list(&**store).await?) {
            return Ok(None);
        }
        store.broadcast_begin(&spec).await.map(Some)
    };
    match begun.await {
        Ok(id) => {
            if let Some(id) = id {
                let subject = json!({ "id": id.to_string() });
                reader
                    .record(&app.context, "start-broadcast", subject)
                    .await;
            }
            back("started")
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn written(form: &BroadcastForm, wrong: Option<&WrongBroadcast>, reader: &Reader) -> Response {
    let words = broadcast_words(reader.locale);
    let status = match wrong {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    let page = operator_page(reader, words.new, fields(form, wrong, reader));
    (status, page).into_response()
}

fn fields(form: &BroadcastForm, wrong: Option<&WrongBroadcast>, reader: &Reader) -> Markup {
    let words = broadcast_words(reader.locale);
    let is_wrong = |argument| {
        wrong
            .filter(|wrong| wrong.argument == argument)
            .map(|_| "true")
    };
    let about = |argument| is_wrong(argument).map(|_| "wrong");
    let kinds = [
        ("", words.any_account),
        (
            AccountKind::Personal.as_str(),
            words.members_of(AccountKind::Personal),
        ),
        (
            AccountKind::Business.as_str(),
            words.members_of(AccountKind::Business),
        ),
    ];
    html! {
        @if let Some(wrong) = wrong {
            p.problem #wrong role="alert" data-wrong=(wrong.argument) {
                (words.wrong(wrong.argument)) " " code { (wrong.problem) }
            }
        }
        form.panel method="post" action="/broadcasts/new" {
            (newest(form))
            p.hint { (words.texts_hint) }
            @for locale in LOCALES {
                @let (title, body) = form.text(locale);
                fieldset {
                    legend { (language(locale)) }
                    div.stack {
                        label.field {
                            span { (words.text_title) }
                            input name={ "title_" (locale.as_str()) } lang=(locale.as_str()) maxlength="200"
                                value=(title) aria-invalid=[is_wrong("texts")] aria-describedby=[about("texts")];
                        }
                        label.field {
                            span { (words.text_body) }
                            textarea name={ "body_" (locale.as_str()) } lang=(locale.as_str()) maxlength="2000"
                                rows="3" aria-invalid=[is_wrong("texts")] aria-describedby=[about("texts")] { (body) }
                        }
                    }
                }
            }
            fieldset {
                legend { (words.to) }
                div.stack {
                    @for locale in LOCALES {
                        label.choice {
                            input type="checkbox" name={ "reads_" (locale.as_str()) } checked[form.is_read(locale)];
                            span { (words.readers_of) " " (language(locale)) }
                        }
                    }
                    label.field {
                        span { (words.account_kind) }
                        select name="account_kind" {
                            @for (kind, name) in kinds {
                                option value=(kind) selected[kind == form.account_kind] { (name) }
                            }
                        }
                    }
                    label.field {
                        span { (words.users) }
                        textarea name="users" rows="3" autocapitalize="none" spellcheck="false"
                            aria-invalid=[is_wrong("segment")] aria-describedby=[about("segment")] { (form.users) }
                    }
                    p.hint { (words.segment_hint) }
                }
            }
            label.field {
                span { (words.rate) }
                input type="number" name="rate" min="1" max=(BROADCAST_RATE_MAX) placeholder=(RATE_DEFAULT)
                    value=(form.rate) aria-invalid=[is_wrong("rate")] aria-describedby=[about("rate")];
            }
            div.actions {
                button.main type="submit" name="step" value="preview" disabled[!reader.may_write] { (words.preview) }
                a.button href="/broadcasts" { (words.back) }
            }
        }
    }
}

fn newest(form: &BroadcastForm) -> Markup {
    html! {
        @if let Some(newest) = form.newest { input type="hidden" name="newest" value=(newest); }
    }
}

/// What will be read, by whom, and how fast; everything is sent again by the buttons below it.
fn preview(form: &BroadcastForm, spec: &BroadcastSpec, reader: &Reader) -> Response {
    let words = broadcast_words(reader.locale);
    let content = html! {
        p.note role="status" { (words.preview_hint) }
        (said(&spec.texts))
        p { (segment(&spec.segment, reader.locale)) }
        p.note { (count(spec.rate_per_s.into(), reader.locale)) " " (delivery_words(reader.locale).per_second) }
        form.panel method="post" action="/broadcasts/new" data-preview {
            (newest(form))
            @for locale in LOCALES {
                @let (title, body) = form.text(locale);
                input type="hidden" name={ "title_" (locale.as_str()) } value=(title);
                input type="hidden" name={ "body_" (locale.as_str()) } value=(body);
                @if form.is_read(locale) {
                    input type="hidden" name={ "reads_" (locale.as_str()) } value="on";
                }
            }
            input type="hidden" name="account_kind" value=(form.account_kind);
            input type="hidden" name="users" value=(form.users);
            input type="hidden" name="rate" value=(form.rate);
            div.actions {
                button.main type="submit" name="step" value="start" { (words.start) }
                button type="submit" name="step" value="edit" { (words.change) }
            }
        }
    };
    operator_page(reader, words.preview, content).into_response()
}
