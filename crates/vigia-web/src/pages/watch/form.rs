//! What is to be watched or not, as the forms have it: what `vigia watch add` and `vigia watch remove` do.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_core::{
    AccountKind, Locale, WatchTarget, parse_address, parse_coin_type, parse_watch_target,
};
use vigia_store::{AccountSpec, UserSpec, WatchEntry, WatchReceipt};

use super::super::internal_error;
use super::super::operators::{Operating, Operator, operator_page, unreadable};
use crate::app::App;
use crate::reader::Reader;
use crate::text::{TargetKind, search_words, watch_words};

const NO_FORM: &str = "this is no order that the page has a button for";
/// Longest target that is read, in bytes.
const TARGET_BYTES_MAX: usize = 1_000;

/// What was written, as it was written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WatchForm {
    kind: String,
    target: String,
    account: String,
    name: String,
    account_kind: String,
    user: String,
    locale: String,
}

/// What is wrong with a form: the field, and the problem.
pub(super) struct Wrong {
    field: &'static str,
    problem: String,
}

/// What is to be watched, or no longer.
fn target(kind: &str, text: &str) -> Result<WatchTarget, Wrong> {
    let wrong = |field| move |problem: String| Wrong { field, problem };
    let no_kind = || wrong("kind")(format!("{kind:?} is none (address, contract, coin)"));
    let kind = TargetKind::read(kind).ok_or_else(no_kind)?;
    let text = text.trim();
    if text.len() > TARGET_BYTES_MAX {
        return Err(wrong("target")(format!(
            "more than {TARGET_BYTES_MAX} bytes"
        )));
    }
    let parsed = match kind {
        TargetKind::Address => parse_address(text).map(WatchTarget::Address),
        TargetKind::Contract => parse_watch_target(text),
        TargetKind::Coin => parse_coin_type(text).map(WatchTarget::CoinType),
    };
    parsed.map_err(|error| wrong("target")(error.to_string()))
}

impl WatchForm {
    fn entry(&self) -> Result<WatchEntry, Wrong> {
        let target = target(&self.kind, &self.target)?;
        let kind = match &*self.account_kind {
            "" => AccountKind::Personal,
            word => word.parse().map_err(|problem| Wrong {
                field: "account_kind",
                problem,
            })?,
        };
        let account = match (self.account.trim(), &target) {
            ("", WatchTarget::Address(address)) => Some(AccountSpec::of_address(address, kind)),
            ("", _) => None,
            (external_id, _) => Some(AccountSpec {
                external_id: external_id.to_owned(),
                kind,
                display_name: self.named(external_id),
                members: self.member()?.into_iter().collect(),
            }),
        };
        Ok(WatchEntry { target, account })
    }

    fn named(&self, otherwise: &str) -> String {
        let name = self.name.trim();
        let name = if name.is_empty() { otherwise } else { name };
        name.to_owned()
    }

    fn member(&self) -> Result<Option<UserSpec>, Wrong> {
        let locale = match &*self.locale {
            "" => Ok(Locale::default()),
            word => word.parse().map_err(|problem| Wrong {
                field: "locale",
                problem,
            }),
        };
        let (locale, user) = (locale?, self.user.trim());
        Ok((!user.is_empty()).then(|| UserSpec {
            external_id: user.to_owned(),
            display_name: self.named(user),
            locale,
        }))
    }

    /// The form, with what is wrong where something is.
    pub(super) fn render(&self, wrong: Option<&Wrong>, reader: &Reader) -> Markup {
        let words = watch_words(reader.locale);
        let is_wrong = |field| wrong.filter(|wrong| wrong.field == field).map(|_| "true");
        let chosen = TargetKind::read(&self.kind).unwrap_or(TargetKind::Address);
        html! {
            @if let Some(wrong) = wrong {
                p.problem #wrong role="alert" data-wrong=(wrong.field) { (wrong.problem) }
            }
            form.panel method="post" action="/watch" {
                fieldset {
                    legend { (words.kind) }
                    @for kind in TargetKind::ALL {
                        label.choice {
                            input type="radio" name="kind" value=(kind.as_str()) checked[kind == chosen];
                            span { (words.kind_of(kind)) }
                        }
                    }
                }
                (field("target", words.target, words.target_hint, &self.target, is_wrong("target"), true))
                (field("account", words.account, words.account_hint, &self.account, is_wrong("account"), false))
                div.pair {
                    label.field {
                        span { (words.name) }
                        input name="name" maxlength="200" value=(self.name);
                    }
                    label.field {
                        span { (words.account_kind) }
                        select name="account_kind" {
                            @for (kind, name) in
                                [AccountKind::Personal, AccountKind::Business].iter().zip(search_words(reader.locale).account_kinds)
                            {
                                option value=(kind.as_str()) selected[kind.as_str() == self.account_kind] { (name) }
                            }
                        }
                    }
                }
                (field("user", words.user, words.user_hint, &self.user, is_wrong("user"), false))
                label.field {
                    span { (words.locale) }
                    select name="locale" {
                        @for (locale, name) in [(Locale::Es, "Español"), (Locale::En, "English"), (Locale::Pt, "Português")] {
                            option value=(locale.as_str()) selected[locale.as_str() == self.locale] { (name) }
                        }
                    }
                }
                p.hint { (words.add_hint) }
                div.actions {
                    button.main type="submit" disabled[!reader.may_write] { (words.add) }
                }
            }
        }
    }
}

