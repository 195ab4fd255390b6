//! `/tx/{digest}`: all that is known about one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use serde_json::Value;
use vigia_contracts::{EventError, Registry};
use vigia_core::{
    BalanceEffect, BusinessKey, CoinInfo, Digest, Event, Locale, Proof, ProofPart, RawTransaction,
    ReasonKind, parse_digest,
};
use vigia_store::{ActivityFilter, ActivityRow, RawTransactionRow, StoreError, TransactionRemains};

use super::layout::{Page, Section};
use super::{ErrorPage, activity_item, internal_error};
use crate::app::App;
use crate::path;
use crate::reader::Reader;
use crate::text::{self, Words, words};

/// Most activities of one transaction that are shown.
const ACTIVITIES_MAX: u32 = 200;
/// Most business objects of one transaction that are linked (I-13).
const OBJECTS_MAX: usize = 20;
/// Gas is paid in this coin's minor units.
const SUI_DECIMALS: u8 = 9;

/// The page of one transaction.
pub(crate) async fn transaction(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(digest): Path<String>,
) -> Response {
    let refused = |status, detail| ErrorPage {
        status,
        locale: reader.locale,
        detail: Some(detail),
    };
    let digest = match parse_digest(&digest) {
        Ok(digest) => digest,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match load(&app, &reader, digest).await {
        Ok(Some(found)) => match &found.kept {
            Kept::Whole(row) => page(&app, &reader, &found, row),
            Kept::Remains(remains) => remains_page(&app, &reader, &found, digest, remains),
        },
        Ok(None) => {
            let words = words(reader.locale);
            let why = format!(
                "{}. {}",
                words.transaction_not_found, words.transaction_not_found_hint
            );
            refused(StatusCode::NOT_FOUND, why).into_response()
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

struct Found {
    kept: Kept,
    /// What its events are of, as far as the reader takes part in it.
    objects: Vec<BusinessKey>,
    activities: Vec<ActivityRow>,
    coins: Vec<CoinInfo>,
}

/// How much of a transaction there still is.
enum Kept {
    /// All, with its evidence.
    Whole(Box<RawTransactionRow>),
    /// What stays when the evidence was older than its retention.
    Remains(TransactionRemains),
}

async fn load(app: &App, reader: &Reader, digest: Digest) -> Result<Option<Found>, StoreError> {
    let (store, scope) = (&app.context.store, reader.scope());
    let kept = match store.raw_transaction(&scope, &digest).await? {
        Some(row) => Kept::Whole(Box::new(row)),
        None => match store.transaction_remains(&scope, &digest).await? {
            Some(remains) => Kept::Remains(remains),
            None => return Ok(None),
        },
    };
    let filter = ActivityFilter {
        address: None,
        digest: Some(digest),
        ..ActivityFilter::default()
    };
    let objects = match &kept {
        Kept::Whole(row) => objects(app, reader, &row.raw).await?,
        Kept::Remains(_) => Vec::new(),
    };
    Ok(Some(Found {
        kept,
        objects,
        activities: store
            .activity_page(&scope, &filter, None, ACTIVITIES_MAX)
            .await?,
        coins: store.coin_list().await?,
    }))
}

/// The business objects that events of a transaction are of, and that the reader takes part in.
async fn objects(
    app: &App,
    reader: &Reader,
    raw: &RawTransaction,
) -> Result<Vec<BusinessKey>, StoreError> {
    let registry = app.context.registry.get();
    let events = text::events(raw).unwrap_or_default();
    let keys = events
        .iter()
        .filter_map(|event| registry.business_key(&event.type_, &event.contents));
    let keys: BTreeSet<BusinessKey> = keys.collect();
    let (store, scope) = (&app.context.store, reader.scope());
    let mut objects = Vec::new();
    for key in keys.into_iter().take(OBJECTS_MAX) {
        if store.business_find(&scope, &key).await?.is_some() {
            objects.push(key);
        }
    }
    Ok(objects)
}

/// The page of a transaction whose evidence is gone.
fn remains_page(
    app: &App,
    reader: &Reader,
    found: &Found,
    digest: Digest,
    remains: &TransactionRemains,
) -> Response {
    let words = words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let content = html! {
        div.heading { h1 { (words.transaction) } }
        p.digest { code { (digest) } }
        p.note data-evidence="expired" { (words.evidence_expired) }
        (meaning(found, reader, now_ms))
        (balances(&remains.balance_effects, &found.coins, reader.locale))
        section {
            h2 { (words.transaction) }
            dl.facts {
                dt { (words.time) } dd { (when(remains.timestamp_ms, reader, now_ms)) }
                dt { (words.checkpoint) } dd { (remains.place) }
            }
        }
    };
    framed(reader, content)
}

fn page(app: &App, reader: &Reader, found: &Found, row: &RawTransactionRow) -> Response {
    let words = words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let raw = &row.raw;
    let content = html! {
        div.heading {
            h1 { (words.transaction) }
            @match &raw.failure {
                None => p.state.good { (words.completed) },
                Some(_) => p.state.bad { (words.failed) },
            }
        }
        p.digest { code { (raw.digest) } }
        @if let Some(failure) = &raw.failure { p.problem { (failure) } }
        @if let Some(error) = &raw.processing_error {
            p.problem {
                (words.processing_error) ": " (error)
                @if reader.principal.is_operator() {
                    " " a href="/failed" { (words.failed_title) }
                }
            }
        }
        (meaning(found, reader, now_ms))
        (balances(&row.balance_effects, &found.coins, reader.locale))
        (facts(raw, reader.locale, when(raw.timestamp_ms, reader, now_ms)))
        (events(raw, &app.context.registry.get(), words))
        (evidence(raw, words))
    };
    framed(reader, content)
}

fn framed(reader: &Reader, content: Markup) -> Response {
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Other,
        title: words(reader.locale).transaction,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

fn meaning(found: &Found, reader: &Reader, now_ms: u64) -> Markup {
    let words = words(reader.locale);
    html! {
        section {
            h2 { (words.meaning) }
            @if found.activities.is_empty() { p.none { (words.nothing_here) } }
            ol.feed {
                @for row in &found.activities { (activity_item(row, reader.locale, now_ms)) }
            }
            @for key in &found.objects {
                p.of-object {
                    a href=(path::trade(key)) {
                        (text::object_title(&key.object, reader.locale)) " " code { (key.id) }
                    }
                }
            }
        }
    }
}

fn when(ms: u64, reader: &Reader, now_ms: u64) -> Markup {
    html! {
        time datetime=(text::time_machine(ms)) {
            span data-ago=(ms) { (text::ago(now_ms, ms, reader.locale)) } " · " (text::time(ms))
        }
    }
}

fn balances(effects: &[BalanceEffect], coins: &[CoinInfo], locale: Locale) -> Markup {
    let words = words(locale);
    let shown = |coin_type: &str, amount: i128| {
        let coin = coins.iter().find(|coin| coin.coin_type == coin_type);
        let money = text::money_or_units(amount.saturating_abs(), coin_type, coin, locale);
        format!("{}{money}", if amount < 0 { "\u{2212}" } else { "+" })
    };
    html! {
        section {
            h2 { (words.balances) }
            @if effects.is_empty() { p.none { (words.nothing_here) } }
            ul.balances {
                @for effect in effects {
                    li data-direction=(if effect.amount < 0 { "out" } else { "in" }) {
                        code title=(effect.address) { (text::short_address(&effect.address)) }
                        span.amount { (shown(&effect.coin_type, effect.amount)) }
                    }
                }
            }
        }
    }
}

fn facts(raw: &RawTransaction, locale: Locale, when: Markup) -> Markup {
    let words = words(locale);
    let call = [
        raw.package.map(|package| package.to_string()),
        raw.module.clone(),
        raw.function.clone(),
    ];
    let call: Vec<String> = call.into_iter().flatten().collect();
    let gas = vigia_core::format_amount(raw.gas_cost, SUI_DECIMALS, locale);
    html! {
        section {
            h2 { (words.transaction) }
            dl.facts {
                dt { (words.time) } dd { (when) }
                dt { (words.checkpoint) } dd { (raw.place) }
                dt { (words.epoch) } dd { (raw.epoch) }
                dt { (words.sender) } dd { code { (raw.sender) } }
                @if !call.is_empty() { dt { (words.call) } dd { code { (call.join("::")) } } }
                dt { (words.gas) } dd { (gas) " SUI" }
                dt { (words.proof) } dd { (proof(&raw.proof, words)) }
                dt { (words.reasons) }
                dd { (reasons(raw, locale)) }
            }
        }
    }
}

/// How far it is proven. Reasons are for operators and stay as they were recorded.
fn proof(proof: &Proof, words: &Words) -> Markup {
    let part = |part: ProofPart| match part {
        ProofPart::Amounts => words.proof_amounts,
        ProofPart::Completeness => words.proof_completeness,
        ProofPart::Owners => words.proof_owners,
    };
    html! {
        @match proof {
            Proof::Claimed { why } => span.proof data-proof="claimed" title=(why) { (words.proof_claimed) },
            Proof::Committee { epoch, unproven } => {
                @let state = if unproven.is_empty() { "whole" } else { "partial" };
                span.proof data-proof=(state) {
                    (words.proof_signed) " " (epoch)
                    @for (index, (unproven, why)) in unproven.iter().enumerate() {
                        @if index == 0 { "; " (words.proof_except) ": " } @else { ", " }
                        span title=(why) { (part(unproven)) }
                    }
                }
            }
        }
    }
}

fn reasons(raw: &RawTransaction, locale: Locale) -> Markup {
    let roles = |kinds: Vec<ReasonKind>| {
        let texts = kinds
            .into_iter()
            .map(|kind| text::reason_text(kind, locale));
        texts.collect::<Vec<_>>().join(", ")
    };
    html! {
        ul {
            @for (target, kinds) in text::reasons_by_target(&raw.reasons) {
                li { code { (target) } ": " (roles(kinds)) }
            }
        }
    }
}

fn events(raw: &RawTransaction, registry: &Registry, words: &Words) -> Markup {
    let events = text::events(raw);
    html! {
        section {
            h2 { (words.events) }
            @match &events {
                None => p.problem { (words.unreadable) },
                Some(events) if events.is_empty() => p.none { (words.nothing_here) },
                Some(events) => ol.events {
                    @for event in events {
                        li {
                            code { (event.type_) }
                            (contents(event, registry, words))
                        }
                    }
                }
            }
        }
    }
}

/// The fields of an event as far as its layout is known, else its bytes.
fn contents(event: &Event, registry: &Registry, words: &Words) -> Markup {
    match registry.decode_event(&event.type_, &event.contents) {
        Ok(fields) => html! {
            dl.facts {
                @for (name, value) in &fields { dt { (name) } dd { code { (field(value)) } } }
            }
        },
        misfit => html! {
            @if let Err(EventError::Bytes(error)) = misfit {
                p.problem { (words.layout_misfit) ": " (error) }
            }
            pre { (hex::encode(&event.contents)) }
        },
    }
}

/// A decoded value as people read it: text without its quotes.
fn field(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn evidence(raw: &RawTransaction, words: &Words) -> Markup {
    let parts = [
        (words.transaction, Some(&raw.transaction_bcs)),
        (words.effects, Some(&raw.effects_bcs)),
        (words.events, raw.events_bcs.as_ref()),
    ];
    html! {
        details {
            summary { (words.evidence) }
            @for (name, bytes) in parts {
                @if let Some(bytes) = bytes {
                    h3 { (name) }
                    pre { (STANDARD.encode(bytes)) }
                }
            }
        }
    }
}
