//! `/ingestion`: whether vigia keeps up with the chain.

mod behind;
mod charts;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_core::Locale;
use vigia_store::{BackfillRow, BackfillState, ProviderRow, ShardRow, StatusReport, StoreError};

use self::behind::SHOWN_MAX;
use super::internal_error;
use super::item::time;
use super::layout::{Page, Section};
use super::operators::operator_links;
use crate::app::App;
use crate::reader::Reader;
use crate::text::{count, ingestion_words, words};

/// How often the page renews itself.
const REFRESH_SECONDS: u32 = 5;
/// Who reads the chain and has told nothing new for so long is looked after: it stands still, or nobody reads it.
const SILENT_MS: u64 = 2 * 60 * 1_000;

/// The state of ingestion; counts and the provider are for the operator.
pub(crate) async fn ingestion(State(app): State<Arc<App>>, reader: Reader) -> Response {
    let is_operator = reader.principal.is_operator();
    let found = match load(&app, is_operator).await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let report = &found.report;
    let words = words(reader.locale);
    app.samples.note(report, app.context.clock.now_ms());
    let now_ms = app.context.clock.now_ms();
    let content = html! {
        div.heading { h1 { (words.ingestion) } }
        @if is_operator { (operator_links(&reader)) }
        div data-refresh=(REFRESH_SECONDS) data-live=[is_operator.then_some("/live/ingestion")] {
            (progress(report, &reader, now_ms))
            @if is_operator {
                (charts::charts(&app.samples.list(now_ms), now_ms, reader.locale))
                (provider(report, &reader, now_ms))
                (provider_list(&found.providers, &reader, now_ms))
                (shard_list(&found.shards, report, &reader))
                (behind::gap_list(&found.gaps, &reader))
                (behind::histories(&found.under_way, &reader))
                (history_counts(&found.histories, &reader))
                (counts(report, &reader))
            }
        }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Ingestion,
        title: words.ingestion,
        refresh_seconds: Some(REFRESH_SECONDS),
        content,
    }
    .into_response()
}

/// The state, and for operators the shards and providers.
struct Found {
    report: StatusReport,
    shards: Vec<ShardRow>,
    providers: Vec<ProviderRow>,
    histories: Vec<(BackfillState, u64)>,
    gaps: Vec<(u64, u64)>,
    under_way: Vec<BackfillRow>,
}

impl Found {
    fn of(report: StatusReport) -> Self {
        Self {
            report,
            shards: Vec::new(),
            providers: Vec::new(),
            histories: Vec::new(),
            gaps: Vec::new(),
            under_way: Vec::new(),
        }
    }
}

async fn load(app: &App, is_operator: bool) -> Result<Found, StoreError> {
    let store = &app.context.store;
    let report = store.status().await?;
    if !is_operator {
        return Ok(Found::of(report));
    }
    Ok(Found {
        shards: store.shard_list().await?,
        providers: store.provider_list().await?,
        histories: store.backfill_counts().await?,
        gaps: store.gap_list(SHOWN_MAX).await?,
        under_way: store.backfill_list(SHOWN_MAX).await?,
        ..Found::of(report)
    })
}

fn progress(report: &StatusReport, reader: &Reader, now_ms: u64) -> Markup {
    let words = words(reader.locale);
    let (tip, lag) = (report.tip(), report.lag_checkpoints());
    let mark = report.watermark;
    html! {
        dl.tiles {
            div {
                dt { (words.watermark) }
                dd data-watermark { (number(mark.map(|mark| mark.checkpoint), words.not_yet, reader.locale)) }
                @if let Some(mark) = mark { dd.more { (time(mark.timestamp_ms, now_ms, reader.locale)) } }
            }
            div {
                dt { (words.tip) }
                dd data-tip { (number(tip, words.not_yet, reader.locale)) }
            }
            div {
                dt { (words.lag) }
                dd data-lag { (number(lag, words.not_yet, reader.locale)) }
                @if lag.is_some() { dd.more { (words.checkpoints) } }
            }
        }
        @if mark.is_none() { p.note data-nothing { (ingestion_words(reader.locale).nothing_yet) } }
        dl.facts {
            dt { (words.chain) }
            dd {
                @match report.chain {
                    Some(chain) => {
                        @if let Some(name) = chain.name() { b { (name) } " " }
                        code { (chain) }
                    }
                    None => (words.chain_unknown),
                }
            }
            @if let Some(epoch) = &report.epoch {
                dt { (words.epoch) }
                dd data-epoch {
                    (epoch.epoch)
                    @if let Some(start_ms) = epoch.start_ms {
                        " · " (time(start_ms, now_ms, reader.locale))
                    }
                    @if let Some(price) = epoch.reference_gas_price {
                        " · " (words.gas_price) " " (count(price, reader.locale)) " MIST"
                    }
                }
            }
        }
    }
}

