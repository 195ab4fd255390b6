//! `/trades` and `/invoices`: business objects of the reader's accounts, and what they ask to be paid.

mod invoice;
mod trade;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_core::{CoinInfo, Locale};
use vigia_store::{BusinessRow, InvoiceRow};

use super::item::{deadline, time};
use super::layout::{Page, Section, empty};
use super::{ErrorPage, PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::path;
use crate::reader::{Reader, query_value};
use crate::text::{deal_words, money_or_units, object_title, short_address, state_title};

pub(crate) use invoice::{invoice, invoice_ordered};
pub(crate) use trade::deal;

/// How an invoice is created.
const INVOICE_COMMAND: &str = "vigia invoices create --account … --amount … --coin …";
/// Longest business id that is shown whole.
const ID_CHARS_MAX: usize = 40;

/// Where a list goes on: none where `before` is no place in it.
fn place(uri: &Uri, read: fn(&str) -> Option<i64>) -> Option<Option<i64>> {
    match query_value(uri, "before") {
        None => Some(None),
        Some(text) => read(text).map(Some),
    }
}

fn no_place(locale: Locale) -> Response {
    ErrorPage {
        status: StatusCode::BAD_REQUEST,
        locale,
        detail: Some("before: not a place in this list".to_owned()),
    }
    .into_response()
}

/// Rows as a page has them, and the last one where there are more.
fn paged<R>(mut rows: Vec<R>) -> (Vec<R>, bool) {
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    (rows, has_more)
}

/// Trades and invitations, or a page further down (`?before=`).
pub(crate) async fn deals(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let Some(before) = place(&uri, cursor::to_business) else {
        return no_place(reader.locale);
    };
    let store = &app.context.store;
    let found = async {
        let rows = store
            .business_page(&reader.scope(), before, PAGE + 1)
            .await?;
        Ok((rows, store.coin_list().await?))
    };
    let (rows, coins) = match found.await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let words = deal_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let (rows, has_more) = paged(rows);
    let older = rows.last().filter(|_| has_more);
    let older = older.map(|row| cursor::of_business(row.id));
    let content = html! {
        div.heading { h1 { (words.title) } a.meta href="/invoices" { (words.invoices) } }
        @if rows.is_empty() { (empty(words.none, words.none_hint, None)) }
        @else { p.note { (words.hint) } }
        ul.balances.deals { @for row in &rows { (deal_item(row, &coins, now_ms, reader.locale)) } }
        (paging("/trades", before.is_some(), older, reader.locale))
    };
    page(&reader, Section::Deals, words.title, content)
}

fn deal_item(row: &BusinessRow, coins: &[CoinInfo], now_ms: u64, locale: Locale) -> Markup {
    let words = deal_words(locale);
    let is_overdue = row.is_overdue(now_ms);
    html! {
        li data-object=(row.key.object) data-state=(row.state) {
            span.what {
                a.title href=(path::trade(&row.key)) {
                    (object_title(&row.key.object, locale)) " "
                    code title=(row.key.id) { (short_id(&row.key.id)) }
                }
                span.meta {
                    span { (state_title(&row.state, locale)) }
                    @if let Some(at_ms) = row.deadline_ms {
                        @if is_overdue { span.failed { (words.overdue) } }
                        span { (words.until) " " (deadline(at_ms)) }
                    }
                }
            }
            @if let Some(escrow) = &row.escrow {
                span.amount {
                    (shown(escrow.amount, &escrow.coin_type, coins, locale))
                    span.meta { (words.held) }
                }
            }
        }
    }
}

/// Invoices, or a page further down (`?before=`).
pub(crate) async fn invoices(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let Some(before) = place(&uri, cursor::to_invoice) else {
        return no_place(reader.locale);
    };
    let store = &app.context.store;
    let found = async {
        let rows = store
            .invoice_page(&reader.scope(), before, PAGE + 1)
            .await?;
        Ok((rows, store.coin_list().await?))
    };
    let (rows, coins) = match found.await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let words = deal_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let (rows, has_more) = paged(rows);
    let older = rows.last().filter(|_| has_more);
    let older = older.map(|row| cursor::of_invoice(row.id));
    let content = html! {
        div.heading { h1 { (words.invoices) } a.meta href="/trades" { (words.to_deals) } }
        @if rows.is_empty() {
            (empty(words.no_invoices, words.invoices_hint, Some(INVOICE_COMMAND)))
        } @else { p.note { (words.invoices_hint) } }
        ul.balances.deals { @for row in &rows { (invoice_item(row, &coins, now_ms, reader.locale)) } }
        (paging("/invoices", before.is_some(), older, reader.locale))
    };
    page(&reader, Section::Deals, words.invoices, content)
}

fn invoice_item(row: &InvoiceRow, coins: &[CoinInfo], now_ms: u64, locale: Locale) -> Markup {
    let words = deal_words(locale);
    let settlement = row.settlement(now_ms);
    let asked = &row.invoice;
    let (external_id, name) = &row.account;
    let amount = |minor| shown(minor, &asked.coin_type, coins, locale);
    html! {
        li data-invoice=(row.id) data-state=(settlement.state.as_str()) {
            span.what {
                a.title href={ "/invoices/" (row.id) } {
                    @if asked.note.is_empty() { code title=(asked.business_id) { (short_id(&asked.business_id)) } }
                    @else { (asked.note) }
                }
                span.meta {
                    span { (if name.is_empty() { external_id } else { name }) }
                    span title=(asked.address) { code { (short_address(&asked.address)) } }
                    (time(row.created_at_ms, now_ms, locale))
                    @if let Some(due) = asked.due_at_ms {
                        @if settlement.is_overdue { span.failed { (words.overdue) } }
                        span { (words.until) " " (deadline(due)) }
                    }
                }
            }
            span.amount {
                (amount(asked.amount))
                span.meta {
                    span { (words.invoice_state(settlement.state)) }
                    @if settlement.paid != 0 && settlement.paid != asked.amount {
                        span { (amount(settlement.paid)) " " (words.paid_of) " " (amount(asked.amount)) }
                    }
                    @if settlement.payments > 1 { span { (settlement.payments) " " (words.payments) } }
                }
            }
        }
    }
}

fn shown(minor: i128, coin_type: &str, coins: &[CoinInfo], locale: Locale) -> String {
    let coin = coins.iter().find(|coin| coin.coin_type == coin_type);
    money_or_units(minor, coin_type, coin, locale)
}

pub(super) fn short_id(id: &str) -> String {
    let mut start: String = id.chars().take(ID_CHARS_MAX).collect();
    if start.len() < id.len() {
        start.push('…');
    }
    start
}

fn paging(path: &str, is_older: bool, older: Option<String>, locale: Locale) -> Markup {
    let words = deal_words(locale);
    html! {
        nav.paging aria-label=(words.older) {
            @if is_older { a href=(path) { (words.newest) } }
            @if let Some(older) = older {
                a rel="next" href={ (path) "?before=" (older) } { (words.older) }
            }
        }
    }
}

fn page(reader: &Reader, section: Section, title: &str, content: Markup) -> Response {
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section,
        title,
        refresh_seconds: None,
        content,
    }
    .into_response()
}
