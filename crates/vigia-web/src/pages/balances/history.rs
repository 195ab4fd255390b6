//! `/balances/{address}/{coin}`: what there was of a coin over time, as a picture and as a table that says the same.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_core::{Locale, parse_address, parse_coin_type, type_text};
use vigia_store::BalanceState;

use super::{last_part, picture};
use crate::app::App;
use crate::chart::{Chart, HEIGHT, Span, Step, WIDTH};
use crate::over_time::OverTime;
use crate::pages::layout::{Page, Section, empty};
use crate::pages::{internal_error, refused};
use crate::path;
use crate::reader::{Reader, query_value};
use crate::text::{balance_words, money_or_units, short_address, time_machine, time_short, words};

/// The page of one balance, over `?span=`.
pub(crate) async fn balance_history(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path((address, coin_type)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let coin_type = parse_coin_type(&coin_type).map(|coin| type_text(&coin));
    let (Ok(address), Ok(coin_type)) = (parse_address(&address), coin_type) else {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    };
    let span = query_value(&uri, "span").map_or(Some(Span::Month), Span::read);
    let Some(span) = span else {
        let why = "span: 7d, 30d or 1y".to_owned();
        return refused(&reader, StatusCode::BAD_REQUEST, Some(why));
    };
    let scope = reader.scope();
    match OverTime::read(&app.context, &scope, (address, coin_type), span).await {
        Ok(Some(found)) => page(&reader, &found, span),
        Ok(None) => refused(&reader, StatusCode::NOT_FOUND, None),
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn money(found: &OverTime, minor: i128, locale: Locale) -> String {
    money_or_units(minor, &found.coin_type, found.coin.as_ref(), locale)
}

fn page(reader: &Reader, found: &OverTime, span: Span) -> Response {
    let words = balance_words(reader.locale);
    let name = found.coin.as_ref().map(|coin| &*coin.name);
    let name = name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| last_part(&found.coin_type));
    let (external_id, account) = &found.row.account;
    let content = html! {
        div.heading {
            h1 {
                @if let Some(picture) = found.coin.as_ref().and_then(picture) {
                    img.coin src=(picture) alt="" width="20" height="20";
                }
                (name)
            }
            a.button href="/balances" { (words.title) }
        }
        p.note {
            (if account.is_empty() { external_id } else { account }) " · "
            a href={ "/?address=" (found.row.address) } title=(found.row.address) {
                code { (short_address(&found.row.address)) }
            }
        }
        @match found.row.state {
            BalanceState::Waiting => p.none { (words.waiting) },
            BalanceState::Differs => p.problem { (words.differs) },
            BalanceState::Known => {},
        }
        @if found.row.state != BalanceState::Waiting {
            dl.tiles.one { div { dt { (words.now) } dd { (money(found, found.current(), reader.locale)) } } }
        }
        (spans(found, span, reader.locale))
        @match &found.chart {
            None => (empty(words.no_history, words.no_history_hint, None)),
            Some(chart) => { (figure(chart, found, (name, span), reader.locale)) (table(chart, found, span, reader.locale)) }
        }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Balances,
        title: words.history,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

fn spans(found: &OverTime, current: Span, locale: Locale) -> Markup {
    let words = balance_words(locale);
    let here = path::balance(&found.row.address, &found.coin_type);
    html! {
        nav.tabs aria-label=(words.span) {
            @for (span, name) in Span::ALL.into_iter().zip(words.spans) {
                a href={ (here) "?span=" (span.as_str()) }
                    aria-current=[(span == current).then_some("page")] { (name) }
            }
        }
    }
}

fn figure(chart: &Chart, found: &OverTime, (name, span): (&str, Span), locale: Locale) -> Markup {
    let words = balance_words(locale);
    let (line, area) = chart.paths();
    let (min, max) = chart.bounds();
    let at = |ms: u64| html! { time datetime=(time_machine(ms)) { (time_short(ms)) } };
    html! {
        figure.chart {
            p.scale { (money(found, max, locale)) }
            svg viewBox={ "0 -2 " (WIDTH) " " (HEIGHT + 4) } preserveAspectRatio="none" role="img"
                aria-label={ (words.history) ": " (name) } {
                path.area d=(area) {}
                path.line d=(line) {}
            }
            p.scale { (money(found, min, locale)) }
            figcaption { (at(chart.from_ms)) (at(chart.to_ms)) }
        }
        @if chart.from_ms > span.begin_ms(chart.to_ms) {
            p.note { (words.known_from) " " (at(chart.from_ms)) }
        }
    }
}

/// What the picture shows, the newest first.
fn table(chart: &Chart, found: &OverTime, span: Span, locale: Locale) -> Markup {
    let words = balance_words(locale);
    let mut kinds = Span::ALL.into_iter().zip(words.steps);
    let kind = kinds.find(|(kind, _)| *kind == span);
    let kind = kind.map_or("", |(_, words)| words);
    html! {
        section {
            @if chart.steps.is_empty() { p.none { (words.no_moves) } }
            table.steps {
                caption { (kind) }
                thead {
                    tr {
                        th scope="col" { (words.when) }
                        th scope="col" { (words.moved) }
                        th scope="col" { (words.amount) }
                    }
                }
                tbody {
                    @for step in chart.steps.iter().rev() { (row(step, chart, found, locale)) }
                    tr data-step=(chart.from_ms) {
                        th scope="row" {
                            (words.opening) " "
                            time datetime=(time_machine(chart.from_ms)) { (time_short(chart.from_ms)) }
                        }
                        td { "—" }
                        td data-amount=(chart.opening) { (money(found, chart.opening, locale)) }
                    }
                }
            }
        }
    }
}

fn row(step: &Step, chart: &Chart, found: &OverTime, locale: Locale) -> Markup {
    let direction = if step.moved < 0 { "out" } else { "in" };
    let sign = if step.moved < 0 { "\u{2212}" } else { "+" };
    html! {
        tr data-step=(step.at_ms) {
            th scope="row" {
                @if step.at_ms == chart.to_ms { (words(locale).just_now) }
                @else { time datetime=(time_machine(step.at_ms)) { (time_short(step.at_ms)) } }
            }
            td data-direction=(direction) {
                span.amount { (sign) (money(found, step.moved.saturating_abs(), locale)) }
            }
            td data-amount=(step.amount) { (money(found, step.amount, locale)) }
        }
    }
}
