//! `/addresses`: what is watched for the reader's accounts, how far the history of each is, and adding one: by a wallet's
//! signature, or for operators by naming it.

mod wallet;

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_core::{WatchTarget, parse_address};
use vigia_store::{AddressHistory, BackfillState, StoreError, WatchRow};

use super::item::time;
use super::layout::{Page, Section, WALLET_JS, empty};
use super::operators::{Operating, unreadable};
use super::{PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::linking::{LinkRefusal, Linked, Linking};
use crate::reader::{Reader, query_value};
use crate::text::{AddressWords, address_words, balance_words, sign_in_words};

pub(crate) use wallet::{address_challenge, address_signed};

/// How to watch an address.
const WATCH_COMMAND: &str = "vigia watch add 0x…";
/// What was done, as the address of the page says it.
const ADDED: &str = "added";
const KNOWN: &str = "known";

/// The list, or a page further on in it (`?after=`), with what was done last (`?done=`).
pub(crate) async fn addresses(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let after = query_value(&uri, "after");
    let Some(cursor) = after.map_or(Some(0), cursor::to_watch) else {
        return unreadable(&reader, "after: not a place in this list");
    };
    let done = query_value(&uri, "done");
    match Found::read(&app, &reader, cursor).await {
        Ok(found) => page(&app, &reader, &found, done, &Typed::default()).into_response(),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// What an operator typed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressForm {
    account: String,
    address: String,
}

/// Has an address watched for an account, as an operator says. Done again it changes nothing more.
pub(crate) async fn address_added(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    sent: Result<Form<AddressForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = sent else {
        return unreadable(&reader, "this is no form of the page");
    };
    let words = address_words(reader.locale);
    let linking = Linking::new(&app.context, &app.domain, &reader);
    let account = form.account.trim().to_owned();
    let wrong = match parse_address(form.address.trim()) {
        Err(_) => words.no_address.to_owned(),
        Ok(address) => match linking.by_name(account, address).await {
            Ok(linked) => {
                let (address, account) = (linked.address.to_string(), &linked.account);
                let subject = json!({ "account": account, "address": address });
                reader.record(&app.context, "link-address", subject).await;
                return Redirect::to(&done_path(&linked)).into_response();
            }
            Err(LinkRefusal::NoAccount) => words.no_account.to_owned(),
            Err(LinkRefusal::Taken(why)) => format!("{} ({why})", words.taken),
            Err(LinkRefusal::Store(error)) => return internal_error(reader.locale, &error),
            // None of the others is of who names an address and is an operator.
            Err(_) => return unreadable(&reader, "this cannot be linked"),
        },
    };
    match Found::read(&app, &reader, 0).await {
        Ok(found) => {
            let typed = Typed {
                form,
                wrong: Some(wrong),
            };
            let page = page(&app, &reader, &found, None, &typed);
            (StatusCode::BAD_REQUEST, page).into_response()
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// The page that says what became of it.
fn done_path(linked: &Linked) -> String {
    let done = linked.live_from.map_or(KNOWN, |_| ADDED);
    format!("/addresses?done={done}")
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    form: AddressForm,
    wrong: Option<String>,
}

/// What the page lists.
struct Found {
    rows: Vec<WatchRow>,
    is_later: bool,
    /// Those to which the reader may link an address of a wallet.
    accounts: Vec<(String, String)>,
}

impl Found {
    async fn read(app: &App, reader: &Reader, after: i64) -> Result<Self, StoreError> {
        let store = &app.context.store;
        let linking = Linking::new(&app.context, &app.domain, reader);
        Ok(Self {
            rows: store.address_page(&reader.scope(), after, PAGE + 1).await?,
            is_later: after > 0,
            accounts: linking.accounts().await?,
        })
    }

    /// The rows of one page, and where the next begins.
    fn page(&self) -> (&[WatchRow], Option<String>) {
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let rows = &self.rows[..self.rows.len().min(page)];
        let last = rows.last().filter(|_| self.rows.len() > page);
        (rows, last.map(|row| cursor::of_watch(row.id)))
    }
}

fn page<'a>(
    app: &App,
    reader: &'a Reader,
    found: &Found,
    done: Option<&str>,
    typed: &Typed,
) -> Page<'a> {
    let words = address_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let (rows, next) = found.page();
    let may_name = reader.principal.is_operator() && reader.may_write;
    let content = html! {
        div.heading {
            h1 { (words.title) }
            a.button href="/balances" { (balance_words(reader.locale).title) }
        }
        @match done {
            Some(ADDED) => p.note role="status" data-done=(ADDED) { b { (words.added) } },
            Some(KNOWN) => p.note role="status" data-done=(KNOWN) { b { (words.known) } },
            _ => {},
        }
        @if rows.is_empty() { (empty(words.none, words.none_hint, may_name.then_some(WATCH_COMMAND))) }
        @else { p.note { (words.hint) } }
        @for (account, rows) in by_account(rows) {
            section data-account=(account.0) {
                h2 { (if account.1.is_empty() { account.0 } else { account.1 }) }
                ul.balances.own { @for row in rows { (item(row, reader, now_ms)) } }
            }
        }
        @if found.is_later || next.is_some() {
            nav.paging aria-label=(words.title) {
                @if found.is_later { a href="/addresses" { (words.first) } }
                @if let Some(next) = next {
                    a rel="next" href={ "/addresses?after=" (next) } { (words.next) }
                }
            }
        }
        @if !found.accounts.is_empty() { (by_wallet(&found.accounts, reader)) }
        @if may_name { (by_name(typed, words)) }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Balances,
        title: words.title,
        refresh_seconds: None,
        content,
    }
}

/// External id and name of an account, and its rows.
type OfAccount<'r> = ((&'r str, &'r str), Vec<&'r WatchRow>);

/// Rows by account, the account whose address was added first before the others.
fn by_account(rows: &[WatchRow]) -> Vec<OfAccount<'_>> {
    let mut accounts: Vec<OfAccount<'_>> = Vec::new();
    for row in rows {
        let account = row.account.as_ref();
        let account = account.map_or(("", ""), |(id, name)| (id, name));
        match accounts.iter_mut().find(|(known, _)| *known == account) {
            Some((_, rows)) => rows.push(row),
            None => accounts.push((account, vec![row])),
        }
    }
    accounts
}

fn item(row: &WatchRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = address_words(reader.locale);
    let WatchTarget::Address(address) = &row.target else {
        return html! {};
    };
    html! {
        li data-address=(address) {
            span.what {
                span.title { code { (address) } }
                (history(row.history.as_ref(), words))
                span.meta {
                    @if let Some(at_ms) = row.added_at_ms {
                        span { (words.since) " " (time(at_ms, now_ms, reader.locale)) }
                    }
                    span { (words.live_from) " " (row.live_from) }
                }
            }
            a.button href={ "/?address=" (address) } {
                (words.activity) span.unseen { " " (address) }
            }
        }
    }
}

fn history(history: Option<&AddressHistory>, words: &AddressWords) -> Markup {
    let Some(history) = history else {
        return html! { span.meta data-history="none" { (words.no_history) } };
    };
    let share = history
        .position
        .filter(|_| history.state == BackfillState::Running);
    html! {
        span.meta data-history=(history.state.as_str()) {
            span.failed[history.state == BackfillState::Failed] { (words.state(history.state)) }
            @if let Some(from) = history.complete_from { span { (words.complete_from) " " (from) } }
            @if let Some(why) = &history.reason { span { (why) } }
        }
        @if let Some((position, end)) = share {
            progress value=(position.min(end)) max=(end.max(1)) aria-label=(words.progress) {}
        }
    }
}

/// What the script makes work, so that it is not seen without.
fn by_wallet(accounts: &[(String, String)], reader: &Reader) -> Markup {
    let (words, of_wallets) = (address_words(reader.locale), sign_in_words(reader.locale));
    html! {
        section {
            h2 { (words.add) }
            p.note { (words.wallet_hint) }
            noscript { p.none { (words.wallet_script) } }
            div.panel.wallet hidden data-wallet="/addresses" data-path="/addresses/wallet"
                data-none=(of_wallets.no_wallet) data-refused=(words.refused)
                data-taken=(words.taken) data-failed=(of_wallets.wallet_failed) {
                label.field {
                    span { (words.account) }
                    select name="account" {
                        @for (id, name) in accounts {
                            option value=(id) { (if name.is_empty() { id } else { name }) }
                        }
                    }
                }
                div.actions { button.main type="button" data-ask { (words.wallet) } }
                p.problem role="alert" hidden {}
                div.wallets {}
            }
        }
        script src=(WALLET_JS) defer {}
    }
}

fn by_name(typed: &Typed, words: &AddressWords) -> Markup {
    let is_wrong = typed.wrong.is_some();
    html! {
        section {
            h2 { (words.add) }
            p.note { (words.name_hint) }
            form.panel method="post" action="/addresses" {
                @if let Some(wrong) = &typed.wrong {
                    p.problem #wrong role="alert" { (wrong) }
                }
                label.field {
                    span { (words.account) }
                    input name="account" required maxlength="200" autocapitalize="none"
                        spellcheck="false" value=(typed.form.account)
                        aria-describedby=[is_wrong.then_some("wrong")];
                }
                label.field {
                    span { (words.address) }
                    input name="address" required maxlength="66" autocapitalize="none"
                        spellcheck="false" placeholder="0x…" value=(typed.form.address)
                        aria-describedby=[is_wrong.then_some("wrong")]
                        aria-invalid=[is_wrong.then_some("true")];
                }
                div.actions { button.main type="submit" { (words.watch) } }
            }
        }
    }
}
