//! `/balances`: what the addresses of the reader's accounts have.

mod history;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_core::CoinInfo;
use vigia_store::{BalanceAmount, BalanceRow, BalanceState};

use super::layout::{Page, Section, empty};
use super::{ErrorPage, PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::path;
use crate::reader::{Reader, query_value};
use crate::text::{address_words, balance_words, money_or_units, short_address};

pub(crate) use history::balance_history;

/// How to watch an address.
const WATCH_COMMAND: &str = "vigia watch add 0x…";

/// The list, or a page further on in it (`?after=`).
pub(crate) async fn balances(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let after = query_value(&uri, "after");
    let cursor = after.map(cursor::to_watch);
    if cursor == Some(None) {
        let page = ErrorPage {
            status: StatusCode::BAD_REQUEST,
            locale: reader.locale,
            detail: Some("after: not a place in this list".to_owned()),
        };
        return page.into_response();
    }
    let store = &app.context.store;
    let found = async {
        let after = cursor.flatten().unwrap_or(0);
        let rows = store.balance_page(&reader.scope(), after, PAGE + 1).await?;
        Ok((rows, store.coin_list().await?))
    };
    match found.await {
        Ok((rows, coins)) => page(&reader, rows, &coins, after.is_some()),
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn page(
    reader: &Reader,
    mut rows: Vec<BalanceRow>,
    coins: &[CoinInfo],
    is_later: bool,
) -> Response {
    let words = balance_words(reader.locale);
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|row| cursor::of_watch(row.id));
    let content = html! {
        div.heading {
            h1 { (words.title) }
            a.button href="/addresses" { (address_words(reader.locale).title) }
        }
        @if rows.is_empty() { (empty(words.none, words.none_hint, Some(WATCH_COMMAND))) }
        @else { p.note { (words.hint) } }
        @for row in &rows { (address(row, coins, reader)) }
        nav.paging aria-label=(words.next) {
            @if is_later { a href="/balances" { (words.first) } }
            @if let Some(next) = next {
                a rel="next" href={ "/balances?after=" (next) } { (words.next) }
            }
        }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Balances,
        title: words.title,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

fn address(row: &BalanceRow, coins: &[CoinInfo], reader: &Reader) -> Markup {
    let words = balance_words(reader.locale);
    let (external_id, name) = &row.account;
    let name = if name.is_empty() { external_id } else { name };
    html! {
        section data-balance=(row.address) data-state=(row.state.as_str()) {
            h2 {
                (name) " "
                a.meta href={ "/?address=" (row.address) } title=(row.address) {
                    code { (short_address(&row.address)) }
                }
            }
            @match row.state {
                BalanceState::Waiting => p.none { (words.waiting) },
                BalanceState::Differs => p.problem { (words.differs) },
                BalanceState::Known => @if row.amounts.is_empty() { p.none { (words.nothing) } },
            }
            @if row.unproven { p.note { (words.unproven) } }
            ul.balances {
                @for amount in &row.amounts { (coin(row, amount, coins, reader)) }
            }
        }
    }
}

fn coin(row: &BalanceRow, amount: &BalanceAmount, coins: &[CoinInfo], reader: &Reader) -> Markup {
    let coin = coins.iter().find(|coin| coin.coin_type == amount.coin_type);
    let shown = |minor| money_or_units(minor, &amount.coin_type, coin, reader.locale);
    let name = coin.map(|coin| &*coin.name).filter(|name| !name.is_empty());
    html! {
        li {
            span.what title=(amount.coin_type) {
                @if let Some(picture) = coin.and_then(picture) {
                    img.coin src=(picture) alt="" width="20" height="20";
                }
                a href=(path::balance(&row.address, &amount.coin_type)) {
                    (name.unwrap_or_else(|| last_part(&amount.coin_type)))
                    span.unseen { ": " (balance_words(reader.locale).history) }
                }
                @if let Some(difference) = amount.difference {
                    span.meta { (balance_words(reader.locale).difference) ": " (shown(difference)) }
                }
            }
            span.amount {
                (shown(amount.amount))
                @if amount.pending != 0 {
                    span.meta { (shown(amount.pending)) " " (balance_words(reader.locale).pending) }
                }
                @if amount.incoming != 0 {
                    span.meta { (shown(amount.incoming)) " " (balance_words(reader.locale).incoming) }
                }
            }
        }
    }
}

/// A coin's picture, where it is data. One elsewhere is not fetched: its maker would learn who looks at it.
fn picture(coin: &CoinInfo) -> Option<&str> {
    let url = coin.icon_url.as_deref()?;
    url.starts_with("data:image/").then_some(url)
}

fn last_part(coin_type: &str) -> &str {
    coin_type.rsplit("::").next().unwrap_or(coin_type)
}
