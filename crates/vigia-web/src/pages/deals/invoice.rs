//! `/invoices/{id}`: one invoice, what was paid of it, and the request that an application scans to pay it.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;
use serde_json::json;
use vigia_core::{BusinessEvent, BusinessKey, CoinInfo, Digest, Invoice, InvoiceState, Locale};
use vigia_store::{BusinessDetail, InvoiceRow, StoreError};

use super::{page, shown};
use crate::app::App;
use crate::pages::item::{deadline, time};
use crate::pages::layout::Section;
use crate::pages::{internal_error, refused};
use crate::reader::Reader;
use crate::text::{deal_words, short, short_address};

/// Modules of light around a QR code, which readers need (ISO/IEC 18004).
const QUIET: usize = 4;
/// Payments that a page lists (I-13).
pub(super) const EVENTS_MAX: usize = 200;

/// The page of one invoice.
pub(crate) async fn invoice(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    };
    match Found::read(&app, &reader, id).await {
        Ok(Some(found)) => found.render(&app, &reader),
        Ok(None) => refused(&reader, StatusCode::NOT_FOUND, None),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// What a button does.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Cancel,
}

/// The form of a button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    #[expect(dead_code, reason = "there is one, and it has to be named")]
    action: Action,
}

/// Says that the invoice is not to be paid any more. Done again it changes nothing.
pub(crate) async fn invoice_ordered(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(id): Path<String>,
    order: Result<Form<Order>, FormRejection>,
) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    };
    if !reader.may_write {
        return refused(&reader, StatusCode::FORBIDDEN, None);
    }
    if order.is_err() {
        let why = "this is no order that the page has a button for".to_owned();
        return refused(&reader, StatusCode::BAD_REQUEST, Some(why));
    }
    let store = &app.context.store;
    match store.invoice_cancel(&reader.scope(), id).await {
        Ok(Some(_)) => {
            let subject = json!({ "id": id.to_string() });
            reader.record(&app.context, "cancel-invoice", subject).await;
            Redirect::to(&format!("/invoices/{id}")).into_response()
        }
        // Of others' invoices nothing is said, nor of what one may read and not cancel.
        Ok(None) => refused(&reader, StatusCode::NOT_FOUND, None),
        Err(error) => internal_error(reader.locale, &error),
    }
}

struct Found {
    row: InvoiceRow,
    paid: Option<BusinessDetail>,
    coins: Vec<CoinInfo>,
    may_cancel: bool,
}

impl Found {
    async fn read(app: &App, reader: &Reader, id: i64) -> Result<Option<Self>, StoreError> {
        let (store, scope) = (&app.context.store, reader.scope());
        let Some(row) = store.invoice_find(&scope, id).await? else {
            return Ok(None);
        };
        let paid = store.business_find(&scope, &key(&row.invoice)).await?;
        Ok(Some(Self {
            paid,
            coins: store.coin_list().await?,
            may_cancel: reader.may_write && store.invoice_may_cancel(&scope, id).await?,
            row,
        }))
    }

    fn render(&self, app: &App, reader: &Reader) -> Response {
        let words = deal_words(reader.locale);
        let now_ms = app.context.clock.now_ms();
        let settlement = self.row.settlement(now_ms);
        let asked = &self.row.invoice;
        let is_open = matches!(
            settlement.state,
            InvoiceState::Open | InvoiceState::Underpaid
        );
        let is_cancelled = self.row.cancelled_at_ms.is_some();
        let state = match settlement.state {
            InvoiceState::Paid | InvoiceState::Overpaid => "state good",
            _ if settlement.is_overdue => "state bad",
            InvoiceState::Duplicate | InvoiceState::Cancelled => "state bad",
            _ => "state plain",
        };
        let content = html! {
            div.heading data-invoice=(self.row.id) data-state=(settlement.state.as_str()) {
                h1 { (words.invoice) }
                p class=(state) { (words.invoice_state(settlement.state)) }
            }
            @if !asked.note.is_empty() { p.lead { (asked.note) } }
            dl.tiles {
                div { dt { (words.asked) } dd { (self.money(asked.amount, reader.locale)) } }
                div { dt { (words.paid) } dd { (self.money(settlement.paid, reader.locale)) } }
            }
            @if is_open && !is_cancelled { (request(asked, reader.locale)) }
            (self.payments(app, reader, now_ms))
            (self.facts(settlement.is_overdue, now_ms, reader.locale))
            @if is_open && !is_cancelled && self.may_cancel {
                section {
                    p.note #cancels { (words.cancel_hint) }
                    form.actions method="post" action={ "/invoices/" (self.row.id) } {
                        input type="hidden" name="action" value="cancel";
                        button.danger type="submit" aria-describedby="cancels" { (words.cancel) }
                    }
                }
            }
            p { a href="/invoices" { (words.invoices) } }
        };
        page(reader, Section::Deals, words.invoice, content)
    }

    fn money(&self, minor: i128, locale: Locale) -> String {
        shown(minor, &self.row.invoice.coin_type, &self.coins, locale)
    }

