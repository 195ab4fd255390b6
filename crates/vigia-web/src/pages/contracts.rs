//! `/contracts`: what is declared and what is understood of it, how busy it is, and the coins that are known; for
//! operators.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_contracts::{ContractSummary, EventSummary, Registry};
use vigia_core::{Address, CoinInfo, Locale};
use vigia_store::{EVIDENCE_MAX, StatusReport, StoreError};

use super::internal_error;
use super::item::time;
use super::layout::empty;
use super::operators::{Operator, operator_page};
use crate::app::App;
use crate::contracts::ContractUse;
use crate::reader::Reader;
use crate::text::{ContractWords, contract_words, count, kind_title, object_title, state_title};

/// Coins that are listed: whoever makes coins that nobody asked for can make many.
const COINS_MAX: usize = 100;

/// The page.
pub(crate) async fn contracts(State(app): State<Arc<App>>, Operator(reader): Operator) -> Response {
    let registry = app.context.registry.get();
    let found = match Found::read(&app, &registry).await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let words = contract_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let all = registry.contracts();
    let content = html! {
        @if all.is_empty() { (empty(words.none, words.none_hint, Some("[contracts]"))) }
        @else { p.note { (words.hint) } }
        (totals(&found, reader.locale))
        @if found.used.is_cut {
            p.note { (words.newest_only) " " (count(EVIDENCE_MAX.into(), reader.locale)) " " (words.transactions) }
        }
        @for contract in &all { (section(contract, &found, &reader, now_ms)) }
        (coins(&found.coins, &registry, reader.locale))
    };
    operator_page(&reader, words.title, content).into_response()
}

/// What the database knows of them.
struct Found {
    status: StatusReport,
    used: ContractUse,
    coins: Vec<CoinInfo>,
}

impl Found {
    async fn read(app: &App, registry: &Registry) -> Result<Self, StoreError> {
        let store = &app.context.store;
        let now_ms = app.context.clock.now_ms();
        Ok(Self {
            status: store.status().await?,
            used: ContractUse::read(&**store, registry, now_ms).await?,
            coins: store.coin_list().await?,
        })
    }
}

fn totals(found: &Found, locale: Locale) -> Markup {
    let words = contract_words(locale);
    html! {
        dl.tiles.small {
            div data-count="undeclared" { dt { (words.undeclared) } dd { (count(found.used.undeclared, locale)) } }
            div data-count="unread" { dt { (words.unread) } dd { (count(found.status.unread, locale)) } }
            div data-count="failed" {
                dt { (words.failed) }
                dd { a href="/failed" { (count(found.status.failed, locale)) } }
            }
        }
    }
}

fn section(contract: &ContractSummary<'_>, found: &Found, reader: &Reader, now_ms: u64) -> Markup {
    let words = contract_words(reader.locale);
    html! {
        section data-contract=(contract.name) {
            div.heading {
                h2 { code { (contract.name) } }
                @if contract.has_handler { p.state.good { (words.handler) } }
            }
            h3 { (words.packages) }
            ul.balances.shards {
                @for package in contract.packages {
                    li data-package=(package) { (version(package, found, reader, now_ms)) }
                }
            }
            h3 { (words.events) }
            @if contract.events.is_empty() { p.note { (words.no_events) } }
            ul.balances.shards {
                @for event in &contract.events {
                    @let number = found.used.count_of(contract.name, event.name);
                    li data-event=(event.name) {
                        span.what {
                            span.title { code { (event.name) } }
                            span.meta { (meaning(event, words, reader.locale)) }
                        }
                        span.amount {
                            (count(number, reader.locale))
                            span.meta { (words.in_a_day) }
                        }
                    }
                }
            }
        }
    }
}

fn version(package: &Address, found: &Found, reader: &Reader, now_ms: u64) -> Markup {
    let words = contract_words(reader.locale);
    html! {
        span.what {
            span.title { code { (package) } }
            span.meta {
                @match found.used.version_of(package) {
                    Some((version, at_ms)) => {
                        span {
                            @if version.package == version.original { (words.original) } @else { (words.upgrade) }
                            ", " (words.version) " " (version.version)
                        }
                        span { (words.noticed) " " (time(*at_ms, now_ms, reader.locale)) }
                    }
                    None => span { (words.not_asked) },
                }
            }
        }
    }
}

/// What an event amounts to.
fn meaning(event: &EventSummary<'_>, words: &ContractWords, locale: Locale) -> Markup {
    let activities = event.activities.iter();
    let activities: BTreeSet<String> = activities
        .map(|(kind, direction)| kind_title(kind, *direction, locale))
        .collect();
    let marks = [
        (event.pays, words.pays),
        (event.holds, words.holds),
        (event.has_fee, words.fee),
        (event.is_final, words.is_final),
    ];
    let means_nothing = activities.is_empty() && event.object.is_none() && event.movement.is_none();
    html! {
        @if !event.is_readable { span.failed { (words.unreadable) } }
        @if means_nothing { span { (words.no_meaning) } }
        @for activity in &activities { span data-means { (activity) } }
        @if let Some((object, state)) = event.object {
            span {
                (object_title(object, locale))
                @if let Some(state) = state { " " (words.becomes) " " (state_title(state, locale)) }
            }
        }
        @if let Some(movement) = event.movement {
            span { (words.movement) " " code { (movement) } }
        }
        @for (is_so, mark) in marks { @if is_so { span { (mark) } } }
    }
}

fn coins(coins: &[CoinInfo], registry: &Registry, locale: Locale) -> Markup {
    let words = contract_words(locale);
    let declared: BTreeSet<&str> = registry.coins().map(|coin| &*coin.coin_type).collect();
    let is_declared = |coin: &CoinInfo| declared.contains(&*coin.coin_type);
    let mut coins: Vec<&CoinInfo> = coins.iter().collect();
    coins.sort_by_key(|coin| !is_declared(coin));
    let more = coins.len().saturating_sub(COINS_MAX);
    coins.truncate(COINS_MAX);
    html! {
        section {
            h2 { (words.coins) }
            @if coins.is_empty() { p.note { (words.no_coins) } }
            ul.balances.shards {
                @for coin in coins {
                    li data-coin=(coin.coin_type) {
                        span.what {
                            span.title { (coin.symbol) span.party { " · " (coin.name) } }
                            span.meta {
                                code { (coin.coin_type) }
                                span { @if is_declared(coin) { (words.declared) } @else { (words.told) } }
                            }
                        }
                        span.amount {
                            @match coin.decimals {
                                Some(decimals) => { (decimals) span.meta { (words.decimals) } },
                                None => span.meta { (words.no_decimals) },
                            }
                        }
                    }
                }
            }
            @if more > 0 {
                p.note { (words.more) " " (count(u64::try_from(more).unwrap_or(u64::MAX), locale)) }
            }
        }
    }
}
