//! `/watch`: what is watched, since when and for whom, and whether every poller has it; for operators.

mod form;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde::Deserialize;
use vigia_core::{Address, WatchTarget, parse_address};
use vigia_store::{
    RECONCILED_WITHIN_MS, StatusReport, StoreError, WatchFilter, WatchReconciliation, WatchRow,
};

use self::form::WatchForm;
use super::layout::empty;
use super::operators::{Operator, operator_page, unreadable};
use super::{PAGE, internal_error};
use crate::app::App;
use crate::cursor;
use crate::reader::Reader;
use crate::text::{TargetKind, ago, count, operator_words, watch_words, words};
pub(crate) use form::{watch_add, watch_remove, watch_removed};

/// Hexadecimal digits of an address.
const DIGITS: usize = 64;

/// The address's parameters as they come.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// Only those of the account with this external id.
    account: String,
    /// Only addresses that begin so.
    address: String,
    after: Option<String>,
    /// What was done last.
    done: Option<String>,
}

/// What is listed.
enum View {
    All {
        after: i64,
    },
    Account {
        external_id: String,
        after: i64,
    },
    Addresses {
        start: String,
        from: Address,
        to_inclusive: Address,
    },
}

impl View {
    /// None where the parameters say nothing that can be listed: with what is wrong.
    fn read(asked: &Asked, no_address: &str) -> Result<Self, String> {
        let no_place = || "after: not a place in this list".to_owned();
        let (account, start) = (asked.account.trim(), asked.address.trim());
        if account.contains('\0') {
            return Err("account: nobody has a zero byte".to_owned());
        }
        if !start.is_empty() {
            let (first, to_inclusive) = between(start).ok_or_else(|| no_address.to_owned())?;
            let from = match &asked.after {
                None => first,
                Some(after) => {
                    let last = cursor::to_target(after).ok_or_else(no_place)?;
                    following(last).ok_or_else(no_place)?
                }
            };
            return Ok(Self::Addresses {
                start: start.to_owned(),
                from: from.max(first),
                to_inclusive,
            });
        }
        let after = asked.after.as_deref().map(cursor::to_watch);
        let after = after.map_or(Some(0), |after| after).ok_or_else(no_place)?;
        Ok(match account {
            "" => Self::All { after },
            external_id => Self::Account {
                external_id: external_id.to_owned(),
                after,
            },
        })
    }

    async fn page(&self, app: &App) -> Result<Vec<WatchRow>, StoreError> {
        let store = &app.context.store;
        let filter = match self {
            Self::All { after } => return store.watch_page(*after, PAGE + 1).await,
            Self::Account { external_id, after } => WatchFilter::Account {
                external_id: external_id.clone(),
                after_id: *after,
            },
            Self::Addresses {
                from, to_inclusive, ..
            } => WatchFilter::Addresses {
                from: *from,
                to_inclusive: *to_inclusive,
            },
        };
        store.watch_filtered(&filter, PAGE + 1).await
    }

    /// Where it is, going on after a row.
    fn address(&self, after: Option<&WatchRow>) -> String {
        let mut query = Serializer::new(String::new());
        match self {
            Self::All { .. } => {}
            Self::Account { external_id, .. } => {
                query.append_pair("account", external_id);
            }
            Self::Addresses { start, .. } => {
                query.append_pair("address", start);
            }
        }
        match (self, after.map(|row| (row.id, &row.target))) {
            (Self::Addresses { .. }, Some((_, WatchTarget::Address(address)))) => {
                query.append_pair("after", &cursor::of_target(address));
            }
            (_, Some((id, _))) => {
                query.append_pair("after", &cursor::of_watch(id));
            }
            (_, None) => {}
        }
        match query.finish() {
            query if query.is_empty() => "/watch".to_owned(),
            query => format!("/watch?{query}"),
        }
    }
}

/// The first and the last address that begin with a text.
fn between(start: &str) -> Option<(Address, Address)> {
    let digits = start.strip_prefix("0x").unwrap_or(start);
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    let filled = |with: &str| {
        let rest = with.repeat(DIGITS - digits.len());
        parse_address(&format!("0x{digits}{rest}")).ok()
    };
    Some((filled("0")?, filled("f")?))
}