    fn facts(&self, is_overdue: bool, now_ms: u64, locale: Locale) -> Markup {
        let words = deal_words(locale);
        let asked = &self.row.invoice;
        let (external_id, name) = &self.row.account;
        html! {
            section {
                h2 { (words.invoice) }
                dl.facts {
                    dt { (words.account) } dd { (if name.is_empty() { external_id } else { name }) }
                    dt { (words.pay_to) } dd { code { (asked.address) } }
                    dt { (words.business_id) } dd { code { (asked.business_id) } }
                    dt { (words.contract) } dd { (asked.contract) }
                    dt { (words.created) } dd { (time(self.row.created_at_ms, now_ms, locale)) }
                    @if let Some(due) = asked.due_at_ms {
                        dt { (words.due) }
                        dd {
                            (deadline(due))
                            @if is_overdue { " " span.failed { (words.overdue) } }
                        }
                    }
                    @if let Some(at_ms) = self.row.cancelled_at_ms {
                        dt { (words.cancelled) } dd { (time(at_ms, now_ms, locale)) }
                    }
                }
            }
        }
    }

    /// What was paid under its id, in the order of the chain.
    fn payments(&self, app: &App, reader: &Reader, now_ms: u64) -> Markup {
        let words = deal_words(reader.locale);
        let events = self.paid.as_ref().map_or(&[][..], |paid| &paid.events);
        let registry = app.context.registry.get();
        let of_events: Vec<&BusinessEvent> = events.iter().map(|(event, ..)| event).collect();
        let moments = registry.moments(&key(&self.row.invoice), &of_events);
        let payments = events.iter().zip(moments);
        let payments = payments.filter_map(|(event, moment)| Some((event, moment?.payment?)));
        let mut payments: Vec<_> = payments.collect();
        let has_more = payments.len() > EVENTS_MAX;
        payments.truncate(EVENTS_MAX);
        html! {
            section {
                h2 { (words.payments_title) }
                @if payments.is_empty() { p.none { (words.no_payments) } }
                ul.balances.deals {
                    @for ((_, digest, at_ms), (to, coin_type, amount)) in &payments {
                        @let counts = *to == self.row.invoice.address
                            && *coin_type == self.row.invoice.coin_type;
                        li data-payment=(digest) data-counts=(counts) {
                            span.what {
                                (transaction(digest, reader.locale))
                                span.meta {
                                    (time(*at_ms, now_ms, reader.locale))
                                    span title=(to) { code { (short_address(to)) } }
                                    @if !counts { span.failed { (words.other_payment) } }
                                }
                            }
                            span.amount { (shown(*amount, coin_type, &self.coins, reader.locale)) }
                        }
                    }
                }
                @if has_more { p.note { (words.more_events) } }
            }
        }
    }
}

/// The business object whose events are its payments.
fn key(invoice: &Invoice) -> BusinessKey {
    BusinessKey {
        contract: invoice.contract.clone(),
        object: invoice.object.clone(),
        id: invoice.business_id.clone(),
    }
}

/// A link to a transaction.
pub(super) fn transaction(digest: &Digest, locale: Locale) -> Markup {
    let digest = digest.to_string();
    html! {
        a.title href={ "/tx/" (digest) } {
            (deal_words(locale).transaction) " " code { (short(&digest, 6)) }
        }
    }
}

/// What an application is asked to pay, in the form of Sui's Payment Kit: `sui:ADDRESS?amount=…&coinType=…&nonce=…`.
fn request_text(invoice: &Invoice) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("amount", &invoice.amount.to_string());
    query.append_pair("coinType", &invoice.coin_type);
    query.append_pair("nonce", &invoice.business_id);
    format!("sui:{}?{}", invoice.address, query.finish())
}

fn request(invoice: &Invoice, locale: Locale) -> Markup {
    let words = deal_words(locale);
    let text = request_text(invoice);
    html! {
        section {
            h2 { (words.request) }
            p.note { (words.request_hint) }
            div.request {
                // All that an invoice may have fits into a code of the largest kind, but for the longest coin types.
                @match QrCode::with_error_correction_level(&text, EcLevel::M) {
                    Ok(code) => (picture(&code, words.request_alt)),
                    Err(_) => p.none { (words.request_long) },
                }
                div.stack {
                    label.field {
                        span { (words.request_text) }
                        textarea #request readonly rows="6" spellcheck="false" { (text) }
                    }
                    div.actions {
                        button type="button" hidden data-copy="request" data-copied=(words.copied) {
                            (words.copy)
                        }
                        span.unseen role="status" data-copy-said {}
                    }
                }
            }
        }
    }
}

/// Dark on light also where a page is dark: many readers take nothing else.
fn picture(code: &QrCode, alt: &str) -> Markup {
    let width = code.width();
    let size = width + 2 * QUIET;
    let mut dark = String::new();
    for (row, modules) in code.to_colors().chunks(width).enumerate() {
        for (column, module) in modules.iter().enumerate() {
            if *module == Color::Dark {
                dark += &format!("M{} {}h1v1h-1z", column + QUIET, row + QUIET);
            }
        }
    }
    html! {
        svg.qr viewBox={ "0 0 " (size) " " (size) } role="img" aria-label=(alt)
            shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#fff" {}
            path d=(dark) fill="#000" {}
        }
    }
}
