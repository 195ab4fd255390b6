//! A user's devices, and where they are signed in.

use maud::{Markup, html};
use vigia_store::{DeviceRow, SessionRow};

use super::super::item::{deadline, time};
use crate::own_devices::{REMOVED, people_call, token_shown};
use crate::reader::Reader;
use crate::text::{SettingsWords, settings_words};

pub(super) fn devices(rows: &[DeviceRow], reader: &Reader, now_ms: u64) -> Markup {
    let words = settings_words(reader.locale);
    html! {
        section #devices {
            h2 { (words.devices) }
            @if rows.is_empty() { p.note { (words.no_devices) } }
            ul.balances.own {
                @for row in rows { (device(row, reader, now_ms)) }
            }
        }
    }
}

fn device(row: &DeviceRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = settings_words(reader.locale);
    let (look, state) = match row.is_active {
        true => ("state good", words.active),
        false => ("state bad", words.inactive),
    };
    let name = people_call(row.spec.platform);
    let token = token_shown(&row.spec);
    html! {
        li data-device=(row.id) data-active[row.is_active] {
            span.what {
                span.title { (name) " " span class=(look) { (state) } }
                span.meta {
                    @if !row.spec.app_version.is_empty() {
                        span { (words.version) " " (row.spec.app_version) }
                    }
                    span { code { (token) } }
                    span { (words.registered) " " (time(row.registered_at_ms, now_ms, reader.locale)) }
                    @match row.delivered_at_ms {
                        Some(at_ms) => span { (words.last_push) " " (time(at_ms, now_ms, reader.locale)) },
                        None => span { (words.no_push) },
                    }
                }
                @if let Some(reason) = &row.reason {
                    span.meta {
                        span data-reason { @if reason == REMOVED { (words.removed_by_user) } @else { (reason) } }
                    }
                }
            }
            @if row.is_active {
                (button("/settings/device/remove", row.id, words.remove, &format!("{name} {token}"), reader))
            }
        }
    }
}

pub(super) fn sessions(
    rows: &[SessionRow],
    this: Option<i64>,
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let words = settings_words(reader.locale);
    let has_others = rows.iter().any(|row| Some(row.id) != this);
    html! {
        section #sessions {
            div.heading {
                h2 { (words.sessions) }
                @if has_others {
                    form method="post" action="/settings/session/end-others" {
                        button type="submit" disabled[!reader.may_write] { (words.end_others) }
                    }
                }
            }
            @if rows.is_empty() { p.note { (words.no_sessions) } }
            ul.balances.own {
                @for row in rows { (session(row, Some(row.id) == this, reader, now_ms)) }
            }
        }
    }
}

fn session(row: &SessionRow, is_this: bool, reader: &Reader, now_ms: u64) -> Markup {
    let words = settings_words(reader.locale);
    html! {
        li data-session=(row.id) data-this[is_this] {
            (session_facts(row, is_this.then_some(words.this_session), reader, now_ms))
            @if !is_this {
                (button("/settings/session/end", row.id, words.end, client(row, words), reader))
            }
        }
    }
}

/// What a session is, and how long it has been and will be.
pub(in crate::pages) fn session_facts(
    row: &SessionRow,
    mark: Option<&str>,
    reader: &Reader,
    now_ms: u64,
) -> Markup {
    let words = settings_words(reader.locale);
    html! {
        span.what {
            span.title.client {
                (client(row, words))
                @if let Some(mark) = mark { " " span.state.good { (mark) } }
            }
            span.meta {
                span { (words.since) " " (time(row.created_at_ms, now_ms, reader.locale)) }
                span { (words.last_use) " " (time(row.used_at_ms, now_ms, reader.locale)) }
                span { (words.expires) " " (deadline(row.expires_at_ms)) }
            }
        }
    }
}

fn client<'a>(row: &'a SessionRow, words: &'a SettingsWords) -> &'a str {
    match row.client.is_empty() {
        true => words.unknown_client,
        false => &row.client,
    }
}

fn button(action: &str, id: i64, name: &str, what: &str, reader: &Reader) -> Markup {
    html! {
        form.actions method="post" action=(action) {
            input type="hidden" name="id" value=(id);
            button type="submit" disabled[!reader.may_write] { (name) span.unseen { " " (what) } }
        }
    }
}