/// The address after this one.
fn following(address: Address) -> Option<Address> {
    let mut bytes = address.into_inner();
    for byte in bytes.iter_mut().rev() {
        let (next, overflowed) = byte.overflowing_add(1);
        *byte = next;
        if !overflowed {
            return Some(Address::new(bytes));
        }
    }
    None
}

/// The list, of one account (`?account=`) or beginning (`?address=`), or a page further down in it (`?after=`).
pub(crate) async fn watch(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return unreadable(&reader, "account, address or after: not readable");
    };
    let view = match View::read(&asked, watch_words(reader.locale).no_address) {
        Ok(view) => view,
        Err(why) => return unreadable(&reader, &why),
    };
    match Found::read(&app, &view).await {
        Ok(found) => page(&reader, &view, &asked, &found),
        Err(error) => internal_error(reader.locale, &error),
    }
}

struct Found {
    rows: Vec<WatchRow>,
    has_more: bool,
    status: StatusReport,
    pollers: Vec<(WatchReconciliation, u64)>,
}

impl Found {
    async fn read(app: &App, view: &View) -> Result<Self, StoreError> {
        let store = &app.context.store;
        let mut rows = view.page(app).await?;
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let has_more = rows.len() > page;
        rows.truncate(page);
        Ok(Self {
            rows,
            has_more,
            status: store.status().await?,
            pollers: store.watch_reconciliations(RECONCILED_WITHIN_MS).await?,
        })
    }
}

fn page(reader: &Reader, view: &View, asked: &Asked, found: &Found) -> Response {
    let (words, all) = (watch_words(reader.locale), words(reader.locale));
    let next = found.rows.last().filter(|_| found.has_more);
    let is_all = matches!(view, View::All { .. });
    let content = html! {
        (done(asked.done.as_deref(), reader))
        (counts(&found.status, reader))
        (filter(asked, reader))
        @if found.rows.is_empty() && is_all { (empty(words.none, words.none_hint, Some("vigia watch add 0x…"))) }
        @else if found.rows.is_empty() { (empty(words.none_such, words.none_such_hint, None)) }
        @else { p.note { (words.hint) } }
        ul.balances.targets {
            @for row in &found.rows { (item(row, reader)) }
        }
        nav.paging aria-label=(words.title) {
            @if asked.after.is_some() { a href=(view.address(None)) { (all.failed_first) } }
            @if next.is_some() {
                a rel="next" href=(view.address(next)) { (all.failed_next) }
            }
        }
        (pollers(&found.pollers, reader))
        section #add {
            h2 { (words.add) }
            (WatchForm::default().render(None, reader))
        }
    };
    operator_page(reader, words.title, content).into_response()
}

/// What was done last. An address that says nothing known says nothing.
fn done(done: Option<&str>, reader: &Reader) -> Markup {
    let words = watch_words(reader.locale);
    let known = [
        ("added", words.added),
        ("unchanged", words.unchanged),
        ("removed", words.removed),
        ("nothing", operator_words(reader.locale).nothing_done),
    ];
    let known = known.into_iter().find(|(word, _)| Some(*word) == done);
    html! {
        @if let Some((word, text)) = known {
            p.note role="status" data-done=(word) { b { (text) } }
        }
    }
}

fn counts(status: &StatusReport, reader: &Reader) -> Markup {
    let (words, all) = (watch_words(reader.locale), words(reader.locale));
    let counts = [
        ("addresses", all.watched_addresses, status.watched_addresses),
        ("contracts", all.watched_contracts, status.watched_contracts),
        ("version", words.version, status.watch_version),
    ];
    html! {
        dl.tiles.small {
            @for (name, label, number) in counts {
                div data-count=(name) {
                    dt { (label) }
                    dd { (count(number, reader.locale)) }
                }
            }
        }
    }
}

fn filter(asked: &Asked, reader: &Reader) -> Markup {
    let words = watch_words(reader.locale);
    let operator = operator_words(reader.locale);
    let is_filtered = !asked.account.is_empty() || !asked.address.is_empty();
    html! {
        form.filter method="get" action="/watch" {
            label.field {
                span { (words.address) }
                input name="address" maxlength="66" autocapitalize="none" spellcheck="false"
                    value=(asked.address);
            }
            label.field {
                span { (words.account) }
                input name="account" maxlength="200" autocapitalize="none" spellcheck="false"
                    value=(asked.account);
            }
            div.actions {
                button type="submit" { (operator.show) }
                @if is_filtered { a.button href="/watch" { (operator.clear) } }
                a.button href="#add" { (words.add) }
            }
        }
    }
}

