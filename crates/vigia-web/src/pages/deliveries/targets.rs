//! The upper part: endpoints, platforms and broadcasts, and how each does.

use maud::{Markup, html};
use vigia_core::{Locale, Platform};
use vigia_store::{BroadcastRow, DeliveryState, DeliveryStats, EndpointState, Latency};

use super::super::figures::{NO_FIGURE, figure};
use super::super::item::time;
use super::order::{Action, button};
use super::view::{Of, View};
use crate::reader::Reader;
use crate::targets::{Counts, EndpointTarget, PlatformTarget};
use crate::text::{count, delivery_words, duration, permille};

pub(super) fn endpoint_list(
    endpoints: &[EndpointTarget],
    view: &View,
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let words = delivery_words(reader.locale);
    html! {
        section {
            h2 { (words.webhooks) }
            @if endpoints.is_empty() { p.note { (words.no_endpoints) } }
            ul.balances.targets {
                @for target in endpoints { (endpoint(target, view, reader, now_ms)) }
            }
        }
    }
}

fn endpoint(target: &EndpointTarget, view: &View, reader: &Reader, now_ms: u64) -> Markup {
    let words = delivery_words(reader.locale);
    let row = &target.row;
    let name = &*row.spec.name;
    let is_enabled = row.state == EndpointState::Enabled;
    let look = if is_enabled {
        "state good"
    } else {
        "state bad"
    };
    html! {
        li data-endpoint=(name) data-state=(row.state.as_str()) {
            div.heading {
                span.what {
                    span.title { (name) " " span class=(look) { (words.endpoint_state(row.state)) } }
                    span.meta { code { (row.spec.url) } }
                    @if let Some(since_ms) = row.failing_since_ms {
                        span.meta {
                            span.failed { (words.failing_since) " " (time(since_ms, now_ms, reader.locale)) }
                        }
                    }
                }
                div.actions {
                    @match row.state {
                        EndpointState::Enabled =>
                            (button(view, Action::DisableEndpoint, name, words.disable)),
                        EndpointState::Disabled =>
                            (button(view, Action::EnableEndpoint, name, words.enable)),
                        EndpointState::Removed => "",
                    }
                }
            }
            @if let Some(reason) = &row.reason { p.problem { (reason) } }
            dl.figures {
                (reach(target.stats.as_ref(), reader.locale))
                (counts(&target.counts, Of::Webhooks, Some(name), reader.locale))
            }
        }
    }
}

pub(super) fn platform_list(platforms: &[PlatformTarget], reader: &Reader) -> Markup {
    let words = delivery_words(reader.locale);
    html! {
        section {
            h2 { (words.pushes) }
            ul.balances.targets {
                @for target in platforms {
                    li data-platform=(target.platform.as_str()) { (platform(target, reader.locale)) }
                }
            }
        }
    }
}

/// One that nobody is told over says so, and no more.
fn platform(target: &PlatformTarget, locale: Locale) -> Markup {
    let words = delivery_words(locale);
    let is_used = target.devices_active > 0 || target.stats.is_some() || target.counts.any();
    let devices = count(target.devices_active, locale);
    html! {
        span.title { (platform_name(target.platform)) }
        dl.figures {
            @if is_used { (reach(target.stats.as_ref(), locale)) }
            (figure(words.devices, &devices))
            @if is_used { (counts(&target.counts, Of::Pushes, None, locale)) }
        }
    }
}

/// What people call a platform.
pub(super) fn platform_name(platform: Platform) -> &'static str {
    match platform {
        Platform::Fcm => "Firebase (FCM)",
        Platform::Apns => "Apple (APNs)",
        Platform::Web => "Web Push",
    }
}

/// The share of attempts that arrive, and how long they take.
fn reach(stats: Option<&DeliveryStats>, locale: Locale) -> Markup {
    let words = delivery_words(locale);
    let share = stats.map(|stats| permille(stats.success_permille(), locale));
    let attempts = count(stats.map_or(0, |stats| stats.attempts), locale);
    let both = |latency: Latency| {
        let (p50, p99) = (latency.p50_ms, latency.p99_ms);
        format!("{} / {}", duration(p50, locale), duration(p99, locale))
    };
    let response = stats.map(|stats| both(stats.attempt));
    let arrival = stats.and_then(|stats| stats.received).map(both);
    html! {
        (figure(words.success, share.as_deref().unwrap_or(NO_FIGURE)))
        (figure(words.attempts, &attempts))
        (figure(words.response, response.as_deref().unwrap_or(NO_FIGURE)))
        (figure(words.arrival, arrival.as_deref().unwrap_or(NO_FIGURE)))
    }
}

/// How many are how far, each leading to its list; of all platforms there is one.
fn counts(counts: &Counts, of: Of, endpoint: Option<&str>, locale: Locale) -> Markup {
    let words = delivery_words(locale);
    let counts = [
        (DeliveryState::Pending, counts.pending),
        (DeliveryState::Dead, counts.dead),
        (DeliveryState::Delivered, counts.delivered),
    ];
    html! {
        @for (state, number) in counts {
            div data-count=(state.as_str()) {
                dt { (words.state(state)) }
                dd {
                    a href=(View::first(of, state, endpoint).list_address()) { (count(number, locale)) }
                }
            }
        }
    }
}

/// Broadcasts that go on.
pub(super) fn broadcast_list(
    broadcasts: &[BroadcastRow],
    view: &View,
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let words = delivery_words(reader.locale);
    if broadcasts.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { (words.broadcasts) }
            ul.balances.targets {
                @for row in broadcasts {
                    li data-broadcast=(row.id) {
                        (broadcast(row, reader, now_ms))
                        div.actions {
                            (button(view, Action::StopBroadcast, &row.id.to_string(), words.stop))
                        }
                    }
                }
            }
        }
    }
}

fn broadcast(row: &BroadcastRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = delivery_words(reader.locale);
    let text = row.spec.texts.text(reader.locale);
    let of = crate::text::words(reader.locale).of;
    html! {
        span.title { (text.map_or("", |text| &text.title)) }
        span.meta {
            span {
                (count(row.told, reader.locale)) " " (of) " " (count(row.total, reader.locale)) " " (words.told)
            }
            span { (count(row.spec.rate_per_s.into(), reader.locale)) " " (words.per_second) }
            (time(row.created_at_ms, now_ms, reader.locale))
        }
        progress value=(row.told.min(row.total)) max=(row.total.max(1)) aria-label=(words.told) {}
    }
}
