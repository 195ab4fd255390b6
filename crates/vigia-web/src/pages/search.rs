//! `/search?q=`: leads to the one thing that a text names, or lists what it may mean.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde::Deserialize;
use vigia_core::{AccountKind, Digest, LabelKind, Locale, Place};
use vigia_store::{BusinessDetail, FoundAccount, InvoiceRow, LabelRow, Login, SEARCH_MAX};

use super::deals::short_id;
use super::item::time;
use super::layout::{Page, Section, empty};
use super::{internal_error, refused};
use crate::app::App;
use crate::lookup::{Found, Wanted};
use crate::path;
use crate::reader::Reader;
use crate::text::{
    SearchWords, object_title, operator_words, search_words, short_address, state_title, words,
};

/// Transactions of an object that are linked; the newest.
const LINKED_MAX: usize = 10;

/// What is searched for.
#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
}

/// Leads on, or says what there is.
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    reader: Reader,
    search: Result<Query<Search>, QueryRejection>,
) -> Response {
    let wanted = search
        .ok()
        .and_then(|Query(search)| Wanted::read(&search.q));
    let Some(wanted) = wanted else {
        let why = search_words(reader.locale).unreadable.to_owned();
        return refused(&reader, StatusCode::BAD_REQUEST, Some(why));
    };
    let found = match Found::read(&app.context, &reader.scope(), &wanted).await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    match found.count() {
        1 => match only(&found, &reader) {
            Some(path) => Redirect::to(&path).into_response(),
            None => page(&app, &reader, &wanted, &found),
        },
        _ => page(&app, &reader, &wanted, &found),
    }
}

/// Where the only thing that was found is shown; none where that is here.
fn only(found: &Found, reader: &Reader) -> Option<String> {
    if let Some(address) = &found.address {
        return Some(format!("/?address={address}"));
    }
    if let [(digest, _)] = &found.transactions[..] {
        return Some(transaction_path(digest));
    }
    if let [detail] = &found.objects[..] {
        return Some(path::trade(&detail.row.key));
    }
    let invoice = found.invoices.first().map(invoice_path);
    let account = || Some(account_path(found.accounts.first()?, reader));
    let user = || found.users.first().map(user_path);
    let label = || found.labels.first().map(label_path);
    invoice.or_else(account).or_else(user).or_else(label)
}

fn transaction_path(digest: &Digest) -> String {
    format!("/tx/{digest}")
}

fn invoice_path(row: &InvoiceRow) -> String {
    format!("/invoices/{}", row.id)
}

/// What an operator sees of an account, and what its members do.
fn account_path(account: &FoundAccount, reader: &Reader) -> String {
    match reader.principal.is_operator() {
        true => address("/watch", "account", &account.external_id),
        false => "/addresses".to_owned(),
    }
}

fn user_path(login: &Login) -> String {
    address("/users", "user", &login.user.external_id)
}

fn label_path(row: &LabelRow) -> String {
    format!("/?address={}", row.label.address)
}

fn address(path: &str, name: &str, value: &str) -> String {
    let mut query = Serializer::new(String::new());
    format!("{path}?{}", query.append_pair(name, value).finish())
}