fn provider(report: &StatusReport, reader: &Reader, now_ms: u64) -> Markup {
    let words = words(reader.locale);
    let Some(provider) = &report.provider else {
        return html! { p.note { (words.chain_unknown) } };
    };
    html! {
        section {
            div.heading {
                h2 { (words.provider) }
                @match &provider.error {
                    None => p.state.good { (words.provider_ok) },
                    Some(_) => p.state.bad { (words.provider_error) },
                }
            }
            @if let Some(error) = &provider.error { p.problem data-provider-error { (error) } }
            @if now_ms.saturating_sub(provider.at_ms) > SILENT_MS {
                p.problem data-silent {
                    (ingestion_words(reader.locale).silent) " " (time(provider.at_ms, now_ms, reader.locale))
                }
            }
            p.note {
                code { (provider.url) } " · " (words.reported) " "
                (time(provider.at_ms, now_ms, reader.locale))
            }
        }
    }
}

fn provider_list(providers: &[ProviderRow], reader: &Reader, now_ms: u64) -> Markup {
    let words = words(reader.locale);
    html! {
        section {
            h2 { (words.providers) }
            @if providers.is_empty() { p.note { (ingestion_words(reader.locale).no_providers) } }
            ul.balances.shards {
                @for row in providers {
                    li data-provider=(row.provider) data-usable=(row.is_usable) {
                        span.what {
                            span.title { (row.provider) " " code { (row.url) } }
                            span.meta {
                                @match (row.is_current, row.is_usable) {
                                    (true, _) => span { (words.provider_current) },
                                    (false, true) => span { (words.provider_standby) },
                                    (false, false) => span.failed { (words.provider_unused) },
                                }
                                @if row.standing != "well" { " · " (row.standing) }
                                " · " code { (row.holder) } " · " (time(row.at_ms, now_ms, reader.locale))
                            }
                        }
                        span.amount {
                            (number(row.tip, words.not_yet, reader.locale))
                            @if let Some(ms) = row.latency_ms { span.meta { (ms) " ms" } }
                        }
                    }
                }
            }
        }
    }
}

fn shard_list(shards: &[ShardRow], report: &StatusReport, reader: &Reader) -> Markup {
    let words = words(reader.locale);
    let tip = report.tip();
    html! {
        section {
            h2 { (words.shards) }
            @if shards.is_empty() { p.note { (ingestion_words(reader.locale).no_shards) } }
            ul.balances.shards {
                @for row in shards {
                    li data-shard={ (row.shard) "/" (row.shards) } {
                        span.what {
                            span.title {
                                (words.shard) " " (row.shard) " " (words.of) " " (row.shards)
                            }
                            span.meta {
                                @match &row.holder {
                                    Some(holder) => span { (words.polled_by) " " code { (holder) } },
                                    None => span.failed { (words.polled_by_nobody) },
                                }
                            }
                        }
                        span.amount {
                            (number(row.watermark, words.not_yet, reader.locale))
                            @if let Some(lag) = row.lag_checkpoints(tip) {
                                span.meta { (words.lag) " " (count(lag, reader.locale)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How far the histories of addresses are.
fn history_counts(counts: &[(BackfillState, u64)], reader: &Reader) -> Markup {
    let words = words(reader.locale);
    if counts.is_empty() {
        return html! {};
    }
    let label = |state| match state {
        BackfillState::Waiting => words.history_waiting,
        BackfillState::Running => words.history_running,
        BackfillState::Complete => words.history_complete,
        BackfillState::Pruned => words.history_pruned,
        BackfillState::Unproven => words.history_unproven,
        BackfillState::Failed => words.history_failed,
    };
    html! {
        section {
            h2 { (words.histories) }
            dl.tiles.small {
                @for (state, addresses) in counts {
                    div data-history=(state.as_str()) {
                        dt { (label(*state)) }
                        dd { (count(*addresses, reader.locale)) }
                    }
                }
            }
        }
    }
}

fn counts(report: &StatusReport, reader: &Reader) -> Markup {
    let words = words(reader.locale);
    let counts = [
        ("raw", words.raw_transactions, report.raw_transactions),
        ("activities", words.activities, report.activities),
        ("notifications", words.notifications, report.notifications),
        ("failed", words.uninterpreted, report.failed),
        (
            "addresses",
            words.watched_addresses,
            report.watched_addresses,
        ),
        (
            "contracts",
            words.watched_contracts,
            report.watched_contracts,
        ),
    ];
    html! {
        dl.tiles.small {
            @for (name, label, number) in counts {
                div data-count=(name) {
                    dt { (label) }
                    dd {
                        @if name == "failed" {
                            a href="/failed" { (count(number, reader.locale)) }
                        } @else { (count(number, reader.locale)) }
                    }
                }
            }
        }
    }
}

fn number(value: Option<u64>, none: &str, locale: Locale) -> String {
    value.map_or_else(|| none.to_owned(), |value| count(value, locale))
}
