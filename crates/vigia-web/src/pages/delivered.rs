//! One delivery as a row of a list; `/deliveries` and `/endpoints` share it.

use maud::{Markup, html};
use vigia_core::{DeliveryId, Locale};
use vigia_store::{AttemptRow, DeliveryEvent, DeliveryKind, DeliveryState};

use super::PAGE;
use super::item::{deadline, time};
use crate::reader::Reader;
use crate::text::{delivery_words, kind_title};

/// The states in the order in which they need somebody.
pub(super) const STATES: [DeliveryState; 4] = [
    DeliveryState::Dead,
    DeliveryState::Pending,
    DeliveryState::Delivered,
    DeliveryState::Cancelled,
];

/// What a delivery tells, how far it is, and what came of its last attempt.
pub(super) fn delivery_what(
    event: &DeliveryEvent,
    last: Option<&AttemptRow>,
    endpoint: &str,
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let words = delivery_words(reader.locale);
    let row = &event.row;
    html! {
        span.what {
            @match &event.about {
                Some(about) => a.title href={ "/tx/" (about.digest) } {
                    (kind_title(&about.activity.kind, about.activity.direction, reader.locale))
                    span.party { " · " (about.account.display_name) }
                },
                None if row.kind == DeliveryKind::Test => span.title { (words.test) },
                None => span.title { (words.withdrawn) },
            }
            span.meta {
                span { (endpoint) " #" (row.sequence) }
                span { (words.tries(row.attempts)) }
                (time(row.created_at_ms, now_ms, reader.locale))
                (when(row.state, row.due_at_ms, row.finished_at_ms, reader.locale))
            }
            (attempt(&row.id.to_string(), last))
        }
    }
}

/// The id, and what the last attempt said: the word and status that logs and the command line have too.
pub(super) fn attempt(id: &str, last: Option<&AttemptRow>) -> Markup {
    html! {
        span.meta {
            code { (id) }
            @if let Some(last) = last { (outcome(last)) }
        }
    }
}

/// What an attempt said.
pub(super) fn outcome(attempt: &AttemptRow) -> Markup {
    html! {
        @if let Some(error) = &attempt.error { span.failed data-error { (error) } }
        @if let Some(status) = attempt.status { span data-status { "HTTP " (status) } }
    }
}

/// When something is due or ended.
pub(super) fn when(
    state: DeliveryState,
    due_ms: u64,
    ended_ms: Option<u64>,
    locale: Locale,
) -> Markup {
    let words = delivery_words(locale);
    html! {
        @if state == DeliveryState::Pending {
            span { (words.next_attempt) " " (deadline(due_ms)) }
        } @else if let Some(ended_ms) = ended_ms {
            span { (words.ended) " " (deadline(ended_ms)) }
        }
    }
}

/// Leaves a page, and says where the next one begins where there is more.
pub(super) fn cut<R>(
    rows: &mut Vec<R>,
    place: fn(&R) -> (u64, DeliveryId),
) -> Option<(u64, DeliveryId)> {
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    rows.last().filter(|_| has_more).map(place)
}
