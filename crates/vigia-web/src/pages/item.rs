//! One activity as a row of a list; the feed, a transaction's page and the live stream share it.

use maud::{Markup, html};
use vigia_core::{CoinInfo, Direction, Locale, Status, Suppressed};
use vigia_store::{ActivityRow, AnnouncementRow};

use crate::text::{self, Words, announcement_state, kind_title, short_address, words};

/// A row. Its `data-order` sorts as the chain does, so that late arrivals find their place.
pub(crate) fn activity_item(row: &ActivityRow, locale: Locale, now_ms: u64) -> Markup {
    let words = words(locale);
    let activity = &row.activity;
    let place = activity.place;
    let order = format!(
        "{:020}.{:010}.{:020}",
        place.checkpoint, place.index, row.id
    );
    html! {
        li.activity data-activity=(row.id) data-order=(order)
            data-direction=(activity.direction.as_str())
        {
            a href={ "/tx/" (row.digest) } {
                (badge(activity.direction, words))
                span.what {
                    span.title {
                        (kind_title(&activity.kind, activity.direction, locale))
                        @if let Some(name) = text::counterparty(row) {
                            " " span.party { (preposition(&activity.kind, activity.direction, words)) " " b { (name) } }
                        }
                        @if activity.status == Status::Failed {
                            " " span.failed { (words.failed) }
                        }
                    }
                    span.meta {
                        span { (row.account.display_name) }
                        (time(row.timestamp_ms, now_ms, locale))
                        @if let Some(note) = &row.note { span.told { (note) } }
                        @if let Some(why) = activity.suppressed {
                            span.untold data-suppressed=(why.as_str()) { (untold(why, words)) }
                        }
                    }
                }
                (amount(row, locale))
            }
        }
    }
}

/// A transaction that was announced and has not landed.
pub(super) fn announced_item(
    row: &AnnouncementRow,
    coins: &[CoinInfo],
    locale: Locale,
    now_ms: u64,
) -> Markup {
    let announced = &row.announcement;
    let state = row.state(now_ms);
    let (external_id, name) = &row.account;
    let amount = announced.amount.zip(announced.coin_type.as_deref());
    html! {
        li.activity data-pending=(announced.digest) data-state=(state.as_str()) {
            div.row {
                (badge(announced.direction, words(locale)))
                span.what {
                    span.title {
                        (kind_title(&announced.kind, announced.direction, locale))
                        @if let Some(counterparty) = &announced.counterparty {
                            " " span.party { (preposition(&announced.kind, announced.direction, words(locale))) " " b { (short_address(counterparty)) } }
                        }
                        " " span.state { (announcement_state(state, locale)) }
                    }
                    span.meta {
                        span { (if name.is_empty() { external_id } else { name }) }
                        (time(row.announced_at_ms, now_ms, locale))
                        @if !announced.note.is_empty() { span.told { (announced.note) } }
                    }
                }
                @if let Some((minor, coin_type)) = amount {
                    @let coin = coins.iter().find(|coin| coin.coin_type == coin_type);
                    span.amount {
                        (sign(announced.direction)) (text::money_or_units(minor, coin_type, coin, locale))
                    }
                }
            }
        }
    }
}

fn untold(why: Suppressed, words: &Words) -> &'static str {
    match why {
        Suppressed::UnknownCoin => words.untold_unknown_coin,
        Suppressed::Dust => words.untold_dust,
    }
}

/// A point in time: how long ago, and when exactly.
pub(super) fn time(ms: u64, now_ms: u64, locale: Locale) -> Markup {
    html! {
        time datetime=(text::time_machine(ms)) title=(text::time(ms)) {
            span data-ago=(ms) { (text::ago(now_ms, ms, locale)) }
            " " span.absolute { (text::time_short(ms)) }
        }
    }
}

/// A point in time that may be ahead.
pub(super) fn deadline(ms: u64) -> Markup {
    html! { time datetime=(text::time_machine(ms)) title=(text::time(ms)) { (text::time_short(ms)) } }
}

fn badge(direction: Direction, words: &Words) -> Markup {
    let (sign, label) = match direction {
        Direction::In => ("↓", Some(words.money_in)),
        Direction::Out => ("↑", Some(words.money_out)),
        Direction::Neutral => ("•", None),
    };
    html! {
        span.badge {
            span aria-hidden="true" { (sign) }
            @if let Some(label) = label { span.unseen { (label) } }
        }
    }
}

fn sign(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "+",
        Direction::Out => "\u{2212}",
        Direction::Neutral => "",
    }
}

fn amount(row: &ActivityRow, locale: Locale) -> Markup {
    let activity = &row.activity;
    let moved = activity.amount.zip(activity.coin_type.as_deref());
    html! {
        @if let Some((minor, coin_type)) = moved {
            span.amount {
                (sign(activity.direction))
                (text::money_or_units(minor, coin_type, row.coin.as_ref(), locale))
            }
        }
    }
}

/// Money goes from and to somebody; everything else happens with them.
fn preposition(kind: &str, direction: Direction, words: &Words) -> &'static str {
    match (kind, direction) {
        ("transfer" | "payment" | "payment_fee", Direction::In) => words.from,
        ("transfer" | "payment", Direction::Out) => words.to,
        _ => words.with,
    }
}
