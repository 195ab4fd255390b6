//! The lower part: deliveries or pushes in a state, a page at a time.

use std::collections::HashMap;

use maud::{Markup, html};
use vigia_core::{DeliveryId, Locale};
use vigia_store::{AttemptRow, DeliveryEvent, DeliveryState, PushRow, Store, StoreError};

use super::super::PAGE;
use super::super::delivered::{STATES, attempt, cut, delivery_what, when};
use super::super::item::time;
use super::Found;
use super::order::{Action, button};
use super::targets::platform_name;
use super::view::{Of, View};
use crate::reader::Reader;
use crate::targets::{Counts, EndpointTarget};
use crate::text::{count, delivery_words};

/// Links to the lists, with how much is in each.
pub(super) fn tabs(view: &View, found: &Found, locale: Locale) -> Markup {
    let words = delivery_words(locale);
    let lists = [(Of::Webhooks, words.webhooks), (Of::Pushes, words.pushes)];
    let endpoint = view.endpoint.as_deref();
    let numbers = numbers(view, found);
    html! {
        nav.tabs aria-label=(words.list) {
            @for (of, name) in lists {
                a href=(View::first(of, view.state, None).list_address())
                    aria-current=[(of == view.of).then_some("page")] { (name) }
            }
        }
        nav.tabs aria-label=(words.list) {
            @for state in STATES {
                a href=(View::first(view.of, state, endpoint).list_address())
                    aria-current=[(state == view.state).then_some("page")] {
                    (words.state(state)) " " span.number { (count(numbers.of(state), locale)) }
                }
            }
        }
        @if let Some(endpoint) = endpoint {
            p.note {
                b { (endpoint) } " · "
                a href=(View::first(view.of, view.state, None).list_address()) { (words.clear) }
            }
        }
    }
}

/// How much there is of what the view is of.
fn numbers(view: &View, found: &Found) -> Counts {
    let endpoints = found.endpoints.iter().filter(|target| {
        let name = &target.row.spec.name;
        view.endpoint.as_ref().is_none_or(|only| only == name)
    });
    let all: Vec<Counts> = match view.of {
        Of::Webhooks => endpoints.map(|target| target.counts).collect(),
        Of::Pushes => found.platforms.iter().map(|target| target.counts).collect(),
    };
    all.into_iter().fold(Counts::default(), Counts::plus)
}

/// A page of a list, with where the next one begins.
pub(super) struct Listed {
    rows: Rows,
    next: Option<(u64, DeliveryId)>,
}

enum Rows {
    Webhooks(Vec<(DeliveryEvent, Option<AttemptRow>)>),
    Pushes(Vec<PushRow>, HashMap<DeliveryId, AttemptRow>),
}

impl Listed {
    pub(super) async fn read(
        store: &dyn Store,
        view: &View,
        endpoint: Option<i64>,
    ) -> Result<Self, StoreError> {
        let state = Some(view.state);
        match view.of {
            Of::Webhooks => {
                let mut rows = store
                    .delivery_page(endpoint, state, view.after, PAGE + 1)
                    .await?;
                let next = cut(&mut rows, |row| (row.created_at_ms, row.id));
                let rows = Rows::Webhooks(store.delivery_details(rows).await?);
                Ok(Self { rows, next })
            }
            Of::Pushes => {
                let mut rows = store.push_page(state, view.after, PAGE + 1).await?;
                let next = cut(&mut rows, |row| (row.created_at_ms, row.id));
                let ids: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
                let last = store.push_last_attempts(&ids).await?;
                let rows = Rows::Pushes(rows, last.into_iter().collect());
                Ok(Self { rows, next })
            }
        }
    }

    pub(super) fn render(
        &self,
        view: &View,
        endpoints: &[EndpointTarget],
        reader: &Reader,
        now_ms: u64,
    ) -> Markup {
        let words = delivery_words(reader.locale);
        let is_empty = match &self.rows {
            Rows::Webhooks(rows) => rows.is_empty(),
            Rows::Pushes(rows, _) => rows.is_empty(),
        };
        let first = View::first(view.of, view.state, view.endpoint.as_deref());
        let next = self.next.map(|after| View {
            after: Some(after),
            ..first.clone()
        });
        html! {
            @if is_empty { p.note { (words.none) } }
            ol.feed.failures {
                @match &self.rows {
                    Rows::Webhooks(rows) => @for (event, last) in rows {
                        (delivery(event, last.as_ref(), (view, endpoints), reader, now_ms))
                    },
                    Rows::Pushes(rows, last) => @for row in rows {
                        (push(row, last.get(&row.id), view, reader, now_ms))
                    },
                }
            }
            nav.paging aria-label=(words.next) {
                @if view.after.is_some() { a href=(first.list_address()) { (words.first) } }
                @if let Some(next) = next {
                    a rel="next" href=(next.list_address()) { (words.next) }
                }
            }
        }
    }
}

fn delivery(
    event: &DeliveryEvent,
    last: Option<&AttemptRow>,
    (view, endpoints): (&View, &[EndpointTarget]),
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let row = &event.row;
    let id = row.id.to_string();
    let mut targets = endpoints.iter().map(|target| &target.row);
    let endpoint = targets.find(|target| target.id == row.endpoint);
    let endpoint = endpoint.map_or("", |row| &row.spec.name);
    html! {
        li data-delivery=(id) data-state=(row.state.as_str()) {
            (delivery_what(event, last, endpoint, reader, now_ms))
            (buttons(view, (Action::RetryDelivery, Action::CancelDelivery), &id, row.state, reader.locale))
        }
    }
}

fn push(
    row: &PushRow,
    last: Option<&AttemptRow>,
    view: &View,
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let words = delivery_words(reader.locale);
    let id = row.id.to_string();
    html! {
        li data-push=(id) data-state=(row.state.as_str()) {
            span.what {
                span.title { (row.user) span.party { " · " (platform_name(row.platform)) } }
                span.meta {
                    span { (words.tries(row.attempts)) }
                    (time(row.created_at_ms, now_ms, reader.locale))
                    (when(row.state, row.due_at_ms, row.finished_at_ms, reader.locale))
                }
                (attempt(&id, last))
            }
            (buttons(view, (Action::RetryPush, Action::CancelPush), &id, row.state, reader.locale))
        }
    }
}

fn buttons(
    view: &View,
    (retry, cancel): (Action, Action),
    id: &str,
    state: DeliveryState,
    locale: Locale,
) -> Markup {
    let words = delivery_words(locale);
    let is_pending = state == DeliveryState::Pending;
    let again = if is_pending {
        words.retry_now
    } else {
        words.retry
    };
    html! {
        div.actions {
            (button(view, retry, id, again))
            @if is_pending { (button(view, cancel, id, words.cancel)) }
        }
    }
}