fn page(app: &App, reader: &Reader, wanted: &Wanted, found: &Found) -> Response {
    let words = search_words(reader.locale);
    let (locale, now_ms) = (reader.locale, app.context.clock.now_ms());
    let hits = found.count();
    let content = html! {
        div.heading { h1 { (words.title) } }
        @if wanted.text.is_empty() { (nothing(words.nothing_asked, reader)) }
        @else if hits == 0 {
            p.note role="status" data-hits="0" { q { (wanted.text) } }
            (nothing(words.none, reader))
        } @else {
            p.note role="status" data-hits=(hits) { q { (wanted.text) } " · " (words.found(hits, locale)) }
            @if let Some(address) = &found.address {
                (group("address", words.address, 1, words, html! {
                    li { a.title href={ "/?address=" (address) } { code { (address) } } }
                }))
            }
            (group("transactions", words.transactions, found.transactions.len(), words, html! {
                @for (digest, place) in &found.transactions { (transaction(digest, *place, locale)) }
            }))
            (group("objects", words.objects, found.objects.len(), words, html! {
                @for detail in &found.objects { (object(detail, locale, now_ms)) }
            }))
            (group("invoices", words.invoices, found.invoices.len(), words, html! {
                @for row in &found.invoices {
                    li data-invoice=(row.id) {
                        a.what href=(invoice_path(row)) { (invoice(row, now_ms, locale)) }
                    }
                }
            }))
            (group("accounts", words.accounts, found.accounts.len(), words, html! {
                @for account in &found.accounts {
                    li data-account=(account.external_id) {
                        a.what href=(account_path(account, reader)) {
                            (named(&account.external_id, &account.display_name))
                            span.meta { span { (account_kind(account.kind, words)) } }
                        }
                    }
                }
            }))
            (group("users", words.users, found.users.len(), words, html! {
                @for login in &found.users {
                    li data-user=(login.user.external_id) {
                        a.what href=(user_path(login)) {
                            (named(&login.user.external_id, &login.user.display_name))
                            span.meta { span { (operator_words(locale).role(login.role)) } }
                        }
                    }
                }
            }))
            (group("labels", words.labels, found.labels.len(), words, html! {
                @for row in &found.labels {
                    li data-label=(row.label.address) {
                        a.what href=(label_path(row)) {
                            span.title { (row.label.name) }
                            span.meta {
                                span { (label_kind(row.label.kind, words)) }
                                code title=(row.label.address) { (short_address(&row.label.address)) }
                            }
                        }
                    }
                }
            }))
        }
    };
    Page {
        locale,
        name: reader.name.as_deref(),
        section: Section::Other,
        title: words.title,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

/// That there is nothing, and what can be looked for.
fn nothing(title: &str, reader: &Reader) -> Markup {
    let words = search_words(reader.locale);
    let hint = match reader.principal.is_operator() {
        true => format!("{} {}", words.none_hint, words.operator_hint),
        false => words.none_hint.to_owned(),
    };
    empty(title, &hint, None)
}

/// What was found of one kind, where anything was.
fn group(kind: &str, heading: &str, hits: usize, words: &SearchWords, rows: Markup) -> Markup {
    let is_full = u32::try_from(hits).unwrap_or(u32::MAX) >= SEARCH_MAX;
    html! {
        @if hits > 0 {
            section data-found=(kind) {
                h2 { (heading) }
                ul.balances.hits { (rows) }
                @if is_full { p.note { (words.more) } }
            }
        }
    }
}

fn named(external_id: &str, name: &str) -> Markup {
    html! {
        span.title {
            (external_id)
            @if !name.is_empty() && name != external_id { span.party { " · " (name) } }
        }
    }
}

fn transaction(digest: &Digest, place: Option<Place>, locale: Locale) -> Markup {
    html! {
        li data-transaction=(digest) {
            a.what href=(transaction_path(digest)) {
                span.title { code { (digest) } }
                @if let Some(place) = place {
                    span.meta { span { (words(locale).checkpoint) " " (place) } }
                }
            }
        }
    }
}

/// An object with its transactions, the newest first.
fn object(detail: &BusinessDetail, locale: Locale, now_ms: u64) -> Markup {
    let row = &detail.row;
    html! {
        li data-object=(row.key.object) {
            div.what {
                a.title href=(path::trade(&row.key)) {
                    (object_title(&row.key.object, locale)) " " code title=(row.key.id) { (short_id(&row.key.id)) }
                }
                span.meta { span { (state_title(&row.state, locale)) } }
                ul.linked {
                    @for (event, digest, at_ms) in detail.events.iter().rev().take(LINKED_MAX) {
                        li {
                            a href=(transaction_path(digest)) { (event.name) }
                            " " (time(*at_ms, now_ms, locale))
                        }
                    }
                }
            }
        }
    }
}

fn invoice(row: &InvoiceRow, now_ms: u64, locale: Locale) -> Markup {
    let asked = &row.invoice;
    let (external_id, name) = &row.account;
    html! {
        span.title {
            code title=(asked.business_id) { (short_id(&asked.business_id)) }
            @if !asked.note.is_empty() { span.party { " · " (asked.note) } }
        }
        span.meta {
            span { (if name.is_empty() { external_id } else { name }) }
            (time(row.created_at_ms, now_ms, locale))
        }
    }
}

fn account_kind(kind: AccountKind, words: &SearchWords) -> &'static str {
    let [personal, business] = words.account_kinds;
    match kind {
        AccountKind::Personal => personal,
        AccountKind::Business => business,
    }
}

fn label_kind(kind: LabelKind, words: &SearchWords) -> &'static str {
    words.label_kinds[match kind {
        LabelKind::Exchange => 0,
        LabelKind::FeeCollector => 1,
        LabelKind::Escrow => 2,
        LabelKind::Other => 3,
    }]
}