fn field(
    name: &'static str,
    label: &str,
    hint: &str,
    value: &str,
    is_wrong: Option<&'static str>,
    required: bool,
) -> Markup {
    let hint_id = format!("{name}-hint");
    let about = match is_wrong {
        Some(_) => format!("wrong {hint_id}"),
        None => hint_id.clone(),
    };
    html! {
        div.field {
            label for=(name) { (label) }
            input #(name) name=(name) autocapitalize="none" spellcheck="false" maxlength="1000"
                value=(value) required[required] aria-describedby=(about) aria-invalid=[is_wrong]
                autofocus[is_wrong.is_some()];
            span.hint #(hint_id) { (hint) }
        }
    }
}

/// Adds something. Sent again it changes nothing more.
pub(crate) async fn watch_add(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    sent: Result<Form<WatchForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = sent else {
        return unreadable(&reader, NO_FORM);
    };
    let entry = match form.entry() {
        Ok(entry) => entry,
        Err(wrong) => return answer(&form, &wrong, &reader),
    };
    let subject = json!({
        "target": entry.target.to_string(),
        "account": entry.account.as_ref().map(|account| &account.external_id),
    });
    match app.context.store.watch_add(&[entry]).await {
        Ok(receipt) => match refusal(&receipt) {
            Some(wrong) => answer(&form, &wrong, &reader),
            None => {
                reader.record(&app.context, "watch-add", subject).await;
                back(if receipt.changed > 0 {
                    "added"
                } else {
                    "unchanged"
                })
            }
        },
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Why the only entry of a request was refused.
fn refusal(receipt: &WatchReceipt) -> Option<Wrong> {
    let refused = receipt.refused.first()?;
    Some(Wrong {
        field: "account",
        problem: refused.reason.clone(),
    })
}

fn back(done: &str) -> Response {
    Redirect::to(&format!("/watch?done={done}")).into_response()
}

fn answer(form: &WatchForm, wrong: &Wrong, reader: &Reader) -> Response {
    let content = form.render(Some(wrong), reader);
    let page = operator_page(reader, watch_words(reader.locale).add, content);
    (StatusCode::BAD_REQUEST, page).into_response()
}

/// What is to be watched no longer.
#[derive(Deserialize)]
pub(crate) struct Unwatched {
    kind: String,
    target: String,
}

/// Asks once more.
pub(crate) async fn watch_remove(
    Operator(reader): Operator,
    asked: Result<Query<Unwatched>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return unreadable(&reader, "kind and target: not readable");
    };
    let target = match target(&asked.kind, &asked.target) {
        Ok(target) => target,
        Err(wrong) => return unreadable(&reader, &format!("{}: {}", wrong.field, wrong.problem)),
    };
    let words = watch_words(reader.locale);
    let content = html! {
        form.panel method="post" action="/watch/remove" {
            input type="hidden" name="kind" value=(asked.kind);
            input type="hidden" name="target" value=(target);
            p { code { (target) } }
            p.hint { (words.remove_hint) }
            p.hint { (words.remove_source) }
            div.actions {
                button.danger type="submit" disabled[!reader.may_write] { (words.remove) }
                a.button href="/watch" { (words.back) }
            }
        }
    };
    operator_page(&reader, words.remove, content).into_response()
}

/// Ends the watch of something. Sent again it changes nothing more.
pub(crate) async fn watch_removed(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    sent: Result<Form<Unwatched>, FormRejection>,
) -> Response {
    let Ok(Form(sent)) = sent else {
        return unreadable(&reader, NO_FORM);
    };
    let target = match target(&sent.kind, &sent.target) {
        Ok(target) => target,
        Err(wrong) => return unreadable(&reader, &format!("{}: {}", wrong.field, wrong.problem)),
    };
    let subject = json!({ "target": target.to_string() });
    match app.context.store.watch_remove(&[target]).await {
        Ok(receipt) => match receipt.refused.first() {
            Some(_) => back("nothing"),
            None => {
                reader.record(&app.context, "watch-remove", subject).await;
                back("removed")
            }
        },
        Err(error) => internal_error(reader.locale, &error),
    }
}