/// What kind of target it is, of the three that people tell apart.
fn kind(target: &WatchTarget) -> TargetKind {
    match target {
        WatchTarget::Address(_) => TargetKind::Address,
        WatchTarget::CoinType(_) => TargetKind::Coin,
        WatchTarget::Package(_) | WatchTarget::Module(..) | WatchTarget::EventType(..) => {
            TargetKind::Contract
        }
    }
}

fn item(row: &WatchRow, reader: &Reader) -> Markup {
    let words = watch_words(reader.locale);
    let (kind, target) = (kind(&row.target), row.target.to_string());
    let mut query = Serializer::new(String::new());
    let query = query
        .append_pair("kind", kind.as_str())
        .append_pair("target", &target)
        .finish();
    html! {
        li data-watch=(row.id) data-kind=(kind.as_str()) {
            div.heading {
                span.what {
                    span.title { code { (target) } }
                    span.meta {
                        span { (words.kind_of(kind)) }
                        @if let Some((external_id, name)) = &row.account {
                            a href=(account_path(external_id)) {
                                (if name.is_empty() { external_id } else { name })
                            }
                        }
                        span { (words.live_from) " " (count(row.live_from, reader.locale)) }
                        span {
                            (words.added_by) " "
                            @match &row.source { Some(source) => code { (source) }, None => (words.operator) }
                        }
                    }
                    @if kind == TargetKind::Address { span.meta { (history(row, reader)) } }
                }
                div.actions {
                    @if kind == TargetKind::Address {
                        a.button href={ "/?address=" (target) } { (words.activity) span.unseen { " " (target) } }
                    }
                    a.button href={ "/watch/remove?" (query) } { (words.remove) span.unseen { " " (target) } }
                }
            }
        }
    }
}

fn account_path(external_id: &str) -> String {
    let mut query = Serializer::new(String::new());
    format!(
        "/watch?{}",
        query.append_pair("account", external_id).finish()
    )
}

fn history(row: &WatchRow, reader: &Reader) -> Markup {
    let words = watch_words(reader.locale);
    html! {
        @match &row.history {
            Some(history) => {
                span data-history=(history.state.as_str()) {
                    (words.history) " " (words.history_text(history, reader.locale))
                }
                @if let Some(reason) = &history.reason { span.failed { (reason) } }
            }
            None => span { (words.no_history) },
        }
    }
}

/// What each poller found when it last compared its memory with the database.
fn pollers(found: &[(WatchReconciliation, u64)], reader: &Reader) -> Markup {
    let (words, locale) = (watch_words(reader.locale), reader.locale);
    html! {
        section {
            h2 { (words.pollers) }
            @if found.is_empty() { p.note { (words.no_pollers) } }
            ul.balances.shards {
                @for (poller, age_ms) in found {
                    @let is_same = poller.missing + poller.extra == 0;
                    li data-poller=(poller.holder) {
                        span.what {
                            span.title { code { (poller.holder) } }
                            span.meta {
                                @if is_same { span.state.good { (words.has_all) } }
                                @else {
                                    span.failed {
                                        (words.differed) ": "
                                        (count(poller.missing, locale)) " " (words.missing) ", "
                                        (count(poller.extra, locale)) " " (words.extra)
                                    }
                                }
                                span { (ago(*age_ms, 0, locale)) }
                            }
                        }
                        span.amount { (count(poller.entries, locale)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_all_addresses_that_have_it() {
        let (first, last) = between("0xAb").unwrap();
        assert_eq!(first.to_string(), format!("0xab{}", "0".repeat(62)));
        assert_eq!(last.to_string(), format!("0xab{}", "f".repeat(62)));
        let whole = "7".repeat(64);
        let (first, last) = between(&whole).unwrap();
        assert_eq!(first, last);
        for wrong in ["", "0x", "0xg", &"7".repeat(65), "ñ"] {
            assert_eq!(between(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_follows_the_last_address_is_nothing() {
        let mut bytes = [0; 32];
        bytes[31] = 0xff;
        let next = following(Address::new(bytes)).unwrap();
        bytes[30..].copy_from_slice(&[1, 0]);
        assert_eq!(next, Address::new(bytes));
        assert_eq!(following(Address::new([0xff; 32])), None);
    }
}
